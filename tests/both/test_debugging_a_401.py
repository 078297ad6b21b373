"""The tree of ``docs/how-to/debugging-a-401.md``: every code in it is answered where it says so."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from py_identity_model import (
    AccessTokenVerifier,
    ClientSecretBasic,
    DPoPKey,
    DPoPNonceIssuer,
    PyIdentityModelException,
    TokenIntrospector,
    create_dpop_proof,
    verify_dpop_proof,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "debugging-a-401.md"
URI = "https://api.example/orders"
CLOSED = "http://127.0.0.1:1"
Situation = Callable[[EmbeddedProvider], object]


def api(provider: EmbeddedProvider, **options: Any) -> AccessTokenVerifier:
    return AccessTokenVerifier(provider.issuer, provider.audience, cold_timeout=20, **options)


def with_document(provider: EmbeddedProvider, path: str, answer: Answer) -> None:
    """Let the provider answer one path otherwise."""

    def intercept(received: Received) -> Answer | None:
        return answer if received.path == path else None

    provider.intercept = intercept


def judged(provider: EmbeddedProvider, scopes: str = "", **claims: Any) -> object:
    return api(provider).verify(f"Bearer {provider.mint(**claims)}", scopes=scopes)


def introspected(provider: EmbeddedProvider, endpoint: str) -> object:
    secret = ClientSecretBasic(provider.client_secret)
    opaque = TokenIntrospector(endpoint, provider.client_id, secret)
    return api(provider, opaque_tokens=opaque).verify("Bearer opaque")


def with_keys(provider: EmbeddedProvider, answer: Answer) -> object:
    with_document(provider, "/jwks", answer)
    return judged(provider)


def without_key_set(provider: EmbeddedProvider) -> object:
    metadata = {"issuer": provider.issuer, "response_types_supported": ["code"]}
    metadata["authorization_endpoint"] = f"{provider.issuer}/authorize"
    with_document(provider, "/.well-known/openid-configuration", Answer.of_json(metadata))
    return judged(provider)


def of_another_environment(provider: EmbeddedProvider) -> object:
    with EmbeddedProvider() as staging:
        return api(provider).verify(f"Bearer {staging.mint(iss=provider.issuer)}")


def altered(provider: EmbeddedProvider) -> object:
    head, payload, signature = provider.mint().split(".")
    return api(provider).verify(f"Bearer {head}.{payload}.{signature[:-8]}AAAAAAAA")


def bound(
    provider: EmbeddedProvider, key: DPoPKey, signs: DPoPKey | None = None, uri: str = URI
) -> object:
    token = provider.mint(cnf={"jkt": key.jwk_thumbprint})
    proof = create_dpop_proof(signs or key, "GET", uri, access_token=token)
    return api(provider).verify(f"DPoP {token}", method="GET", uri=URI, dpop=proof)


def with_another_certificate(provider: EmbeddedProvider) -> object:
    pem = trustme.CA().issue_cert("client.test").cert_chain_pems[0].bytes().decode()
    token = provider.mint(cnf={"x5t#S256": "x" * 43})
    return api(provider).verify(f"Bearer {token}", certificate=pem)


def of_another_issuer(provider: EmbeddedProvider) -> object:
    metadata = {"issuer": "https://other.example", "response_types_supported": ["code"]}
    metadata |= {"jwks_uri": f"{provider.issuer}/jwks"}
    metadata |= {"authorization_endpoint": f"{provider.issuer}/authorize"}
    with_document(provider, "/.well-known/openid-configuration", Answer.of_json(metadata))
    return judged(provider)


def without_nonce(provider: EmbeddedProvider) -> object:
    key = DPoPKey("ES256")
    token = provider.mint(cnf={"jkt": key.jwk_thumbprint})
    proof = create_dpop_proof(key, "GET", URI, access_token=token)
    guarded = api(provider, dpop_nonces=DPoPNonceIssuer())
    return guarded.verify(f"DPoP {token}", method="GET", uri=URI, dpop=proof)


def proof_judged_by_a_function(provider: EmbeddedProvider) -> object:
    token = provider.mint()
    proof = create_dpop_proof(DPoPKey("ES256"), "GET", URI, access_token=token)
    return verify_dpop_proof(proof, "GET", URI, access_token=token, token_claims={"sub": "alice"})


SITUATIONS: dict[str, Situation] = {
    "keys_unavailable": lambda op: AccessTokenVerifier(CLOSED, "api").verify_token(
        op.mint(iss=CLOSED)
    ),
    "introspection_unavailable": lambda op: introspected(op, f"{CLOSED}/introspect"),
    "issuer_mismatch": of_another_issuer,
    "discovery_failed": lambda op: AccessTokenVerifier("http://op.example", "api").verify_token(
        op.mint(iss="http://op.example")
    ),
    "jwks_failed": lambda op: with_keys(op, Answer.of_json({"keys": 1})),
    "missing_jwks_uri": without_key_set,
    "insufficient_scope": lambda op: judged(op, "write", scope="read"),
    "insufficient_roles": lambda op: api(op).verify_token(op.mint()).require_roles("admin"),
    "missing_token": lambda op: api(op).verify(None),
    "malformed_token": lambda op: api(op).verify("Bearer opaque"),
    "wrong_typ": lambda op: AccessTokenVerifier(op.issuer, "web").verify_token(
        op.mint_id_token(aud="web", nonce="n")
    ),
    "untrusted_issuer": lambda op: judged(op, iss="https://other.example"),
    "invalid_issuer": lambda op: judged(op, iss=f"{op.issuer}/"),
    "no_matching_key": of_another_environment,
    "invalid_signature": altered,
    "invalid_audience": lambda op: judged(op, aud="orders"),
    "missing_claim": lambda op: judged(op, aud=None),
    "invalid_client_id": lambda op: AccessTokenVerifier(
        op.issuer, client_ids=["ours"]
    ).verify_token(op.mint(aud=None, client_id="theirs")),
    "token_expired": lambda op: judged(op, exp=1),
    "issued_in_future": lambda op: judged(op, iat=int(time.time()) + 600),
    "not_yet_valid": lambda op: judged(op, nbf=int(time.time()) + 600),
    "binding_refused": lambda op: judged(op, cnf={"jkt": "x" * 43}),
    "invalid_dpop_proof": lambda op: bound(op, DPoPKey("ES256"), uri="http://10.0.0.7/orders"),
    "key_mismatch": lambda op: bound(op, DPoPKey("ES256"), DPoPKey("ES256")),
    "token_not_bound": proof_judged_by_a_function,
    "certificate_binding_mismatch": with_another_certificate,
    "use_dpop_nonce": without_nonce,
    "inactive_token": lambda op: introspected(op, f"{op.issuer}/introspect"),
}


@pytest.mark.parametrize("code", SITUATIONS)
def test_a_situation_of_the_tree_has_its_code(code: str, provider: EmbeddedProvider) -> None:
    with pytest.raises(PyIdentityModelException) as caught:
        SITUATIONS[code](provider)
    assert caught.value.code == code


def test_the_tree_is_complete() -> None:
    branches = set(re.findall(r"\[`(\w+)`\]\(\.\./error-codes", PAGE.read_text()))
    assert branches == SITUATIONS.keys()
