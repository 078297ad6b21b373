"""Default HTTP clients: one per thread, one per event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

    import httpx

    class _WaitableClient(httpx.AsyncClient):
        """The type of the shared asynchronous client, for type checkers."""

        def __await__(self) -> Generator[None, None, httpx.AsyncClient]: ...


__all__ = [
    "close_async_http_client",
    "close_http_client",
    "get_async_http_client",
    "get_http_client",
]


def get_http_client() -> httpx.Client:
    """Return the calling thread's client, creating it if there is none.

    A closed client is replaced.  The client is closed when the thread ends.

    Example::

        get_http_client().timeout
    """
    from .sync._transport.http import chosen_client

    return chosen_client(None).client


def close_http_client() -> None:
    """Close the calling thread's client; those of other threads stay open.

    Example::

        close_http_client()
    """
    from .sync._transport.http import close_default_http_client

    close_default_http_client()


def get_async_http_client() -> _WaitableClient:
    """Return the running event loop's client, with ``await`` or without.

    All calls on one loop share it; a closed client is replaced.  The client is closed when the loop
    ends.  Raises RuntimeError without a running event loop.

    Example::

        client = await get_async_http_client()
    """
    from .aio._transport.http import chosen_client

    try:
        client = chosen_client(None).client
    except RuntimeError as error:
        raise RuntimeError(
            "no running event loop: call get_async_http_client() from a coroutine; "
            "get_http_client() needs none"
        ) from error
    return client  # type: ignore[return-value]  # made by the seam, which adds `__await__`


async def close_async_http_client() -> None:
    """Close the running event loop's client; those of other loops stay open.

    Example::

        await close_async_http_client()
    """
    from .aio._transport.http import close_default_http_client

    await close_default_http_client()
