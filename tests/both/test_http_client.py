"""``py_identity_model.http_client``: one client a thread, one an event loop."""

from __future__ import annotations

import asyncio
import threading

import httpx
import pytest
import trio

from py_identity_model.http_client import (
    close_async_http_client,
    close_http_client,
    get_async_http_client,
    get_http_client,
)


def test_each_thread_has_a_client_of_its_own_and_keeps_it() -> None:
    mine = get_http_client()
    assert isinstance(mine, httpx.Client)
    assert get_http_client() is mine
    others: list[httpx.Client] = []
    thread = threading.Thread(target=lambda: others.append(get_http_client()))
    thread.start()
    thread.join()
    assert others[0] is not mine


def test_closing_closes_the_calling_threads_client_alone() -> None:
    inside, closed = threading.Event(), threading.Event()
    seen: list[bool] = []

    def work() -> None:
        client = get_http_client()
        inside.set()
        closed.wait(5)
        seen.append(client.is_closed)

    thread = threading.Thread(target=work)
    thread.start()
    inside.wait(5)
    mine = get_http_client()
    close_http_client()
    close_http_client()
    closed.set()
    thread.join()
    assert mine.is_closed
    assert seen == [False]
    assert get_http_client() is not mine


def test_a_client_that_its_user_closed_is_replaced() -> None:
    mine = get_http_client()
    mine.close()
    assert not get_http_client().is_closed


@pytest.mark.parametrize("run", [asyncio.run, trio.run])
def test_a_loops_client_may_be_waited_for_or_used_at_once(run: object) -> None:
    async def main() -> None:
        waited = await get_async_http_client()
        assert isinstance(waited, httpx.AsyncClient)
        assert get_async_http_client() is waited
        await close_async_http_client()
        await close_async_http_client()
        assert waited.is_closed
        renewed = await get_async_http_client()
        assert renewed is not waited
        await renewed.aclose()
        assert not get_async_http_client().is_closed

    if run is trio.run:
        trio.run(main)
    else:
        asyncio.run(main())


def test_tasks_of_one_loop_share_its_client_and_the_next_loop_has_another() -> None:
    async def one() -> httpx.AsyncClient:
        return await get_async_http_client()

    async def main() -> httpx.AsyncClient:
        found = await asyncio.gather(*[one() for _ in range(10)])
        assert len({id(client) for client in found}) == 1
        return found[0]

    first, second = asyncio.run(main()), asyncio.run(main())
    assert first is not second
    assert first.is_closed
    assert second.is_closed


def test_closing_without_a_client_does_nothing() -> None:
    thread = threading.Thread(target=close_http_client)
    thread.start()
    thread.join()
    asyncio.run(close_async_http_client())


def test_outside_a_loop_the_mistake_is_named() -> None:
    with pytest.raises(RuntimeError, match=r"no running event loop.*get_http_client\(\)"):
        _ = get_async_http_client()


def test_the_two_apis_have_separate_clients() -> None:
    async def main() -> None:
        client = await get_async_http_client()
        get_http_client()
        close_http_client()
        assert not client.is_closed

    asyncio.run(main())
