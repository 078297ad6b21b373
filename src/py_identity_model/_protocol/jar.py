"""Authorization requests as signed objects (JAR, RFC 9101)."""

from __future__ import annotations

from typing import Any

from .._jose.encryption import encrypt
from .._jose.jwk import KeyMaterial, PrivateKey
from .._jose.sign import SIGNING_ALGORITHMS
from .._jose.signer import Signer
from .._wire.models import Scope, scope_text
from ..exceptions import InvalidArgumentError
from .authorization import check_challenge, with_query
from .request_object import TYPE, issued_claims, sign_request

_RESERVED = frozenset(
    {
        *("iss", "aud", "iat", "nbf", "exp", "jti", "client_id", "response_type", "redirect_uri"),
        *("scope", "state", "nonce", "code_challenge", "code_challenge_method"),
        *("request", "request_uri", "sub"),
    }
)


def create_request_object(
    private_key: PrivateKey | Signer,
    algorithm: str,
    client_id: str,
    audience: str,
    redirect_uri: str,
    scope: Scope = "openid",
    response_type: str = "code",
    state: str | None = None,
    nonce: str | None = None,
    code_challenge: str | None = None,
    code_challenge_method: str | None = None,
    lifetime: int = 300,
    kid: str | None = None,
    **extra_claims: Any,
) -> str:
    """Return a signed authorization request.

    :param private_key: PEM, a JWK, or a :class:`Signer`, whose own algorithm is used
    :param algorithm: an asymmetric signature algorithm
    :param client_id: the client's identifier
    :param audience: the issuer
    :param redirect_uri: where the response is sent
    :param scope: a space-separated string, or its parts
    :param response_type: ``code``, or another registered type
    :param state: binds the response to the user's session
    :param nonce: binds the ID token to the user's session
    :param code_challenge: of PKCE
    :param code_challenge_method: ``S256`` or ``plain``
    :param lifetime: in seconds
    :param kid: the identifier of the key
    :param extra_claims: further parameters by their registered names

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for invalid arguments.  RFC 9101 §4.

    Example::

        request_object = create_request_object(
            pem_text, "ES256", "web", "https://op.example", "https://rp.example/cb", state=state
        )
    """
    scope = scope_text(scope) or ""
    named = {"redirect_uri": redirect_uri, "scope": scope, "response_type": response_type}
    issued = issued_claims(client_id, audience, lifetime)
    for name, value in named.items():
        if not isinstance(value, str) or not value.strip():
            raise InvalidArgumentError(f"{name} must not be empty")
    if not private_key:
        raise InvalidArgumentError("private_key must not be empty")
    if algorithm not in SIGNING_ALGORITHMS:
        raise InvalidArgumentError(f"Unsupported JAR algorithm: {algorithm}")
    _check_optional(kid, code_challenge, code_challenge_method)
    taken = sorted(_RESERVED & {*extra_claims})
    if taken:
        raise InvalidArgumentError(f"extra claims name reserved claims: {', '.join(taken)}")
    claims = {
        **issued,
        "client_id": client_id,
        **named,
        "state": state,
        "nonce": nonce,
        "code_challenge": code_challenge,
        "code_challenge_method": code_challenge_method,
        **extra_claims,
    }
    return sign_request(claims, private_key, algorithm, kid=kid, typ=TYPE)


def encrypt_request_object(
    request_object: str,
    key: KeyMaterial,
    algorithm: str = "RSA-OAEP-256",
    encryption: str = "A256GCM",
) -> str:
    """Return a signed request encrypted for the provider.

    :param request_object: the signed request
    :param key: a public encryption key of the provider
    :param algorithm: how the content key is wrapped (RSA-OAEP, RSA-OAEP-256, ECDH-ES and its
        ``+A128KW``...)
    :param encryption: how the content is encrypted

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for an unsuitable combination.  RFC 9101
    §4 and §6.1.

    Example::

        hidden = encrypt_request_object(request_object, encryption_key, "ECDH-ES+A256KW")
    """
    return encrypt(request_object, key, algorithm, encryption)


def _check_optional(kid: str | None, challenge: str | None, method: str | None) -> None:
    given = {"kid": kid, "code_challenge": challenge, "code_challenge_method": method}
    for name, value in given.items():
        if value is not None and not value.strip():
            raise InvalidArgumentError(f"{name} must be non-empty when provided")
    check_challenge(challenge, method)


def build_jar_authorization_url(
    authorization_endpoint: str,
    client_id: str,
    request_object: str,
    scope: Scope | None = None,
    response_type: str | None = None,
) -> str:
    """Return the URL of an authorization request whose parameters are in ``request_object``.

    :param authorization_endpoint: the provider's endpoint
    :param client_id: the client's identifier
    :param request_object: the signed request
    :param scope: repeated outside the object for providers that require it
    :param response_type: likewise

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for empty values.  RFC 9101 §5.

    Example::

        build_jar_authorization_url("https://op.example/authorize", "web", request_object)
    """
    for name, value in (("client_id", client_id), ("request_object", request_object)):
        if not value:
            raise InvalidArgumentError(f"{name} must not be empty")
    pairs = [
        ("client_id", client_id),
        ("request", request_object),
        ("scope", scope_text(scope)),
        ("response_type", response_type),
    ]
    return with_query(
        authorization_endpoint, [(name, value) for name, value in pairs if value is not None]
    )
