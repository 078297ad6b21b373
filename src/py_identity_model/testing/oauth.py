"""The OAuth side of the embedded provider: Authlib's server, with everything in memory."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .._protocol.id_token import half_hash
from ..exceptions import ConfigurationException
from .wire import Answer, Received

try:
    from authlib.oauth2.rfc6749 import (
        AuthorizationServer,
        ClientMixin,
        OAuth2Error,
        OAuth2Request,
        TokenMixin,
    )
    from authlib.oauth2.rfc6749.grants import (
        AuthorizationCodeGrant,
        ClientCredentialsGrant,
        RefreshTokenGrant,
    )
    from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
    from authlib.oauth2.rfc6750 import BearerTokenGenerator
    from authlib.oauth2.rfc7009 import RevocationEndpoint
    from authlib.oauth2.rfc7636 import CodeChallenge
    from authlib.oauth2.rfc7662 import IntrospectionEndpoint
    from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint, DeviceCodeGrant
    from authlib.oauth2.rfc8628.models import DeviceCredentialDict
except ImportError as error:
    raise ConfigurationException(
        "py_identity_model.testing needs the extra 'testing', which installs Authlib",
        code="missing_extra",
    ) from error

METHODS = ("client_secret_basic", "client_secret_post", "none")
GRANTS = (
    *("client_credentials", "authorization_code", "refresh_token"),
    DeviceCodeGrant.GRANT_TYPE,
)
_CODE_LIFETIME = 60
_OF_USERS = frozenset({"openid", "profile", "email"})


@dataclass(frozen=True)
class Client(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """A client; without a secret a public one, which must use PKCE."""

    client_id: str
    client_secret: str | None = field(repr=False)
    scopes: tuple[str, ...]
    redirect_uris: tuple[str, ...] | None = None

    def get_client_id(self) -> str:
        """Return the name."""
        return self.client_id

    def get_default_redirect_uri(self) -> str | None:
        """Return where users are sent back to unless the request says."""
        return self.redirect_uris[0] if self.redirect_uris else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Return whether users may be sent back there; anywhere, if none is registered."""
        return self.redirect_uris is None or redirect_uri in self.redirect_uris

    def get_allowed_scope(self, scope: str | None) -> str:
        """Return what of ``scope`` is granted; what is about no user when nothing is asked for."""
        asked = scope.split() if scope else [one for one in self.scopes if one not in _OF_USERS]
        return " ".join(one for one in asked if one in self.scopes)

    def check_client_secret(self, client_secret: str) -> bool:
        """Return whether the secret is right, in constant time."""
        return hmac.compare_digest(client_secret.encode(), (self.client_secret or "").encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Return whether the client may authenticate by ``method``."""
        return method in METHODS and (method == "none") == (self.client_secret is None)

    def check_response_type(self, response_type: str) -> bool:
        """Return whether the client may ask for ``response_type``."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Return whether the client may use ``grant_type``."""
        return grant_type != "client_credentials" or self.client_secret is not None


@dataclass
class Issued(TokenMixin):  # type: ignore[misc]  # Authlib has no types
    """A code or token that was given out."""

    client_id: str
    user: str | None
    scope: str
    expires_at: float
    values: Mapping[str, str] = field(default_factory=dict)
    revoked: bool = False

    @property
    def code_challenge(self) -> str | None:
        """The challenge of the authorization request (RFC 7636)."""
        return self.values.get("code_challenge")

    @property
    def code_challenge_method(self) -> str | None:
        """Its method."""
        return self.values.get("code_challenge_method")

    def get_redirect_uri(self) -> str | None:
        """Return where the authorization request wanted users to be sent back to."""
        return self.values.get("redirect_uri")

    def check_client(self, client: Client) -> bool:
        """Return whether it was given to ``client``."""
        return client.client_id == self.client_id

    def get_scope(self) -> str:
        """Return what it entitles to."""
        return self.scope

    def is_expired(self) -> bool:
        """Return whether it is too old."""
        return time.time() >= self.expires_at

    def is_revoked(self) -> bool:
        """Return whether it was revoked."""
        return self.revoked

    @property
    def is_active(self) -> bool:
        """Whether it may still be used."""
        return not self.revoked and not self.is_expired()


class Device(DeviceCredentialDict):  # type: ignore[misc]  # Authlib has no types
    """A device that waits for its user; ``decision`` is who agreed, False, or None so far."""

    decision: str | bool | None = None


class _Request(OAuth2Request):  # type: ignore[misc]  # Authlib has no types
    def __init__(self, received: Received, uri: str) -> None:
        headers = {name.title(): value for name, value in received.headers.items()}
        super().__init__(received.method, uri, headers=headers)
        values = received.query if received.method == "GET" else received.form
        self.payload = BasicOAuth2Payload(values)

    @property
    def args(self) -> dict[str, str]:
        return self.form

    @property
    def form(self) -> dict[str, str]:
        form: dict[str, str] = self.payload.data
        return form


class _ClientCredentials(ClientCredentialsGrant):  # type: ignore[misc]  # Authlib has no types
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar[list[str]] = list(METHODS)


class _AuthorizationCode(AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib has no types
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar[list[str]] = list(METHODS)

    def save_authorization_code(self, code: str, request: Any) -> None:
        values = dict(request.payload.data)
        until = time.time() + _CODE_LIFETIME
        client: Client = request.client
        scope = client.get_allowed_scope(request.payload.scope)
        self.server.codes[code] = Issued(client.client_id, request.user, scope, until, values)

    def query_authorization_code(self, code: str, client: Client) -> Issued | None:
        found: Issued | None = self.server.codes.get(code)
        return (
            found if found is not None and found.is_active and found.check_client(client) else None
        )

    def delete_authorization_code(self, authorization_code: Issued) -> None:
        authorization_code.revoked = True

    def authenticate_user(self, authorization_code: Issued) -> str | None:
        return authorization_code.user

    def generate_token(self, **kwargs: Any) -> dict[str, Any]:
        server: Server = self.server
        token: dict[str, Any] = super().generate_token(**kwargs)
        return server.with_id_token(token, self.request.authorization_code)


class _Refresh(RefreshTokenGrant):  # type: ignore[misc]  # Authlib has no types
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar[list[str]] = list(METHODS)
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Issued | None:
        found: Issued | None = self.server.refresh_tokens.get(refresh_token)
        return found if found is not None and found.is_active else None

    def authenticate_user(self, refresh_token: Issued) -> str | None:
        return refresh_token.user

    def revoke_old_credential(self, refresh_token: Issued) -> None:
        refresh_token.revoked = True


class _DeviceCode(DeviceCodeGrant):  # type: ignore[misc]  # Authlib has no types
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar[list[str]] = list(METHODS)

    def query_device_credential(self, device_code: str) -> Device | None:
        found: Device | None = self.server.devices.get(device_code)
        return found

    def query_user_grant(self, user_code: str) -> tuple[str, bool] | None:
        decision = self.server.decision(user_code)
        return None if decision is None else (str(decision), decision is not False)

    def should_slow_down(self, credential: Device) -> bool:
        return False


class _DeviceAuthorization(DeviceAuthorizationEndpoint):  # type: ignore[misc]
    CLIENT_AUTH_METHODS: ClassVar[list[str]] = list(METHODS)
    INTERVAL = 1

    def get_verification_uri(self) -> str:
        return f"{self.server.issuer}/device"

    def save_device_credential(self, client_id: str, scope: str, data: Mapping[str, Any]) -> None:
        kept = {"client_id": client_id, "scope": scope, "expires_at": time.time() + 600}
        self.server.devices[data["device_code"]] = Device({**data, **kept})


class _Introspection(IntrospectionEndpoint):  # type: ignore[misc]  # Authlib has no types
    CLIENT_AUTH_METHODS: ClassVar[list[str]] = list(METHODS)

    def query_token(self, token_string: str, token_type_hint: str | None) -> Issued | None:
        found: Issued | None = self.server.find(token_string)
        return found

    def check_permission(self, token: Issued, client: Client, request: Any) -> bool:
        return True

    def introspect_token(self, token: Issued) -> dict[str, Any]:
        return {
            "active": True,
            "client_id": token.client_id,
            "scope": token.scope,
            "sub": token.user or token.client_id,
            "exp": int(token.expires_at),
            "iss": self.server.issuer,
        }


class _Revocation(RevocationEndpoint):  # type: ignore[misc]  # Authlib has no types
    CLIENT_AUTH_METHODS: ClassVar[list[str]] = list(METHODS)

    def query_token(self, token_string: str, token_type_hint: str | None) -> Issued | None:
        found: Issued | None = self.server.find(token_string)
        return found

    def revoke_token(self, token: Issued, request: Any) -> None:
        token.revoked = True


class Server(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    """Authlib's authorization server; ``sign`` makes its tokens."""

    def __init__(
        self,
        issuer: str,
        clients: Sequence[Client],
        scopes: tuple[str, ...],
        sign: Callable[..., str],
        lifetime: int,
    ) -> None:
        super().__init__(scopes_supported=list(scopes))
        self.issuer = issuer
        self.codes: dict[str, Issued] = {}
        self.access_tokens: dict[str, Issued] = {}
        self.refresh_tokens: dict[str, Issued] = {}
        self.devices: dict[str, Device] = {}
        self._clients = {client.client_id: client for client in clients}
        self._sign = sign
        self._lifetime = lifetime
        self._one_at_a_time = threading.Lock()  # a code must not be spent twice at once
        self.register_grant(_ClientCredentials)
        self.register_grant(_AuthorizationCode, [CodeChallenge(required=True)])
        self.register_grant(_Refresh)
        self.register_grant(_DeviceCode)
        for endpoint in (_DeviceAuthorization, _Introspection, _Revocation):
            self.register_endpoint(endpoint)
        self.register_token_generator(
            "default",
            BearerTokenGenerator(
                self._access_token,
                lambda **_: secrets.token_urlsafe(32),
                expires_generator=lambda client, grant_type: lifetime,
            ),
        )

    def _access_token(self, client: Client, grant_type: str, user: str | None, scope: str) -> str:
        return self._sign(sub=user or client.client_id, client_id=client.client_id, scope=scope)

    def with_id_token(self, token: dict[str, Any], code: Issued) -> dict[str, Any]:
        """Return ``token`` with an ID token if the scope has ``openid``."""
        if "openid" not in code.scope.split():
            return token
        now = int(time.time())
        id_token = self._sign(
            header={"typ": "JWT"},
            aud=code.client_id,
            client_id=None,
            sub=code.user,
            nonce=code.values.get("nonce"),
            auth_time=now,
            at_hash=half_hash(token["access_token"], "RS256"),
        )
        return {**token, "id_token": id_token}

    def token(self, received: Received) -> Answer:
        """Return the answer to a token request."""
        with self._one_at_a_time:
            answer: Answer = self.create_token_response(received)
        return answer

    def authorize(self, received: Received, user: str | None) -> Answer:
        """Return the redirect that follows a login of ``user``; None denies it."""
        request = self.create_oauth2_request(received)
        try:
            grant = self.get_authorization_grant(request)
        except OAuth2Error as error:
            failed: Answer = self.handle_error_response(request, error)
            return failed
        answer: Answer = self.create_authorization_response(request, user, grant)
        return answer

    def endpoint(self, name: str, received: Received) -> Answer:
        """Return the answer of a registered endpoint."""
        answer: Answer = self.create_endpoint_response(name, received)
        return answer

    def find(self, token: str) -> Issued | None:
        """Return what is known of an access or refresh token."""
        return self.access_tokens.get(token) or self.refresh_tokens.get(token)

    def decision(self, user_code: str) -> str | bool | None:
        """Return what the user said of a device."""
        return next(
            (one.decision for one in self.devices.values() if one["user_code"] == user_code), None
        )

    def query_client(self, client_id: str) -> Client | None:
        """Return the client of that name."""
        return self._clients.get(client_id)

    def save_token(self, token: Any, request: Any) -> None:
        """Remember what was given out."""
        client_id, scope = request.client.client_id, token.get("scope") or ""
        now, user = time.time(), request.user
        self.access_tokens[token["access_token"]] = Issued(
            client_id, user, scope, now + self._lifetime
        )
        if "refresh_token" in token:
            until = now + 24 * 3600
            self.refresh_tokens[token["refresh_token"]] = Issued(client_id, user, scope, until)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Tell nobody."""

    def create_oauth2_request(self, request: Received | OAuth2Request) -> OAuth2Request:
        """Return Authlib's view of a request."""
        if isinstance(request, OAuth2Request):
            return request
        return _Request(request, self.issuer + request.path)

    def handle_response(self, status: int, body: Any, headers: Any) -> Answer:
        """Return our view of Authlib's answer."""
        if not body:
            return Answer(status, b"", dict(headers))
        answer = Answer.of_json(dict(body), status)
        return Answer(status, answer.body, dict(headers))
