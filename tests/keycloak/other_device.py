"""The server that asks users on their own devices (CIBA), and answers for them."""

from __future__ import annotations

import json
import queue
from typing import Any

import httpx

from py_identity_model._resource_server.trusted_issuer import unverified_issuer
from py_identity_model.testing.wire import Answer, LoopbackServer, Received

CALLBACK = "/protocol/openid-connect/ext/ciba/auth/callback"


class OtherDevice:
    """Receives Keycloak's questions; a test answers them."""

    def __init__(self) -> None:
        self.asked: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()
        self._server = LoopbackServer(self._respond)
        self._server.start()
        self.url = f"http://127.0.0.1:{self._server.port}/"

    def stop(self) -> None:
        """Stop serving."""
        self._server.stop()

    def answer(self, status: str = "SUCCEED") -> dict[str, Any]:
        """Answer the next question, and return it; others are CANCELLED and UNAUTHORIZED."""
        token, question = self.asked.get(timeout=10)
        httpx.post(
            f"{unverified_issuer(token)}{CALLBACK}",
            json={"status": status},
            headers={"authorization": f"Bearer {token}"},
            trust_env=False,
        ).raise_for_status()
        return question

    def _respond(self, received: Received) -> Answer:
        token = received.headers["authorization"].removeprefix("Bearer ")
        self.asked.put((token, json.loads(received.body)))
        return Answer(201)
