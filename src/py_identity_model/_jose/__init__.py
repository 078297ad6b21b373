"""Keys and tokens, on joserfc.  No I/O, nothing that waits."""
