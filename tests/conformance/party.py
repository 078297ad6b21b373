"""The relying party's own web server: what the suite and the browser call."""

from __future__ import annotations

from collections.abc import Callable

from py_identity_model.testing.wire import Answer, LoopbackServer, Received
from tests.op.driver import Certificates

CALLBACK, LOGGED_OUT = "/callback", "/logged-out"
BACK_CHANNEL, FRONT_CHANNEL = "/backchannel-logout", "/frontchannel-logout"
INITIATE_LOGIN, NOTIFICATIONS, REQUEST = "/initiate-login", "/notifications", "/request"

Handler = Callable[[Received], Answer]


class Party:
    """Serves ``handlers`` by path, at ``public_url`` for others."""

    def __init__(
        self, certificates: Certificates, port: int = 0, public_url: str | None = None
    ) -> None:
        self.handlers: dict[str, Handler] = {}
        self._server = LoopbackServer(self._respond, certificates.server_context(), port)
        self.url = (public_url or f"https://localhost:{self._server.port}").rstrip("/")
        self._server.start()

    def publish(self, headers: dict[str, str], content: bytes) -> str:
        """Serve a request object at the registered URL, and return that."""
        self.handlers[REQUEST] = lambda received: Answer(200, content, headers)
        return self.url + REQUEST

    def close(self) -> None:
        """Stop serving."""
        self._server.stop()

    def _respond(self, received: Received) -> Answer:
        handler = self.handlers.get(received.path)
        return Answer(404) if handler is None else handler(received)
