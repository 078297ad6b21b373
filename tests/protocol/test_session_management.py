"""Session management: what the provider's iframe computes, and the client's page."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest

from py_identity_model import (
    DiscoveryPolicy,
    build_session_check_page,
    create_session_state,
    verify_session_state,
)
from py_identity_model._jose.encoding import encode_base64url
from py_identity_model.exceptions import InvalidArgumentError

RP = "https://rp.example"
IFRAME = "https://op.example/session/check"


def test_a_session_state_is_that_of_the_specification() -> None:
    state = create_session_state("web", RP, "browser", salt="salt")
    digest = hashlib.sha256(b"web https://rp.example browser salt").digest()
    assert state == f"{digest.hex()}.salt"
    assert verify_session_state(state, "web", RP, "browser")
    other_words = f"{encode_base64url(digest).decode()}.salt"
    assert verify_session_state(other_words, "web", RP, "browser")
    assert create_session_state("web", RP, "browser") != create_session_state("web", RP, "browser")


def test_a_session_state_of_another_session_is_refused() -> None:
    state = create_session_state("web", RP, "browser", salt="salt")
    assert not verify_session_state(state, "other", RP, "browser")
    assert not verify_session_state(state, "web", "https://evil.example", "browser")
    assert not verify_session_state(state, "web", RP, "logged-out")
    assert not verify_session_state(state + "x", "web", RP, "browser")
    odd: list[Any] = ["", ".", "x", ".salt", "hash.", None, 7, "é.salt"]
    for one in odd:
        assert not verify_session_state(one, "web", RP, "browser")


@pytest.mark.parametrize(
    "wrong",
    [{"client_id": "a b"}, {"origin": ""}, {"browser_state": "a b"}, {"salt": "a.b"}, {"salt": ""}],
)
def test_a_session_state_is_not_made_of_what_would_be_ambiguous(wrong: dict[str, str]) -> None:
    usual = {"client_id": "web", "origin": RP, "browser_state": "browser"}
    with pytest.raises(InvalidArgumentError):
        create_session_state(**{**usual, **wrong})


def values_in(html: str) -> dict[str, Any]:
    found = re.search(r"const session = (\{.*\});", html)
    assert found is not None
    return dict(json.loads(found[1]))


def test_the_page_asks_only_the_iframe_of_the_provider() -> None:
    headers, html = build_session_check_page(IFRAME, "web", "hash.salt", interval=2)
    assert values_in(html) == {
        "iframe": IFRAME,
        "origin": "https://op.example",
        "message": "web hash.salt",
        "interval": 2000,
    }
    policy = headers["Content-Security-Policy"]
    (nonce,) = re.findall(r"script-src 'nonce-([^']+)'", policy)
    assert f'<script nonce="{nonce}">' in html
    assert "default-src 'none'" in policy
    assert "frame-src https://op.example;" in policy
    assert "frame-ancestors 'self'" in policy
    assert "unsafe" not in policy
    assert headers["Content-Type"].startswith("text/html")
    assert build_session_check_page(IFRAME, "web", "h.s").html != html
    given = build_session_check_page(IFRAME, "web", "h.s", csp_nonce="n" * 22)
    assert "'nonce-nnnnnnnnnnnnnnnnnnnnnn'" in given.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("iframe", "origin"),
    [
        ("https://OP.example:443/x", "https://op.example"),
        ("https://op.example:8443/x", "https://op.example:8443"),
        ("http://127.0.0.1:80/x", "http://127.0.0.1"),
        ("https://[2001:db8::1]:444/x", "https://[2001:db8::1]:444"),
    ],
)
def test_the_origin_is_written_as_browsers_write_it(iframe: str, origin: str) -> None:
    assert values_in(build_session_check_page(iframe, "web", "h.s").html)["origin"] == origin


def test_a_strangers_text_cannot_escape_from_the_script() -> None:
    evil = '</script><script>alert("1")//.salt'
    html = build_session_check_page(IFRAME, "web", evil.replace(" ", "")).html
    assert html.count("</script>") == 1
    assert values_in(html)["message"] == f"web {evil}"
    braces = build_session_check_page(IFRAME, "web", "{0}{nonce}'\u2028".replace("\u2028", "&"))
    assert values_in(braces.html)["message"] == "web {0}{nonce}'&"


@pytest.mark.parametrize(
    "wrong",
    [
        *({"check_session_iframe": one} for one in ("", "javascript:1", "http://op.example/x")),
        *({"check_session_iframe": f"https://{one}/"} for one in ("op.example;x", "a'b", "")),
        {"session_state": "a b"},
        {"session_state": ""},
        {"session_state": "a\u2028b"},
        {"client_id": "a b"},
        *({"interval": one} for one in (0, -1, 0.5, float("inf"), float("nan"), 1e9)),
        *(
            {"csp_nonce": one}
            for one in ("", "short", "a' 'unsafe-inline' xxxxxxxx", "x" * 20 + '"')
        ),
        {
            "check_session_iframe": "http://127.0.0.1/x",
            "policy": DiscoveryPolicy(allow_http_on_loopback=False),
        },
    ],
)
def test_a_page_is_not_made_of_what_cannot_be_used(wrong: dict[str, Any]) -> None:
    usual = {"check_session_iframe": IFRAME, "client_id": "web", "session_state": "h.s"}
    with pytest.raises(InvalidArgumentError):
        build_session_check_page(**{**usual, **wrong})
