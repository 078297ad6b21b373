# Generated from aio/provider_client.py by scripts/make_sync.py; edit that file.
"""A client at its provider: identity, metadata, endpoints, and requests."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol, TypeVar

from .._client_auth.assertion import ClientSecretJwt, PrivateKeyJwtAuthentication
from .._client_auth.resolve import ClientRequest, TokenRequest
from .._jose.dpop_proof import DPoPKey
from .._protocol.discovery import DiscoveryDocumentResponse
from .._protocol.mtls import resolve_mtls_endpoint
from .._relying_party.client_profile import ClientProfile, check_provider
from .._relying_party.client_provider import ClientProvider
from .._settings import Settings, in_force
from .._validation.endpoint_rules import check_alias, check_endpoint, check_given_endpoint
from .._wire.client_authentication import ClientAuthentication
from .._wire.discovery_policy import DiscoveryPolicy, named_by_program
from .._wire.models import BaseRequest
from ..exceptions import (
    ConfigurationException,
    DiscoveryException,
    InvalidArgumentError,
    TokenValidationException,
)
from ._cache.provider_cache import ProviderCache, cache_of, default_cache
from ._transport.http import HTTPClient

Q = TypeVar("Q", bound=BaseRequest)
Q_contra = TypeVar("Q_contra", bound=BaseRequest, contravariant=True)
A_co = TypeVar("A_co", covariant=True)
A = TypeVar("A")

_CERTIFICATE_METHODS = frozenset({"tls_client_auth", "self_signed_tls_client_auth", "spiffe_x509"})


def presents_certificate(
    authentication: ClientAuthentication, http_client: HTTPClient | None, bound: bool
) -> bool:
    """Return whether requests present a certificate, to which tokens are then bound.

    Raises ConfigurationException for certificates that could not be presented.
    """
    if authentication.client_certificate is not None and http_client is not None:
        raise ConfigurationException(
            f"{type(authentication).__name__} with certificate files and http_client cannot be "
            "combined: give the files to HTTPClient(certificate=MtlsClientAuth(…)), and "
            f"{type(authentication).__name__}() to this client",
            code="mtls_with_client",
        )
    presented = isinstance(http_client, HTTPClient) and http_client.presents_certificate
    wanted = bound or authentication.method in _CERTIFICATE_METHODS
    if wanted and authentication.client_certificate is None and http_client is None:
        raise ConfigurationException(
            "without certificate files an http_client is needed that presents a certificate: "
            "HTTPClient(certificate=MtlsClientAuth(…))",
            code="missing_client_certificate",
        )
    return wanted or presented


class Send(Protocol[Q_contra, A_co]):
    """A function of this package that sends a request."""

    def __call__(
        self, request: Q_contra, *, http_client: HTTPClient | None, settings: Settings | None
    ) -> A_co:
        """Send ``request``, and return the response."""
        ...


class ProviderClient:
    """A client at its provider: its identity, its endpoints, and its HTTP client.

    :param provider: the provider
    :param client_id: the client's identifier
    :param authentication: how it authenticates
    :param profile: the security profile that the provider must fit, if any
    :param dpop_key: the key that tokens are bound to, if any
    :param presents_certificate: whether requests present a certificate, and so go to the aliases
        for that
    :param metadata: the provider's metadata, if it is not discovered
    :param http_client: used instead of this worker's own
    :param policy: policy for the provider's document
    :param settings: settings for all requests
    """

    def __init__(
        self,
        provider: ClientProvider,
        client_id: str,
        authentication: ClientAuthentication,
        *,
        profile: ClientProfile | None,
        dpop_key: DPoPKey | None,
        presents_certificate: bool,
        metadata: DiscoveryDocumentResponse | None,
        http_client: HTTPClient | None,
        policy: DiscoveryPolicy | None,
        settings: Settings | None,
    ) -> None:
        if not isinstance(metadata, (DiscoveryDocumentResponse, type(None))):
            raise InvalidArgumentError("metadata must be a DiscoveryDocumentResponse")
        if metadata is not None:
            provider.check_metadata(metadata.issuer)
        self.provider = provider
        self.client_id = client_id
        self.authentication = authentication
        self.profile: ClientProfile | None = profile
        self.dpop_key = dpop_key
        self.given_metadata = metadata or provider.given_metadata()
        self.http_client = http_client
        self.policy = named_by_program(provider.policy(policy))
        self.settings = settings
        self._presents_certificate = presents_certificate

    @property
    def issuer(self) -> str:
        """The issuer's name, as configured."""
        return self.provider.issuer

    def ask(self, send: Send[Q, A], request: Q) -> A:
        """Complete and send a request of this client; return the response."""
        if isinstance(request, ClientRequest):
            self.identify(request)
        return send(request, http_client=self.http_client, settings=self.settings)

    def identify(self, request: ClientRequest) -> None:
        """Add the authentication and the key of this client to a request that has none."""
        if request.client_authentication is None:
            request.client_authentication = self._for_issuer()
        if isinstance(request, TokenRequest) and request.dpop_key is None:
            request.dpop_key = self.dpop_key

    def metadata(self) -> DiscoveryDocumentResponse:
        """Return the provider's metadata, as given or from the cache of :func:`validate_token`."""
        if self.given_metadata is not None:
            check_provider(self.profile, self.given_metadata)
            return self.given_metadata
        try:
            with in_force(self.settings):
                provider = self.cache().metadata(
                    self.http_client, self.provider.address, self.policy
                )
        except TokenValidationException as error:
            status = error.details.get("status_code")
            code = error.code if error.code == "issuer_mismatch" else None
            raise DiscoveryException(str(error), self.issuer, status, code=code) from None
        # A copy for each caller: changing it must not send another caller's secret elsewhere.
        found = self.provider.metadata_of(provider)
        check_provider(self.profile, found)
        return found

    def cache(self) -> ProviderCache:
        """Return the cache of the HTTP client."""
        return default_cache if self.http_client is None else cache_of(self.http_client)

    def endpoint(self, name: str) -> str:
        """Return the URL of an endpoint, for a client that authenticates as this one does."""
        metadata = self.metadata()
        found = getattr(metadata, name, None)
        if self._presents_certificate:
            alias = resolve_mtls_endpoint(metadata, name)
            if alias != found:
                alias_name = f"mtls_endpoint_aliases.{name}"
                return check_alias(alias_name, alias, self.policy, self.provider.address)
        return self.usable(metadata, name, found)

    def usable(self, metadata: DiscoveryDocumentResponse, name: str, url: object) -> str:
        """Return the URL of a member of the metadata; raise ConfigurationException."""
        if not isinstance(url, str) or not url:
            raise ConfigurationException(f"the provider has no {name}", code="missing_endpoint")
        # The program itself is responsible for the hosts in the metadata that it gives.
        if self.given_metadata is not None:
            return check_given_endpoint(name, url, self.policy)
        return check_endpoint(name, url, self.policy, str(metadata.issuer), self.provider.address)

    def _for_issuer(self) -> ClientAuthentication:
        """Return how to authenticate; assertions are for the issuer, as FAPI 2.0 requires."""
        chosen = self.authentication
        if not isinstance(chosen, (PrivateKeyJwtAuthentication, ClientSecretJwt)):
            return chosen
        if chosen.audience is not None:
            return chosen
        issuer = (self.metadata()).issuer
        return replace(chosen, audience=None if "{" in str(issuer) else issuer)
