"""The embedded provider."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from .._protocol.server_nonces import DPoPNonces
from ..exceptions import DPoPProofException, InvalidArgumentError
from .grants import GRANTS
from .minting import ALGORITHMS, Minting
from .oauth import Server, TokenRules
from .proofs import ALGORITHMS as PROOF_ALGORITHMS
from .proofs import Proofs
from .records import METHODS, Client
from .wire import Answer, LoopbackServer, Received


class EmbeddedProvider(Minting):
    """A provider on a free port of loopback, running from construction to :meth:`close`.

    Its client may use every grant, and the public one every grant that takes no secret.  A
    browser that comes to the authorization endpoint is logged in at once, as ``user`` or as
    ``login_hint`` says.  Algorithms: RS256, ES256, EdDSA.

    ``audience``: whom its access tokens are for.
    ``client_id``, ``client_secret``: the client; a new secret if none is given.
    ``public_client_id``: the client without a secret.
    ``scopes``: what clients may ask for.
    ``redirect_uris``: where users may be sent back to; None is anywhere.
    ``user``: who logs in; with None every login is denied.
    ``user_claims``: what userinfo says besides ``sub``.
    ``lifetime``: of access and ID tokens, in seconds.
    ``tls``: a server context, to speak https under the name ``host``.
    ``dpop_nonce``: proofs of possession must carry a nonce (RFC 9449 §8, §9).
    ``rotate_refresh_tokens``: each renewal replaces the refresh token.
    ``detect_refresh_token_reuse``: a refresh token that is presented again after a renewal
    replaced it ends its login: every token of it (RFC 9700 §4.14.2).
    ``refresh_expires_in``: lifetime of refresh tokens in seconds, also put into answers.

    ``requests`` lists what arrived.  ``intercept`` may be set to a function that gets each
    request and answers in the provider's place, or returns None.  ``dpop_nonces`` are the nonces
    that it demands.  Tokens are bound to the key of a proof that comes with the request for them
    (RFC 9449 §5).

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
        dpop_nonce: bool = False,
        rotate_refresh_tokens: bool = True,
        detect_refresh_token_reuse: bool = False,
        refresh_expires_in: int | None = None,
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
        self.dpop_nonces = DPoPNonces() if dpop_nonce else None
        super().__init__()
        self._server = LoopbackServer(self._respond, tls)
        self.issuer = f"{'https' if tls else 'http'}://{host}:{self._server.port}"
        registered = None if redirect_uris is None else tuple(redirect_uris)
        clients = [
            Client(self.client_id, self.client_secret, scopes, registered),
            Client(public_client_id, None, scopes, registered),
        ]
        rules = TokenRules(
            lifetime, refresh_expires_in, rotate_refresh_tokens, detect_refresh_token_reuse
        )
        self._proofs = Proofs("https" if tls else "http", self.dpop_nonces)
        self._oauth = Server(self.issuer, clients, scopes, self.mint, rules, self._proofs)
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
            "id_token_signing_alg_values_supported": list(ALGORITHMS),
            "authorization_signing_alg_values_supported": list(ALGORITHMS),
            "dpop_signing_alg_values_supported": list(PROOF_ALGORITHMS),
            "scopes_supported": list(self.scopes),
        }

    @property
    def reused_refresh_tokens(self) -> int:
        """How many times a refresh token was presented again after a renewal had replaced it."""
        return self._oauth.reused_refresh_tokens

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
        known = self._oauth.find(token)
        if known is None or not known.is_active or "openid" not in known.scope.split():
            return _invalid_token(scheme)
        if known.jkt is not None:
            bound = {"access_token": token, "token_claims": {"cnf": {"jkt": known.jkt}}}
            try:
                proven = self._proofs.thumbprint(received, **bound)
            except DPoPProofException as error:
                return self._proofs.resource_refusal(error)
            if proven is None:
                return _invalid_token("DPoP")
        if scheme.lower() != ("bearer" if known.jkt is None else "dpop"):
            return _invalid_token(scheme)
        return Answer.of_json({"sub": known.login.user, **self.user_claims})

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


def _invalid_token(scheme: str) -> Answer:
    offered = "DPoP" if scheme.lower() == "dpop" else "Bearer"
    challenge = f'{offered} error="invalid_token"'
    return Answer.of_json({"error": "invalid_token"}, 401, www_authenticate=challenge)


_ENDPOINTS = {
    "/introspect": "introspection",
    "/revoke": "revocation",
    "/device_authorization": "device_authorization",
}
