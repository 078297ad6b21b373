"""Files that hold secrets: readable by their owner alone, replaced whole, and locks in files."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from ._fork import forget_in_child
from .exceptions import ConfigurationException, InvalidArgumentError

_OTHERS = 0o077


def private_folder(path: str | os.PathLike[str]) -> Path:
    """Return a folder that nobody else may enter, making it where there is none.

    Raises ConfigurationException for one that others can read: what is in it cannot be trusted.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise InvalidArgumentError(f"folder must be a path, not {type(path).__name__}")
    try:
        folder = Path(path).expanduser()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except (OSError, ValueError, RuntimeError) as error:  # also what no file system can name
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigurationException(
            f"the folder {str(path)[:200]!r} cannot be used: {reason}", code="unusable_folder"
        ) from None
    if sys.platform != "win32" and (status.st_mode & _OTHERS or status.st_uid != os.geteuid()):
        raise ConfigurationException(
            f"the folder {folder} must belong to you, and be closed to others: chmod 700 {folder}",
            code="unusable_folder",
        )
    return folder


def place_of(folder: Path, kind: str, name: str) -> Path:
    """Return the file of a value; names come from elsewhere, so they are hashed."""
    return folder / f"{kind}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()}"


def read_private(path: Path) -> bytes | None:
    """Return the content of a file, None if there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def write_private(path: Path, content: bytes) -> None:
    """Replace the content of a file in one step: readers see the old or the new one, whole."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


class FileLock:
    """A lock between threads and processes, given back by the end of its process.

    A forked child shares the open file, and with it the lock of its parent: it would hold it
    after its parent's end, and open it if it left the block.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None
        forget_in_child(self)

    def _forget_parent(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def try_acquire(self) -> bool:
        """Take the lock if nobody has it."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        if not _lock(handle):
            os.close(handle)
            return False
        self._handle = handle
        return True

    def release(self) -> None:
        """Give the lock back."""
        handle, self._handle = self._handle, None
        if handle is not None:
            _unlock(handle)
            os.close(handle)


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(handle: int) -> None:
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)
