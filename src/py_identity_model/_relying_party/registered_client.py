"""What a registration says of how a client acts (RFC 7591 §3.2.1)."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import NamedTuple, TypedDict

from .._client_auth.assertion import ClientSecretJwt, PrivateKeyJwtAuthentication
from .._client_auth.certificate import SelfSignedTlsClientAuth, TlsClientAuth
from .._jose.dpop_proof import DPoPKey
from .._jose.jwk import PrivateKey
from .._jose.sign import SIGNING_ALGORITHMS
from .._jose.signer import Signer, algorithm_of
from .._protocol.registration import ClientRegistrationResponse
from .._wire.client_authentication import (
    ClientAuthentication,
    ClientSecretBasic,
    ClientSecretPost,
    NoClientAuthentication,
)
from ..exceptions import ConfigurationException
from .encrypted_answers import EncryptedArtefact, registered_artefacts

_USUAL_METHOD = "client_secret_basic"  # RFC 7591 §2
_USUAL_GRANTS = ("authorization_code",)  # RFC 7591 §2
_CIBA = "urn:openid:params:grant-type:ciba"
_USUAL_ALGORITHM = "RS256"  # OpenID Connect Registration §2: id_token_signed_response_alg


class SigningKey(NamedTuple):
    """A private key of the client, and its name."""

    key: PrivateKey | Signer
    kid: str | None


class RegisteredArguments(TypedDict):
    """What a registration decides of a client's arguments."""

    client_authentication: ClientAuthentication
    redirect_uri: str | None
    use_par: bool
    request_signing_key: PrivateKey | Signer | None
    request_signing_algorithm: str
    request_signing_kid: str | None
    tls_client_certificate_bound_access_tokens: bool
    dpop_key: DPoPKey | None
    id_token_algorithms: Sequence[str]
    client_secret: str | None
    require_encrypted: Collection[EncryptedArtefact]


def registered_arguments(
    registered: ClientRegistrationResponse,
    *,
    redirect_uri: str | None,
    client_authentication: ClientAuthentication | None,
    private_key: PrivateKey | Signer | None,
    kid: str | None,
    dpop_key: DPoPKey | None,
) -> RegisteredArguments:
    """Return the arguments of a registered client; raise for some that do not fit together."""
    signing = None if private_key is None else SigningKey(private_key, kid)
    algorithm = request_algorithm_of(registered, signing)
    check_dpop(registered, has_key=dpop_key is not None)
    return RegisteredArguments(
        client_authentication=authentication_of(registered, client_authentication, signing),
        redirect_uri=redirect_uri_of(registered, redirect_uri),
        use_par=bool(registered.require_pushed_authorization_requests),
        request_signing_key=None if algorithm is None else private_key,
        request_signing_algorithm=algorithm or "ES256",
        request_signing_kid=kid,
        tls_client_certificate_bound_access_tokens=bool(
            registered.tls_client_certificate_bound_access_tokens
        ),
        dpop_key=dpop_key,
        id_token_algorithms=id_token_algorithms_of(registered),
        client_secret=shared_secret_of(registered),
        require_encrypted=registered_artefacts(
            registered.id_token_encrypted_response_alg,
            registered.userinfo_encrypted_response_alg,
            registered.authorization_encrypted_response_alg,
        ),
    )


def authentication_of(
    registered: ClientRegistrationResponse,
    chosen: ClientAuthentication | None,
    signing: SigningKey | None,
    *,
    now: float | None = None,
) -> ClientAuthentication:
    """Return how a registered client authenticates; ``chosen`` must be as registered."""
    method = registered.token_endpoint_auth_method or _USUAL_METHOD
    if chosen is not None:
        if chosen.method != method:
            raise _mismatch_error(
                f"client_authentication is {chosen.method}, but {method} is registered"
            )
        return chosen
    if method == "none":
        return NoClientAuthentication()
    if method in _BY_SECRET:
        return _by_secret(registered, method, time.time() if now is None else now)
    if method in _BY_CERTIFICATE:
        return _BY_CERTIFICATE[method]()
    if method != "private_key_jwt":
        raise _mismatch_error(f"{method!r} is registered: give client_authentication")
    if signing is None:
        raise _mismatch_error(
            "private_key_jwt is registered: give private_key or client_authentication"
        )
    algorithm = registered.token_endpoint_auth_signing_alg or algorithm_of(signing.key, "PS256")
    if algorithm_of(signing.key, algorithm) != algorithm:
        raise _mismatch_error(f"{algorithm} is registered, and the signer signs by another one")
    return PrivateKeyJwtAuthentication(signing.key, algorithm, signing.kid)


_BY_SECRET = ("client_secret_basic", "client_secret_post", "client_secret_jwt")
_BY_CERTIFICATE: dict[str, type[TlsClientAuth | SelfSignedTlsClientAuth]] = {
    one.method: one for one in (TlsClientAuth, SelfSignedTlsClientAuth)
}


def _by_secret(
    registered: ClientRegistrationResponse, method: str, now: float
) -> ClientAuthentication:
    secret, expires_at = registered.client_secret, registered.client_secret_expires_at
    if not secret:
        raise _mismatch_error(f"{method} is registered, but the registration has no client_secret")
    if expires_at and expires_at <= now:
        raise ConfigurationException(
            "the client_secret of the registration has expired: update the registration",
            code="client_secret_expired",
        )
    if method == "client_secret_basic":
        return ClientSecretBasic(secret)
    if method == "client_secret_post":
        return ClientSecretPost(secret)
    return ClientSecretJwt(secret, registered.token_endpoint_auth_signing_alg or "HS256")


def id_token_algorithms_of(registered: ClientRegistrationResponse) -> list[str]:
    """Return the one algorithm that ID tokens must be signed by."""
    algorithm = registered.id_token_signed_response_alg or _USUAL_ALGORITHM
    symmetric = algorithm in {"HS256", "HS384", "HS512"} and registered.client_secret
    if algorithm not in SIGNING_ALGORITHMS and not symmetric:
        raise _mismatch_error(
            f"ID tokens signed by {algorithm!r} are registered, and cannot be taken"
        )
    return [algorithm]


def redirect_uri_of(registered: ClientRegistrationResponse, chosen: str | None) -> str | None:
    """Return where logins come back to: ``chosen``, or the only one that is registered."""
    known: Sequence[str] | None = registered.redirect_uris
    if chosen is None:
        return known[0] if isinstance(known, list) and len(known) == 1 else None
    if isinstance(known, list) and chosen not in known:
        raise _mismatch_error("redirect_uri is not among those registered")
    return chosen


def request_algorithm_of(
    registered: ClientRegistrationResponse, signing: SigningKey | None
) -> str | None:
    """Return by what authentication requests are signed; None where they are not.

    The algorithm of the back channel's is that of a client which has no others: a client of both
    channels must have registered one for those that the browser carries.
    """
    algorithm = registered.request_object_signing_alg
    grants = registered.grant_types or _USUAL_GRANTS
    back_channel = None
    if _CIBA in grants:
        back_channel = registered.backchannel_authentication_request_signing_alg
    if signing is None or algorithm == "none":
        if registered.require_signed_request_object or back_channel:
            raise _mismatch_error(f"{_demand(registered)} is registered: give private_key")
        return None
    if algorithm is None and "authorization_code" not in grants:
        algorithm = back_channel
    if algorithm is None and not registered.require_signed_request_object:
        return None
    return algorithm or registered.token_endpoint_auth_signing_alg or "ES256"


def _demand(registered: ClientRegistrationResponse) -> str:
    if registered.require_signed_request_object:
        return "require_signed_request_object"
    return "backchannel_authentication_request_signing_alg"


def check_dpop(registered: ClientRegistrationResponse, *, has_key: bool) -> None:
    """Raise ConfigurationException where tokens must be bound to a key, and there is none."""
    if registered.dpop_bound_access_tokens and not has_key:
        raise _mismatch_error("dpop_bound_access_tokens is registered: give a dpop_key")


def shared_secret_of(registered: ClientRegistrationResponse) -> str | None:
    """Return the secret where tokens are signed or encrypted with it."""
    algorithms = (
        registered.id_token_signed_response_alg,
        registered.id_token_encrypted_response_alg,
        registered.authorization_encrypted_response_alg,
    )
    symmetric = any(str(one).startswith(("HS", "A", "dir")) for one in algorithms)
    return registered.client_secret if symmetric else None


def _mismatch_error(text: str) -> ConfigurationException:
    return ConfigurationException(text, code="registration_mismatch")
