"""The web engine's pure half."""
