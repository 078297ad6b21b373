"""Fetching documents: what to ask for, how long to wait, and what other processes may share."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

import pytest

from py_identity_model import DiscoveryPolicy
from py_identity_model._validation import fetch_result
from py_identity_model._validation.cache_entry import Entry
from py_identity_model._validation.fetch_result import (
    AS_CONFIGURED,
    ONCE,
    PATIENT,
    Attempt,
    Caller,
    DocumentKind,
    Location,
    StoredResponse,
    stored_key,
)
from py_identity_model._validation.key_set_rules import KEY_SET
from py_identity_model._validation.provider_document import DISCOVERY_DOCUMENT
from py_identity_model._wire.messages import HttpRequest, HttpResponse
from py_identity_model._wire.stored_value import pack_value

URL = "https://op.example/jwks"
REQUEST = HttpRequest("GET", URL, max_body=10)
HEADERS = {"content-type": "application/json", "cache-control": "max-age=60", "etag": '"1"'}
ANSWER = StoredResponse(HttpResponse(200, HEADERS, "wörd".encode()), 100.0)


def read(text: str, now: float = 100.0, request: HttpRequest = REQUEST) -> StoredResponse:
    return StoredResponse.from_text(text, "keys", request, now)


def test_an_answer_is_read_as_it_was_shared() -> None:
    assert read(ANSWER.to_text("keys", REQUEST)) == ANSWER


def test_of_its_header_fields_only_those_that_matter_are_shared() -> None:
    response = ANSWER.response._replace(headers={"content-type": "a/b", "set-cookie": "s"})
    text = ANSWER._replace(response=response).to_text("keys", REQUEST)
    assert read(text).response.headers == {"content-type": "a/b"}


def test_an_answer_has_an_age_that_is_never_negative() -> None:
    assert [ANSWER.age(now) for now in (99.0, 100.0, 100.5, 160.0)] == [0, 0, 0.5, 60]


def packed(**members: Any) -> str:
    usual = {"arrived_at": 100.0, "headers": HEADERS, "body": "{}"}
    return pack_value("keys", URL, {**usual, **members})


def test_clocks_may_be_a_minute_apart() -> None:
    assert read(packed(arrived_at=160.0)).arrived_at == 160.0
    with pytest.raises(ValueError, match="no usable time"):
        read(packed(arrived_at=160.5))


def test_an_answer_is_as_long_as_its_request_allows() -> None:
    limited = REQUEST._replace(max_body=3)
    assert read(packed(body="1234567890")).response.content == b"1234567890"
    assert read(packed(body="123"), request=limited).response.status_code == 200
    for body, request in (("12345678901", REQUEST), ("ö" * 6, REQUEST), ("1234", limited)):
        with pytest.raises(ValueError, match="missing or too large"):
            read(packed(body=body), request=request)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"arrived_at": 100}, "no usable time"),
        ({"arrived_at": None}, "no usable time"),
        ({"arrived_at": math.nan}, "no usable time"),
        ({"headers": None}, "no usable headers"),
        ({"headers": ["content-type"]}, "no usable headers"),
        ({"headers": {"content-type": 1}}, "no usable headers"),
        ({"headers": {"etag": "1"}}, "no content type"),
        ({"body": None}, "missing or too large"),
        ({"body": ["{}"]}, "missing or too large"),
    ],
)
def test_anything_else_is_not_an_answer(members: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read(packed(**members))


@pytest.mark.parametrize("member", ["arrived_at", "headers", "body"])
def test_an_answer_has_all_its_members(member: str) -> None:
    text = json.loads(packed())
    del text["value"][member]
    with pytest.raises(ValueError, match="the stored response"):
        read(json.dumps(text))


@pytest.mark.parametrize("request_", [("documents", URL), ("keys", f"{URL}2")])
def test_the_answer_to_another_request_is_not_taken(request_: tuple[str, str]) -> None:
    kind, url = request_
    with pytest.raises(ValueError, match="under another name"):
        StoredResponse.from_text(packed(), kind, REQUEST._replace(url=url), 100.0)


def test_answers_are_shared_under_a_name_that_hides_the_address() -> None:
    assert stored_key(REQUEST) == f"document-{hashlib.sha256(URL.encode()).hexdigest()}"


def test_an_uncached_document_is_accepted_from_a_store_at_any_age() -> None:
    assert Entry().age(50.0) == math.inf
    assert ONCE.for_cached(math.inf) == ONCE


def test_only_what_is_younger_may_replace_what_is_cached() -> None:
    entry: Entry[str] = Entry()
    entry.accept("value", 40.0, 60.0)
    assert AS_CONFIGURED.for_cached(entry.age(50.0)) == AS_CONFIGURED._replace(max_age=10.0)
    assert Attempt(max_age=5.0).for_cached(entry.age(50.0)).max_age == 5.0


@pytest.mark.parametrize("kind", [DISCOVERY_DOCUMENT, KEY_SET])
def test_an_answer_is_shared_until_its_refresh_is_due(kind: DocumentKind[Any]) -> None:
    assert [kind.shared_for(one) for one in ("max-age=100", None, "no-store")] == [90, 3240, 270]


def test_a_caller_waits_from_the_moment_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(fetch_result, "monotonic", lambda: now[0])
    caller = Caller(5.0, from_stranger=True).starting_now()
    assert caller == Caller(5.0, True, 1000.0)
    left = []
    for moment in (1000.0, 1001.5, 1003.0, 1006.0):
        now[0] = moment
        left.append((caller.patience(), caller.stale_patience()))
    assert left == [(5.0, 2.0), (3.5, 0.5), (2.0, 0.0), (0.0, 0.0)]
    assert Caller(1.0, since=1006.0).stale_patience() == 1.0
    assert PATIENT.patience() == math.inf


def test_a_location_is_checked_by_the_policy_at_the_time_it_was_frozen() -> None:
    policy = DiscoveryPolicy()
    frozen = Location(URL, policy, ("key",)).frozen()
    policy.require_https = False
    assert frozen.policy.require_https
    assert (frozen.address, frozen.key) == (URL, ("key",))
