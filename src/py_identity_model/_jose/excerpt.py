"""Excerpts of untrusted values, safe for logs and the details of exceptions."""

from __future__ import annotations

_LONGEST = 200  # characters
_MOST = 10  # members of a list


def excerpt(text: str) -> str:
    """Return ``text`` cut to 200 characters, with all non-printable characters escaped."""
    cut = text[:_LONGEST]
    if cut.isprintable() and "\\" not in cut:
        return cut
    return "".join(one if _is_plain(one) else _escaped(one) for one in cut)[:_LONGEST]


def found(value: object) -> object:
    """Return a claim in a form that is safe for the ``details`` of an exception."""
    if isinstance(value, str):
        return excerpt(value)
    if isinstance(value, list):
        return [found(one) if isinstance(one, str) else _kind(one) for one in value[:_MOST]]
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        return value if value.bit_length() < 64 else _kind(value)
    return _kind(value)


def _kind(value: object) -> str:
    return f"<{type(value).__name__}>"


def _is_plain(character: str) -> bool:
    return character.isprintable() and character != "\\"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
