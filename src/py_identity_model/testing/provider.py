"""The embedded provider."""

from __future__ import annotations

import secrets
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from .._jose.jwk import JsonWebKey, jwks_from_dict
from .._jose.sign import sign_compact
from ..exceptions import InvalidArgumentError
from .oauth import GRANTS, METHODS, Client, Server
from .wire import Answer, LoopbackServer, Received

_MAKERS: dict[str, Callable[[], Key]] = {
    "RS256": lambda: RSAKey.generate_key(2048),
    "ES256": lambda: ECKey.generate_key("P-256"),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519"),
}


class EmbeddedProvider:
    """A provider on a free port of loopback, running from construction to :meth:`close`.

    ``audience`` is whom its tokens are for; ``client_id`` and ``client_secret`` (a new one if not
    given) are those of the client that may ask for them, ``scopes`` what it may ask for;
    ``lifetime`` is how long tokens last, in seconds.  With ``tls``, a server context, it speaks
    https under the name ``host``.  Algorithms: RS256, ES256, EdDSA.

    The client may use every grant, and ``public_client_id`` every one that takes no secret; users
    are sent back to ``redirect_uris``, or anywhere if None.  Whoever comes to the authorization
    endpoint is logged in at once: as ``user``, or as the ``login_hint`` says; nobody is while
    ``user`` is None.  ``user_claims`` are what userinfo tells besides ``sub``.

    ``requests`` lists what arrived.  ``intercept`` may be set to a function that gets each
    request and answers in the provider's place, or returns None.

    Example::

        with EmbeddedProvider() as provider:
            token = provider.mint(sub="alice", roles=["admin"])
    """

    def __init__(
        self,
        *,
        audience: str = "api",
        client_id: str = "machine",
        client_secret: str | None = None,
        scopes: tuple[str, ...] = ("openid", "profile", "email", "api", "read", "write"),
        public_client_id: str = "native",
        redirect_uris: Sequence[str] | None = None,
        user: str | None = "alice",
        user_claims: Mapping[str, Any] | None = None,
        lifetime: int = 3600,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.audience = audience
        self.scopes = scopes
        self.lifetime = lifetime
        self.client_id = client_id
        self.client_secret = client_secret or secrets.token_urlsafe(32)
        self.public_client_id = public_client_id
        self.user = user
        self.user_claims = dict(user_claims or {})
        self.requests: list[Received] = []
        self.intercept: Callable[[Received], Answer | None] | None = None
        self._guard = threading.Lock()
        self._keys: dict[str, Key] = {}
        self._kids: dict[str, str] = {}
        self._published: list[dict[str, Any]] = []
        self.rotate_keys()
        self._server = LoopbackServer(self._respond, tls)
        self.issuer = f"{'https' if tls else 'http'}://{host}:{self._server.port}"
        registered = None if redirect_uris is None else tuple(redirect_uris)
        clients = [
            Client(self.client_id, self.client_secret, scopes, registered),
            Client(public_client_id, None, scopes, registered),
        ]
        self._oauth = Server(self.issuer, clients, scopes, self.mint, lifetime)
        self._server.start()

    @property
    def discovery_endpoint(self) -> str:
        """Where the discovery document is."""
        return f"{self.issuer}/.well-known/openid-configuration"

    @property
    def jwks_uri(self) -> str:
        """Where the key set is."""
        return f"{self.issuer}/jwks"

    @property
    def token_endpoint(self) -> str:
        """Where tokens are asked for."""
        return f"{self.issuer}/token"

    @property
    def keys(self) -> list[JsonWebKey]:
        """The public keys as they are published now."""
        return [jwks_from_dict(key) for key in self._published]

    def document(self) -> dict[str, Any]:
        """Return the discovery document.

        Example::

            provider.document()["token_endpoint"]
        """
        return {
            "issuer": self.issuer,
            "jwks_uri": self.jwks_uri,
            "token_endpoint": self.token_endpoint,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "introspection_endpoint": f"{self.issuer}/introspect",
            "revocation_endpoint": f"{self.issuer}/revoke",
            "device_authorization_endpoint": f"{self.issuer}/device_authorization",
            "end_session_endpoint": f"{self.issuer}/end_session",
            "token_endpoint_auth_methods_supported": list(METHODS),
            "grant_types_supported": list(GRANTS),
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": list(_MAKERS),
            "authorization_signing_alg_values_supported": list(_MAKERS),
            "scopes_supported": list(self.scopes),
        }

    def mint(
        self,
        *,
        algorithm: str = "RS256",
        header: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """Return a signed token (RFC 9068).

        ``claims`` are added to a sound set (iss, aud, sub, client_id, iat, exp, jti), replace
        members of it, or remove them when None; ``header`` does the same to the header.
        Raises :class:`InvalidArgumentError` for an algorithm that the provider has no key for.

        Example::

            provider.mint(exp=0)  # long expired
        """
        key = self._keys.get(algorithm)
        if key is None:
            raise InvalidArgumentError(f"algorithm must be one of {', '.join(self._keys)}")
        now = int(time.time())
        usual = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": self.client_id,
            "client_id": self.client_id,
            "iat": now,
            "exp": now + self.lifetime,
            "jti": str(uuid.uuid4()),
        }
        protected = {
            "alg": algorithm,
            "typ": "at+jwt",
            "kid": self._kids[algorithm],
            **(header or {}),
        }
        return sign_compact(_present(protected), _present(usual | claims), key, algorithm)

    def rotate_keys(self, *, keep_old: bool = False) -> None:
        """Sign with new keys from now on; the old ones stay published if ``keep_old``.

        Example::

            provider.rotate_keys()
        """
        fresh = {algorithm: make() for algorithm, make in _MAKERS.items()}
        kids = {algorithm: f"{algorithm.lower()}-{secrets.token_hex(4)}" for algorithm in fresh}
        published = [
            {**key.as_dict(private=False), "kid": kids[name], "use": "sig", "alg": name}
            for name, key in fresh.items()
        ]
        with self._guard:
            self._keys, self._kids = fresh, kids
            self._published = published + (self._published if keep_old else [])

    def count(self, path: str) -> int:
        """Return how many requests for ``path`` arrived.

        Example::

            provider.count("/jwks")
        """
        with self._guard:
            return sum(request.path == path for request in self.requests)

    def close(self) -> None:
        """Stop serving and end every connection.

        Example::

            provider.close()
        """
        self._server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _respond(self, received: Received) -> Answer:
        with self._guard:
            self.requests.append(received)
        if self.intercept is not None and (answer := self.intercept(received)) is not None:
            return answer
        match received.method, received.path:
            case "GET", "/.well-known/openid-configuration":
                return Answer.of_json(self.document())
            case "GET", "/jwks":
                return Answer.of_json({"keys": self._published})
            case "POST", "/token":
                return self._oauth.token(received)
            case "GET", "/authorize":
                hint = received.query.get("login_hint")
                return self._oauth.authorize(received, self.user and (hint or self.user))
            case "POST", ("/introspect" | "/revoke" | "/device_authorization") as path:
                return self._oauth.endpoint(_ENDPOINTS[path], received)
            case (("GET" | "POST"), "/userinfo"):
                return self._userinfo(received)
            case (("GET" | "POST"), "/end_session"):
                return self._end_session(received)
        return Answer.of_json({"error": "not_found"}, 404)

    def _userinfo(self, received: Received) -> Answer:
        scheme, _, token = received.headers.get("authorization", "").partition(" ")
        known = self._oauth.find(token) if scheme.lower() == "bearer" else None
        if known is None or not known.is_active or "openid" not in known.scope.split():
            challenge = 'Bearer error="invalid_token"'
            return Answer.of_json({"error": "invalid_token"}, 401, www_authenticate=challenge)
        return Answer.of_json({"sub": known.user, **self.user_claims})

    def _end_session(self, received: Received) -> Answer:
        values = received.query if received.method == "GET" else received.form
        target = values.get("post_logout_redirect_uri")
        if target is None:
            return Answer.of_json({"logged_out": True})
        state = {"state": values["state"]} if "state" in values else {}
        joint = "&" if "?" in target else "?"
        query = f"{joint}{urlencode(state)}" if state else ""
        return Answer(302, b"", {"location": target + query})

    def decide_device(self, user_code: str, *, agree: bool = True) -> None:
        """Let the user agree, or refuse, what a device asked for.

        Raises :class:`InvalidArgumentError` for a code that was not given out.

        Example::

            device = request_device_authorization(
                DeviceAuthorizationRequest(f"{provider.issuer}/device_authorization", "native")
            )
            provider.decide_device(device.user_code)
        """
        for device in self._oauth.devices.values():
            if device["user_code"] == user_code:
                device.decision = (self.user or "alice") if agree else False
                return
        raise InvalidArgumentError("no device waits with this user_code")


_ENDPOINTS = {
    "/introspect": "introspection",
    "/revoke": "revocation",
    "/device_authorization": "device_authorization",
}


def _present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
