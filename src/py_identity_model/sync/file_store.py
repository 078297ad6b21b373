# Generated from aio/file_store.py by scripts/make_sync.py; edit that file.
"""Tokens and logins in files, for programs on a machine of one user."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from json import loads
from pathlib import Path
from typing import Any

from .._files import FileLock, place_of, private_folder, read_private, write_private
from .._seam.lock_waits import wait_left
from .._seam.sync import sleep
from .._sessions.session_record import SessionRecord
from .._wire.stored_value import ValueHooks, pack_value, unpack_value, unreadable_error
from .session_store import index_keys, is_wanted

_POLL = 0.02
_HASH = "[0-9a-f]" * 64  # the end of a value's name


class FileValues:
    """A folder of values: each in a file that only its owner can read, and replaced whole."""

    _kind = "value"

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        encrypt: Callable[[bytes], bytes] | None = None,
        decrypt: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self._hooks = ValueHooks(encrypt, decrypt)
        self._folder = private_folder(folder)
        self.clock = time.time

    def lock(self, name: str) -> AbstractContextManager[Any]:
        """Return the lock of ``name``, as a context: between processes, threads and tasks.

        The end of a process gives its locks back.

        Example::

            with FileTokenStore(folder).lock("key"):
                print("alone")
        """
        return _HeldFile(place_of(self._folder, f"{self._kind}-lock", name))

    def delete(self, name: str) -> None:
        """Delete what is stored under ``name``.

        Example::

            FileTokenStore(folder).delete("key")
        """
        place_of(self._folder, self._kind, name).unlink(missing_ok=True)

    def _read(self, name: str) -> str | None:
        found = read_private(place_of(self._folder, self._kind, name))
        if found is None:
            return None
        text = self._hooks.open(found)
        try:
            members = unpack_value(self._kind, name, text)
            value, until = members["value"], members["until"]
        except (ValueError, KeyError) as error:
            raise unreadable_error() from error
        return None if until is not None and self.clock() >= until else str(value)

    def _write(self, name: str, value: str, expires_in: float | None) -> None:
        until = None if expires_in is None else self.clock() + expires_in
        members = {"value": value, "until": until}
        text = pack_value(self._kind, name, members)
        write_private(place_of(self._folder, self._kind, name), self._hooks.seal(text))
        self._prune()

    def _prune(self) -> None:
        """Delete expired values, which nobody may ask for again.

        One that is replaced at this moment may be lost as well: a token is requested again then,
        and records of logins are written under a lock.
        """
        for place in self._places():
            with suppress(Exception):  # it was written with another key, or deleted meanwhile
                until = self._packed(place)["value"]["until"]
                if until is not None and self.clock() >= until:
                    place.unlink()

    def _places(self) -> list[Path]:
        """Return the files of values; others have locks."""
        return sorted(self._folder.glob(f"{self._kind}-{_HASH}"))

    def _packed(self, place: Path) -> dict[str, Any]:
        return dict(loads(self._hooks.open(place.read_bytes())))


class FileTokenStore(FileValues):
    """A token store in a folder: an :class:`TokenStore` for command lines and desktops.

    :param folder: where the files are; it is made, for its owner alone, if it is missing
    :param encrypt: gets each value before it is written, as bytes: those of
        :func:`keyring_encryption`, for example
    :param decrypt: gets what is read

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for hooks that come alone, and
    :class:`ConfigurationException`: ``unusable_folder`` for one that others can read, and
    ``unreadable_value``, by :meth:`get`, where ``decrypt`` fails.

    Example::

        store = FileTokenStore(folder, encrypt=fernet.encrypt, decrypt=fernet.decrypt)
    """

    _kind = "token"

    def get(self, key: str) -> str | None:
        """Return what is stored under ``key``, if it has not expired.

        Example::

            value = FileTokenStore(folder).get("key")
        """
        return self._read(key)

    def set(self, key: str, value: str, expires_in: float | None) -> None:
        """Store ``value``, for ``expires_in`` seconds if that is not None.

        Example::

            FileTokenStore(folder).set("key", "value", 60)
        """
        self._write(key, value, expires_in)


class FileSessionStore(FileValues):
    """A session store in a folder: an :class:`SessionStore` for command lines and desktops.

    The parameters and what is raised are those of :class:`FileTokenStore`.  To find records
    by user all of them are read: it is meant for the logins of one person.

    Example::

        sessions = FileSessionStore(folder, encrypt=fernet.encrypt, decrypt=fernet.decrypt)
    """

    _kind = "session"

    def get(self, name: str) -> SessionRecord | None:
        """Return the record, or None if there is none.

        Example::

            record = FileSessionStore(folder).get("name")
        """
        text = self._read(name)
        if text is None:
            return None
        try:
            return SessionRecord.unpack(name, text)
        except ValueError as error:
            raise unreadable_error() from error

    def set(
        self, name: str, record: SessionRecord, expected: int | None, expires_in: float
    ) -> bool:
        """Store ``record`` if the stored one has the version ``expected``; return whether it had.

        Example::

            stored = FileSessionStore(folder).set("name", SessionRecord(), None, 60)
        """
        # Not the lock of the name: a renewal of the login holds that one meanwhile.
        with _HeldFile(self._folder / "session-guard"):
            stored = self.get(name)
            if (None if stored is None else stored.version) != expected:
                return False
            self._write(name, record.pack(name), expires_in)
            return True

    def find_by(
        self, *, sub: str | None = None, sid: str | None = None, issuer: str | None = None
    ) -> list[str]:
        """Return the names of the records of a user, of a provider's session, or of both.

        Example::

            names = FileSessionStore(folder).find_by(sub="alice")
        """
        index_keys(sub, sid)
        found = []
        for name in self._names():
            record = self.get(name)
            if record is not None and is_wanted(record, sub, sid, issuer):
                found.append(name)
        return found

    def _names(self) -> list[str]:
        names = []
        for place in self._places():
            with suppress(Exception):  # it was written with another key
                names.append(str(self._packed(place)["name"]))
        return sorted(names)


class _HeldFile:
    """A lock file, held in a block; others wait without stopping their event loop."""

    def __init__(self, place: Path) -> None:
        self._lock = FileLock(place)

    def __enter__(self) -> None:
        while not self._lock.try_acquire():
            wait_left()
            sleep(_POLL)

    def __exit__(self, *details: object) -> None:
        self._lock.release()
