# Generated from aio/test_loopback.py by scripts/make_sync.py; edit that file.
"""Logins in the system's browser: what comes to loopback is believed only with its state."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import httpx
import pytest

from py_identity_model import (
    AuthorizeCallbackException,
    DeadlineExceededException,
    InvalidArgumentError,
)
from py_identity_model._seam.sync import gather
from py_identity_model.sync import LoopbackListener, OAuthClient
from py_identity_model.testing import EmbeddedProvider
from tests.support import refused


def browse(url: str) -> None:
    """Follow redirects, as a browser does."""
    httpx.get(url, follow_redirects=True, trust_env=False)


@pytest.fixture
def browser() -> Iterator[Callable[[str], None]]:
    """A browser that is opened, and does its work beside the program."""
    threads: list[threading.Thread] = []

    def open_browser(url: str) -> None:
        threads.append(threading.Thread(target=browse, args=(url,)))
        threads[-1].start()

    yield open_browser
    for thread in threads:
        thread.join()


def test_a_user_logs_in_with_a_browser(
    provider: EmbeddedProvider, browser: Callable[[str], None]
) -> None:
    client = OAuthClient(provider.issuer, provider.public_client_id, scope="openid profile")
    with LoopbackListener() as listener:
        session = listener.log_in(client, open_browser=browser, login_hint="bob")
    assert session.subject == "bob"


def test_a_browser_may_be_back_before_its_opening_returns(provider: EmbeddedProvider) -> None:
    """As browsers of terminals are: opening them ends when they end."""
    client = OAuthClient(provider.issuer, provider.public_client_id)
    with LoopbackListener() as listener:
        for _ in range(2):
            session = listener.log_in(client, open_browser=browse, timeout=5)
            assert session.subject == "alice"


def test_a_login_that_was_denied_says_so(
    provider: EmbeddedProvider, browser: Callable[[str], None]
) -> None:
    provider.user = None
    client = OAuthClient(provider.issuer, provider.public_client_id)
    with LoopbackListener() as listener:
        with refused(AuthorizeCallbackException, "authorization_refused"):
            listener.log_in(client, open_browser=browser, resource="https://api.test")
    (asked,) = [one for one in provider.requests if one.path == "/authorize"]
    assert asked.query["resource"] == "https://api.test"


def test_a_user_who_stays_away_is_waited_for_in_vain(provider: EmbeddedProvider) -> None:
    client = OAuthClient(provider.issuer, provider.public_client_id)
    with LoopbackListener() as listener:
        with refused(DeadlineExceededException, "deadline_exceeded"):
            listener.log_in(client, open_browser=print, timeout=0.1)


def status(url: str, **headers: str) -> int:
    return httpx.get(url, headers=headers, trust_env=False).status_code


def test_what_lacks_the_state_changes_nothing() -> None:
    with LoopbackListener() as listener:
        assert status(f"{listener.redirect_uri}?state=s&code=early") == 400
        seen: list[list[int]] = []

        def knock() -> None:
            uri = listener.redirect_uri
            first = [
                status(f"{uri}?state=x&code=c"),
                status(f"{uri}?code=c"),
                status(f"{uri}?state=s&state=s"),
                status(f"{uri}/other?state=s"),
                status(f"{uri}?state=s&code=evil", host="evil.test"),
                httpx.post(uri, json={"state": "s"}, trust_env=False).status_code,
                httpx.post(uri, data={"state": "s", "x": "x" * 70000}, trust_env=False).status_code,
            ]
            seen.append([*first, status(f"{uri}?state=s&code=good")])

        thread = threading.Thread(target=knock)
        thread.start()
        try:
            url = listener.wait("s", timeout=10)
        finally:
            thread.join()
        assert url == f"{listener.redirect_uri}?state=s&code=good"
        assert seen == [[400, 400, 400, 404, 421, 400, 413, 200]]


def test_an_answer_may_come_as_a_form() -> None:
    with LoopbackListener() as listener:
        data = {"state": "s", "code": "c"}
        uri = listener.redirect_uri
        thread = threading.Thread(target=httpx.post, args=(uri,), kwargs={"data": data})
        thread.start()
        try:
            assert listener.wait("s", timeout=10) == f"{uri}?state=s&code=c"
        finally:
            thread.join()


def test_two_logins_at_once_do_not_mix() -> None:
    with LoopbackListener() as one, LoopbackListener() as other:
        uris = one.redirect_uri, other.redirect_uri

        def visit() -> None:
            assert status(f"{uris[1]}?state=a") == 400
            assert [status(f"{uris[0]}?state=a"), status(f"{uris[1]}?state=b")] == [200, 200]

        thread = threading.Timer(0.2, visit)
        thread.start()
        found = gather([lambda: one.wait("a", 10), lambda: other.wait("b", 10)])
        thread.join()
        assert found == [f"{uris[0]}?state=a", f"{uris[1]}?state=b"]


def test_the_page_keeps_the_code_to_itself() -> None:
    with LoopbackListener() as listener:
        answer = httpx.get(f"{listener.redirect_uri}?code=s3cret", trust_env=False)
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "s3cret" not in answer.text


@pytest.mark.parametrize(("port", "path"), [(70000, "/cb"), (0, "cb"), (0, "/cb?x=1")])
def test_what_cannot_be_listened_on_is_refused(port: int, path: str) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        LoopbackListener(port, path)


def test_a_taken_port_is_refused() -> None:
    with LoopbackListener() as listener:
        port = int(listener.redirect_uri.rpartition(":")[2].partition("/")[0])
        with refused(InvalidArgumentError, "invalid_argument"):
            LoopbackListener(port)
