"""Validation of tokens: provider documents, keys, cache entries, and configuration rules."""
