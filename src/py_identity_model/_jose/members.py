"""Members of objects that programs bring, looked up without reading them."""

from __future__ import annotations

from inspect import getattr_static

_ABSENT = object()


def has_members(value: object, *names: str) -> bool:
    """Return whether ``value`` has members with these names.

    ``isinstance`` with a protocol reads them before Python 3.12, and the property of a key that
    is elsewhere may ask its service.
    """
    return all(getattr_static(value, name, _ABSENT) is not _ABSENT for name in names)
