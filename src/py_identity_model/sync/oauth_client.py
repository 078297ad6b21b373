# Generated from aio/oauth_client.py by scripts/make_sync.py; edit that file.
"""A client that is kept: everything that a relying party does at one provider."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from .._jose.sign import PrivateKey
from .._protocol.authorization import (
    build_authorization_url,
    build_pushed_authorization_url,
    extra_pairs,
)
from .._protocol.authorization_code import AuthorizationCodeTokenRequest
from .._protocol.base import BaseResponse
from .._protocol.callback import AuthorizeCallbackResponse, parse_authorize_callback_response
from .._protocol.client_assertion import ClientSecretJwt, PrivateKeyJwtAuthentication
from .._protocol.client_authentication import ClientAuthentication, NoClientAuthentication
from .._protocol.client_credentials import ClientCredentialsTokenRequest
from .._protocol.client_profile import (
    ClientProfile,
    check_profile,
    check_provider,
    check_request,
    signing_algorithms,
)
from .._protocol.discovery import DiscoveryDocumentRequest, DiscoveryDocumentResponse
from .._protocol.dpop import DPoPKey
from .._protocol.introspection import TokenIntrospectionRequest, TokenIntrospectionResponse
from .._protocol.jar import build_jar_authorization_url, create_request_object
from .._protocol.jarm import is_jarm_response
from .._protocol.jwks import JwksRequest
from .._protocol.login import AuthorizationRequest, Secrets, Session, check_callback, replayed
from .._protocol.logout import build_end_session_url
from .._protocol.mtls import resolve_mtls_endpoint
from .._protocol.par import PushedAuthorizationRequest
from .._protocol.policy import DiscoveryPolicy
from .._protocol.refreshing import RefreshTokenRequest, RefreshTokenResponse
from .._protocol.replay import MemoryReplayStore, ReplayStore
from .._protocol.revocation import TokenRevocationRequest, TokenRevocationResponse
from .._protocol.token_endpoint import Scope, TokenResponse, scope_text
from .._protocol.token_exchange import TokenExchangeRequest, TokenExchangeResponse
from .._protocol.token_validation import TokenValidationConfig, unavailable
from .._protocol.userinfo import UserInfoRequest, UserInfoResponse
from .._seam.sync import call
from .._settings import Settings
from ..exceptions import (
    AuthorizeCallbackException,
    ConfigurationException,
    DiscoveryException,
    TokenRequestException,
    UserInfoException,
)
from .authorization_code import request_authorization_code_token
from .discovery import get_discovery_document
from .flights import Flights
from .http import HTTPClient
from .id_token import validate_id_token
from .introspection import introspect_token
from .jarm import process_jarm_response
from .jwks import get_jwks
from .par import push_authorization_request
from .refreshing import refresh_token
from .revocation import revoke_token
from .token_auth import TokenAuth
from .token_exchange import exchange_token
from .token_source import TokenSource
from .token_store import MemoryTokenStore, TokenStore
from .userinfo import get_userinfo

_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
_METADATA_LIFETIME = 3600.0
_LOGIN_LIFETIME = 3600.0


class OAuthClient:
    """A client of one provider: made once, kept for the life of the program.

    ``issuer`` is where the metadata is discovered (and checked anew each hour), unless
    ``metadata`` gives it.  ``client_authentication`` says how the client proves who it is;
    assertions are made for the issuer, and certificates lead to the provider's aliases for them.
    ``redirect_uri`` and ``scope`` are those of logins; they are pushed where the provider
    demands it or ``use_par`` does, and signed with ``request_signing_key`` (PEM or JWK, by
    ``request_signing_algorithm``, named ``request_signing_kid``) if it is given.  ``dpop_key``
    binds every token to a key.  ``id_token_algorithms`` is an allow-list, ``leeway`` in seconds,
    ``decryption_keys`` open encrypted tokens and responses.

    ``profile`` is None, ``fapi2`` or ``fapi2-message-signing``: what violates it is refused
    before anything is sent.  ``token_store`` keeps the tokens of :meth:`token_source`,
    ``replay_store`` the logins that were finished.  ``http_client``, ``discovery_policy`` and
    ``settings`` are those of the functions.

    Raises :class:`ConfigurationException` for a client that violates its profile.

    Example::

        client = OAuthClient(
            "https://op.example",
            "web",
            ClientSecretBasic("s3cret"),
            redirect_uri="https://rp.example/cb",
        )
    """

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
        token_store: TokenStore | None = None,
        replay_store: ReplayStore | None = None,
        http_client: HTTPClient | None = None,
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
        self._given = metadata
        self._metadata: tuple[float, DiscoveryDocumentResponse] | None = None
        self._flights: Flights[DiscoveryDocumentResponse] = Flights("py_identity_model.md")
        self._use_par = use_par or profile is not None
        self._signing = (request_signing_key, request_signing_algorithm, request_signing_kid)
        self._id_tokens = id_token_algorithms
        self._leeway = leeway
        self._decryption_keys = decryption_keys
        self._client_secret = client_secret
        self._store = MemoryTokenStore() if token_store is None else token_store
        self._replays = MemoryReplayStore() if replay_store is None else replay_store
        self._http_client = http_client
        self._policy = discovery_policy
        self._settings = settings
        self.clock = time.monotonic

    def metadata(self) -> DiscoveryDocumentResponse:
        """Return the provider's metadata, as given or as discovered within the last hour.

        Raises :class:`DiscoveryException` when it cannot be had,
        :class:`ConfigurationException` when it violates the profile.

        Example::

            print((client.metadata()).token_endpoint)
        """
        if self._given is not None:
            check_provider(self.profile, self._given)
            return self._given
        known = self._metadata
        if known is not None and self.clock() < known[0] + _METADATA_LIFETIME:
            return known[1]
        joined = self._flights.join("metadata", self._discover)
        assert joined is not None
        return joined[0]

    def _discover(self) -> DiscoveryDocumentResponse:
        request = DiscoveryDocumentRequest(self.issuer, self._policy)
        found = get_discovery_document(request, self._http_client, settings=self._settings)
        if not found.is_successful:
            if self._metadata is not None:  # the provider is out: what was known still holds
                return self._metadata[1]
            raise DiscoveryException(str(found.error), self.issuer, found.status_code)
        check_provider(self.profile, found)
        self._metadata = self.clock(), found
        return found

    def endpoint(self, name: str) -> str:
        """Return the URL of an endpoint, for a client that authenticates as this one does.

        Raises :class:`ConfigurationException` when the provider has none.

        Example::

            print(client.endpoint("token_endpoint"))
        """
        metadata = self.metadata()
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

    def _proof_of_identity(self) -> ClientAuthentication:
        """Return how to authenticate: assertions are for the issuer, as FAPI 2.0 wants."""
        chosen = self._authentication
        if not isinstance(chosen, (PrivateKeyJwtAuthentication, ClientSecretJwt)):
            return chosen
        if chosen.audience is not None:
            return chosen
        return replace(chosen, audience=(self.metadata()).issuer)

    def authorization_request(
        self,
        *,
        redirect_uri: str | None = None,
        scope: Scope | None = None,
        response_type: str = "code",
        response_mode: str | None = None,
        max_age: int | None = None,
        **parameters: Any,
    ) -> AuthorizationRequest:
        """Begin a login: send the browser to its ``url``, keep it in the user's session.

        ``parameters`` are further ones by their registered names, as for
        :func:`build_authorization_url`; ``max_age`` is in seconds.  Raises
        :class:`ConfigurationException`, :class:`DiscoveryException`, and
        :class:`TokenRequestException` when the provider refuses a pushed request.

        Example::

            begun = client.authorization_request(login_hint="alice")
            print(begun.url)
        """
        metadata = self.metadata()
        target = redirect_uri or self._redirect_uri
        if not target:
            raise ConfigurationException("a redirect_uri must be given, here or to the client")
        pushed = self._use_par or bool(metadata.require_pushed_authorization_requests)
        check_request(
            self.profile, redirect_uri=target, response_type=response_type, use_par=pushed
        )
        if self.profile == "fapi2-message-signing" and response_mode is None:
            response_mode = "jwt"
        made = Secrets.fresh()
        named = {
            "redirect_uri": target,
            "scope": self._scope if scope is None else scope_text(scope),
            "response_type": response_type,
            "state": made.state,
            "nonce": made.nonce,
            "code_challenge": made.code_challenge,
            "code_challenge_method": "S256",
        }
        extra = {"response_mode": response_mode, "max_age": max_age, **parameters}
        if self.dpop_key is not None:
            extra["dpop_jkt"] = self.dpop_key.jwk_thumbprint
        extra = {name: value for name, value in extra.items() if value is not None}
        url = self._url_of(metadata, named, extra, pushed=pushed)
        return AuthorizationRequest(
            url,
            str(metadata.issuer),
            self.client_id,
            target,
            made.state,
            made.nonce,
            made.code_verifier,
            response_type,
            response_mode,
            max_age,
        )

    def _url_of(
        self,
        metadata: DiscoveryDocumentResponse,
        named: dict[str, Any],
        extra: dict[str, Any],
        *,
        pushed: bool,
    ) -> str:
        endpoint = str(metadata.authorization_endpoint or "")
        signed = self._signed(str(metadata.issuer), named, extra)
        if pushed:
            reference = self._pushed(named, extra, signed)
            return build_pushed_authorization_url(endpoint, self.client_id, reference)
        if signed is not None:
            scope, response_type = named["scope"], named["response_type"]
            return build_jar_authorization_url(
                endpoint, self.client_id, signed, scope, response_type
            )
        return build_authorization_url(endpoint, self.client_id, **named, **extra)

    def _signed(self, issuer: str, named: dict[str, Any], extra: dict[str, Any]) -> str | None:
        key, algorithm, kid = self._signing
        if key is None:
            return None
        return create_request_object(
            key, algorithm, self.client_id, issuer, **named, kid=kid, **extra
        )

    def _pushed(self, named: dict[str, Any], extra: dict[str, Any], signed: str | None) -> str:
        repeated: dict[str, list[str]] = {}
        for name, value in extra_pairs(extra):
            repeated.setdefault(name, []).append(value)
        repeated.pop("dpop_jkt", None)  # the proof's key says so already
        request = PushedAuthorizationRequest(
            self.endpoint("pushed_authorization_request_endpoint"),
            self.client_id,
            **named,
            client_authentication=self._proof_of_identity(),
            dpop_key=self.dpop_key,
            extra_parameters=None if signed is not None else repeated,
            request=signed,
        )
        response = push_authorization_request(request, self._http_client, settings=self._settings)
        if not response.is_successful:
            raise _refused(request.address, response)
        return str(response.request_uri)

    def callback(
        self,
        answer: str | Mapping[str, str],
        begun: AuthorizationRequest,
        *,
        userinfo: bool = False,
    ) -> Session:
        """Finish a login: check everything, exchange the code, and return who logged in.

        ``answer`` is the URL that was called, or the fields of a form that was posted to it;
        ``begun`` is what :meth:`authorization_request` returned.  With ``userinfo`` the user's
        claims are asked for, and must be about the same user.

        Raises :class:`AuthorizeCallbackException` with a ``code`` that says why
        (``missing_state``, ``state_mismatch``, ``missing_issuer``, ``issuer_mismatch``,
        ``callback_replayed``, ``authorization_refused``, ``incomplete_callback``,
        ``unsigned_response``), :class:`TokenRequestException` when the code is refused,
        :class:`IdTokenValidationException` and the other exceptions of :func:`validate_token`
        for the ID token, :class:`UserInfoException` for userinfo.
        OpenID Connect Core §3.1.2.7, RFC 9207 §2.4.

        Example::

            session = client.callback(str(request.url), begun)
            print(session.subject)
        """
        metadata = self.metadata()
        callback = self._read(answer, begun)
        supported = bool(metadata.authorization_response_iss_parameter_supported)
        check_callback(callback, begun, supports_iss=supported or self.profile is not None)
        until = time.time() + _LOGIN_LIFETIME
        if not call(self._replays.add, f"login:{begun.issuer}:{begun.state}", until):
            raise replayed()
        front = self._front_channel_claims(callback, begun)
        response = self._exchanged(callback, begun)
        token = response.token or {}
        claims = self._claims(
            token.get("id_token") or callback.identity_token, begun, token.get("access_token")
        )
        if front is not None and (front["iss"], front["sub"]) != (claims["iss"], claims["sub"]):
            raise AuthorizeCallbackException(
                "the two ID tokens are about different users", code="subject_mismatch"
            )
        session = Session(token, claims, response.expires_at)
        if not userinfo:
            return session
        about = self.userinfo(session.access_token, expected_sub=session.subject)
        if not about.is_successful:
            raise UserInfoException(str(about.error), None, about.status_code)
        return replace(session, userinfo=about.claims)

    def _read(
        self, answer: str | Mapping[str, str], begun: AuthorizationRequest
    ) -> AuthorizeCallbackResponse:
        url = answer if isinstance(answer, str) else f"?{urlencode(dict(answer))}"
        if not begun.is_signed_response:
            return parse_authorize_callback_response(url)
        if not is_jarm_response(url):
            raise AuthorizeCallbackException(
                "the response is not signed although it must be", code="unsigned_response"
            )
        metadata = self.metadata()
        jwks = get_jwks(
            JwksRequest(str(metadata.jwks_uri or ""), self._policy),
            self._http_client,
            settings=self._settings,
        )
        if not jwks.is_successful:
            raise unavailable(jwks, "jwks_failed")
        supported = metadata.authorization_signing_alg_values_supported
        return process_jarm_response(
            url,
            client_id=self.client_id,
            issuer=begun.issuer,
            jwks=jwks,
            algorithms=signing_algorithms(self.profile, supported) or [],
            leeway=self._leeway,
            decryption_keys=self._decryption_keys,
            client_secret=self._client_secret,
        )

    def _front_channel_claims(
        self, callback: AuthorizeCallbackResponse, begun: AuthorizationRequest
    ) -> dict[str, Any] | None:
        if callback.identity_token is None:
            return None
        return validate_id_token(
            callback.identity_token,
            self._id_token_config(),
            self.issuer,
            self._http_client,
            nonce=begun.nonce,
            access_token=callback.access_token,
            code=callback.code,
            max_age=begun.max_age,
            response_type=begun.response_type,
            settings=self._settings,
        )

    def _exchanged(
        self, callback: AuthorizeCallbackResponse, begun: AuthorizationRequest
    ) -> TokenResponse:
        if callback.code is None:
            values = {name: value for name, value in callback.values.items() if name != "state"}
            return TokenResponse(True, token=values)
        request = AuthorizationCodeTokenRequest(
            self.endpoint("token_endpoint"),
            self.client_id,
            callback.code,
            begun.redirect_uri,
            code_verifier=begun.code_verifier,
            client_authentication=self._proof_of_identity(),
            dpop_key=self.dpop_key,
        )
        response = request_authorization_code_token(
            request, self._http_client, settings=self._settings
        )
        if not response.is_successful:
            raise _refused(request.address, response)
        return response

    def _claims(
        self, id_token: str | None, begun: AuthorizationRequest, access_token: str | None
    ) -> dict[str, Any]:
        if not id_token:
            raise AuthorizeCallbackException(
                "the provider gave no ID token: is openid in the scope?", code="missing_id_token"
            )
        return validate_id_token(
            id_token,
            self._id_token_config(),
            self.issuer,
            self._http_client,
            nonce=begun.nonce,
            access_token=access_token,
            max_age=begun.max_age,
            settings=self._settings,
        )

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

    def refresh(self, session: Session | str, scope: Scope | None = None) -> RefreshTokenResponse:
        """Exchange the refresh token of a session, or one by itself, for new tokens.

        Nothing is raised for what the provider says, see :func:`refresh_token`.

        Example::

            response = client.refresh(session)
        """
        token = session if isinstance(session, str) else session.refresh_token
        request = RefreshTokenRequest(
            self.endpoint("token_endpoint"),
            self.client_id,
            token or "",
            scope,
            client_authentication=self._proof_of_identity(),
            dpop_key=self.dpop_key,
        )
        return refresh_token(request, self._http_client, settings=self._settings)

    def userinfo(self, access_token: str, *, expected_sub: str) -> UserInfoResponse:
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
        )
        return get_userinfo(request, self._http_client, settings=self._settings)

    def introspect(self, token: str, hint: str | None = None) -> TokenIntrospectionResponse:
        """Ask what a token is worth; see :func:`introspect_token`.

        Example::

            response = client.introspect(session.access_token)
        """
        request = TokenIntrospectionRequest(
            self.endpoint("introspection_endpoint"),
            token,
            self.client_id,
            hint,
            client_authentication=self._proof_of_identity(),
        )
        return introspect_token(request, self._http_client, settings=self._settings)

    def revoke(self, token: str, hint: str | None = None) -> TokenRevocationResponse:
        """Tell the provider that a token is not needed any more; see :func:`revoke_token`.

        Example::

            response = client.revoke(session.access_token)
        """
        request = TokenRevocationRequest(
            self.endpoint("revocation_endpoint"),
            token,
            self.client_id,
            hint,
            client_authentication=self._proof_of_identity(),
        )
        return revoke_token(request, self._http_client, settings=self._settings)

    def exchange(
        self,
        subject_token: str,
        subject_token_type: str = _ACCESS_TOKEN,
        **more: Any,
    ) -> TokenExchangeResponse:
        """Exchange a token for another; ``more`` is as for :class:`TokenExchangeRequest`.

        Example::

            response = client.exchange(session.access_token, audience="orders")
        """
        request = TokenExchangeRequest(
            self.endpoint("token_endpoint"),
            self.client_id,
            subject_token,
            subject_token_type,
            client_authentication=self._proof_of_identity(),
            dpop_key=self.dpop_key,
            **more,
        )
        return exchange_token(request, self._http_client, settings=self._settings)

    def token_source(
        self, *, session: Session | None = None, margin: float = 60.0, **more: Any
    ) -> TokenSource:
        """Return tokens that renew themselves: this machine's own, or those of a session.

        ``more`` (``scope``, ``resource``, ``audience``...) is as for
        :class:`ClientCredentialsTokenRequest` or :class:`RefreshTokenRequest`.

        Example::

            source = client.token_source(scope="read")
        """
        common = {
            "client_authentication": self._proof_of_identity(),
            "dpop_key": self.dpop_key,
            **more,
        }
        address = self.endpoint("token_endpoint")
        request: ClientCredentialsTokenRequest | RefreshTokenRequest
        if session is None:
            request = ClientCredentialsTokenRequest(address, self.client_id, **common)
        else:
            token = session.refresh_token or ""
            request = RefreshTokenRequest(address, self.client_id, token, **common)
        return TokenSource(
            request,
            self._http_client,
            store=self._store,
            margin=margin,
            settings=self._settings,
        )

    def auth(
        self,
        *,
        session: Session | None = None,
        origins: Collection[str] | None = None,
        **more: Any,
    ) -> TokenAuth:
        """Return an ``auth`` for an HTTP client of yours; see :class:`TokenAuth`.

        The other arguments are those of :meth:`token_source`.

        Example::

            auth = client.auth(scope="read", origins=["https://api.example"])
        """
        return TokenAuth(self.token_source(session=session, **more), origins=origins)

    def end_session_url(
        self,
        session: Session | None = None,
        *,
        post_logout_redirect_uri: str | None = None,
        state: str | None = None,
        **parameters: Any,
    ) -> str:
        """Return where to send the browser for a logout at the provider.

        Example::

            url = client.end_session_url(session)
        """
        return build_end_session_url(
            self.endpoint("end_session_endpoint"),
            id_token_hint=None if session is None else session.id_token,
            client_id=self.client_id,
            post_logout_redirect_uri=post_logout_redirect_uri,
            state=state,
            **parameters,
        )

    def close(self) -> None:
        """Forget the metadata; an HTTP client that was passed in stays open.

        Example::

            client.close()
        """
        self._metadata = None

    def __enter__(self) -> OAuthClient:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()


def _refused(address: str, response: BaseResponse) -> TokenRequestException:
    stored = vars(response)
    said = {
        name: stored[name]
        for name in ("oauth_error", "oauth_error_description")
        if stored.get(name) is not None
    }
    text = str(stored.get("error"))
    return TokenRequestException(text, address, response.status_code, said)
