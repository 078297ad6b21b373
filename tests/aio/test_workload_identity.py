"""Workloads that authenticate by what their platform issues, over real HTTP."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from py_identity_model import (
    ClientAuthentication,
    ClientCredentialsTokenRequest,
    FederatedAssertion,
    GitHubActionsToken,
    PrivateKeyJwtAuthentication,
    TokenCommand,
    decode_jwt,
    verify_jws,
)
from py_identity_model._jose.encoding import parse_object
from py_identity_model._seam.aio import gather, sleep
from py_identity_model.aio import (
    AsyncOAuthClient,
    AsyncTokenSource,
    request_client_credentials_token,
    workload_identity,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received

RUNNER = "the-runners-s3cret"
SPIFFE_ID = "spiffe://example.org/web"


@pytest.fixture
def platform() -> Iterator[EmbeddedProvider]:
    """Issues tokens to workloads."""
    with EmbeddedProvider() as issuing:
        yield issuing


@pytest.fixture
def federated(provider: EmbeddedProvider, platform: EmbeddedProvider) -> EmbeddedProvider:
    """A provider that accepts the assertions of the platform."""
    keys = [key.as_dict() for key in platform.keys]

    def respond(received: Received) -> Answer | None:
        if received.path != "/token":
            return None
        try:
            claims = parse_object(verify_jws(received.form["client_assertion"], keys, ["RS256"]))
        except Exception:
            return Answer.of_json({"error": "invalid_client"}, 401)
        accepted = claims["aud"] == provider.issuer and claims["sub"] == "workload"
        token = {"access_token": str(claims["jti"]), "token_type": "Bearer"}
        return Answer.of_json(token if accepted else {"error": "invalid_client"}, 200)

    provider.intercept = respond
    return provider


@pytest.fixture
def mint(platform: EmbeddedProvider, provider: EmbeddedProvider) -> Callable[..., str]:
    def minted(**claims: Any) -> str:
        return platform.mint(**({"aud": provider.issuer, "sub": "workload"} | claims))

    return minted


def ask(
    provider: EmbeddedProvider, authentication: ClientAuthentication
) -> ClientCredentialsTokenRequest:
    return ClientCredentialsTokenRequest(
        provider.token_endpoint, "web", client_authentication=authentication
    )


async def test_a_projected_token_is_read_again_after_its_rotation(
    federated: EmbeddedProvider, mint: Callable[..., str], tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(mint(jti="first"))
    identity = workload_identity(federated.issuer, kubernetes_token_file=file)
    source = AsyncTokenSource(ask(federated, identity))
    assert (await source.get_token()).access_token == "first"
    (tmp_path / "new").write_text(mint(jti="second"))
    (tmp_path / "new").replace(file)
    assert (await source.renew("first")).access_token == "second"


async def test_an_expired_or_foreign_token_never_leaves(
    federated: EmbeddedProvider, mint: Callable[..., str], tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(mint())
    identity = workload_identity(federated.issuer, token_file=file)
    unusable: dict[str, dict[str, Any]] = {
        "expired": {"exp": 1},
        "another audience": {"aud": "elsewhere"},
    }
    for words, claims in unusable.items():
        file.write_text(mint(**claims))
        response = await request_client_credentials_token(ask(federated, identity))
        assert words in str(response.error)
        assert file.read_text() not in str(response.error)
    assert federated.requests == []


async def test_a_forged_token_is_refused_by_the_provider(
    federated: EmbeddedProvider, mint: Callable[..., str], tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(federated.mint(aud=federated.issuer, sub="workload"))  # by another key
    identity = workload_identity(federated.issuer, token_file=file)
    response = await request_client_credentials_token(ask(federated, identity))
    assert response.oauth_error == "invalid_client"


@pytest.fixture
def github(
    platform: EmbeddedProvider, mint: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> EmbeddedProvider:
    """A platform that issues tokens to its runner, as GitHub does."""

    def respond(received: Received) -> Answer | None:
        if received.path != "/actions":
            return None
        if received.headers.get("authorization") != f"Bearer {RUNNER}":
            return Answer.of_json({"message": f"not {received.headers['authorization']}"}, 401)
        return Answer.of_json({"value": mint(aud=received.query["audience"])})

    platform.intercept = respond
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{platform.issuer}/actions?api-version=2")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", RUNNER)
    return platform


async def test_a_job_of_github_gets_a_token_for_each_attempt(
    federated: EmbeddedProvider, github: EmbeddedProvider
) -> None:
    identity = workload_identity(federated.issuer, kubernetes_token_file="/none")
    for count in (1, 2):
        response = await request_client_credentials_token(ask(federated, identity))
        assert response.is_successful, response.error
        assert github.count("/actions") == count
    assert github.requests[0].query == {"api-version": "2", "audience": federated.issuer}
    assert RUNNER not in federated.requests[0].body.decode()
    assert "authorization" not in federated.requests[0].headers


async def test_a_refusal_of_github_is_reported_without_its_secret(
    federated: EmbeddedProvider, github: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = FederatedAssertion(GitHubActionsToken(federated.issuer))
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "another-s3cret")
    response = await request_client_credentials_token(ask(federated, identity))
    assert "GitHub Actions issues no token: status 401" in str(response.error)
    assert "s3cret" not in str(response.error)
    assert federated.requests == []


async def test_an_outage_of_github_is_one(
    federated: EmbeddedProvider, github: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_RETRY_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("HTTP_RETRY_BASE_DELAY", "0")
    identity = FederatedAssertion(GitHubActionsToken(federated.issuer))
    github.close()
    response = await request_client_credentials_token(ask(federated, identity))
    assert "assertion could not be fetched" in str(response.error)
    assert str(response.error).startswith("Network error")
    assert RUNNER not in str(response.error)
    assert federated.requests == []


async def test_a_jwt_svid_is_sent_as_one(
    federated: EmbeddedProvider, mint: Callable[..., str], tmp_path: Path
) -> None:
    file = tmp_path / "jwt_svid.token"
    file.write_text(mint())
    identity = workload_identity(federated.issuer, spiffe_jwt_file=file)
    request = ClientCredentialsTokenRequest(
        federated.token_endpoint, SPIFFE_ID, client_authentication=identity
    )
    assert (await request_client_credentials_token(request)).is_successful
    form = federated.requests[0].form
    assert form["client_id"] == SPIFFE_ID
    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe"


async def test_a_command_prints_the_assertion(
    federated: EmbeddedProvider, mint: Callable[..., str]
) -> None:
    program = [sys.executable, "-c", f"print({mint(jti='printed')!r})"]
    identity = workload_identity(federated.issuer, command=program)
    response = await request_client_credentials_token(ask(federated, identity))
    assert response.token is not None
    assert response.token["access_token"] == "printed"


async def test_a_waiting_command_does_not_stop_others(
    federated: EmbeddedProvider, mint: Callable[..., str], tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command = TokenCommand(["cat", str(pipe)], timeout=8)
    waiting = ask(federated, FederatedAssertion(command))
    responses = []

    async def request() -> None:
        responses.append(await request_client_credentials_token(waiting))

    async def write() -> None:
        handle = None
        while handle is None:  # until the command reads
            await sleep(0.001)
            with suppress(OSError):
                handle = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        os.write(handle, mint().encode())
        os.close(handle)

    await gather([request, write])
    assert responses[0].is_successful, responses[0].error


async def test_an_oauth_client_authenticates_as_the_workload(
    provider: EmbeddedProvider, mint: Callable[..., str], tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(mint())
    identity = workload_identity(provider.issuer, token_file=file)
    client = AsyncOAuthClient(provider.issuer, "web", identity)
    await client.introspect("t")
    assert provider.requests[-1].form["client_assertion"] == file.read_text()


async def test_a_typed_assertion_of_an_oauth_client_is_for_the_issuer(
    provider: EmbeddedProvider,
) -> None:
    key = ECKey.generate_key("P-256")
    method = PrivateKeyJwtAuthentication(
        key.as_pem(private=True), "ES256", typ="client-authentication+jwt"
    )
    client = AsyncOAuthClient(provider.issuer, "web", method)
    await client.introspect("t")
    assertion = provider.requests[-1].form["client_assertion"]
    claims = decode_jwt(
        assertion,
        key.as_dict(private=False),
        ["ES256"],
        issuer="web",
        audience=provider.issuer,
        typ="client-authentication+jwt",
    )
    assert claims["aud"] == provider.issuer
