"""HTTP messages, and the rules that every request and answer share; no I/O."""
