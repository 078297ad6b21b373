"""The verifier of access tokens: whom it trusts, what it demands, how it answers."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import trustme
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from py_identity_model import AccessTokenRefusedException, ClaimsValidationError
from py_identity_model._jose.encoding import encode_base64url
from py_identity_model._resource_server import issuer_rules
from py_identity_model.aio import (
    AsyncAccessTokenVerifier,
    AsyncTokenAuth,
    AsyncTokenSource,
    ClientCredentialsTokenRequest,
    DPoPKey,
    DPoPNonceIssuer,
    MemoryReplayStore,
    Settings,
    TrustedIssuer,
    VerifiedAccessToken,
    compute_certificate_thumbprint,
    create_dpop_proof,
    parse_www_authenticate,
    set_activity_hook,
)
from py_identity_model.exceptions import ConfigurationException, InvalidArgumentError
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.support import DISCOVERY, FromNow, Gate, answered, answering, at_once, bearer

CLAIMS_CODE = ClaimsValidationError.default_code
URI = "https://api.example/orders"
CERTIFICATE, OTHER_CERTIFICATE = (
    trustme.CA().issue_cert("client.test").cert_chain_pems[0].bytes() for _ in range(2)
)


async def test_a_valid_token_shows_its_facts(provider: EmbeddedProvider) -> None:
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


async def test_a_bearer_token_is_refused_in_the_dpop_scheme(provider: EmbeddedProvider) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    token = provider.mint()
    for scheme in ("DPoP", "dpop"):
        with answered(401, "binding_refused"):
            await verifier.verify(f"{scheme} {token}", method="GET", uri=URI)
    assert (await verifier.verify(f"Bearer {token}")).dpop_nonce is None


async def test_an_issuer_that_a_token_names_is_waited_for_as_long_as_others(
    provider: EmbeddedProvider,
) -> None:
    gate = Gate("/.well-known/openid-configuration")
    provider.intercept = gate
    verifier = AsyncAccessTokenVerifier(lambda issuer: issuer, "api", cold_timeout=0.05)
    with answered(503, "keys_unavailable"):
        await verifier.verify(f"Bearer {provider.mint()}")
    assert not gate.gave_up
    gate.open.set()


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Basic YTpi", "nonsense"])
async def test_a_request_without_a_token_is_asked_for_one(
    provider: EmbeddedProvider, authorization: str | None
) -> None:
    verifier = AsyncAccessTokenVerifier(
        provider.issuer, "api", realm="orders", resource_metadata="https://api.example/m"
    )
    with answered(401, "missing_token") as caught:
        await verifier.verify(authorization)
    (challenge,) = parse_www_authenticate(caught.value.www_authenticate or "")
    assert (challenge.scheme, challenge.error, challenge.scope) == ("bearer", None, None)
    assert challenge.parameters["realm"] == "orders"
    assert challenge.resource_metadata == "https://api.example/m"
    assert provider.requests == []


async def test_a_request_without_a_token_learns_which_scopes_it_needs(
    provider: EmbeddedProvider,
) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api", required_scopes="read")
    for authorization in (None, "Bearer x.y.z"):
        with pytest.raises(AccessTokenRefusedException) as caught:
            await verifier.verify(authorization, scopes="write delete")
        (challenge,) = parse_www_authenticate(caught.value.www_authenticate or "")
        assert challenge.scope == "delete read write"


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
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api", profile="rfc9068")
    with answered(401, code, "invalid_token") as caught:
        await verifier.verify(bearer(provider.mint(**change)))
    assert caught.value.__cause__ is not None
    if code == "untrusted_issuer":
        assert provider.requests == []


@pytest.mark.parametrize("token", ["opaque", "a.b", "a.b.c", "...", "é.b.c", "x" * 70000])
async def test_a_malformed_token_gets_401_and_costs_no_request(
    provider: EmbeddedProvider, token: str
) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    with pytest.raises(AccessTokenRefusedException) as caught:
        await verifier.verify(bearer(token))
    assert caught.value.status_code == 401
    assert provider.requests == []


@pytest.mark.parametrize("segment", [1, 2])
async def test_a_garbled_segment_costs_no_request_and_no_question_to_a_resolver(
    provider: EmbeddedProvider, segment: int
) -> None:
    parts = provider.mint().split(".")
    parts[segment] += "!"
    asked: list[str] = []
    for issuers in (provider.issuer, [provider.issuer], asked.append):
        verifier = AsyncAccessTokenVerifier(issuers, "api")
        with answered(401, "malformed_token", "invalid_token"):
            await verifier.verify(bearer(".".join(parts)))
    assert (provider.requests, asked) == ([], [])


async def test_a_stranger_is_refused_also_once_the_verifier_is_warm(
    provider: EmbeddedProvider,
) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    await verifier.verify(bearer(provider.mint()))
    with answered(401, "invalid_issuer", "invalid_token"):
        await verifier.verify(bearer(provider.mint(iss="https://evil.example")))


async def test_insufficient_scope_gets_403_with_the_required_scopes(
    provider: EmbeddedProvider,
) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api", required_scopes=["read"])
    for scopes in (["write"], "write"):
        with answered(403, "insufficient_scope", "insufficient_scope") as caught:
            await verifier.verify(bearer(provider.mint(scope="read")), scopes=scopes)
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
        ({"auth_time": FromNow(-30)}, {"max_age": 60}, True),
        ({"auth_time": FromNow(-90)}, {"max_age": 60}, False),
        ({"auth_time": FromNow(30)}, {"max_age": 60}, True),
        ({"auth_time": FromNow(90)}, {"max_age": 60}, False),
        ({"auth_time": 4_000_000_000}, {"max_age": 60}, False),
        ({"acr": "gold"}, {"acr_values": "gold silver"}, True),
        ({"acr": "old"}, {"acr_values": "gold"}, False),
        ({"acr": ""}, {"acr_values": "gold"}, False),
        ({"acr": ["gold"]}, {"acr_values": {"gold"}}, False),
    ],
)
async def test_a_weak_or_old_login_is_asked_to_step_up(
    provider: EmbeddedProvider, claims: dict[str, Any], demand: dict[str, Any], good: bool
) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    authorization = bearer(provider.mint(**at_once(claims)))
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
    assert caught.value.headers == {"Retry-After": "1"}


async def test_additional_claims_can_be_required(provider: EmbeddedProvider) -> None:
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


async def test_a_callback_that_trusts_another_issuer_than_the_named_one_helps_nobody(
    provider: EmbeddedProvider,
) -> None:
    verifier = AsyncAccessTokenVerifier(lambda _: TrustedIssuer(provider.issuer), "api")
    assert await verifier.verify(bearer(provider.mint()))
    with answered(401, "untrusted_issuer"):
        await verifier.verify(bearer(provider.mint(iss=f"{provider.issuer}/evil")))


async def test_a_token_that_says_something_twice_is_refused(
    provider: EmbeddedProvider,
) -> None:
    evil, key = "https://evil.example", ECKey.generate_key("P-256")
    jwk = {**key.as_dict(private=False), "kid": "k"}
    provider.intercept = answering("/jwks", Answer.of_json({"keys": [jwk]}))

    def resolve(issuer: str) -> str | None:
        return issuer if issuer == provider.issuer else None

    def token(claims: str) -> str:
        header = encode_base64url(b'{"alg":"ES256","kid":"k"}')
        members = f'{{{claims},"exp":4102444800}}'.encode()
        message = header + b"." + encode_base64url(members)
        signature = JWSRegistry.algorithms["ES256"].sign(message, key)
        return bearer((message + b"." + encode_base64url(signature)).decode())

    once = f'"iss":"{provider.issuer}","aud":"api"'
    cases = [f'{once},"aud":"api"', f'"iss":"{evil}",{once}', f'{once},"cnf":{{"a":1,"a":2}}']
    for issuers in (provider.issuer, resolve):
        verifier = AsyncAccessTokenVerifier(issuers, "api", algorithms=["ES256"])
        for _ in range(2):  # cold and warm
            for twice in cases:
                with answered(401, "malformed_token"):
                    await verifier.verify(token(twice))
            assert await verifier.verify(token(once))
        last = f'{once},"iss":"{evil}"'
        with answered(401, "untrusted_issuer" if issuers is resolve else "malformed_token"):
            await verifier.verify(token(last))


async def test_what_a_callback_says_now_counts_and_not_what_it_said(
    provider: EmbeddedProvider,
) -> None:
    audiences = ["web", "api", "web", "api"]
    verifier = AsyncAccessTokenVerifier(
        lambda issuer: TrustedIssuer(issuer, audience=audiences.pop(0))
    )
    token = bearer(provider.mint())
    for _ in range(2):
        with answered(401, "invalid_audience"):
            await verifier.verify(token)
        assert await verifier.verify(token)


async def test_a_callback_that_raises_a_mistake_of_its_own_is_down(
    provider: EmbeddedProvider,
) -> None:
    def build(issuer: str) -> TrustedIssuer:
        return TrustedIssuer(f"{issuer}/{{a}}{{b}}")  # refused as an argument of ours

    with answered(503, "issuers_unavailable"):
        await AsyncAccessTokenVerifier(build, "api").verify(bearer(provider.mint()))


async def test_a_callback_that_returns_something_else_is_a_mistake(
    provider: EmbeddedProvider,
) -> None:
    def wrong(issuer: str) -> int:
        return len(issuer)

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


async def test_a_refusal_is_logged_with_the_issuer_and_without_the_token(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    token = provider.mint(exp=1)
    with caplog.at_level(logging.INFO, "py_identity_model"), answered(401, "token_expired"):
        await verifier.verify(bearer(token))
    (line,) = [one for one in caplog.messages if "refused" in one]
    assert line.endswith(f"(code token_expired, issuer {provider.issuer})")
    assert token.rpartition(".")[2] not in caplog.text


async def test_a_verified_token_refuses_as_its_verifier_does(provider: EmbeddedProvider) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api", realm="orders")
    verified = await verifier.verify(bearer(provider.mint(scope="read")))
    with answered(403, "insufficient_scope") as caught:
        verified.require_scopes("write")
    assert 'realm="orders"' in str(caught.value.www_authenticate)


async def test_an_issuer_that_the_program_names_is_asked_again_after_a_failure(
    provider: EmbeddedProvider,
) -> None:
    settings = Settings(http_retry_max_attempts=1, http_retry_base_delay=0)
    once = iter([Answer.of_json({"error": "down"}, 503)])
    provider.intercept = lambda received: next(once, None) if received.path == DISCOVERY else None
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api", settings=settings)
    assert await verifier.verify(bearer(provider.mint()))
    assert provider.count(DISCOVERY) == 2


async def test_an_observed_verification_checks_what_others_check(
    provider: EmbeddedProvider,
) -> None:
    key = DPoPKey()
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    thumbprint = compute_certificate_thumbprint(CERTIFICATE)
    token = provider.mint(cnf={"jkt": key.jwk_thumbprint, "x5t#S256": thumbprint}, auth_time=1)
    shown: dict[str, Any] = {"method": "GET", "uri": URI, "certificate": CERTIFICATE}
    cases: list[tuple[str, dict[str, Any]]] = [
        ("key_mismatch", {"dpop": create_dpop_proof(DPoPKey(), "GET", URI, token)}),
        ("binding_refused", {"certificate": None}),
        ("insufficient_scope", {"scopes": "admin"}),
        ("insufficient_user_authentication", {"acr_values": "gold"}),
        ("insufficient_user_authentication", {"max_age": 60}),
    ]
    set_activity_hook(lambda event: None)
    try:
        proof = create_dpop_proof(key, "GET", URI, token)
        assert await verifier.verify(f"DPoP {token}", **shown, dpop=proof)
        for code, wrong in cases:
            proof = create_dpop_proof(key, "GET", URI, token)
            with pytest.raises(AccessTokenRefusedException) as caught:
                await verifier.verify(f"DPoP {token}", **{**shown, "dpop": proof, **wrong})
            assert caught.value.code == code
    finally:
        set_activity_hook(None)


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
    with answered(401, "certificate_binding_mismatch"):  # the first one is the client's
        await verifier.verify(bearer(token), certificate=OTHER_CERTIFICATE + CERTIFICATE)
    with answered(401, "binding_refused"):
        await verifier.verify(bearer(token), certificate="")
    for odd in ({"unheard-of": 1}, "odd", ["odd"], 7):
        with answered(401, "binding_refused"):
            await verifier.verify(bearer(provider.mint(cnf=odd)))


async def test_a_certificate_that_a_token_is_not_bound_to_is_not_checked(
    provider: EmbeddedProvider,
) -> None:
    key = DPoPKey()
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    token = provider.mint(cnf={"jkt": key.jwk_thumbprint})
    proof = create_dpop_proof(key, "GET", URI, token)
    assert await verifier.verify(
        f"DPoP {token}", method="GET", uri=URI, dpop=proof, certificate=CERTIFICATE
    )


async def test_a_certificate_that_cannot_be_read_is_refused(provider: EmbeddedProvider) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    bound = provider.mint(cnf={"x5t#S256": "x" * 43})
    with answered(401, "invalid_certificate") as caught:
        await verifier.verify(bearer(bound), certificate="rubbish")
    assert str(caught.value) == "the certificate that was presented cannot be read"


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
    assert ("dpop" in schemes) == (modes.get("dpop") == "required")


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


WRONG: list[tuple[str, Any]] = [
    ("issuers", []),
    ("issuers", ""),
    ("issuers", 7),
    ("audience", ""),
    ("audience", []),
    ("audience", [7]),
    ("audience", None),
    ("client_ids", "web"),
    ("client_ids", [""]),
    ("profile", "any"),
    ("dpop", "maybe"),
    ("mtls", True),
    ("algorithms", "RS256"),
    ("algorithms", ["none"]),
    ("algorithms", []),
    ("leeway", -1),
    ("leeway", True),
    ("leeway", float("inf")),
    ("required_claims", "tid"),
    ("required_scopes", ["read write"]),
    ("required_scopes", 7),
    ("roles", ""),
    ("roles", ()),
    ("introspect_jwts", True),
    ("realm", "a\nb"),
    ("resource_metadata", "é"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_verifier_that_cannot_work_is_not_made(name: str, value: object) -> None:
    usual: dict[str, Any] = {"issuers": "https://op.example", "audience": "api"}
    with pytest.raises(InvalidArgumentError, match=name.rstrip("s")):
        AsyncAccessTokenVerifier(**{**usual, name: value})


def test_options_that_contradict_each_other_are_refused() -> None:
    for issuer in (
        "https://op.example",
        TrustedIssuer("https://op.example", accept_id_tokens_as_access_tokens=True),
    ):
        with pytest.raises(InvalidArgumentError, match="rfc9068"):
            AsyncAccessTokenVerifier(
                issuer,
                "api",
                profile="rfc9068",
                accept_id_tokens_as_access_tokens=isinstance(issuer, str),
            )


async def test_a_custom_replay_store_is_used(
    provider: EmbeddedProvider,
) -> None:
    store = MemoryReplayStore()
    key = DPoPKey()
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api", replay_store=store, dpop="required")
    token = provider.mint(cnf={"jkt": key.jwk_thumbprint})
    proof = create_dpop_proof(key, "GET", URI, token)
    assert await verifier.verify(f"DPoP {token}", method="GET", uri=URI, dpop=proof)
    assert len(store) == 1


async def test_the_memory_of_a_verifier_is_bounded(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    module = sys.modules[type(AsyncAccessTokenVerifier(provider.issuer, "api")._issuers).__module__]
    monkeypatch.setattr(module, "_MOST_ISSUERS", 2)
    monkeypatch.setattr(issuer_rules, "_MOST_HEADERS", 2)
    provider.intercept = tenants(provider)
    template = TrustedIssuer(f"{provider.issuer}/{{tenantid}}/v2.0", bound_claim="tid")
    verifier = AsyncAccessTokenVerifier(template, "api")
    for number in range(10):
        tenant = f"t{number % 3}"
        token = provider.mint(
            iss=f"{provider.issuer}/{tenant}/v2.0", tid=tenant, header={"extra": number}
        )
        assert await verifier.verify(bearer(token))
    rules = verifier._issuers._rules
    assert len(rules) <= 2
    assert all(len(one.headers) <= 2 for one in rules.values())


async def test_a_token_that_is_too_long_is_not_even_looked_into(
    provider: EmbeddedProvider,
) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    with answered(401, "token_too_large"):
        await verifier.verify(bearer(provider.mint(filler="x" * 70_000)))
    assert provider.requests == []


async def test_a_time_that_no_calendar_knows_is_none(provider: EmbeddedProvider) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    verified = await verifier.verify(bearer(provider.mint(exp=10**14)))
    assert verified.expires_at is None


async def test_a_nonce_is_demanded_and_renewed(provider: EmbeddedProvider) -> None:
    key, nonces = DPoPKey(), DPoPNonceIssuer(b"s" * 32, lifetime=100)
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
    key, nonces = DPoPKey(), DPoPNonceIssuer()
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


ALGS = 'algs="ES256 ES384 ES512 Ed25519 EdDSA PS256 PS384 PS512 RS256 RS384 RS512"'
EXPIRED = 'error="invalid_token", error_description="The access token has expired"'
SCOPE = 'error="insufficient_scope", scope="admin write"'
STEP_UP = (
    'error="insufficient_user_authentication", '
    'error_description="A stronger or more recent login is required", '
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
            f'Bearer realm="r", {SCOPE}, DPoP realm="r", scope="admin write", {ALGS}',
        ),
        (
            *("optional", "DPoP", "scope"),
            403,
            f'Bearer realm="r", scope="admin write", DPoP realm="r", {SCOPE}, {ALGS}',
        ),
        (None, None, "nothing", 401, 'Bearer realm="r"'),
        (None, "Bearer", "expired", 401, f'Bearer realm="r", {EXPIRED}'),
        (
            *(None, "DPoP", "expired"),
            401,
            f'Bearer realm="r", DPoP realm="r", {EXPIRED}, {ALGS}',
        ),
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
    key, nonces = DPoPKey(), DPoPNonceIssuer(b"s" * 32)
    token = provider.mint(cnf={"jkt": key.jwk_thumbprint})
    proof = create_dpop_proof(key, "GET", URI, token)
    cases = [
        ("POST", None, "invalid_dpop_proof", "The DPoP proof is invalid"),
        ("GET", nonces, "use_dpop_nonce", "The DPoP proof must carry the nonce of this server"),
    ]
    for method, demanded, error, text in cases:
        verifier = AsyncAccessTokenVerifier(provider.issuer, "api", dpop_nonces=demanded)
        with pytest.raises(AccessTokenRefusedException) as caught:
            await verifier.verify(f"DPoP {token}", method=method, uri=URI, dpop=proof)
        assert caught.value.status_code == 401
        challenge = f'error="{error}", error_description="{text}"'
        assert caught.value.www_authenticate == f"DPoP {challenge}, {ALGS}"
        assert caught.value.dpop_nonce == (None if demanded is None else demanded.current())
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    with pytest.raises(AccessTokenRefusedException) as caught:
        await verifier.verify(f"DPoP {token}", method="GET", uri=URI, dpop=[proof, proof])
    assert caught.value.status_code == 400
    assert caught.value.www_authenticate == (
        'Bearer, DPoP error="invalid_request", '
        f'error_description="The request carries more than one DPoP proof", {ALGS}'
    )
