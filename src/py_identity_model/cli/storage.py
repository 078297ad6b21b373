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
from .inputs import SERVICE

_HOME = "PY_IDENTITY_MODEL_HOME"
_STORAGE = "PY_IDENTITY_MODEL_STORAGE"
_PLAIN = "unencrypted-file"


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
    encrypted: bool

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

    Nothing is stored without encryption because a keyring is locked: that needs a machine that has
    none, or PY_IDENTITY_MODEL_STORAGE=unencrypted-file.  A folder is bound to what it was begun
    with: where the keyring cannot be reached, as in a session by SSH, logins that it protects
    are not replaced by unprotected ones.

    Raises :class:`ConfigurationException`: ``keyring_unavailable`` for a keyring that is locked or
    fails, and ``unreadable_value`` for logins that are protected by one that is not there.
    """
    folder, wanted = home(), os.environ.get(_STORAGE) or None
    if wanted not in {None, "keyring", _PLAIN}:
        raise ConfigurationException(f"{_STORAGE} must be keyring or {_PLAIN}")
    if wanted == _PLAIN:
        return _plain(folder, f"as {_STORAGE} says")
    # One command at a time may make the key: of two, only one would stay in the keyring.
    with FileTokenStore(folder).lock("keyring"):
        try:
            fernet = keyring_encryption(SERVICE)
        except ConfigurationException as error:
            _check_downgrade(folder, error, required=wanted is not None)
            return _plain(folder, error.message)
    seal, unseal = fernet.encrypt, fernet.decrypt
    return Storage(
        FileTokenStore(folder, encrypt=seal, decrypt=unseal),
        FileSessionStore(folder, encrypt=seal, decrypt=unseal),
        f"{folder}, encrypted by a key in the system's keyring",
        encrypted=True,
    )


def _plain(folder: Path, why: str) -> Storage:
    words = f"{folder}, readable by you alone and not encrypted: {why}"
    return Storage(FileTokenStore(folder), FileSessionStore(folder), words, encrypted=False)


def _check_downgrade(folder: Path, error: ConfigurationException, *, required: bool) -> None:
    """Raise unless values may be stored without encryption."""
    remedy = f"unlock it, or set {_STORAGE}={_PLAIN} to store logins in files without encryption"
    if required or has_keyring():
        raise ConfigurationException(f"{error.message}; {remedy}", code=error.code) from error
    if any(_is_encrypted(place) for place in folder.iterdir()):
        raise ConfigurationException(
            f"the logins in {folder} are encrypted by a key in a keyring that is not available "
            f"here: {remedy}, in another folder ({_HOME})",
            code="unreadable_value",
        ) from error


def has_keyring() -> bool:
    """Return whether this machine has a keyring, however locked; one that is switched off counts
    as none.
    """
    try:
        import keyring
        from keyring.backends import fail, null
    except ImportError:  # installed with other parts of the extra left out
        return False
    try:
        return not isinstance(keyring.get_keyring(), (fail.Keyring, null.Keyring))
    except Exception:  # one is configured, and broken
        return True


def _is_encrypted(place: Path) -> bool:
    return place.is_file() and place.read_bytes()[:4] == b"gAAA"  # how Fernet's values begin


def _key(client: OAuthClient) -> str:
    return f"login {client.issuer} {client.client_id}"
