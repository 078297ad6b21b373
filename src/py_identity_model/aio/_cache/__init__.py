"""Caches of provider documents, and shared calls."""
