"""The ASGI middleware in front of frameworks that have no adapter of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from litestar import Litestar, Request, get
from quart import Quart, request
from starlette.testclient import TestClient

from py_identity_model.aio.web import AsyncWebLogin
from py_identity_model.integrations.asgi import LoginMiddleware, session_of
from py_identity_model.testing import EmbeddedProvider

from .support import BASE, SECRET, awaitable_client, through_provider


def subject(scope: Any) -> str:
    session = session_of(scope)
    return session.subject if session else "nobody"


def litestar_app() -> Any:
    async def home(request: Request[Any, Any, Any]) -> str:
        return subject(request.scope)

    # Its own logging would set the level of the root logger for every test after this one.
    return Litestar([get("/")(home), get("/me")(home)], logging_config=None)


def quart_app() -> Any:
    app = Quart(__name__)

    @app.get("/")
    @app.get("/me")
    async def home() -> str:
        return subject(request.scope)

    return app


@pytest.mark.parametrize("make", [litestar_app, quart_app])
def test_a_user_logs_in_and_out(make: Callable[[], Any], provider: EmbeddedProvider) -> None:
    login = AsyncWebLogin(awaitable_client(provider), secret=SECRET)
    app = LoginMiddleware(make(), login, public=["/"])
    with TestClient(app, base_url=BASE, follow_redirects=False) as browser:
        assert browser.get("/").text == "nobody"
        begun = browser.get(browser.get("/me").headers["location"])
        done = browser.get(through_provider(begun.headers["location"]))
        assert done.headers["location"] == "/me"
        answer = browser.get("/me")
        assert (answer.text, answer.headers["cache-control"]) == ("alice", "private, no-store")
        assert browser.post("/logout").status_code == 303
        assert browser.get("/me").status_code == 303
