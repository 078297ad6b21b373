"""``validate_token``: every step of it, and everything it must refuse."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from joserfc.jwk import OctKey
from joserfc.jws import JWSRegistry

from py_identity_model._jose.encoding import encode_base64url
from py_identity_model._jose.sign import sign_compact
from py_identity_model.aio import (
    AsyncHTTPClient,
    ClaimsValidationError,
    DiscoveryPolicy,
    JsonWebKey,
    JwksRequest,
    TokenValidationConfig,
    combine_claims_validators,
    get_jwks,
    require_claims,
    require_scopes,
    validate_token,
)
from py_identity_model.exceptions import (
    ConfigurationException,
    InvalidAudienceException,
    InvalidIssuerException,
    KeysUnavailableException,
    ProviderUnusableException,
    PyIdentityModelException,
    SignatureVerificationException,
    TokenExpiredException,
    TokenValidationException,
)
from py_identity_model.testing import Answer, EmbeddedProvider
from tests.support import CONFIG, DISCOVERY, answering, failing, refused


def encode(text: str) -> str:
    return encode_base64url(text.encode()).decode()


SOUND = encode('{"alg":"RS256","kid":"1"}')
GARBLED = ("!", "A", "AAAAA", "AA==", "AB", "AA AA", "AA\n", "A+/A", "=", "a.b")


def manual(provider: EmbeddedProvider, **fields: Any) -> TokenValidationConfig:
    """A configuration that names the provider's RSA key itself."""
    values = {"key": provider.keys[0], "algorithms": ["RS256"], "audience": "api", **fields}
    return TokenValidationConfig(perform_disco=False, **values)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_a_sound_token_gives_its_claims(provider: EmbeddedProvider, algorithm: str) -> None:
    token = provider.mint(algorithm=algorithm, sub="alice", roles=["admin"])
    for _ in range(2):
        claims = await validate_token(token, CONFIG, provider.issuer)
        assert claims["sub"] == "alice"
        assert claims["roles"] == ["admin"]
    assert len(provider.requests) == 2


async def test_the_documents_own_url_is_an_address_too(provider: EmbeddedProvider) -> None:
    assert await validate_token(provider.mint(), CONFIG, provider.discovery_endpoint)


@pytest.mark.parametrize(
    ("claims", "expected", "code"),
    [
        ({"exp": 1}, TokenExpiredException, "token_expired"),
        ({"exp": "soon"}, TokenValidationException, "invalid_claim"),
        ({"exp": True}, TokenValidationException, "invalid_claim"),
        ({"exp": 10**400}, TokenValidationException, "invalid_claim"),
        ({"nbf": 4_000_000_000}, TokenValidationException, "not_yet_valid"),
        ({"nbf": [1]}, TokenValidationException, "invalid_claim"),
        ({"iat": 4_000_000_000}, TokenValidationException, "issued_in_future"),
        ({"iat": "1"}, TokenValidationException, "invalid_claim"),
        ({"iat": -(10**400)}, TokenValidationException, "invalid_claim"),
        ({"nbf": -(10**400)}, TokenValidationException, "invalid_claim"),
        ({"aud": "other"}, InvalidAudienceException, "invalid_audience"),
        ({"aud": ["other", 5]}, InvalidAudienceException, "invalid_audience"),
        ({"aud": {"api": 1}}, InvalidAudienceException, "invalid_audience"),
        ({"aud": None}, TokenValidationException, "missing_claim"),
        ({"aud": []}, TokenValidationException, "missing_claim"),
        ({"iss": "https://other.example"}, InvalidIssuerException, "invalid_issuer"),
        ({"iss": ["http://127.0.0.1"]}, InvalidIssuerException, "invalid_issuer"),
        ({"iss": None}, TokenValidationException, "missing_claim"),
        ({"sub": 5}, TokenValidationException, "invalid_claim"),
        ({"jti": 5}, TokenValidationException, "invalid_claim"),
    ],
)
async def test_a_claim_that_breaks_a_rule_is_refused(
    provider: EmbeddedProvider,
    claims: dict[str, Any],
    expected: type[PyIdentityModelException],
    code: str,
) -> None:
    token = provider.mint(**claims)
    with refused(expected, code) as caught:
        await validate_token(token, CONFIG, provider.issuer)
    assert token.rpartition(".")[2] not in str(caught.value)


async def test_the_messages_that_programs_look_for(provider: EmbeddedProvider) -> None:
    for claims, text in (
        ({"exp": 1}, "Token has expired"),
        ({"aud": "x"}, "Invalid audience"),
        ({"iss": "x"}, "Invalid issuer"),
        ({"nbf": 4_000_000_000}, "Invalid token: the nbf claim is in the future"),
    ):
        with pytest.raises(TokenValidationException) as caught:
            await validate_token(provider.mint(**claims), CONFIG, provider.issuer)
        assert str(caught.value) == text
        assert caught.value.token_part == "payload"


async def test_optional_claims_may_be_absent(provider: EmbeddedProvider) -> None:
    token = provider.mint(exp=None, iat=None, sub=None, jti=None)
    assert "exp" not in await validate_token(token, CONFIG, provider.issuer)


async def test_leeway_forgives_clocks_that_differ(provider: EmbeddedProvider) -> None:
    now = int(time.time())
    config = replace(CONFIG, leeway=60)
    assert await validate_token(provider.mint(exp=now - 30), config, provider.issuer)
    assert await validate_token(provider.mint(nbf=now + 30), config, provider.issuer)
    assert await validate_token(provider.mint(iat=now + 30), config, provider.issuer)
    with pytest.raises(TokenExpiredException):
        await validate_token(provider.mint(exp=now - 61), config, provider.issuer)


async def test_an_audience_may_be_one_of_several_on_either_side(
    provider: EmbeddedProvider,
) -> None:
    token = provider.mint(aud=["api", "other"])
    assert await validate_token(token, CONFIG, provider.issuer)
    several = replace(CONFIG, audience=["x", "other"])
    assert await validate_token(token, several, provider.issuer)


async def test_an_unexpected_audience_is_refused(provider: EmbeddedProvider) -> None:
    config = TokenValidationConfig(perform_disco=True)
    with refused(InvalidAudienceException, "invalid_audience"):
        await validate_token(provider.mint(), config, provider.issuer)
    assert await validate_token(provider.mint(aud=None), config, provider.issuer)


async def test_the_subject_must_be_the_expected_one(provider: EmbeddedProvider) -> None:
    config = replace(CONFIG, subject="alice")
    assert await validate_token(provider.mint(sub="alice"), config, provider.issuer)
    for claims in ({"sub": "bob"}, {"sub": None}):
        with refused(TokenValidationException, "invalid_subject"):
            await validate_token(provider.mint(**claims), config, provider.issuer)


async def test_options_switch_single_checks_off(provider: EmbeddedProvider) -> None:
    off = {"verify_aud": False, "verify_iss": False, "verify_sub": False, "verify_jti": False}
    token = provider.mint(aud="x", iss="x", sub=5, jti=5)
    assert await validate_token(token, replace(CONFIG, options=off), provider.issuer)


async def test_options_may_require_claims(provider: EmbeddedProvider) -> None:
    config = replace(CONFIG, options={"require": ["tid"]})
    assert await validate_token(provider.mint(tid="t"), config, provider.issuer)
    with refused(TokenValidationException, "missing_claim") as caught:
        await validate_token(provider.mint(), config, provider.issuer)
    assert caught.value.details["claim"] == "tid"


async def test_a_strict_audience_is_a_single_string(provider: EmbeddedProvider) -> None:
    config = replace(CONFIG, options={"strict_aud": True})
    assert await validate_token(provider.mint(), config, provider.issuer)
    with refused(InvalidAudienceException, "invalid_audience"):
        await validate_token(provider.mint(aud=["api"]), config, provider.issuer)


@pytest.mark.parametrize("option", ["verify_signature", "verify_exp", "verify_nbf", "verify_iat"])
async def test_protections_of_everyone_cannot_be_switched_off(
    provider: EmbeddedProvider, option: str
) -> None:
    with refused(ConfigurationException, "forbidden_option"):
        await validate_token("x", replace(CONFIG, options={option: False}), provider.issuer)
    assert provider.requests == []


@pytest.mark.parametrize(
    "fields",
    [
        {"issuer": []},
        {"issuer": ["https://op.example", ""]},
        {"issuer": 5},
        {"audience": []},
        {"audience": [5]},
        {"leeway": -1},
        {"leeway": True},
        {"leeway": float("nan")},
        {"leeway": "5"},
        {"algorithms": "RS256"},
        {"allowed_issuers": "https://op.example"},
        {"options": {"require": "exp"}},
        {"algorithms": ["none"]},
        {"algorithms": [5]},
    ],
)
async def test_an_inconsistent_configuration_is_refused(fields: dict[str, Any]) -> None:
    with refused(ConfigurationException, "invalid_configuration"):
        await validate_token("x", replace(CONFIG, **fields), "https://op.example")


@pytest.mark.parametrize("address", [None, "", 5, ["https://op.example"]])
async def test_discovery_needs_an_address(address: Any) -> None:
    with refused(ConfigurationException, "missing_discovery_address") as caught:
        await validate_token("x", CONFIG, address)
    assert "disco_doc_address" in str(caught.value)


async def test_a_published_secret_serves_only_who_asks_for_it(provider: EmbeddedProvider) -> None:
    secret = OctKey.generate_key(256)
    published = {**secret.as_dict(private=True), "kid": "hmac"}
    provider.intercept = answering("/jwks", Answer.of_json({"keys": [published]}))
    claims = {"iss": provider.issuer, "aud": "api"}
    token = sign_compact({"alg": "HS256", "kid": "hmac"}, claims, secret, "HS256")
    with refused(TokenValidationException, "algorithm_not_allowed"):
        await validate_token(token, CONFIG, provider.issuer)
    asked = replace(CONFIG, algorithms=["HS256"])
    assert await validate_token(token, asked, provider.issuer) == claims


@pytest.mark.parametrize("missing", ["key", "algorithms"])
async def test_a_given_key_needs_its_algorithms(provider: EmbeddedProvider, missing: str) -> None:
    with refused(ConfigurationException, "missing_key") as caught:
        await validate_token("x", manual(provider, **{missing: None}))
    assert missing in str(caught.value)


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (None, "malformed_token"),
        (b"a.b.c", "malformed_token"),
        ("", "malformed_token"),
        ("abc", "malformed_token"),
        ("a.b", "malformed_token"),
        ("a.b.c.d", "malformed_token"),
        (".b.c", "malformed_token"),
        ("é.b.c", "malformed_token"),
        ("x" * 65537, "token_too_large"),
        ("!.b.c", "malformed_token"),
        (encode("[]") + ".b.c", "malformed_token"),
        (encode("{") + ".b.c", "malformed_token"),
        (encode('{"alg":"RS256","alg":"RS256"}') + ".b.c", "malformed_token"),
        (encode('{"alg":NaN}') + ".b.c", "malformed_token"),
        (encode('{"a":' * 3000) + ".b.c", "malformed_token"),
        (encode('{"alg":"' + "x" * 9000 + '"}') + ".b.c", "malformed_token"),
        (encode("{}") + ".b.c", "invalid_algorithm"),
        (encode('{"alg":5}') + ".b.c", "invalid_algorithm"),
        (encode('{"alg":"none"}') + ".b.c", "algorithm_none"),
        (encode('{"alg":"NoNe"}') + "." + encode("{}") + ".", "algorithm_none"),
        (encode('{"alg":"RS1"}') + ".b.c", "unsupported_algorithm"),
        (encode('{"alg":"RS256","crit":["exp"]}') + ".b.c", "unknown_crit"),
        (encode('{"alg":"RS256","b64":false}') + ".b.c", "unknown_crit"),
        (encode('{"alg":"RS256","kid":5}') + ".b.c", "invalid_kid"),
        *((f"{SOUND}.{encode('{}')}.{bad}", "malformed_token") for bad in GARBLED),
        *((f"{SOUND}.{bad}.{encode('signature')}", "malformed_token") for bad in GARBLED),
    ],
)
async def test_a_malformed_token_is_refused_before_anything_is_sent(
    provider: EmbeddedProvider, token: Any, code: str
) -> None:
    with refused(TokenValidationException, code):
        await validate_token(token, CONFIG, provider.issuer)
    assert provider.requests == []


async def test_an_algorithm_that_is_not_allowed_is_refused_before_anything_is_sent(
    provider: EmbeddedProvider,
) -> None:
    config = replace(CONFIG, algorithms=["ES256"])
    with refused(TokenValidationException, "algorithm_not_allowed") as caught:
        await validate_token(provider.mint(), config, provider.issuer)
    assert caught.value.details == {"alg": "RS256", "allowed": ["ES256"]}
    assert provider.requests == []
    assert await validate_token(provider.mint(algorithm="ES256"), config, provider.issuer)


async def test_the_bound_on_tokens_can_be_moved(provider: EmbeddedProvider) -> None:
    token = provider.mint(padding="x" * 1000)
    with refused(TokenValidationException, "token_too_large"):
        await validate_token(token, replace(CONFIG, max_token_size=1000), provider.issuer)
    assert await validate_token(token, replace(CONFIG, max_token_size=5000), provider.issuer)


@pytest.mark.parametrize("size", [None, "5000", 0, -1, True, 1e4])
async def test_the_bound_on_tokens_must_be_a_number_of_characters(
    provider: EmbeddedProvider, size: Any
) -> None:
    config = replace(CONFIG, max_token_size=size)
    with refused(ConfigurationException, "invalid_configuration"):
        await validate_token(provider.mint(), config, provider.issuer)
    assert provider.requests == []


def altered(token: str, part: int, change: Callable[[str], str]) -> str:
    parts = token.split(".")
    parts[part] = change(parts[part])
    return ".".join(parts)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_a_signature_that_does_not_belong_is_refused(
    provider: EmbeddedProvider, algorithm: str
) -> None:
    good = provider.mint(algorithm=algorithm)
    other = provider.mint(algorithm=algorithm, sub="mallory")
    forged = altered(good, 1, lambda _: other.split(".")[1])
    await validate_token(good, CONFIG, provider.issuer)
    with refused(SignatureVerificationException, "invalid_signature") as caught:
        await validate_token(forged, CONFIG, provider.issuer)
    assert caught.value.token_part == "signature"
    with refused(SignatureVerificationException, "invalid_signature"):
        await validate_token(altered(good, 2, lambda _: ""), CONFIG, provider.issuer)


@pytest.mark.parametrize(
    "change", [lambda s: s + "=", lambda s: s + "A" * 5, lambda s: " " + s, lambda s: s + "\n"]
)
async def test_a_second_spelling_of_a_token_is_refused(
    provider: EmbeddedProvider, change: Callable[[str], str]
) -> None:
    with pytest.raises(TokenValidationException):
        await validate_token(altered(provider.mint(), 2, change), CONFIG, provider.issuer)


def signed(provider: EmbeddedProvider, payload: bytes) -> str:
    """A token whose signature is right, whatever its payload."""
    key = provider._keys["RS256"]
    message = f"{encode(json.dumps({'alg': 'RS256', 'kid': provider.keys[0].kid}))}.".encode()
    message += encode_base64url(payload)
    signature = JWSRegistry.algorithms["RS256"].sign(message, key)
    return (message + b"." + encode_base64url(signature)).decode()


@pytest.mark.parametrize("payload", [b"[1]", b"{", b'{"exp": NaN}', b"\xff", b""])
async def test_claims_that_are_not_an_object_are_refused(
    provider: EmbeddedProvider, payload: bytes
) -> None:
    with refused(TokenValidationException, "malformed_token"):
        await validate_token(signed(provider, payload), CONFIG, provider.issuer)


async def test_the_last_of_two_equal_claims_counts(provider: EmbeddedProvider) -> None:
    payload = f'{{"sub":"a","sub":"b","aud":"api","iss":"{provider.issuer}"}}'.encode()
    token = signed(provider, payload)
    assert (await validate_token(token, CONFIG, provider.issuer))["sub"] == "b"


async def test_a_key_of_another_type_cannot_be_borrowed(provider: EmbeddedProvider) -> None:
    es256 = next(key.kid for key in provider.keys if key.kty == "EC")
    with refused(TokenValidationException, "unfit_key"):
        await validate_token(provider.mint(header={"kid": es256}), CONFIG, provider.issuer)


async def test_a_public_key_is_not_an_hmac_secret(provider: EmbeddedProvider) -> None:
    token = altered(provider.mint(), 0, lambda _: encode('{"alg":"HS256"}'))
    with pytest.raises(TokenValidationException):
        await validate_token(token, CONFIG, provider.issuer)


async def test_the_issuer_in_force_may_be_restricted(provider: EmbeddedProvider) -> None:
    token = provider.mint()
    allowed = replace(CONFIG, allowed_issuers=[provider.issuer])
    assert await validate_token(token, allowed, provider.issuer)
    for fields, code in (
        ({"allowed_issuers": ["https://other.example"]}, "issuer_not_allowed"),
        ({"issuer": "https://other.example"}, "issuer_not_configured"),
    ):
        with refused(InvalidIssuerException, code):
            await validate_token(token, replace(CONFIG, **fields), provider.issuer)
    configured = replace(CONFIG, issuer=["https://other.example", provider.issuer])
    assert await validate_token(token, configured, provider.issuer)


async def test_a_given_key_is_used_whatever_the_token_calls_it(
    provider: EmbeddedProvider,
) -> None:
    for key in (provider.keys[0], {**provider.keys[0].as_dict(), "x5u": None}):
        config = manual(provider, key=key, issuer=provider.issuer)
        token = provider.mint(header={"kid": "something else"})
        assert await validate_token(token, config)
    assert provider.requests == []


async def test_a_given_key_serves_every_listed_algorithm(
    provider: EmbeddedProvider,
) -> None:
    key = JsonWebKey(kty="RSA", n=provider.keys[0].n, e=provider.keys[0].e)
    config = manual(provider, key=key, algorithms=["PS256", "RS256"])
    assert await validate_token(provider.mint(), config)


def test_a_configuration_does_not_show_its_key() -> None:
    config = TokenValidationConfig(perform_disco=False, key={"kty": "oct", "k": "c2VjcmV0"})
    assert "c2VjcmV0" not in repr(config)
    assert repr(config).startswith("TokenValidationConfig(perform_disco=False, key='[REDACTED]'")


async def test_a_given_key_must_be_a_key(provider: EmbeddedProvider) -> None:
    with refused(ConfigurationException, "invalid_jwk"):
        await validate_token(provider.mint(), manual(provider, key={"kty": "RSA"}))
    with refused(ConfigurationException, "invalid_key_material"):
        await validate_token(provider.mint(), manual(provider, key="secret"))


async def test_without_discovery_the_configured_issuer_is_required(
    provider: EmbeddedProvider,
) -> None:
    token = provider.mint()
    assert await validate_token(token, manual(provider))
    wrong = manual(provider, issuer="https://other.example")
    with refused(InvalidIssuerException, "invalid_issuer"):
        await validate_token(token, wrong)
    none_known = manual(provider, allowed_issuers=[provider.issuer])
    with refused(InvalidIssuerException, "issuer_not_allowed"):
        await validate_token(token, none_known)
    with refused(SignatureVerificationException, "invalid_signature"):
        await validate_token(altered(token, 1, lambda s: encode("{}")), manual(provider))


async def test_a_claims_validator_has_the_last_word(provider: EmbeddedProvider) -> None:
    seen: list[dict[str, Any]] = []
    config = replace(CONFIG, claims_validator=seen.append)
    claims = await validate_token(provider.mint(), config, provider.issuer)
    assert seen == [claims]
    config = replace(CONFIG, claims_validator=require_claims("tid"))
    with refused(ClaimsValidationError, "claims_rejected") as caught:
        await validate_token(provider.mint(), config, provider.issuer)
    assert isinstance(caught.value, ClaimsValidationError)
    assert caught.value.claim == "tid"


async def test_a_claims_validator_is_not_asked_about_a_bad_token(
    provider: EmbeddedProvider,
) -> None:
    seen: list[dict[str, Any]] = []
    config = replace(CONFIG, claims_validator=seen.append)
    with pytest.raises(TokenExpiredException):
        await validate_token(provider.mint(exp=1), config, provider.issuer)
    assert seen == []


async def test_whatever_a_claims_validator_raises_rejects_the_token(
    provider: EmbeddedProvider,
) -> None:
    def reject(claims: dict[str, Any]) -> None:
        raise ValueError("Missing custom_claim")

    config = replace(CONFIG, claims_validator=reject)
    with refused(TokenValidationException, "claims_validator_failed") as caught:
        await validate_token(provider.mint(), config, provider.issuer)
    assert str(caught.value) == "Claims validation failed: Missing custom_claim"
    assert caught.value.details == {"error": "Missing custom_claim"}
    assert isinstance(caught.value.__cause__, ValueError)


async def test_combined_validators_are_all_asked(provider: EmbeddedProvider) -> None:
    both = combine_claims_validators([require_claims("sub"), require_scopes("read")])
    config = replace(CONFIG, claims_validator=both)
    assert await validate_token(provider.mint(scope="read"), config, provider.issuer)
    with refused(ClaimsValidationError, "claims_rejected"):
        await validate_token(provider.mint(scope="write"), config, provider.issuer)


async def test_a_failed_discovery_is_reported_with_its_own_text(provider: EmbeddedProvider) -> None:
    document = provider.document() | {"issuer": None}
    provider.intercept = answering(DISCOVERY, Answer.of_json(document))
    with refused(ProviderUnusableException, "discovery_failed") as caught:
        await validate_token(provider.mint(), CONFIG, provider.issuer)
    assert str(caught.value).startswith("Missing required parameters")


async def test_plain_http_needs_a_policy(provider: EmbeddedProvider) -> None:
    strict = replace(CONFIG, discovery_policy=DiscoveryPolicy(allow_http_on_loopback=False))
    with refused(ProviderUnusableException, "discovery_failed") as caught:
        await validate_token(provider.mint(), strict, provider.issuer)
    assert "HTTPS is required" in str(caught.value)
    assert provider.requests == []
    relaxed = replace(CONFIG, require_https=False)
    assert await validate_token(provider.mint(), relaxed, provider.issuer)


async def test_a_document_without_keys_cannot_serve(provider: EmbeddedProvider) -> None:
    document = provider.document() | {"jwks_uri": None}
    provider.intercept = answering(DISCOVERY, Answer.of_json(document))
    lax = replace(CONFIG, discovery_policy=DiscoveryPolicy(require_key_set=False))
    with refused(ProviderUnusableException, "missing_jwks_uri"):
        await validate_token(provider.mint(), lax, provider.issuer)


async def test_a_failed_key_set_is_reported_with_its_own_text(provider: EmbeddedProvider) -> None:
    provider.intercept = failing("/jwks", 404)
    with refused(ProviderUnusableException, "jwks_failed") as caught:
        await validate_token(provider.mint(), CONFIG, provider.issuer)
    assert "status code: 404" in str(caught.value)


async def test_an_empty_key_set_is_not_served(provider: EmbeddedProvider) -> None:
    provider.intercept = answering("/jwks", Answer.of_json({"keys": []}))
    with refused(ProviderUnusableException, "no_keys") as caught:
        await validate_token(provider.mint(), CONFIG, provider.issuer)
    assert str(caught.value).startswith("No keys available")


@pytest.mark.parametrize("path", [DISCOVERY, "/jwks"])
async def test_an_outage_with_nothing_cached_has_its_own_error(
    provider: EmbeddedProvider, path: str
) -> None:
    provider.intercept = failing(path, 503)
    with refused(KeysUnavailableException, "keys_unavailable") as caught:
        await validate_token(provider.mint(), CONFIG, provider.issuer)
    assert isinstance(caught.value, KeysUnavailableException)
    assert caught.value.status_code == 503


async def test_an_unreachable_provider_is_reported_with_a_known_prefix(
    provider: EmbeddedProvider,
) -> None:
    token = provider.mint()
    provider.close()
    with refused(KeysUnavailableException, "keys_unavailable") as caught:
        await validate_token(token, CONFIG, provider.issuer)
    assert str(caught.value).startswith("Network error during discovery")


async def test_an_address_that_is_not_a_string_is_refused(provider: EmbeddedProvider) -> None:
    document = provider.document() | {"jwks_uri": 7}
    provider.intercept = answering(DISCOVERY, Answer.of_json(document))
    lax = replace(CONFIG, discovery_policy=DiscoveryPolicy(validate_endpoints=False))
    with refused(ProviderUnusableException, "jwks_failed") as caught:
        await validate_token(provider.mint(), lax, provider.issuer)
    assert "Invalid JWKS endpoint URL" in str(caught.value)


async def test_a_closed_client_is_refused_before_any_cache_is_looked_at(
    provider: EmbeddedProvider,
) -> None:
    client = AsyncHTTPClient()
    await validate_token(provider.mint(), CONFIG, provider.issuer, client)
    await client.close()
    with refused(TokenValidationException, "client_unusable") as caught:
        await validate_token(provider.mint(), CONFIG, provider.issuer, client)
    assert "has been closed" in str(caught.value)


async def test_an_httpx_client_must_be_wrapped(provider: EmbeddedProvider) -> None:
    async with httpx.AsyncClient() as bare:
        for client in (bare, "client"):
            with refused(TokenValidationException, "client_unusable") as caught:
                await validate_token(provider.mint(), CONFIG, provider.issuer, client)  # type: ignore[arg-type]
            assert "must be an AsyncHTTPClient" in str(caught.value)
            answer = await get_jwks(JwksRequest(provider.jwks_uri), client)  # type: ignore[arg-type]
            assert "must be an AsyncHTTPClient" in str(answer.error)


async def test_a_bad_setting_is_named_in_the_error(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_TIMEOUT", "soon")
    with pytest.raises(TokenValidationException, match="HTTP_TIMEOUT"):
        await validate_token(provider.mint(), CONFIG, provider.issuer)


async def test_a_token_is_never_logged(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "py_identity_model")
    token = provider.mint()
    await validate_token(token, CONFIG, provider.issuer)
    with pytest.raises(TokenValidationException):
        await validate_token(altered(token, 2, lambda s: s[::-1]), CONFIG, provider.issuer)
    assert token.split(".")[2] not in caplog.text
    assert token.split(".")[1] not in caplog.text


async def test_where_the_keys_are_may_be_said_instead_of_discovered(
    provider: EmbeddedProvider,
) -> None:
    config = TokenValidationConfig(
        perform_disco=True,
        audience="api",
        issuer=provider.issuer,
        jwks_uri=provider.jwks_uri,
    )
    for _ in range(2):
        assert await validate_token(provider.mint(), config)
    assert [received.path for received in provider.requests] == ["/jwks"]
    provider.rotate_keys()
    assert await validate_token(provider.mint(), config)
    with refused(InvalidIssuerException, "invalid_issuer"):
        await validate_token(provider.mint(iss="https://else.example"), config)
    for wrong in (None, "", [provider.issuer, "https://else.example"]):
        config.issuer = wrong
        with pytest.raises(ConfigurationException):
            await validate_token(provider.mint(), config)


@pytest.mark.parametrize(
    ("leeway", "claims", "code"),
    [
        (None, {"iat": 30}, None),
        (None, {"iat": 90}, "issued_in_future"),
        (None, {"nbf": 30}, "not_yet_valid"),
        (None, {"exp": -30}, "token_expired"),
        (0, {"iat": 30}, "issued_in_future"),
        (0.0, {"iat": 30}, "issued_in_future"),
        (10, {"iat": 30}, "issued_in_future"),
        (90, {"iat": 80}, None),
        (90, {"nbf": 80}, None),
        (90, {"exp": -80}, None),
    ],
)
async def test_an_issuers_clock_may_be_a_minute_ahead_unless_a_leeway_is_given(
    provider: EmbeddedProvider, leeway: float | None, claims: dict[str, int], code: str | None
) -> None:
    config = TokenValidationConfig(perform_disco=True, audience="api", leeway=leeway)
    now = int(time.time())
    changes: dict[str, Any] = {name: now + seconds for name, seconds in claims.items()}
    await validate_token(provider.mint(), config, provider.issuer)
    for _ in range(2):  # the long way, and the short one
        if code is None:
            assert await validate_token(provider.mint(**changes), config, provider.issuer)
            continue
        with pytest.raises(TokenValidationException) as caught:
            await validate_token(provider.mint(**changes), config, provider.issuer)
        assert caught.value.code == code


async def test_a_foreign_issuer_beside_an_unknown_key_is_called_a_foreign_issuer(
    provider: EmbeddedProvider,
) -> None:
    foreign = "https://evil.example"
    token = provider.mint(iss=foreign, header={"kid": "unknown"})
    for _ in range(2):  # cold, and warm while no newer keys may be asked for
        with refused(InvalidIssuerException, "invalid_issuer") as caught:
            await validate_token(token, CONFIG, provider.issuer)
        assert caught.value.details["issuer"] == foreign
        assert caught.value.details["expected"] == [provider.issuer]
        assert caught.value.details["kid"] == "unknown"
        assert caught.value.details["available_kids"]
        await validate_token(provider.mint(), CONFIG, provider.issuer)
    cases: list[dict[str, Any]] = [{}, {"iss": None}, {"iss": 7}]
    for claims in cases:
        own = provider.mint(header={"kid": "unknown"}, **claims)
        with refused(TokenValidationException, "no_matching_key"):
            await validate_token(own, CONFIG, provider.issuer)


async def test_refusals_say_what_was_found_and_what_is_expected(
    provider: EmbeddedProvider,
) -> None:
    with refused(InvalidAudienceException, "invalid_audience") as caught:
        await validate_token(provider.mint(aud=["web", "x\ny"]), CONFIG, provider.issuer)
    assert caught.value.details == {"found": ["web", "x\\ny"], "expected": ["api"]}
    with refused(InvalidIssuerException, "invalid_issuer") as foreign:
        await validate_token(provider.mint(iss="https://x"), CONFIG, provider.issuer)
    assert foreign.value.details == {"issuer": "https://x", "expected": [provider.issuer]}
