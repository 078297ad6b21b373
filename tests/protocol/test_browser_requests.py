"""Requests that providers send by way of the user's browser."""

from __future__ import annotations

import pytest

from py_identity_model import (
    validate_frontchannel_logout_request,
    validate_initiate_login_request,
)
from py_identity_model.exceptions import (
    ValidationException,
)
from tests.support import refused


@pytest.mark.parametrize(
    ("url", "options", "code"),
    [
        ("/out?x=1", {"session_required": True}, "missing_logout_session"),
        ("/out", {"session_required": True}, "missing_logout_session"),
        ("/out?iss=https://op", {}, "missing_logout_session"),
        ("/out?sid=1", {}, "missing_logout_session"),
        ("/out?iss=https://else&sid=1", {}, "logout_issuer_mismatch"),
        ("/out?iss=https://op&sid=2", {}, "logout_session_mismatch"),
        ("/out?iss=https://op&sid=1&sid=2", {}, "repeated_parameter"),
    ],
)
def test_a_logout_that_is_not_for_this_session_is_refused(
    url: str, options: dict[str, bool], code: str
) -> None:
    with refused(ValidationException, code):
        validate_frontchannel_logout_request(url, issuer="https://op", sid="1", **options)


def test_a_logout_by_the_browser_is_read() -> None:
    ordered = validate_frontchannel_logout_request(
        "/out?iss=https://op&sid=1", issuer="https://op", sid="1"
    )
    assert (ordered.issuer, ordered.sid) == ("https://op", "1")
    for url in ("/out?x=1", "/out", "https://rp.example/out"):  # by default, as registered
        plain = validate_frontchannel_logout_request(url, issuer="https://op", sid="1")
        assert (plain.issuer, plain.sid) == (None, None)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("/login?login_hint=a", "unknown_issuer"),
        ("/login?iss=https://else", "unknown_issuer"),
        ("/login?iss=https://op&target_link_uri=https://evil", "target_not_allowed"),
        ("/login?iss=https://op&iss=https://op", "repeated_parameter"),
    ],
)
def test_a_login_that_a_stranger_starts_is_refused(url: str, code: str) -> None:
    with refused(ValidationException, code):
        validate_initiate_login_request(
            url, issuers=["https://op"], allow_target=lambda target: target == "https://rp/x"
        )


def test_a_login_that_a_third_party_may_start_is_read() -> None:
    asked = validate_initiate_login_request(
        "?iss=https://op&login_hint=alice&target_link_uri=https://rp/x",
        issuers=["https://other", "https://op"],
        allow_target=lambda target: target == "https://rp/x",
    )
    assert (asked.issuer, asked.login_hint) == ("https://op", "alice")
    assert asked.target_link_uri == "https://rp/x"
    with refused(ValidationException, "target_not_allowed"):
        validate_initiate_login_request(
            "?iss=https://op&target_link_uri=https://rp/x", issuers=["https://op"]
        )
