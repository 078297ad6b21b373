"""Header fields with tokens, for clients of any library."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from py_identity_model._wire.dpop_nonces import nonces_of
from py_identity_model.aio import (
    AsyncRequestHeaders,
    AsyncTokenHeaders,
    AsyncTokenSource,
    ClientCredentialsTokenRequest,
    DPoPKey,
)
from py_identity_model.exceptions import (
    ConfigurationException,
    InvalidArgumentError,
    TokenRequestException,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.support import claims_in, failing, refused

API = "https://api.example"
INVALID = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


def source_of(provider: EmbeddedProvider, **more: Any) -> AsyncTokenSource:
    request = ClientCredentialsTokenRequest(
        provider.token_endpoint, provider.client_id, provider.client_secret, **more
    )
    return AsyncTokenSource(request)


@pytest.fixture
def numbered(provider: EmbeddedProvider) -> EmbeddedProvider:
    """A provider of the tokens t0, t1…"""
    numbers = itertools.count()

    def respond(received: Received) -> Answer | None:
        kind = "DPoP" if "dpop" in received.headers else "Bearer"
        token = {"access_token": f"t{next(numbers)}", "token_type": kind, "expires_in": 3600}
        return Answer.of_json(token) if received.path == "/token" else None

    provider.intercept = respond
    return provider


def request_to(provider: EmbeddedProvider, **more: Any) -> AsyncRequestHeaders:
    headers = AsyncTokenHeaders(source_of(provider, **more), origins=[API])
    return headers.of_request(f"{API}/orders")


async def test_a_call_returns_the_fields_of_one_request(numbered: EmbeddedProvider) -> None:
    headers = AsyncTokenHeaders(source_of(numbered), origins=[API])
    assert await headers(f"{API}/orders") == {"Authorization": "Bearer t0"}
    assert await headers(f"{API}/other", "POST") == {"Authorization": "Bearer t0"}


@pytest.mark.parametrize(
    "url",
    [
        *("https://api.example/orders", "https://API.example:443/", "https://api.example.?q#f"),
        *("https://user:word@api.example/", "https://\uff41\uff50\uff49.example"),
    ],
)
async def test_an_origin_is_compared_as_a_resolver_reads_it(
    provider: EmbeddedProvider, url: str
) -> None:
    assert AsyncTokenHeaders(source_of(provider), origins=[f"{API}/"]).covers(url)


@pytest.mark.parametrize(
    "url",
    [
        *("http://api.example/", "https://api.example:8443/", "https://api.example.evil.example/"),
        *("https://evil.example/?https://api.example", "https://api.example@evil.example/"),
        *("https://evil.example#@api.example", "https://evil.example\\@api.example/"),
        *("https://api.example\t.evil.example", "https://[half", "ftp://api.example", "", "api"),
        *("https://evilapi.example", "https://api.example\n", "https://\udc80.example"),
    ],
)
async def test_another_origin_gets_no_token(provider: EmbeddedProvider, url: str) -> None:
    headers = AsyncTokenHeaders(source_of(provider), origins=[API])
    assert not headers.covers(url)
    with pytest.raises((InvalidArgumentError, ConfigurationException)) as raised:
        await headers(url)
    assert raised.value.code in {"token_for_another_origin", "invalid_url"}
    assert provider.count("/token") == 0


async def test_an_internationalized_host_is_compared_in_its_encoded_form(
    provider: EmbeddedProvider,
) -> None:
    headers = AsyncTokenHeaders(source_of(provider), origins=["https://bücher.example"])
    assert headers.covers("https://xn--bcher-kva.example/")
    assert headers.covers("https://BÜCHER.example/")


@pytest.mark.parametrize(
    "url", ["https://faß.example/", "https://fa\u1e9e.example", "https://ς.example"]
)
async def test_a_host_that_clients_read_otherwise_gets_no_token(
    provider: EmbeddedProvider, url: str
) -> None:
    """For the older IDNA it is fass.example; httpx and requests connect to xn--fa-hia.example."""
    origins = ["https://fass.example", "https://xn--4xa.example"]
    headers = AsyncTokenHeaders(source_of(provider), origins=origins)
    assert not headers.covers(url)
    with refused(ConfigurationException, "invalid_url"):
        await headers(url)
    with pytest.raises(InvalidArgumentError, match="origins"):
        AsyncTokenHeaders(source_of(provider), origins=[url])


@pytest.mark.parametrize(
    "origins",
    [
        *([], "https://api.example", None, [""], ["api.example"], ["https://api.example/v1"]),
        *(["https://api.example?q"], ["https://user@api.example"], [7], ["ftp://api.example"]),
        *(["*"], ["https://"], [API, "https://[half"]),
    ],
)
async def test_origins_are_named_exactly(provider: EmbeddedProvider, origins: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="origins"):
        AsyncTokenHeaders(source_of(provider), origins=origins)


async def test_plain_http_is_for_this_machine_alone(provider: EmbeddedProvider) -> None:
    source = source_of(provider)
    with refused(InvalidArgumentError, "https_required_for_tokens"):
        AsyncTokenHeaders(source, origins=[API, "http://api.example"])
    origins = ["http://api.example"]
    assert AsyncTokenHeaders(source, origins=origins, allow_tokens_over_plain_http=True)
    for local in ("http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000"):
        assert AsyncTokenHeaders(source, origins=[local]).covers(f"{local}/orders")


async def test_only_a_source_is_a_source() -> None:
    wrong: Any = "token"
    with pytest.raises(InvalidArgumentError, match="must be"):
        AsyncTokenHeaders(wrong, origins=[API])


async def test_a_refused_token_is_renewed_once(numbered: EmbeddedProvider) -> None:
    request = request_to(numbered)
    await request.first()
    assert await request.again(401, INVALID) == {"Authorization": "Bearer t1"}
    assert await request.again(401, INVALID) is None
    assert numbered.count("/token") == 2


async def test_requests_of_an_origin_that_refuses_every_token_do_not_renew_again(
    numbered: EmbeddedProvider,
) -> None:
    headers = AsyncTokenHeaders(source_of(numbered), origins=[API])
    for _ in range(3):
        request = headers.of_request(API)
        await request.first()
        while await request.again(401, INVALID) is not None:
            pass
    assert numbered.count("/token") == 2
    request = headers.of_request(API)
    await request.first()
    assert await request.again(200, {}) is None
    assert not headers._refused._last  # a refusal would be news from here on


@pytest.mark.parametrize(
    ("status", "headers", "repeatable"),
    [
        (200, {}, True),
        (403, INVALID, True),
        (500, {}, True),
        (401, {"www-authenticate": 'Bearer error="insufficient_user_authentication"'}, True),
        (401, {"www-authenticate": 'Bearer error="invalid_request"'}, True),
        (401, INVALID, False),
    ],
)
async def test_what_another_token_would_not_help_is_not_repeated(
    numbered: EmbeddedProvider, status: int, headers: dict[str, str], repeatable: bool
) -> None:
    request = request_to(numbered)
    await request.first()
    assert await request.again(status, headers, is_repeatable=repeatable) is None
    assert numbered.count("/token") == 1


@pytest.mark.parametrize("headers", [{}, {"WWW-AUTHENTICATE": "Bearer"}])
async def test_a_401_without_a_reason_may_be_about_the_token(
    numbered: EmbeddedProvider, headers: dict[str, str]
) -> None:
    request = request_to(numbered)
    await request.first()
    assert await request.again(401, headers) == {"Authorization": "Bearer t1"}


async def test_a_response_before_any_token_says_nothing(numbered: EmbeddedProvider) -> None:
    assert await request_to(numbered).again(401, INVALID) is None
    assert numbered.count("/token") == 0


async def test_a_renewal_that_fails_is_not_raised(numbered: EmbeddedProvider) -> None:
    request = request_to(numbered)
    await request.first()
    numbered.intercept = failing("/token", 400)
    assert await request.again(401, INVALID) is None


async def test_without_a_token_the_reason_is_raised(provider: EmbeddedProvider) -> None:
    provider.intercept = failing("/token", 400)
    with refused(TokenRequestException, "token_request_error"):
        await request_to(provider).first()


async def test_a_demanded_nonce_is_proved_once_for_the_same_token(
    numbered: EmbeddedProvider,
) -> None:
    demand = {"www-authenticate": 'DPoP error="use_dpop_nonce"', "DPoP-Nonce": "n1"}
    request = request_to(numbered, dpop_key=DPoPKey())
    first = await request.first()
    again = await request.again(401, demand)
    assert again is not None
    assert first["Authorization"] == again["Authorization"] == "DPoP t0"
    assert first["DPoP"] != again["DPoP"]
    assert await request.again(401, {**demand, "DPoP-Nonce": "n2"}) is None
    assert numbered.count("/token") == 1


async def test_a_new_nonce_is_used_by_the_next_request(numbered: EmbeddedProvider) -> None:
    key = DPoPKey()
    headers = AsyncTokenHeaders(source_of(numbered, dpop_key=key), origins=[API])
    request = headers.of_request(API)
    await request.first()
    assert await request.again(200, {"dpop-nonce": "n1"}) is None
    assert [*nonces_of(key).nonces.values()] == ["n1"]


async def test_objects_with_one_key_share_its_nonces_and_others_do_not(
    numbered: EmbeddedProvider,
) -> None:
    key = DPoPKey()
    request = request_to(numbered, dpop_key=key)
    await request.first()
    await request.again(200, {"dpop-nonce": "n1"})
    nonces = []
    for one in (key, DPoPKey(), DPoPKey.from_pem(key.private_key_pem)):
        proof = (await request_to(numbered, dpop_key=one).first())["DPoP"]
        nonces.append(claims_in(proof, one.public_jwk, "ES256").get("nonce"))
    assert nonces == ["n1", None, None]
