"""HTTP messages, and the rules that all requests and responses share; no I/O."""
