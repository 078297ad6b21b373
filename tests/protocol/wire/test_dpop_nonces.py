"""Nonces that servers demand in proofs: where they are read, and for whom they are remembered."""

from __future__ import annotations

import httpx
import pytest

from py_identity_model import DPoPKey
from py_identity_model._wire.dpop_nonces import NonceMemory, extract_dpop_nonce, nonce_place

PLACE = ("thumbprint", "https://op.example")
CHALLENGE = {"WWW-Authenticate": 'DPoP error="use_dpop_nonce"'}


def answer(status: int = 200, nonce: str | None = "n", **more: str) -> httpx.Response:
    return httpx.Response(status, headers={**({"DPoP-Nonce": nonce} if nonce else {}), **more})


@pytest.mark.parametrize("status", [400, 401])
def test_a_challenge_or_an_error_demands_a_nonce(status: int) -> None:
    assert extract_dpop_nonce(answer(status, **CHALLENGE)) == "n"
    body = httpx.Response(status, json={"error": "use_dpop_nonce"}, headers={"DPoP-Nonce": "n"})
    assert extract_dpop_nonce(body) == "n"


@pytest.mark.parametrize(
    "response",
    [
        answer(403, **CHALLENGE),
        answer(200, **CHALLENGE),
        answer(401, nonce=None, **CHALLENGE),
        answer(401, **{"WWW-Authenticate": 'DPoP error="invalid_token"'}),
        answer(401),
        httpx.Response(400, json={"error": "invalid_grant"}, headers={"DPoP-Nonce": "n"}),
        httpx.Response(400, json=["use_dpop_nonce"], headers={"DPoP-Nonce": "n"}),
        httpx.Response(400, text="use_dpop_nonce", headers={"DPoP-Nonce": "n"}),
        httpx.Response(400, json={"error": "use_dpop_nonce"}),
    ],
)
def test_nothing_else_demands_one(response: httpx.Response) -> None:
    assert extract_dpop_nonce(response) is None


def test_a_place_is_a_key_and_an_origin() -> None:
    key = DPoPKey()
    place = nonce_place(key, "https://op.example:8443/token?x=1#y")
    assert place == (key.jwk_thumbprint, "https://op.example:8443")
    assert nonce_place(DPoPKey(), "https://op.example:8443/token") != place


@pytest.mark.parametrize(
    "url", ["https://op.example", "https://OP.example:443/x", "https://user:secret@op.example/"]
)
def test_an_origin_has_one_spelling(url: str) -> None:
    key = DPoPKey()
    assert nonce_place(key, url) == (key.jwk_thumbprint, "https://op.example")
    assert nonce_place(key, url.replace("https", "http"))[1] != "https://op.example"


def test_a_nonce_may_be_as_long_as_the_bound_and_no_longer() -> None:
    memory = NonceMemory()
    memory.remember(PLACE, "n" * 4096)
    assert memory.nonces == {PLACE: "n" * 4096}
    memory.remember(PLACE, "n" * 4097)
    assert memory.nonces == {PLACE: "n" * 4096}


def test_a_full_memory_forgets_only_for_a_new_place() -> None:
    memory = NonceMemory()
    places = [("key", str(number)) for number in range(1000)]
    for place in places:
        memory.remember(place, "n")
    assert len(memory.nonces) == 1000
    memory.remember(places[0], "m")
    assert len(memory.nonces) == 1000
    memory.remember(PLACE, "n")
    assert memory.nonces == {PLACE: "n"}


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://op.example:80/token", "http://op.example"),
        ("http://op.example:443/token", "http://op.example:443"),
        ("https://op.example:80/token", "https://op.example:80"),
        ("wss://op.example:443/", "wss://op.example:443"),
    ],
)
def test_the_port_is_left_out_where_it_is_the_schemes_own(url: str, origin: str) -> None:
    assert nonce_place(DPoPKey(), url)[1] == origin
