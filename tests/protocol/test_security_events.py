"""Security events: what a token must contain, whom it concerns, and how it is polled."""

from __future__ import annotations

import json
from typing import Any

import pytest

from py_identity_model import SecurityEventPollRequest
from py_identity_model._protocol import security_events as events
from py_identity_model._protocol.security_events import SessionTarget
from py_identity_model._wire.messages import HttpResponse, Replay, UnusableAnswer
from py_identity_model.exceptions import (
    InvalidArgumentError,
    InvalidAudienceException,
    InvalidIssuerException,
    PyIdentityModelException,
    SecurityEventException,
    SignatureVerificationException,
    TokenValidationException,
)
from tests.support import refused

ISSUER = "https://op.example"
URL = "https://op.example/events"
ALICE = {"format": "iss_sub", "iss": ISSUER, "sub": "alice"}
SESSION = {"format": "opaque", "id": "sid-1"}
STRANGER = {**ALICE, "iss": "https://b.example"}
EMAIL = {"format": "email", "email": "alice@op.example"}
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "jti": "1",
    "iat": 1000,
    "events": {events.SESSION_REVOKED: {}},
    "sub_id": ALICE,
}


def event(**claims: Any) -> events.SecurityEvent:
    return events.event_of(CLAIMS | claims, now=1100, leeway=10, max_age=100)


def targets(**claims: Any) -> list[SessionTarget]:
    kinds = {events.SESSION_REVOKED, events.ACCOUNT_DISABLED}
    return events.session_targets(event(**claims), kinds, ISSUER)


@pytest.mark.parametrize("typ", ["secevent+jwt", "SecEvent+JWT", "application/secevent+jwt"])
def test_the_typ_is_that_of_security_events(typ: str) -> None:
    events.check_event_typ(typ)


@pytest.mark.parametrize("typ", [None, "JWT", "logout+jwt", "at+jwt", 7, "xsecevent+jwt"])
def test_another_token_is_not_a_security_event(typ: Any) -> None:
    with refused(SecurityEventException, "wrong_security_event_typ"):
        events.check_event_typ(typ)


def test_an_event_names_what_happened() -> None:
    found = event()
    assert (found.issuer, found.jti, found.issued_at) == (ISSUER, "1", 1000)
    assert found.types == {events.SESSION_REVOKED}
    assert "alice" not in repr(found)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": None},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"iat": None},
        {"iat": True},
        {"iat": "1000"},
        {"events": None},
        {"events": {}},
        {"events": [events.SESSION_REVOKED]},
        {"events": {events.SESSION_REVOKED: None}},
        {"sub_id": "alice"},
    ],
)
def test_a_token_without_its_members_is_refused(claims: dict[str, Any]) -> None:
    with refused(SecurityEventException, "invalid_security_event"):
        event(**claims)


def test_an_old_token_is_refused() -> None:
    assert event(iat=990)
    with refused(SecurityEventException, "security_event_too_old"):
        event(iat=989)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (ALICE, [SessionTarget("alice", None)]),
        (SESSION, [SessionTarget(None, "sid-1")]),
        ({"format": "complex", "user": ALICE}, [SessionTarget("alice", None)]),
        ({"format": "complex", "session": SESSION}, [SessionTarget(None, "sid-1")]),
        ({"user": ALICE, "session": SESSION}, [SessionTarget("alice", "sid-1")]),
        ({"user": {"format": "email"}, "session": SESSION}, [SessionTarget(None, "sid-1")]),
        (
            {"user": {"format": "aliases", "identifiers": [STRANGER, ALICE]}, "session": SESSION},
            [SessionTarget("alice", "sid-1")],
        ),
        (
            {"user": {"format": "aliases", "identifiers": [EMAIL]}, "session": SESSION},
            [SessionTarget(None, "sid-1")],
        ),
        ({"user": ALICE, "device": SESSION}, [SessionTarget("alice", None)]),
        ({"user": ALICE, "session": {"format": "email"}}, [SessionTarget("alice", None)]),
        (
            {"format": "aliases", "identifiers": [ALICE, {"format": "email"}, 7]},
            [SessionTarget("alice", None)],
        ),
    ],
)
def test_an_event_concerns_a_user_or_a_session(subject: Any, expected: list[SessionTarget]) -> None:
    assert targets(sub_id=subject) == expected
    assert targets(sub_id=None, events={events.SESSION_REVOKED: {"subject": subject}}) == expected


@pytest.mark.parametrize(
    "subject",
    [
        None,
        {},
        {"format": "email", "email": "alice@example.com"},
        {"format": "iss_sub", "iss": "https://other.example", "sub": "alice"},
        {"format": "iss_sub", "iss": ISSUER, "sub": ""},
        {"format": "iss_sub", "iss": ISSUER, "sub": 7},
        {"format": "iss_sub", "sub": "alice"},
        {"format": "opaque", "id": 7},
        {"format": "complex", "device": SESSION},
        {"format": "complex", "user": SESSION},
        {"format": "complex", "user": {**ALICE, "iss": "https://b.example"}, "session": SESSION},
        {"user": {"format": "iss_sub", "iss": ISSUER}, "session": SESSION},
        {"user": {"format": "aliases", "identifiers": [STRANGER]}, "session": SESSION},
        {"user": {"format": "aliases", "identifiers": [EMAIL, STRANGER]}, "session": SESSION},
        {"format": "aliases", "identifiers": "alice"},
        {"format": "aliases", "identifiers": [{"format": "aliases", "identifiers": [ALICE]}]},
    ],
)
def test_an_unknown_subject_concerns_no_session_here(subject: Any) -> None:
    assert targets(sub_id=subject) == []


@pytest.mark.parametrize(
    ("subject", "critical", "expected"),
    [
        ({"user": ALICE, "tenant": SESSION}, ["tenant"], True),
        ({"user": ALICE, "tenant": SESSION}, ["user", "device"], False),
        ({"user": ALICE, "session": SESSION}, ["user", "session", "tenant"], False),
        (ALICE, ["tenant"], False),
    ],
)
def test_a_critical_member_that_is_unknown_here_is_found(
    subject: Any, critical: list[str], expected: bool
) -> None:
    inside = {events.SESSION_REVOKED: {"subject": subject}}
    for one in (event(sub_id=subject), event(sub_id=None, events=inside)):
        assert events.has_unknown_member(one, critical) is expected


def test_only_events_that_end_sessions_concern_them() -> None:
    assert targets(events={events.CREDENTIAL_CHANGE: {}}) == []
    assert targets(events={events.ACCOUNT_DISABLED: {}}) == [SessionTarget("alice", None)]
    assert targets(events={events.ACCOUNT_DISABLED: {}}, sub_id=SESSION) == []  # no session
    both: dict[str, Any] = {events.ACCOUNT_DISABLED: {}, events.SESSION_REVOKED: {}}
    assert targets(events=both) == [SessionTarget("alice", None)]


def test_the_sub_of_a_token_of_the_issuer_is_its_user() -> None:
    assert targets(sub_id=None, sub="alice") == [SessionTarget("alice", None)]
    assert targets(sub_id=None, sub="alice", iss="https://other.example") == []
    assert targets(sub_id=None, sub=7) == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidIssuerException("x"), "invalid_issuer"),
        (InvalidAudienceException("x"), "invalid_audience"),
        (SignatureVerificationException("x"), "invalid_key"),
        (TokenValidationException("x", code="no_matching_key"), "invalid_key"),
        (SecurityEventException("x"), "invalid_request"),
    ],
)
def test_a_refusal_has_a_registered_code(error: PyIdentityModelException, code: str) -> None:
    assert events.delivery_error(error) == code


def test_a_poll_acknowledges_and_reports() -> None:
    request = SecurityEventPollRequest(URL, "s3cret", 5, False, ["1"], {"2": "invalid_key"})
    built = events.build(request)
    assert built.json == {
        "maxEvents": 5,
        "returnImmediately": False,
        "ack": ["1"],
        "setErrs": {"2": {"err": "invalid_key", "description": "invalid_key"}},
    }
    assert (built.method, built.access_token, built.replay) == ("POST", "s3cret", Replay.UNSENT)
    assert "s3cret" not in repr(request)
    first = events.build(SecurityEventPollRequest(URL))
    assert first.json == {"maxEvents": 100, "returnImmediately": True, "ack": []}


@pytest.mark.parametrize("most", [-1, 1001, True, "5", 1.5])
def test_a_poll_has_a_limit(most: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="max_events"):
        events.build(SecurityEventPollRequest(URL, max_events=most))


def polled(body: Any, status: int = 200) -> Any:
    response = HttpResponse(status, {}, json.dumps(body).encode())
    return events.parse(SecurityEventPollRequest(URL), response)


def test_a_poll_returns_tokens() -> None:
    response = polled({"sets": {"1": "a.b.c"}, "moreAvailable": True})
    assert (response.sets, response.more_available) == ({"1": "a.b.c"}, True)
    assert "a.b.c" not in repr(response)
    assert polled({}).sets == {}
    assert not polled({"sets": {}, "moreAvailable": "yes"}).more_available


@pytest.mark.parametrize(
    "body", [[], {"sets": []}, {"sets": {"1": 7}}, {"sets": {str(one): "" for one in range(1001)}}]
)
def test_something_else_than_tokens_is_refused(body: Any) -> None:
    with pytest.raises(UnusableAnswer):
        polled(body)


def test_a_refused_poll_says_why() -> None:
    assert polled({"error": "invalid_token"}, 401).oauth_error == "invalid_token"
