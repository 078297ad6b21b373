"""MCP servers for the tests of both APIs: real HTTP, and real tokens of the embedded provider."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from py_identity_model import (
    AccessTokenRefusedException,
    AccessTokenVerifier,
    build_protected_resource_metadata,
    build_www_authenticate,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from py_identity_model.testing.wire import LoopbackServer
from tests.support import DISCOVERY

METADATA = "/.well-known/oauth-protected-resource"
REDIRECT = "http://127.0.0.1:3000/callback"


class MCPServer:
    """A resource at ``/mcp`` whose tokens come from ``provider``.

    ``needs`` are the scopes that paths need; ``answers`` and ``hook`` answer in its place.
    """

    def __init__(self, provider: EmbeddedProvider, **metadata: Any) -> None:
        self.provider = provider
        self.needs: dict[str, str] = {"/mcp": "read"}
        self.answers: dict[str, Answer] = {}
        self.hook: Callable[[Received], Answer | None] | None = None
        self.refused_tokens: set[str] = set()
        self.received: list[Received] = []
        self._server = LoopbackServer(self._respond)
        self.origin = f"http://127.0.0.1:{self._server.port}"
        self.url = f"{self.origin}/mcp"
        self.metadata: dict[str, Any] | None = build_protected_resource_metadata(
            self.url, authorization_servers=[provider.issuer], **metadata
        )
        self._server.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self._server.stop()

    @property
    def metadata_url(self) -> str:
        """Where its metadata is."""
        return f"{self.origin}{METADATA}/mcp"

    def tokens(self, path: str = "/mcp") -> list[str]:
        """Return the tokens that came to ``path``; empty where a request had none."""
        return [
            one.headers.get("authorization", "").partition(" ")[2]
            for one in self.received
            if one.path == path
        ]

    def asked_for(self, prefix: str) -> int:
        """Return how many requests came for paths that begin so."""
        return sum(one.path.startswith(prefix) for one in self.received)

    def _respond(self, received: Received) -> Answer:
        self.received.append(received)
        answer = self.answers.get(received.path)
        if answer is None and self.hook is not None:
            answer = self.hook(received)
        if answer is not None:
            return answer
        if received.path == f"{METADATA}/mcp" and self.metadata is not None:
            return Answer.of_json(self.metadata)
        if received.path in self.needs:
            return self._resource(received)
        return Answer(404)

    def _resource(self, received: Received) -> Answer:
        authorization = received.headers.get("authorization")
        scope = self.needs[received.path]
        if authorization and authorization.partition(" ")[2] in self.refused_tokens:
            challenge = build_www_authenticate(
                error="invalid_token", resource_metadata=self.metadata_url
            )
            return Answer(401, headers={"www-authenticate": challenge})
        verifier = AccessTokenVerifier(
            self.provider.issuer, "api", resource_metadata=self.metadata_url
        )
        try:
            token = verifier.verify(
                authorization,
                method=received.method,
                uri=self.origin + received.path,
                dpop=received.headers.get("dpop"),
                scopes=scope,
            )
        except AccessTokenRefusedException as error:
            return Answer(error.status_code, headers=dict(error.headers))
        return Answer.of_json({"sub": token.subject, "scopes": sorted(token.scopes)})


def registering(
    provider: EmbeddedProvider, *, secret: bool = False, **document: Any
) -> Callable[[Received], Answer | None]:
    """Return an interceptor with which ``provider`` registers clients, and says ``document``."""

    def intercept(received: Received) -> Answer | None:
        if received.path == DISCOVERY:
            endpoint = {"registration_endpoint": f"{provider.issuer}/register"}
            members = {**provider.document(), **endpoint, **document}
            return Answer.of_json({k: v for k, v in members.items() if v is not None})
        if received.path != "/register":
            return None
        if secret:
            known = {"client_id": provider.client_id, "client_secret": provider.client_secret}
        else:
            known = {"client_id": provider.public_client_id, "token_endpoint_auth_method": "none"}
        return Answer.of_json(known, 201)

    return intercept
