"""The client of one provider: all tasks of a relying party there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack, overload

from .._jose.dpop_proof import DPoPKey
from .._jose.jwk import DecryptionKeys, PrivateKey
from .._jose.signer import Signer
from .._protocol.ciba import BackchannelAuthenticationResponse
from .._protocol.device import DeviceAuthorizationResponse
from .._protocol.discovery import DiscoveryDocumentResponse
from .._protocol.introspection import TokenIntrospectionResponse
from .._protocol.refresh_grant import RefreshTokenResponse
from .._protocol.registration import ClientRegistrationResponse
from .._protocol.revocation import TokenRevocationResponse
from .._protocol.security_events import MAX_AGE, SecurityEvent
from .._protocol.token_exchange import TokenExchangeResponse
from .._protocol.userinfo import UserInfoResponse
from .._relying_party.client_arguments import (
    AuthorizationOptions,
    ChallengeMethod,
    UserTokenRules,
    check_client_arguments,
    client_authentication_of,
)
from .._relying_party.client_parameters import (
    AuthorizationParameters,
    ExchangeParameters,
    TokenParameters,
)
from .._relying_party.client_profile import (
    SIGNED_MESSAGES,
    ClientProfile,
    RequestSigning,
    SignedMessage,
    check_profile,
)
from .._relying_party.client_provider import ClientProvider
from .._relying_party.encrypted_answers import EncryptedArtefact
from .._relying_party.login import AuthorizationRequest
from .._relying_party.registered_client import registered_arguments
from .._resource_server.replay import ReplayStore, replay_store_of
from .._sessions.session_record import SESSION_LIFETIME, checked_lifetime
from .._sessions.stored_token import StoredToken
from .._settings import Settings
from .._validation.provider_preset import Provider
from .._wire.arguments import check_kind, check_policy, check_store, check_switches, seconds_of
from .._wire.client_authentication import ClientAuthentication
from .._wire.discovery_policy import DiscoveryPolicy
from .._wire.models import Scope, repeatable
from .._wire.urls import OPENID_CONFIGURATION
from ..exceptions import InvalidArgumentError
from ._transport.http import AsyncHTTPClient, check_http_client
from ._transport.stores import AsyncTokenStore
from .client_tokens import AsyncClientTokens
from .login_answers import AsyncLoginAnswers
from .login_requests import AsyncLoginRequests
from .other_device_logins import AsyncOtherDeviceLogins
from .provider_client import AsyncProviderClient, presents_certificate
from .provider_logouts import AsyncProviderLogouts
from .provider_tokens import AsyncProviderTokens
from .registered_client import RegisteredClientOptions
from .session import AsyncSession
from .session_access import AsyncSessionAccess
from .session_locks import request_seconds
from .session_records import AsyncSessionRecords
from .session_store import AsyncMemorySessionStore, AsyncSessionStore
from .token_source import AsyncTokenSource

if TYPE_CHECKING:
    from .._config import Config
    from .token_auth import AsyncTokenAuth

_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


class AsyncOAuthClient:
    """A client of one provider: created once, used for the life of the program, safe to share.

    Assertions are addressed to the issuer, and requests with certificates go to the provider's
    aliases for them.  Private keys are PEM, a JWK, a JWKS, or key objects of cryptography.

    :param issuer: the issuer whose metadata is discovered (and checked again each hour), unless
        ``metadata`` is given; or a preset of ``py_identity_model.providers``, which defines the
        deviations of its provider
    :param client_id: the client's registered identifier
    :param client_authentication: how the client authenticates; by default with its
        ``client_secret`` (:class:`ClientSecretBasic`, or as the preset says), and without one as a
        public client
    :param redirect_uri: where the browser returns after logins that name no other
    :param scope: the scope of logins that name no other: ``openid`` by default; without it a login
        is plain OAuth 2.0, unless ``expect_id_token``
    :param metadata: the provider's metadata, if it is not discovered
    :param profile: None, ``fapi2`` or ``fapi2-message-signing``; violations are refused before
        anything is sent
    :param use_par: whether authorization requests are pushed even if the provider does not require
        it
    :param request_signing_key: the private key that signs authorization and backchannel requests;
        None signs none
    :param request_signing_algorithm: the algorithm that signs them
    :param request_signing_kid: the identifier of that key
    :param publish_request_object: publishes a signed request, and returns the URL where the
        provider finds it
    :param message_signing: what ``fapi2-message-signing`` signs: ``request`` (JAR), ``response``
        (JARM), or both
    :param tls_client_certificate_bound_access_tokens: whether ``http_client`` was created elsewhere
        and presents a certificate, to which tokens are bound however the client authenticates
    :param dpop_key: binds every token to a key; a token that is not bound is refused
    :param id_token_algorithms: the registered ones, by default the provider's asymmetric ones
    :param trusted_audiences: further clients that ID tokens may be for besides this one
    :param max_id_token_age: the maximum age of ID tokens, in seconds; None is any
    :param expect_id_token: whether the provider issues ID tokens without ``openid`` in the scope
    :param require_nonce: False accepts ID tokens without the nonce that was sent, but never with
        another one
    :param leeway: how many seconds clocks may differ; None is 60
    :param allow_weak_keys: whether RSA keys under 2048 bits and secrets shorter than their hash are
        accepted
    :param decryption_keys: private keys that decrypt tokens and responses
    :param require_encrypted: artefacts registered as encrypted (``id_token``, ``userinfo``,
        ``response``), which must be
    :param client_secret: verifies and decrypts tokens made with it, and is the authentication if
        there is no ``client_authentication``
    :param token_store: stores the machine's tokens of :meth:`token_source`, by default in this
        process
    :param session_store: stores the logins, by default in this process, which loses them when it
        ends
    :param session_lifetime: for how many seconds after its last use a login is stored, unless the
        provider decides
    :param replay_store: remembers the responses of completed logins, by default in this process
    :param http_client: used instead of this worker's own
    :param discovery_policy: policy for the provider's metadata
    :param settings: settings for all requests

    Raises :class:`ConfigurationException` for a client that violates its profile, and
    :class:`InvalidArgumentError` (a ``ValueError``) for an unusable argument.

    Example::

        client = AsyncOAuthClient(
            "https://op.example",
            "web",
            ClientSecretBasic("s3cret"),
            redirect_uri="https://rp.example/cb",
        )
    """

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
        token_store: AsyncTokenStore | None = None,
        session_store: AsyncSessionStore | None = None,
        session_lifetime: float = SESSION_LIFETIME,
        replay_store: ReplayStore | None = None,
        http_client: AsyncHTTPClient | None = None,
        discovery_policy: DiscoveryPolicy | None = None,
        settings: Settings | None = None,
    ) -> None:
        provider = ClientProvider.of(issuer)
        authentication = client_authentication_of(
            provider.authentication(client_authentication, client_secret), client_secret
        )
        check_http_client(http_client)
        check_kind("settings", settings, Settings)
        check_policy("discovery_policy", discovery_policy)
        check_switches(
            use_par=use_par,
            tls_client_certificate_bound_access_tokens=tls_client_certificate_bound_access_tokens,
            expect_id_token=expect_id_token,
            require_nonce=require_nonce,
            allow_weak_keys=allow_weak_keys,
        )
        seconds_of("session_lifetime", session_lifetime)
        certificate_bound = presents_certificate(
            authentication, http_client, tls_client_certificate_bound_access_tokens
        )
        message_signing = repeatable(message_signing)
        signing = RequestSigning.of(
            request_signing_key, request_signing_algorithm, request_signing_kid
        )
        check_profile(
            profile,
            authentication,
            dpop_key=dpop_key,
            certificate_bound=certificate_bound,
            signing=signing,
            message_signing=message_signing,
        )
        check_client_arguments(
            provider.issuer,
            client_id,
            authentication,
            client_secret=client_secret,
            dpop_key=dpop_key,
            signing=signing,
            decryption_keys=decryption_keys,
        )
        options = AuthorizationOptions.of(
            provider,
            profile,
            redirect_uri=redirect_uri,
            scope=scope,
            use_par=use_par,
            signing=signing,
            publish_request_object=publish_request_object,
            message_signing=message_signing,
            expect_id_token=expect_id_token,
            require_nonce=require_nonce,
        )
        rules = UserTokenRules.of(
            client_id,
            algorithms=id_token_algorithms,
            trusted_audiences=trusted_audiences,
            max_age=max_id_token_age,
            leeway=leeway,
            allow_weak_keys=allow_weak_keys,
            decryption_keys=decryption_keys,
            require_encrypted=require_encrypted,
            client_secret=client_secret,
        )
        if token_store is not None:
            check_store("token_store", token_store, AsyncTokenStore)
        records = _records_in(session_store, session_lifetime, http_client, settings)
        self._client = AsyncProviderClient(
            provider,
            client_id,
            authentication,
            profile=profile,
            dpop_key=dpop_key,
            presents_certificate=certificate_bound,
            metadata=metadata,
            http_client=http_client,
            policy=discovery_policy,
            settings=settings,
        )
        self._client_tokens = AsyncClientTokens(self._client, token_store)
        self._tokens = AsyncProviderTokens(self._client, rules)
        self._sessions = AsyncSessionAccess(self._client, self._tokens, records)
        self._logouts = AsyncProviderLogouts(self._client, self._tokens, records)
        self._login_requests = AsyncLoginRequests(self._client, options)
        self._login_answers = AsyncLoginAnswers(
            self._client,
            self._tokens,
            self._sessions,
            options,
            replay_store_of(replay_store),
        )
        self._other_devices = AsyncOtherDeviceLogins(
            self._client, self._tokens, self._sessions, options
        )

    @classmethod
    def from_registration(
        cls,
        registered: ClientRegistrationResponse,
        issuer: str | Provider,
        *,
        redirect_uri: str | None = None,
        client_authentication: ClientAuthentication | None = None,
        private_key: PrivateKey | Signer | None = None,
        kid: str | None = None,
        dpop_key: DPoPKey | None = None,
        **options: Unpack[RegisteredClientOptions],
    ) -> Self:
        """Return a client that acts as registered.

        Its authentication, the algorithms of its ID tokens and of its requests, pushed requests
        and bindings are those of the registration, or the defaults of the specifications.

        :param registered: the result of :func:`register_client` or :func:`read_client`
        :param issuer: the provider's, or a preset
        :param redirect_uri: where logins return to; by default the registered one if there is only
            one
        :param client_authentication: required if the registration does not contain it, as for
            certificate files; it must be of the registered method
        :param private_key: PEM, a JWK, or a :class:`Signer`, for ``private_key_jwt`` and signed
            requests
        :param kid: the identifier of that key
        :param dpop_key: the key that tokens are bound to
        :param options: further arguments of :class:`AsyncOAuthClient`

        Raises :class:`FailedResponseAccessError` for a failed registration, and
        :class:`ConfigurationException` if it contradicts the arguments.  RFC 7591 §3.2.1, OpenID
        Connect Registration §2.

        Example::

            client = AsyncOAuthClient.from_registration(
                registered, "https://op.example", redirect_uri="https://rp.example/cb"
            )
        """
        arguments = registered_arguments(
            registered,
            redirect_uri=redirect_uri,
            client_authentication=client_authentication,
            private_key=private_key,
            kid=kid,
            dpop_key=dpop_key,
        )
        return cls(issuer, str(registered.client_id), **arguments, **options)

    @classmethod
    def from_config(
        cls,
        config: Config,
        client_authentication: ClientAuthentication | None = None,
        *,
        redirect_uri: str | None = None,
        dpop_key: DPoPKey | None = None,
        **options: Unpack[RegisteredClientOptions],
    ) -> Self:
        """Return the client that ``config`` describes, with the settings that it was given.

        :param config: has the issuer (``client_discovery_url``), the client's identifier, secret,
            scope and redirect URI
        :param client_authentication: how the client authenticates, instead of by the secret
        :param redirect_uri: where logins return to, instead of the configured one
        :param dpop_key: the key that tokens are bound to
        :param options: further arguments of :class:`AsyncOAuthClient`

        Raises :class:`InvalidArgumentError` (a ``ValueError``) for a config without issuer or
        client; ``Config.from_env(group="client")`` requires both.

        Example::

            named = {"client.discovery_url": "https://op.example", "client.id": "web"}
            client = AsyncOAuthClient.from_config(Config.build(overrides=named))
        """
        if config.client_discovery_url is None or config.client_id is None:
            raise InvalidArgumentError(
                "config must have client.discovery_url and client.id; "
                'Config.from_env(group="client") requires both'
            )
        secret = None if client_authentication is not None else config.client_secret
        configured: RegisteredClientOptions = {
            "scope": config.client_scope,
            "settings": Settings.from_config(config),
            **options,
        }
        return cls(
            config.client_discovery_url.removesuffix(OPENID_CONFIGURATION),
            config.client_id,
            client_authentication,
            redirect_uri=redirect_uri or config.client_redirect_uri or None,
            dpop_key=dpop_key,
            client_secret=None if secret is None else secret.expose(),
            **configured,
        )

    @property
    def issuer(self) -> str:
        """The issuer, as configured."""
        return self._client.issuer

    @property
    def client_id(self) -> str:
        """The client's identifier."""
        return self._client.client_id

    @property
    def client_authentication(self) -> ClientAuthentication:
        """How the client authenticates."""
        return self._client.authentication

    @property
    def profile(self) -> ClientProfile | None:
        """The security profile of the client."""
        return self._client.profile

    @property
    def dpop_key(self) -> DPoPKey | None:
        """The key that tokens are bound to."""
        return self._client.dpop_key

    @property
    def clock(self) -> Callable[[], float]:
        """The wall clock of sessions, in seconds since 1970; tests may set another."""
        return self._sessions.records.storage.clock

    @clock.setter
    def clock(self, clock: Callable[[], float]) -> None:
        self._sessions.records.storage.clock = clock

    async def metadata(self) -> DiscoveryDocumentResponse:
        """Return the provider's metadata, as given or from the cache of :func:`validate_token`.

        So it is as fresh, and as stale, as for validation, and fetched once for both.  Raises
        :class:`DiscoveryException` when it cannot be fetched (``issuer_mismatch`` for the document
        of another issuer), :class:`ConfigurationException` when it violates the profile.

        Example::

            print((await client.metadata()).token_endpoint)
        """
        return await self._client.metadata()

    async def endpoint(self, name: str) -> str:
        """Return the URL of an endpoint, for a client that authenticates as this one does.

        Raises :class:`ConfigurationException` when the provider has none, or names one that must
        not be used (``internal_address``, ``https_required``).

        Example::

            print(await client.endpoint("token_endpoint"))
        """
        return await self._client.endpoint(name)

    async def authorization_request(
        self,
        *,
        redirect_uri: str | None = None,
        scope: Scope | None = None,
        response_type: str = "code",
        response_mode: str | None = None,
        max_age: int | None = None,
        code_challenge: ChallengeMethod = "default",
        extra_parameters: Mapping[str, Any] | None = None,
        **parameters: Unpack[AuthorizationParameters],
    ) -> AuthorizationRequest:
        """Start a login: send the browser to its ``url``, store the rest in the user's session.

        With ``openid`` in the scope an ID token is required, bound to this login by a nonce;
        without it the login is plain OAuth 2.0, and its session has tokens but no claims.

        :param redirect_uri: where the browser returns to; the client's own by default
        :param scope: the requested scope; the client's own by default
        :param response_type: the requested response; ``code`` by default
        :param response_mode: how the response is sent
        :param max_age: seconds since the user last entered credentials
        :param code_challenge: ``S256`` creates one for this login, as the default does unless the
            provider's preset excludes it; None switches PKCE off for this login
        :param extra_parameters: parameters of this provider alone (``access_type``,
            ``kc_idp_hint``)
        :param parameters: further ones by their registered names, as for
            :func:`build_authorization_url`; type checkers know them. ``resource`` is sent to the
            token endpoint as well, and with every renewal (RFC 8707 §2)

        Raises :class:`ConfigurationException`, also for a login that neither a nonce nor PKCE
        binds to its code (``unprotected_login``), :class:`DiscoveryException`,
        :class:`TokenRequestException` when the provider refuses a pushed request, and
        :class:`InvalidArgumentError` for a parameter that the login sets itself.
        RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1.

        Example::

            begun = await client.authorization_request(login_hint="alice")
            print(begun.url)
        """
        return await self._login_requests.begin(
            redirect_uri=redirect_uri,
            scope=scope,
            response_type=response_type,
            response_mode=response_mode,
            max_age=max_age,
            code_challenge=code_challenge,
            further={**parameters, **(extra_parameters or {})},
        )

    async def callback(
        self,
        answer: str | Mapping[str, Any],
        begun: AuthorizationRequest,
        *,
        userinfo: bool = False,
    ) -> AsyncSession:
        """Complete a login: check everything, exchange the code, and return the user's session.

        A login without ``openid`` in its scope leads to a session without claims.

        :param answer: the URL that was called, its query string, or the fields of a form that was
            posted to it
        :param begun: the result of :meth:`authorization_request`
        :param userinfo: whether to request the user's claims as well, which must be about the same
            user

        Raises :class:`AuthorizeCallbackException` with a ``code`` that says why
        (``missing_login``, ``missing_state``, ``state_mismatch``, ``missing_issuer``,
        ``issuer_mismatch``, ``callback_replayed``, ``store_unavailable``, ``authorization_refused``
        with the provider's ``error`` in its details, ``incomplete_callback``,
        ``unsigned_response``),
        :class:`TokenRequestException` when the code is refused or the token that came is not one
        that was asked for (``token_not_bound_to_key``, ``unsupported_token_type``,
        ``invalid_access_token``, ``invalid_expires_in``),
        :class:`IdTokenValidationException` and the other exceptions of :func:`validate_token`
        for the ID token, :class:`UserInfoException` for userinfo
        (``userinfo_subject_mismatch`` if it is about another user).  Each failure leaves one
        record in the log.  OpenID Connect Core §3.1.2.7, RFC 9207 §2.4.

        Example::

            session = await client.callback(str(request.url), begun)
            print(session.subject)
        """
        return await self._login_answers.finish(answer, begun, userinfo=userinfo)

    async def request_device_login(self, scope: Scope | None = None) -> DeviceAuthorizationResponse:
        """Start a login of a device: show its ``user_code`` and ``verification_uri``.

        :param scope: the requested scope; the client's own by default

        Returns the argument for :meth:`wait_for_device_login`.  Raises
        :class:`TokenRequestException` when the provider refuses.  RFC 8628 §3.1.

        Example::

            device = await client.request_device_login()
            print(device.verification_uri, device.user_code)
        """
        return await self._other_devices.request_device(scope)

    async def wait_for_device_login(
        self, device: DeviceAuthorizationResponse, scope: Scope | None = None
    ) -> AsyncSession:
        """Return the session once the user has agreed; the ID token is validated.

        :param device: the result of :meth:`request_device_login`
        :param scope: the requested scope, if not the client's own; without ``openid`` there is no
            ID token, and the session has no claims

        Raises :class:`TokenRequestException` when the user refuses or the codes expire, and the
        exceptions of :func:`validate_id_token`.  RFC 8628 §3.4, OpenID Connect Core §3.1.3.7.

        Example::

            session = await client.wait_for_device_login(device)
        """
        return await self._other_devices.wait_for_device(device, scope)

    async def request_backchannel_login(
        self,
        *,
        login_hint: str | None = None,
        login_hint_token: str | None = None,
        id_token_hint: str | None = None,
        scope: Scope | None = None,
        binding_message: str | None = None,
        user_code: str | None = None,
        acr_values: str | None = None,
        requested_expiry: int | None = None,
        client_notification_token: str | None = None,
        extra_parameters: Mapping[str, str] | None = None,
    ) -> BackchannelAuthenticationResponse:
        """Ask a user to log in on the user's own device (CIBA).

        The request is signed if the client has a ``request_signing_key`` and the provider accepts
        signed ones; a profile that requires signed requests permits no others.

        :param login_hint: identifies the user; or ``login_hint_token``, or ``id_token_hint``
        :param login_hint_token: a token that identifies the user
        :param id_token_hint: an ID token that identifies the user
        :param scope: the requested scope; the client's own by default
        :param binding_message: shown on both devices
        :param user_code: the user's secret for this provider
        :param acr_values: how the user should authenticate
        :param requested_expiry: in seconds
        :param client_notification_token: presented by the provider when it notifies (ping)
        :param extra_parameters: further ones by their registered names

        Returns the argument for :meth:`wait_for_backchannel_login`.  Raises
        :class:`TokenRequestException` when the provider refuses.  CIBA Core §7.1.

        Example::

            started = await client.request_backchannel_login(login_hint="alice")
        """
        return await self._other_devices.request_backchannel(
            scope,
            login_hint=login_hint,
            login_hint_token=login_hint_token,
            id_token_hint=id_token_hint,
            binding_message=binding_message,
            user_code=user_code,
            acr_values=acr_values,
            requested_expiry=requested_expiry,
            client_notification_token=client_notification_token,
            extra_parameters=extra_parameters,
        )

    async def wait_for_backchannel_login(
        self, started: BackchannelAuthenticationResponse
    ) -> AsyncSession:
        """Return the session once the user has agreed; the ID token is validated.

        :param started: the result of :meth:`request_backchannel_login`

        Raises :class:`TokenRequestException` when the user refuses or the request expires, and the
        exceptions of :func:`validate_id_token`.  CIBA Core §10.1, OpenID Connect Core §3.1.3.7.

        Example::

            session = await client.wait_for_backchannel_login(started)
        """
        return await self._other_devices.wait_for_backchannel(started)

    async def poll_backchannel_login(
        self, started: BackchannelAuthenticationResponse
    ) -> AsyncSession | None:
        """Poll once, as after a notification (ping); None while the user has not decided.

        :param started: the result of :meth:`request_backchannel_login`

        Raises the exceptions of :meth:`wait_for_backchannel_login`.  CIBA Core §10.2.

        Example::

            session = await client.poll_backchannel_login(started)
        """
        return await self._other_devices.poll_backchannel(started)

    async def session(self, text: str) -> AsyncSession:
        """Return the session whose :meth:`AsyncSession.to_json` is ``text``, from the store.

        Raises :class:`InvalidArgumentError` for another string, and :class:`TokenRequestException`:
        ``login_required`` for a session that has ended, that belongs to another client, or whose
        record in the store is older than the string; ``store_unavailable``.

        Example::

            await client.bind(session)
            same = await client.session(session.to_json())
        """
        return await self._sessions.session(text)

    async def bind(self, session: AsyncSession) -> AsyncSessionRecords:
        """Return the location of a session's record, after creating it if there is none.

        Callbacks do it, and every method with a session.  Raises the exceptions of :meth:`session`.

        Example::

            await client.bind(session)
            print(session.to_json())
        """
        return await self._sessions.bind(session)

    async def renew_session(self, session: AsyncSession) -> StoredToken:
        """Renew the login's access token, whatever its age; see :meth:`AsyncSession.refresh`."""
        return await self._sessions.renew_session(session)

    async def refresh(
        self, session: AsyncSession | str, scope: Scope | None = None
    ) -> RefreshTokenResponse:
        """Exchange the refresh token of a session, or one by itself, for new tokens.

        Those of a session are stored in its record.  A string is presented unchanged: never pass
        the one of a session.  A refusal by the provider is not raised, see :func:`refresh_token`.
        An ID token in the response is validated, that of a session against the first one; if it is
        refused, a session retains only its new refresh token, and the response to a string is
        discarded.

        Raises :class:`TokenRequestException` (``login_required``, ``store_unavailable``, or another
        code for an unusable response), :class:`IdTokenValidationException` and the other exceptions
        of :func:`validate_id_token`.  RFC 6749 §6, OpenID Connect Core §12.2.

        Example::

            response = await client.refresh(session)
        """
        return await self._sessions.refresh(session, scope)

    async def userinfo(
        self,
        access_token: AsyncSession | str,
        *,
        expected_sub: str | None = None,
        method: Literal["GET", "POST"] = "GET",
    ) -> UserInfoResponse:
        """Request the claims of a session's user, or of the ``sub`` expected for an access token.

        See :func:`get_userinfo`.  Raises :class:`InvalidArgumentError` for a token without
        ``expected_sub``, and the exceptions of :meth:`AsyncSession.get_access_token`.

        Example::

            response = await client.userinfo(session.access_token, expected_sub=session.subject)
        """
        return await self._sessions.userinfo(access_token, expected_sub, method)

    async def introspect(self, token: str, hint: str | None = None) -> TokenIntrospectionResponse:
        """Request the state of a token; see :func:`introspect_token`.

        Example::

            response = await client.introspect(session.access_token)
        """
        return await self._client_tokens.introspect(token, hint)

    async def revoke(
        self, token: AsyncSession | str, hint: str | None = None
    ) -> TokenRevocationResponse:
        """Revoke a token, or a session's tokens.

        The record of a session is deleted first, whatever the provider responds; then its refresh
        token is revoked, or its access token if it has none.  See :func:`revoke_token`.

        Raises :class:`TokenRequestException` (``store_unavailable``): then the session continues.

        Example::

            response = await client.revoke(session)
        """
        return await self._sessions.revoke(token, hint)

    async def forget(self, session: AsyncSession) -> None:
        """End a session here and in the store; its tokens live on at the provider.

        :param session: the session

        Raises :class:`TokenRequestException` (``store_unavailable``): then the session lives on.

        Example::

            await client.forget(session)
        """
        await self._sessions.forget(session)

    async def end_sessions(self, *, sub: str | None = None, sid: str | None = None) -> int:
        """End the sessions of the provider's session ``sid``, or all of ``sub``; return how many.

        With both, those of the ``sid``, and those of the ``sub`` whose ID token named no ``sid``.
        Sessions of other clients in the same store live on.  A session that ended in the store
        has ended for every process that shares it.

        :param sub: the user, as ID tokens name them
        :param sid: the provider's session, as ID tokens name it

        Raises :class:`InvalidArgumentError` where neither is named, and
        :class:`TokenRequestException` (``store_unavailable``, ``renewal_pending``).

        Example::

            ended = await client.end_sessions(sid="08a5019c-17e1-4977-8f42-65a12843ea02")
        """
        return await self._logouts.end_sessions(sub, sid)

    async def accept_logout_token(
        self, logout_token: str, replay_store: ReplayStore | None = None
    ) -> int:
        """End the sessions that a logout token names; return how many.

        See :func:`validate_logout_token`; tokens without ``exp`` are refused.  A token whose
        sessions could not be ended may come again.

        :param logout_token: what the provider posted
        :param replay_store: remembers tokens, so that each works once

        Raises what :func:`validate_logout_token` and :meth:`end_sessions` do.
        OpenID Connect Back-Channel Logout §2.6 and §2.7.

        Example::

            ended = await client.accept_logout_token(form["logout_token"], replays)
        """
        return await self._logouts.accept(logout_token, replay_store)

    async def validate_security_event(
        self, token: str, audience: str, *, max_age: float = MAX_AGE
    ) -> SecurityEvent:
        """Return the event in a security event token of this provider; it ends no session.

        :param token: the token that was pushed or polled
        :param audience: how the provider names the receiver
        :param max_age: how long after its ``iat`` a token is accepted, in seconds

        Raises what :func:`validate_security_event_token` does.  RFC 8417 §2.2.

        Example::

            event = await client.validate_security_event(security_event_token, "web")
        """
        return await self._logouts.security_event(token, audience, max_age)

    async def check_session_store(self) -> None:
        """Raise :class:`TokenRequestException` (``store_unavailable``) while it does not answer.

        So a login can wait before its code is spent.

        Example::

            await client.check_session_store()
        """
        await self._logouts.check_store()

    async def exchange(
        self,
        subject_token: str,
        subject_token_type: str = _ACCESS_TOKEN,
        **more: Unpack[ExchangeParameters],
    ) -> TokenExchangeResponse:
        """Exchange a token for another; ``more`` is as for :class:`TokenExchangeRequest`.

        Nothing is raised: an access token that this client could not use, such as one that is not
        bound to its ``dpop_key``, is a failed response as well.  RFC 8693 §2.

        Example::

            response = await client.exchange(session.access_token, audience="orders")
        """
        return await self._client_tokens.exchange(subject_token, subject_token_type, **more)

    async def token_source(
        self,
        *,
        session: AsyncSession | None = None,
        margin: float = 60.0,
        **more: Unpack[TokenParameters],
    ) -> AsyncTokenSource:
        """Return a source of renewed tokens: this machine's own, or those of a session.

        ``more`` (``scope``, ``resource``, ``audience``...) is as for
        :class:`ClientCredentialsTokenRequest` or :class:`RefreshTokenRequest`.  A session has an
        access token for each, and one refresh token for all of them.

        Example::

            source = await client.token_source(scope="read")
        """
        if session is not None:
            return await self._sessions.token_source(session=session, margin=margin, **more)
        return await self._client_tokens.source(margin, **more)

    async def auth(
        self,
        *,
        session: AsyncSession | None = None,
        origins: Collection[str] | None = None,
        allow_tokens_over_plain_http: bool = False,
        **more: Unpack[TokenParameters],
    ) -> AsyncTokenAuth:
        """Return an ``auth`` for your own HTTP client; see :class:`AsyncTokenAuth`.

        The other arguments are those of :meth:`token_source`.

        Example::

            auth = await client.auth(scope="read", origins=["https://api.example"])
        """
        from .token_auth import AsyncTokenAuth  # loads httpx, whichever library is used

        return AsyncTokenAuth(
            await self.token_source(session=session, **more),
            origins=origins,
            allow_tokens_over_plain_http=allow_tokens_over_plain_http,
        )

    @overload
    async def end_session_url(
        self,
        session: AsyncSession,
        *,
        post_logout_redirect_uri: str | None = None,
        state: str | None = None,
        logout_hint: str | None = None,
        ui_locales: str | None = None,
        extra_parameters: Mapping[str, str] | None = None,
    ) -> str: ...

    @overload
    async def end_session_url(
        self,
        session: None = None,
        *,
        id_token_hint: str | None = None,
        post_logout_redirect_uri: str | None = None,
        state: str | None = None,
        logout_hint: str | None = None,
        ui_locales: str | None = None,
        extra_parameters: Mapping[str, str] | None = None,
    ) -> str: ...

    async def end_session_url(
        self,
        session: AsyncSession | None = None,
        *,
        id_token_hint: str | None = None,
        post_logout_redirect_uri: str | None = None,
        state: str | None = None,
        logout_hint: str | None = None,
        ui_locales: str | None = None,
        extra_parameters: Mapping[str, str] | None = None,
    ) -> str:
        """Return the URL of a logout at the provider, for the user's browser.

        :param session: the session of the user; its ID token is the hint
        :param id_token_hint: the ID token itself, if the session no longer exists
        :param post_logout_redirect_uri: where the browser returns to
        :param state: returned with the browser
        :param logout_hint: identifies the user to the provider
        :param ui_locales: languages, by preference
        :param extra_parameters: parameters of this provider alone

        Raises :class:`ConfigurationException` when the provider has no such endpoint, and
        :class:`InvalidArgumentError` when the hint is given twice.
        OpenID Connect RP-Initiated Logout §2.

        Example::

            url = await client.end_session_url(session)
        """
        return await self._logouts.end_session_url(
            session,
            id_token_hint=id_token_hint,
            post_logout_redirect_uri=post_logout_redirect_uri,
            state=state,
            logout_hint=logout_hint,
            ui_locales=ui_locales,
            extra_parameters=extra_parameters,
        )

    async def close(self) -> None:
        """Do nothing: an injected HTTP client stays open, and has its own cache.

        Example::

            await client.close()
        """

    async def __aenter__(self) -> AsyncOAuthClient:
        return self

    async def __aexit__(self, *details: object) -> None:
        await self.close()


def _records_in(
    store: AsyncSessionStore | None,
    lifetime: float,
    http_client: AsyncHTTPClient | None,
    settings: Settings | None,
) -> AsyncSessionRecords:
    """Return the records of sessions, in this process unless a store is given."""
    if store is not None:
        check_store("session_store", store, AsyncSessionStore)
    return AsyncSessionRecords(
        AsyncMemorySessionStore() if store is None else store,
        checked_lifetime(lifetime),
        partial(request_seconds, http_client, settings),
    )
