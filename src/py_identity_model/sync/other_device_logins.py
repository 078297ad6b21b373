# Generated from aio/other_device_logins.py by scripts/make_sync.py; edit that file.
"""Logins that users complete on another device: device flow and CIBA."""

from __future__ import annotations

from functools import partial
from typing import Any, Unpack

from .._activities import Activity
from .._jose.jwk import PrivateKey
from .._jose.signer import Signer
from .._protocol.ciba import (
    BackchannelAuthenticationRequest,
    BackchannelAuthenticationResponse,
    BackchannelTokenRequest,
)
from .._protocol.ciba_request import create_backchannel_request_object
from .._protocol.device import (
    DeviceAuthorizationRequest,
    DeviceAuthorizationResponse,
    DeviceTokenRequest,
)
from .._protocol.discovery import DiscoveryDocumentResponse
from .._protocol.token_endpoint import TokenResponse, check_token_answer, token_request_error
from .._relying_party.client_arguments import AuthorizationOptions
from .._relying_party.client_parameters import BackchannelParameters
from .._relying_party.client_profile import RequestSigning
from .._relying_party.login import without_id_token
from .._validation.id_token_limits import check_request_id
from .._wire.models import Scope
from ..exceptions import ConfigurationException, TokenRequestException
from ._transport.signing import sign
from .ciba import (
    poll_backchannel_token,
    request_backchannel_authentication,
    wait_for_backchannel_token,
)
from .device import request_device_authorization, wait_for_device_token
from .provider_client import ProviderClient
from .provider_tokens import ProviderTokens
from .session import Session
from .session_access import SessionAccess

_INSIDE = (
    *("login_hint", "login_hint_token", "id_token_hint", "binding_message", "user_code"),
    *("acr_values", "requested_expiry", "client_notification_token", "scope"),
)
_PENDING = frozenset({"authorization_pending", "slow_down"})


class OtherDeviceLogins:
    """Starts logins that users complete on another device.

    :param client: the client at the provider
    :param tokens: validates ID tokens
    :param sessions: creates sessions
    :param options: how logins start
    """

    def __init__(
        self,
        client: ProviderClient,
        tokens: ProviderTokens,
        sessions: SessionAccess,
        options: AuthorizationOptions,
    ) -> None:
        self._client = client
        self._tokens = tokens
        self._sessions = sessions
        self._options = options

    def request_device(self, scope: Scope | None) -> DeviceAuthorizationResponse:
        """Start a login of a device; see :meth:`OAuthClient.request_device_login`."""
        request = DeviceAuthorizationRequest(
            self._client.endpoint("device_authorization_endpoint"),
            self._client.client_id,
            self._options.scope if scope is None else scope,
        )
        response = self._client.ask(request_device_authorization, request)
        if not response.is_successful:
            raise token_request_error(request.address, response)
        return response

    def wait_for_device(self, device: DeviceAuthorizationResponse, scope: Scope | None) -> Session:
        """Return the session; see :meth:`OAuthClient.wait_for_device_login`."""
        with Activity("login", "device", self._client.issuer):
            request = DeviceTokenRequest(
                self._client.endpoint("token_endpoint"),
                self._client.client_id,
                str(device.device_code),
            )
            wait = partial(wait_for_device_token, device=device)
            response = self._client.ask(wait, request)
            wanted = self._options.wanted_scope(scope)
            return self._begin_session(
                request.address, response, has_id_token=self._options.has_id_token(wanted)
            )

    def request_backchannel(
        self, scope: Scope | None, **parameters: Unpack[BackchannelParameters]
    ) -> BackchannelAuthenticationResponse:
        """Ask a user to log in; see :meth:`OAuthClient.request_backchannel_login`."""
        metadata = self._client.metadata()
        request = BackchannelAuthenticationRequest(
            self._client.endpoint("backchannel_authentication_endpoint"),
            self._client.client_id,
            self._options.scope if scope is None else scope,
            **parameters,
        )
        signing = self._signing_of(metadata)
        if signing is not None:
            request = self._sign(request, signing, str(metadata.issuer))
        response = self._client.ask(request_backchannel_authentication, request)
        if not response.is_successful:
            raise token_request_error(request.address, response)
        return response

    def _signing_of(self, metadata: DiscoveryDocumentResponse) -> RequestSigning | None:
        """Return the key and algorithm that sign a backchannel request, if any."""
        name = "backchannel_authentication_request_signing_alg_values_supported"
        signing, profile = self._options.signing, self._client.profile
        if signing is None:
            return None
        supported = metadata.backchannel_authentication_request_signing_alg_values_supported
        if isinstance(supported, list) and signing.algorithm in supported:
            return signing
        if profile == "fapi2-message-signing" and "request" in self._options.message_signing:
            raise ConfigurationException(
                f"{profile} is violated: {name} of the provider lacks {signing.algorithm}",
                code="profile_violated",
            )
        return None

    def _sign(
        self, request: BackchannelAuthenticationRequest, signing: RequestSigning, issuer: str
    ) -> BackchannelAuthenticationRequest:
        inside: dict[str, Any] = {name: getattr(request, name) for name in _INSIDE}
        inside |= request.extra_parameters or {}
        client_id = self._client.client_id

        def build(key: PrivateKey | Signer) -> str:
            return create_backchannel_request_object(
                key, signing.algorithm, client_id, issuer, kid=signing.kid, **inside
            )

        signed = sign(signing.key, build)
        return BackchannelAuthenticationRequest(request.address, request.client_id, request=signed)

    def wait_for_backchannel(self, started: BackchannelAuthenticationResponse) -> Session:
        """Return the session; see :meth:`OAuthClient.wait_for_backchannel_login`."""
        with Activity("login", "backchannel", self._client.issuer):
            request = self._make_poll(started)
            wait = partial(wait_for_backchannel_token, started=started)
            return self._begin_backchannel_session(request, self._client.ask(wait, request))

    def poll_backchannel(self, started: BackchannelAuthenticationResponse) -> Session | None:
        """Poll once; see :meth:`OAuthClient.poll_backchannel_login`."""
        with Activity("login", "backchannel", self._client.issuer) as running:
            request = self._make_poll(started)
            response = self._client.ask(poll_backchannel_token, request)
            if not response.is_successful and response.oauth_error in _PENDING:
                running.fail(response.oauth_error)
                return None
            return self._begin_backchannel_session(request, response)

    def _make_poll(self, started: BackchannelAuthenticationResponse) -> BackchannelTokenRequest:
        return BackchannelTokenRequest(
            self._client.endpoint("token_endpoint"),
            self._client.client_id,
            str(started.auth_req_id),
        )

    def _begin_backchannel_session(
        self, request: BackchannelTokenRequest, response: TokenResponse
    ) -> Session:
        return self._begin_session(
            request.address, response, has_id_token=True, auth_req_id=request.auth_req_id
        )

    def _begin_session(
        self,
        address: str,
        response: TokenResponse,
        *,
        has_id_token: bool,
        auth_req_id: str | None = None,
    ) -> Session:
        """Return the session of a token response, with its ID token validated."""
        if not response.is_successful:
            raise token_request_error(address, response)
        token = self._client.provider.with_token_type(response.token or {})
        check_token_answer(token, address, bound=self._client.dpop_key is not None)
        if not has_id_token:
            return self._sessions.begin(Session(without_id_token(token), {}, response.expires_at))
        id_token = token.get("id_token")
        if not isinstance(id_token, str):
            raise TokenRequestException(
                "the provider returned no ID token: is openid in the scope?",
                address,
                code="missing_id_token",
            )
        claims = self._tokens.id_token_claims(id_token, access_token=token.get("access_token"))
        if auth_req_id is not None:
            check_request_id(claims, auth_req_id)
        return self._sessions.begin(Session(token, claims, response.expires_at))
