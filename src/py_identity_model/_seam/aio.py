"""The seam for event loops: asyncio or trio, through anyio."""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextvars import copy_context
from functools import cache, partial
from inspect import isawaitable, iscoroutinefunction
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Self, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

import anyio
import anyio.to_thread
import sniffio
from anyio import Event, Lock, sleep

from .._fork import forget_in_child
from .._logging import logger
from .._settings import MOST_CONNECTIONS, OVERLAP_DELAY
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

Result: TypeAlias = Awaitable[T]
"""The result of an I/O function before the caller has waited for it."""

MaybeResult: TypeAlias = T | Awaitable[T]
"""The result of a user's callback."""


class _LoopLocal(Generic[T]):
    """One value per event loop, dropped with the loop and in forked children.

    The values belong to this object. anyio's RunVar, the obvious choice, was found by its name
    before anyio 4.10, so two objects could share one value; and a loop keeps every RunVar that it
    ever met, even if the object that had it is gone.
    """

    def __init__(self) -> None:
        self._forget_parent()
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._values: WeakKeyDictionary[object, T] = WeakKeyDictionary()

    def get(self) -> T | None:
        return self._values.get(_running_loop())

    def set(self, value: T) -> None:
        self._values[_running_loop()] = value


def _running_loop() -> object:
    """Return the identity of the running event loop; raise RuntimeError without one."""
    if sniffio.current_async_library() == "trio":
        import trio

        return trio.lowlevel.current_trio_token()
    return asyncio.get_running_loop()


class _Slot(Generic[T]):
    """A value, and the generator that closes it."""

    def __init__(self, value: T) -> None:
        self.value: T | None = value
        self.keeper: AsyncGenerator[None] | None = None


class WorkerLocal(Generic[T]):
    """One value per worker that may own a connection pool: here, per event loop.

    The loop closes it: an asynchronous generator that waits inside its ``try`` is registered with
    the loop, which finalizes it, and so runs its ``finally``, before the loop itself ends.
    """

    def __init__(
        self,
        factory: Callable[[], T],
        closer: Callable[[T], Callable[[], Result[object]]],
    ) -> None:
        self._slots: _LoopLocal[_Slot[T]] = _LoopLocal()
        self._factory = factory
        self._closer = closer

    def peek(self) -> T | None:
        """Return this worker's value, or None if there is none."""
        slot = self._slots.get()
        return None if slot is None else slot.value

    def renew(self) -> T:
        """Create and return a new value for this worker."""
        value = self._factory()
        slot = self._slots.get()
        if slot is not None and slot.keeper is not None:
            slot.value = value  # a second generator would leave the first one to the collector
            return value
        slot = _Slot(value)
        slot.keeper = _keep(slot, self._closer)
        with contextlib.suppress(StopIteration):
            # Runs up to the yield; then the loop has registered it.
            slot.keeper.__anext__().send(None)
        self._slots.set(slot)
        return value


async def _keep(
    slot: _Slot[Any], closer: Callable[[Any], Callable[[], Result[object]]]
) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        value = slot.value
        slot.value = slot.keeper = None
        await closer(value)()


class PeerLocal(Generic[T]):
    """One value per set of workers that can wait for each other: here, per event loop."""

    def __init__(self, factory: Callable[[], T]) -> None:
        self._values: _LoopLocal[T] = _LoopLocal()
        self._factory = factory

    def get(self) -> T:
        """Return the value of this worker's peers, creating it if there is none."""
        value = self._values.get()
        if value is None:
            value = self._factory()
            self._values.set(value)
        return value


class SharedLock:
    """A lock for every thread and event loop of this process.

    Tasks of one loop queue up; between loops, the first of each queue tries again and again.  A
    queue across loops would hand the lock to a task whose loop has ended.
    """

    def __init__(self) -> None:
        self._held = threading.Lock()
        self._queues: PeerLocal[Lock] = PeerLocal(Lock)

    async def __aenter__(self) -> None:
        seconds = wait_left()
        if seconds is None:
            await self._acquire()
            return
        with anyio.move_on_after(seconds) as waiting:
            await self._acquire()
        if waiting.cancelled_caught:
            raise LockHeldError

    async def _acquire(self) -> None:
        queue = self._queues.get()
        await queue.acquire()
        try:
            pause = 0.001
            while not self._held.acquire(blocking=False):
                await sleep(pause)
                pause = min(2 * pause, 0.05)
        except BaseException:
            queue.release()
            raise

    async def __aexit__(self, *details: object) -> None:
        self._held.release()
        self._queues.get().release()


async def call(func: Callable[P, MaybeResult[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a user's callback, and wait for its result if that is awaitable."""
    result = func(*args, **kwargs)
    if isawaitable(result):
        return await result
    return result


async def work(func: Callable[P, MaybeResult[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call what may block, in a thread, and wait for its result where that is awaitable."""
    if iscoroutinefunction(func):
        found: T = await func(*args, **kwargs)
        return found
    result = await anyio.to_thread.run_sync(partial(func, *args, **kwargs), abandon_on_cancel=True)
    return await result if isawaitable(result) else result


async def in_thread(func: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call what blocks in a thread; a caller that is cancelled waits for its end."""
    return await anyio.to_thread.run_sync(partial(func, *args, **kwargs))


async def gather(calls: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    """Make every call at once; the first error is raised, and cancels the others."""
    results: dict[int, T] = {}

    async def run(index: int, one: Callable[[], Awaitable[T]]) -> None:
        results[index] = await one()

    try:
        async with anyio.create_task_group() as group:
            for index, one in enumerate(calls):
                group.start_soon(run, index, one)
    except BaseExceptionGroup as errors:
        raise _first(errors) from None
    return [results[index] for index in range(len(calls))]


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def run_while_waiting(work: Callable[[], object], over: Event) -> None:
    """Do work that is needed later anyway, in a thread, unless ``over`` comes at once."""
    with anyio.move_on_after(OVERLAP_DELAY):
        await over.wait()
        return
    with contextlib.suppress(RuntimeError):  # no thread is available: it will be done later
        # A thread of its own: those of the application may all be busy.
        limiter = anyio.CapacityLimiter(1)
        await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=limiter)


async def wait_for(event: Event, seconds: float | None = None) -> bool:
    """Wait for ``event``, at most ``seconds``; return whether it was set.

    Raises TimeoutError when the running block's deadline has passed.
    """
    if seconds is None or seconds == math.inf:
        await event.wait()
        return True
    with anyio.move_on_after(seconds):
        await event.wait()
    return event.is_set()


_spawned: PeerLocal[set[asyncio.Task[None]]] = PeerLocal(set)


def spawn(name: str, one: Callable[[], Result[object]]) -> bool:
    """Start a call in the background; return False if it could not be started.

    Its exceptions are logged.  The end of the loop cancels it.
    """

    async def run() -> None:
        try:
            await one()
        except Exception:
            logger.exception("%s failed", name)

    if sniffio.current_async_library() == "trio":
        import trio

        trio.lowlevel.spawn_system_task(run, name=name, context=copy_context())
    else:
        tasks = _spawned.get()  # the loop itself holds tasks weakly
        task = asyncio.get_running_loop().create_task(run(), name=name)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    return True


async def finish(one: Callable[[], Awaitable[T]], seconds: float) -> T:
    """Return the result of a call; if the caller is cancelled, give it ``seconds`` to complete.

    The end of the event loop cancels every task, but this call gets its time there, too.
    """
    if sniffio.current_async_library() == "trio":
        return await _finish_on_trio(one, seconds)
    task = asyncio.get_running_loop().create_task(_awaited(one))
    # asyncio.run cancels all tasks that it can see. This one is ended by its caller.
    unregister = getattr(asyncio.tasks, "_unregister_task", None)
    if unregister is not None:
        unregister(task)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await _wait_in_spite_of_cancellation(task, seconds)
        if not task.done():
            task.cancel()
            await _wait_in_spite_of_cancellation(task, seconds)
        if task.done() and not task.cancelled():
            task.exception()  # retrieved, so that it is not reported as lost
        raise


async def _awaited(one: Callable[[], Awaitable[T]]) -> T:
    return await one()


async def _wait_in_spite_of_cancellation(task: asyncio.Task[Any], seconds: float) -> None:
    due = time.monotonic() + seconds
    while not task.done() and (left := due - time.monotonic()) > 0:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([task], timeout=left)


async def _finish_on_trio(one: Callable[[], Awaitable[T]], seconds: float) -> T:
    import trio

    outcome: list[T] = []
    errors: list[Exception] = []
    ended = trio.Event()
    scope = trio.CancelScope(shield=True)

    async def run() -> None:
        with scope:
            try:
                outcome.append(await one())
            except Exception as error:
                errors.append(error)
        ended.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        try:
            await ended.wait()
        except trio.Cancelled:
            scope.deadline = trio.current_time() + seconds
            raise
    if errors:
        raise errors[0]
    return outcome[0]


@contextlib.contextmanager
def deadline(seconds: float) -> Generator[None]:
    """Raise TimeoutError in the block once it has taken ``seconds``."""
    with anyio.fail_after(seconds):
        yield


def without_deadline() -> contextlib.AbstractContextManager[None]:
    """Return a context that changes nothing: calls that others wait for are always spawned here."""
    return contextlib.nullcontext()


@cache
def _client_class() -> type[httpx.AsyncClient]:
    import httpx  # here, so that importing the package does not load it

    class Client(httpx.AsyncClient):
        """A client that may be waited for, as the older documentation does, or used at once."""

        def __await__(self) -> Generator[None, None, Self]:
            return self
            yield  # makes this a generator, as the protocol requires

    return Client


def open_client(
    context: Callable[[], ssl.SSLContext | LazySSLContext] | None = None, **options: Any
) -> httpx.AsyncClient:
    """Return a new httpx client, bounded by :func:`deadline`.

    ``context`` is called after httpx was loaded.
    """
    import httpx

    from .coalescing_stream import install

    limits = httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=20)
    verify: Any = True if context is None else context()
    client = _client_class()(verify=verify, **{"limits": limits, **options})
    install(client)
    return client


class Closing(ABC):
    """Gives an object with an awaitable ``close`` the second name ``aclose``."""

    @abstractmethod
    async def close(self) -> None:
        """Close it."""

    async def aclose(self) -> None:
        """Close it: the name that :func:`contextlib.aclosing` looks for."""
        await self.close()
