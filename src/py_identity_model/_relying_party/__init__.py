"""The relying party: an OAuth client's checks, and its records of logins."""
