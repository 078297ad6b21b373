"""A real browser drives the examples against real providers."""
