"""Authorization requests as URLs."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from py_identity_model import (
    build_authorization_url,
    build_pushed_authorization_url,
)

ENDPOINT = "https://op.example/authorize"


REDIRECT = "https://rp.example/cb"


def test_an_authorization_url_says_what_it_is_given_in_order() -> None:
    url = build_authorization_url(
        f"{ENDPOINT}?tenant=1#fragment",
        "web",
        REDIRECT,
        ["openid", "profile"],
        state="s t",
        nonce="n",
        code_challenge="c",
        code_challenge_method="S256",
        prompt="login",
        max_age=5,
        claims={"id_token": {"email": None}},
        authorization_details=[{"type": "payment"}],
        resource=["https://a.example", "https://b.example"],
        display=None,
        odd=True,
    )
    assert url.startswith(f"{ENDPOINT}?tenant=1&client_id=web&redirect_uri=")
    assert "scope=openid+profile&response_type=code&state=s+t&nonce=n&code_challenge=c" in url
    values = parse_qs(urlsplit(url).query)
    assert json.loads(values["claims"][0]) == {"id_token": {"email": None}}
    assert json.loads(values["authorization_details"][0]) == [{"type": "payment"}]
    assert values["resource"] == ["https://a.example", "https://b.example"]
    assert values["max_age"] == ["5"]
    assert values["odd"] == ["true"]
    assert "display" not in values
    assert urlsplit(url).fragment == ""


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"authorization_endpoint": " "}, "must not be empty"),
        ({"code_challenge": "c"}, "together.*RFC 7636"),
        ({"code_challenge_method": "S256"}, "together.*RFC 7636"),
        ({"code_challenge": "c", "code_challenge_method": "S1"}, "S256 or plain"),
    ],
)
def test_an_invalid_authorization_url_is_refused(more: dict[str, Any], text: str) -> None:
    usual = {"authorization_endpoint": ENDPOINT, "client_id": "web", "redirect_uri": REDIRECT}
    with pytest.raises(ValueError, match=text):
        build_authorization_url(**{**usual, **more})


def test_a_pushed_request_needs_two_parameters() -> None:
    url = build_pushed_authorization_url(ENDPOINT, "web", "urn:a:b")
    assert url == f"{ENDPOINT}?client_id=web&request_uri=urn%3Aa%3Ab"
    for arguments in (("", "urn:a"), ("web", "")):
        with pytest.raises(ValueError, match="must not be empty"):
            build_pushed_authorization_url(ENDPOINT, *arguments)
