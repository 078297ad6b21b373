"""Caches of providers' documents, and calls that are shared."""
