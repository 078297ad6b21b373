"""Requests of authenticating clients, and the choice of their method, from old and new fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .._jose.dpop_proof import DPoPKey
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
Q = TypeVar("Q", bound=BaseRequest)

_BY_CERTIFICATE = {one.method: one for one in (TlsClientAuth, SelfSignedTlsClientAuth)}


class ClientRequest(BaseRequest):
    """A request of a client that may authenticate.

    Not a dataclass: building a request reads these attributes, and a request without a field of the
    name has the default.  As fields they would come before those of the requests themselves, some
    of which the contract has passed by position.
    """

    client_id: str
    client_secret: str | None = None
    private_key_jwt: PrivateKeyJwt | None = None
    mtls: MtlsClientAuth | None = None
    client_authentication: ClientAuthentication | None = None
    extra_parameters: Mapping[str, str | Sequence[str]] | None = None

    def _secret_values(self) -> Iterator[object]:
        yield from super()._secret_values()
        yield self.extra_parameters
        if isinstance(self.client_authentication, ClientAuthentication):
            yield from self.client_authentication.secrets()


class TokenRequest(ClientRequest):
    """A request for tokens: their targets, and the key that they are bound to."""

    resource: str | Sequence[str] | None = None
    audience: str | Sequence[str] | None = None
    authorization_details: Sequence[Mapping[str, Any]] | None = None
    dpop_key: DPoPKey | None = None


@dataclass(repr=False)
class DetailedRequest(TokenRequest):
    """Keyword fields of requests that name the targets of their tokens."""

    client_authentication: ClientAuthentication | None = field(default=None, kw_only=True)
    resource: str | Sequence[str] | None = field(default=None, kw_only=True)
    audience: str | Sequence[str] | None = field(default=None, kw_only=True)
    authorization_details: Sequence[Mapping[str, Any]] | None = field(default=None, kw_only=True)
    extra_parameters: Mapping[str, str | Sequence[str]] | None = field(default=None, kw_only=True)


@dataclass(repr=False)
class BindableRequest(DetailedRequest):
    """Keyword fields of requests that also name the key their tokens are bound to."""

    dpop_key: DPoPKey | None = field(default=None, kw_only=True)


def keyword_fields_last(request: type[Q]) -> type[Q]:
    """Order the fields of a dataclass as they are passed: keyword-only ones come last.

    Inherited ones would come first otherwise; ``fields`` and ``repr`` use the order of the
    contract.
    """
    known = request.__dataclass_fields__
    ordered = sorted(known, key=lambda name: bool(known[name].kw_only))
    request.__dataclass_fields__ = {name: known[name] for name in ordered}
    return request


def resolve_client_authentication(
    request: ClientRequest, *, blank_is_none: bool
) -> ClientAuthentication:
    """Return the authentication method of ``request``.

    In this order: ``client_authentication``, ``private_key_jwt``, ``mtls``, ``client_secret``;
    otherwise none.  An empty secret counts unless ``blank_is_none``.
    """
    chosen: object = request.client_authentication
    if chosen is not None:
        if not isinstance(chosen, ClientAuthentication):
            raise ConfigurationException(
                "client_authentication must be an instance of ClientAuthentication, such as "
                f"ClientSecretBasic(secret), not {type(chosen).__name__}"
            )
        return chosen
    if request.private_key_jwt is not None:
        key = _expect(request.private_key_jwt, PrivateKeyJwt, "private_key_jwt")
        return PrivateKeyJwtAuthentication.of(key)
    if request.mtls is not None:
        return _by_certificate(_expect(request.mtls, MtlsClientAuth, "mtls"))
    secret = request.client_secret
    if isinstance(secret, bytes):  # as the requests have always taken it, whatever their types say
        secret = secret.decode("utf-8", "surrogateescape")
    if secret is None or (blank_is_none and not secret.strip()):
        return NoClientAuthentication()
    return ClientSecretBasic(secret)


def presented_certificate(
    request: ClientRequest, authentication: ClientAuthentication | None
) -> MtlsClientAuth | None:
    """Return the certificate that the request presents, even if it does not authenticate."""
    if request.mtls is not None:
        return _expect(request.mtls, MtlsClientAuth, "mtls")
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
