"""Names of token requests, the keys of stores and sources."""

from __future__ import annotations

import hashlib
import json
import secrets
import weakref
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

from .._jose.dpop_proof import DPoPKey
from .._wire.models import BaseRequest

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class RequestName(NamedTuple):
    """The name of a request, and the types of its parts that have no name of their own."""

    key: str
    unnamed: tuple[str, ...]


def name_request(request: BaseRequest, key: str | None = None) -> RequestName:
    """Return a name for all of a request: equal requests have equal names.

    A function, or an object with hidden state, has no name that is valid in another process.
    ``id()`` does not help: it is reused once the object is gone.  So each such object gets a random
    name, or the one that ``key`` provides.
    """
    naming = _Naming(key)
    text = json.dumps(naming.plain(request))
    return RequestName(hashlib.sha256(text.encode()).hexdigest(), tuple(naming.unnamed))


def plain_text(value: object) -> str:
    """Return a string for ``value``: equal if and only if the values are equal."""
    return json.dumps(_Naming(None).plain(value))


class _Naming:
    def __init__(self, key: str | None) -> None:
        self.unnamed: list[str] = []
        self._key = key

    # One branch per kind of value: a dispatch by class would miss subclasses.
    def plain(self, value: object) -> Any:
        """Return ``value`` as JSON in which different values have different texts."""
        if value is None or isinstance(value, (bool, int, float, str)):
            return value  # for an enum, JSON writes the value
        if isinstance(value, DPoPKey):
            return ["dpop", value.jwk_thumbprint]
        if isinstance(value, (bytes, bytearray)):
            return ["bytes", bytes(value).hex()]
        if isinstance(value, PurePath):
            return ["path", str(value)]
        if isinstance(value, Mapping):
            pairs = [[self.plain(name), self.plain(one)] for name, one in value.items()]
            return ["mapping", sorted(pairs, key=json.dumps)]
        if isinstance(value, (list, tuple)):
            return ["list", [self.plain(one) for one in value]]
        if isinstance(value, (set, frozenset)):
            return ["set", sorted([self.plain(one) for one in value], key=json.dumps)]
        if is_dataclass(value) and not isinstance(value, type) and _shows_its_state(value):
            members = [[one.name, self.plain(getattr(value, one.name))] for one in fields(value)]
            return [f"{type(value).__module__}.{type(value).__qualname__}", members]
        return self._unnamed(value)

    def _unnamed(self, value: object) -> list[str]:
        kind = type(value).__qualname__
        self.unnamed.append(kind)
        return (
            ["key", kind, self._key] if self._key is not None else ["object", _random_name(value)]
        )


def _shows_its_state(value: DataclassInstance) -> bool:
    """Return whether the fields of a dataclass are its whole state."""
    names = {one.name for one in fields(value)}
    hidden = {*getattr(value, "__dict__", {})} - names
    return not hidden and "<locals>" not in type(value).__qualname__


_names: dict[int, tuple[weakref.ref[object], str]] = {}


def _random_name(value: object) -> str:
    """Return the random name of this object, constant for its lifetime."""
    place = id(value)
    known = _names.get(place)
    if known is not None and known[0]() is value:
        return known[1]
    name = secrets.token_hex(16)
    with suppress(TypeError):  # it cannot be weakly referenced: another name for each source
        # Not a WeakKeyDictionary, which would treat equal objects as one.
        _names[place] = weakref.ref(value, lambda _: _names.pop(place, None)), name
    return name
