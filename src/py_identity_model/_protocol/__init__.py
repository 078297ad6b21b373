"""What goes over the wire: one module a capability.  No I/O, no httpx, nothing that waits."""
