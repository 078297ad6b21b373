"""Whatever strangers and providers send: a typed refusal, never anything else, and soon."""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from py_identity_model import (
    AuthorizationCodeTokenRequest,
    BackchannelAuthenticationRequest,
    BackchannelTokenRequest,
    ClientCredentialsTokenRequest,
    ClientDeleteRequest,
    ClientRegistrationRequest,
    ConfigurationException,
    DeviceAuthorizationRequest,
    DeviceTokenRequest,
    DiscoveryErrorKind,
    DiscoveryPolicy,
    JsonWebKeySet,
    PushedAuthorizationRequest,
    PyIdentityModelException,
    TokenExchangeRequest,
    TokenIntrospectionRequest,
    TokenRevocationRequest,
    UserInfoRequest,
    decode_jwt,
    parse_discovery_url,
    to_principal,
    verify_jws,
)
from py_identity_model._jose.algorithms import ALGORITHMS
from py_identity_model._jose.claims import ClaimsRules
from py_identity_model._jose.encoding import decode_base64url, encode_base64url
from py_identity_model._jose.jwk import jwks_from_dict
from py_identity_model._jose.keys import prepare
from py_identity_model._jose.sign import sign_compact
from py_identity_model._logging import redact_sensitive, redact_token, redact_url, scrub
from py_identity_model._protocol import (
    authorization_code,
    ciba,
    client_credentials,
    device,
    discovery,
    discovery_rules,
    introspection,
    jwks,
    par,
    registration,
    revocation,
    token_exchange,
    userinfo,
)
from py_identity_model._settings import JWKS_CACHE_TTL
from py_identity_model._validation import key_set_rules as key_set
from py_identity_model._validation import provider_document
from py_identity_model._validation.cache_entry import may_be_stored, time_to_live
from py_identity_model._validation.fetch_result import FetchResult
from py_identity_model._wire.messages import HttpResponse
from py_identity_model._wire.retry import retry_after

KEY = ECKey.generate_key("P-256")
KEY_SET = JsonWebKeySet([{**KEY.as_dict(private=False), "kid": "k"}])

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
names = st.sampled_from(
    [
        "alg",
        "kid",
        "crit",
        "b64",
        "typ",
        "jwk",
        "jku",
        "iss",
        "aud",
        "exp",
        "nbf",
        "iat",
        "sub",
        "jti",
    ]
)
objects = st.dictionaries(names | st.text(max_size=5), values, max_size=8)


def refused_or_done(call: Any, *arguments: Any, **options: Any) -> Any:
    try:
        return call(*arguments, **options)
    except PyIdentityModelException as error:
        refusal = error
    assert refusal.code
    assert str(refusal)
    return None


def segment(value: Any) -> str:
    return encode_base64url(json.dumps(value).encode()).decode()


@given(st.text(max_size=200) | st.binary(max_size=50) | scalars)
def test_no_text_is_too_odd_for_a_token(token: Any) -> None:
    assert refused_or_done(verify_jws, token, KEY_SET, ["ES256"]) is None


@given(objects, objects, st.binary(max_size=80))
def test_no_header_or_payload_is_too_odd(
    header: dict[str, Any], payload: dict[str, Any], signature: bytes
) -> None:
    token = f"{segment(header)}.{segment(payload)}.{encode_base64url(signature).decode()}"
    assert refused_or_done(verify_jws, token, KEY_SET, list(ALGORITHMS)) is None


@given(objects)
def test_no_signed_claims_are_too_odd(claims: dict[str, Any]) -> None:
    token = sign_compact({"alg": "ES256", "kid": "k"}, claims, KEY, "ES256")
    refused_or_done(decode_jwt, token, KEY_SET, ["ES256"], issuer="i", audience="a", required=[])


@given(objects, st.floats(allow_nan=False, allow_infinity=False))
def test_no_claims_are_too_odd_for_the_rules(claims: dict[str, Any], now: float) -> None:
    rules = ClaimsRules(frozenset({"i"}), frozenset({"a"}), "s", 5.0, ("exp",), strict_aud=True)
    refused_or_done(rules.check, claims, now)
    refused_or_done(ClaimsRules().check, claims, now)


@given(st.binary(max_size=100))
def test_bytes_have_one_spelling(data: bytes) -> None:
    assert decode_base64url(encode_base64url(data)) == data


@given(st.binary(max_size=40))
def test_only_the_canonical_spelling_is_read(text: bytes) -> None:
    try:
        data = decode_base64url(text)
    except ValueError:
        return
    assert encode_base64url(data) == text


members = st.dictionaries(
    st.sampled_from(["kty", "n", "e", "crv", "x", "y", "k", "use", "alg", "kid", "key_ops", "oth"]),
    st.sampled_from(["RSA", "EC", "OKP", "oct", "P-256", "Ed25519", "sig", "AQAB", "AA", "", "!"])
    | values,
    max_size=8,
)


@given(members, st.sampled_from(sorted(ALGORITHMS)))
def test_no_key_is_too_odd(key: dict[str, Any], alg: str) -> None:
    made = refused_or_done(jwks_from_dict, key)
    if made is not None:
        assert repr(made)
        refused_or_done(prepare, made, alg, allow_weak_keys=True)
        refused_or_done(JsonWebKeySet, [made])


documents = st.dictionaries(
    st.sampled_from(sorted({*discovery._MEMBERS, "issuer", "jwks_uri", "mtls_endpoint_aliases"})),
    st.sampled_from(["https://op.example", "https://op.example/x", "http://[", "code", ["code"]])
    | values,
    max_size=10,
)


@given(documents, st.booleans())
def test_no_discovery_document_is_too_odd(document: dict[str, Any], strict: bool) -> None:
    policy = DiscoveryPolicy(validate_issuer=strict, require_key_set=strict)
    sound = {
        "issuer": "https://op.example",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [],
    }
    body = json.dumps({**sound, **document}).encode()
    answer = HttpResponse(200, {"content-type": "application/json"}, body)
    try:
        found = FetchResult(discovery_rules.parse("https://op.example", policy, answer))
    except Exception as error:
        found = provider_document.failed(error)
    response = discovery.response_of(found)
    if not response.is_successful:
        assert response.error_kind is not DiscoveryErrorKind.UNEXPECTED_ERROR
    assert repr(response)


URL = "https://op.example/endpoint"
ENDPOINTS: list[tuple[Any, Any]] = [
    (authorization_code.ENDPOINT, AuthorizationCodeTokenRequest(URL, "id", "code", URL)),
    (ciba.AUTHENTICATION, BackchannelAuthenticationRequest(URL, "id", login_hint="alice")),
    (ciba.POLL, BackchannelTokenRequest(URL, "id", "request")),
    (client_credentials.ENDPOINT, ClientCredentialsTokenRequest(URL, "id")),
    (device.AUTHORIZATION, DeviceAuthorizationRequest(URL, "id")),
    (device.POLL, DeviceTokenRequest(URL, "id", "device")),
    (introspection.ENDPOINT, TokenIntrospectionRequest(URL, "token", "id")),
    (par.ENDPOINT, PushedAuthorizationRequest(URL, "id", URL)),
    (registration.REGISTER, ClientRegistrationRequest(URL, [URL])),
    (registration.DELETE, ClientDeleteRequest(URL, "token")),
    (revocation.ENDPOINT, TokenRevocationRequest(URL, "token", "id")),
    (token_exchange.ENDPOINT, TokenExchangeRequest(URL, "id", "token", "urn:type")),
    (userinfo.ENDPOINT, UserInfoRequest(URL, "token", expected_sub="alice")),
]


@given(
    st.binary(max_size=200) | objects.map(lambda value: json.dumps(value).encode()),
    st.integers(200, 599),
)
def test_no_answer_is_too_odd(body: bytes, status: int) -> None:
    answer = HttpResponse(status, {"content-type": "application/json"}, body)
    try:
        keys = FetchResult(key_set.parse(URL, DiscoveryPolicy(), answer))
    except Exception as error:
        keys = key_set.failed(error)
    assert repr(jwks.response_of(keys))
    for endpoint, request in ENDPOINTS:
        try:
            response = endpoint.parse(request, answer)
        except Exception as error:
            response = endpoint.failed(error)
        assert repr(response)
        assert response.is_successful or vars(response)["error"]


@given(st.text(max_size=60) | scalars)
def test_no_url_is_too_odd(url: Any) -> None:
    assert isinstance(redact_url(url), str)
    try:
        parse_discovery_url(url)
    except ConfigurationException:
        return


@given(st.text(max_size=100), st.text(min_size=8, max_size=40))
@settings(max_examples=50)
def test_no_secret_survives_scrubbing(text: str, secret: str) -> None:
    if secret.isalpha() or not secret.strip():
        secret += "-0123456789"
    cleaned = scrub(text + secret + text, [secret])
    assert secret not in cleaned.replace("***REDACTED***", "\0")


@given(st.from_regex(r"[A-Za-z0-9]{1,7}", fullmatch=True))
def test_a_short_secret_is_masked_as_a_word_and_not_inside_others(secret: str) -> None:
    assert scrub(f"<{secret}>", [secret]) == "<***REDACTED***>"
    assert scrub(f"x{secret}x", [secret]) == f"x{secret}x"


@given(st.text(), st.lists(st.text()))
def test_a_loggable_copy_is_always_made(text: str, secrets: list[str]) -> None:
    assert isinstance(redact_token(text), str)
    assert isinstance(redact_sensitive({text: secrets}), dict)


@given(st.text(max_size=40), st.floats(allow_nan=False, allow_infinity=False))
def test_no_header_field_is_too_odd(text: str, now: float) -> None:
    assert 0 <= retry_after(text, now) <= 120
    assert 60 <= time_to_live(text, JWKS_CACHE_TTL) <= 86400
    assert may_be_stored(text) in {True, False}
    assert not math.isnan(retry_after(text, now))


@given(objects)
def test_no_claims_are_too_odd_for_a_principal(claims: dict[str, Any]) -> None:
    principal = to_principal(claims)
    assert principal.identity is not None
    principal.is_in_role("x")
