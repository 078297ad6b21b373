"""The seam for threads."""

from __future__ import annotations

import atexit
import math
import os
import threading
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextvars import copy_context
from inspect import isawaitable
from threading import Event, Lock
from time import sleep
from typing import TYPE_CHECKING, Annotated, Any, Generic, ParamSpec, TypeAlias, TypeVar

from .._fork import forget_in_child
from .._logging import logger
from .._settings import MOST_CONNECTIONS, OVERLAP_DELAY
from ..exceptions import ConfigurationException
from . import UnusableCallbackError
from .deadlines import deadline, time_left, time_within, without_deadline
from .lock_waits import LockHeldError, wait_left

if TYPE_CHECKING:
    import ssl

    import httpx

    from .._tls import LazySSLContext

__all__ = [
    "Closing",
    "Event",
    "Lock",
    "MaybeResult",
    "PeerLocal",
    "Result",
    "SharedLock",
    "WorkerLocal",
    "call",
    "deadline",
    "finish",
    "gather",
    "open_client",
    "run_while_waiting",
    "sleep",
    "spawn",
    "wait_for",
    "without_deadline",
    "work",
]

P = ParamSpec("P")
T = TypeVar("T")

# Annotated, because a bare ``T`` cannot be subscripted when the program runs.
Result: TypeAlias = Annotated[T, "returned directly"]
"""The result of an I/O function before the caller has waited for it."""

MaybeResult: TypeAlias = Annotated[T, "returned directly"]
"""The result of a user's callback."""


class WorkerLocal(Generic[T]):
    """One value per worker that may own a connection pool: here, per thread.

    It is closed when it is no longer in use: neither by its thread, nor by a call that this thread
    spawned and that outlives it.
    """

    def __init__(
        self,
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

    def renew(self) -> T:
        """Create and return a new value for this worker."""
        value = self._factory()
        weakref.finalize(value, _close_at_home, os.getpid(), self._closer(value))
        self._local.value = value
        return value


def _close_at_home(pid: int, close: Callable[[], object]) -> None:
    if pid == os.getpid():  # a forked child must leave the parent's sockets alone
        close()


class PeerLocal(Generic[T]):
    """One value per set of workers that can wait for each other: here, per process."""

    def __init__(self, factory: Callable[[], T]) -> None:
        self._factory = factory
        self._value = factory()
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._value = self._factory()

    def get(self) -> T:
        """Return the value of this worker's peers."""
        return self._value


class SharedLock:
    """A lock for every thread of this process."""

    def __init__(self) -> None:
        self._held = Lock()

    def __enter__(self) -> None:
        seconds = wait_left()
        if not self._held.acquire(timeout=-1 if seconds is None else seconds):
            raise LockHeldError

    def __exit__(self, *details: object) -> None:
        self._held.release()


def call(func: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a user's callback, which must be a plain function."""
    result = func(*args, **kwargs)
    if _discards_awaitable(result):
        # Not its repr: that of a partial function shows the arguments, which may be secrets.
        name = getattr(func, "__qualname__", type(func).__qualname__)
        raise UnusableCallbackError(
            f"{name} returned an awaitable, which only py_identity_model.aio can wait for"
        )
    return result


def _discards_awaitable(result: object) -> bool:
    if not isawaitable(result):
        return False
    dispose = getattr(result, "close", None) or getattr(result, "cancel", None)
    if dispose is not None:
        dispose()
    return True


def work(func: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call what may block, which threads may do; it must be a plain function."""
    result = func(*args, **kwargs)
    if _discards_awaitable(result):
        raise ConfigurationException(
            "an awaitable was returned, which only objects of py_identity_model.aio wait for",
            code="awaitable_result",
        )
    return result


def in_thread(func: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call what blocks: this thread is one."""
    return func(*args, **kwargs)


def gather(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Make every call at once, one thread each; the first error is raised."""
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


def run_while_waiting(work: Callable[[], object], over: Event) -> None:
    """Do work that is needed later anyway, in this thread, unless ``over`` comes at once."""
    if not over.wait(OVERLAP_DELAY):
        work()


def wait_for(event: Event, seconds: float | None = None) -> bool:
    """Wait for ``event``, at most ``seconds``; return whether it was set.

    Raises TimeoutError when the running block's deadline has passed.
    """
    if event.wait(time_within(None if seconds == math.inf else seconds)):
        return True
    left = time_left()
    if left is not None and left <= 0:
        raise TimeoutError
    return False


def spawn(name: str, one: Callable[[], Result[object]]) -> bool:
    """Start a call in the background; return False if it could not be started.

    Its exceptions are logged.  The end of the process stops it.
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


_finishing: dict[threading.Thread, float] = {}


def finish(one: Callable[[], T], seconds: float) -> T:
    """Return the result of a call; if the process ends, give it ``seconds`` to complete."""
    thread = threading.current_thread()
    outer = _finishing.get(thread)
    _finishing[thread] = max(seconds, outer or 0.0)
    try:
        return one()
    finally:
        if outer is None:
            _finishing.pop(thread, None)


@atexit.register
def _wait_for_the_last() -> None:
    due = time.monotonic()
    for thread, seconds in list(_finishing.items()):
        if thread is not threading.current_thread():
            thread.join(max(0.0, due + seconds - time.monotonic()))


def open_client(
    context: Callable[[], ssl.SSLContext | LazySSLContext] | None = None, **options: Any
) -> httpx.Client:
    """Return a new httpx client, bounded by :func:`deadline`.

    ``context`` is called after httpx was loaded.
    """
    # Imported here: importing the package should load neither httpx nor, through it, anyio.
    import httpx

    from .deadline_stream import install

    limits = httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=20)
    verify: Any = True if context is None else context()
    client = httpx.Client(verify=verify, **{"limits": limits, **options})
    install(client)
    return client


class Closing(ABC):
    """An object with a ``close``; a second name is needed only if it can be waited for."""

    @abstractmethod
    def close(self) -> None:
        """Close it."""
