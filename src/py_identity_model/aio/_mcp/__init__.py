"""Authorization for MCP servers: discovery, clients, grants, and tokens."""
