"""HTTP messages, and the rules that every request and answer share: nothing here does I/O."""
