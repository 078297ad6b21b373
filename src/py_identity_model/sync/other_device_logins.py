# Generated from aio/other_device_logins.py by scripts/make_sync.py; edit that file.
"""Logins that users finish on another device: device flow and CIBA."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
from .._protocol.token_endpoint import TokenResponse, check_token_answer, refused_by
from .._relying_party.login import without_id_token
from .._validation.id_token_limits import check_request_id
from .._wire.models import Scope, scope_text
from ..exceptions import ConfigurationException, TokenRequestException
from ._transport.signing import signed_by
from .ciba import (
    poll_backchannel_token,
    request_backchannel_authentication,
    wait_for_backchannel_token,
)
from .device import request_device_authorization, wait_for_device_token
from .logins import Logins
from .session import Session

_INSIDE = (
    *("login_hint", "login_hint_token", "id_token_hint", "binding_message", "user_code"),
    *("acr_values", "requested_expiry", "client_notification_token", "scope"),
)
_PENDING = frozenset({"authorization_pending", "slow_down"})


class OtherDeviceLogins(Logins):
    """Begins logins here that users finish elsewhere."""

    def request_device_login(self, scope: Scope | None = None) -> DeviceAuthorizationResponse:
        """Begin a login of a device: show its ``user_code`` and ``verification_uri``.

        Parameters:
            scope: what is asked for; the client's own by default.

        Returns what :meth:`wait_for_device_login` takes.  Raises
        :class:`TokenRequestException` when the provider refuses.  RFC 8628 §3.1.

        Example::

            device = client.request_device_login()
            print(device.verification_uri, device.user_code)
        """
        request = DeviceAuthorizationRequest(
            self.endpoint("device_authorization_endpoint"),
            self.client_id,
            self._scope if scope is None else scope,
            client_authentication=self._proof_of_identity(),
            dpop_key=self.dpop_key,
        )
        response = request_device_authorization(request, self._http_client, settings=self._settings)
        if not response.is_successful:
            raise refused_by(request.address, response)
        return response

    def wait_for_device_login(
        self, device: DeviceAuthorizationResponse, scope: Scope | None = None
    ) -> Session:
        """Return who logged in, once the user has agreed; the ID token is validated.

        Parameters:
            device: what :meth:`request_device_login` returned.
            scope: what was asked for, if not the client's own; without ``openid`` there is no ID
                token, and the session has no claims.

        Raises :class:`TokenRequestException` when the user refuses or the codes expire, and what
        :func:`validate_id_token` does.  RFC 8628 §3.4, OpenID Connect Core §3.1.3.7.

        Example::

            session = client.wait_for_device_login(device)
        """
        request = DeviceTokenRequest(
            self.endpoint("token_endpoint"),
            self.client_id,
            str(device.device_code),
            client_authentication=self._proof_of_identity(),
            dpop_key=self.dpop_key,
        )
        response = wait_for_device_token(
            request, device, self._http_client, settings=self._settings
        )
        wanted = self._scope if scope is None else scope_text(scope) or ""
        return self._session_of(request.address, response, has_id_token=self._has_id_token(wanted))

    def request_backchannel_login(
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

        The request is signed where the client has a ``request_signing_key`` and the provider
        takes signed ones; a profile that demands signed requests has no others sent.

        Parameters:
            login_hint: who is asked; or ``login_hint_token``, or ``id_token_hint``.
            login_hint_token: a token that says who.
            id_token_hint: an ID token that says who.
            scope: what is asked for; the client's own by default.
            binding_message: shown on both devices.
            user_code: the user's secret for this provider.
            acr_values: how the user should authenticate.
            requested_expiry: in seconds.
            client_notification_token: what the provider presents when it notifies (ping).
            extra_parameters: further ones by their registered names.

        Returns what :meth:`wait_for_backchannel_login` takes.  Raises
        :class:`TokenRequestException` when the provider refuses.  CIBA Core §7.1.

        Example::

            started = client.request_backchannel_login(login_hint="alice")
        """
        metadata = self.metadata()
        request = BackchannelAuthenticationRequest(
            self.endpoint("backchannel_authentication_endpoint"),
            self.client_id,
            self._scope if scope is None else scope,
            login_hint=login_hint,
            login_hint_token=login_hint_token,
            id_token_hint=id_token_hint,
            binding_message=binding_message,
            user_code=user_code,
            acr_values=acr_values,
            requested_expiry=requested_expiry,
            client_notification_token=client_notification_token,
            extra_parameters=extra_parameters,
            client_authentication=self._proof_of_identity(),
            dpop_key=self.dpop_key,
        )
        if self._signs_backchannel(metadata):
            request = self._signed_backchannel(request, str(metadata.issuer))
        response = request_backchannel_authentication(
            request, self._http_client, settings=self._settings
        )
        if not response.is_successful:
            raise refused_by(request.address, response)
        return response

    def _signs_backchannel(self, metadata: DiscoveryDocumentResponse) -> bool:
        name = "backchannel_authentication_request_signing_alg_values_supported"
        key, algorithm, _ = self._signing
        supported = getattr(metadata, name)
        if key is not None and isinstance(supported, list) and algorithm in supported:
            return True
        if self.profile == "fapi2-message-signing" and "request" in self._message_signing:
            raise ConfigurationException(
                f"{self.profile} is violated: {name} of the provider lacks {algorithm}",
                code="profile_violated",
            )
        return False

    def _signed_backchannel(
        self, request: BackchannelAuthenticationRequest, issuer: str
    ) -> BackchannelAuthenticationRequest:
        key, algorithm, kid = self._signing
        assert key is not None
        inside: dict[str, Any] = {name: getattr(request, name) for name in _INSIDE}
        inside |= request.extra_parameters or {}

        def build(key: PrivateKey | Signer) -> str:
            return create_backchannel_request_object(
                key, algorithm, self.client_id, issuer, kid=kid, **inside
            )

        signed = signed_by(key, build)
        return BackchannelAuthenticationRequest(
            request.address,
            request.client_id,
            client_authentication=request.client_authentication,
            dpop_key=request.dpop_key,
            request=signed,
        )

    def wait_for_backchannel_login(self, started: BackchannelAuthenticationResponse) -> Session:
        """Return who logged in, once the user has agreed; the ID token is validated.

        Parameters:
            started: what :meth:`request_backchannel_login` returned.

        Raises :class:`TokenRequestException` when the user refuses or the request expires, and
        what :func:`validate_id_token` does.  CIBA Core §10.1, OpenID Connect Core §3.1.3.7.

        Example::

            session = client.wait_for_backchannel_login(started)
        """
        request = self._backchannel_poll(started)
        response = wait_for_backchannel_token(
            request, started, self._http_client, settings=self._settings
        )
        return self._backchannel_session(request, response)

    def poll_backchannel_login(self, started: BackchannelAuthenticationResponse) -> Session | None:
        """Ask once, as after a notification (ping); None while the user has not decided.

        Parameters:
            started: what :meth:`request_backchannel_login` returned.

        Raises what :meth:`wait_for_backchannel_login` does.  CIBA Core §10.2.

        Example::

            session = client.poll_backchannel_login(started)
        """
        request = self._backchannel_poll(started)
        response = poll_backchannel_token(request, self._http_client, settings=self._settings)
        if not response.is_successful and response.oauth_error in _PENDING:
            return None
        return self._backchannel_session(request, response)

    def _backchannel_poll(
        self, started: BackchannelAuthenticationResponse
    ) -> BackchannelTokenRequest:
        return BackchannelTokenRequest(
            self.endpoint("token_endpoint"),
            self.client_id,
            str(started.auth_req_id),
            client_authentication=self._proof_of_identity(),
            dpop_key=self.dpop_key,
        )

    def _backchannel_session(
        self, request: BackchannelTokenRequest, response: TokenResponse
    ) -> Session:
        session = self._session_of(request.address, response, has_id_token=True)
        check_request_id(session.claims, request.auth_req_id)
        return session

    def _session_of(self, address: str, response: TokenResponse, *, has_id_token: bool) -> Session:
        """Return the session that a token response begins, its ID token validated."""
        if not response.is_successful:
            raise refused_by(address, response)
        token = self._provider.with_token_type(response.token or {})
        check_token_answer(token, address, bound=self.dpop_key is not None)
        if not has_id_token:
            return self._begun(Session(without_id_token(token), {}, response.expires_at))
        id_token = token.get("id_token")
        if not isinstance(id_token, str):
            raise TokenRequestException(
                "the provider gave no ID token: is openid in the scope?",
                address,
                code="missing_id_token",
            )
        claims = self._id_token_claims(id_token, access_token=token.get("access_token"))
        return self._begun(Session(token, claims, response.expires_at))

    def _begun(self, session: Session) -> Session:
        self.bind(session)
        return session
