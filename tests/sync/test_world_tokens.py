# Generated from aio/test_world_tokens.py by scripts/make_sync.py; edit that file.
"""The verifier of the README before the tokens of 18 servers, and what is forged beside each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from py_identity_model import TokenValidationException
from py_identity_model.providers import Provider
from py_identity_model.sync import (
    AccessTokenVerifier,
    DiscoveryPolicy,
    TrustedIssuer,
    verify_jws,
)
from py_identity_model.testing import EmbeddedProvider
from tests.support import answered, bearer

GONE = dict.fromkeys(("client_id", "jti"))
NO_CLIENT: dict[str, Any] = {"client_id": None}

Shape = tuple[str | None, dict[str, Any]]
SERVERS: dict[str, Shape] = {
    "Auth0": ("JWT", {**GONE, "azp": "c", "scope": "a"}),
    "Auth0 by RFC 9068": ("at+jwt", {}),
    "Okta": (None, {**NO_CLIENT, "cid": "c", "scp": ["a"]}),
    "Entra": ("JWT", {**GONE, "azp": "c", "scp": "a", "tid": "t"}),
    "Keycloak": ("JWT", {**NO_CLIENT, "azp": "c", "typ": "Bearer"}),
    "Keycloak before 25": (
        "JWT",
        {**NO_CLIENT, "azp": "c", "typ": "Bearer", "nonce": "n", "sid": "s", "auth_time": 1},
    ),
    "Cognito": (None, {"aud": None, "client_id": "c", "token_use": "access"}),
    "Zitadel": ("JWT", {}),
    "Duende": ("at+jwt", {}),
    "Ory Hydra": ("JWT", {"scp": ["a"]}),
    "Authentik": ("JWT", {**GONE, "azp": "c"}),
    "Logto": ("at+jwt", {}),
    "Kubernetes": (None, NO_CLIENT),
    "Firebase": ("JWT", GONE),
    "PingFederate": (None, {"sub": None, "iat": None}),
    "ADFS": ("JWT", {**GONE, "appid": "c"}),
    "Curity": (None, {}),
    "Spring Authorization Server": (None, NO_CLIENT),
    "OpenIddict": ("at+jwt", {}),
}
ID_TOKENS: dict[str, Shape] = {
    "Auth0": ("JWT", {**GONE, "nonce": "n"}),
    "Auth0 by RFC 9068": ("JWT", {**GONE, "nonce": "n"}),
    "Okta": (None, {**NO_CLIENT, "at_hash": "x"}),
    "Entra": ("JWT", {**GONE, "nonce": "n", "tid": "t"}),
    "Keycloak": ("JWT", {**NO_CLIENT, "azp": "c", "typ": "ID", "at_hash": "x"}),
    "Keycloak before 25": ("JWT", {**NO_CLIENT, "azp": "c", "typ": "ID", "nonce": "n"}),
    "Cognito": (None, {"token_use": "id", "at_hash": "x"}),
    "Zitadel": ("JWT", {**GONE, "at_hash": "x"}),
    "Duende": ("JWT", {**GONE, "at_hash": "x", "nonce": "n"}),
    "Ory Hydra": ("JWT", {**NO_CLIENT, "at_hash": "x"}),
    "Authentik": ("JWT", {**GONE, "azp": "c", "nonce": "n"}),
    "Logto": ("JWT", {**GONE, "at_hash": "x"}),
    "PingFederate": (None, {**NO_CLIENT, "nonce": "n"}),
    "ADFS": ("JWT", {**GONE, "nonce": "n", "auth_time": 1}),
    "Curity": ("JWT", {**GONE, "at_hash": "x", "nonce": "n"}),
    "Spring Authorization Server": (None, {**NO_CLIENT, "nonce": "n", "azp": "c"}),
    "OpenIddict": ("JWT", {**GONE, "at_hash": "x", "nonce": "n"}),
}
WITHOUT = {"Kubernetes": "there is no ID token", "Firebase": "the token is the ID token"}
LOGOUT: dict[str, Any] = {
    **GONE,
    "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    "sid": "s",
}
PROOF: dict[str, Any] = {**GONE, "htm": "GET", "htu": "https://api.example/"}


@pytest.fixture
def forger(provider: EmbeddedProvider) -> Iterator[EmbeddedProvider]:
    """Another provider, whose keys have the names of the first one's."""
    with EmbeddedProvider() as running:
        running._kids = dict(provider._kids)
        yield running


def readme_verifier(provider: EmbeddedProvider, name: str) -> AccessTokenVerifier:
    """Return the verifier of the README; by the rules of a preset where tokens need one."""
    if name == "Cognito":
        pool = Provider(
            name="cognito",
            issuer=provider.issuer,
            client_ids=["c"],
            required_claims={"token_use": ["access"]},
        )
        return AccessTokenVerifier(pool, "api")
    return AccessTokenVerifier(provider.issuer, "api")


def minted(server: EmbeddedProvider, shape: Shape, **changes: Any) -> str:
    typ, claims = shape
    return bearer(server.mint(header={"typ": typ}, **{**claims, **changes}))


def test_every_server_has_an_id_token_here_or_a_reason_why_not() -> None:
    assert {*SERVERS} == {*ID_TOKENS, *WITHOUT}


@pytest.mark.parametrize("name", SERVERS)
def test_the_access_token_of_a_server_is_accepted_and_none_forged_beside_it(
    provider: EmbeddedProvider, forger: EmbeddedProvider, name: str
) -> None:
    verifier, shape = readme_verifier(provider, name), SERVERS[name]
    for _ in range(2):
        assert verifier.verify(minted(provider, shape))
    forged: list[tuple[str, dict[str, Any]]] = [
        ("invalid_audience", {"aud": "another API"}),
        ("token_expired", {"exp": 1}),
        ("missing_claim", {"exp": None}),
        ("not_yet_valid", {"nbf": int(time.time()) + 600}),
        ("invalid_issuer", {"iss": "https://evil.example"}),
    ]
    for code, changes in forged:
        with answered(401, code, "invalid_token"):
            verifier.verify(minted(provider, shape, **changes))
    with answered(401, "invalid_signature"):
        verifier.verify(minted(forger, shape, iss=provider.issuer))
    with answered(401, "invalid_signature"):
        verifier.verify(minted(provider, shape)[:-8] + "AAAAAAAA")


@pytest.mark.parametrize("name", SERVERS)
def test_no_logout_token_and_no_proof_of_a_server_is_an_access_token(
    provider: EmbeddedProvider, name: str
) -> None:
    verifier = readme_verifier(provider, name)
    verifier.verify(minted(provider, SERVERS[name]))
    typ, usual = SERVERS[name]
    others: list[Shape] = [("logout+jwt", LOGOUT), ("dpop+jwt", PROOF), (typ, LOGOUT), (typ, PROOF)]
    for kind, claims in others:
        own = {"aud": "api", "client_id": usual.get("client_id"), "token_use": "access"}
        with answered(401, "wrong_typ", "invalid_token"):
            verifier.verify(minted(provider, (kind, {**claims, **own})))


@pytest.mark.parametrize("name", ID_TOKENS)
def test_an_id_token_that_has_a_mark_is_refused_although_it_is_for_the_api(
    provider: EmbeddedProvider, name: str
) -> None:
    verifier = readme_verifier(provider, name)
    verifier.verify(minted(provider, SERVERS[name]))
    with answered(401, "wrong_typ", "invalid_token"):
        verifier.verify(minted(provider, ID_TOKENS[name], aud="api"))


def test_tokens_without_an_audience_need_the_option_that_the_refusal_names(
    provider: EmbeddedProvider,
) -> None:
    shape: Shape = (None, {"aud": None, "client_id": "web", "token_use": "access"})
    with answered(401, "missing_claim") as caught:
        AccessTokenVerifier(provider.issuer, "web").verify(minted(provider, shape))
    assert "client_ids=[...]" in str(caught.value)
    verifier = AccessTokenVerifier(provider.issuer, client_ids=["web"])
    assert verifier.verify(minted(provider, shape))
    with answered(401, "invalid_client_id"):
        verifier.verify(minted(provider, shape, client_id="theirs"))


def test_padded_tokens_need_the_option_that_the_refusal_names() -> None:
    with EmbeddedProvider(quirks={"padded-tokens"}) as provider:
        minted = (provider.mint(sub="s" * length) for length in range(1, 9))
        token = next(one for one in minted if "=" in one)
        with pytest.raises(TokenValidationException, match="allow_padded_base64url=True"):
            verify_jws(token, provider.keys, ["RS256"])
        assert verify_jws(token, provider.keys, ["RS256"], allow_padded_base64url=True)
        head, body, _ = token.split(".")
        forged = f"{head}.{body}.{provider.mint().rpartition('.')[2]}"
        with pytest.raises(TokenValidationException, match="Signature"):
            verify_jws(forged, provider.keys, ["RS256"], allow_padded_base64url=True)


@pytest.mark.parametrize(
    ("like", "audience"),
    [
        *(("adfs", "api"), ("auth0", "api"), ("authentik", "api"), ("cognito", None)),
        *(("dex", "api"), ("entra", "api"), ("keycloak", "api"), ("keycloak-24", "api")),
        *(("okta", "api"), ("spring", "api")),
    ],
)
def test_a_provider_that_imitates_another_is_accepted_by_its_rules(
    like: str, audience: str | None
) -> None:
    with EmbeddedProvider(like=like) as provider:
        issuer = provider.issuer + ("/" if like in {"auth0", "authentik"} else "")
        preset = Provider(
            name=like,
            issuer=issuer,
            other_issuers=[f"{issuer}/services/trust"] if like == "adfs" else (),
            client_ids=["machine"] if like == "cognito" else None,
            required_claims={"token_use": ["access"]} if like == "cognito" else {},
            access_tokens_are_id_tokens=like == "dex",
            scope_claim="scp" if like in {"entra", "okta"} else None,
        )
        quirky = _with_hosts(preset, provider)
        verifier = AccessTokenVerifier(quirky, audience)
        for _ in range(2):
            token = verifier.verify(bearer(provider.mint(scope="read")), scopes="read")
            assert token.client_id == "machine"
        for changes, code in (
            ({"exp": 1}, "token_expired"),
            ({"aud": "another API"}, "invalid_audience"),
        ):
            with answered(401, code):
                verifier.verify(bearer(provider.mint(**changes)))
        if like != "dex":
            id_token = provider.mint_id_token(aud="api", nonce="n", at_hash="x")
            with answered(401, "wrong_typ"):
                verifier.verify(bearer(id_token))


def _with_hosts(preset: Provider, provider: EmbeddedProvider) -> Any:
    """Return the preset, with the hosts on which the embedded provider has its endpoints."""
    other = provider.issuer.replace("127.0.0.1", "localhost")
    policy = DiscoveryPolicy(additional_endpoint_base_addresses=[other])
    return TrustedIssuer(preset, discovery_policy=policy)
