"""The two halves of the seam against each other, and each on its own ground."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import inspect
import logging
import threading
import time
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import httpcore
import httpx
import pytest
import trio

from py_identity_model import _fork
from py_identity_model._seam import aio, deadline_stream, sync
from py_identity_model.sync._cache.single_flight import SingleFlight

SHAPES = [
    "call",
    "deadline",
    "finish",
    "gather",
    "run_while_waiting",
    "open_client",
    "spawn",
    "wait_for",
    "WorkerLocal",
    "PeerLocal",
]


class Box:
    """A value that can be weakly referenced, and knows whether it was closed."""

    def __init__(self) -> None:
        self.closed = Flag()


class Flag:
    def __init__(self) -> None:
        self.set = False

    def raise_it(self) -> None:
        self.set = True

    async def araise_it(self) -> None:
        self.set = True


def sync_local() -> sync.WorkerLocal[Box]:
    return sync.WorkerLocal(Box, lambda box: box.closed.raise_it)


def got(local: Any) -> Box:
    value: Box | None = local.peek()
    made: Box = local.renew() if value is None else value
    return made


def aio_local() -> aio.WorkerLocal[Box]:
    return aio.WorkerLocal(Box, lambda box: box.closed.araise_it)


def in_thread(work: Callable[[], Any]) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def on_asyncio(work: Callable[[], Any]) -> Any:
    async def main() -> Any:
        return work()

    return asyncio.run(main())


def on_trio(work: Callable[[], Any]) -> Any:
    async def main() -> Any:
        return work()

    return trio.run(main)


WORKERS = [(sync_local, in_thread), (aio_local, on_asyncio), (aio_local, on_trio)]


def test_both_halves_export_the_same_names() -> None:
    assert aio.__all__ == sync.__all__
    assert all(hasattr(half, name) for half in (aio, sync) for name in half.__all__)


@pytest.mark.parametrize("name", SHAPES)
def test_both_halves_take_the_same_parameters(name: str) -> None:
    def shape(half: object) -> list[tuple[str, object, object]]:
        signature = inspect.signature(getattr(half, name))
        return [(p.name, p.kind, p.default) for p in signature.parameters.values()]

    assert shape(aio) == shape(sync)


@pytest.mark.parametrize("name", ["WorkerLocal", "PeerLocal", "Closing"])
def test_classes_have_the_same_methods_but_for_a_second_name(name: str) -> None:
    def methods(half: object) -> set[str]:
        members = vars(getattr(half, name))
        return {m for m in members if not m.startswith("_") and callable(members[m])}

    assert methods(aio) - {"aclose"} == methods(sync)


@pytest.mark.parametrize(("make", "run"), WORKERS)
def test_each_worker_has_a_value_of_its_own(make: Callable[[], Any], run: Any) -> None:
    local = make()

    def twice() -> tuple[Any, Any, Any]:
        before = local.peek()
        return before, got(local), got(local)

    first, second = run(twice), run(twice)
    assert first[0] is second[0] is None
    assert first[1] is first[2] is not second[1]
    assert second[1] is second[2]


@pytest.mark.parametrize(("make", "run"), WORKERS)
def test_the_end_of_a_worker_closes_its_value_and_lets_go_of_it(
    make: Callable[[], Any], run: Any
) -> None:
    local = make()

    def use() -> tuple[weakref.ref[Box], Flag]:
        box = got(local)
        return weakref.ref(box), box.closed

    references = [run(use) for _ in range(3)]
    gc.collect()
    assert [(reference(), flag.set) for reference, flag in references] == [(None, True)] * 3


@pytest.mark.parametrize(("make", "run"), WORKERS)
def test_a_renewed_value_takes_the_old_ones_place(make: Callable[[], Any], run: Any) -> None:
    local = make()

    def renew() -> bool:
        old = got(local)
        new = local.renew()
        return new is not old and got(local) is new

    assert run(renew)


def test_a_value_still_in_use_outlives_its_thread() -> None:
    local = sync_local()
    box = in_thread(lambda: got(local))
    assert not box.closed.set
    flag = box.closed
    del box
    gc.collect()
    assert flag.set


def test_a_loop_closed_under_its_value_does_not_trouble_the_next() -> None:
    local = aio_local()

    async def get() -> Box:
        return got(local)

    abandoned = asyncio.new_event_loop()
    first = abandoned.run_until_complete(get())
    abandoned.close()
    assert on_asyncio(lambda: got(local)) is not first


def test_two_loops_at_once_have_two_values() -> None:
    local = aio_local()
    barrier = threading.Barrier(2)

    def work() -> Box:
        barrier.wait(5)
        box = got(local)
        barrier.wait(5)
        return box

    found: list[Box] = []
    threads = [threading.Thread(target=lambda: found.append(on_asyncio(work))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(box) for box in found}) == 2


def test_outside_a_loop_the_value_is_missing() -> None:
    with pytest.raises(RuntimeError):
        got(aio_local())


def test_peers_are_threads_of_one_process_or_tasks_of_one_loop() -> None:
    shared: sync.PeerLocal[Box] = sync.PeerLocal(Box)
    assert in_thread(shared.get) is in_thread(shared.get) is shared.get()
    separate: aio.PeerLocal[Box] = aio.PeerLocal(Box)
    assert on_asyncio(separate.get) is not on_asyncio(separate.get)
    assert on_asyncio(lambda: separate.get() is separate.get())


def test_a_forked_child_forgets_what_its_parent_owned() -> None:
    local, peers = sync_local(), sync.PeerLocal(Box)
    box, shared = got(local), peers.get()
    local._forget_parent()
    peers._forget_parent()
    assert local.peek() is None
    assert peers.get() is not shared
    assert not box.closed.set


def test_a_child_forked_by_a_loop_forgets_what_the_loop_owned() -> None:
    local = aio_local()

    def fork() -> bool:
        before = got(local)
        local._slots._forget_parent()
        return local.peek() is None and got(local) is not before

    assert on_asyncio(fork)


def test_a_fork_is_reported_to_those_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []

    class Thing:
        def _forget_parent(self) -> None:
            told.append(self)

    monkeypatch.setattr(_fork, "_forgetful", weakref.WeakSet())
    thing = Thing()
    _fork.forget_in_child(thing)
    _fork._after_fork_in_child()
    assert told == [thing]


def test_a_child_does_not_close_what_it_inherited() -> None:
    flag = Flag()
    sync._close_at_home(-1, flag.raise_it)
    assert not flag.set


async def test_a_callback_may_be_plain_or_awaitable() -> None:
    async def later(value: int) -> int:
        return value

    class Callable_:
        async def __call__(self, value: int) -> int:
            return value

    def now(value: int) -> int:
        return value

    def task(value: int) -> Awaitable[int]:
        return asyncio.ensure_future(later(value))

    assert [await aio.call(f, 1) for f in (later, now, Callable_(), task)] == [1, 1, 1, 1]
    assert sync.call(now, value=1) == 1


async def test_an_awaitable_callback_is_refused_by_the_blocking_api_and_disposed_of() -> None:
    async def later() -> None: ...

    class Bare:
        def __await__(self) -> Any: ...

    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    for callback in (later, Bare, lambda: future):
        with pytest.raises(TypeError, match=r"only py_identity_model\.aio can wait for"):
            sync.call(callback)
    assert future.cancelled()


def test_the_refusal_of_an_awaitable_callback_names_it_without_its_arguments() -> None:
    async def fetch(password: str) -> None: ...

    callbacks: dict[str, Callable[..., object]] = {
        "lambda>": lambda: fetch("s3cret"),
        "partial": functools.partial(fetch, "s3cret"),
    }
    for name, callback in callbacks.items():
        with pytest.raises(TypeError, match=f"{name} returned an awaitable") as caught:
            sync.call(callback)
        assert "s3cret" not in str(caught.value)


async def test_calls_are_gathered_in_order() -> None:
    async def one(value: int) -> int:
        await aio.sleep(0)
        return value

    calls: list[Callable[[], Awaitable[int]]] = [lambda: one(1), lambda: one(2)]
    assert await aio.gather(calls) == [1, 2]
    assert sync.gather([lambda: 1, lambda: 2]) == [1, 2]
    assert sync.gather([lambda: 1]) == [1]
    assert sync.gather([]) == await aio.gather([]) == []


async def test_the_first_error_of_a_gathering_wins_and_cancels_the_rest() -> None:
    cancelled = []

    async def fail() -> None:
        raise LookupError("no")

    async def linger() -> None:
        try:
            await aio.Event().wait()
        finally:
            cancelled.append(True)

    with pytest.raises(LookupError):
        await aio.gather([linger, fail])
    assert cancelled == [True]


def test_the_first_error_of_gathered_threads_wins() -> None:
    def fail() -> None:
        raise LookupError("no")

    with pytest.raises(LookupError):
        sync.gather([fail, lambda: None])


def test_gathered_and_spawned_threads_see_the_callers_context() -> None:
    variable = contextvars.ContextVar("variable", default="unset")
    variable.set("set")
    assert sync.gather([variable.get] * 2) == ["set"] * 2
    seen: list[str] = []
    done = threading.Event()

    def look() -> None:
        seen.append(variable.get())
        done.set()

    assert sync.spawn("look", look)
    assert done.wait(5)
    assert seen == ["set"]


def test_an_exception_of_a_spawned_call_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    ended = threading.Event()

    def fail() -> None:
        ended.set()
        raise LookupError("no")

    async def afail() -> None:
        raise LookupError("no")

    async def main() -> None:
        assert aio.spawn("fetch b", afail)
        await aio.sleep(0.01)

    sync.spawn("fetch a", fail)
    ended.wait(5)
    asyncio.run(main())
    trio.run(main)
    for _ in range(500):
        if caplog.text.count("failed") == 3:
            break
        time.sleep(0.01)
    assert "fetch a failed" in caplog.text
    assert caplog.text.count("fetch b failed") == 2


@pytest.mark.parametrize("run", [asyncio.run, lambda main: trio.run(lambda: main)])
def test_the_end_of_the_loop_stops_a_spawned_call_quietly(
    run: Callable[[Any], Any], caplog: pytest.LogCaptureFixture
) -> None:
    stopped = []

    async def linger() -> None:
        try:
            await aio.Event().wait()
        finally:
            stopped.append(True)

    async def main() -> None:
        aio.spawn("linger", linger)
        await aio.sleep(0.01)

    run(main())
    gc.collect()
    assert stopped == [True]
    assert caplog.text == ""


def test_a_thread_that_cannot_be_started_is_reported_and_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert not sync.spawn("late", lambda: None)

    def note() -> int:
        left.append(sync.wait_for(over, 0.0))
        return 1

    left: list[bool] = []
    over = threading.Event()
    with sync.deadline(0.0):  # the caller makes the call itself, but others wait for it, too
        assert SingleFlight[int]("late").run("key", note) == (1, True)
        with pytest.raises(TimeoutError):
            sync.wait_for(over, 0.0)
    assert left == [False]


def test_a_thread_works_itself_while_others_wait_for_it() -> None:
    done: list[int] = []
    sync.run_while_waiting(lambda: done.append(threading.get_ident()), threading.Event())
    assert done == [threading.get_ident()]


async def test_nothing_is_done_beside_what_is_over_at_once() -> None:
    done: list[str] = []
    over, over_on_loop = threading.Event(), aio.Event()
    over.set()
    over_on_loop.set()
    sync.run_while_waiting(lambda: done.append("thread"), over)
    await aio.run_while_waiting(lambda: done.append("loop"), over_on_loop)
    assert done == []


async def test_a_loop_keeps_running_during_background_work() -> None:
    wanted = threading.Event()

    async def want() -> None:
        wanted.set()

    await aio.gather([lambda: aio.run_while_waiting(wanted.wait, aio.Event()), want])


async def test_a_cancelled_caller_does_not_stay_for_what_it_began_meanwhile() -> None:
    begun, wanted = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        wanted.wait()

    task = asyncio.create_task(aio.run_while_waiting(work, aio.Event()))
    while not begun.is_set():
        await aio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    wanted.set()


async def test_work_without_an_available_thread_is_postponed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("anyio.to_thread.run_sync", refuse)
    await aio.run_while_waiting(lambda: None, aio.Event())


async def test_a_deadline_ends_the_waiting() -> None:
    with pytest.raises(TimeoutError), aio.deadline(0.01):
        await aio.Event().wait()


async def test_an_event_is_waited_for_at_most_so_long() -> None:
    come, missing = aio.Event(), aio.Event()
    come.set()
    for seconds in (None, 0.0, 5.0):
        assert await aio.wait_for(come, seconds) is True
    assert await aio.wait_for(missing, 0.01) is False
    assert await aio.wait_for(missing, -1.0) is False


async def test_waiting_for_an_event_ends_with_the_deadline() -> None:
    with pytest.raises(TimeoutError), aio.deadline(0.01):
        await aio.wait_for(aio.Event())
    with aio.deadline(60):
        assert await aio.wait_for(aio.Event(), 0.01) is False


def test_a_thread_waits_for_an_event_at_most_so_long() -> None:
    come, missing = sync.Event(), sync.Event()
    come.set()
    for seconds in (None, 0.0, 5.0):
        assert sync.wait_for(come, seconds) is True
    assert sync.wait_for(missing, 0.01) is False
    assert sync.wait_for(missing, -1.0) is False


def test_a_threads_waiting_for_an_event_ends_with_the_deadline() -> None:
    with pytest.raises(TimeoutError), sync.deadline(0.01):
        sync.wait_for(sync.Event())
    with sync.deadline(60):
        assert sync.wait_for(sync.Event(), 0.01) is False
    with sync.deadline(0):
        come = sync.Event()
        come.set()
        assert sync.wait_for(come) is True


def test_a_deadline_lowers_the_timeouts_of_a_threads_reads() -> None:
    at_most = deadline_stream._at_most
    assert at_most(5) == 5
    assert at_most(None) is None
    with sync.deadline(60):
        assert at_most(5) == 5
        left = at_most(None)
        assert left is not None
        assert 59 < left <= 60
        with sync.deadline(0), pytest.raises(httpcore.ReadTimeout):
            at_most(5)
        with sync.deadline(600):
            assert (at_most(None) or 600) <= 60
    assert at_most(None) is None


def test_every_connection_of_a_blocking_client_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with sync.open_client() as client:
        transports: list[Any] = [client._transport, *client._mounts.values()]
        assert len(transports) == 2
        for transport in transports:
            backend = transport._transport._pool._network_backend
            assert isinstance(backend, deadline_stream.DeadlineBackend)
            backend.sleep(0)


def test_a_transport_without_a_pool_is_left_as_it_is() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200))
    with httpx.Client(transport=transport, trust_env=False) as client:
        deadline_stream.install(client)
        assert client._transport is transport


async def test_something_closing_has_a_second_name() -> None:
    closed = []

    class Thing(aio.Closing):
        async def close(self) -> None:
            closed.append(True)

    await Thing().aclose()
    assert closed == [True]


async def test_values_of_a_loop_end_with_the_object_they_belong_to() -> None:
    peers = aio.PeerLocal(Box)
    box = weakref.ref(peers.get())
    del peers
    gc.collect()
    assert box() is None


def test_waiting_for_an_event_ends_with_it_or_with_the_time() -> None:
    event = sync.Event()
    assert not sync.wait_for(event, 0.001)
    for seconds in (None, 60):
        with pytest.raises(TimeoutError), sync.deadline(0.001):
            sync.wait_for(event, seconds)
    event.set()
    assert sync.wait_for(event, 60)
    assert sync.wait_for(event, None)
    assert sync.wait_for(event, float("inf"))

    async def main() -> None:
        awaited = aio.Event()
        assert not await aio.wait_for(awaited, 0.001)
        awaited.set()
        for seconds in (60, None, float("inf")):
            assert await aio.wait_for(awaited, seconds)

    asyncio.run(main())
    trio.run(main)
