"""Records of the embedded provider: clients, logins, and issued tokens."""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from ._authlib import ClientMixin, DeviceCredentialDict, TokenMixin

METHODS = ("client_secret_basic", "client_secret_post", "none")
_OF_USERS = frozenset({"openid", "profile", "email", "offline_access"})


@dataclass(frozen=True)
class Client(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """A client; public without a secret, and then required to use PKCE."""

    client_id: str
    client_secret: str | None = field(repr=False)
    scopes: tuple[str, ...]
    redirect_uris: tuple[str, ...] | None = None
    backchannel_logout_uri: str | None = None

    def get_client_id(self) -> str:
        """Return the identifier."""
        return self.client_id

    def get_default_redirect_uri(self) -> str | None:
        """Return the redirect URI of requests that name none."""
        return self.redirect_uris[0] if self.redirect_uris else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Return whether users may be sent back to this URI; to any, if none is registered."""
        return self.redirect_uris is None or redirect_uri in self.redirect_uris

    def get_allowed_scope(self, scope: str | None) -> str:
        """Return the granted part of ``scope``; by default all scopes that concern no user."""
        asked = scope.split() if scope else [one for one in self.scopes if one not in _OF_USERS]
        return " ".join(one for one in asked if one in self.scopes)

    def check_client_secret(self, client_secret: str) -> bool:
        """Return whether the secret is right, in constant time."""
        return hmac.compare_digest(client_secret.encode(), (self.client_secret or "").encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Return whether the client may authenticate by ``method``."""
        return method in METHODS and (method == "none") == (self.client_secret is None)

    def check_response_type(self, response_type: str) -> bool:
        """Return whether the client may request ``response_type``."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Return whether the client may use ``grant_type``."""
        return grant_type != "client_credentials" or self.client_secret is not None


@dataclass
class Login:
    """The login behind a code, its tokens and all their successors: they end with it."""

    client_id: str
    user: str | None
    scope: str
    auth_time: int = field(default_factory=lambda: int(time.time()))
    nonce: str | None = None
    ended: bool = False


@dataclass
class Issued(TokenMixin):  # type: ignore[misc]  # Authlib has no types
    """An issued code or token; ``jkt`` is the thumbprint of the key it is bound to.

    A refresh token is ``spent`` once a renewal has replaced it.
    """

    login: Login
    scope: str
    expires_at: float
    jkt: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    revoked: bool = False
    spent: bool = False

    @property
    def client_id(self) -> str:
        """The client that it was issued to."""
        return self.login.client_id

    @property
    def code_challenge(self) -> str | None:
        """The challenge of the authorization request (RFC 7636)."""
        return self.values.get("code_challenge")

    @property
    def code_challenge_method(self) -> str | None:
        """Its method."""
        return self.values.get("code_challenge_method")

    def get_redirect_uri(self) -> str | None:
        """Return the redirect URI of the authorization request."""
        return self.values.get("redirect_uri")

    def check_client(self, client: Client) -> bool:
        """Return whether it was issued to ``client``."""
        return client.client_id == self.client_id

    def get_scope(self) -> str:
        """Return its scope."""
        return self.scope

    def is_expired(self) -> bool:
        """Return whether it has expired."""
        return time.time() >= self.expires_at

    def is_revoked(self) -> bool:
        """Return whether it was used up, or revoked alone or with its login."""
        return self.revoked or self.spent or self.login.ended

    @property
    def is_active(self) -> bool:
        """Whether it may still be used."""
        return not self.is_revoked() and not self.is_expired()


class Device(DeviceCredentialDict):  # type: ignore[misc]  # Authlib has no types
    """A device that waits for its user; ``decision`` is the user who agreed, False, or None."""

    decision: str | bool | None = None
