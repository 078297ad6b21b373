"""HTTP requests, as every framework can describe them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import parse_qsl, quote

MOST_FORM_BYTES = 64 * 1024
"""The longest body that is read: authorization responses and logout tokens are far shorter."""

_MOST_FIELDS = 100
_FORM = "application/x-www-form-urlencoded"
_SAFE_IN_PATH = "/:@!$&'()*+,;=~-._"


@dataclass(frozen=True, init=False)
class WebRequest:
    """A request as it reached the program.

    :param method: the request's method, in capitals
    :param base_url: scheme, host and mount path of the program, as the server saw them
    :param path: the path below that, percent-encoded
    :param query: the query, without ``?``
    :param headers: names and values of the header fields; a repeated one appears twice
    :param form: the fields of a posted form, each with its values
    :param is_websocket: whether it opens a WebSocket
    :param native: the framework's own request, for its adapter
    """

    method: str
    base_url: str
    path: str
    query: str = field(repr=False)
    headers: Iterable[tuple[str, str]] = field(repr=False)
    form: Mapping[str, Sequence[str]] = field(repr=False)
    is_websocket: bool
    native: object = field(repr=False, compare=False)

    def __init__(
        self,
        method: str,
        base_url: str,
        path: str,
        query: str = "",
        headers: Iterable[tuple[str, str]] = (),
        form: Mapping[str, Sequence[str]] | None = None,
        is_websocket: bool = False,
        native: object = None,
    ) -> None:
        members = self.__dict__  # what a frozen dataclass does, in a third of the time
        members["method"] = method
        members["base_url"] = base_url
        members["path"] = path
        members["query"] = query
        members["headers"] = headers
        members["form"] = form or {}
        members["is_websocket"] = is_websocket
        members["native"] = native

    def header(self, name: str) -> str | None:
        """Return a header field; the values of a repeated one are joined by commas."""
        found = self.all_headers(name)
        return ", ".join(found) if found else None

    def all_headers(self, name: str) -> list[str]:
        """Return the values of a header field, in order."""
        return self._by_name.get(name.lower(), [])

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, value in self.headers:
            found.setdefault(name.lower(), []).append(value)
        return found

    def cookies(self) -> dict[str, str]:
        """Return the cookies by name; of equal names the first counts (RFC 6265 §5.4).

        Only blanks and tabs are cut off: browsers take a cookie whose name begins with another
        space, such as ``\\xa0__Host-session``, from a page of any subdomain.
        """
        found: dict[str, str] = {}
        for line in self.all_headers("cookie"):
            for pair in line.split(";"):
                name, _, value = pair.strip(" \t").partition("=")
                found.setdefault(name, value)
        return found

    def parameters(self) -> dict[str, list[str]]:
        """Return the fields of the form of a POST, otherwise those of the query."""
        if self.method == "POST":
            return {name: [*values] for name, values in self.form.items()}
        return parse_fields(self.query)

    def parameter(self, name: str) -> str | None:
        """Return a parameter that is there once; a repeated one counts as missing."""
        values = self.parameters().get(name, [])
        return values[0] if len(values) == 1 else None


def brings_token(authorization: str | None) -> bool:
    """Return whether a request comes with an access token, not with credentials of other kinds."""
    scheme, _, _ = (authorization or "").strip().partition(" ")
    return scheme.lower() in {"bearer", "dpop"}


def parse_fields(text: str) -> dict[str, list[str]]:
    """Return the fields of a query or a form; of a malformed one, none."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def read_form(content_type: str | None, body: bytes) -> dict[str, list[str]]:
    """Return the fields of a posted form; other bodies, and longer ones, have none."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind != _FORM or len(body) > MOST_FORM_BYTES:
        return {}
    return parse_fields(body.decode("utf-8", "replace"))


def quoted_path(path: str) -> str:
    """Return a path that a server decoded, percent-encoded again."""
    return quote(path, safe=_SAFE_IN_PATH, errors="replace") if path else ""
