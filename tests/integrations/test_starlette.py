"""Logins and guards in Starlette, FastAPI and plain ASGI programs."""

# No `from __future__ import annotations`: FastAPI would look for the local names in the module.

import asyncio
import gc
from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Security, WebSocket
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from py_identity_model import ConfigurationException, DPoPKey, create_dpop_proof
from py_identity_model._web.asgi import web_request
from py_identity_model.aio import (
    AsyncAccessTokenVerifier,
    AsyncMemorySessionStore,
    AsyncSession,
    DPoPNonceIssuer,
    SessionRecord,
    VerifiedAccessToken,
    clear_discovery_cache,
)
from py_identity_model.aio.web import AsyncBearerGuard, AsyncWebLogin
from py_identity_model.integrations import fastapi as for_fastapi
from py_identity_model.integrations import starlette as for_starlette
from py_identity_model.integrations.asgi import (
    BearerMiddleware,
    LoginMiddleware,
    session_of,
    token_of,
)
from py_identity_model.testing import EmbeddedProvider
from tests.support import DISCOVERY, failing

from .support import BASE, SECRET, awaitable_client, bearer, through_provider


def starlette_app(provider: EmbeddedProvider, **more: Any) -> Starlette:
    login = for_starlette.WebLogin(awaitable_client(provider, **more), secret=SECRET)
    guard = for_starlette.BearerGuard(provider.issuer, "api")

    async def me(request: Request) -> Response:
        session = await login.required(request)
        return JSONResponse(session.subject, headers={"Cache-Control": "private, no-store"})

    async def home(request: Request) -> Response:
        session = await login.current(request)
        return JSONResponse(session and session.subject)

    async def pay(request: Request) -> Response:
        session = await login.required(request, acr_values="gold")
        return JSONResponse(session.subject)

    async def orders(request: Request) -> Response:
        return JSONResponse((await guard.required(request, "read")).subject)

    pages = [Route("/", home), Route("/me", me), Route("/pay", pay), Route("/orders", orders)]
    return Starlette(routes=[*pages, *login.routes])


def fastapi_app(provider: EmbeddedProvider, **more: Any) -> FastAPI:
    app = FastAPI()
    login = for_fastapi.WebLogin(awaitable_client(provider, **more), secret=SECRET)
    guard = for_fastapi.BearerGuard(provider.issuer, "api", app=app, swagger_client_id="spa")
    app.include_router(login.router)

    @app.get("/me")
    async def me(user: Annotated[AsyncSession, Depends(login)]) -> Any:
        return user.subject

    @app.get("/")
    async def home(user: Annotated[AsyncSession | None, Depends(login.optional)]) -> Any:
        return user and user.subject

    @app.get("/pay")
    async def pay(
        user: Annotated[AsyncSession, Depends(login.step_up(acr_values="gold"))],
    ) -> Any:
        return user.subject

    @app.get("/orders")
    async def orders(
        token: Annotated[VerifiedAccessToken, Security(guard, scopes=["read"])],
    ) -> Any:
        return token.subject

    @app.websocket("/ws")
    async def talk(socket: WebSocket, user: Annotated[AsyncSession, Depends(login)]) -> None:
        await socket.accept()
        await socket.send_text(user.subject)
        await socket.close()

    @app.websocket("/feed")
    async def feed(
        socket: WebSocket, token: Annotated[VerifiedAccessToken, Security(guard, scopes=["read"])]
    ) -> None:
        await socket.accept()
        await socket.send_text(str(token.subject))
        await socket.close()

    app.state.login, app.state.guard = login, guard
    return app


async def say_who(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})
        return
    session, token = session_of(scope), token_of(scope)
    who = session.subject if session else (token and token.subject)
    await JSONResponse(who)(scope, receive, send)


def plain_asgi_app(provider: EmbeddedProvider, **more: Any) -> Any:
    login = AsyncWebLogin(awaitable_client(provider, **more), secret=SECRET)
    logged_in = LoginMiddleware(say_who, login, public=["/", "/public/"])
    guarded = BearerMiddleware(say_who, AsyncBearerGuard(provider.issuer, "api"), scopes="read")

    async def choose(scope: Any, receive: Any, send: Any) -> None:
        is_api = scope.get("path") == "/orders"
        await (guarded if is_api else logged_in)(scope, receive, send)

    return choose


MAKERS: list[Callable[..., Any]] = [starlette_app, fastapi_app, plain_asgi_app]


@pytest.fixture(params=MAKERS, ids=["starlette", "fastapi", "asgi"])
def make(request: pytest.FixtureRequest) -> Callable[..., Any]:
    maker: Callable[..., Any] = request.param
    return maker


@pytest.fixture
def browser(make: Callable[..., Any], provider: EmbeddedProvider) -> Iterator[TestClient]:
    with browser_of(make(provider)) as client:
        yield client


def browser_of(app: Any) -> TestClient:
    return TestClient(app, base_url=BASE, follow_redirects=False)


def log_in(browser: TestClient, page: str = "/me") -> Any:
    """Open a page that needs a login, log in, and return the answer to the callback."""
    begun = browser.get(browser.get(page).headers["location"])
    return browser.get(through_provider(begun.headers["location"]))


def test_a_page_leads_to_the_login_and_back(browser: TestClient) -> None:
    assert browser.get("/").json() is None
    first = browser.get("/me?x=1")
    assert (first.status_code, first.headers["location"]) == (303, "/login?next=%2Fme%3Fx%3D1")
    assert first.headers["cache-control"] == "no-store"
    assert log_in(browser).headers["location"] == "/me"
    answer = browser.get("/me")
    assert (answer.status_code, answer.json()) == (200, "alice")
    assert answer.headers["cache-control"] == "private, no-store"
    assert browser.get("/").json() == "alice"


def test_a_script_gets_401(browser: TestClient) -> None:
    answer = browser.get("/me", headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert "login_required" in answer.text


def test_a_logout_ends_the_session(browser: TestClient, provider: EmbeddedProvider) -> None:
    log_in(browser)
    assert browser.get("/logout").status_code == 405
    evil = browser.post("/logout", headers={"Origin": "https://evil.example"})
    assert evil.status_code == 403
    assert browser.get("/").json() == "alice"
    answer = browser.post("/logout", headers={"Origin": BASE})
    assert answer.headers["location"].startswith(f"{provider.issuer}/end_session")
    assert browser.get("/").json() is None


def test_the_provider_ends_the_session(browser: TestClient, provider: EmbeddedProvider) -> None:
    log_in(browser)
    token = provider.mint_logout_token(aud=provider.client_id, sub="alice")
    answer = browser.post("/backchannel-logout", data={"logout_token": token})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert browser.get("/").json() is None
    huge = browser.post("/backchannel-logout", data={"logout_token": "x" * 10**6})
    assert huge.status_code == 400


def test_a_store_that_is_down_is_503(
    make: Callable[..., Any], provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = AsyncMemorySessionStore()
    with browser_of(make(provider, session_store=store)) as browser:
        log_in(browser)

        async def fail(name: str) -> SessionRecord | None:
            raise OSError("down")

        with monkeypatch.context() as patch:
            patch.setattr(store, "get", fail)
            for page in ("/", "/me"):
                answer = browser.get(page)
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert browser.get("/me").json() == "alice"


def test_a_guard_answers_completely(browser: TestClient, provider: EmbeddedProvider) -> None:
    good = provider.mint(sub="alice", scope="read")
    assert browser.get("/orders", headers=bearer(good)).json() == "alice"
    for token, status, code, word in (
        (None, 401, "missing_token", 'Bearer scope="read"'),
        (provider.mint(exp=1), 401, "token_expired", 'error="invalid_token"'),
        (provider.mint(scope="write"), 403, "insufficient_scope", 'scope="read"'),
    ):
        answer = browser.get("/orders", headers={} if token is None else bearer(token))
        assert answer.status_code == status
        assert code in answer.text
        assert word in answer.headers["www-authenticate"]


def test_a_provider_that_is_down_is_503(browser: TestClient, provider: EmbeddedProvider) -> None:
    provider.intercept = failing(DISCOVERY)
    answer = browser.get("/orders", headers=bearer(provider.mint()))
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)


def test_a_proof_names_the_whole_address(browser: TestClient, provider: EmbeddedProvider) -> None:
    key = DPoPKey()
    bound = provider.mint(sub="alice", scope="read", cnf={"jkt": key.jwk_thumbprint})
    for url, status in ((f"{BASE}/orders", 200), (f"{BASE}/other", 401)):
        proof = create_dpop_proof(key, "GET", url, bound)
        headers = {"Authorization": f"DPoP {bound}", "DPoP": proof}
        assert browser.get("/orders?page=2", headers=headers).status_code == status


@pytest.mark.parametrize("maker", [starlette_app, fastapi_app])
def test_a_page_that_needs_more_leads_to_a_stronger_login(
    maker: Callable[..., Any], provider: EmbeddedProvider
) -> None:
    with browser_of(maker(provider)) as browser:
        log_in(browser)
        assert browser.get("/pay").headers["location"] == "/login?next=%2Fpay&acr_values=gold"


def test_a_page_behind_a_stronger_login_is_the_users_alone(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "mint_id_token", partial(provider.mint_id_token, acr="gold"))
    with browser_of(fastapi_app(provider)) as browser:
        log_in(browser, "/pay")
        page = browser.get("/pay")
        assert (page.json(), page.headers["cache-control"]) == ("alice", "private, no-store")


def test_a_program_below_a_path_logs_in_there(provider: EmbeddedProvider) -> None:
    app = Starlette(routes=[Mount("/shop", app=starlette_app(provider))])
    with browser_of(app) as browser:
        assert browser.get("/shop/me").headers["location"] == "/shop/login?next=%2Fshop%2Fme"
        begun = browser.get("/shop/login?next=/shop/me")
        back = through_provider(begun.headers["location"])
        assert back.startswith(f"{BASE}/shop/callback?")
        assert browser.get(back).headers["location"] == "/shop/me"
        assert browser.get("/shop/me").json() == "alice"


def test_a_prefix_that_the_login_does_not_know_is_a_mistake(provider: EmbeddedProvider) -> None:
    app = FastAPI()
    login = for_fastapi.WebLogin(awaitable_client(provider), secret=SECRET)
    app.include_router(login.router, prefix="/auth")
    with browser_of(app) as browser, pytest.raises(ConfigurationException, match="prefix=") as said:
        browser.get("/auth/login")
    assert said.value.code == "login_misplaced"


def test_another_spelling_of_a_path_is_no_mistake_of_the_program(
    provider: EmbeddedProvider,
) -> None:
    with browser_of(starlette_app(provider)) as browser:
        assert browser.get("/%6cogin").status_code == 404


def test_a_request_with_a_strange_host_does_no_harm(browser: TestClient) -> None:
    for host in ("user@evil:x", "testserver//evil.example"):
        answer = browser.get("/login?next=/login", headers={"Host": host})
        assert answer.status_code == 400
    log_in(browser)
    for path in ("/callback?state=x", "/me"):  # back to a page, and on to the login
        answer = browser.get(path, headers={"Host": "testserver//evil.example", "Cookie": "a=b"})
        assert not answer.headers.get("location", "").startswith("//")


def test_what_is_not_public_needs_a_login(provider: EmbeddedProvider) -> None:
    with browser_of(plain_asgi_app(provider)) as browser:
        for path in ("/", "/public/x", "/public/"):
            assert browser.get(path).status_code == 200
        for path in ("/public", "/x", "/public/%2e%2e/x", "/public//x", "/public/..%5cx"):
            assert browser.get(path).status_code == 303


def test_public_paths_are_those_below_where_the_program_is_mounted(
    provider: EmbeddedProvider,
) -> None:
    app = Starlette(routes=[Mount("/shop", app=plain_asgi_app(provider))])
    with browser_of(app) as browser:
        assert browser.get("/shop/public/x").status_code == 200
        assert browser.get("/shop/x").headers["location"] == "/shop/login?next=%2Fshop%2Fx"


def test_without_public_paths_the_program_decides(provider: EmbeddedProvider) -> None:
    login = AsyncWebLogin(awaitable_client(provider), secret=SECRET)
    with browser_of(LoginMiddleware(say_who, login)) as browser:
        assert browser.get("/me").json() is None


def test_a_websocket_needs_a_login_of_this_site(provider: EmbeddedProvider) -> None:
    with browser_of(fastapi_app(provider)) as browser:
        socket = "wss://testserver/ws"
        with pytest.raises(WebSocketDisconnect) as caught, browser.websocket_connect(socket):
            raise AssertionError
        assert caught.value.code == 1008
        log_in(browser)
        with browser.websocket_connect(socket, headers={"Origin": BASE}) as talk:
            assert talk.receive_text() == "alice"
        evil = {"Origin": "https://evil.example"}
        with pytest.raises(WebSocketDisconnect), browser.websocket_connect(socket, headers=evil):
            raise AssertionError


def test_a_websocket_may_need_a_token(provider: EmbeddedProvider) -> None:
    with browser_of(fastapi_app(provider)) as browser:
        good = bearer(provider.mint(sub="alice", scope="read"))
        with browser.websocket_connect("wss://testserver/feed", headers=good) as feed:
            assert feed.receive_text() == "alice"
        bad = bearer(provider.mint(scope="write"))
        refused = browser.websocket_connect("wss://testserver/feed", headers=bad)
        with pytest.raises(WebSocketDisconnect), refused:
            raise AssertionError


def test_a_websocket_is_closed_by_the_middleware(provider: EmbeddedProvider) -> None:
    with browser_of(plain_asgi_app(provider)) as browser:
        refused = browser.websocket_connect("wss://testserver/x")
        with pytest.raises(WebSocketDisconnect), refused:
            raise AssertionError


def test_the_document_describes_the_guard(provider: EmbeddedProvider) -> None:
    app = fastapi_app(provider)
    provider.intercept = failing(DISCOVERY)
    with browser_of(app) as browser:
        incomplete = browser.get("/openapi.json").json()
        provider.intercept = None
        asyncio.run(clear_discovery_cache())
        document = browser.get("/openapi.json").json()
        assert browser.get("/docs").text.count('"clientId": "spa"') == 1
    for found, urls in (
        (incomplete, ("", "")),
        (document, (f"{provider.issuer}/authorize", provider.token_endpoint)),
    ):
        flow = found["components"]["securitySchemes"]["oauth2"]["flows"]["authorizationCode"]
        assert (flow["authorizationUrl"], flow["tokenUrl"]) == urls
        assert flow["scopes"] == {"read": ""}
    orders = document["paths"]["/orders"]["get"]
    assert orders["security"] == [{"oauth2": ["read"]}]
    assert {*orders["responses"]} == {"200", "401", "403", "503"}
    assert {*document["paths"]["/me"]["get"]["responses"]} == {"200"}
    assert "/login" not in document["paths"]


def test_a_document_without_the_guard_is_left_alone(provider: EmbeddedProvider) -> None:
    app = FastAPI()
    for_fastapi.BearerGuard(AsyncAccessTokenVerifier(provider.issuer, "api"), app=app)
    with browser_of(app) as browser:
        assert browser.get("/openapi.json").json()["paths"] == {}
    assert provider.requests == []


def test_tests_of_a_program_may_replace_both(provider: EmbeddedProvider) -> None:
    app = fastapi_app(provider)
    token = VerifiedAccessToken({"sub": "bob"}, "token")
    session = AsyncSession({}, {"sub": "bob"})
    app.dependency_overrides[app.state.guard] = lambda: token
    app.dependency_overrides[app.state.login] = lambda: session
    with browser_of(app) as browser:
        assert [browser.get(page).json() for page in ("/orders", "/me")] == ["bob", "bob"]


def test_the_next_nonce_goes_along_with_the_answer(provider: EmbeddedProvider) -> None:
    nonces, app, key = DPoPNonceIssuer(), FastAPI(), DPoPKey()
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api", dpop_nonces=nonces)
    guard = for_fastapi.BearerGuard(verifier)

    @app.get("/orders")
    async def orders(
        token: Annotated[VerifiedAccessToken, Security(guard)],
    ) -> Any:
        return token.dpop_nonce

    bound = provider.mint(cnf={"jkt": key.jwk_thumbprint})
    with browser_of(app) as browser:
        proof = create_dpop_proof(key, "GET", f"{BASE}/orders", bound)
        headers = {"Authorization": f"DPoP {bound}", "DPoP": proof}
        refused = browser.get("/orders", headers=headers)
        nonce = refused.headers["dpop-nonce"]
        assert refused.status_code == 401
        headers["DPoP"] = create_dpop_proof(key, "GET", f"{BASE}/orders", bound, nonce=nonce)
        assert browser.get("/orders", headers=headers).status_code == 200


def test_a_request_without_a_host_is_for_the_servers_address() -> None:
    scope = {"type": "http", "path": "/a b", "headers": [], "query_string": b"x=1"}
    for server, base in (
        (("app.example", 8000), "http://app.example:8000"),
        (("/run/app.sock", None), "http:///run/app.sock"),
        (None, "http://localhost"),
    ):
        request = web_request({**scope, "server": server})
        assert (request.base_url, request.path) == (base, "/a%20b")


def test_public_paths_need_no_token(provider: EmbeddedProvider) -> None:
    guard = AsyncBearerGuard(provider.issuer, "api")
    with browser_of(BearerMiddleware(say_who, guard, public=["/health"])) as browser:
        assert browser.get("/health").status_code == 200
        assert browser.get("/").status_code == 401


def test_a_program_may_say_how_its_pages_are_cached(provider: EmbeddedProvider) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await say_who(scope, receive, send)
        else:
            await JSONResponse(1, headers={"Cache-Control": "private"})(scope, receive, send)

    login = AsyncWebLogin(awaitable_client(provider), secret=SECRET)
    with browser_of(LoginMiddleware(app, login, public=[])) as browser:
        log_in(browser)
        assert browser.get("/me").headers["cache-control"] == "private"


@pytest.mark.parametrize("page", ["/made", "/streamed", "/named"])
def test_responses_that_a_route_returns_are_the_users_alone(
    provider: EmbeddedProvider, page: str
) -> None:
    """FastAPI adds header fields of dependencies to results, but to no response."""
    app = FastAPI()
    login = for_fastapi.WebLogin(awaitable_client(provider), secret=SECRET)
    login.init_app(app)
    User = Annotated[AsyncSession, Depends(login)]

    @app.get("/made")
    async def made(user: User) -> HTMLResponse:
        return HTMLResponse(user.subject)

    @app.get("/streamed")
    async def streamed(user: User) -> StreamingResponse:
        return StreamingResponse(iter([user.subject]))

    @app.get("/named")
    async def named(user: User) -> HTMLResponse:
        return HTMLResponse(user.subject, headers={"Cache-Control": "private, max-age=60"})

    @app.get("/open")
    async def everyone() -> HTMLResponse:
        return HTMLResponse("all")

    with browser_of(app) as browser:
        assert log_in(browser, page).headers["location"] == page
        answer = browser.get(page)
        expected = "private, max-age=60" if page == "/named" else "private, no-store"
        assert answer.text == "alice"
        assert answer.headers.get_list("cache-control") == [expected]
        assert "cache-control" not in browser.get("/open").headers


def test_starlettes_middleware_keeps_pages_private(provider: EmbeddedProvider) -> None:
    login = for_starlette.WebLogin(awaitable_client(provider), secret=SECRET)

    async def me(request: Request) -> Response:
        return HTMLResponse((await login.required(request)).subject)

    routes = [Mount("/shop", routes=[Route("/me", me), *login.routes])]
    with browser_of(Starlette(routes=routes, middleware=[login.middleware])) as browser:
        assert log_in(browser, "/shop/me").headers["location"] == "/shop/me"
        answer = browser.get("/shop/me")
        assert (answer.text, answer.headers["cache-control"]) == ("alice", "private, no-store")


def test_two_logins_of_a_program_do_not_mistake_their_users(provider: EmbeddedProvider) -> None:
    """One secret, one store and one name of the cookie, but two clients."""
    with EmbeddedProvider(user="mallory") as other:
        store, app = AsyncMemorySessionStore(), FastAPI()
        logins = {
            path: for_fastapi.WebLogin(
                awaitable_client(one, session_store=store), secret=SECRET, prefix=path
            )
            for path, one in (("/staff", provider), ("/guests", other))
        }

        for path, login in logins.items():
            login.init_app(app)
            app.get(f"{path}/me", dependencies=[Depends(login)])(lambda: "in")
        with browser_of(app) as browser:
            log_in(browser, "/guests/me")
            assert browser.get("/guests/me").json() == "in"
            assert browser.get("/staff/me").status_code == 303


@pytest.mark.parametrize("path", ["/starlette", "/fastapi"])
def test_a_token_may_be_optional_but_is_judged(provider: EmbeddedProvider, path: str) -> None:
    app = FastAPI()
    guard = for_fastapi.BearerGuard(provider.issuer, "api")

    @app.get("/fastapi")
    async def by_dependency(
        token: Annotated[VerifiedAccessToken | None, Security(guard.optional, scopes=["read"])],
    ) -> Any:
        return token and token.subject

    async def by_call(request: Request) -> Response:
        token = await for_starlette.BearerGuard.current(guard, request, "read")
        return JSONResponse(token and token.subject)

    app.add_route("/starlette", by_call)
    with browser_of(app) as browser:
        assert browser.get(path).json() is None
        assert browser.get(path, headers={"Authorization": "Basic dTpw"}).json() is None
        assert browser.get(path, headers=bearer("forged")).status_code == 401
        assert browser.get(path, headers=bearer(provider.mint(scope="x"))).status_code == 403
        token = provider.mint(sub="bob", scope="read")
        assert browser.get(path, headers=bearer(token)).json() == "bob"


def test_cors_stands_around_the_middleware(provider: EmbeddedProvider) -> None:
    guard = AsyncBearerGuard(provider.issuer, "api")
    around = Middleware(CORSMiddleware, allow_origins=["https://spa.example"], allow_headers=["*"])
    middleware = [around, Middleware(BearerMiddleware, guard=guard)]
    with browser_of(Starlette(routes=[Mount("/", say_who)], middleware=middleware)) as browser:
        asks = {"Origin": "https://spa.example"}
        preflight = browser.options("/x", headers={**asks, "Access-Control-Request-Method": "GET"})
        assert preflight.status_code == 200
        refused = browser.get("/x", headers=asks)
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == "https://spa.example"
        token = bearer(provider.mint(sub="bob"))
        assert browser.get("/x", headers={**asks, **token}).json() == "bob"


def test_starlettes_own_session_is_beside_the_logins(provider: EmbeddedProvider) -> None:
    """Its cookie is called session as well, which plain http on this machine had in common."""
    app = FastAPI()
    login = for_fastapi.WebLogin(awaitable_client(provider), secret=SECRET)
    login.init_app(app)
    app.add_middleware(SessionMiddleware, secret_key=SECRET)

    @app.get("/count")
    async def count(request: Request, user: Annotated[AsyncSession, Depends(login)]) -> str:
        request.session["count"] = request.session.get("count", 0) + 1
        return f"{user.subject} {request.session['count']}"

    with TestClient(app, base_url="http://localhost", follow_redirects=False) as browser:
        log_in(browser, "/count")
        assert [browser.get("/count").json() for _ in range(2)] == ["alice 1", "alice 2"]


def test_a_form_that_is_too_long_is_read_no_further_on_trio(provider: EmbeddedProvider) -> None:
    """trio warns of generators that are left behind; warnings are errors here."""
    login = for_starlette.WebLogin(awaitable_client(provider), secret=SECRET)
    browser = TestClient(Starlette(routes=[*login.routes]), backend="trio")
    pieces = (b"x" * 50_000 for _ in range(4))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert browser.post("/backchannel-logout", content=pieces, headers=headers).is_error
    gc.collect()
