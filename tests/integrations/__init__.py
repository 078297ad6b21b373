"""The adapters for frameworks, each against the embedded provider."""
