"""The HTTP libraries that clients may be of: httpx, or httpx2 with the same words."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_LIBRARIES = ("httpx2", "httpx")


def library_of(thing: object) -> Any:
    """Return the library that ``thing``, a client or a request, comes from; httpx in doubt.

    Neither library's classes are subclasses of the other's: errors must be caught by the names,
    and timeouts made by the classes, of the one at hand.
    """
    for base in type(thing).__mro__:
        name = base.__module__.partition(".")[0]
        if name in _LIBRARIES:
            return import_module(name)
    return import_module("httpx")
