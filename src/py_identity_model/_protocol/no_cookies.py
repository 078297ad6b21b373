"""A jar that keeps nothing: a provider's cookies must not tie one request to another."""

from __future__ import annotations

from http.cookiejar import CookieJar, DefaultCookiePolicy


def no_cookies() -> CookieJar:
    """Return an empty jar that stays empty."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))
