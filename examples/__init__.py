"""Programs of the documents, runnable."""
