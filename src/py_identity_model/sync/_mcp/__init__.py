# Generated from aio/_mcp/__init__.py by scripts/make_sync.py; edit that file.
"""Authorization for MCP servers: discovery, clients, grants, and tokens."""
