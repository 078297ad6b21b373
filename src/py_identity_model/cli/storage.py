"""Where logins and tokens are kept between commands, and what protects them there."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from .. import (
    FileSessionStore,
    FileTokenStore,
    OAuthClient,
    Session,
    TokenRequestException,
    keyring_encryption,
)
from ..exceptions import ConfigurationException
from ..providers import Provider
from .inputs import SERVICE

_HOME = "PY_IDENTITY_MODEL_HOME"


def home() -> Path:
    """Return the folder: PY_IDENTITY_MODEL_HOME, or where this system has such things."""
    named = os.environ.get(_HOME)
    if named:
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "~")).expanduser() / SERVICE
    if sys.platform == "darwin":
        return Path("~/Library/Application Support").expanduser() / SERVICE
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / SERVICE


@dataclass(frozen=True)
class Storage:
    """The stores of the command line; ``protection`` says in words how they are protected."""

    tokens: FileTokenStore
    sessions: FileSessionStore
    protection: str

    def remember(self, client: OAuthClient, session: Session) -> None:
        """Make a login the one of this client at this provider."""
        self.tokens.set(_key(client), session.to_json(), None)

    def login(self, client: OAuthClient) -> Session:
        """Return the login of this client; raises ``login_required`` if there is none."""
        text = self.tokens.get(_key(client))
        if text is None:
            raise TokenRequestException(
                f"nobody is logged in at {client.issuer} as {client.client_id}",
                code="login_required",
            )
        return client.session(text)

    def forget(self, client: OAuthClient) -> None:
        """Forget the login of this client."""
        self.tokens.delete(_key(client))


def open_storage() -> Storage:
    """Return the stores: encrypted by a key in the system's keyring, if there is one.

    A folder is bound to what it was begun with: where the keyring is locked today, logins that it
    protects are not replaced by unprotected ones, but unreadable.
    """
    folder = home()
    # One command at a time may make the key: of two, only one would stay in the keyring.
    with FileTokenStore(folder).lock("keyring"):
        try:
            fernet = keyring_encryption(SERVICE)
        except ConfigurationException as error:
            words = f"{folder}, readable by you alone and not encrypted: {error.message}"
            return Storage(FileTokenStore(folder), FileSessionStore(folder), words)
    seal, unseal = fernet.encrypt, fernet.decrypt
    return Storage(
        FileTokenStore(folder, encrypt=seal, decrypt=unseal),
        FileSessionStore(folder, encrypt=seal, decrypt=unseal),
        f"{folder}, encrypted by a key in the system's keyring",
    )


def client_of(
    trusted: str | Provider, client_id: str, secret: str | None, storage: Storage
) -> OAuthClient:
    """Return the client whose logins and tokens are in ``storage``."""
    return OAuthClient(
        trusted,
        client_id,
        client_secret=secret,
        token_store=storage.tokens,
        session_store=storage.sessions,
    )


def _key(client: OAuthClient) -> str:
    return f"login {client.issuer} {client.client_id}"
