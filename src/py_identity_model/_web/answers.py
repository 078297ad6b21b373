"""HTTP answers, as every framework can send them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..exceptions import PyIdentityModelException

HTML = "text/html; charset=utf-8"
JSON = "application/json"
NO_STORE = ("Cache-Control", "no-store")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,59}")
_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
    '<meta name="viewport" content="width=device-width">'
    "<h1>{title}</h1><p>{text}</p>{more}</html>"
)


@dataclass(frozen=True)
class WebAnswer:
    """What to answer: ``headers`` may name a field twice (``Set-Cookie``)."""

    status: int
    headers: tuple[tuple[str, str], ...] = field(default=(NO_STORE,), repr=False)
    body: str = field(default="", repr=False)

    def header(self, name: str) -> str | None:
        """Return the first value of a header field."""
        return next((value for one, value in self.headers if one.lower() == name.lower()), None)

    def with_headers(self, *headers: tuple[str, str]) -> WebAnswer:
        """Return the same answer with more header fields."""
        return WebAnswer(self.status, (*self.headers, *headers), self.body)


class WebRefusedException(PyIdentityModelException):
    """A request was refused before the program's own code ran; ``answer`` is what to send."""

    code = "web_request_refused"

    def __init__(
        self,
        message: str,
        answer: WebAnswer,
        details: Mapping[str, object] | None = None,
        *,
        code: str | None = None,
    ) -> None:
        super().__init__(message, details, code=code)
        self.answer = answer


def redirect(location: str, *cookies: str) -> WebAnswer:
    """Return an answer that sends the browser on by GET (303)."""
    fields = [("Set-Cookie", cookie) for cookie in cookies]
    return WebAnswer(303, (NO_STORE, ("Location", location), *fields))


def json_answer(status: int, code: str, *headers: tuple[str, str]) -> WebAnswer:
    """Return ``{"error": code}``."""
    fields = (NO_STORE, ("Content-Type", JSON), *headers)
    return WebAnswer(status, fields, json.dumps({"error": code}))


def page(status: int, title: str, text: str, *links: tuple[str, str]) -> WebAnswer:
    """Return a page for people; ``links`` are addresses with their texts."""
    listed = "".join(
        f'<p><a href="{html.escape(to)}">{html.escape(label)}</a></p>' for to, label in links
    )
    body = _PAGE.format(title=html.escape(title), text=html.escape(text), more=listed)
    policy = ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    return WebAnswer(status, (NO_STORE, ("Content-Type", HTML), policy), body)


def provider_word(value: object) -> str | None:
    """Return an error code that a provider sent, if it is one: it is shown on a page."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None
