"""Client authentication: assertions, certificates, and the choice between methods."""
