"""The grants and endpoints of the embedded provider, based on Authlib's."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, ClassVar

from ._authlib import (
    AuthorizationCodeGrant,
    BasicOAuth2Payload,
    ClientCredentialsGrant,
    DeviceAuthorizationEndpoint,
    DeviceCodeGrant,
    IntrospectionEndpoint,
    InvalidGrantError,
    OAuth2Request,
    RefreshTokenGrant,
    RevocationEndpoint,
)
from .records import METHODS, Client, Device, Issued, Login
from .wire import Received

GRANTS = (
    *("client_credentials", "authorization_code", "refresh_token"),
    DeviceCodeGrant.GRANT_TYPE,
)
_CODE_LIFETIME = 60


class Request(OAuth2Request):  # type: ignore[misc]  # Authlib has no types
    """Authlib's view of a request; ``jkt`` is the thumbprint of its proof's key."""

    def __init__(self, received: Received, uri: str, jkt: str | None = None) -> None:
        headers = {name.title(): value for name, value in received.headers.items()}
        super().__init__(received.method, uri, headers=headers)
        values = received.query if received.method == "GET" else received.form
        self.payload = BasicOAuth2Payload(values)
        self.jkt = jkt

    @property
    def args(self) -> dict[str, str]:
        """The parameters."""
        return self.form

    @property
    def form(self) -> dict[str, str]:
        """The parameters, from the query or the body."""
        form: dict[str, str] = self.payload.data
        return form


class _Issuing:
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar[list[str]] = list(METHODS)
    request: Any
    server: Any

    def generate_token(
        self, user: str | None = None, scope: str | None = None, **options: Any
    ) -> dict[str, Any]:
        login = self._login(user, scope or "")
        refresh = bool(options.get("include_refresh_token", True))
        token: dict[str, Any] = self.server.issue(self.request, login, scope, refresh)
        return token

    def _login(self, user: str | None, scope: str) -> Login:
        return Login(self.request.client.client_id, user, scope)

    def _check_binding(self, bound: Issued) -> None:
        if bound.jkt is not None and bound.jkt != self.request.jkt:
            raise InvalidGrantError("It is bound to another key.")


class ClientCredentials(_Issuing, ClientCredentialsGrant):  # type: ignore[misc]
    """Tokens of the client itself (RFC 6749 §4.4)."""


class AuthorizationCode(_Issuing, AuthorizationCodeGrant):  # type: ignore[misc]
    """Codes, and the tokens for them (RFC 6749 §4.1)."""

    def save_authorization_code(self, code: str, request: Any) -> None:
        """Store a code."""
        values = dict(request.payload.data)
        scope = request.client.get_allowed_scope(request.payload.scope)
        login = Login(request.client.client_id, request.user, scope, nonce=values.get("nonce"))
        until = time.time() + _CODE_LIFETIME
        self.server.codes[code] = Issued(login, scope, until, values.get("dpop_jkt"), values)

    def query_authorization_code(self, code: str, client: Client) -> Issued | None:
        """Return the code if ``client`` may still use it."""
        found: Issued | None = self.server.codes.get(code)
        fits = found is not None and found.is_active and found.check_client(client)
        return found if fits else None

    def validate_token_request(self) -> None:
        """Refuse what the code does not permit; it may be bound to a key (RFC 9449 §10)."""
        super().validate_token_request()
        self._check_binding(self.request.authorization_code)

    def delete_authorization_code(self, authorization_code: Issued) -> None:
        """Mark the code as used."""
        authorization_code.revoked = True

    def authenticate_user(self, authorization_code: Issued) -> str | None:
        """Return the user who logged in."""
        return authorization_code.login.user

    def _login(self, user: str | None, scope: str) -> Login:
        login: Login = self.request.authorization_code.login
        return login


class Refresh(_Issuing, RefreshTokenGrant):  # type: ignore[misc]  # Authlib has no types
    """Renewals (RFC 6749 §6)."""

    def authenticate_refresh_token(self, refresh_token: str) -> Issued | None:
        """Return a valid token; count the reuse of a spent one, which may end its login."""
        found: Issued | None = self.server.refresh_tokens.get(refresh_token)
        if found is not None and found.spent:
            self.server.count_reuse(found)
        return found if found is not None and found.is_active else None

    def validate_token_request(self) -> None:
        """Refuse what the token does not permit; a public client's is bound (RFC 9449 §5)."""
        super().validate_token_request()
        self._check_binding(self.request.refresh_token)

    def authenticate_user(self, refresh_token: Issued) -> str | None:
        """Return the user who logged in."""
        return refresh_token.login.user

    def revoke_old_credential(self, refresh_token: Issued) -> None:
        """Mark the token as used, if tokens rotate."""
        refresh_token.spent = self.server.rules.rotate

    @property
    def INCLUDE_NEW_REFRESH_TOKEN(self) -> bool:
        """Whether a renewal returns a new refresh token."""
        return bool(self.server.rules.rotate)

    def _login(self, user: str | None, scope: str) -> Login:
        login: Login = self.request.refresh_token.login
        return login


class DeviceCode(_Issuing, DeviceCodeGrant):  # type: ignore[misc]  # Authlib has no types
    """Tokens of devices (RFC 8628 §3.4)."""

    def query_device_credential(self, device_code: str) -> Device | None:
        """Return the device with this code."""
        found: Device | None = self.server.devices.get(device_code)
        return found

    def query_user_grant(self, user_code: str) -> tuple[str, bool] | None:
        """Return the user and the decision; None without a decision yet."""
        decision = self.server.decision(user_code)
        return None if decision is None else (str(decision), decision is not False)

    def should_slow_down(self, credential: Device) -> bool:
        """Return False: tests may poll as fast as they like."""
        return False


class DeviceAuthorization(DeviceAuthorizationEndpoint):  # type: ignore[misc]
    """Codes for devices (RFC 8628 §3.1)."""

    CLIENT_AUTH_METHODS: ClassVar[list[str]] = list(METHODS)
    INTERVAL = 1

    def get_verification_uri(self) -> str:
        """Return the URL where users enter their code."""
        return f"{self.server.issuer}/device"

    def save_device_credential(self, client_id: str, scope: str, data: Mapping[str, Any]) -> None:
        """Store a device."""
        details = {"client_id": client_id, "scope": scope, "expires_at": time.time() + 600}
        self.server.devices[data["device_code"]] = Device({**data, **details})


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]  # Authlib has no types
    """Introspection (RFC 7662)."""

    CLIENT_AUTH_METHODS: ClassVar[list[str]] = list(METHODS)

    def query_token(self, token_string: str, token_type_hint: str | None) -> Issued | None:
        """Return the token."""
        found: Issued | None = self.server.find(token_string)
        return found

    def check_permission(self, token: Issued, client: Client, request: Any) -> bool:
        """Return True: every client may introspect."""
        return True

    def introspect_token(self, token: Issued) -> dict[str, Any]:
        """Return the members of the response; bound tokens name their key (RFC 9449 §6.2)."""
        bound = {"token_type": "DPoP", "cnf": {"jkt": token.jkt}} if token.jkt else {}
        quirks = self.server.quirks
        audience = {} if "no-aud" in quirks else {"aud": self.server.signer.audience}
        return {
            "active": True,
            "client_id": token.client_id,
            "scope": token.scope,
            "sub": quirks.subject(token.login.user or token.client_id),
            "exp": int(token.expires_at),
            "iss": quirks.issuer(self.server.issuer),
            **audience,
            **bound,
        }


class Revocation(RevocationEndpoint):  # type: ignore[misc]  # Authlib has no types
    """Revocation (RFC 7009)."""

    CLIENT_AUTH_METHODS: ClassVar[list[str]] = list(METHODS)

    def query_token(self, token_string: str, token_type_hint: str | None) -> Issued | None:
        """Return the token."""
        found: Issued | None = self.server.find(token_string)
        return found

    def revoke_token(self, token: Issued, request: Any) -> None:
        """Revoke the token."""
        token.revoked = True
