"""One provider, as a client that is kept sees it: metadata, endpoints, and who the client is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from .._jose.jwk import PrivateKey
from .._protocol.client_assertion import ClientSecretJwt, PrivateKeyJwtAuthentication
from .._protocol.client_authentication import ClientAuthentication, NoClientAuthentication
from .._protocol.client_profile import (
    ClientProfile,
    check_profile,
    check_provider,
    signing_algorithms,
)
from .._protocol.discovery import DiscoveryDocumentRequest, DiscoveryDocumentResponse
from .._protocol.dpop import DPoPKey
from .._protocol.mtls import resolve_mtls_endpoint
from .._protocol.policy import DiscoveryPolicy
from .._protocol.replay import MemoryReplayStore, ReplayStore
from .._protocol.session_record import SESSION_LIFETIME, checked_lifetime
from .._protocol.token_endpoint import Scope, scope_text
from .._protocol.token_validation import TokenValidationConfig
from .._protocol.userinfo import UserInfoRequest, UserInfoResponse
from .._settings import Settings
from ..exceptions import (
    ConfigurationException,
    DiscoveryException,
)
from .discovery import get_discovery_document
from .flights import AsyncFlights
from .http import AsyncHTTPClient
from .session_records import AsyncSessionRecords, request_seconds
from .session_store import AsyncMemorySessionStore, AsyncSessionStore
from .token_store import AsyncMemoryTokenStore, AsyncTokenStore
from .userinfo import get_userinfo

_METADATA_LIFETIME = 3600.0


class AsyncProviderAccess:
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
        dpop_key: DPoPKey | None = None,
        id_token_algorithms: Sequence[str] | None = None,
        leeway: float = 0.0,
        decryption_keys: Sequence[PrivateKey] | None = None,
        client_secret: str | None = None,
        token_store: AsyncTokenStore | None = None,
        session_store: AsyncSessionStore | None = None,
        session_lifetime: float = SESSION_LIFETIME,
        replay_store: ReplayStore | None = None,
        http_client: AsyncHTTPClient | None = None,
        discovery_policy: DiscoveryPolicy | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.issuer = issuer
        self.client_id = client_id
        self.profile = profile
        self.dpop_key = dpop_key
        self._authentication = client_authentication or NoClientAuthentication()
        signing = request_signing_algorithm if request_signing_key is not None else None
        check_profile(
            profile, self._authentication, use_dpop=dpop_key is not None, signs_requests=signing
        )
        self._redirect_uri = redirect_uri
        self._scope = scope_text(scope) or ""
        if metadata is not None and metadata.issuer != issuer:
            raise ConfigurationException(
                "the metadata is that of another issuer", code="issuer_not_configured"
            )
        self._given = metadata
        self._metadata: tuple[float, DiscoveryDocumentResponse] | None = None
        self._flights: AsyncFlights[DiscoveryDocumentResponse] = AsyncFlights(
            "py_identity_model.md"
        )
        self._use_par = use_par or profile is not None
        self._signing = (request_signing_key, request_signing_algorithm, request_signing_kid)
        self._id_tokens = id_token_algorithms
        self._leeway = leeway
        self._decryption_keys = decryption_keys
        self._client_secret = client_secret
        self._store = AsyncMemoryTokenStore() if token_store is None else token_store
        self._sessions = AsyncSessionRecords(
            AsyncMemorySessionStore() if session_store is None else session_store,
            checked_lifetime(session_lifetime),
            partial(request_seconds, http_client, settings),
        )
        self._replays = MemoryReplayStore() if replay_store is None else replay_store
        self._http_client = http_client
        self._policy = discovery_policy
        self._settings = settings
        self.clock = time.monotonic

    async def metadata(self) -> DiscoveryDocumentResponse:
        """Return the provider's metadata, as given or as discovered within the last hour.

        Raises :class:`DiscoveryException` when it cannot be had,
        :class:`ConfigurationException` when it violates the profile.

        Example::

            print((await client.metadata()).token_endpoint)
        """
        if self._given is not None:
            check_provider(self.profile, self._given)
            return self._given
        known = self._metadata
        if known is not None and self.clock() < known[0] + _METADATA_LIFETIME:
            return known[1]
        joined = await self._flights.join("metadata", self._discover)
        assert joined is not None
        return joined[0]

    async def _discover(self) -> DiscoveryDocumentResponse:
        request = DiscoveryDocumentRequest(self.issuer, self._policy)
        found = await get_discovery_document(request, self._http_client, settings=self._settings)
        if not found.is_successful:
            if self._metadata is not None:  # the provider is out: what was known still holds
                return self._metadata[1]
            raise DiscoveryException(str(found.error), self.issuer, found.status_code)
        check_provider(self.profile, found)
        self._metadata = self.clock(), found
        return found

    async def endpoint(self, name: str) -> str:
        """Return the URL of an endpoint, for a client that authenticates as this one does.

        Raises :class:`ConfigurationException` when the provider has none.

        Example::

            print(await client.endpoint("token_endpoint"))
        """
        metadata = await self.metadata()
        certificate = self._authentication.method in {
            "tls_client_auth",
            "self_signed_tls_client_auth",
        }
        if certificate:
            found = resolve_mtls_endpoint(metadata, name)
        else:
            found = getattr(metadata, name, None)
        if not isinstance(found, str) or not found:
            raise ConfigurationException(f"the provider has no {name}", code="missing_endpoint")
        return found

    async def _proof_of_identity(self) -> ClientAuthentication:
        """Return how to authenticate: assertions are for the issuer, as FAPI 2.0 wants."""
        chosen = self._authentication
        if not isinstance(chosen, (PrivateKeyJwtAuthentication, ClientSecretJwt)):
            return chosen
        if chosen.audience is not None:
            return chosen
        return replace(chosen, audience=(await self.metadata()).issuer)

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

    async def userinfo(self, access_token: str, *, expected_sub: str) -> UserInfoResponse:
        """Ask for the claims of the user whose ``sub`` is expected; see :func:`get_userinfo`.

        Example::

            response = await client.userinfo(session.access_token, expected_sub=session.subject)
        """
        request = UserInfoRequest(
            await self.endpoint("userinfo_endpoint"),
            access_token,
            expected_sub,
            dpop_key=self.dpop_key,
            mtls=self._authentication.certificate,
            token_validation_config=self._id_token_config(),
            disco_doc_address=self.issuer,
        )
        return await get_userinfo(request, self._http_client, settings=self._settings)
