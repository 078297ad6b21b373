"""Values in shared stores: bound to their kind and name, and encrypted by a program's hooks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ..exceptions import ConfigurationException, InvalidArgumentError


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
    except TypeError:
        raise ValueError("the value is not a string") from None
    if not isinstance(packed, dict):
        raise ValueError("the value is not a JSON object")
    if packed.get("kind") != kind or packed.get("name") != name:
        raise ValueError("the value was stored under another name, or is of another kind")
    value = packed.get("value")
    if not isinstance(value, dict):
        raise ValueError("the value has no members")
    return value


class ValueHooks:
    """The hooks that encrypt what a store writes, and decrypt what it reads; None for neither.

    Raises InvalidArgumentError for one without the other.
    """

    def __init__(
        self,
        encrypt: Callable[[bytes], bytes] | None,
        decrypt: Callable[[bytes], bytes] | None,
    ) -> None:
        if (encrypt is None) != (decrypt is None):
            raise InvalidArgumentError("encrypt and decrypt must be given together")
        self._encrypt = encrypt
        self._decrypt = decrypt

    def seal(self, text: str) -> bytes:
        """Return what is stored for ``text``."""
        data = text.encode()
        return data if self._encrypt is None else self._encrypt(data)

    def open(self, stored: bytes) -> str:
        """Return the text that :meth:`seal` was given.

        Raises ConfigurationException (``unreadable_value``), whatever the hook raises.
        """
        try:
            return (stored if self._decrypt is None else self._decrypt(stored)).decode()
        except Exception as error:
            raise unreadable_error() from error


def unreadable_error() -> ConfigurationException:
    """Return the exception for a value that was written with another key, or for another name."""
    return ConfigurationException(
        "the stored value was written under another name, or with another key",
        code="unreadable_value",
    )
