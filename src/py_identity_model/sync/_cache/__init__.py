# Generated from aio/_cache/__init__.py by scripts/make_sync.py; edit that file.
"""Caches of provider documents, and shared calls."""
