"""OAuth and OpenID Connect capabilities, one module each.  No I/O, no httpx, no waiting."""
