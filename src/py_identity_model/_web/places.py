"""Where the program is: the address that browsers use, and what comes from there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from .._wire.arguments import check_given
from ..exceptions import ConfigurationException, InvalidArgumentError
from .requests import WebRequest

_NOT_IN_HOSTS = re.compile(r"[\x00-\x20\x7f-\xa0\\,;%@]")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Place:
    """The public address of the program: its origin, and the path below it."""

    origin: str
    root: str
    is_secure: bool
    is_loopback: bool

    @classmethod
    def of(cls, url: str) -> Place:
        """Return the place of a base URL; raises InvalidArgumentError for anything else."""
        check_given("public_url", url, str)
        try:
            parts = urlsplit(url)
            host, known = parts.hostname, parts.scheme in {"http", "https"}
            _ = parts.port
        except ValueError:
            host, known = None, False
        if host is None or not known or parts.query or parts.fragment or _is_strange(url):
            raise InvalidArgumentError(
                "public_url must be a URL such as https://app.example or https://app.example/base"
            )
        origin = f"{parts.scheme}://{parts.netloc.lower()}"
        loopback = host in _LOOPBACK or host.endswith(".localhost")
        return cls(origin, parts.path.rstrip("/"), parts.scheme == "https", loopback)

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        return self.origin + self.root

    def check_secure(self, *, allow_plain_http: bool) -> None:
        """Raise ConfigurationException where others could read the cookies of sessions."""
        if self.is_secure or self.is_loopback or allow_plain_http:
            return
        raise ConfigurationException(
            f"logins need https, but requests arrive for {self.origin}: behind a proxy, name the "
            "address that browsers use: public_url='https://…'; in tests use https://testserver",
            code="https_required_for_logins",
        )


def misplaced_error(path: str) -> ConfigurationException:
    """Return the mistake of a program that mounts a login where its redirect URIs do not lead."""
    return ConfigurationException(
        f"this login does not answer {path!r}: leave the prefix of the router or blueprint out, "
        "and name it as WebLogin(…, prefix='/…')",
        code="login_misplaced",
    )


def _is_strange(url: str) -> bool:
    """Return whether a base URL, which a ``Host`` header is part of, holds more than a host.

    A root that began with two slashes would lead redirects to another site.
    """
    authority, _, path = url.partition("//")[2].partition("/")
    return path.startswith("/") or _NOT_IN_HOSTS.search(authority) is not None


def is_from(place: Place, request: WebRequest) -> bool:
    """Return whether a page of the program itself caused a request.

    Browsers say so by ``Sec-Fetch-Site``, older ones by ``Origin``; what says nothing is not a
    browser.
    """
    site = request.header("sec-fetch-site")
    if site is not None and not request.is_websocket:
        return site == "same-origin"
    origin = request.header("origin")
    return origin is None or origin.lower() == place.origin


def wants_page(request: WebRequest) -> bool:
    """Return whether a request is for a page that is shown, so that a redirect leads somewhere."""
    return request.method in {"GET", "HEAD"} and shows_answer(request)


def shows_answer(request: WebRequest) -> bool:
    """Return whether the browser shows what it gets: scripts, images and sockets do not."""
    if request.is_websocket:
        return False
    mode = request.header("sec-fetch-mode")
    if mode is not None:
        return mode == "navigate"
    accepts = request.header("accept") or "*/*"
    return "text/html" in accepts or "*/*" in accepts
