"""Adapters for web frameworks, one module each; install the extra of the same name."""
