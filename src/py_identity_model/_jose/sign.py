"""Make signed tokens (RFC 7515 §5.1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from joserfc.jwk import Key
from joserfc.jws import JWSRegistry

from .encoding import encode_base64url


def sign_compact(
    header: Mapping[str, Any], claims: Mapping[str, Any], key: Key, algorithm: str
) -> str:
    """Return the compact token of ``header`` and ``claims``, signed by ``algorithm``."""
    parts = (json.dumps(part, separators=(",", ":")).encode() for part in (header, claims))
    message = b".".join(encode_base64url(part) for part in parts)
    signature = JWSRegistry.algorithms[algorithm].sign(message, key)
    return b".".join((message, encode_base64url(signature))).decode()
