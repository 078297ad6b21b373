"""Logins of test clients, through the provider and the program's own callback."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from flask import Flask, redirect, request, url_for
from flask import session as flask_session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from py_identity_model import OAuthClient
from py_identity_model.exceptions import InvalidArgumentError
from py_identity_model.integrations import starlette as for_starlette
from py_identity_model.integrations.flask import WebLogin
from py_identity_model.testing import Answer, EmbeddedProvider, LoggedInClient, log_in
from py_identity_model.testing.logins import client_of
from tests.integrations.support import SECRET, awaitable_client, blocking_client
from tests.integrations.test_flask import app_of
from tests.integrations.test_starlette import fastapi_app as fastapi_app_of
from tests.integrations.test_starlette import starlette_app
from tests.support import failing

from .support import parts

Clients = Callable[[Any], Any]
CLIENTS: dict[str, tuple[Callable[[EmbeddedProvider], Any], Clients]] = {
    "starlette": (starlette_app, lambda app: app),
    "starlette-client": (starlette_app, TestClient),
    "fastapi": (fastapi_app_of, lambda app: app),
    "fastapi-client": (fastapi_app_of, lambda app: TestClient(app, follow_redirects=False)),
    "flask": (app_of, lambda app: app),
    "flask-client": (app_of, lambda app: app.test_client()),
}


@pytest.mark.parametrize("kind", CLIENTS)
def test_a_client_is_logged_in_by_the_programs_callback(
    kind: str, oidc_provider: EmbeddedProvider, logged_in_client: LoggedInClient
) -> None:
    make_app, make_client = CLIENTS[kind]
    client = logged_in_client(make_client(make_app(oidc_provider)), "bob")
    assert "bob" in client.get("/me").text
    asked = [one.path for one in oidc_provider.requests if one.path in {"/authorize", "/token"}]
    assert asked == ["/authorize", "/token"]
    assert oidc_provider.user == "alice"


def claims_app(provider: EmbeddedProvider) -> Flask:
    app = Flask(__name__)
    login = WebLogin(blocking_client(provider), secret=SECRET, userinfo=True)
    login.init_app(app)

    @app.get("/claims")
    @login.required
    def claims() -> list[Any]:
        user = login.user
        return [dict(user.claims), dict(user.userinfo or {})]

    return app


def test_claims_are_those_that_the_test_wants(
    oidc_provider: EmbeddedProvider, logged_in_client: LoggedInClient
) -> None:
    app = claims_app(oidc_provider)
    wanted = {"email": "a@example.com", "roles": ["admin"], "https://app.example/plan": "gold"}
    alice = logged_in_client(app, claims=wanted)
    bob = logged_in_client(app, "bob")
    id_token, userinfo = alice.get("/claims").json
    assert wanted.items() <= id_token.items()
    assert wanted.items() <= userinfo.items()
    assert "email" not in bob.get("/claims").json[0]
    roles = [parts(token)[1].get("roles") for token in oidc_provider._oauth.access_tokens]
    assert roles == [["admin"], None]


def test_the_sub_is_the_user_alone(
    oidc_provider: EmbeddedProvider, logged_in_client: LoggedInClient
) -> None:
    with pytest.raises(InvalidArgumentError, match="sub"):
        logged_in_client(app_of(oidc_provider), claims={"sub": "eve"})
    oidc_provider.user = None
    with pytest.raises(InvalidArgumentError, match="user must be given"):
        logged_in_client(app_of(oidc_provider))
    assert "alice" in logged_in_client(app_of(oidc_provider), "alice").get("/me").text


@pytest.mark.oidc(users={"carol": {"roles": ["admin"]}})
def test_users_whom_the_provider_does_not_know_are_a_mistake(
    oidc_provider: EmbeddedProvider, logged_in_client: LoggedInClient
) -> None:
    assert "carol" in logged_in_client(app_of(oidc_provider)).get("/me").text
    with pytest.raises(InvalidArgumentError, match="user must be one of carol"):
        logged_in_client(app_of(oidc_provider), "carl")


@pytest.mark.parametrize("kind", ["starlette", "fastapi", "flask"])
def test_a_page_that_needs_a_stronger_login_begins_one(
    kind: str, oidc_provider: EmbeddedProvider, logged_in_client: LoggedInClient
) -> None:
    app = CLIENTS[kind][0](oidc_provider)
    client = logged_in_client(app, claims={"acr": "gold"}, path="/pay")
    assert client.get("/pay").status_code == 200
    with pytest.raises(AssertionError, match="callback with 403"):
        logged_in_client(app, claims={"acr": "silver"}, path="/pay")


def test_what_is_not_a_login_says_so(
    oidc_provider: EmbeddedProvider, logged_in_client: LoggedInClient
) -> None:
    app = app_of(oidc_provider)
    app.add_url_rule("/circle", view_func=lambda: redirect("/circle"))
    with pytest.raises(AssertionError, match="/nowhere answered 404"):
        logged_in_client(app, path="/nowhere")
    with pytest.raises(AssertionError, match="/ answered 200"):
        logged_in_client(app, path="/")

    with pytest.raises(AssertionError, match="on and on"):
        logged_in_client(app, path="/circle")


def test_a_provider_that_refuses_or_fails_says_so(
    oidc_provider: EmbeddedProvider, logged_in_client: LoggedInClient
) -> None:
    app = app_of(oidc_provider)
    oidc_provider.users, oidc_provider.user = {"alice": {}}, "eve"
    with pytest.raises(InvalidArgumentError):
        logged_in_client(app)
    denied = Answer(302, b"", {"location": "http://localhost/callback?error=access_denied"})
    oidc_provider.intercept = lambda one: denied if one.path == "/authorize" else None
    with pytest.raises(AssertionError, match="refused the login: access_denied"):
        logged_in_client(app, "alice")
    oidc_provider.intercept = failing("/authorize")
    with pytest.raises(AssertionError, match="the provider answered 503"):
        logged_in_client(app, "alice")
    assert oidc_provider.user == "eve"


def test_the_callback_is_not_forged(
    oidc_provider: EmbeddedProvider, logged_in_client: LoggedInClient
) -> None:
    """A program that redeems no code is refused, and so nobody is logged in."""
    oidc_provider.intercept = failing("/token")
    with pytest.raises(AssertionError, match="callback with 503"):
        logged_in_client(starlette_app(oidc_provider))


def test_programs_without_an_adapter_log_in_as_well(
    oidc_provider: EmbeddedProvider, logged_in_client: LoggedInClient
) -> None:
    app = Flask(__name__)
    app.secret_key = SECRET
    client = OAuthClient(oidc_provider.issuer, oidc_provider.public_client_id)
    begun = {}

    @app.get("/sign-in")
    def sign_in() -> Any:
        started = client.authorization_request(redirect_uri=url_for("back", _external=True))
        begun[started.state] = started
        return redirect(started.url)

    @app.get("/back")
    def back() -> str:
        login = client.callback(request.url, begun.pop(request.args["state"]))
        flask_session["user"] = login.subject
        return "welcome"

    @app.get("/")
    def home() -> str:
        return str(flask_session.get("user"))

    assert logged_in_client(app, "dora", path="/sign-in").get("/").text == "dora"


def test_applications_start_before_the_login_and_end_with_the_test(
    oidc_provider: EmbeddedProvider,
) -> None:
    events: list[str] = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> Any:
        app.state.login = for_starlette.WebLogin(awaitable_client(oidc_provider), secret=SECRET)
        app.routes.extend(app.state.login.routes)
        events.append("started")
        yield
        events.append("ended")

    async def me(request: Request) -> Response:
        return JSONResponse((await request.app.state.login.required(request)).subject)

    app = Starlette(routes=[Route("/me", me)], lifespan=lifespan)
    with ExitStack() as stack:
        client = log_in(client_of(app, stack), oidc_provider)
        assert client.get("/me").json() == "alice"
        assert events == ["started"]
    assert events == ["started", "ended"]


def test_other_clients_are_refused(oidc_provider: EmbeddedProvider) -> None:
    for client in (httpx.AsyncClient(), object(), FastAPI, None):
        with pytest.raises(InvalidArgumentError, match="client must be the test client of"):
            log_in(client, oidc_provider)


def test_only_starlettes_default_address_changes(oidc_provider: EmbeddedProvider) -> None:
    app = starlette_app(oidc_provider)
    local = log_in(TestClient(app, base_url="http://localhost:8000"), oidc_provider)
    assert str(local.base_url) == "http://localhost:8000"
    assert local.get("/me").json() == "alice"
