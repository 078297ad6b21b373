"""The responses of the embedded provider, by path."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from email.utils import formatdate
from typing import Any

from .cors import preflight, with_cors
from .metadata import metadata
from .minting import Minting
from .oauth import Server
from .pages import LOGIN_AS, asks_for_user, choose_user, device
from .proofs import Proofs
from .resources import end_session, userinfo
from .wire import Answer, Received

_ENDPOINTS = {
    "/introspect": "introspection",
    "/revoke": "revocation",
}
_TENANT_DOCUMENT = re.compile(r"/([^/]+)/v2\.0/\.well-known/openid-configuration")
_ANY_TENANT = frozenset({"common", "organizations"})
_IN_TOKENS = ("sid", "roles")


class Serving(Minting):
    """The responses of a provider, and their parts."""

    scopes: tuple[str, ...]
    users: dict[str, Mapping[str, Any]]
    user_claims: dict[str, Any]
    login_claims: dict[str, Mapping[str, Any]]
    allowed_origins: tuple[str, ...]
    backchannel_logout_uri: str | None
    requests: list[Received]
    intercept: Callable[[Received], Answer | None] | None
    _oauth: Server
    _proofs: Proofs
    _require_par: bool
    _login_page: bool

    @property
    def discovery_endpoint(self) -> str:
        """The URL of the discovery document."""
        if "oauth-document" in self._quirks:
            return f"{self.issuer}/.well-known/oauth-authorization-server"
        tenant = "/common/v2.0" if "issuer-template" in self._quirks else ""
        return f"{self.issuer}{tenant}/.well-known/openid-configuration"

    @property
    def jwks_uri(self) -> str:
        """The URL of the key set."""
        return f"{self.issuer}/jwks"

    @property
    def token_endpoint(self) -> str:
        """The URL of the token endpoint."""
        return f"{self.issuer}/token"

    def document(self) -> dict[str, Any]:
        """Return the discovery document.

        Example::

            provider.document()["token_endpoint"]
        """
        logs_out = self.backchannel_logout_uri is not None
        return self._quirks.document(
            metadata(
                self.issuer,
                self.scopes,
                self.algorithms,
                require_par=self._require_par,
                logs_out=logs_out,
            )
        )

    def count(self, path: str) -> int:
        """Return how many requests for ``path`` were received.

        Example::

            provider.count("/jwks")
        """
        with self._guard:
            return sum(request.path == path for request in self.requests)

    def claims_in_tokens(self, user: str | None) -> dict[str, Any]:
        """Return the claims about a user in tokens: ``sid``, ``roles``, and ``login_claims``.

        Example::

            assert provider.claims_in_tokens("alice") == {}
        """
        claims = self._claims(user)
        named = {name: claims[name] for name in _IN_TOKENS if name in claims}
        return {**named, **self.login_claims.get(user or "", {})}

    def _claims(self, user: str | None) -> Mapping[str, Any]:
        name = user or ""
        return {**self.users.get(name, {}), **self.login_claims.get(name, {})}

    def _userinfo_claims(self, user: str | None) -> dict[str, Any]:
        own = {name: value for name, value in self._claims(user).items() if name != "sid"}
        return {"sub": self._quirks.subject(user), **self.user_claims, **own}

    def _log_in(self, hint: str | None) -> str | None:
        name = self.user and (hint or self.user)
        return name if not self.users or name in self.users else None

    def _respond(self, received: Received) -> Answer:
        with self._guard:
            self.requests.append(received)
        intercept = self.intercept  # a reset may remove it meanwhile
        if intercept is not None and (answer := intercept(received)) is not None:
            return answer
        answer = preflight(received, self.allowed_origins) or self._route(received)
        return self._dated(with_cors(answer, received, self.allowed_origins))

    def _dated(self, answer: Answer) -> Answer:
        if not self.clock_offset:
            return answer
        date = formatdate(time.time() + self.clock_offset, usegmt=True)
        return replace(answer, headers={**answer.headers, "date": date})

    def _route(self, received: Received) -> Answer:
        if received.method == "GET" and (document := self._document_at(received.path)) is not None:
            return self._quirks.public(document)
        match received.method, received.path:
            case "GET", "/jwks":
                return self._quirks.public({"keys": self._quirks.keys(self._published)})
            case "POST", "/token":
                return self._quirks.answer(self._oauth.token(received))
            case "POST", "/par":
                return self._oauth.push(received)
            case "GET", "/authorize":
                return self._authorize(received)
            case (("GET" | "POST"), "/device") if self._login_page:
                return device(received, self.decide_device)
            case "POST", "/device_authorization":
                return self._quirks.answer(self._oauth.endpoint("device_authorization", received))
            case "POST", ("/introspect" | "/revoke") as path:
                return self._oauth.endpoint(_ENDPOINTS[path], received)
            case (("GET" | "POST"), "/userinfo"):
                return userinfo(received, self._oauth, self._proofs, self._userinfo_claims)
            case (("GET" | "POST"), "/end_session"):
                return end_session(received)
        return Answer.of_json({"error": "not_found"}, 404)

    def decide_device(self, user_code: str, *, agree: bool = True) -> None:
        """Let the user agree, or refuse, what a device asked for."""
        raise NotImplementedError

    def _authorize(self, received: Received) -> Answer:
        if not self._login_page:
            return self._oauth.authorize(received, self._log_in)
        if asks_for_user(received, self.users):
            return choose_user(received, self.users)
        chosen = received.query.get(LOGIN_AS)
        if chosen is None:
            return self._oauth.authorize(received, self._log_in)
        return self._oauth.authorize(
            received, lambda hint: self._log_in(chosen) if chosen else None
        )

    def _document_at(self, path: str) -> dict[str, Any] | None:
        if "issuer-template" not in self._quirks:
            at_home = path == self.discovery_endpoint.removeprefix(self.issuer)
            return self.document() if at_home else None
        found = _TENANT_DOCUMENT.fullmatch(path)
        if found is None:
            return None
        tenant = "{tenantid}" if found[1] in _ANY_TENANT else found[1]
        return self.document() | {"issuer": f"{self.issuer}/{tenant}/v2.0"}
