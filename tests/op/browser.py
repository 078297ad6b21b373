"""A browser for the provider's front channel: cookies, redirects and forms, no scripts."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

MOST_HOPS = 25


@dataclass
class Form:
    """An HTML form, filled in as it came."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)


class Forms(HTMLParser):
    """Collects the forms of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(said.get("action", ""), said.get("method", "get").upper()))
        elif tag in {"input", "button"} and self.found and said.get("name"):
            button = tag == "button" or said.get("type") in {"submit", "image"}
            if not button or said["name"] == "logout":
                self.found[-1].fields.append((said["name"], said.get("value", "")))


@dataclass(frozen=True)
class Landing:
    """Where the browser ended: a URL of the relying party, and the form that was posted to it."""

    url: str
    posted: dict[str, str] | None = None

    @property
    def values(self) -> dict[str, str]:
        """The parameters that arrived."""
        if self.posted is not None:
            return self.posted
        parts = urlsplit(self.url)
        return dict(parse_qsl(parts.fragment or parts.query, keep_blank_values=True))


class Browser:
    """Keeps cookies; a new one is a new user agent."""

    def __init__(self, authority: str) -> None:
        trusted = ssl.create_default_context(cafile=authority)
        self._client = httpx.Client(verify=trusted, timeout=10, trust_env=False)

    def close(self) -> None:
        """Forget everything."""
        self._client.close()

    def go(self, url: str, until: str) -> Landing:
        """Follow redirects and send forms until a URL that begins with ``until``."""
        method, data = "GET", None
        for _ in range(MOST_HOPS):
            if url.startswith(until):
                return Landing(url, dict(data) if data is not None else None)
            answer = self._client.request(method, url, data=_as_mapping(data))
            if answer.is_redirect:
                url, method, data = urljoin(url, answer.headers["location"]), "GET", None
                continue
            forms = Forms(answer.text).found
            if answer.status_code >= 400 or not forms:
                raise AssertionError(f"stranded: {answer.status_code} {answer.text[:500]}")
            form = forms[0]
            url, method, data = urljoin(url, form.action), form.method, form.fields
        raise AssertionError("too many hops")


def _as_mapping(data: list[tuple[str, str]] | None) -> Any:
    return None if data is None else dict(data)
