"""The embedded provider as a program of its own, for development."""

from __future__ import annotations

import json
import threading
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..exceptions import InvalidArgumentError
from .provider import EmbeddedProvider

USERS: Mapping[str, Mapping[str, Any]] = {
    "alice": {"name": "Alice", "email": "alice@example.com", "roles": ["admin"]},
    "bob": {"name": "Bob", "email": "bob@example.com", "roles": []},
}


def users_from(file: Path | None) -> Mapping[str, Mapping[str, Any]]:
    """Return the users in a JSON or TOML file, by name, with their claims; two without a file.

    Raises :class:`InvalidArgumentError` for a file that holds something else.
    """
    if file is None:
        return USERS
    try:
        text = file.read_text("utf-8")
        users = tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError) as error:
        raise InvalidArgumentError(f"the users in {file} cannot be read: {error}") from None
    claims = users.values() if isinstance(users, dict) else [None]
    if not users or not all(isinstance(one, dict) for one in claims):
        raise InvalidArgumentError(f"{file} must map names of users to their claims")
    found: dict[str, Mapping[str, Any]] = users
    return found


def facts(provider: EmbeddedProvider) -> dict[str, Any]:
    """Return what a client of a provider must be configured with."""
    return {
        "issuer": provider.issuer,
        "client_id": provider.client_id,
        "client_secret": provider.client_secret,
        "public_client_id": provider.public_client_id,
        "audience": provider.audience,
        "scopes": " ".join(provider.scopes),
        "users": ", ".join(provider.users),
    }


def development_provider(
    *,
    port: int = 8080,
    users: Path | None = None,
    like: str | None = None,
    audience: str = "api",
    client_secret: str,
    allowed_origins: tuple[str, ...] = ("*",),
) -> EmbeddedProvider:
    """Return a provider that asks browsers who they are, on a fixed port, as long as it runs.

    :param port: where it listens on loopback
    :param users: a JSON or TOML file of users with their claims
    :param like: a provider whose habits it takes on
    :param audience: whom its access tokens are for
    :param client_secret: that of its client
    :param allowed_origins: pages that may read its answers (CORS)

    Raises :class:`InvalidArgumentError` for a file or port that cannot be used.

    Example::

        with development_provider(port=0, client_secret=secrets.token_urlsafe()) as provider:
            print(provider.issuer)
    """
    return EmbeddedProvider(
        port=port,
        users=users_from(users),
        like=like,
        audience=audience,
        client_secret=client_secret,
        allowed_origins=allowed_origins,
        login_page=True,
        scopes=("openid", "profile", "email", "offline_access", "api", "read", "write"),
    )


def serve(
    provider: EmbeddedProvider, say: Callable[[dict[str, Any]], object], stop: threading.Event
) -> None:
    """Say how to use a provider, and keep it running until ``stop`` or an interrupt."""
    with provider:
        say(facts(provider))
        try:
            while not stop.wait(0.5):
                pass
        except KeyboardInterrupt:
            pass
