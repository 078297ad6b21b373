"""The resource server: rules for access tokens, their issuers and their senders."""
