# Generated from aio/security_events.py by scripts/make_sync.py; edit that file.
"""Security event tokens: validation, and polling."""

from __future__ import annotations

from collections.abc import Sequence
from time import time

from .._jose.tokens import header_members
from .._protocol.security_events import (
    ENDPOINT,
    MAX_AGE,
    SecurityEvent,
    SecurityEventPollRequest,
    SecurityEventPollResponse,
    check_event_typ,
    event_of,
    replayed_error,
    store_error,
)
from .._resource_server.replay import ReplayStore, received_key
from .._settings import Settings
from .._validation.config import TokenValidationConfig
from .._wire.arguments import seconds_of
from ._transport.endpoint import ask
from ._transport.http import HTTPClient
from ._transport.opening import open_token
from .replay_store import remember_once
from .token_validation import validate_token


def validate_security_event_token(
    token: str,
    token_validation_config: TokenValidationConfig,
    disco_doc_address: str | None = None,
    http_client: HTTPClient | None = None,
    *,
    replay_store: ReplayStore | None = None,
    max_age: float = MAX_AGE,
    settings: Settings | None = None,
) -> SecurityEvent:
    """Return the event in a security event token (SET).

    Besides the checks of :func:`validate_token`, the header must have the typ ``secevent+jwt``, so
    that no other token of the issuer is taken for one, and ``iss``, ``iat``, ``jti`` and ``events``
    must be present.

    :param token: the token that was pushed or polled
    :param token_validation_config: as for :func:`validate_token`; its ``audience`` is this receiver
    :param disco_doc_address: as for :func:`validate_token`
    :param http_client: used instead of this worker's own
    :param replay_store: refuses a token that was already accepted
    :param max_age: how long after its ``iat`` a token is accepted, in seconds: it has no ``exp``
    :param settings: settings for this call

    Raises the exceptions of :func:`validate_token`, and :class:`SecurityEventException`.
    RFC 8417 §2.2 and §2.3.

    Example::

        event = validate_security_event_token(
            security_event_token,
            TokenValidationConfig(perform_disco=True, audience="web"),
            "https://op.example",
        )
    """
    seconds_of("max_age", max_age)
    signed, config = open_token(token, token_validation_config)
    claims = validate_token(signed, config, disco_doc_address, http_client, settings=settings)
    check_event_typ(header_members(signed).get("typ"))
    leeway = config.leeway or 0.0
    event = event_of(claims, now=time(), leeway=leeway, max_age=max_age)
    if replay_store is not None:
        remember_once(
            replay_store,
            event_key(event, config.audience),
            event.issued_at + max_age + leeway,
            replayed=replayed_error(),
            unavailable=store_error(),
        )
    return event


def event_key(event: SecurityEvent, receiver: str | Sequence[str] | None) -> str:
    """Return the key of an event in replay stores."""
    return received_key("event", event.issuer, receiver, event.jti)


def poll_security_events(
    request: SecurityEventPollRequest,
    http_client: HTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> SecurityEventPollResponse:
    """Request security event tokens, and acknowledge earlier ones.

    :param request: the transmitter's endpoint, and what is acknowledged
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    The tokens are not verified yet: :func:`validate_security_event_token` does it, and
    ``SignalReceiver.poll`` does both.  Nothing is raised: a failed response gives the reason
    in ``error``, ``error_kind`` and ``oauth_error``.  RFC 8936 §2.

    Example::

        response = poll_security_events(
            SecurityEventPollRequest("https://op.example/events", access_token)
        )
    """
    return ask(ENDPOINT, request, http_client, settings)
