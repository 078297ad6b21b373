"""Comparison of texts that an attacker may vary."""

from __future__ import annotations

import hmac


def same_text(one: object, other: object) -> bool:
    """Return whether both are the same text, in constant time; false unless both are texts."""
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    return hmac.compare_digest(*(text.encode("utf-8", "surrogatepass") for text in (one, other)))
