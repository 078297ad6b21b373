"""The clients that are used where none is passed: one a thread, one an event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

    import httpx

    class _WaitableClient(httpx.AsyncClient):
        """What checkers see of the shared asynchronous client."""

        def __await__(self) -> Generator[None, None, httpx.AsyncClient]: ...


__all__ = [
    "close_async_http_client",
    "close_http_client",
    "get_async_http_client",
    "get_http_client",
]


def get_http_client() -> httpx.Client:
    """Return the calling thread's client, making it first where there is none.

    A client that was closed is replaced.  The end of the thread closes it.

    Example::

        get_http_client().timeout
    """
    from .sync._transport.http import default_http_client

    return default_http_client().client


def close_http_client() -> None:
    """Close the calling thread's client; other threads keep theirs.

    Example::

        close_http_client()
    """
    from .sync._transport.http import close_default_http_client

    close_default_http_client()


def get_async_http_client() -> _WaitableClient:
    """Return the running event loop's client, with ``await`` or without.

    All calls on one loop share it; a client that was closed is replaced.  The end of the loop
    closes it.  Raises RuntimeError where no event loop is running.

    Example::

        client = await get_async_http_client()
    """
    from .aio._transport.http import default_http_client

    try:
        client = default_http_client().client
    except RuntimeError as error:
        raise RuntimeError(
            "no running event loop: call get_async_http_client() from a coroutine; "
            "get_http_client() needs none"
        ) from error
    return client  # type: ignore[return-value]  # made by the seam, which adds `__await__`


async def close_async_http_client() -> None:
    """Close the running event loop's client; other loops keep theirs.

    Example::

        await close_async_http_client()
    """
    from .aio._transport.http import close_default_http_client

    await close_default_http_client()
