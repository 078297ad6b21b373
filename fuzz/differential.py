"""Two ways to one verdict: a token as JWT or by introspection, a call blocking or awaited."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Callable
from typing import Any

import httpx
from joserfc.jwk import ECKey

import py_identity_model as blocking
from py_identity_model import PyIdentityModelException, aio
from py_identity_model._jose.encoding import parse_object
from py_identity_model._jose.sign import sign_compact

URL = "https://op.example"
KEY = ECKey.generate_key("P-256")
JWKS = {"keys": [{**KEY.as_dict(private=False), "kid": "1"}]}
DOCUMENT = {
    "issuer": URL,
    "jwks_uri": f"{URL}/jwks",
    "authorization_endpoint": f"{URL}/authorize",
    "token_endpoint": f"{URL}/token",
    "response_types_supported": ["code"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["ES256"],
}
FIXED = {
    "/.well-known/openid-configuration": json.dumps(DOCUMENT).encode(),
    "/jwks": json.dumps(JWKS).encode(),
}
answer = b"{}"
"""The response of every other address."""


def _serve(request: httpx.Request) -> httpx.Response:
    content = FIXED.get(request.url.path, answer)
    return httpx.Response(200, content=content, headers={"content-type": "application/json"})


TRANSPORT = httpx.MockTransport(_serve)
CLIENT = blocking.HTTPClient(httpx.Client(transport=TRANSPORT))
AWAITED_CLIENT = aio.AsyncHTTPClient(httpx.AsyncClient(transport=TRANSPORT))
RUNNER = asyncio.Runner()
CONFIG = blocking.TokenValidationConfig(perform_disco=True, audience="api", algorithms=["ES256"])


def _signed(claims: dict[str, Any]) -> str:
    return sign_compact({"alg": "ES256", "kid": "1", "typ": "at+jwt"}, claims, KEY, "ES256")


VERIFIER = blocking.AccessTokenVerifier(
    URL,
    "api",
    profile="lenient",
    algorithms=["ES256"],
    http_client=CLIENT,
    opaque_tokens=blocking.TokenIntrospector(
        f"{URL}/introspect",
        "api",
        blocking.ClientSecretBasic("secret"),
        cache_ttl=0,
        http_client=CLIENT,
    ),
)


NUMBERS = itertools.count()


def _accepted(token: str) -> bool:
    try:
        VERIFIER.verify(f"Bearer {token}")
    except PyIdentityModelException:
        return False
    return True


def jwt_or_opaque(data: bytes) -> None:
    """The same claims, in a signed token and in an introspection response: one verdict.

    Differences by design are left out: an introspection response needs no issuer and no expiry (RFC
    7662 §2.2), and its own members mean nothing in a JWT.
    """
    global answer
    try:
        members = parse_object(data)
    except ValueError:
        return
    claims = {"iss": URL, "exp": 4102444800, **members}
    for name in ("active", "token_type", "cnf"):
        claims.pop(name, None)
    answer = json.dumps({**claims, "active": True}).encode()
    # A failed question is remembered for a while: each answer belongs to a token of its own.
    signed, opaque = _accepted(_signed(claims)), _accepted(f"opaque-{next(NUMBERS)}")
    if signed != opaque:
        raise RuntimeError(f"as a JWT {signed}, by introspection {opaque}: {claims}")


def _outcome(call: Callable[[], object]) -> tuple[object, ...]:
    try:
        result = call()
    except PyIdentityModelException as error:
        return type(error).__name__, error.code, str(error)
    members = result if isinstance(result, dict) else vars(result)
    # An expiry is counted from the moment of each call.
    return (repr({name: value for name, value in members.items() if name != "expires_at"}),)


def _call(api: Any, client: Any, which: int, text: str) -> Any:
    """Call one function of an API, with ``text`` as its token where it takes one."""
    match which:
        case 0:
            return api.validate_token(text, CONFIG, URL, client)
        case 1:
            request = blocking.ClientCredentialsTokenRequest(f"{URL}/token", "web", "secret")
            return api.request_client_credentials_token(request, client)
        case 2:
            asked = blocking.TokenIntrospectionRequest(f"{URL}/introspect", "t", "web", "secret")
            return api.introspect_token(asked, client)
        case 3:
            return api.get_userinfo(blocking.UserInfoRequest(f"{URL}/me", "t", "alice"), client)
        case 4:
            document = blocking.DiscoveryDocumentRequest(f"{URL}/other")
            return api.get_discovery_document(document, client)
    return api.get_jwks(blocking.JwksRequest(f"{URL}/keys"), client)


def blocking_or_awaited(data: bytes) -> None:
    """The same call and the same response, blocking and awaited: exactly the same outcome."""
    global answer
    which, answer = len(data) % 6, data
    text = data.decode("utf-8", "replace")
    if data[:1] == b"{":
        with contextlib.suppress(ValueError):
            text = _signed(parse_object(data))
    first = _outcome(lambda: _call(blocking, CLIENT, which, text))
    second = _outcome(lambda: RUNNER.run(_call(aio, AWAITED_CLIENT, which, text)))
    if first != second:
        raise RuntimeError(f"blocking {first}, awaited {second}")


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


CLAIMS = {"iss": URL, "aud": "api", "sub": "alice", "exp": 4102444800, "iat": 1, "nbf": 1}
SEEDS: dict[str, list[bytes]] = {
    "jwt_or_opaque": [
        _json(CLAIMS),
        _json({**CLAIMS, "aud": ["api", "x"], "client_id": "web", "scope": "a b", "jti": "1"}),
        _json({**CLAIMS, "exp": 1}),
        _json({**CLAIMS, "nbf": 4102444800}),
        _json({"aud": "other", "exp": "1", "iat": 4102444800.5}),
    ],
    "blocking_or_awaited": [
        _json(CLAIMS),
        _json({"access_token": "t", "token_type": "Bearer", "expires_in": 60, "active": True}),
        _json({"error": "invalid_grant", "error_description": "d"}),
        _json(DOCUMENT),
        _json(JWKS),
    ],
}
