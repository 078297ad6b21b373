"""Security event tokens (RFC 8417), their subjects (RFC 9493), and polling (RFC 8936)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

from .._jose.token_types import media_type
from .._wire.endpoint import Endpoint, json_object, refusal
from .._wire.messages import HttpRequest, HttpResponse, Replay, UnusableAnswer
from .._wire.models import BaseRequest, BaseResponse
from ..exceptions import (
    InvalidArgumentError,
    InvalidAudienceException,
    InvalidIssuerException,
    PyIdentityModelException,
    SecurityEventException,
    SignatureVerificationException,
)

MEDIA_TYPE = "application/secevent+jwt"
_CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
_RISC = "https://schemas.openid.net/secevent/risc/event-type/"
SESSION_REVOKED = f"{_CAEP}session-revoked"
CREDENTIAL_CHANGE = f"{_CAEP}credential-change"
ACCOUNT_DISABLED = f"{_RISC}account-disabled"
MAX_AGE = 86400.0  # seconds
_MOST_SETS = 1000
_MOST_SUBJECTS = 20
_OF_KEYS = frozenset(
    {"no_matching_key", "algorithm_not_allowed", "algorithm_none", "ambiguous_key"}
)


@dataclass(frozen=True)
class SecurityEvent:
    """A verified security event token.

    ``events`` are the payloads by the URIs of their types, ``subject`` the ``sub_id`` of the token;
    older transmitters put a ``subject`` into each payload.  RFC 8417 §2.2, RFC 9493 §4.
    """

    issuer: str
    jti: str
    issued_at: float
    events: Mapping[str, Mapping[str, Any]] = field(repr=False)
    subject: Mapping[str, Any] | None = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)

    @property
    def types(self) -> frozenset[str]:
        """The URIs of the types of the events."""
        return frozenset(self.events)


def check_event_typ(typ: object) -> None:
    """Raise SecurityEventException unless a header has the typ of such tokens (RFC 8417 §2.3)."""
    if media_type(typ) != "secevent+jwt":
        raise _refused_error("its header has another typ", "wrong_security_event_typ")


def event_of(
    claims: Mapping[str, Any], *, now: float, leeway: float, max_age: float
) -> SecurityEvent:
    """Return the event in verified claims; raise SecurityEventException (RFC 8417 §2.2)."""
    issuer, jti, issued = (claims.get(name) for name in ("iss", "jti", "iat"))
    if not isinstance(issuer, str) or not isinstance(jti, str) or not jti:
        raise _refused_error("it needs iss and jti", "invalid_security_event")
    if isinstance(issued, bool) or not isinstance(issued, (int, float)):
        raise _refused_error("it needs iat", "invalid_security_event")
    if now - issued > max_age + leeway:
        raise _refused_error("it was issued too long ago", "security_event_too_old")
    events = claims.get("events")
    if not isinstance(events, Mapping) or not events:
        raise _refused_error("it names no events", "invalid_security_event")
    if not all(isinstance(one, Mapping) for one in events.values()):
        raise _refused_error("an event is not an object", "invalid_security_event")
    subject = claims.get("sub_id")
    if not isinstance(subject, (Mapping, type(None))):
        raise _refused_error("its sub_id is not an object", "invalid_security_event")
    return SecurityEvent(issuer, jti, issued, MappingProxyType(dict(events)), subject, claims)


def replayed_error() -> SecurityEventException:
    """Return the exception for a token that was already accepted."""
    return _refused_error("it was already accepted", "security_event_replayed")


def pending_error() -> SecurityEventException:
    """Return the exception for a copy of a token that is being processed."""
    return _refused_error("a copy of it is being processed", "being_processed")


def unprocessed_error(code: str) -> SecurityEventException:
    """Return the exception for a valid token that the program failed to process."""
    return SecurityEventException(
        f"The security event was not processed: {code}", code="event_not_processed"
    )


def store_error() -> SecurityEventException:
    """Return the exception for a replay store that is unavailable."""
    return _refused_error("the replay store is unavailable", "store_unavailable")


def _refused_error(text: str, code: str) -> SecurityEventException:
    return SecurityEventException(f"Invalid security event token: {text}", "payload", code=code)


def has_unknown_member(event: SecurityEvent, critical: Collection[str]) -> bool:
    """Return whether a subject has a member that is critical, and narrows it to what is unknown
    here (Shared Signals Framework 1.0, "Receiver Subject Processing")."""
    unknown = {*critical} - {"user", "session"}
    subjects = [event.subject, *(one.get("subject") for one in event.events.values())]
    return any(isinstance(one, Mapping) and not unknown.isdisjoint(one) for one in subjects)


class SessionTarget(NamedTuple):
    """The sessions that an event concerns: of a user, or one session of the provider."""

    sub: str | None
    sid: str | None


def session_targets(
    event: SecurityEvent, types: Collection[str], issuer: str
) -> list[SessionTarget]:
    """Return the sessions that events of ``types`` concern, as ``issuer`` names users.

    Where a session is named, it alone counts.  Other narrowing (a device, a tenant) is not known
    here: then all sessions of the user are meant.
    """
    found: list[SessionTarget] = []
    for kind in sorted(event.types & {*types}):
        own = event.events[kind].get("subject")
        subject = own if isinstance(own, Mapping) else event.subject
        if subject is None and event.issuer == issuer and isinstance(event.claims.get("sub"), str):
            subject = {"format": "iss_sub", "iss": issuer, "sub": event.claims["sub"]}
        if subject is not None:
            found += _targets_in(subject, issuer, is_session=kind == SESSION_REVOKED)
    return list(dict.fromkeys(found))


# One branch per form of a subject, each of which excludes those below it (RFC 9493 §3).
def _targets_in(
    subject: Mapping[str, Any], issuer: str, *, is_session: bool
) -> Iterator[SessionTarget]:
    user, session = subject.get("user"), subject.get("session")
    if isinstance(session, Mapping) and (sid := _opaque_id(session)) is not None:
        sub = _sub_in(user, issuer) if isinstance(user, Mapping) else None
        # A session of another issuer's user may have the id of one of this client's.
        if sub is not None or not _names_issuer(user):
            yield SessionTarget(sub, sid)
    elif isinstance(user, Mapping):
        yield from _targets_in(user, issuer, is_session=False)
    elif subject.get("format") == "aliases":
        for one in _aliases(subject):
            yield from _targets_in(one, issuer, is_session=is_session)
    elif (sub := _sub_in(subject, issuer)) is not None:
        yield SessionTarget(sub, None)
    elif is_session and (sid := _opaque_id(subject)) is not None:
        yield SessionTarget(None, sid)


def _aliases(subject: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the identifiers of one subject that RFC 9493 §3.2.8 lists, or the subject itself."""
    if subject.get("format") != "aliases":
        return [subject]
    found = subject.get("identifiers")
    listed = found[:_MOST_SUBJECTS] if isinstance(found, list) else []
    return [one for one in listed if isinstance(one, Mapping) and one.get("format") != "aliases"]


def _sub_in(subject: Mapping[str, Any], issuer: str) -> str | None:
    for one in _aliases(subject):
        sub = one.get("sub")
        if one.get("format") == "iss_sub" and one.get("iss") == issuer and isinstance(sub, str):
            return sub or None
    return None


def _names_issuer(subject: object) -> bool:
    """Return whether a user is named by an issuer."""
    named = _aliases(subject) if isinstance(subject, Mapping) else []
    return any(one.get("format") == "iss_sub" for one in named)


def _opaque_id(subject: Mapping[str, Any]) -> str | None:
    found = subject.get("id") if subject.get("format") == "opaque" else None
    return found if isinstance(found, str) and found else None


def delivery_error(error: PyIdentityModelException) -> str:
    """Return the registered code for a refused token (RFC 8935 §2.4)."""
    if isinstance(error, InvalidIssuerException):
        return "invalid_issuer"
    if isinstance(error, InvalidAudienceException):
        return "invalid_audience"
    if isinstance(error, SignatureVerificationException) or error.code in _OF_KEYS:
        return "invalid_key"
    return "invalid_request"


@dataclass(repr=False)
class SecurityEventPollRequest(BaseRequest):
    """A request to the transmitter at ``address`` for security event tokens.

    ``ack`` are the ``jti`` of tokens that were processed, ``set_errors`` registered codes by the
    ``jti`` of those that were refused; unless ``return_immediately``, the transmitter holds the
    answer back until there is an event, which must come within ``HTTP_TIMEOUT``.  RFC 8936 §2.2.

    Example::

        SecurityEventPollRequest("https://op.example/events", access_token, max_events=20)
    """

    _secret_fields: ClassVar[frozenset[str]] = frozenset({"token"})

    token: str | None = None
    max_events: int = 100
    return_immediately: bool = True
    ack: Sequence[str] = ()
    set_errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(eq=False, repr=False)
class SecurityEventPollResponse(BaseResponse):
    """The response: unverified tokens by their ``jti``, and whether there are more."""

    _guarded_fields: ClassVar[frozenset[str]] = frozenset({"sets", "more_available"})
    _secret_fields: ClassVar[frozenset[str]] = frozenset({"sets"})

    sets: dict[str, str] | None = None
    more_available: bool = False


def build(request: SecurityEventPollRequest) -> HttpRequest:
    """Return the HTTP request (RFC 8936 §2.2)."""
    most = request.max_events
    if isinstance(most, bool) or not isinstance(most, int) or not 0 <= most <= _MOST_SETS:
        raise InvalidArgumentError(f"max_events must be a number from 0 to {_MOST_SETS}")
    body: dict[str, Any] = {
        "maxEvents": most,
        "returnImmediately": request.return_immediately,
        "ack": [*request.ack],
    }
    if request.set_errors:
        body["setErrs"] = {
            jti: {"err": code, "description": code} for jti, code in request.set_errors.items()
        }
    return HttpRequest(
        "POST",
        request.address,
        headers={"Content-Language": "en"},
        json=body,
        access_token=request.token,
        replay=Replay.UNSENT,  # the next poll does it
    )


def parse(request: SecurityEventPollRequest, response: HttpResponse) -> SecurityEventPollResponse:
    """Return the tokens, or the transmitter's refusal (RFC 8936 §2.3)."""
    if not response.is_success:
        return refusal(SecurityEventPollResponse, "Security event poll", request, response)
    body = json_object(response)
    sets = body.get("sets", {})
    if not isinstance(sets, dict) or not all(isinstance(one, str) for one in sets.values()):
        raise UnusableAnswer("sets is not an object of tokens")
    if len(sets) > _MOST_SETS:
        raise UnusableAnswer(f"sets has more than {_MOST_SETS} tokens")
    return SecurityEventPollResponse(
        is_successful=True, sets=sets, more_available=body.get("moreAvailable") is True
    )


ENDPOINT = Endpoint("security event poll", SecurityEventPollResponse, build, parse)
