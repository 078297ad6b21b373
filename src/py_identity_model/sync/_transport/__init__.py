# Generated from aio/_transport/__init__.py by scripts/make_sync.py; edit that file.
"""The road to the network: clients, turns, answers, endpoints."""
