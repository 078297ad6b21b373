"""Answers of token endpoints that may be used, and records that may be read."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace
from typing import Any

import pytest

from py_identity_model import RefreshTokenResponse, SessionRecord, StoredToken
from py_identity_model._protocol.token_endpoint import check_token_answer, token_request_error
from py_identity_model._sessions.session_record import (
    LOGIN_TARGET,
    Pending,
    apply_refresh,
    begin_record,
    checked_lifetime,
    login_required_error,
    record_name,
    renewal_pending_error,
    store_unavailable_error,
    target_name,
    with_id_token,
)
from py_identity_model.exceptions import (
    InvalidArgumentError,
    TokenRequestException,
)
from tests.support import refused

ADDRESS = "https://op.example/token"
BEARER = {"access_token": "a", "token_type": "Bearer"}
FULL = SessionRecord(
    issuer="https://op.example",
    client_id="web",
    version=3,
    stamp="s",
    refresh_token="r",
    refresh_expires_at=10.5,
    id_token="i",
    claims={"sub": "alice", "sid": "1", "aud": ["web"]},
    original={"sub": "alice"},
    userinfo={"name": "Alice"},
    answer={"session_state": "x"},
    access_tokens={"": StoredToken("a", expires_at=5.0), "t": StoredToken("b")},
    refused=False,
    written_at=1.5,
    pending=Pending("h", 2.5),
)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"token_type": "bearer"},
        {"token_type": None},
        {"expires_in": 1},
        {"expires_in": "3600"},
        {"expires_in": None},
        {"expires_in": 60.7},
    ],
)
def test_a_usable_response_is_accepted(changes: dict[str, Any]) -> None:
    check_token_answer({**BEARER, **changes}, ADDRESS, bound=False)
    check_token_answer({"access_token": "a"}, ADDRESS, bound=False)
    check_token_answer({**BEARER, "token_type": "DPoP"}, ADDRESS, bound=True)


TYPES: list[object] = ["N_A", "mac", "", 5, []]
LIFETIMES: list[object] = [0, -1, 0.4, "0", "00", "-1", "x", "", True, [1], {}, "٣"]
NO_TOKENS: list[object] = [5, True, ["a"], {"a": 1}, None, "", " a", "a\r\nX: y", "é", "\x7f"]


@pytest.mark.parametrize(
    ("changes", "dpop", "code"),
    [
        *(({"token_type": one}, False, "unsupported_token_type") for one in TYPES),
        ({"token_type": "DPoP"}, False, "unsupported_token_type"),
        ({}, True, "token_not_bound_to_key"),
        ({"token_type": None}, True, "token_not_bound_to_key"),
        *(({"expires_in": one}, False, "invalid_expires_in") for one in LIFETIMES),
        *(({"access_token": one}, False, "invalid_access_token") for one in NO_TOKENS),
    ],
)
def test_an_answer_that_must_not_be_used_is_refused(
    changes: dict[str, Any], dpop: bool, code: str
) -> None:
    with refused(TokenRequestException, code) as caught:
        check_token_answer({**BEARER, **changes}, ADDRESS, bound=dpop)
    assert caught.value.url == ADDRESS


def test_a_record_is_read_as_it_was_written() -> None:
    assert SessionRecord.unpack("n", FULL.pack("n")) == FULL
    assert SessionRecord.unpack("n", SessionRecord().pack("n")) == SessionRecord()


TAMPERED: dict[str, list[object]] = {
    "version": ["1", 1.5, True, None],
    "refresh_token": [1, [], {}],
    "claims": [None, [], "x"],
    "access_tokens": [{"": "a"}, {"": {}}, {"": {"access_token": 1}}, []],
    "pending": ["x", [], [1, 2], ["h"], ["h", "x"], ["h", 1, 2]],
    "refused": [1],
    "written_at": ["x"],
}


@pytest.mark.parametrize(
    ("member", "value"), [(name, one) for name, values in TAMPERED.items() for one in values]
)
def test_a_record_that_was_tampered_with_is_refused(member: str, value: object) -> None:
    packed = json.loads(FULL.pack("n"))
    packed["value"][member] = value
    with pytest.raises(ValueError, match=r"."):
        SessionRecord.unpack("n", json.dumps(packed))


def test_a_record_is_bound_to_its_name_and_kind() -> None:
    with pytest.raises(ValueError, match="another name"):
        SessionRecord.unpack("m", FULL.pack("n"))
    with pytest.raises(ValueError, match="another name"):
        SessionRecord.unpack("n", FULL.pack("n").replace('"session"', '"token"'))


def test_targets_are_sets_of_resources_and_scopes() -> None:
    same: list[list[dict[str, Any]]] = [
        [{}, {"scope": None}],
        [{"scope": "a b"}, {"scope": ["b", "a", "b"]}],
        [{"resource": "x"}, {"resource": ["x"]}, {"resource": ["x"], "scope": None}],
        [{"scope": "x"}],
        [{"resource": ["x", "y"]}, {"resource": ["y", "x"]}],
        [{"audience": "x"}],
        [{"extra_parameters": {"a": "x"}}],
    ]
    names = [{target_name(one) for one in group} for group in same]
    assert all(len(one) == 1 for one in names)
    assert len(set.union(*names)) == len(same)
    assert names[0] == {LOGIN_TARGET}


def apply(record: SessionRecord, target: str, now: float, **token: Any) -> SessionRecord:
    response = RefreshTokenResponse(True, token={**BEARER, **token})
    renewal = apply_refresh(
        record, response, target, address=ADDRESS, margin=0.0, now=now, dpop=False
    )
    assert renewal.error is None
    return renewal.record


def test_a_record_keeps_what_is_needed_and_no_more() -> None:
    record = SessionRecord(refresh_token="r")
    record = apply(record, LOGIN_TARGET, 0.0, expires_in=5)
    for number in range(200):
        record = apply(record, f"t{number}", 0.0, expires_in=60)
    assert len(record.access_tokens) == 64
    assert {LOGIN_TARGET, "t199"} <= {*record.access_tokens}
    record = apply(record, "last", 61.0, expires_in=60)
    assert {*record.access_tokens} == {LOGIN_TARGET, "last"}
    assert record.refresh_token == "r"


def test_the_end_of_a_refresh_token_is_that_of_the_newest() -> None:
    record = SessionRecord(refresh_token="r", refresh_expires_at=100.0)
    assert apply(record, "", 50.0).refresh_expires_at == 100.0
    assert apply(record, "", 50.0, refresh_expires_in=70).refresh_expires_at == 120.0
    assert apply(record, "", 50.0, refresh_token="s").refresh_expires_at is None
    ended = replace(record, refresh_token=None, refused=True)
    assert ended.lifetime(0.0, 77.0) == 77.0


@pytest.mark.parametrize(
    "code", ["invalid_request", "invalid_client", "temporarily_unavailable", None]
)
def test_a_refusal_for_another_reason_leaves_the_record_as_it_is(code: str | None) -> None:
    response = RefreshTokenResponse(False, error="HTTP 400", oauth_error=code, status_code=400)
    with pytest.raises(TokenRequestException) as caught:
        apply_refresh(FULL, response, "", address=ADDRESS, margin=0.0, now=1.0, dpop=False)
    assert caught.value.url == ADDRESS
    assert caught.value.code != "login_required"


def test_a_refused_refresh_token_is_forgotten_and_the_user_asked() -> None:
    response = RefreshTokenResponse(
        False, error="HTTP 400", oauth_error="invalid_grant", status_code=400
    )
    renewal = apply_refresh(FULL, response, "", address=ADDRESS, margin=0.0, now=1.0, dpop=False)
    assert renewal.record == replace(FULL, refresh_token=None, refused=True)
    assert renewal.unconfirmed is None
    error = renewal.error
    assert error is not None
    assert (error.code, error.url, error.status_code) == ("login_required", ADDRESS, 400)
    refusal = token_request_error(ADDRESS, response)
    assert error.details == {**login_required_error("x", ADDRESS).details, **refusal.details}


def test_an_answer_that_cannot_be_used_still_brings_the_successor() -> None:
    token = {"access_token": "a", "token_type": "mac", "refresh_token": "s"}
    renewal = apply_refresh(
        FULL,
        RefreshTokenResponse(True, token=token),
        "",
        address=ADDRESS,
        margin=0.0,
        now=1.0,
        dpop=False,
    )
    assert renewal.record == replace(FULL, refresh_token="s", refresh_expires_at=None)
    assert renewal.error is not None
    assert (renewal.error.code, renewal.error.url) == ("unsupported_token_type", ADDRESS)
    assert renewal.unconfirmed is None


def test_a_token_must_be_bound_where_the_session_proves_a_key() -> None:
    response = RefreshTokenResponse(True, token=BEARER)
    renewal = apply_refresh(FULL, response, "", address=ADDRESS, margin=0.0, now=1.0, dpop=True)
    assert renewal.error is not None
    assert renewal.error.code == "token_not_bound_to_key"


def test_a_new_id_token_is_stored_only_once_confirmed() -> None:
    response = RefreshTokenResponse(
        True, token={**BEARER, "id_token": "j", "refresh_token": "s", "session_state": "y"}
    )
    renewal = apply_refresh(
        FULL, response, "", address=ADDRESS, margin=0.0, now=1.0, dpop=False, refused="a"
    )
    rotated = replace(FULL, refresh_token="s", refresh_expires_at=None)
    assert renewal.record == rotated
    assert renewal.error is None
    assert renewal.unconfirmed == replace(
        rotated,
        id_token="j",
        answer={"token_type": "Bearer", "session_state": "y"},
        access_tokens={
            "": StoredToken("a", replaced_refused_at=1.0),
            "t": StoredToken("b"),
        },
    )


def test_further_members_of_a_response_belong_to_the_logins_own_token() -> None:
    assert apply(FULL, "t", 1.0, session_state="y").answer == FULL.answer
    assert apply(FULL, "", 1.0, session_state="y").answer == {
        "token_type": "Bearer",
        "session_state": "y",
    }


ORIGINAL = {"iss": "i", "sub": "s", "aud": "a", "azp": "a", "auth_time": 1, "nonce": "n", "iat": 5}


def test_a_record_begins_with_everything_that_a_login_brought() -> None:
    token = {
        **BEARER,
        "refresh_token": "r",
        "refresh_expires_in": 60,
        "id_token": "i",
        "session_state": "x",
    }
    claims = {**ORIGINAL, "name": "Alice"}
    first = StoredToken("a", refresh_token="r", id_token="i")
    record = begin_record(
        token,
        claims,
        first,
        issuer="https://op.example",
        client_id="web",
        now=10.0,
        userinfo={"sub": "s"},
        session_state="state",
    )
    assert record == SessionRecord(
        issuer="https://op.example",
        client_id="web",
        refresh_token="r",
        refresh_expires_at=70.0,
        id_token="i",
        claims=claims,
        original=ORIGINAL,
        userinfo={"sub": "s"},
        answer={"token_type": "Bearer", "refresh_expires_in": 60, "session_state": "x"},
        access_tokens={LOGIN_TARGET: StoredToken("a")},
        session_state="state",
    )


def test_a_record_begins_with_nothing_that_a_login_did_not_bring() -> None:
    record = begin_record({}, {}, None, issuer="i", client_id="c", now=0.0)
    assert record == SessionRecord(issuer="i", client_id="c")


def test_a_target_has_its_token_beside_those_of_the_login() -> None:
    assert FULL.token_for("t") == StoredToken("b", refresh_token="r", id_token="i")
    assert FULL.token_for("u") is None


def test_the_user_and_the_session_are_those_of_the_id_token() -> None:
    assert (FULL.subject, FULL.session_id) == ("alice", "1")
    assert (SessionRecord().subject, SessionRecord().session_id) == (None, None)
    assert SessionRecord(claims={"sub": 5, "sid": ""}).subject is None


@pytest.mark.parametrize(
    ("changes", "lifetime"),
    [
        ({"refresh_token": "r"}, 99.0),
        ({"refresh_token": "r", "refresh_expires_at": 30.0}, 20.0),
        ({"refresh_token": "r", "refresh_expires_at": 5.0}, 0.0),
        ({"refused": True, "access_tokens": {"": StoredToken("a", expires_at=20.0)}}, 99.0),
        ({"access_tokens": {"": StoredToken("a", expires_at=20.0)}}, 10.0),
        ({"access_tokens": {"": StoredToken("a", expires_at=5.0)}}, 0.0),
        (
            {
                "access_tokens": {
                    "": StoredToken("a", expires_at=20.0),
                    "t": StoredToken("b", expires_at=40.0),
                }
            },
            30.0,
        ),
        (
            {"access_tokens": {"": StoredToken("a", expires_at=20.0), "t": StoredToken("b")}},
            99.0,
        ),
        ({}, 0.0),
    ],
)
def test_a_record_lives_as_long_as_something_in_it(
    changes: dict[str, Any], lifetime: float
) -> None:
    assert SessionRecord(**changes).lifetime(10.0, 99.0) == lifetime


def test_the_same_tokens_lead_to_the_same_record() -> None:
    full = {"refresh_token": "r", "access_token": "a", "id_token": "i"}
    name = record_name("i", "c", full, "s")
    assert record_name("i", "c", {"refresh_token": "r"}, "s") == name
    assert record_name("i", "c", {**full, "access_token": "b"}, "s") == name
    without = {"access_token": "a", "id_token": "i"}
    names = [
        name,
        record_name("i", "c", {**full, "refresh_token": "q"}, "s"),
        record_name("j", "c", full, "s"),
        record_name("i", "d", full, "s"),
        record_name("i", "c", full, "t"),
        record_name("i", "c", without, "s"),
        record_name("i", "c", {**without, "access_token": "b"}, "s"),
        record_name("i", "c", {**without, "id_token": "j"}, "s"),
        record_name("i", "c", {}, "s"),
        record_name("i", "c", {}, "s"),
    ]
    assert len({*names}) == len(names)
    assert record_name("i", "c", without, "s") == record_name("i", "c", {**without}, "s")


def test_names_of_records_stay_what_they_were() -> None:
    """Records in shared stores are found by them, also by the next version."""
    text = '["session", "i", "c", ["r"], "s"]'
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert record_name("i", "c", {"refresh_token": "r"}, "s") == expected
    assert len(record_name("i", "c", {}, object())) == 64


@pytest.mark.parametrize("seconds", [0, -1, math.inf, math.nan])
def test_a_lifetime_is_positive_and_finite(seconds: float) -> None:
    with pytest.raises(InvalidArgumentError, match="session_lifetime"):
        checked_lifetime(seconds)
    assert checked_lifetime(0.5) == 0.5


def test_errors_of_sessions_say_where_and_what_by_code() -> None:
    pending = renewal_pending_error(2.4)
    assert (pending.code, "in at most 2 s" in str(pending)) == ("renewal_pending", True)
    error = store_unavailable_error(OSError("secret"), ADDRESS)
    assert (error.code, error.url) == ("store_unavailable", ADDRESS)
    assert "OSError" in str(error)
    assert "secret" not in str(error)


def test_a_newer_id_token_adds_to_the_original_claims() -> None:
    record = with_id_token(FULL, "j", {"sid": "2"})
    assert record == replace(FULL, id_token="j", claims={"sub": "alice", "sid": "2"})
