"""Cookies are not kept: a provider's must not tie one request to another."""

from __future__ import annotations

from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any


def no_cookies() -> CookieJar:
    """Return an empty jar that takes nothing from an answer."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


def ignore_cookies(client: Any) -> None:
    """Make ``client`` not even look for cookies: the look costs a tenth of a request.

    The libraries have no public way; where theirs has changed, the jar still takes nothing.
    """
    usual: Any = type(client.cookies)
    client._cookies = _ignoring(usual)(client.cookies.jar)


@cache
def _ignoring(cookies: Any) -> Any:
    class Ignoring(cookies):  # type: ignore[misc]
        def extract_cookies(self, response: object) -> None:
            """Leave them where they are."""

    return Ignoring
