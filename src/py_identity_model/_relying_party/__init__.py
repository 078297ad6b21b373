"""The relying party: what an OAuth client checks and remembers of a login."""
