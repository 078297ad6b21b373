"""The OAuth side of the embedded provider: Authlib's server, with clients in memory."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ..exceptions import ConfigurationException
from .wire import Answer, Received

try:
    from authlib.oauth2.rfc6749 import (
        AuthorizationServer,
        ClientMixin,
        OAuth2Request,
    )
    from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
    from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
    from authlib.oauth2.rfc6750 import BearerTokenGenerator
except ImportError as error:
    raise ConfigurationException(
        "py_identity_model.testing needs the extra 'testing', which installs Authlib",
        code="missing_extra",
    ) from error

METHODS = ("client_secret_basic", "client_secret_post")


@dataclass(frozen=True)
class Client(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """A client that may ask for tokens in its own name."""

    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...]

    def get_allowed_scope(self, scope: str | None) -> str:
        """Return what of ``scope`` is granted; everything allowed when nothing is asked for."""
        asked = scope.split() if scope else self.scopes
        return " ".join(one for one in asked if one in self.scopes)

    def check_client_secret(self, client_secret: str) -> bool:
        """Return whether the secret is right, in constant time."""
        return hmac.compare_digest(client_secret.encode(), self.client_secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Return whether the client may authenticate by ``method``."""
        return method in METHODS

    def check_grant_type(self, grant_type: str) -> bool:
        """Return whether the client may use ``grant_type``."""
        return grant_type == "client_credentials"


class _Grant(ClientCredentialsGrant):  # type: ignore[misc]  # Authlib has no types
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar[list[str]] = list(METHODS)


class _Request(OAuth2Request):  # type: ignore[misc]  # Authlib has no types
    def __init__(self, received: Received, uri: str) -> None:
        headers = {name.title(): value for name, value in received.headers.items()}
        super().__init__(received.method, uri, headers=headers)
        self.payload = BasicOAuth2Payload(received.form)

    @property
    def form(self) -> dict[str, str]:
        form: dict[str, str] = self.payload.data
        return form


class TokenEndpoint(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    """Authlib's authorization server, reduced to the client credentials grant."""

    def __init__(
        self,
        address: str,
        clients: Mapping[str, Client],
        scopes: tuple[str, ...],
        sign: Callable[..., str],
        lifetime: int,
    ) -> None:
        super().__init__(scopes_supported=list(scopes))
        self._address = address
        self._clients = clients
        self.register_grant(_Grant)
        self.register_token_generator(
            "default",
            BearerTokenGenerator(
                lambda client, grant_type, user, scope: sign(
                    sub=client.client_id, client_id=client.client_id, scope=scope
                ),
                expires_generator=lambda client, grant_type: lifetime,
            ),
        )

    def respond(self, received: Received) -> Answer:
        """Return the answer to a token request."""
        answer: Answer = self.create_token_response(received)
        return answer

    def query_client(self, client_id: str) -> Client | None:
        """Return the client of that name."""
        return self._clients.get(client_id)

    def save_token(self, token: Any, request: Any) -> None:
        """Keep nothing: tokens speak for themselves."""

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Tell nobody."""

    def create_oauth2_request(self, request: Received) -> OAuth2Request:
        """Return Authlib's view of a request."""
        return _Request(request, self._address)

    def handle_response(self, status: int, body: Any, headers: Any) -> Answer:
        """Return our view of Authlib's answer."""
        answer = Answer.of_json(dict(body), status)
        return Answer(status, answer.body, dict(headers))
