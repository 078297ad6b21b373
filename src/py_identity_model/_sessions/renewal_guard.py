"""Detection of renewals that depend on themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from ..exceptions import ConfigurationException


@dataclass
class _Renewal:
    owner: object
    name: str
    needs_itself: bool = False


_under_way: ContextVar[tuple[_Renewal, ...]] = ContextVar("py_identity_model.under_way", default=())


@contextmanager
def renewing(owner: object, name: str) -> Iterator[None]:
    """Raise ConfigurationException if ``owner`` renews ``name`` while it is renewing ``name``.

    This happens if token requests are sent by the HTTP client whose requests need the token: the
    renewal would wait for its own lock forever.
    """
    outer = _under_way.get()
    for one in outer:
        if one.owner is owner and one.name == name:
            one.needs_itself = True
            raise waits_for_itself_error()
    own = _Renewal(owner, name)
    reset = _under_way.set((*outer, own))
    try:
        yield
    except Exception:
        if own.needs_itself:  # an endpoint function has turned it into a failed response
            raise waits_for_itself_error() from None
        raise
    finally:
        _under_way.reset(reset)


def waits_for_itself_error() -> ConfigurationException:
    """Return the exception for a call that would wait for its own end."""
    return ConfigurationException(
        "the HTTP client waits for itself: its `auth` needs a token that is requested through the "
        "same client; give the source another http_client, or the auth the API's origins",
        code="client_waits_for_itself",
    )
