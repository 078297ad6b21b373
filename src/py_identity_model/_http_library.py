"""Support for httpx and httpx2 clients, which share one interface.

Also the features of these libraries that our own requests and clients leave out.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._settings import MOST_CONNECTIONS

if TYPE_CHECKING:
    from http.cookiejar import CookieJar

_LIBRARIES = ("httpx2", "httpx")
_USUAL_CONNECTIONS = 100
_CERT_NONE = 0  # that of `ssl`, which requests load, and not this module


def names_in_library(thing: object) -> set[str]:
    """Return the names of the classes of httpx or httpx2 that ``thing`` is an instance of.

    Names, since tests of programs put other things in the place of the library's classes.
    """
    bases = type(thing).__mro__
    return {one.__name__ for one in bases if one.__module__.partition(".")[0] in _LIBRARIES}


def library_of(thing: object) -> Any:
    """Return the library that ``thing``, a client or a request, comes from; httpx in doubt.

    The classes of one library are not subclasses of the other's: errors must be caught, and
    timeouts created, by the classes of the right one.
    """
    for base in type(thing).__mro__:
        name = base.__module__.partition(".")[0]
        if name in _LIBRARIES:
            return import_module(name)
    return import_module("httpx")


def built_request(
    client: Any,
    library: Any,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: bytes | None,
    timeout: Any,
) -> Any:
    """Return the request that ``client.build_request`` would return.

    If the client adds only header fields, as nearly always, it is built directly, with a parsed
    address: that saves two thirds of the time.
    """
    parsed = _parsed(library.URL, url)
    usual = getattr(library.Client, "build_request", None)  # tests of programs replace the class
    plain = usual is not None and getattr(type(client), "build_request", None) is usual
    if not plain or client.params or client.cookies or parsed.is_relative_url:
        request = client.build_request(
            method, url, headers=headers, content=content, timeout=timeout
        )
        return _with_whole_body(request, library)
    fields = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
    named = {name.lower() for name, _ in fields}
    kept = [field for field in client.headers.raw if field[0].lower() not in named]
    request = library.Request(
        method,
        parsed,
        headers=[*kept, *fields],
        content=content,
        extensions={"timeout": timeout.as_dict()},
    )
    return _with_whole_body(request, library)


def _with_whole_body(request: Any, library: Any) -> Any:
    stream: Any = getattr(request, "stream", None)
    # From the request: a client's own `build_request` may have changed the body, or stream it.
    if type(stream) is library.ByteStream:
        request.stream = _whole_body(library)(b"".join(stream))
    return request


@lru_cache(maxsize=2)
def _whole_body(library: Any) -> Any:
    """Return a class of bodies that leave nothing behind if they are not sent to their end.

    The library iterates over its own bodies by async generators. If the connection breaks, or the
    caller is cancelled, while one is being sent, it is never finished, and trio warns of it.
    """

    def pieces(body: Any) -> _Once:
        return _Once(next(iter(body)))

    return type("WholeBody", (library.ByteStream,), {"__aiter__": pieces})


class _Once:
    """An async iterator over one piece."""

    def __init__(self, piece: bytes) -> None:
        self._pieces = [piece]

    def __aiter__(self) -> _Once:
        return self

    async def __anext__(self) -> bytes:
        if not self._pieces:
            raise StopAsyncIteration
        return self._pieces.pop()


@lru_cache(maxsize=256)
def _parsed(url_class: type[Any], url: str) -> Any:
    return url_class(url)


def connections_of(client: Any) -> int:
    """Return the maximum number of connections of ``client``, limited to that of our own clients.

    Neither library has a public attribute for it; if the private one has changed, its default is
    used.
    """
    pool = getattr(getattr(client, "_transport", None), "_pool", None)
    most = getattr(pool, "_max_connections", None)
    return min(most, MOST_CONNECTIONS) if isinstance(most, int) else _USUAL_CONNECTIONS


def verifies_servers(client: Any) -> bool:
    """Return whether ``client`` verifies the certificates of servers, as far as it can be seen.

    Neither library has public attributes for it; if the private ones have changed, it counts as
    verifying.  A lazy context of ours is created by the look.
    """
    mounts = getattr(client, "_mounts", None)
    transports = [getattr(client, "_transport", None)]
    transports += mounts.values() if isinstance(mounts, dict) else ()
    # Our own clients have transports around those of the library.
    pools = (getattr(getattr(one, "_transport", one), "_pool", None) for one in transports)
    contexts = (getattr(one, "_ssl_context", None) for one in pools)
    return all(getattr(one, "verify_mode", None) != _CERT_NONE for one in contexts)


def no_cookies() -> CookieJar:
    """Return an empty jar that stores nothing: one must not link two requests."""
    # Half of the modules that httpx loads.
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


def ignore_cookies(client: Any) -> None:
    """Make ``client`` skip cookies altogether: looking for them costs a twentieth of a request.

    If a library changes how it looks for them, its jar still stores nothing.
    """
    client.cookies.extract_cookies = lambda response: None
