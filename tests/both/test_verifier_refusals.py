"""Whatever a request carries, a verifier refuses it with its own exception, in both APIs."""

from __future__ import annotations

import asyncio
import json
import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from py_identity_model import (
    AccessTokenRefusedException,
    AccessTokenVerifier,
    ClaimsValidationError,
    ClientSecretBasic,
    DPoPKey,
    DPoPNonceIssuer,
    TokenIntrospector,
    TrustedIssuer,
    VerifiedAccessToken,
    compute_certificate_thumbprint,
)
from py_identity_model._jose.dpop_proof import compute_ath
from py_identity_model.aio import AsyncAccessTokenVerifier
from py_identity_model.exceptions import InvalidArgumentError, TokenValidationException
from py_identity_model.testing import Answer, EmbeddedProvider

URI = "https://api.example/orders"
KEY = DPoPKey()
PEM = trustme.CA().issue_cert("client.test").cert_chain_pems[0].bytes()
THUMBPRINT = compute_certificate_thumbprint(PEM)
SURROGATES = st.text(st.characters(), max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | SURROGATES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SURROGATES, inner, max_size=3),
    max_leaves=6,
)
CLAIMS = st.dictionaries(
    st.sampled_from(
        [
            *("iss", "aud", "sub", "exp", "nbf", "iat", "jti", "client_id", "azp", "scope", "scp"),
            *("cnf", "acr", "auth_time", "roles", "typ", "token_use", "token_type", "nonce"),
            *("events", "at_hash", "tid", "active"),
        ]
    ),
    JSON
    | st.sampled_from(
        [{"jkt": KEY.jwk_thumbprint}, {"jkt": "\ud800"}, {"x5t#S256": THUMBPRINT}, "api", [""]]
    ),
    max_size=4,
)
HEADERS = st.dictionaries(st.sampled_from(["typ", "kid", "crit", "cty", "x"]), JSON, max_size=2)
PROOF = st.dictionaries(st.sampled_from(["htm", "htu", "iat", "jti", "ath", "nonce"]), JSON)
PROOF_HEADERS = st.dictionaries(st.sampled_from(["typ", "jwk", "kid", "crit"]), JSON, max_size=1)
SOUND = {"htm": "GET", "htu": URI, "jti": "1"}
REQUEST: dict[str, Any] = {
    "scopes": ["read"],
    "acr_values": ["gold"],
    "max_age": 60,
    "method": "GET",
    "uri": URI,
}


@pytest.fixture(scope="module")
def provider() -> Iterator[EmbeddedProvider]:
    with EmbeddedProvider() as running:
        yield running


def verifiers(provider: EmbeddedProvider) -> list[AccessTokenVerifier]:
    opaque = TokenIntrospector(f"{provider.issuer}/introspect", "api", ClientSecretBasic("s"))
    template = TrustedIssuer(f"{provider.issuer}/{{t}}", bound_claim="tid")
    return [
        AccessTokenVerifier(provider.issuer, "api"),
        AccessTokenVerifier(
            provider.issuer, "api", profile="rfc9068", dpop_nonces=DPoPNonceIssuer()
        ),
        AccessTokenVerifier([provider.issuer, template], "api", mtls="required"),
        AccessTokenVerifier(lambda issuer: TrustedIssuer(provider.issuer), client_ids=["web"]),
        AccessTokenVerifier(provider.issuer, "api", opaque_tokens=opaque, introspect_jwts=True),
    ]


def refusal_of(
    verifier: AccessTokenVerifier, *arguments: Any, **more: Any
) -> AccessTokenRefusedException | None:
    try:
        verifier.verify(*arguments, **more)
    except AccessTokenRefusedException as refusal:
        return refusal
    return None


def judge(verifier: AccessTokenVerifier, *arguments: Any, **more: Any) -> None:
    """Verify, where nothing but a typed refusal may be raised, and none for an unknown fault."""
    refusal = refusal_of(verifier, *arguments, **{**REQUEST, **more})
    if refusal is not None:
        assert refusal.code != "verification_failed", repr(refusal.__cause__)
        assert refusal.status_code in {400, 401, 403, 503}
        assert all(value.isascii() for value in refusal.headers.values())
        json.dumps(refusal.details, default=str)


FEW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@FEW
@given(
    st.none() | SURROGATES | SURROGATES.map("Bearer {}".format) | SURROGATES.map("DPoP {}".format)
)
def test_any_authorization_header(provider: EmbeddedProvider, header: str | None) -> None:
    for verifier in verifiers(provider):
        judge(verifier, header, dpop=header, certificate=header)


@FEW
@given(CLAIMS, HEADERS, st.sampled_from(["Bearer", "DPoP"]))
def test_any_claims_of_the_issuers_own(
    provider: EmbeddedProvider, claims: dict[str, Any], header: dict[str, Any], scheme: str
) -> None:
    usual = {"scope": "read", "acr": "gold", "auth_time": int(time.time())}
    token = provider.mint(header=header, **{**usual, **claims})
    provider.intercept = lambda received: (
        Answer.of_json({"active": True, **claims}) if received.path == "/introspect" else None
    )
    for verifier in verifiers(provider):
        proof = KEY.sign(
            {"typ": "dpop+jwt", "alg": "ES256", "jwk": KEY.public_jwk},
            {
                "htm": "GET",
                "htu": URI,
                "iat": int(time.time()),
                "jti": "1",
                "ath": compute_ath(token),
            },
        )
        judge(verifier, f"{scheme} {token}", dpop=proof, certificate=PEM)


@FEW
@given(PROOF, PROOF_HEADERS)
def test_any_proof(
    provider: EmbeddedProvider, claims: dict[str, Any], header: dict[str, Any]
) -> None:
    token = provider.mint(scope="read", cnf={"jkt": KEY.jwk_thumbprint})
    proof = KEY.sign(
        {"typ": "dpop+jwt", "alg": "ES256", "jwk": KEY.public_jwk, **header},
        {**SOUND, "iat": int(time.time()), "ath": compute_ath(token), **claims},
    )
    for verifier in verifiers(provider)[:2]:
        judge(verifier, f"DPoP {token}", dpop=proof)


@FEW
@given(
    st.binary(max_size=60)
    | SURROGATES
    | st.integers(0, len(PEM) - 1).map(lambda place: PEM[:place] + b"?" + PEM[place + 1 :])
    | SURROGATES.map(lambda text: PEM.decode() + text)
)
def test_any_certificate(provider: EmbeddedProvider, certificate: str | bytes) -> None:
    token = provider.mint(scope="read", cnf={"x5t#S256": THUMBPRINT})
    judge(verifiers(provider)[0], f"Bearer {token}", certificate=certificate)


class BrokenStore:
    """A replay store that is down."""

    def add(self, key: str, expires_at: float) -> bool:
        raise ConnectionError("redis://:secret@store")


def broken_resolver(issuer: str) -> TrustedIssuer | None:
    raise LookupError("the tenants' database is down")


def test_an_unreachable_dependency_is_503(provider: EmbeddedProvider) -> None:
    token = provider.mint(cnf={"jkt": KEY.jwk_thumbprint})
    proof = KEY.sign(
        {"typ": "dpop+jwt", "alg": "ES256", "jwk": KEY.public_jwk},
        {**SOUND, "iat": int(time.time()), "ath": compute_ath(token)},
    )
    store = AccessTokenVerifier(provider.issuer, "api", replay_store=BrokenStore())
    resolver = AccessTokenVerifier(broken_resolver, "api")
    for verifier, code in ((store, "store_unavailable"), (resolver, "issuers_unavailable")):
        with pytest.raises(AccessTokenRefusedException) as caught:
            verifier.verify(f"DPoP {token}", method="GET", uri=URI, dpop=proof)
        refusal = caught.value
        assert (refusal.status_code, refusal.code) == (503, code)
        assert refusal.headers == {"Retry-After": "5"}
        assert "secret" not in str(refusal) + str(refusal.details)


def test_an_unforeseen_fault_is_503_and_logged_as_an_error(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    verifier = AccessTokenVerifier(provider.issuer, "api")

    def fail(issuer: object) -> None:
        raise RuntimeError("alice")

    verifier._issuers.rules_for = fail  # type: ignore[method-assign, assignment]
    with pytest.raises(AccessTokenRefusedException) as caught:
        verifier.verify(f"Bearer {provider.mint()}")
    assert (caught.value.status_code, caught.value.code) == (503, "verification_failed")
    assert isinstance(caught.value.__cause__, RuntimeError)
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert "RuntimeError" in record.getMessage()
    assert "alice" not in record.getMessage()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("authorization", b"Bearer t"),
        ("authorization", 7),
        ("method", 7),
        ("uri", b"https://api.example"),
        ("dpop", b"proof"),
        ("dpop", [7]),
        ("certificate", 7),
        ("certificate", ["pem"]),
        ("scopes", 7),
        ("scopes", [7]),
        ("scopes", [["read"]]),
        ("scopes", ["read write"]),
        ("scopes", ["réad"]),
        ("acr_values", 7),
        ("acr_values", [7]),
        ("acr_values", ["a b"]),
        ("max_age", "60"),
        ("max_age", -1),
        ("max_age", float("nan")),
    ],
)
def test_an_argument_of_another_kind_is_named(
    provider: EmbeddedProvider, name: str, value: Any
) -> None:
    token = provider.mint(cnf={"jkt": "k", "x5t#S256": "t"})
    usual: dict[str, Any] = {"method": "GET", "uri": URI, "dpop": "p", "certificate": PEM}
    if name in {"scopes", "acr_values", "max_age"}:
        token, usual = provider.mint(), {}
    usual |= {"authorization": f"DPoP {token}" if usual else f"Bearer {token}"}
    with pytest.raises(InvalidArgumentError, match=name):
        AccessTokenVerifier(provider.issuer, "api").verify(**{**usual, name: value})


def test_a_bare_token_must_be_text(provider: EmbeddedProvider) -> None:
    with pytest.raises(InvalidArgumentError, match="token"):
        AccessTokenVerifier(provider.issuer, "api").verify_token(None)  # type: ignore[arg-type]


def test_an_awaitable_claims_validator_is_refused_by_the_blocking_api(
    provider: EmbeddedProvider,
) -> None:
    async def validate(claims: dict[str, Any]) -> None:
        raise ClaimsValidationError("no")

    provider.intercept = lambda received: (
        Answer.of_json({"active": True, "aud": "api"}) if received.path == "/introspect" else None
    )
    opaque = TokenIntrospector(f"{provider.issuer}/introspect", "api", ClientSecretBasic("s"))
    verifier = AccessTokenVerifier(
        provider.issuer, "api", claims_validator=validate, opaque_tokens=opaque
    )
    awaited = AsyncAccessTokenVerifier(provider.issuer, "api", claims_validator=validate)
    codes = []
    calls: list[Callable[[], object]] = [
        lambda: verifier.verify("Bearer opaque"),
        lambda: verifier.verify(f"Bearer {provider.mint()}"),
        lambda: asyncio.run(awaited.verify(f"Bearer {provider.mint()}")),
    ]
    for call in calls:
        with pytest.raises(AccessTokenRefusedException) as caught:
            call()
        codes.append(caught.value.code)
    assert codes == ["claims_validator_failed", "claims_validator_failed", "claims_rejected"]


def test_an_awaitable_resolver_is_refused_by_the_blocking_api(provider: EmbeddedProvider) -> None:
    async def resolve(issuer: str) -> TrustedIssuer:
        return TrustedIssuer(issuer)

    with pytest.raises(AccessTokenRefusedException) as caught:
        AccessTokenVerifier(resolve, "api").verify(f"Bearer {provider.mint()}")
    assert (caught.value.status_code, caught.value.code) == (503, "issuers_unavailable")


def test_a_pickled_token_does_not_carry_its_verifiers_secrets(provider: EmbeddedProvider) -> None:
    secret = b"a secret of the verifier's nonces"
    verifier = AccessTokenVerifier(
        provider.issuer, "api", realm="orders", dpop_nonces=DPoPNonceIssuer(secret)
    )
    token = verifier.verify(f"Bearer {provider.mint(scope='read', roles=['user'])}")
    data = pickle.dumps(token)
    assert secret not in data
    copy = pickle.loads(data)  # our own
    assert isinstance(copy, VerifiedAccessToken)
    assert copy == token
    assert copy.roles == {"user"}
    copy.require_scopes("read")
    with pytest.raises(AccessTokenRefusedException):
        copy.require_roles("admin")
    with suppress(AccessTokenRefusedException):
        token.require_roles("admin")


@pytest.mark.parametrize(
    "code", ["missing_token", "invalid_request", "insufficient_user_authentication", "wrong_typ"]
)
def test_a_claims_validator_cannot_upset_the_answer(provider: EmbeddedProvider, code: str) -> None:
    details = {"acr_values": 7, "max_age": "x", "expected": ["y"], "claim": {}, "bound_to": []}

    def refuse(claims: dict[str, Any]) -> None:
        raise TokenValidationException("é of alice", details=details, code=code)

    verifier = AccessTokenVerifier(provider.issuer, "api", claims_validator=refuse)
    refusal = refusal_of(verifier, f"Bearer {provider.mint()}")
    assert refusal is not None
    assert refusal.code == code
    assert "alice" not in str(refusal.headers)
