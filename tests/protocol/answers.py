"""Answers of endpoints, for tests of what reads them."""

from __future__ import annotations

import json
from typing import Any

from py_identity_model._wire.messages import HttpResponse

URL = "https://op.example/endpoint"
TOKEN: dict[str, Any] = {"access_token": "t", "token_type": "Bearer", "expires_in": 60}


def answer(body: Any, status: int = 200, kind: str = "application/json") -> HttpResponse:
    """Return an answer with ``body``, as JSON unless it is bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, {"content-type": kind}, content)
