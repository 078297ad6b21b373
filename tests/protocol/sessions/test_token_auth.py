"""Tokens on requests of httpx: origins, challenges, header fields."""

from __future__ import annotations

from typing import Any

import httpx
import httpx2
import pytest

from py_identity_model._sessions import token_auth
from py_identity_model._sessions.token_auth import (
    RefusedTokens,
    answers_for,
    challenge_errors,
    named_origin,
    origin_of_url,
    put_bearer,
    put_proof,
    refuses_the_token,
    wrong_client_error,
)
from py_identity_model.exceptions import InvalidArgumentError
from tests.support import refused

API = ("https", "api.example", 443)
LIBRARIES = pytest.mark.parametrize("library", [httpx, httpx2])


def answer(library: Any, status: int, *challenges: str, url: str = "https://api.example/") -> Any:
    request = library.Request("GET", url)
    fields = [("WWW-Authenticate", challenge) for challenge in challenges]
    return library.Response(status, headers=fields, request=request)


@LIBRARIES
@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.example", API),
        ("https://api.example:443/", API),
        ("https://API.example", API),
        ("http://api.example", ("http", "api.example", 80)),
        ("https://api.example:8443", ("https", "api.example", 8443)),
    ],
)
def test_an_origin_has_its_default_port(library: Any, url: str, origin: Any) -> None:
    assert origin_of_url(library.URL(url)) == named_origin(library.URL(url)) == origin


@LIBRARIES
@pytest.mark.parametrize(
    "url",
    [
        *("https://api.example/orders", "https://api.example?a=1", "ftp://api.example"),
        *("api.example", "https://", "/"),
    ],
)
def test_anything_else_than_an_origin_is_refused(library: Any, url: str) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        named_origin(library.URL(url))


def test_credentials_in_a_refused_origin_are_not_shown() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        named_origin(httpx.URL("https://user:secret@api.example/orders"))
    assert "secret" not in str(caught.value)


def test_a_refused_token_is_remembered_for_its_origin_alone() -> None:
    refused_tokens = RefusedTokens()
    refused_tokens.add(API, "t")
    assert (API, "t") in refused_tokens
    assert (API, "u") not in refused_tokens
    assert (("https", "other.example", 443), "t") not in refused_tokens
    refused_tokens.forget(API)
    assert (API, "t") not in refused_tokens


def test_the_memory_of_refused_tokens_is_bounded() -> None:
    refused_tokens = RefusedTokens()
    for number in range(token_auth._MOST_ORIGINS + 1):
        refused_tokens.add(("https", f"{number}.example", 443), "t")
    assert (("https", "0.example", 443), "t") not in refused_tokens
    assert (("https", f"{token_auth._MOST_ORIGINS}.example", 443), "t") in refused_tokens


@LIBRARIES
def test_an_answer_after_a_redirect_by_another_origin_is_not_the_apis(library: Any) -> None:
    own, other = answer(library, 401), answer(library, 302, url="https://other.example/")
    assert answers_for(API, own)
    own.history = [answer(library, 302)]
    assert answers_for(API, own)
    own.history = [answer(library, 302), other]
    assert not answers_for(API, own)
    assert not answers_for(API, other)


@LIBRARIES
@pytest.mark.parametrize(
    ("status", "challenges", "refuses"),
    [
        (401, [], True),
        (401, ["Bearer"], True),
        (401, ['Bearer error="invalid_token"'], True),
        (401, ['Bearer error="insufficient_scope"'], False),
        (401, ['DPoP error="use_dpop_nonce"'], False),
        (401, ['Bearer error="insufficient_scope"', 'Bearer error="invalid_token"'], True),
        (403, ['Bearer error="invalid_token"'], False),
        (200, [], False),
    ],
)
def test_only_a_refusal_of_the_token_renews_it(
    library: Any, status: int, challenges: list[str], refuses: bool
) -> None:
    assert refuses_the_token(answer(library, status, *challenges)) is refuses


def test_the_errors_of_all_challenges_are_read() -> None:
    response = answer(httpx, 401, 'Bearer error="a"', "DPoP")
    assert challenge_errors(response) == {"a", None}


@LIBRARIES
def test_a_bearer_token_is_put_on_a_request(library: Any) -> None:
    headers = library.Headers()
    put_bearer(headers, "t")
    assert headers["Authorization"] == "Bearer t"


@pytest.mark.parametrize("token", ["", " ", "t\r\nX-Injected: 1", "t\xe9", "t\x00"])
def test_a_token_that_cannot_stand_in_a_header_is_refused(token: str) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        put_bearer(httpx.Headers(), token)


@LIBRARIES
def test_a_proof_leaves_the_request_together_with_its_token(library: Any) -> None:
    headers = library.Headers({"DPoP": "old", "X-Own": "1"})
    put_proof(headers, {"Authorization": "DPoP t", "DPoP": "proof"})
    assert (headers["dpop"], headers["authorization"]) == ("proof", "DPoP t")
    headers.pop("Authorization", None)
    assert "proof" not in str(headers.raw)
    assert headers["x-own"] == "1"


@pytest.mark.parametrize("name", ["TokenAuth", "AsyncTokenAuth"])
def test_an_auth_of_the_other_api_is_refused_by_the_name_of_the_right_one(name: str) -> None:
    error = wrong_client_error(name)
    assert error.code == "wrong_kind_of_auth"
    other = "py_identity_model.TokenAuth" if name.startswith("Async") else "aio.AsyncTokenAuth"
    assert other in str(error)
