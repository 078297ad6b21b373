"""The OAuth server of the embedded provider: Authlib's, with everything in memory."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .._validation.id_token import half_hash
from ..exceptions import DPoPProofException
from ._authlib import (
    AuthorizationServer,
    BasicOAuth2Payload,
    CodeChallenge,
    OAuth2Error,
    OAuth2Request,
)
from .grants import (
    AuthorizationCode,
    ClientCredentials,
    DeviceAuthorization,
    DeviceCode,
    Introspection,
    Refresh,
    Request,
    Revocation,
)
from .proofs import Proofs
from .pushed import PushedRequests
from .quirks import Quirks
from .records import METHODS, Client, Device, Issued, Login
from .wire import Answer, Received

_REFRESH_LIFETIME = 24 * 3600


class Signer(Protocol):
    """The signer of tokens."""

    issuer: str
    audience: str

    def mint(self, **claims: Any) -> str:
        """Return an access token."""

    def mint_id_token(self, **claims: Any) -> str:
        """Return an ID token."""

    def claims_in_tokens(self, user: str | None) -> Mapping[str, Any]:
        """Return the claims about a user in ID tokens, and the roles in access tokens."""


@dataclass(frozen=True)
class TokenRules:
    """Lifetimes and renewal of tokens; times in seconds."""

    lifetime: int
    refresh_expires_in: int | None = None
    rotate: bool = True
    detect_reuse: bool = False
    offline_access: bool = False


class Server(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    """Authlib's authorization server; ``signer`` signs its tokens."""

    def __init__(
        self,
        signer: Signer,
        clients: Sequence[Client],
        scopes: tuple[str, ...],
        rules: TokenRules,
        proofs: Proofs,
        quirks: Quirks,
        require_par: bool,
    ) -> None:
        super().__init__(scopes_supported=list(scopes))
        self.issuer = signer.issuer
        self.signer = signer
        self.rules = rules
        self.proofs = proofs
        self.quirks = quirks
        self.pushed = PushedRequests(required=require_par)
        self.clients = {client.client_id: client for client in clients}
        self._one_at_a_time = threading.Lock()  # a code must not be used twice at the same time
        self.forget()
        self.register_grant(ClientCredentials)
        self.register_grant(AuthorizationCode, [CodeChallenge(required=True)])
        self.register_grant(Refresh)
        self.register_grant(DeviceCode)
        for endpoint in (DeviceAuthorization, Introspection, Revocation):
            self.register_endpoint(endpoint)

    def forget(self) -> None:
        """Forget everything that was issued."""
        with self._one_at_a_time:
            self.codes: dict[str, Issued] = {}
            self.access_tokens: dict[str, Issued] = {}
            self.refresh_tokens: dict[str, Issued] = {}
            self.devices: dict[str, Device] = {}
            self.reused_refresh_tokens = 0
            self.pushed.clear()

    def issue(
        self, request: Request, login: Login, scope: str | None, refresh: bool
    ) -> dict[str, Any]:
        """Return the tokens of a login, and store them."""
        granted = request.client.get_allowed_scope(scope)
        bound = {} if request.jkt is None else {"cnf": {"jkt": request.jkt}}
        access_token = self.quirks.opaque() or self._access_token(login, granted, bound)
        until = time.time() + self.rules.lifetime
        self.access_tokens[access_token] = Issued(login, granted, until, request.jkt)
        token = {
            "token_type": "DPoP" if bound else "Bearer",
            "access_token": access_token,
            "expires_in": self.rules.lifetime,
            **(self._refresh_token(request, login, granted) if refresh else {}),
            **({"scope": granted} if granted else {}),
        }
        begins = request.refresh_token is None
        if login.user is not None and (begins or "refreshed-id-token" in self.quirks):
            token |= self._id_token(access_token, login)
        return self.quirks.token(token)

    def _access_token(self, login: Login, scope: str, bound: Mapping[str, Any]) -> str:
        roles = self.signer.claims_in_tokens(login.user).get("roles")
        claims = {"client_id": login.client_id, "scope": scope, "roles": roles, **bound}
        if "lightweight-tokens" not in self.quirks:
            claims["sub"] = login.user or login.client_id
        return self.signer.mint(**claims)

    def _refresh_token(self, request: Request, login: Login, scope: str) -> dict[str, Any]:
        if self.rules.offline_access and "offline_access" not in login.scope.split():
            return {}
        public = request.client.client_secret is None
        lasts = self.rules.refresh_expires_in
        until = time.time() + (_REFRESH_LIFETIME if lasts is None else lasts)
        token = secrets.token_urlsafe(32)
        self.refresh_tokens[token] = Issued(login, scope, until, request.jkt if public else None)
        return {"refresh_token": token} | ({} if lasts is None else {"refresh_expires_in": lasts})

    def _id_token(self, access_token: str, login: Login) -> dict[str, str]:
        if "openid" not in login.scope.split() or "no-id-token" in self.quirks:
            return {}
        claims = {
            "aud": login.client_id,
            "sub": login.user,
            "nonce": login.nonce,
            "auth_time": login.auth_time,
            "at_hash": half_hash(access_token, "RS256"),
            **self.signer.claims_in_tokens(login.user),
        }
        return {"id_token": self.signer.mint_id_token(**claims)}

    def count_reuse(self, token: Issued) -> None:
        """Count the reuse of a spent refresh token; end its login if reuse is detected."""
        self.reused_refresh_tokens += 1
        if self.rules.detect_reuse:
            token.login.ended = True

    def token(self, received: Received) -> Answer:
        """Return the response to a token request."""
        try:
            jkt = self.proofs.thumbprint(received)
        except DPoPProofException as error:
            return self.proofs.token_refusal(error)
        if "pkce-refused" in self.quirks and "code_verifier" in received.form:
            return Answer.of_json({"error": "invalid_client"}, 401)
        request = Request(received, self.issuer + received.path, jkt)
        with self._one_at_a_time:
            answer: Answer = self.create_token_response(request)
        return self.proofs.with_nonce(answer)

    def push(self, received: Received) -> Answer:
        """Return the reference to an authorization request (RFC 9126 §2)."""
        try:
            jkt = self.proofs.thumbprint(received)
        except DPoPProofException as error:
            return self.proofs.token_refusal(error)
        request = Request(received, self.issuer + received.path)
        try:
            client = self.authenticate_client(request, METHODS, "par")
            bound = {} if jkt is None else {"dpop_jkt": jkt}
            values = {**received.form, "client_id": client.client_id, **bound}
            request.payload = BasicOAuth2Payload(values)
            self.pushed.check(received.form, bound)
            self.get_authorization_grant(request).validate_authorization_request()
        except OAuth2Error as error:
            error.redirect_uri = None  # the client gets the response, not a browser
            refused: Answer = self.handle_error_response(request, error)
            return refused
        return self.proofs.with_nonce(self.pushed.add(values))

    def authorize(self, received: Received, log_in: Callable[[str | None], str | None]) -> Answer:
        """Return the redirect after a login; ``log_in`` returns the user, or None to deny."""
        request = self.create_oauth2_request(received)
        try:
            request.payload = BasicOAuth2Payload(self.pushed.resolve(request.form))
            grant = self.get_authorization_grant(request)
        except OAuth2Error as error:
            failed: Answer = self.handle_error_response(request, error)
            return failed
        user = log_in(request.form.get("login_hint"))
        if user is None and "no-state-in-errors" in self.quirks:
            request.form.pop("state", None)
        answer: Answer = self.create_authorization_response(request, user, grant)
        return answer

    def endpoint(self, name: str, received: Received) -> Answer:
        """Return the response of a registered endpoint."""
        answer: Answer = self.create_endpoint_response(name, received)
        return answer

    def find(self, token: str) -> Issued | None:
        """Return the record of an access or refresh token."""
        return self.access_tokens.get(token) or self.refresh_tokens.get(token)

    def log_out(self, user: str) -> list[Client]:
        """End the logins of a user, and return the clients of those that were active."""
        with self._one_at_a_time:
            logins = [one.login for one in (*self.access_tokens.values(), *self.codes.values())]
            alive = [login for login in logins if login.user == user and not login.ended]
            for login in alive:
                login.ended = True
        return [self.clients[name] for name in dict.fromkeys(one.client_id for one in alive)]

    def decision(self, user_code: str) -> str | bool | None:
        """Return the user's decision about a device."""
        return next(
            (one.decision for one in self.devices.values() if one["user_code"] == user_code), None
        )

    def query_client(self, client_id: str) -> Client | None:
        """Return the client with this identifier."""
        return self.clients.get(client_id)

    def save_token(self, token: Any, request: Any) -> None:
        """Do nothing: :meth:`issue` has stored it."""

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Do nothing: there are no listeners."""

    def create_oauth2_request(self, request: Received | OAuth2Request) -> OAuth2Request:
        """Return Authlib's view of a request."""
        if isinstance(request, OAuth2Request):
            return request
        return Request(request, self.issuer + request.path)

    def handle_response(self, status: int, body: Any, headers: Any) -> Answer:
        """Return our view of Authlib's response."""
        if not body:
            return Answer(status, b"", dict(headers))
        answer = Answer.of_json(dict(body), status)
        return Answer(status, answer.body, dict(headers))
