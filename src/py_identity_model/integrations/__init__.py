"""Adapters for web frameworks and HTTP clients, one module each, whose name its extra has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Name the extra to install, where an import inside fails."""
    try:
        yield
    except ModuleNotFoundError as error:
        cure = f"install the extra {name!r}, py-identity-model[{name}]"
        raise ModuleNotFoundError(
            f"No module named {error.name!r}: {cure}", name=error.name
        ) from error
