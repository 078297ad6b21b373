"""The verifier of access tokens: whom it trusts, what it demands, how it answers."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import trustme
from joserfc.jwk import RSAKey

from py_identity_model import AccessTokenRefusedException, ClaimsValidationError
from py_identity_model._seam.aio import gather
from py_identity_model.aio import (
    AsyncAccessTokenVerifier,
    AsyncMemoryTokenStore,
    AsyncOpaqueTokens,
    AsyncTokenAuth,
    AsyncTokenSource,
    ClientCredentialsTokenRequest,
    ClientSecretBasic,
    DPoPKey,
    DPoPNonces,
    MemoryReplayStore,
    TrustedIssuer,
    VerifiedAccessToken,
    compute_certificate_thumbprint,
    create_dpop_proof,
    parse_www_authenticate,
)
from py_identity_model.exceptions import (
    ConfigurationException,
    InvalidArgumentError,
    TokenValidationException,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.support import answering, refused

CLAIMS_CODE = ClaimsValidationError.default_code
URI = "https://api.example/orders"
CERTIFICATE = trustme.CA().issue_cert("client.test").cert_chain_pems[0].bytes()


class answered:  # reads like pytest.raises
    """Expect a refusal with this status and code."""

    def __init__(self, status: int, code: str, error: str | None = None) -> None:
        self._expected = (status, code, error)
        self._raises = pytest.raises(AccessTokenRefusedException)

    def __enter__(self) -> Any:
        self._caught = self._raises.__enter__()
        return self._caught

    def __exit__(self, *details: Any) -> bool | None:
        ended = self._raises.__exit__(*details)
        refusal = self._caught.value
        assert (refusal.status_code, refusal.code) == self._expected[:2]
        if self._expected[2] is not None:
            challenges = parse_www_authenticate(refusal.www_authenticate or "")
            assert self._expected[2] in {one.error for one in challenges}
        return ended


def bearer(token: str) -> str:
    return f"Bearer {token}"


async def test_a_sound_token_tells_its_facts(provider: EmbeddedProvider) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api", required_scopes=["read"])
    until = int(time.time()) + 60
    token = provider.mint(sub="alice", scope="read write", exp=until, client_id="web")
    for scheme in ("Bearer", "bearer"):
        verified = await verifier.verify(f"{scheme} {token}", scopes=["write"])
    assert verified.subject == "alice"
    assert verified.client_id == "web"
    assert verified.issuer == provider.issuer
    assert verified.scopes == {"read", "write"}
    assert verified.expires_at is not None
    assert verified.expires_at.timestamp() == until
    assert verified.confirmation == {}
    assert token not in repr(verified)
    assert provider.count("/jwks") == 1


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Basic YTpi", "nonsense"])
async def test_a_request_without_a_token_is_asked_for_one(
    provider: EmbeddedProvider, authorization: str | None
) -> None:
    verifier = AsyncAccessTokenVerifier(
        provider.issuer, "api", realm="orders", resource_metadata="https://api.example/m"
    )
    with answered(401, "missing_token") as caught:
        await verifier.verify(authorization)
    first, second = parse_www_authenticate(caught.value.www_authenticate or "")
    assert (first.scheme, second.scheme) == ("bearer", "dpop")
    assert first.error is None
    assert first.parameters["realm"] == "orders"
    assert first.resource_metadata == "https://api.example/m"
    assert "ES256" in second.parameters["algs"]
    assert provider.requests == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"exp": 1}, "token_expired"),
        ({"aud": "else"}, "invalid_audience"),
        ({"sub": None}, "missing_claim"),
        ({"client_id": None}, "missing_claim"),
        ({"jti": None}, "missing_claim"),
        ({"header": {"typ": "JWT"}}, "wrong_typ"),
        ({"header": {"typ": None}}, "wrong_typ"),
        ({"header": {"kid": "unknown"}}, "no_matching_key"),
        ({"iss": "https://evil.example"}, "untrusted_issuer"),
        ({"iss": None}, "untrusted_issuer"),
        ({"iss": 7}, "untrusted_issuer"),
    ],
)
async def test_a_token_that_breaks_a_rule_gets_401(
    provider: EmbeddedProvider, change: dict[str, Any], code: str
) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    with answered(401, code, "invalid_token") as caught:
        await verifier.verify(bearer(provider.mint(**change)))
    assert caught.value.__cause__ is not None
    if code == "untrusted_issuer":
        assert provider.requests == []


@pytest.mark.parametrize("token", ["opaque", "a.b", "a.b.c", "...", "é.b.c", "x" * 70000])
async def test_what_is_no_token_gets_401_and_costs_no_request(
    provider: EmbeddedProvider, token: str
) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    with pytest.raises(AccessTokenRefusedException) as caught:
        await verifier.verify(bearer(token))
    assert caught.value.status_code == 401
    assert provider.requests == []


async def test_a_stranger_is_refused_also_once_the_verifier_is_warm(
    provider: EmbeddedProvider,
) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    await verifier.verify(bearer(provider.mint()))
    with answered(401, "invalid_issuer", "invalid_token"):
        await verifier.verify(bearer(provider.mint(iss="https://evil.example")))


async def test_too_little_scope_gets_403_and_is_told_what_is_needed(
    provider: EmbeddedProvider,
) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api", required_scopes=["read"])
    with answered(403, "insufficient_scope", "insufficient_scope") as caught:
        await verifier.verify(bearer(provider.mint(scope="read")), scopes=["write"])
    challenges = parse_www_authenticate(caught.value.www_authenticate or "")
    assert challenges[0].scope == "read write"
    listed = provider.mint(scp=["read", "write", 7])
    assert (await verifier.verify(bearer(listed))).scopes == {"read", "write"}
    with answered(403, "insufficient_scope"):
        await verifier.verify(bearer(provider.mint(scope=7)))


@pytest.mark.parametrize(
    ("claims", "demand", "good"),
    [
        ({"acr": "gold"}, {"acr_values": ["gold", "silver"]}, True),
        ({"acr": "bronze"}, {"acr_values": ["gold"]}, False),
        ({}, {"acr_values": ["gold"]}, False),
        ({"auth_time": 5}, {"max_age": 60}, False),
        ({}, {"max_age": 60}, False),
        ({"auth_time": True}, {"max_age": 60}, False),
        ({"auth_time": 4_000_000_000}, {"max_age": 60}, True),
    ],
)
async def test_a_weak_or_old_login_is_asked_to_step_up(
    provider: EmbeddedProvider, claims: dict[str, Any], demand: dict[str, Any], good: bool
) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    authorization = bearer(provider.mint(**claims))
    if good:
        assert await verifier.verify(authorization, **demand)
        return
    code = "insufficient_user_authentication"
    with answered(401, code, code) as caught:
        await verifier.verify(authorization, **demand)
    challenge = parse_www_authenticate(caught.value.www_authenticate or "")[0]
    if "max_age" in demand:
        assert challenge.max_age == 60
    else:
        assert challenge.acr_values is not None


async def test_an_outage_gets_503_and_no_challenge(provider: EmbeddedProvider) -> None:
    token = provider.mint()
    provider.close()
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    with answered(503, "keys_unavailable") as caught:
        await verifier.verify(bearer(token))
    assert caught.value.www_authenticate is None


async def test_claims_of_ones_own_are_demanded(provider: EmbeddedProvider) -> None:
    def not_bob(claims: dict[str, Any]) -> None:
        if claims["sub"] == "bob":
            raise ClaimsValidationError("not bob", claim="sub")

    verifier = AsyncAccessTokenVerifier(
        provider.issuer,
        ["api", "other"],
        claims_validator=not_bob,
        required_claims=["tenant"],
        algorithms=["ES256"],
        leeway=5,
    )
    good = provider.mint(tenant="t", algorithm="ES256")
    assert await verifier.verify(bearer(good))
    for token, code in (
        (provider.mint(tenant="t"), "algorithm_not_allowed"),
        (provider.mint(algorithm="ES256"), "missing_claim"),
        (provider.mint(tenant="t", sub="bob", algorithm="ES256"), CLAIMS_CODE),
    ):
        with answered(401, code, "invalid_token"):
            await verifier.verify(bearer(token))


async def test_an_issuer_that_knows_no_profile_is_taken_by_choice(
    provider: EmbeddedProvider,
) -> None:
    lenient = AsyncAccessTokenVerifier(provider.issuer, "api", profile="lenient")
    for typ in ("JWT", None):
        for _ in range(2):
            assert await lenient.verify(bearer(provider.mint(header={"typ": typ}, jti=None)))
    for name in ("nonce", "at_hash", "c_hash", "events"):
        claims: dict[str, Any] = {name: "x"}
        with answered(401, "wrong_typ"):
            await lenient.verify(bearer(provider.mint(header={"typ": "JWT"}, **claims)))
    with answered(401, "wrong_typ"):
        await lenient.verify(bearer(provider.mint(header={"typ": "logout+jwt"})))


@pytest.fixture
def second() -> Iterator[EmbeddedProvider]:
    with EmbeddedProvider(audience="second-api") as running:
        yield running


async def test_several_issuers_each_have_their_keys_and_audience(
    provider: EmbeddedProvider, second: EmbeddedProvider
) -> None:
    verifier = AsyncAccessTokenVerifier(
        [
            provider.issuer,
            TrustedIssuer(second.issuer, audience=["second-api"], algorithms=["ES256"]),
        ],
        "api",
    )
    for _ in range(2):
        assert await verifier.verify(bearer(provider.mint()))
        assert await verifier.verify(bearer(second.mint(algorithm="ES256")))
    for token, code in (
        (second.mint(), "algorithm_not_allowed"),
        (second.mint(algorithm="ES256", aud="api"), "invalid_audience"),
        (second.mint(iss=provider.issuer), "no_matching_key"),
        (provider.mint(iss="https://third.example"), "untrusted_issuer"),
    ):
        with answered(401, code):
            await verifier.verify(bearer(token))


async def test_a_callback_says_whom_to_trust(
    provider: EmbeddedProvider, second: EmbeddedProvider
) -> None:
    asked = []

    def resolve(issuer: str) -> TrustedIssuer | None:
        asked.append(issuer)
        return TrustedIssuer(issuer) if issuer == provider.issuer else None

    verifier = AsyncAccessTokenVerifier(resolve, "api")
    assert await verifier.verify(bearer(provider.mint()))
    with answered(401, "untrusted_issuer"):
        await verifier.verify(bearer(second.mint(aud="api")))
    assert asked == [provider.issuer, second.issuer]
    assert second.requests == []


async def test_a_callback_that_returns_something_else_is_a_mistake(
    provider: EmbeddedProvider,
) -> None:
    def wrong(issuer: str) -> str:
        return issuer

    def other(issuer: str) -> TrustedIssuer:
        return TrustedIssuer("https://else.example")

    with pytest.raises(ConfigurationException, match="TrustedIssuer"):
        await AsyncAccessTokenVerifier(wrong, "api").verify(bearer(provider.mint()))
    with answered(401, "untrusted_issuer"):
        await AsyncAccessTokenVerifier(other, "api").verify(bearer(provider.mint()))


def tenants(provider: EmbeddedProvider) -> Callable[[Received], Answer | None]:
    """Serve a document for each tenant below the provider's address."""

    def respond(received: Received) -> Answer | None:
        tenant, _, rest = received.path.removeprefix("/").partition("/v2.0/.well-known/")
        if rest != "openid-configuration":
            return None
        document = {**provider.document(), "issuer": f"{provider.issuer}/{tenant}/v2.0"}
        return Answer.of_json(document)

    return respond


async def test_a_family_of_issuers_is_bound_to_a_claim(provider: EmbeddedProvider) -> None:
    provider.intercept = tenants(provider)
    template = f"{provider.issuer}/{{tenantid}}/v2.0"
    verifier = AsyncAccessTokenVerifier(TrustedIssuer(template, bound_claim="tid"), "api")
    for tenant in ("one", "two", "one"):
        token = provider.mint(iss=f"{provider.issuer}/{tenant}/v2.0", tid=tenant)
        verified = await verifier.verify(bearer(token))
        assert verified.issuer == f"{provider.issuer}/{tenant}/v2.0"
    for iss, tid, code in (
        ("one/v2.0", "two", "issuer_claim_mismatch"),
        ("one/v2.0", None, "issuer_claim_mismatch"),
        ("one/two/v2.0", "one", "untrusted_issuer"),
        ("../v2.0", "..", "untrusted_issuer"),
        ("one/v2.0/", "one", "untrusted_issuer"),
    ):
        with answered(401, code):
            token = provider.mint(iss=f"{provider.issuer}/{iss}", tid=tid)
            await verifier.verify(bearer(token))
    few = TrustedIssuer(template, bound_claim="tid", allowed_values={"one"})
    verifier = AsyncAccessTokenVerifier([few], "api")
    with answered(401, "untrusted_issuer"):
        token = provider.mint(iss=f"{provider.issuer}/two/v2.0", tid="two")
        await verifier.verify(bearer(token))


async def test_a_token_bound_to_a_key_needs_its_proof(provider: EmbeddedProvider) -> None:
    key = DPoPKey()
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    token = provider.mint(cnf={"jkt": key.jwk_thumbprint})
    proof = create_dpop_proof(key, "GET", URI, token)
    verified = await verifier.verify(f"DPoP {token}", method="GET", uri=URI, dpop=proof)
    assert verified.confirmation == {"jkt": key.jwk_thumbprint}
    with answered(401, "dpop_proof_replayed", "invalid_dpop_proof"):
        await verifier.verify(f"DPoP {token}", method="GET", uri=URI, dpop=[proof])
    fresh = create_dpop_proof(key, "GET", URI, token)
    other = create_dpop_proof(DPoPKey(), "GET", URI, token)
    cases: list[tuple[str, Any, str]] = [
        (f"Bearer {token}", fresh, "binding_refused"),
        (f"Bearer {token}", None, "binding_refused"),
        (f"DPoP {token}", None, "binding_refused"),
        (f"DPoP {token}", other, "key_mismatch"),
        (f"DPoP {provider.mint()}", fresh, "binding_refused"),
    ]
    for authorization, shown, code in cases:
        with answered(401, code):
            await verifier.verify(authorization, method="GET", uri=URI, dpop=shown)
    with answered(400, "invalid_request", "invalid_request"):
        await verifier.verify(f"DPoP {token}", method="GET", uri=URI, dpop=[fresh, fresh])
    with pytest.raises(ConfigurationException, match="method and uri"):
        await verifier.verify(f"DPoP {token}", dpop=fresh)


async def test_a_token_bound_to_a_certificate_needs_it(provider: EmbeddedProvider) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    thumbprint = compute_certificate_thumbprint(CERTIFICATE)
    token = provider.mint(cnf={"x5t#S256": thumbprint})
    assert await verifier.verify(bearer(token), certificate=CERTIFICATE)
    assert await verifier.verify(bearer(provider.mint()), certificate=CERTIFICATE)
    with answered(401, "binding_refused"):
        await verifier.verify(bearer(token))
    foreign = provider.mint(cnf={"x5t#S256": "x" * 43})
    with answered(401, "certificate_binding_mismatch"):
        await verifier.verify(bearer(foreign), certificate=CERTIFICATE)
    for odd in ({"unheard-of": 1}, "odd", ["odd"], 7):
        with answered(401, "binding_refused"):
            await verifier.verify(bearer(provider.mint(cnf=odd)))


@pytest.mark.parametrize(
    ("modes", "cnf", "good"),
    [
        ({"dpop": "required"}, {}, False),
        ({"mtls": "required"}, {}, False),
        ({"dpop": "refused"}, {"jkt": "k"}, False),
        ({"mtls": "refused"}, {"x5t#S256": "k"}, False),
        ({"dpop": "refused", "mtls": "refused"}, None, True),
    ],
)
async def test_bindings_are_required_or_refused(
    provider: EmbeddedProvider, modes: dict[str, Any], cnf: dict[str, str] | None, good: bool
) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api", **modes)
    authorization = bearer(provider.mint(cnf=cnf or None))
    if good:
        assert await verifier.verify(authorization)
        return
    with answered(401, "binding_refused") as caught:
        await verifier.verify(authorization, certificate=CERTIFICATE)
    schemes = [one.scheme for one in parse_www_authenticate(caught.value.www_authenticate or "")]
    assert ("bearer" in schemes) == (modes.get("dpop") != "required")
    assert ("dpop" in schemes) == (modes.get("dpop") != "refused")


def opaque(provider: EmbeddedProvider, **more: Any) -> AsyncOpaqueTokens:
    return AsyncOpaqueTokens(
        f"{provider.issuer}/introspect",
        provider.client_id,
        ClientSecretBasic(provider.client_secret),
        **more,
    )


def introspecting(**said: Any) -> Callable[[Received], Answer | None]:
    def respond(received: Received) -> Answer | None:
        return Answer.of_json(said) if received.path == "/introspect" else None

    return respond


async def test_an_opaque_token_is_asked_about_once(provider: EmbeddedProvider) -> None:
    provider.intercept = introspecting(
        active=True, sub="alice", scope="read", iss=provider.issuer, aud=["api"]
    )
    tokens = opaque(provider)
    verifier = AsyncAccessTokenVerifier(
        provider.issuer, "api", opaque_tokens=tokens, required_scopes=["read"]
    )

    async def verify() -> str | None:
        return (await verifier.verify(bearer("an-opaque-token"))).subject

    assert await gather([verify] * 20) == ["alice"] * 20
    assert provider.count("/introspect") == 1
    assert len(tokens) == 1
    with answered(403, "insufficient_scope"):
        await verifier.verify(bearer("an-opaque-token"), scopes=["write"])
    now = tokens.clock()
    tokens.clock = lambda: now + 31
    assert await verify() == "alice"
    assert provider.count("/introspect") == 2
    assert await verifier.verify(bearer(provider.mint(scope="read")))


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"active": False}, "inactive_token"),
        ({"active": "true"}, "inactive_token"),
        ({}, "inactive_token"),
        ({"active": True, "exp": 1}, "token_expired"),
        ({"active": True, "iss": "https://else"}, "untrusted_issuer"),
        ({"active": True, "aud": "else"}, "invalid_audience"),
        ({"active": True, "cnf": {"jkt": "k"}}, "binding_refused"),
    ],
)
async def test_an_opaque_token_that_is_not_good_gets_401(
    provider: EmbeddedProvider, said: dict[str, Any], code: str
) -> None:
    provider.intercept = introspecting(**said)
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api", opaque_tokens=opaque(provider))
    for _ in range(2):
        with answered(401, code):
            await verifier.verify(bearer("opaque"))


async def test_every_check_is_repeated_for_a_remembered_answer(
    provider: EmbeddedProvider,
) -> None:
    calls: list[str] = []
    provider.intercept = introspecting(active=True, sub="alice")
    verifier = AsyncAccessTokenVerifier(
        provider.issuer,
        "api",
        opaque_tokens=opaque(provider),
        claims_validator=lambda claims: calls.append(claims["sub"]),
    )
    for _ in range(3):
        await verifier.verify(bearer("opaque"))
    assert calls == ["alice"] * 3
    assert provider.count("/introspect") == 1


@pytest.mark.parametrize("status", [503, 429, 401])
async def test_a_provider_that_cannot_say_gets_503(provider: EmbeddedProvider, status: int) -> None:
    provider.intercept = lambda received: Answer(status)
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api", opaque_tokens=opaque(provider))
    code = "introspection_failed" if status == 401 else "introspection_unavailable"
    with answered(503, code):
        await verifier.verify(bearer("opaque"))


async def test_the_memory_of_opaque_tokens_is_bounded(provider: EmbeddedProvider) -> None:
    provider.intercept = introspecting(active=True)
    tokens = opaque(provider, max_entries=3)
    for number in range(10):
        await tokens.claims(f"token-{number}")
    assert len(tokens) == 3
    nothing = opaque(provider, cache_ttl=0)
    await nothing.claims("token")
    assert len(nothing) == 0
    soon = opaque(provider)
    provider.intercept = introspecting(active=True, exp=time.time() + 5)
    await soon.claims("token")
    now = soon.clock()
    soon.clock = lambda: now + 6
    before = provider.count("/introspect")
    await soon.claims("token")
    assert provider.count("/introspect") == before + 1
    for wrong in ({"cache_ttl": -1}, {"max_entries": 0}):
        with pytest.raises(InvalidArgumentError):
            opaque(provider, **wrong)


async def test_an_encrypted_token_is_opened(provider: EmbeddedProvider) -> None:
    from joserfc import jwe

    key = RSAKey.generate_key(2048)
    verifier = AsyncAccessTokenVerifier(
        provider.issuer, "api", decryption_keys=[key.as_dict(private=True)]
    )
    header = {"alg": "RSA-OAEP", "enc": "A256GCM"}
    token = jwe.encrypt_compact(header, provider.mint(), key, algorithms=[*header.values()])
    for _ in range(2):
        assert await verifier.verify(bearer(token))
    with answered(401, "not_encrypted"):
        await verifier.verify(bearer(provider.mint()))


WRONG: list[dict[str, Any]] = [
    {"issuers": []},
    {"issuers": ""},
    {"audience": ""},
    {"audience": []},
    {"profile": "any"},
    {"dpop": "maybe"},
    {"mtls": True},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_verifier_that_cannot_work_is_not_made(wrong: dict[str, Any]) -> None:
    usual: dict[str, Any] = {"issuers": "https://op.example", "audience": "api"}
    with pytest.raises(InvalidArgumentError):
        AsyncAccessTokenVerifier(**{**usual, **wrong})


@pytest.mark.parametrize(
    "arguments",
    [
        {"issuer": "https://op/{a}/{b}", "bound_claim": "tid"},
        {"issuer": "https://op/{a}"},
        {"issuer": "https://op", "bound_claim": "tid"},
    ],
)
def test_a_template_binds_one_claim(arguments: dict[str, str]) -> None:
    with pytest.raises(InvalidArgumentError):
        TrustedIssuer(**arguments)  # type: ignore[arg-type]


async def test_a_replay_store_of_ones_own_is_used(
    provider: EmbeddedProvider,
) -> None:
    store = MemoryReplayStore()
    key = DPoPKey()
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api", replay_store=store, dpop="required")
    token = provider.mint(cnf={"jkt": key.jwk_thumbprint})
    proof = create_dpop_proof(key, "GET", URI, token)
    assert await verifier.verify(f"DPoP {token}", method="GET", uri=URI, dpop=proof)
    assert len(store) == 1


async def test_what_a_verifier_remembers_is_bounded(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    module = sys.modules[AsyncAccessTokenVerifier.__module__]
    monkeypatch.setattr(module, "_MOST_HEADERS", 2)
    provider.intercept = tenants(provider)
    template = TrustedIssuer(f"{provider.issuer}/{{tenantid}}/v2.0", bound_claim="tid")
    verifier = AsyncAccessTokenVerifier(template, "api")
    for number in range(5):
        tenant = f"t{number}"
        token = provider.mint(
            iss=f"{provider.issuer}/{tenant}/v2.0", tid=tenant, header={"extra": number}
        )
        assert await verifier.verify(bearer(token))
    assert len(verifier._configs) <= 2
    assert len(verifier._headers) <= 2


async def test_a_token_that_is_too_long_is_not_even_looked_into(
    provider: EmbeddedProvider,
) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    with answered(401, "untrusted_issuer"):
        await verifier.verify(bearer(provider.mint(filler="x" * 70_000)))
    assert provider.requests == []


async def test_a_time_that_no_calendar_knows_is_none(provider: EmbeddedProvider) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    verified = await verifier.verify(bearer(provider.mint(exp=10**14)))
    assert verified.expires_at is None


async def test_a_nonce_is_demanded_and_renewed(provider: EmbeddedProvider) -> None:
    key, nonces = DPoPKey(), DPoPNonces(b"s" * 32, lifetime=100)
    now = [1_000_000.0]
    nonces.clock = lambda: now[0]
    verifier = AsyncAccessTokenVerifier(provider.issuer, provider.audience, dpop_nonces=nonces)
    token = provider.mint(cnf={"jkt": key.jwk_thumbprint})

    async def verified(nonce: str | None) -> VerifiedAccessToken:
        proof = create_dpop_proof(key, "GET", URI, token, nonce)
        return await verifier.verify(f"DPoP {token}", method="GET", uri=URI, dpop=proof)

    for wrong in (None, "", "a-nonce-of-somebody-else"):
        with answered(401, "use_dpop_nonce", "use_dpop_nonce") as caught:
            await verified(wrong)
    demanded = caught.value.dpop_nonce
    assert caught.value.headers == {
        "WWW-Authenticate": caught.value.www_authenticate,
        "DPoP-Nonce": demanded,
    }
    assert "Bearer" not in caught.value.headers["WWW-Authenticate"]
    assert (await verified(demanded)).dpop_nonce is None
    now[0] += 50
    assert (await verified(demanded)).dpop_nonce == nonces.current() != demanded
    now[0] += 50
    with answered(401, "use_dpop_nonce", "use_dpop_nonce"):
        await verified(demanded)


async def test_a_proof_without_its_nonce_may_be_sent_again_with_it(
    provider: EmbeddedProvider,
) -> None:
    key, nonces = DPoPKey(), DPoPNonces()
    verifier = AsyncAccessTokenVerifier(provider.issuer, provider.audience, dpop_nonces=nonces)
    token = provider.mint(cnf={"jkt": key.jwk_thumbprint})

    async def serve(request: httpx.Request) -> httpx.Response:
        try:
            verified = await verifier.verify(
                request.headers["authorization"],
                method=request.method,
                uri=str(request.url),
                dpop=request.headers["dpop"],
            )
        except AccessTokenRefusedException as error:
            return httpx.Response(error.status_code, headers=error.headers)
        return httpx.Response(200, json={"sub": verified.subject})

    provider.intercept = answering(
        "/token", Answer.of_json({"access_token": token, "token_type": "DPoP"})
    )
    source = AsyncTokenSource(
        ClientCredentialsTokenRequest(provider.token_endpoint, "machine", "s", dpop_key=key)
    )
    transport = httpx.MockTransport(serve)
    async with httpx.AsyncClient(transport=transport, auth=AsyncTokenAuth(source)) as client:
        for _ in range(2):
            assert (await client.get(URI)).status_code == 200


async def test_what_one_process_was_told_of_an_opaque_token_others_take_over(
    provider: EmbeddedProvider,
) -> None:
    store = AsyncMemoryTokenStore()
    provider.intercept = introspecting(active=True, sub="alice", iss=provider.issuer)
    for _ in range(3):
        tokens = opaque(provider, store=store)
        for _ in range(2):
            assert (await tokens.claims("an-opaque-token"))["sub"] == "alice"
    assert provider.count("/introspect") == 1
    other = AsyncOpaqueTokens(
        f"{provider.issuer}/introspect", "somebody-else", ClientSecretBasic("s"), store=store
    )
    await other.claims("an-opaque-token")
    await opaque(provider, store=store, cache_ttl=0).claims("an-opaque-token")
    assert provider.count("/introspect") == 3


async def test_what_others_were_told_is_believed_no_longer_than_ones_own_ttl(
    provider: EmbeddedProvider,
) -> None:
    store = AsyncMemoryTokenStore()
    provider.intercept = introspecting(active=True, sub="alice", exp=int(time.time()) + 900)
    await opaque(provider, store=store, cache_ttl=600).claims("an-opaque-token")
    impatient = opaque(provider, store=store, cache_ttl=10)
    now = [0.0]
    impatient.clock = lambda: now[0]
    await impatient.claims("an-opaque-token")
    provider.intercept = introspecting(active=False)
    now[0] += 9
    await impatient.claims("an-opaque-token")
    await store.delete(impatient._name("an-opaque-token"))
    now[0] += 2
    with refused(TokenValidationException, "inactive_token"):
        await impatient.claims("an-opaque-token")


@pytest.mark.parametrize(
    "kept",
    [
        "no JSON",
        "[]",
        "{}",
        '{"until": 1, "claims": {"active": true}}',
        '{"until": 99999999999, "claims": {"active": false}}',
        '{"until": 99999999999, "claims": ["active"]}',
        '{"until": "tomorrow", "claims": {"active": true}}',
    ],
)
async def test_what_a_store_holds_of_an_opaque_token_is_judged(
    kept: str, provider: EmbeddedProvider
) -> None:
    store = AsyncMemoryTokenStore()
    provider.intercept = introspecting(active=True, sub="alice")
    tokens = opaque(provider, store=store)
    await store.set(tokens._name("t"), kept, None)
    assert (await tokens.claims("t"))["sub"] == "alice"
    assert provider.count("/introspect") == 1


async def test_a_store_that_is_out_does_not_take_opaque_tokens_with_it(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(AsyncMemoryTokenStore):
        async def get(self, key: str) -> str | None:
            raise ConnectionError("out")

        async def set(self, key: str, value: str, expires_in: float | None) -> None:
            raise ConnectionError("out")

    provider.intercept = introspecting(active=True, sub="alice")
    tokens = opaque(provider, store=Broken())
    with caplog.at_level(logging.WARNING, "py_identity_model"):
        assert (await tokens.claims("an-opaque-token"))["sub"] == "alice"
    assert "cannot be read: ConnectionError" in caplog.text
    assert "an-opaque-token" not in caplog.text


ALGS = 'algs="ES256 ES384 ES512 Ed25519 EdDSA PS256 PS384 PS512 RS256 RS384 RS512"'
EXPIRED = 'error="invalid_token", error_description="Token has expired"'
SCOPE = 'error="insufficient_scope", scope="admin write"'
STEP_UP = (
    'error="insufficient_user_authentication", '
    'error_description="A better or newer login is required", '
    'acr_values="gold silver", max_age="60"'
)
WANTED: dict[str, dict[str, Any]] = {
    "nothing": {},
    "expired": {},
    "scope": {"scopes": ["write", "admin"]},
    "step-up": {"acr_values": ["gold", "silver"], "max_age": 60},
}


@pytest.mark.parametrize(
    ("binding", "sent_by", "case", "status", "header"),
    [
        ("optional", None, "nothing", 401, f'Bearer realm="r", DPoP realm="r", {ALGS}'),
        ("refused", None, "nothing", 401, 'Bearer realm="r"'),
        ("required", None, "nothing", 401, f'DPoP realm="r", {ALGS}'),
        (
            *("optional", "Bearer", "expired"),
            401,
            f'Bearer realm="r", {EXPIRED}, DPoP realm="r", {ALGS}',
        ),
        (
            *("optional", "DPoP", "expired"),
            401,
            f'Bearer realm="r", DPoP realm="r", {EXPIRED}, {ALGS}',
        ),
        ("refused", "Bearer", "expired", 401, f'Bearer realm="r", {EXPIRED}'),
        ("refused", "DPoP", "expired", 401, f'Bearer realm="r", {EXPIRED}'),
        ("required", "DPoP", "expired", 401, f'DPoP realm="r", {EXPIRED}, {ALGS}'),
        (
            *("optional", "Bearer", "scope"),
            403,
            f'Bearer realm="r", {SCOPE}, DPoP realm="r", {ALGS}',
        ),
        (*("optional", "DPoP", "scope"), 403, f'Bearer realm="r", DPoP realm="r", {SCOPE}, {ALGS}'),
        ("refused", "Bearer", "scope", 403, f'Bearer realm="r", {SCOPE}'),
        ("required", "DPoP", "scope", 403, f'DPoP realm="r", {SCOPE}, {ALGS}'),
        (
            *("optional", "Bearer", "step-up"),
            401,
            f'Bearer realm="r", {STEP_UP}, DPoP realm="r", {ALGS}',
        ),
        ("refused", "Bearer", "step-up", 401, f'Bearer realm="r", {STEP_UP}'),
        ("required", "DPoP", "step-up", 401, f'DPoP realm="r", {STEP_UP}, {ALGS}'),
    ],
)
async def test_the_challenge_says_exactly_what_is_wrong(
    binding: Any,
    sent_by: str | None,
    case: str,
    status: int,
    header: str,
    provider: EmbeddedProvider,
) -> None:
    key = DPoPKey()
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api", dpop=binding, realm="r")
    changes: dict[str, Any] = {"exp": 1} if case == "expired" else {}
    if sent_by == "DPoP":
        changes["cnf"] = {"jkt": key.jwk_thumbprint}
    token = provider.mint(scope="read", acr="1", auth_time=1, **changes)
    proof = create_dpop_proof(key, "GET", URI, token) if sent_by == "DPoP" else None
    with pytest.raises(AccessTokenRefusedException) as caught:
        await verifier.verify(
            sent_by and f"{sent_by} {token}", method="GET", uri=URI, dpop=proof, **WANTED[case]
        )
    assert caught.value.status_code == status
    assert caught.value.headers == {"WWW-Authenticate": header}


async def test_the_challenge_of_a_proof_speaks_of_proofs_alone(provider: EmbeddedProvider) -> None:
    key, nonces = DPoPKey(), DPoPNonces(b"s" * 32)
    token = provider.mint(cnf={"jkt": key.jwk_thumbprint})
    proof = create_dpop_proof(key, "GET", URI, token)
    cases = [
        ("POST", None, "invalid_dpop_proof", "it is for another method"),
        ("GET", nonces, "use_dpop_nonce", "it does not carry the nonce that is demanded"),
    ]
    for method, demanded, error, text in cases:
        verifier = AsyncAccessTokenVerifier(provider.issuer, "api", dpop_nonces=demanded)
        with pytest.raises(AccessTokenRefusedException) as caught:
            await verifier.verify(f"DPoP {token}", method=method, uri=URI, dpop=proof)
        assert caught.value.status_code == 401
        told = f'error="{error}", error_description="Invalid DPoP proof: {text}"'
        assert caught.value.www_authenticate == f"DPoP {told}, {ALGS}"
        assert caught.value.dpop_nonce == (None if demanded is None else demanded.current())
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    with pytest.raises(AccessTokenRefusedException) as caught:
        await verifier.verify(f"DPoP {token}", method="GET", uri=URI, dpop=[proof, proof])
    assert caught.value.status_code == 400
    assert caught.value.www_authenticate == (
        'Bearer, DPoP error="invalid_request", '
        f'error_description="the request carries more than one DPoP proof", {ALGS}'
    )
