"""Answers of token endpoints that may be used, and records that may be read."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from py_identity_model import RefreshTokenResponse, SessionRecord, StoredToken
from py_identity_model._protocol.refreshed_id_token import check_refreshed_id_token
from py_identity_model._protocol.session_record import (
    LOGIN_TARGET,
    Pending,
    judge_refresh,
    target_name,
)
from py_identity_model._protocol.token_endpoint import check_token_answer
from py_identity_model.exceptions import IdTokenValidationException, TokenRequestException
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
def test_a_usable_answer_is_taken(changes: dict[str, Any]) -> None:
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


def judged(record: SessionRecord, target: str, now: float, **token: Any) -> SessionRecord:
    response = RefreshTokenResponse(True, token={**BEARER, **token})
    renewal = judge_refresh(
        record, response, target, address=ADDRESS, margin=0.0, now=now, dpop=False
    )
    assert renewal.error is None
    return renewal.record


def test_a_record_keeps_what_is_needed_and_no_more() -> None:
    record = SessionRecord(refresh_token="r")
    record = judged(record, LOGIN_TARGET, 0.0, expires_in=5)
    for number in range(200):
        record = judged(record, f"t{number}", 0.0, expires_in=60)
    assert len(record.access_tokens) == 64
    assert {LOGIN_TARGET, "t199"} <= {*record.access_tokens}
    record = judged(record, "last", 61.0, expires_in=60)
    assert {*record.access_tokens} == {LOGIN_TARGET, "last"}
    assert record.refresh_token == "r"


def test_the_end_of_a_refresh_token_is_that_of_the_newest() -> None:
    record = SessionRecord(refresh_token="r", refresh_expires_at=100.0)
    assert judged(record, "", 50.0).refresh_expires_at == 100.0
    assert judged(record, "", 50.0, refresh_expires_in=70).refresh_expires_at == 120.0
    assert judged(record, "", 50.0, refresh_token="s").refresh_expires_at is None
    ended = replace(record, refresh_token=None, refused=True)
    assert ended.lifetime(0.0, 77.0) == 77.0


ORIGINAL = {"iss": "i", "sub": "s", "aud": "a", "azp": "a", "auth_time": 1, "nonce": "n", "iat": 5}


@given(st.sampled_from(sorted(ORIGINAL)), st.sampled_from(["x", 4, None, ["a", "b"], []]))
def test_a_claim_that_changed_is_refused(name: str, value: object) -> None:
    if name == "iat" and value != 4:
        return
    with refused(IdTokenValidationException, "refreshed_id_token_mismatch") as caught:
        check_refreshed_id_token(ORIGINAL, {**ORIGINAL, name: value})
    assert caught.value.details == {"claim": name}


@pytest.mark.parametrize("missing", ["auth_time", "nonce"])
def test_a_claim_that_may_be_left_out_may(missing: str) -> None:
    claims = {name: value for name, value in ORIGINAL.items() if name != missing}
    check_refreshed_id_token(ORIGINAL, {**claims, "iat": 6, "aud": ["a"]})
    with refused(IdTokenValidationException, "refreshed_id_token_mismatch"):
        check_refreshed_id_token(ORIGINAL, {**ORIGINAL, "azp": None, "iat": 6} | {"azp": "b"})


def test_claims_that_a_program_names_by_hand_bind_what_they_say() -> None:
    check_refreshed_id_token({"sub": "s"}, ORIGINAL)
    check_refreshed_id_token({}, ORIGINAL)
    with refused(IdTokenValidationException, "refreshed_id_token_mismatch"):
        check_refreshed_id_token({"sub": "t"}, ORIGINAL)
