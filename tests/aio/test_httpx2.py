"""Clients of httpx2, wherever a client may be injected, and tokens on their requests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import httpx2
import pytest

from py_identity_model._http_library import connections_of, library_of
from py_identity_model._wire.messages import HttpRequest, HttpResponse, Replay
from py_identity_model.aio import (
    AsyncHTTPClient,
    AsyncTokenAuth,
    AsyncTokenSource,
    ClientCredentialsTokenRequest,
    DPoPKey,
    TokenValidationConfig,
    request_client_credentials_token,
    validate_token,
)
from py_identity_model.aio._transport import sending
from py_identity_model.aio._transport.sending import send
from py_identity_model.exceptions import (
    ConfigurationException,
    DeadlineExceededException,
    NetworkException,
    ResponseRefusedException,
)
from py_identity_model.testing import Answer, EmbeddedProvider
from tests.support import URL, Drip, answering, refused

GET = HttpRequest("GET", URL)
SPENT = HttpRequest("POST", URL, form={"code": "c"}, replay=Replay.UNSENT)


def script(*steps: int | Exception | httpx2.Response) -> httpx2.MockTransport:
    """Return a transport that answers with one step after the other."""
    left = list(steps)

    def serve(request: httpx2.Request) -> httpx2.Response:
        step = left.pop(0)
        if isinstance(step, Exception):
            raise step
        return httpx2.Response(step, json={}) if isinstance(step, int) else step

    return httpx2.MockTransport(serve)


async def sent(request: HttpRequest, transport: httpx2.MockTransport) -> HttpResponse:
    async with httpx2.AsyncClient(transport=transport) as client:
        return await send(request, AsyncHTTPClient(client))


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let retries not wait."""

    async def note(seconds: float) -> None:
        return None

    monkeypatch.setattr(sending, "sleep", note)


async def test_tokens_are_validated_with_keys_that_httpx2_fetched(
    provider: EmbeddedProvider,
) -> None:
    config = TokenValidationConfig(perform_disco=True, audience="api")
    token = provider.mint(aud="api")
    async with httpx2.AsyncClient() as client:
        wrapped = AsyncHTTPClient(client)
        for _ in range(2):
            claims = await validate_token(token, config, provider.issuer, http_client=wrapped)
            assert claims["iss"] == provider.issuer
        inside: object = wrapped.client
        assert inside is client
    assert wrapped.is_closed
    assert provider.count("/jwks") == 1


async def test_a_token_request_goes_through_httpx2(provider: EmbeddedProvider) -> None:
    async with httpx2.AsyncClient() as client:
        response = await request_client_credentials_token(
            ClientCredentialsTokenRequest(
                provider.token_endpoint, provider.client_id, provider.client_secret
            ),
            AsyncHTTPClient(client),
        )
    assert response.is_successful
    (received,) = provider.requests
    assert received.headers["accept-encoding"] == "identity"


async def test_its_errors_are_retried_where_that_is_safe_and_mapped() -> None:
    assert (await sent(GET, script(503, httpx2.ReadError("reset"), 200))).status_code == 200
    with refused(NetworkException, "network_error"):
        await sent(GET, script(*[httpx2.ConnectError("refused")] * 4))
    with pytest.raises(NetworkException):
        await sent(SPENT, script(httpx2.ReadError("reset"), 200))
    assert (await sent(SPENT, script(httpx2.ConnectError("refused"), 200))).status_code == 200
    with pytest.raises(NetworkException):
        await sent(GET, script(httpx2.UnsupportedProtocol("no scheme"), 200))
    with refused(ConfigurationException, "invalid_url"):
        await sent(HttpRequest("GET", "https://op.example:port/"), script(200))


async def test_its_answers_are_bounded_and_neither_redirected_nor_encoded() -> None:
    moved = httpx2.Response(302, headers={"location": "https://else.example/"})
    with refused(ResponseRefusedException, "redirect_refused"):
        await sent(GET, script(moved))
    encoded = httpx2.Response(
        200, headers={"content-encoding": "br"}, stream=httpx2.ByteStream(b"")
    )
    with refused(ResponseRefusedException, "content_encoding_refused"):
        await sent(GET, script(encoded))


async def test_a_body_of_its_is_read_no_further_than_its_bound(provider: EmbeddedProvider) -> None:
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    endless = Answer(200, chunk * 200, {"transfer-encoding": "chunked"})
    provider.intercept = answering("/bomb", endless)
    request = HttpRequest("GET", f"{provider.issuer}/bomb", max_body=0x10000)
    async with httpx2.AsyncClient() as client:
        with refused(ResponseRefusedException, "response_too_large"):
            await send(request, AsyncHTTPClient(client))


async def test_a_body_of_its_that_drips_is_given_up_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_TIMEOUT", "0.2")
    with Drip(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n", b"x") as server:
        async with httpx2.AsyncClient() as client:
            with pytest.raises(DeadlineExceededException):
                await send(HttpRequest("GET", server.url), AsyncHTTPClient(client), retries=0)


def source_of(provider: EmbeddedProvider, key: DPoPKey | None = None) -> AsyncTokenSource:
    kind = "Bearer" if key is None else "DPoP"
    provider.intercept = lambda received: Answer.of_json(
        {"access_token": f"a{provider.count('/token')}", "token_type": kind, "expires_in": 60}
    )
    return AsyncTokenSource(
        ClientCredentialsTokenRequest(
            provider.token_endpoint, provider.client_id, provider.client_secret, dpop_key=key
        )
    )


def api(
    auth: AsyncTokenAuth, serve: Callable[[httpx2.Request], httpx2.Response]
) -> httpx2.AsyncClient:
    transport = httpx2.MockTransport(serve)
    return httpx2.AsyncClient(transport=transport, auth=auth.for_httpx2(), follow_redirects=True)


async def test_a_refused_token_is_renewed_on_an_httpx2_client(provider: EmbeddedProvider) -> None:
    seen = []

    def serve(request: httpx2.Request) -> httpx2.Response:
        seen.append((request.headers["authorization"], request.content))
        return httpx2.Response(200 if seen[-1][0] == "Bearer a2" else 401)

    async with api(AsyncTokenAuth(source_of(provider)), serve) as client:
        response = await client.post("https://api.example/orders", content=b"one")
    assert response.status_code == 200
    assert seen == [("Bearer a1", b"one"), ("Bearer a2", b"one")]


async def test_a_body_that_streams_through_httpx2_is_sent_once(provider: EmbeddedProvider) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    def serve(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(401)

    async with api(AsyncTokenAuth(source_of(provider)), serve) as client:
        response = await client.post("https://api.example/orders", content=pieces())
    assert response.status_code == 401
    assert provider.count("/token") == 1


async def test_an_httpx2_redirect_does_not_carry_the_token_elsewhere(
    provider: EmbeddedProvider,
) -> None:
    seen: dict[str, bool] = {}

    def serve(request: httpx2.Request) -> httpx2.Response:
        seen[request.url.host] = "authorization" in request.headers
        if request.url.host == "api.example":
            return httpx2.Response(302, headers={"location": "https://else.example/"})
        return httpx2.Response(200)

    async with api(AsyncTokenAuth(source_of(provider)), serve) as client:
        await client.get("https://api.example/")
    assert seen == {"api.example": True, "else.example": False}


async def test_proofs_and_their_nonces_are_added_to_httpx2_requests(
    provider: EmbeddedProvider,
) -> None:
    proofs = []

    def serve(request: httpx2.Request) -> httpx2.Response:
        proofs.append(request.headers["dpop"])
        assert request.headers["authorization"] == "DPoP a1"
        if len(proofs) > 1:
            return httpx2.Response(200)
        demand = {"www-authenticate": 'DPoP error="use_dpop_nonce"', "dpop-nonce": "n"}
        return httpx2.Response(401, headers=demand)

    async with api(AsyncTokenAuth(source_of(provider, DPoPKey())), serve) as client:
        assert (await client.get("https://api.example/")).status_code == 200
    assert len(set(proofs)) == 2


async def test_an_httpx2_redirect_carries_neither_token_nor_proof_elsewhere(
    provider: EmbeddedProvider,
) -> None:
    provider.intercept = lambda received: Answer.of_json(
        {"access_token": "a1", "token_type": "DPoP", "expires_in": 60}
    )
    seen: dict[str, tuple[bool, bool]] = {}

    def serve(request: httpx2.Request) -> httpx2.Response:
        seen[request.url.host] = "authorization" in request.headers, "dpop" in request.headers
        if request.url.host == "api.example":
            return httpx2.Response(302, headers={"location": "https://else.example/"})
        return httpx2.Response(401, headers={"www-authenticate": "DPoP", "dpop-nonce": "theirs"})

    async with api(AsyncTokenAuth(source_of(provider, DPoPKey())), serve) as client:
        client.follow_redirects = True
        assert (await client.get("https://api.example/")).status_code == 401
    assert seen == {"api.example": (True, True), "else.example": (False, False)}
    assert provider.count("/token") == 1


def test_an_object_of_neither_library_is_treated_as_httpx() -> None:
    assert library_of(object()) is httpx
    assert library_of(httpx.Request("GET", URL)) is httpx
    assert library_of(httpx2.Request("GET", URL)) is httpx2


@pytest.mark.parametrize("library", [httpx, httpx2])
async def test_how_many_connections_a_client_may_have_is_known(library: Any) -> None:
    for given, most in ((7, 7), (100, 100), (5000, 400), (None, 400)):
        async with library.AsyncClient(limits=library.Limits(max_connections=given)) as client:
            assert connections_of(client) == most
    async with library.AsyncClient() as client:
        assert connections_of(client) == 100
    mock = library.MockTransport(lambda request: library.Response(200))
    async with library.AsyncClient(transport=mock) as client:
        assert connections_of(client) == 100
