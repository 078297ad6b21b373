"""Values in shared stores, bound to their kind and to the name they are stored under."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def pack_value(kind: str, name: str, members: Mapping[str, Any]) -> str:
    """Return ``members`` as a string that names the kind of the value and its key.

    Encryption does not stop someone who can write to a store from copying one ciphertext over
    another.  So the encrypted text contains its own name, and :func:`unpack_value` checks it.
    """
    return json.dumps({"kind": kind, "name": name, "value": dict(members)})


def unpack_value(kind: str, name: str, text: str) -> dict[str, Any]:
    """Return the members that :func:`pack_value` wrote for this kind and name.

    Raises ValueError for anything else.
    """
    try:
        packed = json.loads(text)
    except RecursionError:
        raise ValueError("the value is nested too deeply") from None
    if not isinstance(packed, dict):
        raise ValueError("the value is not a JSON object")
    if packed.get("kind") != kind or packed.get("name") != name:
        raise ValueError("the value was stored under another name, or is of another kind")
    value = packed.get("value")
    if not isinstance(value, dict):
        raise ValueError("the value has no members")
    return value
