# Generated from aio/__init__.py by scripts/make_sync.py; edit that file.
