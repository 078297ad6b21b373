"""A browser for Keycloak's pages: it logs in, agrees, and keeps cookies."""

from __future__ import annotations

import ssl
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx

from tests.op.browser import MOST_HOPS, Form, Forms, Landing

PASSWORD = "a-password-of-the-tests"


class Buttons(HTMLParser):
    """Collects the names of submit buttons."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag in {"input", "button"} and said.get("type") == "submit":
            self.names.add(said.get("name") or "")


class KeycloakBrowser:
    """A user agent of one user.

    :param authority: the file of the authority that it trusts
    :param user: who sits in front of it
    """

    def __init__(self, authority: str, user: str = "alice") -> None:
        self.user = user
        self.agrees = True
        self._client = httpx.Client(
            verify=ssl.create_default_context(cafile=authority), timeout=30, trust_env=False
        )

    def close(self) -> None:
        """Forget everything."""
        self._client.close()

    def go(self, url: str, until: str = "") -> Landing:
        """Follow redirects and send forms until a URL that begins with ``until``.

        Without ``until``: to the first page that has no form.
        """
        method, data = "GET", None
        for _ in range(MOST_HOPS):
            if until and url.startswith(until):
                return Landing(url, data)
            answer = self._client.request(method, url, data=data)
            for cookie in self._client.cookies.jar:
                cookie.secure = False  # browsers send these to loopback over http as well
            if answer.is_redirect:
                url, method, data = urljoin(url, answer.headers["location"]), "GET", None
                continue
            forms = Forms(answer.text).found
            if not until and answer.is_success and not forms:
                return Landing(url)
            if not answer.is_success or not forms:
                raise AssertionError(f"stranded: {answer.status_code} {answer.text[:3000]}")
            url, method = urljoin(url, forms[0].action), forms[0].method
            data = self._filled(forms[0], answer.text)
        raise AssertionError("too many hops")

    def _filled(self, form: Form, page: str) -> dict[str, str]:
        fields = dict(form.fields)
        if "username" in fields:
            fields |= {"username": self.user, "password": PASSWORD}
        chosen = {"accept", "confirmLogout"} if self.agrees else {"cancel"}
        for button in Buttons(page).names & chosen:
            fields[button] = "Yes"
        return fields
