"""Request objects, passed by value or by reference (RFC 9101, OpenID Connect Core §6)."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from .._jose.encoding import encode_base64url
from .._jose.jwk import PrivateKey
from .._jose.sign import SIGNING_ALGORITHMS, sign_compact, signing_key
from .._jose.signer import Signer, algorithm_of, kid_of
from .._wire.models import Scope, scope_text
from ..exceptions import InvalidArgumentError
from .authorization import with_query

TYPE = "oauth-authz-req+jwt"
_MAX_REFERENCE = 512  # characters, OpenID Connect Core §6.2


def issued_claims(client_id: str, audience: str, lifetime: int) -> dict[str, Any]:
    """Return the claims of all request objects, valid from now for ``lifetime`` seconds."""
    for name, value in (("client_id", client_id), ("audience", audience)):
        if not isinstance(value, str) or not value.strip():
            raise InvalidArgumentError(f"{name} must not be empty")
    if lifetime <= 0:
        raise InvalidArgumentError("lifetime must be positive")
    now = int(time.time())
    return {
        "iss": client_id,
        "aud": audience,
        "iat": now,
        "nbf": now,
        "exp": now + lifetime,
        "jti": str(uuid.uuid4()),
    }


def sign_request(
    claims: Mapping[str, Any],
    private_key: PrivateKey | Signer,
    algorithm: str,
    *,
    kid: str | None,
    typ: str | None = None,
) -> str:
    """Return ``claims`` as a signed request; those that are None are left out."""
    algorithm = algorithm_of(private_key, algorithm)
    if algorithm not in SIGNING_ALGORITHMS:
        raise InvalidArgumentError(f"Unsupported request object algorithm: {algorithm}")
    header = {"alg": algorithm, "typ": typ, "kid": kid_of(private_key, kid)}
    key = signing_key(private_key, algorithm)
    return sign_compact(_present(header), _present(claims), key, algorithm)


def _present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def create_unsigned_request_object(client_id: str, audience: str, **parameters: Any) -> str:
    """Return an unsigned request object (``alg`` is ``none``), which anyone can change.

    It gives no protection; it is for providers that accept parameters only in this form.  Use
    :func:`create_request_object` if possible.

    :param client_id: the client's identifier
    :param audience: the issuer
    :param parameters: those of the authorization request, by their registered names

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for a request object inside this one.
    OpenID Connect Core §6.1.

    Example::

        create_unsigned_request_object(
            "web",
            "https://op.example",
            response_type="code",
            redirect_uri="https://rp.example/cb",
            scope="openid",
            state=state,
        )
    """
    nested = sorted({"request", "request_uri"} & {*parameters})
    if nested:
        raise InvalidArgumentError(f"parameters must not name {', '.join(nested)}")
    named = {"iss": client_id, "aud": audience, "client_id": client_id}
    parts = ({"alg": "none"}, _present({**named, **parameters}))
    texts = (json.dumps(part, separators=(",", ":")).encode() for part in parts)
    return b".".join(encode_base64url(text) for text in texts).decode() + "."


def request_object_response(request_object: str) -> tuple[dict[str, str], bytes]:
    """Return the header fields and the body that serve a request object at its URL.

    :param request_object: the result of :func:`create_request_object`

    RFC 9101 §5.2.3.

    Example::

        headers, body = request_object_response(request_object)
    """
    headers = {"Content-Type": f"application/{TYPE}", "Cache-Control": "no-store"}
    return headers, _ascii(request_object)


def _ascii(request_object: str) -> bytes:
    if not isinstance(request_object, str) or not request_object.isascii():
        raise InvalidArgumentError("request_object must be a JWT")
    return request_object.encode()


def request_object_reference(url: str, request_object: str) -> str:
    """Return the ``request_uri`` of a request object that is served at ``url``.

    Its fragment is the hash of the object, so that providers that cached another one notice.

    :param url: the URL of the object: https, at most 468 characters
    :param request_object: the object at that URL

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for another URL.
    OpenID Connect Core §6.2.

    Example::

        request_object_reference("https://rp.example/requests/1", request_object)
    """
    digest = hashlib.sha256(_ascii(request_object)).digest()
    if not isinstance(url, str) or "#" in url:
        raise InvalidArgumentError("url must have no fragment")
    return _checked_reference(f"{url}#{encode_base64url(digest).decode()}")


def build_request_uri_authorization_url(
    authorization_endpoint: str,
    client_id: str,
    request_uri: str,
    scope: Scope | None = None,
    response_type: str | None = None,
) -> str:
    """Return the URL of an authorization request whose parameters are at ``request_uri``.

    :param authorization_endpoint: the provider's endpoint
    :param client_id: the client's identifier
    :param request_uri: the https URL or URN of the object, at most 512 characters
    :param scope: repeated outside for OpenID Connect providers, which require ``openid`` there
    :param response_type: likewise

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for what is empty or not allowed.
    RFC 9101 §5.2, OpenID Connect Core §6.2.

    Example::

        build_request_uri_authorization_url(
            "https://op.example/authorize", "web", "https://rp.example/requests/1", "openid", "code"
        )
    """
    if not client_id:
        raise InvalidArgumentError("client_id must not be empty")
    values = {
        "client_id": client_id,
        "request_uri": _checked_reference(request_uri),
        "scope": scope_text(scope),
        "response_type": response_type,
    }
    return with_query(authorization_endpoint, _present(values).items())


def _checked_reference(request_uri: str) -> str:
    try:
        parts = urlsplit(request_uri)
        sound = (parts.scheme == "https" and bool(parts.hostname)) or (
            parts.scheme == "urn" and bool(parts.path)
        )
    except (ValueError, AttributeError):
        sound = False
    if not sound or not request_uri.isprintable() or " " in request_uri:
        raise InvalidArgumentError("request_uri must be an https URL or a URN")
    if len(request_uri) > _MAX_REFERENCE:
        raise InvalidArgumentError(f"request_uri is longer than {_MAX_REFERENCE} characters")
    return request_uri
