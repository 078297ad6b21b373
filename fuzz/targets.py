"""Readers of untrusted input: each target takes bytes, and accepts only typed errors."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from joserfc.jwk import ECKey

from fuzz import differential
from py_identity_model import (
    ClientCredentialsTokenRequest,
    DeviceTokenRequest,
    DiscoveryPolicy,
    InvalidArgumentError,
    JsonWebKeySet,
    PyIdentityModelException,
    SessionRecord,
    StoredToken,
    TokenExchangeRequest,
    TokenIntrospectionRequest,
    TokenValidationConfig,
    TrustedIssuer,
    UserInfoRequest,
    build_www_authenticate,
    decode_jwt,
    is_jarm_response,
    jwks_from_dict,
    parse_authorize_callback_response,
    parse_www_authenticate,
    validate_authorize_callback_state,
)
from py_identity_model._jose.encryption import decrypt
from py_identity_model._jose.keys import KeySnapshot
from py_identity_model._jose.sign import sign_compact
from py_identity_model._jose.tokens import read_claims, read_header, split_token, verify
from py_identity_model._protocol import (
    client_credentials,
    device,
    discovery,
    discovery_rules,
    introspection,
    jwks,
    token_exchange,
    userinfo,
)
from py_identity_model._protocol.jarm import JarmCheck
from py_identity_model._resource_server.dpop_verification import ProofRules
from py_identity_model._resource_server.trusted_issuer import unverified_issuer
from py_identity_model._validation import key_set_rules as key_set
from py_identity_model._validation import provider_document
from py_identity_model._validation.cache_entry import Entry
from py_identity_model._validation.config import check_algorithm, rules_for
from py_identity_model._validation.fetch_result import FetchResult, StoredResponse
from py_identity_model._validation.id_token import check_id_token
from py_identity_model._validation.prepared_validator import PreparedValidator
from py_identity_model._wire.messages import HttpRequest, HttpResponse
from py_identity_model._wire.stored_value import pack_value, unpack_value

_KEY = ECKey.generate_key("P-256")
_PUBLIC = jwks_from_dict({**_KEY.as_dict(private=False), "kid": "1"})
_KEYS = JsonWebKeySet([_PUBLIC])
_URL = "https://op.example"
_RULES = ProofRules("GET", _URL, "token", {"cnf": {"jkt": "k"}}, ["n"])
_JARM = JarmCheck("web", _URL, [_PUBLIC], ["ES256"])
_CONFIG = TokenValidationConfig(perform_disco=True, audience="web", algorithms=["ES256"])
_CLAIMS_RULES = rules_for(_CONFIG, _URL)
_SNAPSHOT = KeySnapshot([_PUBLIC])
_TEMPLATE = TrustedIssuer(f"{_URL}/{{t}}", bound_claim="t")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _attempt(call: Callable[..., Any], *arguments: Any, **named: Any) -> None:
    with contextlib.suppress(PyIdentityModelException):
        call(*arguments, **named)


def _sound_token(**more: Any) -> bytes:
    members = {"iss": _URL, "aud": "web", "sub": "alice", "exp": 4102444800, "iat": 1, **more}
    return sign_compact({"alg": "ES256", "kid": "1"}, members, _KEY, "ES256").encode()


def _the_long_way(token: str, now: float) -> dict[str, Any]:
    segments = split_token(token)
    header = read_header(segments.header)
    check_algorithm(header.alg, ["ES256"])
    claims = read_claims(verify(segments, header, _SNAPSHOT))
    _CLAIMS_RULES.check(claims, now)
    return claims


def _warm() -> PreparedValidator:
    document, keys = Entry[Any](), Entry[KeySnapshot]()
    document.accept(SimpleNamespace(issuer=_URL, jwks_uri=f"{_URL}/jwks"), 0.0, 60.0)
    keys.accept(_SNAPSHOT, 0.0, 60.0)
    _the_long_way(_sound_token().decode(), time.time())  # which remembers the header
    return PreparedValidator(_CONFIG, _URL, _CLAIMS_RULES, document, keys)


_VALIDATOR = _warm()
_SOUND = _sound_token()


def _either_way(token: str) -> None:
    """Validate a token by the fast path and the long way, which must not contradict each other."""
    now, refused, found = time.time(), None, None
    try:
        found = _VALIDATOR.validate(token, 1.0, now)
    except PyIdentityModelException as error:
        refused = error.code
    if found is None and refused is None:
        return  # only the long way can tell
    try:
        expected = _the_long_way(token, now)
    except PyIdentityModelException as error:
        if refused != error.code:
            raise RuntimeError(f"{refused} is {error.code} the long way") from error
    else:
        if found != expected:
            raise RuntimeError(f"{refused or found} is {expected} the long way")


def tokens(data: bytes) -> None:
    """Tokens as received, and claims with a valid signature."""
    text = _text(data)
    _either_way(text)
    _attempt(decode_jwt, text, _KEYS, ["ES256"], issuer=_URL, audience="web")
    _attempt(decrypt, text, [_KEY.as_dict(private=True)], "secret")
    _attempt(_JARM.read, text)
    _TEMPLATE.matches(unverified_issuer(text) or "")


def edits(data: bytes) -> None:
    """A valid token with up to four bytes changed."""
    token = bytearray(_SOUND)
    for place in range(0, min(len(data) - 2, 12), 3):
        token[int.from_bytes(data[place : place + 2]) % len(token)] = data[place + 2]
    _either_way(_text(bytes(token)))


def claims(data: bytes) -> None:
    """Claims that the issuer signed, whatever they are."""
    from py_identity_model._jose.encoding import parse_object

    try:
        members = parse_object(data)
    except ValueError:
        return
    token = sign_compact({"alg": "ES256", "kid": "1"}, members, _KEY, "ES256")
    _either_way(token)
    _attempt(decode_jwt, token, _KEYS, ["ES256"], issuer=_URL, audience="web")
    _attempt(_JARM.read, token)
    _attempt(
        check_id_token,
        members,
        "ES256",
        audience="web",
        leeway=0.0,
        nonce="n",
        access_token="t",
        code="c",
        state="s",
        max_age=1,
        at_hash_required=True,
    )


def key_sets(data: bytes) -> None:
    """Key sets."""
    answer = HttpResponse(200, {"content-type": "application/json"}, data)
    try:
        keys = FetchResult(key_set.parse(_URL, DiscoveryPolicy(), answer))
    except Exception as error:  # handled by `failed`, as in the library
        keys = key_set.failed(error)
    repr(jwks.response_of(keys))


def documents(data: bytes) -> None:
    """Discovery documents."""
    answer = HttpResponse(200, {"content-type": "application/json"}, data)
    try:
        found = FetchResult(discovery_rules.parse(_URL, DiscoveryPolicy(), answer))
    except Exception as error:
        found = provider_document.failed(error)
    repr(discovery.response_of(found))


def proofs(data: bytes) -> None:
    """DPoP proofs, and proofs with a valid signature."""
    _attempt(_RULES.check, _text(data))
    from py_identity_model._jose.encoding import parse_object

    with contextlib.suppress(ValueError):
        members = parse_object(data)
        header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": _KEY.as_dict(private=False)}
        _attempt(_RULES.check, sign_compact(header, members, _KEY, "ES256"))


def answers(data: bytes) -> None:
    """Responses of endpoints."""
    status = 200 if data[:1] != b"!" else 400
    answer = HttpResponse(status, {"content-type": "application/json"}, data.lstrip(b"!"))
    endpoints: list[tuple[Any, Any]] = [
        (client_credentials.ENDPOINT, ClientCredentialsTokenRequest(_URL, "web", "secret")),
        (device.POLL, DeviceTokenRequest(_URL, "web", "device")),
        (token_exchange.ENDPOINT, TokenExchangeRequest(_URL, "web", "s", "urn:t")),
        (userinfo.ENDPOINT, UserInfoRequest(_URL, "t", "alice")),
    ]
    for endpoint, request in endpoints:
        try:
            repr(endpoint.parse(request, answer))
        except Exception as error:
            repr(endpoint.failed(error))


def callbacks(data: bytes) -> None:
    """Callbacks, in a URL, and in every way that a response may be checked."""
    text = _text(data)
    _attempt(parse_authorize_callback_response, text)
    is_jarm_response(text)
    for start in ("https://app.example/cb?", "https://app.example/cb#"):
        _attempt(_checked_callback, f"{start}{text}")


def _checked_callback(url: str) -> None:
    response = parse_authorize_callback_response(url)
    validate_authorize_callback_state(response, "s")
    repr(response)


def challenges(data: bytes) -> None:
    """Challenges as they arrive, and those that can be built: read again they say the same."""
    text = _text(data)
    for challenge in parse_www_authenticate(text):
        repr(challenge.max_age)
        repr((challenge.error, challenge.scope, challenge.acr_values, challenge.resource_metadata))
        if "token68" in challenge.parameters:
            continue
        with contextlib.suppress(InvalidArgumentError):
            built = build_www_authenticate(challenge.scheme, realm=text, error=challenge.error)
            (again,) = parse_www_authenticate(built[: 16 * 1024])
            if again.parameters.get("realm") != text or again.error != challenge.error:
                raise RuntimeError(f"{built} says something else")


def introspections(data: bytes) -> None:
    """Introspection responses, plain and signed."""
    request = TokenIntrospectionRequest(_URL, "t", "web", "secret")
    for media_type in ("application/json", "application/token-introspection+jwt"):
        answer = HttpResponse(200, {"content-type": media_type}, data)
        try:
            response = introspection.ENDPOINT.parse(request, answer)
        except Exception as error:
            response = introspection.ENDPOINT.failed(error)
        repr(response)
        if response.is_successful:
            repr(response.claims)


def stores(data: bytes) -> None:
    """Values in shared stores, written by another program or an attacker."""
    text = _text(data)
    with contextlib.suppress(ValueError):
        StoredToken.from_json(text).is_fresh(0.0)
    with contextlib.suppress(ValueError):
        SessionRecord.unpack("name", text).lifetime(0.0, 60.0)
    with contextlib.suppress(ValueError):
        known = StoredResponse.from_text(text, "key set", HttpRequest("GET", _URL), 0.0)
        repr(known.age(0.0))
        key_sets(known.response.content)
    with contextlib.suppress(ValueError):
        repr(unpack_value("token", "name", text))
    bound = pack_value("token", "name", {"text": text})
    if unpack_value("token", "name", bound) != {"text": text}:
        raise RuntimeError("a stored value has changed")
    for kind, name in (("token", text), (text, "name")):
        if (kind, name) != ("token", "name"):
            with contextlib.suppress(ValueError):
                unpack_value(kind, name, bound)
                raise RuntimeError("a stored value was taken for another")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "tokens": tokens,
    "edits": edits,
    "claims": claims,
    "key_sets": key_sets,
    "documents": documents,
    "proofs": proofs,
    "answers": answers,
    "callbacks": callbacks,
    "challenges": challenges,
    "introspections": introspections,
    "stores": stores,
    "jwt_or_opaque": differential.jwt_or_opaque,
    "blocking_or_awaited": differential.blocking_or_awaited,
}
SLOW = frozenset(differential.SEEDS)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


_PROOF = {"jti": "1", "htm": "GET", "htu": _URL, "iat": 1, "ath": "x", "nonce": "n"}
SEEDS: dict[str, list[bytes]] = {
    "tokens": [_sound_token(), _sound_token(code="c", state="s"), b"e30.e30.e30", b"a.b.c.d.e"],
    "edits": [b"\0\0e", b"\xff\xff.\x00\x80A"],
    "claims": [
        _json({"iss": _URL, "aud": ["web"], "sub": "a", "exp": 4102444800, "nbf": 1, "azp": "web"}),
        _json({"nonce": "n", "at_hash": "x", "c_hash": "x", "s_hash": "x", "auth_time": 1}),
        _json({"iss": _URL, "aud": "web", "exp": 4102444800, "code": "c", "state": "s"}),
    ],
    "key_sets": [
        _json({"keys": [_PUBLIC.as_dict()]}),
        _json({"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB", "use": "sig", "key_ops": []}]}),
    ],
    "documents": [
        _json(
            {
                "issuer": _URL,
                "jwks_uri": f"{_URL}/jwks",
                "token_endpoint": f"{_URL}/t",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "mtls_endpoint_aliases": {"token_endpoint": f"{_URL}/m"},
            }
        )
    ],
    "proofs": [_json(_PROOF), b"e30.e30.e30"],
    "answers": [
        _json({"access_token": "t", "token_type": "Bearer", "expires_in": 60, "sub": "alice"}),
        b"!" + _json({"error": "slow_down", "error_description": "d", "interval": 5}),
    ],
    "callbacks": [
        b"/cb?code=c&state=s&iss=https%3A%2F%2Fop.example",
        b"/cb#response=a.b.c",
        b"code=c&state=s",
        b"error=access_denied&state=s&error_description=d",
    ],
    "challenges": [
        b'Bearer realm="a, b", error=x, DPoP algs="ES256"',
        b'Bearer error="insufficient_user_authentication", max_age="5", acr_values="a b"',
        b"Basic dXNlcg==, Bearer",
    ],
    "introspections": [
        _json({"active": True, "scope": "a b", "exp": 4102444800, "aud": ["web"], "sub": "alice"}),
        _json({"active": False}),
        _sound_token(),
    ],
    **differential.SEEDS,
    "stores": [
        StoredToken("a", refresh_token="r", expires_at=1.0, renew_at=0.5).to_json().encode(),
        SessionRecord(refresh_token="r", access_tokens={"": StoredToken("a")}, claims={"sub": "s"})
        .pack("name")
        .encode(),
        StoredResponse(HttpResponse(200, {"etag": "1"}, b'{"keys": []}'), 0.0)
        .to_text("key set", HttpRequest("GET", _URL))
        .encode(),
        pack_value("token", "name", {"a": 1}).encode(),
    ],
}
