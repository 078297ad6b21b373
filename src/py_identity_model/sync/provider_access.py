# Generated from aio/provider_access.py by scripts/make_sync.py; edit that file.
"""One provider, as a client that is kept sees it: metadata, endpoints, and who the client is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from .._jose.jwk import PrivateKey
from .._protocol.arguments import check_store
from .._protocol.client_arguments import check_client_arguments, client_authentication_of
from .._protocol.client_assertion import ClientSecretJwt, PrivateKeyJwtAuthentication
from .._protocol.client_authentication import ClientAuthentication
from .._protocol.client_profile import (
    SIGNED_MESSAGES,
    ClientProfile,
    RequestSigning,
    SignedMessage,
    check_profile,
    check_provider,
    check_signature,
    signing_algorithms,
)
from .._protocol.discovery import DiscoveryDocumentResponse, metadata_of
from .._protocol.discovery_rules import Provider, check_alias
from .._protocol.dpop import DPoPKey
from .._protocol.id_token_limits import check_age, check_audiences
from .._protocol.mtls import resolve_mtls_endpoint
from .._protocol.policy import DiscoveryPolicy, without_login_members
from .._protocol.replay import MemoryReplayStore, ReplayStore
from .._protocol.session_record import SESSION_LIFETIME, checked_lifetime
from .._protocol.token_endpoint import Scope, scope_text
from .._protocol.token_validation import TokenValidationConfig
from .._protocol.userinfo import UserInfoRequest, UserInfoResponse
from .._settings import Settings, in_force
from ..exceptions import (
    ConfigurationException,
    DiscoveryException,
    InvalidArgumentError,
    TokenValidationException,
)
from .http import HTTPClient, check_http_client
from .provider_cache import ProviderCache, cache_of, default_cache
from .session_records import SessionRecords, request_seconds
from .session_store import MemorySessionStore, SessionStore
from .token_store import MemoryTokenStore, TokenStore
from .userinfo import get_userinfo


def presents_certificate(
    authentication: ClientAuthentication, http_client: HTTPClient | None, bound: bool
) -> bool:
    """Return whether requests present a certificate, to which tokens are then bound.

    Raises ConfigurationException for certificates that could not be presented.
    """
    if authentication.certificate is not None and http_client is not None:
        raise ConfigurationException(
            f"{type(authentication).__name__} with certificate files and http_client cannot be "
            "combined: give the files to HTTPClient(certificate=MtlsClientAuth(…)), and "
            f"{type(authentication).__name__}() to this client",
            code="mtls_with_client",
        )
    presented = isinstance(http_client, HTTPClient) and http_client.presents_certificate
    wanted = bound or authentication.method in _CERTIFICATE_METHODS
    if wanted and authentication.certificate is None and http_client is None:
        raise ConfigurationException(
            "without certificate files an http_client is needed that presents a certificate: "
            "HTTPClient(certificate=MtlsClientAuth(…))",
            code="missing_client_certificate",
        )
    return wanted or presented


_CERTIFICATE_METHODS = frozenset({"tls_client_auth", "self_signed_tls_client_auth"})


class ProviderAccess:
    """Holds what a client knows of its provider, and of itself."""

    def __init__(
        self,
        issuer: str,
        client_id: str,
        client_authentication: ClientAuthentication | None = None,
        *,
        redirect_uri: str | None = None,
        scope: Scope = "openid",
        metadata: DiscoveryDocumentResponse | None = None,
        profile: ClientProfile | None = None,
        use_par: bool = False,
        request_signing_key: PrivateKey | None = None,
        request_signing_algorithm: str = "ES256",
        request_signing_kid: str | None = None,
        publish_request_object: Callable[[str], object] | None = None,
        message_signing: Collection[SignedMessage] = SIGNED_MESSAGES,
        tls_client_certificate_bound_access_tokens: bool = False,
        dpop_key: DPoPKey | None = None,
        id_token_algorithms: Sequence[str] | None = None,
        trusted_audiences: Collection[str] = (),
        max_id_token_age: float | None = None,
        leeway: float = 0.0,
        decryption_keys: PrivateKey | Sequence[PrivateKey] | None = None,
        client_secret: str | None = None,
        token_store: TokenStore | None = None,
        session_store: SessionStore | None = None,
        session_lifetime: float = SESSION_LIFETIME,
        replay_store: ReplayStore | None = None,
        http_client: HTTPClient | None = None,
        discovery_policy: DiscoveryPolicy | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.issuer = issuer
        self.client_id = client_id
        self.profile = profile
        self.dpop_key = dpop_key
        self._authentication = client_authentication_of(client_authentication, client_secret)
        check_http_client(http_client)
        self._presents_certificate = presents_certificate(
            self._authentication, http_client, tls_client_certificate_bound_access_tokens
        )
        signing = None
        if request_signing_key is not None:
            signing = RequestSigning(request_signing_key, request_signing_algorithm)
        check_profile(
            profile,
            self._authentication,
            dpop_key=dpop_key,
            certificate_bound=self._presents_certificate,
            signing=signing,
            message_signing=message_signing,
        )
        check_client_arguments(
            issuer,
            client_id,
            self._authentication,
            client_secret=client_secret,
            dpop_key=dpop_key,
            id_token_algorithms=id_token_algorithms,
            request_signing=(request_signing_key, request_signing_algorithm),
            decryption_keys=decryption_keys,
        )
        self._message_signing = message_signing
        if publish_request_object is not None and request_signing_key is None:
            raise ConfigurationException("publish_request_object needs a request_signing_key")
        self._publish = publish_request_object
        self._redirect_uri = redirect_uri
        self._scope = scope_text(scope) or ""
        if not isinstance(metadata, (DiscoveryDocumentResponse, type(None))):
            raise InvalidArgumentError("metadata must be a DiscoveryDocumentResponse")
        if metadata is not None and metadata.issuer != issuer:
            raise ConfigurationException(
                "the metadata is that of another issuer", code="issuer_not_configured"
            )
        self._given = metadata
        self._metadata: tuple[Provider, DiscoveryDocumentResponse] | None = None
        self._use_par = use_par or profile is not None
        self._signing = (request_signing_key, request_signing_algorithm, request_signing_kid)
        self._id_tokens = id_token_algorithms
        if isinstance(trusted_audiences, str):
            raise ConfigurationException("trusted_audiences must be a list of client ids")
        self._trusted_audiences = frozenset({client_id, *trusted_audiences})
        self._max_id_token_age = max_id_token_age
        self._leeway = leeway
        self._decryption_keys = decryption_keys
        self._client_secret = client_secret
        if token_store is not None:
            check_store("token_store", token_store, TokenStore)
        if session_store is not None:
            check_store("session_store", session_store, SessionStore)
        self._store = MemoryTokenStore() if token_store is None else token_store
        self._sessions = SessionRecords(
            MemorySessionStore() if session_store is None else session_store,
            checked_lifetime(session_lifetime),
            partial(request_seconds, http_client, settings),
        )
        self._replays = MemoryReplayStore() if replay_store is None else replay_store
        self._http_client = http_client
        self._policy = without_login_members(discovery_policy)
        self._settings = settings

    def metadata(self) -> DiscoveryDocumentResponse:
        """Return the provider's metadata, as given or from the cache of :func:`validate_token`.

        So it is as fresh, and as stale, as what validation uses, and fetched once for both.
        Raises :class:`DiscoveryException` when it cannot be had,
        :class:`ConfigurationException` when it violates the profile.

        Example::

            print((client.metadata()).token_endpoint)
        """
        if self._given is not None:
            check_provider(self.profile, self._given)
            return self._given
        try:
            with in_force(self._settings):
                provider = self._cache().metadata(
                    self._http_client, self.issuer, self._policy or DiscoveryPolicy()
                )
        except TokenValidationException as error:
            status = error.details.get("status_code")
            raise DiscoveryException(str(error), self.issuer, status) from None
        known = self._metadata
        if known is None or known[0] is not provider:
            found = metadata_of(provider)
            check_provider(self.profile, found)
            known = self._metadata = provider, found
        return known[1]

    def _cache(self) -> ProviderCache:
        return default_cache if self._http_client is None else cache_of(self._http_client)

    def endpoint(self, name: str) -> str:
        """Return the URL of an endpoint, for a client that authenticates as this one does.

        Raises :class:`ConfigurationException` when the provider has none, or names one for
        certificates that must not be used (``internal_address``).

        Example::

            print(client.endpoint("token_endpoint"))
        """
        metadata = self.metadata()
        if self._presents_certificate:
            found = resolve_mtls_endpoint(metadata, name)
            if found != getattr(metadata, name, None):
                policy = self._policy or DiscoveryPolicy()
                check_alias(f"mtls_endpoint_aliases.{name}", found, policy, self.issuer)
        else:
            found = getattr(metadata, name, None)
        if not isinstance(found, str) or not found:
            raise ConfigurationException(f"the provider has no {name}", code="missing_endpoint")
        return found

    def _proof_of_identity(self) -> ClientAuthentication:
        """Return how to authenticate: assertions are for the issuer, as FAPI 2.0 wants."""
        chosen = self._authentication
        if not isinstance(chosen, (PrivateKeyJwtAuthentication, ClientSecretJwt)):
            return chosen
        if chosen.audience is not None:
            return chosen
        return replace(chosen, audience=(self.metadata()).issuer)

    def _id_token_config(self) -> TokenValidationConfig:
        given = self._given
        return TokenValidationConfig(
            perform_disco=True,
            audience=self.client_id,
            algorithms=signing_algorithms(self.profile, self._id_tokens),
            leeway=self._leeway,
            discovery_policy=self._policy,
            decryption_keys=self._decryption_keys,
            client_secret=self._client_secret,
            issuer=self.issuer if given is not None else None,
            jwks_uri=None if given is None else given.jwks_uri,
        )

    def _check_id_token(self, id_token: str, claims: Mapping[str, Any]) -> None:
        """Raise for a valid ID token that this client does not take."""
        check_signature(self.profile, id_token)
        check_audiences(claims, self._trusted_audiences)
        check_age(claims, self._max_id_token_age, self._leeway)

    def userinfo(
        self,
        access_token: str,
        *,
        expected_sub: str,
        method: Literal["GET", "POST"] = "GET",
    ) -> UserInfoResponse:
        """Ask for the claims of the user whose ``sub`` is expected; see :func:`get_userinfo`.

        Example::

            response = client.userinfo(session.access_token, expected_sub=session.subject)
        """
        request = UserInfoRequest(
            self.endpoint("userinfo_endpoint"),
            access_token,
            expected_sub,
            dpop_key=self.dpop_key,
            mtls=self._authentication.certificate,
            token_validation_config=self._id_token_config(),
            disco_doc_address=self.issuer,
            method=method,
        )
        return get_userinfo(request, self._http_client, settings=self._settings)
