"""The seam, for threads."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Sequence
from contextvars import copy_context
from inspect import isawaitable
from threading import Event, Lock
from time import sleep
from typing import Annotated, Any, Generic, ParamSpec, TypeAlias, TypeVar

import httpcore
import httpx

from .._fork import forget_in_child
from .._logging import logger

__all__ = [
    "Closing",
    "Event",
    "Lock",
    "MaybeResult",
    "PeerLocal",
    "Result",
    "WorkerLocal",
    "call",
    "deadline",
    "gather",
    "open_client",
    "sleep",
    "spawn",
]

P = ParamSpec("P")
T = TypeVar("T")

# Annotated, because a bare ``T`` cannot be subscripted when the program runs.
Result: TypeAlias = Annotated[T, "returned directly"]
"""What an I/O function returns before the caller has waited for it."""

MaybeResult: TypeAlias = Annotated[T, "returned directly"]
"""What a user's callback may return."""


class WorkerLocal(Generic[T]):
    """One value per worker that may own a connection pool: here, per thread.

    It is closed when nobody uses it any more: neither its thread, nor a call that this thread
    spawned and that outlives it.
    """

    def __init__(
        self,
        name: str,
        factory: Callable[[], T],
        closer: Callable[[T], Callable[[], Result[object]]],
    ) -> None:
        self._local = threading.local()
        self._factory = factory
        self._closer = closer
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._local = threading.local()

    def peek(self) -> T | None:
        """Return this worker's value, or None if there is none."""
        value: T | None = getattr(self._local, "value", None)
        return value

    def get(self) -> T:
        """Return this worker's value, making it first where there is none."""
        value = self.peek()
        return self.renew() if value is None else value

    def renew(self) -> T:
        """Make and return a new value for this worker."""
        value = self._factory()
        weakref.finalize(value, _close_at_home, os.getpid(), self._closer(value))
        self._local.value = value
        return value


def _close_at_home(pid: int, close: Callable[[], object]) -> None:
    if pid == os.getpid():  # a forked child must leave the parent's sockets alone
        close()


class PeerLocal(Generic[T]):
    """One value per set of workers that can wait for each other: here, per process."""

    def __init__(self, name: str, factory: Callable[[], T]) -> None:
        self._factory = factory
        self._value = factory()
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._value = self._factory()

    def get(self) -> T:
        """Return the value of this worker's peers."""
        return self._value


def call(func: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a user's callback, which must be a plain function."""
    result = func(*args, **kwargs)
    if isawaitable(result):
        dispose = getattr(result, "close", None) or getattr(result, "cancel", None)
        if dispose is not None:
            dispose()
        raise TypeError(
            f"{func!r} returned an awaitable, which only py_identity_model.aio can wait for"
        )
    return result


def gather(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Make every call at once, one thread each; the first error wins."""
    if len(calls) < 2:
        return [one() for one in calls]
    # Imported here: the executor costs 10 ms that importing the package should not.
    from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        futures = [pool.submit(copy_context().run, one) for one in calls]
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
    failed = [error for future in done if (error := future.exception()) is not None]
    if failed:
        raise failed[0]
    return [future.result() for future in futures]


def spawn(name: str, one: Callable[[], Result[object]]) -> bool:
    """Start a call that nobody waits for; return False if it could not be started.

    What it raises is logged.  The end of the process stops it.
    """

    def run() -> None:
        try:
            one()
        except Exception:
            logger.exception("%s failed", name)

    context = copy_context()
    try:
        threading.Thread(target=context.run, args=(run,), name=name, daemon=True).start()
    except RuntimeError:  # the interpreter is shutting down, or there are too many threads
        return False
    return True


_due = threading.local()


@contextlib.contextmanager
def deadline(seconds: float) -> Generator[None]:
    """Bound the reads of the block's clients, so that none outlasts ``seconds`` in total.

    A thread cannot be interrupted, so the block itself checks between its steps.
    """
    outer: float | None = getattr(_due, "at", None)
    due = time.monotonic() + seconds
    _due.at = due if outer is None else min(due, outer)
    try:
        yield
    finally:
        _due.at = outer


def _bounded(timeout: float | None) -> float | None:
    """Return ``timeout``, or what the deadline leaves if that is less; raise when it is past."""
    due: float | None = getattr(_due, "at", None)
    if due is None:
        return timeout
    left = due - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the deadline has passed")
    return left if timeout is None else min(timeout, left)


class _BoundedStream(httpcore.NetworkStream):
    """A connection whose every read and write ends with the deadline of the running block.

    httpx's own timeouts are for one read each: a peer that sends a header field now and then
    would keep a thread for ever.
    """

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _bounded(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _bounded(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, _bounded(timeout))
        return _BoundedStream(stream)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _BoundedBackend(httpcore.NetworkBackend):
    """Makes bounded connections."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        return _BoundedStream(
            self._backend.connect_tcp(host, port, _bounded(timeout), local_address, socket_options)
        )

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


def open_client(**options: Any) -> httpx.Client:
    """Return a new client of httpx, bounded by :func:`deadline`."""
    client = httpx.Client(**options)
    for transport in (client._transport, *client._mounts.values()):
        # httpx has no public way to hand a backend to httpcore; without one, reads stay
        # bounded by the timeout of each alone.
        pool = getattr(transport, "_pool", None)
        if isinstance(backend := getattr(pool, "_network_backend", None), httpcore.NetworkBackend):
            pool._network_backend = _BoundedBackend(backend)  # type: ignore[union-attr]
    return client


class Closing(ABC):
    """An object with a ``close``; a second name is needed only where it can be waited for."""

    @abstractmethod
    def close(self) -> None:
        """Close it."""
