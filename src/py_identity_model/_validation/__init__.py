"""Validation of tokens: documents, keys, cached answers and the rules of a configuration."""
