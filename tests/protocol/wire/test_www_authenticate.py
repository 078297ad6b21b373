"""Challenges: read and built."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model import (
    Challenge,
    build_www_authenticate,
    parse_www_authenticate,
)
from py_identity_model.exceptions import InvalidArgumentError

HEADERS: list[tuple[Any, list[Challenge]]] = [
    ("", []),
    ("Bearer", [Challenge("bearer", {})]),
    (
        'Bearer realm="a, b", error=invalid_token , error_description="a \\"b\\" c"',
        [
            Challenge(
                "bearer",
                {"realm": "a, b", "error": "invalid_token", "error_description": 'a "b" c'},
            )
        ],
    ),
    (
        'Basic realm="x", DPoP algs="ES256", error="use_dpop_nonce"',
        [
            Challenge("basic", {"realm": "x"}),
            Challenge("dpop", {"algs": "ES256", "error": "use_dpop_nonce"}),
        ],
    ),
    (
        "Negotiate YWJj, Bearer",
        [Challenge("negotiate", {"token68": "YWJj"}), Challenge("bearer", {})],
    ),
    ('Bearer error="a", error="b"', [Challenge("bearer", {"error": "a"})]),
    (["Basic", "Bearer scope=a"], [Challenge("basic", {}), Challenge("bearer", {"scope": "a"})]),
    (
        "Bearer resource_metadata=https://a.example/b?c=d, error=invalid_token",
        [
            Challenge(
                "bearer",
                {"resource_metadata": "https://a.example/b?c=d", "error": "invalid_token"},
            )
        ],
    ),
    (
        "Bearer resource_metadata='https://a.example/b', DPoP algs='ES256 PS256'",
        [
            Challenge("bearer", {"resource_metadata": "https://a.example/b"}),
            Challenge("dpop", {"algs": "ES256 PS256"}),
        ],
    ),
    ("Bearer realm='it, scope=a", [Challenge("bearer", {"realm": "'it", "scope": "a"})]),
    ("Basic YWJj==, Bearer", [Challenge("basic", {"token68": "YWJj=="}), Challenge("bearer", {})]),
    ('Bearer realm=a"b"', [Challenge("bearer", {"realm": "a"})]),
    ('error="a"', []),
    ('Bearer error="unfinished', [Challenge("bearer", {})]),
    ("Bearer \x00", [Challenge("bearer", {})]),
    (", ,Bearer ,", [Challenge("bearer", {})]),
]


@pytest.mark.parametrize(("header", "challenges"), HEADERS, ids=range(len(HEADERS)))
def test_a_challenge_is_read(header: Any, challenges: list[Challenge]) -> None:
    assert parse_www_authenticate(header) == challenges


def test_a_challenge_that_was_built_is_read_as_it_was() -> None:
    header = build_www_authenticate(
        "DPoP",
        realm='the "realm"',
        error="insufficient_user_authentication",
        error_description="log in again\\",
        error_uri="https://api.example/help",
        scope=["a", "b"],
        acr_values="gold silver",
        max_age=5,
        resource_metadata="https://api.example/.well-known/oauth-protected-resource",
        algs="ES256 PS256",
    )
    (challenge,) = parse_www_authenticate(header)
    assert challenge.scheme == "dpop"
    assert challenge.error == "insufficient_user_authentication"
    assert challenge.scope == "a b"
    assert challenge.acr_values == "gold silver"
    assert challenge.max_age == 5
    assert challenge.resource_metadata is not None
    assert challenge.parameters["realm"] == 'the "realm"'
    assert challenge.parameters["error_description"] == "log in again\\"
    assert build_www_authenticate() == "Bearer"
    assert parse_www_authenticate("Bearer max_age=soon")[0].max_age is None


@pytest.mark.parametrize(
    "arguments", [{"scheme": "Bea rer"}, {"realm": "a\r\nSet-Cookie: b"}, {"error": "é"}]
)
def test_values_that_a_header_cannot_contain_are_refused(arguments: dict[str, str]) -> None:
    with pytest.raises(InvalidArgumentError):
        build_www_authenticate(**arguments)  # type: ignore[arg-type]
