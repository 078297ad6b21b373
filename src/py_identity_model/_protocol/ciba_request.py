"""Signed backchannel authentication requests (OpenID Connect CIBA Core §7.1.1)."""

from __future__ import annotations

from typing import Any

from .._jose.jwk import PrivateKey
from .._jose.signer import Signer
from .._wire.models import Scope, scope_text
from ..exceptions import InvalidArgumentError
from .request_object import issued_claims, sign_request

HINTS = ("login_hint", "login_hint_token", "id_token_hint")
_RESERVED = frozenset(
    {"iss", "aud", "exp", "iat", "nbf", "jti", "request", "client_assertion", "client_secret"}
)


def create_backchannel_request_object(
    private_key: PrivateKey | Signer,
    algorithm: str,
    client_id: str,
    audience: str,
    *,
    scope: Scope = "openid",
    kid: str | None = None,
    lifetime: int = 300,
    **parameters: Any,
) -> str:
    """Return a signed authentication request, for ``BackchannelAuthenticationRequest.request``.

    :param private_key: PEM, a JWK, or a :class:`Signer`, whose own algorithm is used
    :param algorithm: an asymmetric signature algorithm
    :param client_id: the client's identifier
    :param audience: the issuer
    :param scope: the requested scope; it must include ``openid``
    :param kid: the identifier of the key
    :param lifetime: in seconds
    :param parameters: ``login_hint``, ``login_hint_token`` or ``id_token_hint``, exactly one, and
        further ones by their registered names

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for arguments that make no sound
    request.  CIBA Core §7.1.1.

    Example::

        create_backchannel_request_object(
            pem_text, "ES256", "till", "https://op.example", login_hint="alice"
        )
    """
    hints = [name for name in HINTS if parameters.get(name)]
    if len(hints) != 1:
        raise InvalidArgumentError(f"exactly one of {', '.join(HINTS)} must be given")
    taken = sorted(_RESERVED & {*parameters})
    if taken:
        raise InvalidArgumentError(f"parameters must not name {', '.join(taken)}")
    wanted = scope_text(scope) or ""  # once: it may be an iterator
    if "openid" not in wanted.split():
        raise InvalidArgumentError("scope must include openid")
    claims = {
        **issued_claims(client_id, audience, lifetime),
        "scope": wanted,
        **parameters,
    }
    return sign_request(claims, private_key, algorithm, kid=kid)
