"""Prepared validators: what they leave to the long way, what they count, what they remember."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from py_identity_model import CacheEvent, CacheEventKind, TokenCache, get_cache_counters
from py_identity_model._jose.encoding import encode_base64url
from py_identity_model._jose.keys import KeySnapshot
from py_identity_model._jose.tokens import read_header, split_token, verify
from py_identity_model._validation.cache_entry import Entry
from py_identity_model._validation.events import events
from tests.protocol.validation.both_ways import (
    AGAIN,
    CLAIMS,
    CONFIG,
    HEADER,
    ISSUER,
    SOUND,
    Room,
    plain,
    signed,
)


def test_a_validator_is_for_its_own_entries_in_their_state_then() -> None:
    room = Room()
    document, keys = Entry[Any](), Entry[KeySnapshot]()
    assert room.validator.is_for(room.document, room.keys)
    assert not room.validator.is_for(document, room.keys)
    assert not room.validator.is_for(room.document, keys)
    room.document.value = SimpleNamespace(issuer=ISSUER, jwks_uri=f"{ISSUER}/jwks")
    assert not room.validator.is_for(room.document, room.keys)


@pytest.mark.parametrize("odd", [None, 5, b"a.b.c", "a.b.c\u00e9", "x" * 70_000, ""])
def test_anything_but_a_token_is_refused_at_once(odd: Any) -> None:
    verdict = Room().fast(odd, time.time())
    assert verdict is not None
    assert verdict[0] == "refused"


def test_a_document_or_keys_to_be_refreshed_are_left_to_the_long_way() -> None:
    for which in ("document", "keys"):
        room = Room()
        entry = getattr(room, which)
        room.agreed(SOUND)
        entry.refresh_at = 1.0
        assert room.fast(SOUND, time.time()) is None
        entry.refresh_at = 1.5
        assert room.fast(SOUND, time.time()) is not None
    room = Room()
    room.agreed(SOUND)
    room.document.value = SimpleNamespace(issuer="https://other.example", jwks_uri="x")
    assert room.fast(SOUND, time.time()) is None
    room = Room()
    room.keys.invalidate()
    room.keys.refresh_at = 60.0
    assert room.fast(SOUND, time.time()) is None


def test_keys_that_are_being_fetched_may_verify_what_these_do_not() -> None:
    room = Room()
    room.agreed(SOUND)
    forged = SOUND[:-8] + "AAAAAAAA"
    assert room.fast(forged, time.time()) == ("refused", "invalid_signature")
    room.keys.fetching = True
    assert room.fast(forged, time.time()) is None
    room.keys.fetching, room.keys.cooldown_until = False, 1.0
    assert room.fast(forged, time.time()) is None


def test_a_use_is_counted_and_noted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    remembering, told = replace(CONFIG, token_cache=TokenCache()), list[CacheEvent]()
    counters = get_cache_counters()
    for room in (Room(), Room(remembering)):
        room.long_way(SOUND, time.time())
        for _ in range(3):  # the second finds a remembered token
            room.document.last_used = room.keys.last_used = 0.0
            before = counters.snapshot()
            assert room.fast(SOUND, time.time()) is not None
            after = counters.snapshot()
            assert after["disco_hits"] - before["disco_hits"] == 1
            assert after["jwks_hits"] - before["jwks_hits"] == 1
            assert (room.document.last_used, room.keys.last_used) == (1.0, 1.0)
    monkeypatch.setattr(events, "hook", told.append)
    for config in (CONFIG, remembering):
        told.clear()
        other = Room(config)
        other.long_way(SOUND, time.time())
        for _ in range(2):
            other.fast(SOUND, time.time())
        hit = CacheEventKind.HIT
        one = [CacheEvent(hit, "document", ISSUER), CacheEvent(hit, "keys", f"{ISSUER}/jwks")]
        assert told == one * 2
    told.clear()
    unknown = signed(plain([("alg", '"EdDSA"'), ("kid", '"new"')]), plain(CLAIMS))
    assert room.fast(unknown, time.time()) == ("refused", "no_matching_key")
    assert told == [CacheEvent(CacheEventKind.REFUSED_KID, "keys", f"{ISSUER}/jwks")]


def test_a_remembered_token_is_read_again_for_each_caller() -> None:
    room = Room(replace(CONFIG, token_cache=TokenCache()))
    room.agreed(SOUND)
    first, second = room.fast(SOUND, time.time()), room.fast(SOUND, time.time())
    assert first == second
    assert first is not None
    assert second is not None
    assert first[1] is not second[1]
    spaced = signed(plain(HEADER), encode_base64url(b" " + json.dumps(AGAIN).encode()))
    verdicts = [room.agreed(spaced) for _ in range(3)]
    assert verdicts == [("accepted", AGAIN)] * 3
    room.snapshot.memo.clear()  # only what is remembered of the token can accept it now
    assert room.fast(spaced, time.time()) == ("accepted", AGAIN)


def test_weak_keys_have_a_memory_of_their_own() -> None:
    weak = Room(replace(CONFIG, allow_weak_keys=True))
    weak.agreed(SOUND)
    assert weak.fast(SOUND, time.time()) is None  # the long way here verified as for strong ones
    segments = split_token(SOUND)
    verify(segments, read_header(segments.header), weak.snapshot, allow_weak_keys=True)
    assert weak.fast(SOUND, time.time()) is not None


def test_tokens_that_newer_keys_may_verify_take_the_long_way_until_the_cooldown() -> None:
    forged = SOUND[:-8] + "AAAAAAAA"
    unknown = signed(plain([("alg", '"EdDSA"'), ("kid", '"new"')]), plain(CLAIMS))
    for cooling in (False, True):
        room = Room(cooling=cooling)
        room.agreed(SOUND)
        for token, code in ((forged, "invalid_signature"), (unknown, "no_matching_key")):
            assert room.fast(token, time.time()) == (("refused", code) if cooling else None)
