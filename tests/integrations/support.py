"""What the tests of adapters share."""

from __future__ import annotations

from typing import Any

import httpx

from py_identity_model import OAuthClient
from py_identity_model.aio import AsyncOAuthClient
from py_identity_model.testing import EmbeddedProvider

BASE = "https://testserver"
SECRET = "0123456789abcdef" * 2


def awaitable_client(provider: EmbeddedProvider, **more: Any) -> AsyncOAuthClient:
    return AsyncOAuthClient(
        provider.issuer, provider.client_id, client_secret=provider.client_secret, **more
    )


def blocking_client(provider: EmbeddedProvider, **more: Any) -> OAuthClient:
    return OAuthClient(
        provider.issuer, provider.client_id, client_secret=provider.client_secret, **more
    )


def through_provider(url: str) -> str:
    """Return where the provider sends the browser back to."""
    return str(httpx.get(url, trust_env=False).headers["location"])


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
