"""Pushed authorization requests at the embedded provider (RFC 9126)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping

from ._authlib import InvalidRequestError
from .wire import Answer

_LIFETIME = 60


class PushedRequests:
    """Stores pushed requests, each for one use by its client; ``required`` refuses others."""

    def __init__(self, *, required: bool) -> None:
        self.required = required
        self._pushed: dict[str, tuple[Mapping[str, str], float]] = {}

    def clear(self) -> None:
        """Remove all."""
        self._pushed.clear()

    def check(self, form: Mapping[str, str], bound: Mapping[str, str]) -> None:
        """Raise Authlib's error for a reference to another one, or for two different keys."""
        if "request_uri" in form:
            raise InvalidRequestError("'request_uri' must not be pushed.")
        if bound and form.get("dpop_jkt") not in {None, *bound.values()}:
            raise InvalidRequestError("'dpop_jkt' is not the thumbprint of the proof's key.")

    def add(self, values: Mapping[str, str]) -> Answer:
        """Store a request, and return the response with its reference."""
        reference = f"urn:ietf:params:oauth:request_uri:{secrets.token_urlsafe(24)}"
        self._pushed[reference] = values, time.time() + _LIFETIME
        return Answer.of_json({"request_uri": reference, "expires_in": _LIFETIME}, 201)

    def resolve(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return the parameters of an authorization request, pushed or not."""
        reference = values.get("request_uri")
        if reference is None:
            if self.required:
                raise InvalidRequestError("Authorization requests must be pushed.")
            return dict(values)
        found, until = self._pushed.pop(reference, ({}, 0.0))
        if until <= time.time() or found["client_id"] != values.get("client_id"):
            raise InvalidRequestError("Invalid 'request_uri' in request.")
        return dict(found)
