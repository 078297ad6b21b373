"""Logins of test clients, through the provider and the program's own callback."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple, Protocol, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx

from ..exceptions import InvalidArgumentError
from ..ssl_config import get_ssl_verify
from .provider import EmbeddedProvider

C = TypeVar("C")
_HTML = "text/html"  # a program may answer 401 to what is not a browser
_MOST_STEPS = 10
_KNOWN = (
    "the test client of Flask or Django, a TestClient of Starlette or FastAPI, or an httpx.Client"
)


class _Page(NamedTuple):
    """What a program answers: where it leads, if anywhere."""

    status: int
    location: str | None
    text: str


_Visit = Callable[[str], _Page]


class LoggedInClient(Protocol):
    """What the fixture ``logged_in_client`` is, for annotations."""

    def __call__(
        self,
        program: Any,
        user: str | None = None,
        *,
        claims: Mapping[str, Any] | None = None,
        path: str | None = None,
    ) -> Any:
        """Return a test client that is logged in."""


def log_in(
    client: C,
    provider: EmbeddedProvider,
    user: str | None = None,
    *,
    claims: Mapping[str, Any] | None = None,
    path: str | None = None,
) -> C:
    """Log the test client of a program in, and return it.

    Nothing is forged: the program begins the login, the provider answers it, and the program's
    callback redeems the code.  A ``TestClient`` at ``http://testserver`` and Django's client use
    https from then on, as the program's cookies require; Flask's is at ``localhost``.

    :param client: a test client of Flask, Django, Starlette or FastAPI, or an ``httpx.Client``
    :param provider: the provider that the program is configured with
    :param user: who logs in; by default the provider's ``user``
    :param claims: claims of the user in ID tokens and userinfo, until the provider is reset;
        ``roles`` are in access tokens, too
    :param path: the page at which the login begins, or one that needs a login; by default
        ``LOGIN_URL`` in Django, and ``/login`` elsewhere

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for another client, for a user whom the
    provider does not know, and for the claim ``sub``; and AssertionError, with what the program or
    the provider answered, for a login that fails.

    Example::

        def test_the_profile(self):
            client = log_in(self.client, provider, "alice", claims={"email": "alice@example.com"})
            assert client.get("/me").status_code == 200
    """
    visit, usual_path = _browser_of(client)
    with _logging_in(provider, user, claims or {}):
        back = _pass_provider(_find_provider(visit, path or usual_path, provider))
        answer = visit(back)
    if answer.status >= 400:
        text = f"the program answered its callback with {answer.status}"
        raise _no_login_error(text, answer.text)
    return client


def client_of(program: Any, stack: ExitStack) -> Any:
    """Return a test client of a Flask, Starlette or FastAPI application, or the client given.

    ``stack`` ends what was begun for it.
    """
    kinds = _kinds(program)
    if "flask.app.Flask" in kinds:
        return program.test_client()
    if "starlette.applications.Starlette" in kinds:
        from starlette.testclient import TestClient

        return stack.enter_context(TestClient(program, base_url="https://testserver"))
    return program


@contextmanager
def _logging_in(
    provider: EmbeddedProvider, user: str | None, claims: Mapping[str, Any]
) -> Iterator[None]:
    """Have a user log in at the provider."""
    name = provider.user if user is None else user
    if name is None:
        raise InvalidArgumentError("user must be given: the provider's own is None")
    if provider.users and name not in provider.users:
        raise InvalidArgumentError(f"user must be one of {', '.join(provider.users)}")
    if "sub" in claims:
        raise InvalidArgumentError("claims must not name a sub: it is the user")
    if claims:
        provider.login_claims[name] = dict(claims)
    before, provider.user = provider.user, name
    try:
        yield
    finally:
        provider.user = before


def _find_provider(visit: _Visit, path: str, provider: EmbeddedProvider) -> str:
    """Follow a program's redirects to the provider, and return the authorization request."""
    authorize = str(provider.document()["authorization_endpoint"])
    url = path
    for _ in range(_MOST_STEPS):
        page = visit(url)
        if page.location is None:
            raise _no_login_error(
                f"{url} answered {page.status}, and does not lead to {authorize}: path= names "
                "the page at which the program's login begins",
                page.text,
            )
        url = page.location
        if url.partition("?")[0] == authorize:
            return url
    raise _no_login_error(f"{path} leads on and on, last to {url}", "")


def _pass_provider(url: str) -> str:
    """Log in at the provider, and return where it sends the browser back to."""
    # Loading the machine's certificates takes longer than a request that needs none.
    verify = url.startswith("https:") and get_ssl_verify()
    answer = httpx.get(url, verify=verify, trust_env=False)
    back = answer.headers.get("location")
    if back is None:
        raise _no_login_error(f"the provider answered {answer.status_code}", answer.text)
    error = parse_qs(urlsplit(back).query).get("error")
    if error:
        raise _no_login_error(f"the provider refused the login: {error[0]}", back)
    return str(back)


def _no_login_error(text: str, answer: str) -> AssertionError:
    return AssertionError(f"nobody is logged in: {text}\n{answer[:500]}")


def _kinds(thing: object) -> set[str]:
    """Return the names of a thing's classes: its framework need not be installed to be unlike."""
    return {f"{kind.__module__}.{kind.__qualname__}" for kind in type(thing).__mro__}


def _browser_of(client: Any) -> tuple[_Visit, str]:
    """Return how a test client visits a page, and the path at which its logins usually begin."""
    kinds = _kinds(client)
    if "django.test.client.Client" in kinds:
        return _with_django(client)
    if "werkzeug.test.Client" in kinds:
        return _with_werkzeug(client), "/login"
    if kinds & {"httpx.Client", "httpx2.Client"}:
        return _with_httpx(client), "/login"
    raise InvalidArgumentError(f"client must be {_KNOWN}, not {type(client).__name__}")


def _with_httpx(client: Any) -> _Visit:
    base = client.base_url
    if (base.scheme, base.host) == ("http", "testserver"):  # Starlette's default
        client.base_url = base.copy_with(scheme="https")

    def visit(url: str) -> _Page:
        answer = client.get(url, headers={"accept": _HTML}, follow_redirects=False)
        return _Page(answer.status_code, answer.headers.get("location"), answer.text)

    return visit


def _with_werkzeug(client: Any) -> _Visit:
    def visit(url: str) -> _Page:
        answer = client.get(url, headers={"Accept": _HTML})
        return _Page(answer.status_code, answer.headers.get("location"), answer.text)

    return visit


def _with_django(client: Any) -> tuple[_Visit, str]:
    from django.conf import settings
    from django.shortcuts import resolve_url

    send = client.generic

    def send_by_https(*args: Any, **options: Any) -> Any:
        return send(*args, **{**options, "secure": True})

    client.generic = send_by_https  # all of the client's methods end there

    def visit(url: str) -> _Page:
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        answer = client.get(path, headers={"accept": _HTML})
        return _Page(answer.status_code, answer.headers.get("location"), answer.content.decode())

    return visit, resolve_url(settings.LOGIN_URL)
