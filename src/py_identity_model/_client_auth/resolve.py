"""Which way of authenticating a request asks for, old fields and new."""

from __future__ import annotations

from typing import TypeVar

from .._wire.certificate import MtlsClientAuth
from .._wire.client_authentication import (
    ClientAuthentication,
    ClientSecretBasic,
    NoClientAuthentication,
)
from .._wire.models import BaseRequest
from ..exceptions import ConfigurationException
from .assertion import PrivateKeyJwt, PrivateKeyJwtAuthentication
from .certificate import SelfSignedTlsClientAuth, TlsClientAuth

T = TypeVar("T")

_BY_CERTIFICATE = {one.method: one for one in (TlsClientAuth, SelfSignedTlsClientAuth)}


def chosen_authentication(request: BaseRequest, *, blank_is_none: bool) -> ClientAuthentication:
    """Return how the client of ``request`` authenticates.

    In this order: ``client_authentication``, ``private_key_jwt``, ``mtls``, ``client_secret``;
    else not at all.  An empty secret is one unless ``blank_is_none``.
    """
    stored = vars(request)
    chosen = stored.get("client_authentication")
    if chosen is not None:
        if not isinstance(chosen, ClientAuthentication):
            raise ConfigurationException(
                "client_authentication must be an instance of ClientAuthentication, such as "
                f"ClientSecretBasic(secret), not {type(chosen).__name__}"
            )
        return chosen
    key = stored.get("private_key_jwt")
    if key is not None:
        return PrivateKeyJwtAuthentication.of(_expect(key, PrivateKeyJwt, "private_key_jwt"))
    mtls = stored.get("mtls")
    if mtls is not None:
        return _by_certificate(_expect(mtls, MtlsClientAuth, "mtls"))
    secret = stored.get("client_secret")
    if secret is None or (blank_is_none and not secret.strip()):
        return NoClientAuthentication()
    return ClientSecretBasic(secret)


def presented_certificate(
    request: BaseRequest, authentication: ClientAuthentication | None
) -> MtlsClientAuth | None:
    """Return the certificate that the request presents, also where it does not authenticate."""
    mtls = vars(request).get("mtls")
    if mtls is not None:
        return _expect(mtls, MtlsClientAuth, "mtls")
    return None if authentication is None else authentication.client_certificate


def _by_certificate(mtls: MtlsClientAuth) -> ClientAuthentication:
    method = _BY_CERTIFICATE.get(mtls.auth_method)
    if method is None:
        raise ConfigurationException(f"auth_method must be one of {', '.join(_BY_CERTIFICATE)}")
    return method(mtls.certificate, mtls.private_key, mtls.password)


def _expect(value: object, kind: type[T], name: str) -> T:
    if not isinstance(value, kind):
        raise ConfigurationException(f"{name} must be an instance of {kind.__name__}")
    return value
