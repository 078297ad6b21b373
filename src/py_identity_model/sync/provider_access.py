# Generated from aio/provider_access.py by scripts/make_sync.py; edit that file.
"""One provider, as a client that is kept sees it: metadata, endpoints, and who the client is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial

from .._client_auth.assertion import ClientSecretJwt, PrivateKeyJwtAuthentication
from .._jose.dpop_proof import DPoPKey
from .._jose.jwk import DecryptionKeys, PrivateKey
from .._jose.signer import Signer, algorithm_of
from .._protocol.discovery import DiscoveryDocumentResponse
from .._protocol.mtls import resolve_mtls_endpoint
from .._relying_party.client_arguments import check_client_arguments, client_authentication_of
from .._relying_party.client_profile import (
    SIGNED_MESSAGES,
    ClientProfile,
    RequestSigning,
    SignedMessage,
    check_profile,
    check_provider,
)
from .._relying_party.client_provider import ClientProvider
from .._relying_party.encrypted_answers import EncryptedArtefact, artefacts_of
from .._resource_server.replay import MemoryReplayStore, ReplayStore
from .._sessions.session_record import SESSION_LIFETIME, checked_lifetime
from .._settings import Settings, in_force
from .._validation.config import TokenValidationConfig
from .._validation.endpoint_rules import check_alias, check_endpoint
from .._validation.provider_preset import Provider
from .._wire.arguments import check_store, seconds_of
from .._wire.client_authentication import ClientAuthentication
from .._wire.discovery_policy import DiscoveryPolicy, named_by_program
from .._wire.models import Scope, scope_text
from ..exceptions import (
    ConfigurationException,
    DiscoveryException,
    InvalidArgumentError,
    TokenValidationException,
)
from ._cache.provider_cache import ProviderCache, cache_of, default_cache
from ._transport.http import HTTPClient, check_http_client
from ._transport.stores import TokenStore
from .session_records import SessionRecords, request_seconds
from .session_store import MemorySessionStore, SessionStore
from .token_store import MemoryTokenStore

_LEEWAY = 60.0  # seconds


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


_CERTIFICATE_METHODS = frozenset({"tls_client_auth", "self_signed_tls_client_auth"})


class ProviderAccess:
    """Holds what a client knows of its provider, and of itself."""

    def __init__(
        self,
        issuer: str | Provider,
        client_id: str,
        client_authentication: ClientAuthentication | None = None,
        *,
        redirect_uri: str | None = None,
        scope: Scope | None = None,
        metadata: DiscoveryDocumentResponse | None = None,
        profile: ClientProfile | None = None,
        use_par: bool = False,
        request_signing_key: PrivateKey | Signer | None = None,
        request_signing_algorithm: str = "ES256",
        request_signing_kid: str | None = None,
        publish_request_object: Callable[[str], object] | None = None,
        message_signing: Collection[SignedMessage] = SIGNED_MESSAGES,
        tls_client_certificate_bound_access_tokens: bool = False,
        dpop_key: DPoPKey | None = None,
        id_token_algorithms: Sequence[str] | None = None,
        trusted_audiences: Collection[str] = (),
        max_id_token_age: float | None = None,
        expect_id_token: bool = False,
        require_nonce: bool = True,
        leeway: float | None = None,
        allow_weak_keys: bool = False,
        decryption_keys: DecryptionKeys | None = None,
        require_encrypted: Collection[EncryptedArtefact] = (),
        client_secret: str | None = None,
        token_store: TokenStore | None = None,
        session_store: SessionStore | None = None,
        session_lifetime: float = SESSION_LIFETIME,
        replay_store: ReplayStore | None = None,
        http_client: HTTPClient | None = None,
        discovery_policy: DiscoveryPolicy | None = None,
        settings: Settings | None = None,
    ) -> None:
        self._provider = ClientProvider.of(issuer)
        self.issuer = self._provider.issuer
        self.client_id = client_id
        self.profile = profile
        self.dpop_key = dpop_key
        self._authentication = client_authentication_of(
            self._provider.authentication(client_authentication, client_secret), client_secret
        )
        check_http_client(http_client)
        self._presents_certificate = presents_certificate(
            self._authentication, http_client, tls_client_certificate_bound_access_tokens
        )
        request_signing_algorithm = algorithm_of(request_signing_key, request_signing_algorithm)
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
            self.issuer,
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
        self._scope = self._provider.scope if scope is None else scope_text(scope) or ""
        if not isinstance(metadata, (DiscoveryDocumentResponse, type(None))):
            raise InvalidArgumentError("metadata must be a DiscoveryDocumentResponse")
        if metadata is not None:
            self._provider.check_metadata(metadata.issuer)
        self._given = metadata or self._provider.given_metadata()
        self._use_par = use_par or profile is not None
        self._signing = (request_signing_key, request_signing_algorithm, request_signing_kid)
        self._id_tokens = id_token_algorithms
        if isinstance(trusted_audiences, str):
            raise ConfigurationException("trusted_audiences must be a list of client ids")
        self._trusted_audiences = frozenset({client_id, *trusted_audiences})
        self._max_id_token_age = max_id_token_age
        self._expect_id_token = expect_id_token
        self._require_nonce = require_nonce and self._provider.has_nonce
        self._leeway = _LEEWAY if leeway is None else seconds_of("leeway", leeway)
        self._age_leeway = leeway or 0.0  # the default is for clocks, not for logins
        self._allow_weak_keys = allow_weak_keys
        self._decryption_keys = decryption_keys
        self._encrypted = artefacts_of(require_encrypted, decryption_keys)
        self._token_configs: dict[str, tuple[DiscoveryDocumentResponse, TokenValidationConfig]] = {}
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
        self._policy = named_by_program(self._provider.policy(discovery_policy))
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
                    self._http_client, self._provider.address, self._policy
                )
        except TokenValidationException as error:
            status = error.details.get("status_code")
            raise DiscoveryException(str(error), self.issuer, status) from None
        # Made for each caller: what one does to its own must not send another's secret elsewhere.
        found = self._provider.metadata_of(provider)
        check_provider(self.profile, found)
        return found

    def _cache(self) -> ProviderCache:
        return default_cache if self._http_client is None else cache_of(self._http_client)

    def endpoint(self, name: str) -> str:
        """Return the URL of an endpoint, for a client that authenticates as this one does.

        Raises :class:`ConfigurationException` when the provider has none, or names one that must
        not be used (``internal_address``, ``https_required``).

        Example::

            print(client.endpoint("token_endpoint"))
        """
        metadata = self.metadata()
        found = getattr(metadata, name, None)
        if self._presents_certificate:
            alias = resolve_mtls_endpoint(metadata, name)
            if alias != found:
                check_alias(
                    f"mtls_endpoint_aliases.{name}", alias, self._policy, self._provider.address
                )
                return str(alias)
        return self._usable(metadata, name, found)

    def _usable(self, metadata: DiscoveryDocumentResponse, name: str, url: object) -> str:
        """Return the URL of a member of the metadata; raise ConfigurationException."""
        if not isinstance(url, str) or not url:
            raise ConfigurationException(f"the provider has no {name}", code="missing_endpoint")
        if self._given is None:  # the program itself answers for what it gives
            check_endpoint(name, url, self._policy, str(metadata.issuer), self._provider.address)
        return url

    def _proof_of_identity(self) -> ClientAuthentication:
        """Return how to authenticate: assertions are for the issuer, as FAPI 2.0 wants."""
        chosen = self._authentication
        if not isinstance(chosen, (PrivateKeyJwtAuthentication, ClientSecretJwt)):
            return chosen
        if chosen.audience is not None:
            return chosen
        issuer = (self.metadata()).issuer
        return replace(chosen, audience=None if "{" in str(issuer) else issuer)
