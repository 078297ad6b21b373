"""The OAuth side of the embedded provider: Authlib's server, with everything in memory."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .._protocol.id_token import half_hash
from ..exceptions import DPoPProofException
from ._authlib import AuthorizationServer, CodeChallenge, OAuth2Error, OAuth2Request
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
from .records import Client, Device, Issued, Login
from .wire import Answer, Received

_REFRESH_LIFETIME = 24 * 3600


@dataclass(frozen=True)
class TokenRules:
    """How tokens last and are renewed; times in seconds."""

    lifetime: int
    refresh_expires_in: int | None = None
    rotate: bool = True
    detect_reuse: bool = False


class Server(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    """Authlib's authorization server; ``sign`` makes its tokens."""

    def __init__(
        self,
        issuer: str,
        clients: Sequence[Client],
        scopes: tuple[str, ...],
        sign: Callable[..., str],
        rules: TokenRules,
        proofs: Proofs,
    ) -> None:
        super().__init__(scopes_supported=list(scopes))
        self.issuer = issuer
        self.rules = rules
        self.proofs = proofs
        self.codes: dict[str, Issued] = {}
        self.access_tokens: dict[str, Issued] = {}
        self.refresh_tokens: dict[str, Issued] = {}
        self.devices: dict[str, Device] = {}
        self.reused_refresh_tokens = 0
        self._clients = {client.client_id: client for client in clients}
        self._sign = sign
        self._one_at_a_time = threading.Lock()  # a code must not be spent twice at once
        self.register_grant(ClientCredentials)
        self.register_grant(AuthorizationCode, [CodeChallenge(required=True)])
        self.register_grant(Refresh)
        self.register_grant(DeviceCode)
        for endpoint in (DeviceAuthorization, Introspection, Revocation):
            self.register_endpoint(endpoint)

    def issue(
        self, request: Request, login: Login, scope: str | None, refresh: bool
    ) -> dict[str, Any]:
        """Return the tokens of a login, and remember them."""
        granted = request.client.get_allowed_scope(scope)
        bound = {} if request.jkt is None else {"cnf": {"jkt": request.jkt}}
        access_token = self._sign(
            sub=login.user or login.client_id, client_id=login.client_id, scope=granted, **bound
        )
        until = time.time() + self.rules.lifetime
        self.access_tokens[access_token] = Issued(login, granted, until, request.jkt)
        token = {
            "token_type": "DPoP" if bound else "Bearer",
            "access_token": access_token,
            "expires_in": self.rules.lifetime,
            **(self._refresh_token(request, login, granted) if refresh else {}),
            **({"scope": granted} if granted else {}),
        }
        by_code = request.authorization_code is not None
        return self._with_id_token(token, login) if by_code else token

    def _refresh_token(self, request: Request, login: Login, scope: str) -> dict[str, Any]:
        public = request.client.client_secret is None
        lasts = self.rules.refresh_expires_in
        until = time.time() + (_REFRESH_LIFETIME if lasts is None else lasts)
        token = secrets.token_urlsafe(32)
        self.refresh_tokens[token] = Issued(login, scope, until, request.jkt if public else None)
        told = {} if lasts is None else {"refresh_expires_in": lasts}
        return {"refresh_token": token, **told}

    def _with_id_token(self, token: dict[str, Any], login: Login) -> dict[str, Any]:
        if "openid" not in login.scope.split():
            return token
        id_token = self._sign(
            header={"typ": "JWT"},
            aud=login.client_id,
            client_id=None,
            sub=login.user,
            nonce=login.nonce,
            auth_time=login.auth_time,
            at_hash=half_hash(token["access_token"], "RS256"),
        )
        return {**token, "id_token": id_token}

    def count_reuse(self, token: Issued) -> None:
        """Count a spent refresh token that came again; end its login if reuse is detected."""
        self.reused_refresh_tokens += 1
        if self.rules.detect_reuse:
            token.login.ended = True

    def token(self, received: Received) -> Answer:
        """Return the answer to a token request."""
        try:
            jkt = self.proofs.thumbprint(received)
        except DPoPProofException as error:
            return self.proofs.token_refusal(error)
        request = Request(received, self.issuer + received.path, jkt)
        with self._one_at_a_time:
            answer: Answer = self.create_token_response(request)
        return self.proofs.with_nonce(answer)

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
        """Do nothing: :meth:`issue` has remembered it."""

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Do nothing: nobody listens."""

    def create_oauth2_request(self, request: Received | OAuth2Request) -> OAuth2Request:
        """Return Authlib's view of a request."""
        if isinstance(request, OAuth2Request):
            return request
        return Request(request, self.issuer + request.path)

    def handle_response(self, status: int, body: Any, headers: Any) -> Answer:
        """Return our view of Authlib's answer."""
        if not body:
            return Answer(status, b"", dict(headers))
        answer = Answer.of_json(dict(body), status)
        return Answer(status, answer.body, dict(headers))
