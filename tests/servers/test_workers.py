"""Workers that share sessions: each renewal happens once, and no login is lost with a worker."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import httpx
import pytest

from py_identity_model.testing import Answer, EmbeddedProvider, Received

from .conftest import WORKERS, Program

TABS = 3


def logged_in(program: Program) -> httpx.Client:
    browser = program.browser()
    assert "Your page" in browser.get("/me").text
    return browser


def is_logged_in(browser: httpx.Client, call: str = "") -> bool:
    """Return whether the page of the user is shown, not a redirect to the login."""
    answer = browser.get(f"/me?call={call}", follow_redirects=False)
    assert answer.status_code in {200, 302, 303}, answer.text
    return "Your page</h1>alice" in answer.text


@pytest.fixture
def browser(program: Program) -> Iterator[httpx.Client]:
    """A browser whose user is logged in."""
    with closing(logged_in(program)) as opened:
        yield opened


def test_every_worker_knows_a_session_and_its_end(program: Program, browser: httpx.Client) -> None:
    cookies = dict(browser.cookies)
    seen: set[int] = set()
    for number in range(200):
        with program.browser() as other:  # a connection of its own
            other.cookies.update(cookies)
            assert is_logged_in(other, f"call-{number}")
        seen.add(program.served_by(f"call-{number}"))
        if len(seen) == WORKERS:
            break
    assert len(seen) > 1
    log_out(browser)
    for _ in range(20):
        with program.browser() as other:
            other.cookies.update(cookies)
            assert not is_logged_in(other)


def log_out(browser: httpx.Client) -> None:
    fields = {}
    page = browser.get("/").text
    if "csrfmiddlewaretoken" in page:
        fields["csrfmiddlewaretoken"] = page.partition('value="')[2].partition('"')[0]
    origin = {"Origin": str(browser.base_url).rstrip("/")}
    answer = browser.post("/logout", data=fields, headers=origin, follow_redirects=False)
    assert answer.status_code == 303


def test_many_sessions_begin_and_are_renewed_at_once(program: Program) -> None:
    """One token request for each session, however many workers and tabs ask."""
    op, many = program.provider, program.sessions
    with ThreadPoolExecutor(16) as pool, ExitStack() as stack:
        before = op.count("/token")
        browsers = list(pool.map(lambda _: logged_in(program), range(many)))
        for one in browsers:
            stack.callback(one.close)
        assert op.count("/token") == before + many
        for renewals in (1, 2):
            program.expire_tokens()
            tabs = [one for one in browsers for _ in range(TABS)]
            assert all(pool.map(is_logged_in, tabs))
            assert op.count("/token") == before + many * (renewals + 1)


class Interruption:
    """Holds the first renewal for a worker that is gone before the answer leaves."""

    def __init__(self, op: EmbeddedProvider, *, is_applied: bool) -> None:
        self.presented: list[str] = []
        self.arrived = threading.Event()
        self.gone = threading.Event()
        self._op = op
        self._is_applied = is_applied

    def __call__(self, received: Received) -> Answer | None:
        if received.path != "/token" or "refresh_token" not in received.form:
            return None
        self.presented.append(received.form["refresh_token"])
        if len(self.presented) > 1:
            return None
        if self._is_applied:
            assert self._op._route(received).status == 200
        self.arrived.set()
        assert self.gone.wait(60)
        return Answer.of_json({}, 503)  # to nobody


@pytest.mark.parametrize("is_applied", [False, True], ids=["before", "after"])
def test_a_worker_that_is_killed_while_it_renews_takes_no_login_with_it(
    program: Program, browser: httpx.Client, is_applied: bool
) -> None:
    """Another worker presents the token once more; the provider knows whether it was used.

    If it was, its successor was lost with the worker: the user logs in again, and nobody presents
    it a third time.
    """
    program.expire_tokens()
    cookies = dict(browser.cookies)
    interruption = program.provider.intercept = Interruption(
        program.provider, is_applied=is_applied
    )
    with ThreadPoolExecutor(8) as pool:
        dying = pool.submit(browser.get, "/me?call=dying")
        assert interruption.arrived.wait(30)
        dead = program.served_by("dying")
        os.kill(dead, signal.SIGKILL)
        with pytest.raises(httpx.TransportError):
            dying.result(30)
        interruption.gone.set()

        def use(number: int) -> bool:
            with program.browser() as other:
                other.cookies.update(cookies)
                found = is_logged_in(other, f"later-{number}")
            assert program.served_by(f"later-{number}") != dead
            return found

        for _ in range(20):  # until the dead worker's lock opens, which has no fixed moment here
            found = list(pool.map(use, range(6)))
            if len(interruption.presented) > 1:
                break
    assert interruption.presented == interruption.presented[:1] * 2
    assert use(7) is not is_applied
    if not is_applied:
        assert all(found)
    assert [use(number) for number in range(8, 12)] == [not is_applied] * 4
    assert len(interruption.presented) == 2
    program.provider.intercept = None
    with program.browser() as again:
        assert "Your page" in again.get("/me").text
