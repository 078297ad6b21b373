"""Constant-time comparison of strings that an attacker may vary."""

from __future__ import annotations

import hmac


def same_text(one: object, other: object) -> bool:
    """Return whether both are equal strings, in constant time; False for anything but strings."""
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    return hmac.compare_digest(*(text.encode("utf-8", "surrogatepass") for text in (one, other)))
