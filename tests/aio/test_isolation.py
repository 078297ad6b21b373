"""Two objects of each kind with the same names, at once: neither sees what is the other's."""

from __future__ import annotations

import base64
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import httpx
import pytest
import trustme

from py_identity_model._seam.aio import Event, PeerLocal, gather, sleep
from py_identity_model.aio import (
    AsyncAccessTokenVerifier,
    AsyncHTTPClient,
    AsyncMemoryTokenStore,
    AsyncOAuthClient,
    AsyncSession,
    AsyncTokenIntrospector,
    AsyncTokenSource,
    ClientCredentialsTokenRequest,
    ClientSecretBasic,
    validate_token,
)
from py_identity_model.aio._cache.single_flight import AsyncSingleFlight
from py_identity_model.exceptions import AccessTokenRefusedException, TokenValidationException
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.support import CONFIG


class Meeting:
    """Holds the requests of two objects back until both have come.

    An object that waits for the other's request sends none of its own: then ``missed`` is true.
    """

    def __init__(self, path: str, answers: dict[str, Answer] | None = None) -> None:
        self.path = path
        self.answers = answers or {}
        self.missed = False
        self._barrier = threading.Barrier(2)

    def at(self, provider: EmbeddedProvider) -> None:
        provider.intercept = partial(self._meet, provider.issuer)

    def _meet(self, issuer: str, received: Received) -> Answer | None:
        if received.path != self.path:
            return None
        try:
            self._barrier.wait(3)
        except threading.BrokenBarrierError:
            self.missed = True
        return self.answers.get(issuer)


@pytest.fixture
def other() -> Iterator[EmbeddedProvider]:
    with EmbeddedProvider() as running:
        yield running


async def came(event: Event) -> bool:
    """Return whether ``event`` came within a few seconds; a shared lock would keep it away."""
    for _ in range(3000):
        if event.is_set():
            return True
        await sleep(0.001)
    return False


def secrets_seen(provider: EmbeddedProvider) -> set[str]:
    headers = [request.headers.get("authorization", "") for request in provider.requests]
    basic = [one.removeprefix("Basic ") for one in headers if one.startswith("Basic ")]
    return {base64.b64decode(one).decode().partition(":")[2] for one in basic}


async def test_two_clients_have_the_metadata_of_their_own_providers(
    provider: EmbeddedProvider, other: EmbeddedProvider
) -> None:
    meeting = Meeting("/.well-known/openid-configuration")
    meeting.at(provider)
    meeting.at(other)
    clients = [AsyncOAuthClient(one.issuer, "machine") for one in (provider, other)]
    found = await gather([client.metadata for client in clients])
    assert [one.issuer for one in found] == [provider.issuer, other.issuer]
    assert not meeting.missed


async def test_changes_of_a_callers_metadata_affect_no_other(
    provider: EmbeddedProvider,
) -> None:
    client = AsyncOAuthClient(provider.issuer, "machine")
    found = await client.metadata()
    found.token_endpoint = "https://evil.example/token"
    found.scopes_supported = None
    (found.document or {})["revocation_endpoint"] = "https://evil.example/revoke"
    again = await client.metadata()
    assert again.token_endpoint == provider.token_endpoint
    assert "evil" not in repr(vars(again))
    assert again.scopes_supported


async def test_changes_of_a_sessions_claims_affect_no_other_caller(
    provider: EmbeddedProvider,
) -> None:
    provider.users = {"alice": {"roles": ["user"], "address": {"country": "NZ"}}}
    authentication = ClientSecretBasic(provider.client_secret)
    client = AsyncOAuthClient(
        provider.issuer,
        provider.client_id,
        authentication,
        redirect_uri="https://app.example/callback",
    )
    begun = await client.authorization_request()
    landing = str(httpx.get(begun.url, trust_env=False).headers["location"])
    first = await client.callback(landing, begun, userinfo=True)
    second = await AsyncSession.from_json(first.to_json(), client)
    await gather([first.refresh, second.refresh])  # both get the result of one renewal
    for session in (first, second):
        session.claims["roles"].append("admin")
        (session.userinfo or {})["address"]["country"] = "AU"
    for session in (first, second):
        assert session.claims["roles"] == ["user"]
        assert (session.userinfo or {})["address"] == {"country": "NZ"}


async def test_changes_of_what_a_session_was_made_from_do_not_affect_it() -> None:
    details: dict[str, Any] = {"authorization_details": [{"type": "read"}]}
    claims: dict[str, Any] = {"sub": "alice", "roles": ["user"]}
    session = AsyncSession({"access_token": "a", **details}, claims, userinfo=claims)
    claims["roles"].append("admin")
    details["authorization_details"][0]["type"] = "write"
    session.token["authorization_details"][0]["type"] = "write"
    assert session.claims["roles"] == ["user"]
    assert session.userinfo == {"sub": "alice", "roles": ["user"]}
    assert session.token["authorization_details"] == [{"type": "read"}]


async def test_a_secret_goes_to_the_provider_of_its_own_client(
    provider: EmbeddedProvider, other: EmbeddedProvider
) -> None:
    meeting = Meeting("/.well-known/openid-configuration")
    meeting.at(provider)
    meeting.at(other)

    async def token_of(one: EmbeddedProvider) -> str:
        authentication = ClientSecretBasic(one.client_secret)
        client = AsyncOAuthClient(one.issuer, "machine", authentication)
        source = await client.token_source()
        return (await source.get_token()).access_token

    await gather([partial(token_of, provider), partial(token_of, other)])
    assert secrets_seen(provider) == {provider.client_secret}
    assert secrets_seen(other) == {other.client_secret}
    assert not meeting.missed


async def test_two_apis_believe_their_own_providers_about_one_opaque_token(
    provider: EmbeddedProvider, other: EmbeddedProvider
) -> None:
    active = Answer.of_json({"active": True, "sub": "mallory", "aud": "api"})
    meeting = Meeting(
        "/introspect",
        {provider.issuer: active, other.issuer: Answer.of_json({"active": False})},
    )
    meeting.at(provider)
    meeting.at(other)

    def verifier_of(one: EmbeddedProvider) -> AsyncAccessTokenVerifier:
        address = f"{one.issuer}/introspect"
        opaque = AsyncTokenIntrospector(address, "api", ClientSecretBasic("s3cret"))
        return AsyncAccessTokenVerifier(one.issuer, "api", opaque_tokens=opaque)

    async def verdict_of(verifier: AsyncAccessTokenVerifier) -> str:
        try:
            return (await verifier.verify("Bearer opaque")).subject or ""
        except AccessTokenRefusedException as error:
            return error.code

    verifiers = [verifier_of(one) for one in (provider, other)]
    verdicts = await gather([partial(verdict_of, one) for one in verifiers])
    assert verdicts == ["mallory", "inactive_token"]
    assert not meeting.missed


async def test_two_sources_with_equal_requests_have_tokens_of_their_own(
    provider: EmbeddedProvider,
) -> None:
    meeting = Meeting("/token")
    meeting.at(provider)
    request = ClientCredentialsTokenRequest(
        provider.token_endpoint, provider.client_id, provider.client_secret
    )
    sources = [AsyncTokenSource(request) for _ in range(2)]
    first, second = await gather([source.get_token for source in sources])
    assert first.access_token != second.access_token
    assert not meeting.missed


async def test_a_client_that_checks_certificates_takes_no_keys_from_one_that_does_not() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with EmbeddedProvider(tls=context) as untrusted:
        token = untrusted.mint()
        async with AsyncHTTPClient(verify=False) as lax, AsyncHTTPClient() as strict:

            async def verdict(client: AsyncHTTPClient) -> str:
                with suppress(TokenValidationException):
                    claims: dict[str, Any] = await validate_token(
                        token, CONFIG, untrusted.issuer, client
                    )
                    return str(claims["sub"])
                return "refused"

            verdicts = await gather([partial(verdict, one) for one in (lax, strict)] * 4)
    assert set(verdicts[::2]) == {"machine"}
    assert set(verdicts[1::2]) == {"refused"}


async def test_a_lock_of_one_store_is_not_that_of_another() -> None:
    stores = [AsyncMemoryTokenStore() for _ in range(2)]
    both = [Event(), Event()]

    async def hold(index: int) -> None:
        async with stores[index].lock("key"):
            both[index].set()
            met[index] = await came(both[1 - index])

    met = [False, False]
    await gather([partial(hold, 0), partial(hold, 1)])
    assert met == [True, True]
    await stores[0].set("key", "value", None)
    assert await stores[1].get("key") is None


async def test_calls_of_one_name_and_key_are_distinguished_by_their_object() -> None:
    both = [Event(), Event()]
    flights: list[AsyncSingleFlight[int]] = [AsyncSingleFlight("same") for _ in range(2)]

    async def call(index: int) -> int:
        both[index].set()
        assert await came(both[1 - index])
        return index

    outcomes = await gather(
        [partial(flights[index].run, "key", partial(call, index)) for index in range(2)]
    )
    assert outcomes == [(0, True), (1, True)]


async def test_values_per_worker_belong_to_their_object() -> None:
    first: PeerLocal[list[int]] = PeerLocal(list)
    second: PeerLocal[list[int]] = PeerLocal(list)
    first.get().append(1)
    assert second.get() == []
    assert first.get() == [1]
