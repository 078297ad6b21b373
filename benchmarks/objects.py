"""B11: what the objects that are kept cost: a verifier, a remembered opaque token, an auth."""

from __future__ import annotations

import sys
from functools import partial

import httpx

from benchmarks._idp import IdP
from benchmarks._side import Goal, interleave, judge, table
from benchmarks._tokens import real, signers
from py_identity_model import (
    AccessTokenVerifier,
    ClientCredentialsTokenRequest,
    ClientSecretBasic,
    HTTPClient,
    TokenAuth,
    TokenIntrospector,
    TokenSource,
    TokenValidationConfig,
    validate_token,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received

CONFIG = TokenValidationConfig(perform_disco=True, audience="api")


def verifiers() -> list[Goal]:
    """Compare the verifier with the function behind it."""
    goals, made = [], signers()
    with IdP() as idp, HTTPClient() as one, HTTPClient() as other:  # and so a cache for each
        idp.set(keys=[signer.public() for signer in made.values()])
        issuer = idp.issuer()
        verifier = AccessTokenVerifier(issuer, "api", http_client=one)
        for algorithm in ("RS256", "ES256", "EdDSA"):
            token = made[algorithm].token(real(issuer, jti="1", client_id="web"))
            header = f"Bearer {token}"
            found = interleave(
                {
                    "validate_token": partial(validate_token, token, CONFIG, issuer, other),
                    "verifier": partial(verifier.verify, header),
                }
            )
            table(f"{algorithm}, real claims", found, "validate_token")
            what, base = f"{algorithm}: verifier to validate_token", found["validate_token"]
            goals.append(Goal.of("V1", what, found["verifier"], base, (1.1, 1.05)))
    return goals


def introspect(received: Received) -> Answer | None:
    """Say that every token is active."""
    return (
        Answer.of_json({"active": True, "aud": "api"}) if received.path == "/introspect" else None
    )


def remembered() -> Goal:
    """Measure an opaque token that was asked about before."""
    with EmbeddedProvider() as provider:
        provider.intercept = introspect
        secret = ClientSecretBasic(provider.client_secret)
        opaque = TokenIntrospector(
            f"{provider.issuer}/introspect", provider.client_id, secret, cache_ttl=600
        )
        verifier = AccessTokenVerifier(provider.issuer, "api", opaque_tokens=opaque)
        found = interleave({"hit": lambda: verifier.verify("Bearer an-opaque-token")})
        table("a remembered opaque token", found, "hit")
        return Goal("V2", "a remembered opaque token, microseconds", found["hit"].least, 20, 10)


def authorized() -> Goal:
    """Compare a request over a socket with and without an auth."""
    with EmbeddedProvider() as provider, httpx.Client() as bare, httpx.Client() as carrying:
        provider.intercept = introspect
        request = ClientCredentialsTokenRequest(
            provider.token_endpoint, provider.client_id, provider.client_secret
        )
        carrying.auth = TokenAuth(TokenSource(request))
        url = f"{provider.issuer}/introspect"
        fixed = {"Authorization": "Bearer " + "x" * 700}
        found = interleave(
            {
                "a fixed header": lambda: bare.get(url, headers=fixed),
                "auth": lambda: carrying.get(url),
            },
            batch_seconds=0.05,
        )
        table("a request on loopback", found, "a fixed header")
        what, base = "a request with an auth to one without", found["a fixed header"]
        return Goal.of("V3", what, found["auth"], base, (1.03, 1.02))


def main(arguments: list[str]) -> int:
    return judge([*verifiers(), remembered(), authorized()], check="--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
