"""Calls that must not need themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ..exceptions import ConfigurationException

_under_way: ContextVar[tuple[tuple[object, str], ...]] = ContextVar(
    "py_identity_model.under_way", default=()
)


@contextmanager
def renewing(owner: object, name: str) -> Iterator[None]:
    """Raise ConfigurationException if ``owner`` renews ``name`` in order to renew ``name``.

    That is so where a source sends its token requests by the HTTP client whose requests it puts
    its tokens on: it would wait for itself for ever.
    """
    outer = _under_way.get()
    if any(one is owner and known == name for one, known in outer):
        raise ConfigurationException(
            "the token source waits for itself: its own HTTP client has it as auth; pass it "
            "another http_client",
            code="source_waits_for_itself",
        )
    token = _under_way.set((*outer, (owner, name)))
    try:
        yield
    finally:
        _under_way.reset(token)
