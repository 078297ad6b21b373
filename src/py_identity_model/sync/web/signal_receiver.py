# Generated from aio/web/signal_receiver.py by scripts/make_sync.py; edit that file.
"""Security events of a transmitter (shared signals): received, and ending sessions."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from ..._logging import log_failure, logger
from ..._protocol.security_events import (
    ACCOUNT_DISABLED,
    MAX_AGE,
    MEDIA_TYPE,
    SESSION_REVOKED,
    SecurityEvent,
    SecurityEventPollRequest,
    delivery_error,
    has_unknown_member,
    pending_error,
    replayed_error,
    session_targets,
    store_error,
    unprocessed_error,
)
from ..._resource_server.replay import ReplayStore, check_replay_store
from ..._seam.sync import MaybeResult, call
from ..._validation.config import TokenValidationConfig
from ..._web.answers import JSON, NO_STORE, WebAnswer
from ..._web.failures import status_of
from ..._web.requests import MOST_FORM_BYTES, WebRequest
from ..._wire.arguments import check_callable, check_text, names_of, seconds_of
from ..._wire.compare import same_text
from ..._wire.discovery_policy import named_by_program
from ...exceptions import InvalidArgumentError, NetworkException, PyIdentityModelException
from .._transport.http import HTTPClient, check_http_client
from ..oauth_client import OAuthClient
from ..replay_store import process_once
from ..security_events import event_key, poll_security_events, validate_security_event_token

_REPLAYED = "security_event_replayed"
_REPEATED = frozenset({_REPLAYED, "being_processed"})


class PollOutcome(NamedTuple):
    """What a poll led to: the ``request`` to send next, which acknowledges what was processed."""

    request: SecurityEventPollRequest
    more_available: bool
    accepted: int


class SignalReceiver:
    """Receives security events (SSF, CAEP, RISC) by push or poll, and ends sessions of a client.

    An event ends the sessions of the client that it names, by ``iss_sub`` subjects and by opaque
    session ids, in the client's session store: for every process that shares it.  A token whose
    sessions could not be ended is not acknowledged, and may come again, also within a minute after
    its process was killed; a repeated one is acknowledged, once the first is processed, and changes
    nothing.

    :param client: whose sessions end; it needs a session store that is shared between processes
    :param audience: how the transmitter names this receiver (``aud``)
    :param replay_store: remembers tokens, for all processes if it is shared; what one
        :class:`MemoryReplayStore` remembers is known to its process alone; in one without
        ``discard``, a token is remembered once it was processed, and its copies are processed, too
    :param transmitter: the issuer of the events, if it is not the client's; for one that is not
        a provider, the address of its metadata, as ``https://ssf.example/.well-known/ssf-configuration``
    :param ends_sessions: the URIs of the types of events that end sessions; by default CAEP's
        ``session-revoked`` and RISC's ``account-disabled``
    :param on_event: called with each event once its sessions have ended; if it raises, the token
        may come again, and :meth:`poll` goes on with the others
    :param authorization: the value of the ``Authorization`` header that a push must have, as it was
        agreed upon with the transmitter
    :param max_age: how long after it was issued a token is accepted, in seconds
    :param critical_subject_members: those that the transmitter's metadata names so: an event whose
        subject has one of them ends no session, unless it is ``user`` or ``session``
    :param http_client: used instead of the client's; for another transmitter, instead of this
        worker's own

    RFC 8935, RFC 8936, OpenID Shared Signals Framework 1.0.

    Example::

        receiver = SignalReceiver(client, "https://app.example/events", replays)
        answer = receiver.push(request, body)
    """

    def __init__(
        self,
        client: OAuthClient,
        audience: str,
        replay_store: ReplayStore,
        *,
        transmitter: str | None = None,
        ends_sessions: Collection[str] = (SESSION_REVOKED, ACCOUNT_DISABLED),
        on_event: Callable[[SecurityEvent], MaybeResult[object]] | None = None,
        authorization: str | None = None,
        max_age: float = MAX_AGE,
        critical_subject_members: Collection[str] = (),
        http_client: HTTPClient | None = None,
    ) -> None:
        if not isinstance(client, OAuthClient):
            raise InvalidArgumentError(f"client must be OAuthClient, not {type(client).__name__}")
        if not isinstance(audience, str) or not audience.strip():
            raise InvalidArgumentError("audience must be a non-blank string")
        check_replay_store(replay_store)
        check_text("transmitter", transmitter)
        check_text("authorization", authorization)  # a blank one would let everyone push
        check_callable("on_event", on_event)
        check_http_client(http_client)
        self._client = client
        self._is_provider = transmitter is None
        self._address = client.issuer if transmitter is None else transmitter
        self._audience = audience
        self._config = TokenValidationConfig(
            perform_disco=True, audience=audience, discovery_policy=named_by_program(None)
        )
        self._replays = replay_store
        self._ends = frozenset(names_of("ends_sessions", ends_sessions))
        self._on_event = on_event
        self._authorization = authorization
        self._max_age = seconds_of("max_age", max_age)
        self._critical = frozenset(names_of("critical_subject_members", critical_subject_members))
        self._http_client = http_client

    def push(self, request: WebRequest, body: bytes) -> WebAnswer:
        """Answer a pushed token: 202 once it is processed, 400 with the reason if it is refused.

        503 asks the transmitter to push it again later.  RFC 8935 §2.

        :param request: the request, without its body
        :param body: the body; of a longer one than 64 KiB, the first bytes are enough

        Example::

            answer = receiver.push(request, body)
        """
        if self._authorization is not None and not same_text(
            self._authorization, request.header("authorization") or ""
        ):
            return _refusal(
                "authentication_failed", "the Authorization header is not the agreed one"
            )
        kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
        if request.method != "POST" or kind != MEDIA_TYPE:
            return _refusal("invalid_request", f"a POST of {MEDIA_TYPE} is expected")
        if len(body) > MOST_FORM_BYTES or not body.isascii():
            return _refusal("invalid_request", "the body is not a token")
        try:
            self.accept(body.decode().strip())
        except PyIdentityModelException as error:
            if error.code == _REPLAYED:
                return WebAnswer(202)
            if status_of(error) == 503:
                return WebAnswer(503, (NO_STORE, ("Retry-After", "5")))
            return _refusal(delivery_error(error), error.code)
        return WebAnswer(202)

    def accept(self, token: str) -> SecurityEvent:
        """Process a token: end the sessions that its events name; return the event.

        Raises the exceptions of :func:`validate_security_event_token`, and those of the client's
        store (``store_unavailable``), and ``event_not_processed`` where ``on_event`` raises one of
        this package; with these, the token may come again.

        Example::

            event = receiver.accept(token)
        """
        try:
            event = self._validated(token)
            process_once(
                self._replays,
                event_key(event, [self._audience, self._client.client_id]),
                event.issued_at + self._max_age,
                partial(self._process, event),
                replayed=replayed_error(),
                pending=pending_error(),
                unavailable=store_error(),
            )
        except PyIdentityModelException as error:
            if error.code not in _REPEATED:
                log_failure("security event", self._address, error)
            raise
        return event

    def _validated(self, token: str) -> SecurityEvent:
        if self._is_provider and self._http_client is None:
            return self._client.validate_security_event(
                token, self._audience, max_age=self._max_age
            )
        return validate_security_event_token(
            token, self._config, self._address, self._http_client, max_age=self._max_age
        )

    def _process(self, event: SecurityEvent) -> None:
        try:
            self._apply(event)
        except PyIdentityModelException as error:
            if status_of(error) == 503:
                raise
            # A mistake of the program: the transmitter would take its code for one of the token.
            raise unprocessed_error(error.code) from error

    def _apply(self, event: SecurityEvent) -> None:
        targets = session_targets(event, self._ends, self._client.issuer)
        if has_unknown_member(event, self._critical):
            targets = []
        for sub, sid in targets:
            self._client.end_sessions(sub=sub, sid=sid)
        if not targets and event.types & self._ends:
            logger.info("a security event of %s names no user or session of here", event.issuer)
        if self._on_event is not None:
            call(self._on_event, event)

    def poll(self, request: SecurityEventPollRequest) -> PollOutcome:
        """Request tokens and process them; the outcome has the request to send next.

        Acknowledgements travel with the next request: keep it where a restart finds it, or the
        tokens come again, which is harmless.

        :param request: the first request, or that of the last outcome

        An event for which ``on_event`` raises is logged, and not acknowledged; it may come again.

        Raises :class:`NetworkException` if the transmitter does not answer as it should.  RFC 8936
        §2.

        Example::

            request = SecurityEventPollRequest("https://op.example/events", access_token)
            outcome = receiver.poll(request)
        """
        response = poll_security_events(request, self._http_client)
        if not response.is_successful or response.sets is None:
            raise NetworkException(str(response.error), request.address, response.status_code)
        acknowledged: list[str] = []
        refused: dict[str, str] = {}
        accepted = 0
        for jti, token in response.sets.items():
            try:
                self.accept(token)
                accepted += 1
            except PyIdentityModelException as error:
                if error.code != _REPLAYED:
                    if status_of(error) != 503:
                        refused[jti] = delivery_error(error)
                    continue
            except Exception as error:  # of `on_event`: the tokens behind it must not wait for it
                reason = type(error).__name__
                logger.error("a security event was not processed, and may come again: %s", reason)
                continue
            acknowledged.append(jti)
        following = replace(request, ack=acknowledged, set_errors=refused)
        return PollOutcome(following, response.more_available, accepted)


def _refusal(err: str, description: str) -> WebAnswer:
    fields = (NO_STORE, ("Content-Type", JSON), ("Content-Language", "en"))
    return WebAnswer(400, fields, json.dumps({"err": err, "description": description}))
