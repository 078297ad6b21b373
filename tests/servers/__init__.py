"""Several workers of real servers, on stores that they share."""
