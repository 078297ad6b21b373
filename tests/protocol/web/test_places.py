"""Where a program is."""

from __future__ import annotations

import pytest

from py_identity_model._web.places import Place, misplaced_error
from py_identity_model.exceptions import InvalidArgumentError

STRANGE = ("a//evil.example", "a///evil", "a\\evil", "a b", "a,b", "a;b", "a%2fb", "a\t", "a\xa0")


@pytest.mark.parametrize(
    "url",
    [
        *("", "app", "ftp://app", "https://", "https://[", "https://a:x"),
        *(f"https://{host}" for host in STRANGE),  # what a Host header may hold
    ],
)
def test_a_place_is_a_url(url: str) -> None:
    with pytest.raises(InvalidArgumentError):
        Place.of(url)


def test_a_place_knows_its_origin_and_root() -> None:
    place = Place.of("HTTPS://App.Example:8443/base/")
    assert (place.url, place.is_secure, place.is_loopback) == (
        "https://app.example:8443/base",
        True,
        False,
    )
    for host in ("localhost", "127.0.0.1:8000", "[::1]:80", "app.localhost"):
        assert Place.of(f"http://{host}").is_loopback
    assert not Place.of("http://localhost.evil.example").is_loopback


def test_a_login_that_was_moved_says_how_to_name_its_prefix() -> None:
    error = misplaced_error("/auth/login")
    assert error.code == "login_misplaced"
    assert "'/auth/login'" in str(error)
