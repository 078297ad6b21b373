"""Client authentication: what proves to a provider who the client is."""
