# Generated from aio/_transport/__init__.py by scripts/make_sync.py; edit that file.
"""The way to the network: clients, turns, responses, endpoints."""
