"""What a browser does with answers of the web engine: it keeps cookies, and says where it is."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx

from py_identity_model._web.requests import WebRequest, parse_fields, quoted_path
from py_identity_model.web import WebAnswer

APP = "https://app.example"
SECRET = "s" * 16 + "0123456789abcdef"


class Browser:
    """The cookies of one browser, and the requests that it makes."""

    def __init__(self, base_url: str = APP) -> None:
        self.base_url = base_url
        self.cookies: dict[str, str] = {}
        self.attributes: dict[str, dict[str, str]] = {}

    def request(self, method: str, url: str, **more: Any) -> WebRequest:
        """Return a request for a path with a query, or a URL, with this browser's cookies."""
        parts = urlsplit(url)
        headers: list[tuple[str, str]] = [*more.pop("headers", {"accept": "text/html"}).items()]
        if self.cookies:
            line = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            headers.append(("Cookie", line))
        path = quoted_path(unquote(parts.path))
        return WebRequest(method, self.base_url, path, parts.query, headers, **more)

    def get(self, url: str, **more: Any) -> WebRequest:
        """Return a GET request."""
        return self.request("GET", url, **more)

    def post(self, url: str, form: dict[str, str] | None = None, **more: Any) -> WebRequest:
        """Return a POST request by a form of the program's own page."""
        more.setdefault("headers", {"sec-fetch-site": "same-origin"})
        fields = {name: [value] for name, value in (form or {}).items()}
        return self.request("POST", url, form=fields, **more)

    def take(self, answer: WebAnswer | None) -> WebAnswer:
        """Keep the cookies of an answer, and return it."""
        assert answer is not None
        for name, value in answer.headers:
            if name == "Set-Cookie":
                self._keep(value)
        return answer

    def _keep(self, line: str) -> None:
        pair, *more = line.split("; ")
        name, _, value = pair.partition("=")
        attributes = dict(one.partition("=")[::2] for one in more)
        if attributes.get("Max-Age") == "0":
            self.cookies.pop(name, None)
            return
        self.cookies[name], self.attributes[name] = value, attributes


def location(answer: WebAnswer) -> str:
    """Return where an answer leads."""
    assert answer.status == 303, answer
    found = answer.header("location")
    assert found is not None
    return found


def at_provider(answer: WebAnswer) -> str:
    """Return where the provider sends a browser on to, after a login that an answer began."""
    return str(httpx.get(location(answer), trust_env=False).headers["location"])


def query_of(url: str) -> dict[str, list[str]]:
    """Return the parameters of a URL."""
    return parse_qs(urlsplit(url).query)


def fields_of(url: str) -> dict[str, str]:
    """Return the parameters of a URL as the fields of a form."""
    return {name: values[0] for name, values in parse_fields(urlsplit(url).query).items()}
