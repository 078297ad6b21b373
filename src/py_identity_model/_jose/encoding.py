"""Base64url and JSON as JOSE requires them: one spelling per value."""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any, cast

from ..exceptions import InvalidArgumentError

# One pass maps the URL alphabet to the standard one, and foreign characters to "!".
TO_STANDARD = bytes.maketrans(b"-_+/=", b"+/!!!")
PADDING = (b"", b"!", b"==", b"=")
# Last characters whose spare bits are zero: any other would be a second spelling.
LAST = (frozenset[int](), frozenset[int](), frozenset(b"AQgw"), frozenset(b"AEIMQUYcgkosw048"))


def decode_base64url(text: bytes) -> bytes:
    """Return the decoded bytes of ``text``; raise ValueError unless it is the canonical spelling.

    RFC 7515 §2: URL alphabet, no padding, no white space; RFC 4648 §3.5: no spare bits.
    """
    rest = len(text) & 3
    if rest and text[-1] not in LAST[rest]:
        raise ValueError("not base64url")
    return binascii.a2b_base64(text.translate(TO_STANDARD) + PADDING[rest], strict_mode=True)


def without_padding(text: bytes) -> bytes:
    """Return ``text`` without its padding, if that has exactly the right length."""
    bare = text.rstrip(b"=")
    return bare if len(bare) + len(PADDING[len(bare) & 3]) == len(text) else text


def encode_base64url(data: bytes) -> bytes:
    """Return the canonical spelling of ``data`` (RFC 7515 §2)."""
    return urlsafe_b64encode(data).rstrip(b"=")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate member")
    return members


_usual = json.JSONDecoder(parse_constant=_refuse_constant)
_strict = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_refuse_duplicates)
Scan = Callable[[str, int], tuple[Any, int]]
_scan: Scan = cast("Any", _usual).scan_once
_scan_strictly: Scan = cast("Any", _strict).scan_once


def parse_object_quickly(data: bytes, *, allow_duplicates: bool = True) -> dict[str, Any] | None:
    """Return the JSON object in ``data``, or None where :func:`parse_object` must decide."""
    scan = _scan if allow_duplicates else _scan_strictly
    try:
        text = data.decode()
        value, end = scan(text, 0)
    except (ValueError, StopIteration, RecursionError):
        return None
    return value if type(value) is dict and end == len(text) else None


def parse_json(text: str, *, allow_duplicates: bool = False) -> Any:
    """Return the value of the JSON ``text``; raise ValueError, also for excessive nesting."""
    try:
        return (_usual if allow_duplicates else _strict).decode(text)
    except RecursionError:
        raise ValueError("too deeply nested") from None


def parse_object(data: bytes, *, allow_duplicates: bool = False) -> dict[str, Any]:
    """Return the JSON object in ``data``; raise ValueError for anything else."""
    decoder: Any = _usual if allow_duplicates else _strict
    text = data.decode()
    try:
        try:
            value, end = decoder.scan_once(text, 0)
        except StopIteration:
            end = None
        if end != len(text):  # white space around it, or not JSON
            value = decoder.decode(text)
    except RecursionError:
        raise ValueError("too deeply nested") from None
    if type(value) is not dict:
        raise ValueError("not an object")
    return cast("dict[str, Any]", value)


def header_text(value: str) -> str:
    """Return ``value`` if a header field can contain it; raise InvalidArgumentError otherwise."""
    if not value.isascii() or not value.isprintable() or not value.strip():
        raise InvalidArgumentError("a token must be non-blank printable ASCII")
    return value
