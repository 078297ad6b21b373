"""Where users are sent after a login: to a page of this site, whatever the request says."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urlsplit

_MOST = 1024  # it is part of a cookie
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_LEAVES = re.compile(r"/(?:\.{1,2}/)*[/\\]|/.*[\x00-\x1f\x7f]|/.*\\", re.DOTALL)


def local_target(target: str | None) -> str | None:
    """Return ``target`` if it is a path of this site, otherwise None.

    Browsers read ``//host``, ``/\\host``, and either with tabs or line ends in between, as another
    site; some servers in between decode percent signs first, once or more often.
    """
    if not isinstance(target, str) or not target.startswith("/") or len(target) > _MOST:
        return None
    if _FORBIDDEN.search(target):
        return None
    path = target.partition("?")[0].partition("#")[0]
    decoded = None
    while decoded != path:
        decoded, path = path, unquote(path)
        if _LEAVES.match(path) or _resolved(path).startswith("//"):
            return None
    encoded = quote(target, errors="replace", safe="/%:@!$&'()*+,;=~?#-._")
    return encoded if len(encoded) <= _MOST else None


def _resolved(path: str) -> str:
    """Return a path as servers read it, which may redirect to what is left of it."""
    found: list[str] = []
    for segment in path.split("/")[1:]:
        name = segment.partition(";")[0]
        if name == "..":
            del found[-1:]
        elif name != ".":
            found.append(name)
    return "/" + "/".join(found)


def path_below(url: str, origin: str) -> str | None:
    """Return the path and query of an absolute URL of ``origin``, otherwise None."""
    if _FORBIDDEN.search(url):
        return None
    try:
        parts = urlsplit(url)
        same = f"{parts.scheme}://{parts.netloc}".lower() == origin.lower()
    except ValueError:
        return None
    if not same:
        return None
    query = f"?{parts.query}" if parts.query else ""
    return local_target(f"{parts.path or '/'}{query}")
