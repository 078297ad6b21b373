"""An API on loopback, for clients that send tokens."""

from __future__ import annotations

import itertools
from typing import Any, Self

from py_identity_model import ClientCredentialsTokenRequest
from py_identity_model.testing import EmbeddedProvider
from py_identity_model.testing.wire import Answer, LoopbackServer, Received


class Api:
    """Accepts the tokens that are not in ``refused``; may demand proofs with a nonce."""

    def __init__(self, *, nonce: str | None = None) -> None:
        self.nonce = nonce
        self.refused: set[str] = set()
        self.refuses_all = False
        self.received: list[Received] = []
        self.redirects: dict[str, str] = {}
        self.redirects_accepted: dict[str, str] = {}  # only with a good token
        self._server = LoopbackServer(self._respond)
        self.url = f"http://127.0.0.1:{self._server.port}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.stop()

    @property
    def seen(self) -> list[tuple[str, str | None, str | None]]:
        """Path, token and proof of every request."""
        return [
            (one.path, one.headers.get("authorization"), one.headers.get("dpop"))
            for one in self.received
        ]

    def _respond(self, received: Received) -> Answer:
        self.received.append(received)
        if received.path in self.redirects:
            return Answer(307, headers={"location": self.redirects[received.path]})
        scheme, _, token = received.headers.get("authorization", "").partition(" ")
        if self.nonce is not None and self.nonce not in self._proof(received):
            challenge = {"www-authenticate": 'DPoP error="use_dpop_nonce"'}
            return Answer(401, headers={**challenge, "dpop-nonce": self.nonce})
        if self.refuses_all or not token or token in self.refused:
            return Answer(401, headers={"www-authenticate": 'Bearer error="invalid_token"'})
        if received.path in self.redirects_accepted:
            return Answer(307, headers={"location": self.redirects_accepted[received.path]})
        return Answer.of_json({"body": received.body.decode(), "scheme": scheme})

    def _proof(self, received: Received) -> str:
        from py_identity_model._jose.encoding import decode_base64url

        proof = received.headers.get("dpop", "")
        return decode_base64url(proof.split(".")[1].encode()).decode() if proof else ""


def request_of(provider: EmbeddedProvider, **more: Any) -> ClientCredentialsTokenRequest:
    return ClientCredentialsTokenRequest(
        provider.token_endpoint, provider.client_id, provider.client_secret, **more
    )


def unbound(provider: EmbeddedProvider) -> None:
    """Let the provider answer token requests with ``token-0``, ``token-1``…, whatever they say."""
    numbers = itertools.count()

    def respond(received: Received) -> Answer | None:
        if received.path != "/token":
            return None
        kind = "DPoP" if "dpop" in received.headers else "Bearer"
        token = {"access_token": f"token-{next(numbers)}", "token_type": kind, "expires_in": 3600}
        return Answer.of_json(token)

    provider.intercept = respond
