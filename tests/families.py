"""A token endpoint that rotates refresh tokens, and ends a login whose spent one comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from py_identity_model.testing import Answer, EmbeddedProvider, Received


class Families:
    """The refresh tokens of many logins: ``name-0``, ``name-1``... each is good once.

    What was presented is in ``presented``, logins that were ended for a reuse in ``revoked``.
    ``more`` is added to each answer, ``before`` is called with each token before it is verified,
    ``after`` before the answer leaves.
    """

    def __init__(self, provider: EmbeddedProvider | None = None, **more: Any) -> None:
        self.presented: list[str] = []
        self.revoked: set[str] = set()
        self.more: dict[str, Any] = {"expires_in": 60, **more}
        self.before: Callable[[str], Answer | None] = lambda token: None
        self.after: Callable[[str], Answer | None] = lambda token: None
        self._spent: set[str] = set()
        self._guard = threading.Lock()
        if provider is not None:
            provider.intercept = self

    def __call__(self, received: Received) -> Answer | None:
        if received.path != "/token" or "refresh_token" not in received.form:
            return None
        token = received.form["refresh_token"]
        answer = self.before(token)
        if answer is not None:
            return answer
        successor = self.exchange(token)
        if successor is None:
            return Answer.of_json({"error": "invalid_grant"}, 400)
        what = received.form.get("resource") or received.form.get("scope") or "login"
        body = {
            "access_token": f"{what}/{successor}",
            "token_type": "Bearer",
            "refresh_token": successor,
            **self.more,
        }
        return self.after(token) or Answer.of_json(
            {name: value for name, value in body.items() if value is not None}
        )

    def exchange(self, token: str) -> str | None:
        """Return the successor of ``token``; None if the login is over."""
        family, _, number = token.rpartition("-")
        with self._guard:
            self.presented.append(token)
            if token in self._spent:
                self.revoked.add(family)
            if family in self.revoked:
                return None
            self._spent.add(token)
        return f"{family}-{int(number) + 1}"
