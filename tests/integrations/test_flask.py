"""Logins and guards in Flask programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask, session
from flask.testing import FlaskClient
from flask.views import MethodView
from werkzeug.test import TestResponse

from py_identity_model import (
    AccessTokenVerifier,
    ConfigurationException,
    DPoPKey,
    DPoPNonceIssuer,
    InvalidArgumentError,
    MemorySessionStore,
    SessionRecord,
    create_dpop_proof,
)
from py_identity_model.integrations.flask import BearerGuard, WebLogin
from py_identity_model.testing import EmbeddedProvider
from tests.support import DISCOVERY, failing

from .support import BASE, SECRET, bearer, blocking_client, through_provider


def app_of(provider: EmbeddedProvider, **more: Any) -> Flask:
    app = Flask(__name__)
    app.testing = True
    login = WebLogin(blocking_client(provider, **more), secret=SECRET)
    guard = BearerGuard(provider.issuer, "api")
    login.init_app(app)

    @app.get("/")
    def home() -> dict[str, str | None]:
        return {"user": login.current.subject if login.current else None}

    @app.get("/me")
    @login.required
    def me() -> dict[str, str]:
        return {"user": login.user.subject}

    @app.get("/later/<name>")
    @login.required
    async def later(name: str) -> dict[str, str]:
        return {name: login.user.subject}

    @app.get("/pay")
    @login.required(acr_values="gold")
    def pay() -> str:
        return "paid"

    @app.get("/orders")
    @guard.required("read")
    def orders() -> dict[str, str | None]:
        return {"user": guard.token.subject}

    @app.get("/open")
    def open_page() -> str:
        return f"{login.user}{guard.token}"

    return app


@pytest.fixture
def browser(provider: EmbeddedProvider) -> FlaskClient:
    return app_of(provider).test_client()


def get(browser: FlaskClient, url: str, **headers: str) -> TestResponse:
    return browser.get(url, base_url=BASE, headers=headers)


def log_in(browser: FlaskClient) -> TestResponse:
    begun = get(browser, get(browser, "/me").headers["location"])
    return get(browser, through_provider(begun.headers["location"]).removeprefix(BASE))


def test_a_page_leads_to_the_login_and_back(browser: FlaskClient) -> None:
    assert get(browser, "/").json == {"user": None}
    first = get(browser, "/me?x=1")
    assert (first.status_code, first.headers["location"]) == (303, "/login?next=%2Fme%3Fx%3D1")
    assert log_in(browser).headers["location"] == "/me"
    for page in ("/", "/me"):
        answer = get(browser, page)
        assert answer.json == {"user": "alice"}
        assert answer.headers["cache-control"] == "private, no-store"
    assert get(browser, "/", Accept="application/json").status_code == 200


def test_a_script_gets_401(browser: FlaskClient) -> None:
    answer = get(browser, "/me", Accept="application/json")
    assert (answer.status_code, answer.json) == (401, {"error": "login_required"})


def test_views_that_wait_are_guarded_too(browser: FlaskClient) -> None:
    pytest.importorskip("asgiref")
    assert get(browser, "/later/x").status_code == 303
    log_in(browser)
    assert get(browser, "/later/x").json == {"x": "alice"}


def test_a_page_that_needs_more_leads_to_a_stronger_login(browser: FlaskClient) -> None:
    log_in(browser)
    assert get(browser, "/pay").headers["location"] == "/login?next=%2Fpay&acr_values=gold"


def test_a_logout_ends_the_session(browser: FlaskClient, provider: EmbeddedProvider) -> None:
    log_in(browser)
    assert get(browser, "/logout").status_code == 405
    evil = browser.post("/logout", base_url=BASE, headers={"Origin": "https://evil.example"})
    assert evil.status_code == 403
    answer = browser.post("/logout", base_url=BASE, headers={"Origin": BASE})
    assert answer.headers["location"].startswith(f"{provider.issuer}/end_session")
    assert get(browser, "/").json == {"user": None}


def test_the_provider_ends_the_session(browser: FlaskClient, provider: EmbeddedProvider) -> None:
    log_in(browser)
    token = provider.mint_logout_token(aud=provider.client_id, sub="alice")
    form = {"logout_token": token}
    answer = browser.post("/backchannel-logout", base_url=BASE, data=form)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert get(browser, "/").json == {"user": None}
    huge = {"logout_token": "x" * 10**5}
    assert browser.post("/backchannel-logout", base_url=BASE, data=huge).status_code == 400


def test_a_store_that_is_down_is_503(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemorySessionStore()
    browser = app_of(provider, session_store=store).test_client()
    log_in(browser)

    def fail(name: str) -> SessionRecord | None:
        raise OSError("down")

    with monkeypatch.context() as patch:
        patch.setattr(store, "get", fail)
        for page in ("/", "/me"):
            answer = get(browser, page)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert get(browser, "/me").json == {"user": "alice"}


def test_a_guard_answers_completely(browser: FlaskClient, provider: EmbeddedProvider) -> None:
    good = provider.mint(sub="alice", scope="read")
    assert get(browser, "/orders", **bearer(good)).json == {"user": "alice"}
    for token, status, code, word in (
        (None, 401, "missing_token", 'Bearer scope="read"'),
        (provider.mint(exp=1), 401, "token_expired", 'error="invalid_token"'),
        (provider.mint(scope="write"), 403, "insufficient_scope", 'scope="read"'),
    ):
        answer = get(browser, "/orders", **({} if token is None else bearer(token)))
        assert (answer.status_code, answer.json) == (status, {"error": code})
        assert word in answer.headers["www-authenticate"]


def test_a_provider_that_is_down_is_503(browser: FlaskClient, provider: EmbeddedProvider) -> None:
    provider.intercept = failing(DISCOVERY)
    answer = get(browser, "/orders", **bearer(provider.mint()))
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)


def test_the_next_nonce_goes_along_with_the_answer(provider: EmbeddedProvider) -> None:
    verifier = AccessTokenVerifier(provider.issuer, "api", dpop_nonces=DPoPNonceIssuer())
    guard, app, key = BearerGuard(verifier), Flask(__name__), DPoPKey()
    app.get("/orders")(guard.required()(lambda: "ok"))
    bound, browser = provider.mint(cnf={"jkt": key.jwk_thumbprint}), app.test_client()
    nonce = None
    for status in (401, 200):
        proof = create_dpop_proof(key, "GET", f"{BASE}/orders", bound, nonce=nonce)
        answer = get(browser, "/orders", Authorization=f"DPoP {bound}", DPoP=proof)
        assert answer.status_code == status
        nonce = answer.headers.get("dpop-nonce")


def test_what_was_not_checked_is_not_there(browser: FlaskClient) -> None:
    with pytest.raises(RuntimeError, match="nobody is logged in"):
        get(browser, "/open")
    log_in(browser)
    with pytest.raises(RuntimeError, match="no token was verified"):
        get(browser, "/open")


def test_scopes_that_can_be_read_once_guard_every_request(provider: EmbeddedProvider) -> None:
    guard, app = BearerGuard(provider.issuer, "api"), Flask(__name__)
    needed = (one for one in ["write"])
    app.get("/orders")(guard.required(needed)(lambda: "ok"))
    fields = bearer(provider.mint(scope="read"))
    answers = [get(app.test_client(), "/orders", **fields) for _ in range(3)]
    assert [one.status_code for one in answers] == [403, 403, 403]


def test_what_a_view_needs_is_looked_at_where_it_is_decorated(provider: EmbeddedProvider) -> None:
    guard: Any = BearerGuard(provider.issuer, "api")
    login: Any = WebLogin(blocking_client(provider), secret=SECRET)
    hopeless: list[Callable[[], object]] = [
        lambda: guard.required(5),
        lambda: guard.optional([5]),
        lambda: guard.required(acr_values=[5]),
        lambda: login.required(acr_values=[5]),
    ]
    for decorate in hopeless:
        with pytest.raises(InvalidArgumentError):
            decorate()


def test_a_guard_without_brackets_is_refused_at_import(provider: EmbeddedProvider) -> None:
    guard: Any = BearerGuard(provider.issuer, "api")
    with pytest.raises(TypeError, match=r"@guard.required\(\)"):
        guard.required(lambda: "ok")


def test_a_blueprint_of_the_program_may_carry_the_login(provider: EmbeddedProvider) -> None:
    login = WebLogin(blocking_client(provider), secret=SECRET)
    users = Blueprint("users", __name__)
    users.register_blueprint(login.blueprint)

    @users.get("/me")
    @login.required
    def me() -> dict[str, str]:
        return {"user": login.user.subject}

    app = Flask(__name__)
    app.register_blueprint(users)
    browser = app.test_client()
    begun = browser.get(browser.get("/me", base_url=BASE).location, base_url=BASE)
    done = browser.get(through_provider(begun.location).removeprefix(BASE), base_url=BASE)
    assert done.location == "/me"
    assert browser.get("/me", base_url=BASE).json == {"user": "alice"}


def test_a_prefix_that_the_login_does_not_know_is_a_mistake(provider: EmbeddedProvider) -> None:
    login = WebLogin(blocking_client(provider), secret=SECRET)
    app = Flask(__name__)
    app.testing = True
    app.register_blueprint(login.blueprint, url_prefix="/auth")
    with pytest.raises(ConfigurationException, match="prefix=") as said:
        app.test_client().get("/auth/login", base_url=BASE)
    assert said.value.code == "login_misplaced"


def test_one_login_serves_several_applications(provider: EmbeddedProvider) -> None:
    login = WebLogin(blocking_client(provider), secret=SECRET)
    for _ in range(2):
        app = Flask(__name__)
        login.init_app(app)
        assert get(app.test_client(), "/login").status_code == 303


def test_a_program_below_a_path_logs_in_there(provider: EmbeddedProvider) -> None:
    from werkzeug.middleware.dispatcher import DispatcherMiddleware
    from werkzeug.test import Client

    outer = Client(DispatcherMiddleware(Flask("outer"), {"/shop": app_of(provider)}))
    first = outer.get("/shop/me", base_url=BASE)
    assert first.headers["location"] == "/shop/login?next=%2Fshop%2Fme"
    begun = outer.get("/shop/login", base_url=BASE)
    back = through_provider(begun.headers["location"])
    assert back.startswith(f"{BASE}/shop/callback?")
    assert outer.get(back.removeprefix(BASE), base_url=BASE).headers["location"] == "/shop/"


def test_several_logins_are_in_one_application(provider: EmbeddedProvider) -> None:
    app = Flask(__name__)
    for name in ("staff", "v1.0"):
        login = WebLogin(
            blocking_client(provider), secret=SECRET, prefix=f"/{name}", cookie_name=name[:2]
        )
        login.init_app(app)
        app.add_url_rule(f"/{name}/me", name, login.required(lambda: "in"))
    browser = app.test_client()
    for name in ("staff", "v1.0"):
        begun = get(browser, get(browser, f"/{name}/me").headers["location"])
        get(browser, through_provider(begun.headers["location"]).removeprefix(BASE))
    assert [get(browser, f"/{name}/me").text for name in ("staff", "v1.0")] == ["in", "in"]


def test_a_check_that_was_written_above_the_route_is_no_silence(
    provider: EmbeddedProvider,
) -> None:
    """The route would serve the bare view: nothing is served until it is cured."""
    app = Flask(__name__)
    login = WebLogin(blocking_client(provider), secret=SECRET)
    login.init_app(app)

    def page() -> str:
        return "secret"

    unused = login.required(app.get("/secret")(page))
    app.testing = True
    for url in ("/secret", "/login"):
        with pytest.raises(TypeError, match=r"page is served without its check: .*below"):
            get(app.test_client(), url)
    assert unused is not page


def test_a_guard_finds_its_brothers_that_were_written_above_routes(
    provider: EmbeddedProvider,
) -> None:
    app = Flask(__name__)
    guard = BearerGuard(provider.issuer, "api")
    app.get("/orders")(guard.required("read")(lambda: "mine"))
    bare = app.get("/all", endpoint="all")(lambda: "everyone's")
    unused = guard.required("read")(bare)
    app.testing = True
    token = provider.mint(scope="read")
    with pytest.raises(TypeError, match="served without its check"):
        get(app.test_client(), "/orders", **bearer(token))
    assert unused is not bare


def test_checks_stand_on_each_other_on_methods_and_in_blueprints(
    provider: EmbeddedProvider,
) -> None:
    app, shop = Flask(__name__), Blueprint("shop", __name__, url_prefix="/shop")
    login = WebLogin(blocking_client(provider), secret=SECRET)
    guard = BearerGuard(provider.issuer, "api")
    login.init_app(app)

    class Orders(MethodView):
        @guard.required("read")
        def get(self) -> str:
            return str(guard.token.subject)

    class Me(MethodView):
        decorators = [login.required]  # noqa: RUF012 - as Flask has it

        def get(self) -> str:
            return login.user.subject

    @shop.get("/both")
    @login.required
    @guard.required("read")
    def both() -> str:
        return f"{login.user.subject} {guard.token.subject}"

    shop.add_url_rule("/orders", view_func=Orders.as_view("orders"))
    shop.add_url_rule("/me", view_func=Me.as_view("me"))
    app.register_blueprint(shop)
    browser = app.test_client()
    begun = get(browser, get(browser, "/shop/me").headers["location"])
    get(browser, through_provider(begun.headers["location"]).removeprefix(BASE))
    token = bearer(provider.mint(sub="bob", scope="read"))
    assert get(browser, "/shop/me").text == "alice"
    assert get(browser, "/shop/orders", **token).text == "bob"
    assert get(browser, "/shop/both", **token).text == "alice bob"
    assert get(browser, "/shop/both").status_code == 401


@pytest.mark.parametrize(
    ("authorization", "status", "text"),
    [
        (None, 200, "None"),
        ("Basic dXNlcjpwYXNz", 200, "None"),
        ("Bearer forged", 401, "malformed_token"),
        ("Bearer", 401, "error"),
        ("DPoP x", 401, "error"),
    ],
)
def test_a_token_may_be_optional_but_is_judged(
    provider: EmbeddedProvider, authorization: str | None, status: int, text: str
) -> None:
    app = Flask(__name__)
    guard = BearerGuard(provider.issuer, "api")

    @app.get("/")
    @guard.optional("read")
    def home() -> str:
        return str(guard.current and guard.current.subject)

    browser = app.test_client()
    answer = get(browser, "/", **({"Authorization": authorization} if authorization else {}))
    assert answer.status_code == status
    assert text in answer.text
    assert get(browser, "/", **bearer(provider.mint(sub="bob", scope="read"))).text == "bob"
    assert get(browser, "/", **bearer(provider.mint(sub="bob", scope="x"))).status_code == 403


@pytest.mark.parametrize("base", ["http://localhost", BASE])
def test_flasks_own_session_is_beside_the_logins(provider: EmbeddedProvider, base: str) -> None:
    """Its cookie is called session as well."""
    app = Flask(__name__)
    app.secret_key = SECRET
    login = WebLogin(blocking_client(provider), secret=SECRET)
    login.init_app(app)

    @app.get("/count")
    @login.required
    def count() -> str:
        session["count"] = session.get("count", 0) + 1
        return f"{login.user.subject} {session['count']}"

    browser = app.test_client()
    begun = browser.get(browser.get("/count", base_url=base).headers["location"], base_url=base)
    back = through_provider(begun.headers["location"]).removeprefix(base)
    browser.get(back, base_url=base)
    assert [browser.get("/count", base_url=base).text for _ in range(2)] == ["alice 1", "alice 2"]
