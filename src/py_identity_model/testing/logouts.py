"""Delivery of logout tokens to clients (OpenID Connect Back-Channel Logout)."""

from __future__ import annotations

import httpx

from ..exceptions import NetworkException

_TIMEOUT = 10.0  # seconds


def send_logout_token(uri: str, logout_token: str) -> int:
    """Post a logout token, and return the status of the response (§2.5, §2.8)."""
    try:
        answer = httpx.post(
            uri, data={"logout_token": logout_token}, timeout=_TIMEOUT, trust_env=False
        )
    except httpx.HTTPError as error:
        raise NetworkException(f"{uri} could not be reached: {error}") from None
    return answer.status_code
