"""Keys and tokens, built on joserfc.  No I/O, no waiting."""
