"""A browser without scripts, which does by hand what the suite's pages do by theirs."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urljoin

import httpx

from tests.op.browser import MOST_HOPS, Forms, Landing

_TEXT = re.compile(r"""(["'])((?:https?:|\\?/)(?:(?!\1).)*)\1""")


class Browser:
    """Keeps cookies; trusts what the environment says (``SSL_CERT_FILE``)."""

    def __init__(self) -> None:
        self._client = httpx.Client(timeout=30)

    def close(self) -> None:
        """Forget everything."""
        self._client.close()

    def go(self, url: str, until: str) -> Landing:
        """Follow redirects and send forms until a URL that begins with ``until``."""
        method, fields = "GET", None
        for _ in range(MOST_HOPS):
            if url.startswith(until):
                return Landing(url, fields)
            answer = self._client.request(method, url, data=fields)
            if answer.is_redirect:
                url, method, fields = urljoin(url, answer.headers["location"]), "GET", None
                continue
            forms = Forms(answer.text).found
            if answer.is_error or not forms:
                raise AssertionError(f"stranded: {answer.status_code} {answer.text[:500]}")
            url, method = urljoin(url, forms[0].action), forms[0].method
            fields = dict(forms[0].fields)
        raise AssertionError("too many hops")

    def load(self, url: str) -> str:
        """Return a page, after redirects."""
        answer = self._client.get(url, follow_redirects=True)
        assert answer.is_success, f"{answer.status_code} {answer.text[:500]}"
        return answer.text

    def json(self, url: str) -> Any:
        """Return what a script of a page would be told."""
        return self._client.get(url).raise_for_status().json()


def addresses_in(page: str, *parts: str) -> list[str]:
    """Return, for each of ``parts``, the first URL in the scripts of a page that contains it."""
    texts = [html.unescape(found[2]).replace("\\/", "/") for found in _TEXT.finditer(page)]
    return [next(text for text in texts if part in text) for part in parts]
