# Generated from aio/test_web_login.py by scripts/make_sync.py; edit that file.
"""Logins of browsers, as people use them and as others attack them."""

from __future__ import annotations

import logging
import time
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest

from py_identity_model import MemoryReplayStore
from py_identity_model._seam.lock_waits import waiting_at_most
from py_identity_model._seam.sync import gather
from py_identity_model._web.failures import failed_login
from py_identity_model.exceptions import (
    ConfigurationException,
    InvalidArgumentError,
    PyIdentityModelException,
    TokenRequestException,
)
from py_identity_model.sync import (
    ClientSecretBasic,
    MemorySessionStore,
    OAuthClient,
    SessionRecord,
)
from py_identity_model.sync.web import (
    WebAnswer,
    WebLogin,
    WebRefusedException,
    WebRequest,
    browser_sessions,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.browsers import APP, SECRET, Browser, at_provider, fields_of, location, query_of
from tests.support import DISCOVERY, Gate, answering, failing, refused

SESSION = "__Host-session"


class BrokenStore(MemorySessionStore):
    """A store that can be switched off, or for writing alone."""

    down = read_only = False
    reads = writes = 0

    def get(self, name: str) -> SessionRecord | None:
        if self.down:
            raise OSError("the store is down")
        self.reads += 1
        return super().get(name)

    def set(
        self, name: str, record: SessionRecord, expected: int | None, expires_in: float
    ) -> bool:
        if self.down or self.read_only:
            raise OSError("the store is down")
        self.writes += 1
        return super().set(name, record, expected, expires_in)

    def delete(self, name: str) -> None:
        if self.down or self.read_only:
            raise OSError("the store is down")
        super().delete(name)

    def find_by(
        self, *, sub: str | None = None, sid: str | None = None, issuer: str | None = None
    ) -> list[str]:
        if self.down:
            raise OSError("the store is down")
        return super().find_by(sub=sub, sid=sid, issuer=issuer)


def client_of(provider: EmbeddedProvider, **more: Any) -> OAuthClient:
    return OAuthClient(
        provider.issuer, provider.client_id, ClientSecretBasic(provider.client_secret), **more
    )


def login_of(provider: EmbeddedProvider, client: Any = None, **more: Any) -> WebLogin:
    return WebLogin(client or client_of(provider), **{"secret": SECRET, **more})


def logged_in(login: WebLogin, browser: Browser, url: str = "/login") -> WebAnswer:
    """Log a browser in, and return the answer to its callback."""
    begun = browser.take(login.handle(browser.get(url)))
    return browser.take(login.handle(browser.get(at_provider(begun))))


def subject(login: WebLogin, browser: Browser) -> str | None:
    session = login.session(browser.get("/"))
    return None if session is None else session.subject


def test_a_user_logs_in_and_out(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider), Browser()
    assert subject(login, browser) is None
    assert location(logged_in(login, browser, "/login?next=/orders%3Fpage%3D2")) == (
        "/orders?page=2"
    )
    assert subject(login, browser) == "alice"
    assert [*browser.cookies] == [SESSION]
    stolen = dict(browser.cookies)
    gone = browser.take(login.handle(browser.post("/logout")))
    assert location(gone).startswith(f"{provider.issuer}/end_session?id_token_hint=")
    assert query_of(location(gone))["post_logout_redirect_uri"] == [f"{APP}/"]
    assert browser.cookies == {}
    browser.cookies = stolen
    assert subject(login, browser) is None
    assert provider.count("/revoke") == 1


def test_a_login_under_way_takes_less_than_400_bytes(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider), Browser()
    browser.take(login.handle(browser.get("/login?next=/orders%3Fpage%3D2%26sort%3Dname")))
    ((name, value),) = browser.cookies.items()
    assert len(f"{name}={value}") < 400


def test_cookies_are_for_this_host_over_https_and_not_for_scripts(
    provider: EmbeddedProvider,
) -> None:
    login, browser = login_of(provider), Browser()
    logged_in(login, browser)
    browser.take(login.handle(browser.get("/login")))
    assert len(browser.cookies) == 2
    for name in browser.cookies:
        assert name.startswith("__Host-")
        attributes = browser.attributes[name]
        assert attributes.items() >= {"Path": "/", "HttpOnly": "", "Secure": ""}.items()
        assert attributes["SameSite"] == "Lax"
        assert "Domain" not in attributes


def test_cookies_show_nothing_of_the_login(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider), Browser()
    begun = browser.take(login.handle(browser.get("/login")))
    (value,) = browser.cookies.values()
    assert query_of(location(begun))["state"][0] not in value
    assert "alice" not in value


def test_no_answer_is_stored_by_caches(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider), Browser()
    begun = browser.take(login.handle(browser.get("/login")))
    answers = [begun, logged_in(login, browser)]
    for request in (
        browser.get("/callback?code=c&state=s"),
        browser.get("/logout"),
        browser.post("/backchannel-logout"),
        browser.get("/frontchannel-logout"),
        browser.post("/logout"),
    ):
        answer = login.handle(request)
        assert answer is not None
        answers.append(answer)
    assert {answer.header("cache-control") for answer in answers} == {"no-store"}


def test_other_paths_are_left_to_the_program(provider: EmbeddedProvider) -> None:
    login = login_of(provider, prefix="/auth")
    for path in ("/", "/login", "/auth", "/auth/login/", "/auth/callback/x"):
        assert login.handle(Browser().get(path)) is None
    assert login.handle(Browser().get("/auth/login")) is not None


def test_two_tabs_log_in_side_by_side(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider), Browser()
    first = browser.take(login.handle(browser.get("/login?next=/one")))
    second = browser.take(login.handle(browser.get("/login?next=/two")))
    assert len(browser.cookies) == 2
    back = [at_provider(second), at_provider(first)]
    ends = [browser.take(login.handle(browser.get(url))) for url in back]
    assert [location(answer) for answer in ends] == ["/two", "/one"]
    assert subject(login, browser) == "alice"


def test_logins_that_are_never_finished_do_not_fill_the_browser(
    provider: EmbeddedProvider,
) -> None:
    login, browser = login_of(provider), Browser()
    for _ in range(20):
        last = browser.take(login.handle(browser.get("/login?next=/last")))
    assert len(browser.cookies) == 6
    ended = browser.take(login.handle(browser.get(at_provider(last))))
    assert location(ended) == "/last"


def test_a_stolen_callback_works_in_no_other_browser(provider: EmbeddedProvider) -> None:
    """Also login CSRF: an attacker's callback, in the browser of a victim."""
    login, victim, thief = login_of(provider), Browser(), Browser()
    begun = victim.take(login.handle(victim.get("/login")))
    url = at_provider(begun)
    thief.take(login.handle(thief.get("/login")))  # with a login of his own under way
    for browser in (thief, Browser()):
        answer = browser.take(login.handle(browser.get(url)))
        assert answer.status == 400
        assert "missing_login" in answer.body
        assert SESSION not in browser.cookies
    assert provider.count("/token") == 0
    assert location(victim.take(login.handle(victim.get(url)))) == "/"


def test_a_callback_works_once_even_with_its_cookie(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider), Browser()
    begun = browser.take(login.handle(browser.get("/login")))
    stolen, url = dict(browser.cookies), at_provider(begun)
    browser.take(login.handle(browser.get(url)))
    thief = Browser()
    thief.cookies = stolen
    answer = thief.take(login.handle(thief.get(url)))
    assert answer.status == 400
    assert "callback_replayed" in answer.body
    assert thief.cookies == {}


def test_the_callback_of_one_login_with_the_cookie_of_another_is_refused(
    provider: EmbeddedProvider,
) -> None:
    login, browser = login_of(provider), Browser()
    mine, other = [browser.take(login.handle(browser.get("/login"))) for _ in range(2)]
    state, wanted = (query_of(location(answer))["state"][0] for answer in (mine, other))
    mixed = at_provider(mine).replace(state, wanted)
    answer = login.handle(browser.get(mixed))
    assert answer is not None
    assert answer.status in {400, 503}
    assert answer.header("location") is None


def test_the_back_button_after_a_login_leads_home(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider), Browser()
    begun = browser.take(login.handle(browser.get("/login?next=/orders")))
    url = at_provider(begun)
    browser.take(login.handle(browser.get(url)))
    assert location(browser.take(login.handle(browser.get(url)))) == "/"
    assert provider.count("/token") == 1


def test_a_callback_without_its_cookie_says_why(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    login, browser = login_of(provider), Browser()
    url = at_provider(browser.take(login.handle(browser.get("/login"))))
    caplog.set_level(logging.INFO, "py_identity_model")
    answer = login.handle(Browser().get(url))
    assert answer is not None
    assert answer.status == 400
    for words in ("cookies are blocked", "missing_login", APP, "/login"):
        assert words in answer.body
    (record,) = [one for one in caplog.records if one.name.endswith(".login")]
    assert "missing_login" in record.message


def test_a_login_that_took_too_long_says_so(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider), Browser()
    url = at_provider(browser.take(login.handle(browser.get("/login"))))
    now = login._sealer.clock()
    login._sealer.clock = lambda: now + 3602
    answer = browser.take(login.handle(browser.get(url)))
    assert answer.status == 400
    assert "login_expired" in answer.body
    assert browser.cookies == {}


def test_an_altered_cookie_begins_nothing(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider), Browser()
    url = at_provider(browser.take(login.handle(browser.get("/login"))))
    for value in ("", "x", "gAAAA", "\u00e9", "gAAAAA" + "A" * 300):
        browser.cookies = dict.fromkeys(browser.cookies, value)
        answer = login.handle(browser.get(url))
        assert answer is not None
        assert answer.status == 400
    assert provider.count("/token") == 0


def test_a_cookie_of_one_kind_is_not_one_of_another(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider), Browser()
    browser.take(login.handle(browser.get("/login")))
    (pending,) = browser.cookies.values()
    browser.cookies = {SESSION: pending}
    assert subject(login, browser) is None


def test_a_new_login_gets_a_new_name_and_ends_the_old_session(
    provider: EmbeddedProvider,
) -> None:
    """Session fixation: whoever planted or knew the cookie is not logged in with the user."""
    login, browser = login_of(provider), Browser()
    logged_in(login, browser)
    planted = dict(browser.cookies)
    logged_in(login, browser)
    assert browser.cookies[SESSION] != planted[SESSION]
    assert subject(login, browser) == "alice"
    browser.cookies = planted
    assert subject(login, browser) is None


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "/%2f/evil.example",
        "/%2F%2Fevil.example",
        "/%5cevil.example",
        "/%252f/evil.example",
        "/%25252fevil.example",
        "/.//evil.example",
        "/..//evil.example",
        "/%2e%2e//evil.example",
        "/%09/evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "evil.example",
        "",
        "/\x00",
        "/a\r\nSet-Cookie: x=y",
        "/login",
        "/login?next=/login",
        "/logout",
        "/callback?code=c&state=s",
        "/" + "a" * 2000,
    ],
)
def test_a_login_leads_to_no_other_site(provider: EmbeddedProvider, target: str) -> None:
    login, browser = login_of(provider, after_login="/home"), Browser()
    ended = logged_in(login, browser, f"/login?next={quote(target, safe='')}")
    assert location(ended) == "/home"


@pytest.mark.parametrize(
    ("target", "reached"),
    [
        ("/orders", "/orders"),
        ("/a/b?x=1&y=%2F#part", "/a/b?x=1&y=%2F#part"),
        ("/search?q=//evil.example", "/search?q=//evil.example"),
        ("/s\u00f6k", "/s%C3%B6k"),
        ("/loginhelp", "/loginhelp"),
    ],
)
def test_a_login_leads_to_the_page_that_asked_for_it(
    provider: EmbeddedProvider, target: str, reached: str
) -> None:
    login, browser = login_of(provider), Browser()
    assert location(logged_in(login, browser, f"/login?next={quote(target)}")) == reached


def test_a_target_named_twice_is_not_used(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider), Browser()
    assert location(logged_in(login, browser, "/login?next=/a&next=/b")) == "/"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://evil.example"},
        {"origin": "https://app.example.evil.example"},
        {"origin": "http://app.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", "origin": APP},
    ],
)
def test_another_site_cannot_log_users_out(
    provider: EmbeddedProvider, headers: dict[str, str]
) -> None:
    login, browser = login_of(provider), Browser()
    logged_in(login, browser)
    answer = browser.take(login.handle(browser.post("/logout", headers=headers)))
    assert answer.status == 403
    assert "cross_site_logout" in answer.body
    assert subject(login, browser) == "alice"


@pytest.mark.parametrize("headers", [{"origin": APP}, {"sec-fetch-site": "same-origin"}, {}])
def test_the_programs_own_form_logs_out(
    provider: EmbeddedProvider, headers: dict[str, str]
) -> None:
    login, browser = login_of(provider), Browser()
    logged_in(login, browser)
    browser.take(login.handle(browser.post("/logout", headers=headers)))
    assert browser.cookies == {}


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-mode": "cors", "accept": "text/html"},
        {"sec-fetch-mode": "no-cors", "accept": "image/avif,*/*"},
        {"accept": "application/json"},
    ],
)
def test_scripts_and_images_begin_no_logins(
    provider: EmbeddedProvider, headers: dict[str, str]
) -> None:
    """A page that asks often, after its session has ended, would end logins under way."""
    login, browser = login_of(provider), Browser()
    mine = browser.take(login.handle(browser.get("/login?next=/mine")))
    for _ in range(7):
        answer = browser.take(login.handle(browser.get("/login", headers=headers)))
        assert (answer.status, answer.body) == (401, '{"error": "login_required"}')
    ended = browser.take(login.handle(browser.get(at_provider(mine))))
    assert location(ended) == "/mine"


@pytest.mark.parametrize(
    ("referer", "leads"),
    [
        (f"{APP}/edit?id=1", "/login?next=%2Fedit%3Fid%3D1"),
        ("https://evil.example/edit", "/login"),
        (f"{APP}.evil.example/edit", "/login"),
        ("", "/login"),
    ],
)
def test_a_form_that_was_sent_too_late_leads_back_to_its_page(
    provider: EmbeddedProvider, referer: str, leads: str
) -> None:
    login, browser = login_of(provider), Browser()
    sent = {"sec-fetch-mode": "navigate", "referer": referer}
    with pytest.raises(WebRefusedException) as caught:
        login.require(browser.post("/edit/save", {"text": "x"}, headers=sent))
    assert location(caught.value.answer) == leads
    with pytest.raises(WebRefusedException) as caught:
        login.require(browser.post("/edit/save", headers={"sec-fetch-mode": "cors"}))
    assert caught.value.answer.status == 401


def test_settings_describe_the_login_and_its_client(provider: EmbeddedProvider) -> None:
    named = {
        "ISSUER": provider.issuer,
        "CLIENT_ID": provider.client_id,
        "CLIENT_SECRET": provider.client_secret,
        "SECRET": SECRET,
        "prefix": "/auth",
    }
    store, browser = MemorySessionStore(), Browser()
    login = WebLogin.from_settings(named, {"session_store": store})
    logged_in(login, browser, "/auth/login")
    assert subject(login, browser) == "alice"
    assert len(store) == 1


def test_the_replay_store_in_settings_is_the_logins_where_clients_are_given(
    provider: EmbeddedProvider,
) -> None:
    replays = MemoryReplayStore()
    login = WebLogin.from_settings(
        {"SECRET": SECRET, "REPLAY_STORE": replays}, {"clients": client_of(provider)}
    )
    form = {"logout_token": provider.mint_logout_token(sub="alice")}
    answer = login.handle(Browser().post("/backchannel-logout", form))
    assert answer is not None
    assert answer.status == 200
    assert len(replays) == 1


@pytest.mark.parametrize(
    ("changed", "given", "message"),
    [
        ({"CLIENT_ID": None}, {}, "the settings lack client_id"),
        ({"SECRET": None}, {}, "the settings lack secret"),
        ({"CLIENT_SECERT": "x"}, {}, "did you mean client_secret?"),
        ({}, {"sesion_store": None}, "did you mean session_store?"),
        ({}, {"clients": {}}, "issuer and client_id would be ignored"),
        ({"AFTER_LOGIN": "//evil.example"}, {}, "after_login must be a path"),
    ],
)
def test_settings_that_cannot_work_say_why(
    changed: dict[str, Any], given: dict[str, Any], message: str
) -> None:
    usual = {"ISSUER": "https://op.example", "CLIENT_ID": "web", "SECRET": SECRET}
    settings = {name: one for name, one in {**usual, **changed}.items() if one is not None}
    with pytest.raises(InvalidArgumentError) as caught:
        WebLogin.from_settings(settings, given)
    assert message in str(caught.value)


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_no_link_and_no_image_logs_out(provider: EmbeddedProvider, method: str) -> None:
    login, browser = login_of(provider), Browser()
    logged_in(login, browser)
    answer = browser.take(login.handle(browser.request(method, "/logout")))
    assert (answer.status, answer.header("allow")) == (405, "POST")
    assert subject(login, browser) == "alice"


def test_a_logout_of_nobody_leads_home(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider, after_logout="/bye"), Browser()
    browser.cookies = {SESSION: "nonsense"}
    assert location(browser.take(login.handle(browser.post("/logout")))) == "/bye"
    assert browser.cookies == {}


def test_a_provider_that_is_down_stops_no_logout(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider), Browser()
    logged_in(login, browser)
    provider.intercept = lambda received: Answer(503, b"", {})
    stolen = dict(browser.cookies)
    answer = browser.take(login.handle(browser.post("/logout")))
    assert answer.status == 303
    browser.cookies = stolen
    assert subject(login, browser) is None


def test_a_store_that_is_down_logs_nobody_in_or_out(provider: EmbeddedProvider) -> None:
    store = BrokenStore()
    login, browser = login_of(provider, client_of(provider, session_store=store)), Browser()
    logged_in(login, browser)
    before = dict(browser.cookies)
    store.down = True
    with pytest.raises(WebRefusedException) as caught:
        login.session(browser.get("/"))
    assert (caught.value.answer.status, caught.value.code) == (503, "store_unavailable")
    assert browser.take(login.handle(browser.post("/logout"))).status == 503
    assert browser.cookies == before
    store.down = False
    assert subject(login, browser) == "alice"


def test_a_login_waits_for_the_store_before_its_code_is_spent(
    provider: EmbeddedProvider,
) -> None:
    store = BrokenStore()
    login, browser = login_of(provider, client_of(provider, session_store=store)), Browser()
    url = at_provider(browser.take(login.handle(browser.get("/login"))))
    store.down = True
    answer = browser.take(login.handle(browser.get(url)))
    assert (answer.status, answer.header("retry-after")) == (503, "5")
    assert SESSION not in browser.cookies
    assert provider.count("/token") == 0
    store.down = False
    assert location(browser.take(login.handle(browser.get(url)))) == "/"
    assert subject(login, browser) == "alice"


def test_a_request_reads_the_store_once_and_writes_nothing(
    provider: EmbeddedProvider,
) -> None:
    store = BrokenStore()
    login, browser = login_of(provider, client_of(provider, session_store=store)), Browser()
    logged_in(login, browser)
    store.reads = store.writes = 0
    assert subject(login, browser) == "alice"
    assert (store.reads, store.writes) == (1, 0)


def test_a_login_that_the_user_refuses_says_so(provider: EmbeddedProvider) -> None:
    provider.user = None
    login, browser = login_of(provider), Browser()
    answer = logged_in(login, browser)
    assert answer.status == 403
    assert "authorization_refused (access_denied)" in answer.body
    assert browser.cookies == {}


def test_a_refusal_without_state_ends_the_only_login(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider), Browser()
    browser.take(login.handle(browser.get("/login")))
    answer = browser.take(login.handle(browser.get("/callback?error=server_error")))
    assert answer.status == 503
    answer = browser.take(login.handle(browser.get("/callback?error=access_denied")))
    assert answer.status == 403
    assert browser.cookies == {}


def test_what_a_page_shows_is_not_what_strangers_wrote(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider), Browser()
    browser.take(login.handle(browser.get("/login")))
    url = "/callback?error=<script>alert(1)</script>&error_description=<b>pay</b>"
    answer = browser.take(login.handle(browser.get(url)))
    assert answer.status == 403
    assert "<script>" not in answer.body
    assert "pay" not in answer.body
    assert "default-src 'none'" in str(answer.header("content-security-policy"))


@pytest.mark.parametrize("path", ["/token", "/jwks"])
def test_a_provider_that_is_down_refuses_no_login_for_good(
    provider: EmbeddedProvider, path: str
) -> None:
    login, browser = login_of(provider), Browser()
    url = at_provider(browser.take(login.handle(browser.get("/login"))))
    provider.intercept = failing(path)
    answer = browser.take(login.handle(browser.get(url)))
    assert answer.status == 503
    assert SESSION not in browser.cookies


def test_a_provider_that_cannot_be_discovered_is_503(provider: EmbeddedProvider) -> None:
    login = login_of(provider)
    provider.intercept = failing(DISCOVERY)
    answer = login.handle(Browser().get("/login"))
    assert answer is not None
    assert (answer.status, answer.header("retry-after")) == (503, "5")


def test_mistakes_of_the_program_are_raised(provider: EmbeddedProvider) -> None:
    login = login_of(provider, parameters={"state": "mine"})
    with pytest.raises(InvalidArgumentError):
        login.handle(Browser().get("/login"))


def test_an_answer_may_be_posted_from_the_provider(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider, response_mode="form_post"), Browser()
    begun = browser.take(login.handle(browser.get("/login?next=/orders")))
    assert query_of(location(begun))["response_mode"] == ["form_post"]
    (name,) = browser.cookies
    assert browser.attributes[name].items() >= {"SameSite": "None", "Secure": ""}.items()
    form = fields_of(at_provider(begun))
    posted = browser.post("/callback", form, headers={"sec-fetch-site": "cross-site"})
    assert location(browser.take(login.handle(posted))) == "/orders"
    assert browser.attributes[SESSION]["SameSite"] == "Lax"
    assert subject(login, browser) == "alice"


def test_plain_http_is_for_this_machine_alone(provider: EmbeddedProvider) -> None:
    login = login_of(provider)
    with refused(ConfigurationException, "https_required_for_logins") as caught:
        login.handle(Browser("http://app.example").get("/login"))
    assert "public_url" in str(caught.value)
    browser = Browser("http://127.0.0.1:8000")
    logged_in(login, browser)
    assert [*browser.cookies] == ["session-http"]
    assert "Secure" not in browser.attributes["session-http"]
    behind = login_of(provider, public_url="https://app.example")
    browser = Browser("http://10.0.0.7:8000")
    begun = browser.take(behind.handle(browser.get("/login")))
    assert query_of(location(begun))["redirect_uri"] == [f"{APP}/callback"]
    allowed = login_of(provider, allow_logins_over_plain_http=True)
    assert allowed.handle(Browser("http://app.example").get("/login")) is not None
    assert login.session(Browser("http://10.0.0.7").get("/health")) is None


def test_a_program_below_a_path_stays_there(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider), Browser(f"{APP}/shop")
    begun = browser.take(login.handle(browser.get("/login")))
    assert query_of(location(begun))["redirect_uri"] == [f"{APP}/shop/callback"]
    back = at_provider(begun).replace("/shop", "")
    assert location(browser.take(login.handle(browser.get(back)))) == "/shop/"
    browser.cookies = {}
    with pytest.raises(WebRefusedException) as caught:
        login.require(browser.get("/orders?x=1"))
    assert location(caught.value.answer) == "/shop/login?next=%2Fshop%2Forders%3Fx%3D1"


def test_a_page_leads_to_the_login_and_scripts_get_401(provider: EmbeddedProvider) -> None:
    login = login_of(provider)
    page: list[dict[str, str]] = [{"accept": "text/html"}, {}, {"sec-fetch-mode": "navigate"}]
    for headers in page:
        with refused(WebRefusedException, "login_required") as caught:
            login.require(Browser().get("/orders", headers=headers))
        assert location(caught.value.answer) == "/login?next=%2Forders"
    scripts: list[dict[str, str]] = [
        {"accept": "application/json"},
        {"sec-fetch-mode": "cors", "accept": "*/*"},
        {"sec-fetch-mode": "no-cors", "accept": "image/png"},
    ]
    requests = [Browser().get("/orders", headers=headers) for headers in scripts]
    for request in [*requests, Browser().post("/orders")]:
        with refused(WebRefusedException, "login_required") as caught:
            login.require(request)
        assert (caught.value.answer.status, caught.value.answer.body) == (
            401,
            '{"error": "login_required"}',
        )


def test_a_page_may_demand_a_stronger_login(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    login, browser = login_of(provider), Browser()
    logged_in(login, browser)
    weak = dict(browser.cookies)
    with refused(WebRefusedException, "insufficient_user_authentication") as caught:
        login.require(browser.get("/pay"), acr_values=["gold", "platinum"])
    to = location(caught.value.answer)
    assert to == "/login?next=%2Fpay&acr_values=gold+platinum"
    begun = browser.take(login.handle(browser.get(to)))
    assert query_of(location(begun))["acr_values"] == ["gold platinum"]
    answer = browser.take(login.handle(browser.get(at_provider(begun))))
    assert answer.status == 403  # and no endless loop: the provider does not know "gold"
    assert "insufficient_user_authentication" in answer.body
    assert browser.cookies == weak
    mint = provider.mint_id_token
    monkeypatch.setattr(provider, "mint_id_token", partial(mint, acr="gold"))
    assert location(logged_in(login, browser, to)) == "/pay"
    session = login.require(browser.get("/pay"), acr_values="gold")
    assert session.claims["acr"] == "gold"


def test_a_page_may_demand_a_recent_login(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider), Browser()
    logged_in(login, browser)
    assert (login.require(browser.get("/pay"), max_age=300)).subject == "alice"
    with refused(WebRefusedException, "insufficient_user_authentication") as caught:
        login.require(browser.get("/pay"), max_age=-100)
    to = location(caught.value.answer)
    assert to == "/login?next=%2Fpay&max_age=-100"
    begun = login.handle(browser.get(to.replace("-100", "100")))
    assert begun is not None
    assert query_of(location(begun))["max_age"] == ["100"]


def test_several_providers_are_chosen_by_name(provider: EmbeddedProvider) -> None:
    with EmbeddedProvider(user="bob") as other:
        clients = {"one": client_of(provider), "two": client_of(other)}
        login, browser = login_of(provider, clients), Browser()
        choice = browser.take(login.handle(browser.get("/login?next=/a%26b")))
        assert choice.status == 200
        assert 'href="/login?next=%2Fa%26b&amp;provider=two"' in choice.body
        begun = browser.take(login.handle(browser.get("/login?provider=two")))
        assert query_of(location(begun))["redirect_uri"] == [f"{APP}/callback/two"]
        browser.take(login.handle(browser.get(at_provider(begun))))
        assert subject(login, browser) == "bob"
        unknown = login.handle(browser.get("/login?provider=three"))
        assert unknown is not None
        assert unknown.status == 200


def test_an_answer_at_another_providers_address_is_refused(
    provider: EmbeddedProvider,
) -> None:
    """A mix-up: the login was begun at one provider, another one answers (RFC 9700 §4.4)."""
    with EmbeddedProvider() as other:
        clients = {"one": client_of(provider), "two": client_of(other)}
        login, browser = login_of(provider, clients), Browser()
        begun = browser.take(login.handle(browser.get("/login?provider=one")))
        url = at_provider(begun).replace("/callback/one", "/callback/two")
        answer = browser.take(login.handle(browser.get(url)))
        assert answer.status == 400
        assert provider.count("/token") + other.count("/token") == 0


def test_the_provider_may_start_a_login(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider), Browser()
    target = quote(f"{APP}/welcome?x=1", safe="")
    query = f"?iss={quote(provider.issuer)}&login_hint=bob&target_link_uri={target}"
    for request in (browser.get(f"/login{query}"), browser.post("/login", fields_of(query))):
        begun = browser.take(login.handle(request))
        assert query_of(location(begun))["login_hint"] == ["bob"]
        ended = browser.take(login.handle(browser.get(at_provider(begun))))
        assert location(ended) == "/welcome?x=1"
        assert subject(login, browser) == "bob"


@pytest.mark.parametrize(
    "query",
    [
        "iss=https://evil.example",
        "iss={issuer}&target_link_uri=https://evil.example/",
        "iss={issuer}&target_link_uri=https://app.example.evil.example/",
        "iss={issuer}&target_link_uri=https://app.example@evil.example/",
        "iss={issuer}&target_link_uri=//evil.example",
        "iss={issuer}&target_link_uri=https://app.example//evil.example",
        "iss={issuer}&target_link_uri=http://app.example/",
    ],
)
def test_nobody_else_starts_a_login(provider: EmbeddedProvider, query: str) -> None:
    login = login_of(provider)
    answer = login.handle(Browser().get("/login?" + query.format(issuer=provider.issuer)))
    assert answer is not None
    assert (answer.status, answer.header("set-cookie")) == (400, None)


def test_userinfo_is_part_of_the_session(provider: EmbeddedProvider) -> None:
    provider.user_claims = {"name": "Alice"}
    login, browser = login_of(provider, userinfo=True), Browser()
    logged_in(login, browser)
    session = login.session(browser.get("/"))
    assert session is not None
    assert session.userinfo == {"sub": "alice", "name": "Alice"}


def expire_tokens(login: WebLogin) -> None:
    """Move the clock of the sessions past the end of their access tokens."""
    (client,) = login.clients.values()
    now = client.clock()
    client.clock = lambda: now + 7200


def test_an_expired_session_is_renewed_once_for_all_who_ask(
    provider: EmbeddedProvider,
) -> None:
    login, browser = login_of(provider), Browser()
    logged_in(login, browser)
    expire_tokens(login)
    before = provider.count("/token")

    def ask() -> str | None:
        return subject(login, browser)

    assert gather([ask] * 10) == ["alice"] * 10
    assert provider.count("/token") == before + 1


def test_a_renewal_by_a_killed_process_delays_no_page_and_logs_nobody_out(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser_sessions, "PATIENCE", 0.1)
    store = MemorySessionStore()
    login, browser = login_of(provider, client_of(provider, session_store=store)), Browser()
    logged_in(login, browser)
    expire_tokens(login)
    before = provider.count("/token")
    (name,) = store.find_by(sub="alice")
    with store.lock(name):
        assert subject(login, browser) == "alice"
        assert subject(login, browser) == "alice"  # and it does not wait each time
        session = login.session(browser.get("/"))
        assert session is not None
        with waiting_at_most(0.0), refused(TokenRequestException, "renewal_pending") as caught:
            session.get_access_token()  # as a page that needs it does
        page = failed_login(caught.value, "/login")
        assert (page.status, dict(page.headers)["Retry-After"]) == (503, "5")
        assert provider.count("/token") == before
    assert session.get_access_token()
    assert provider.count("/token") == before + 1


def test_a_session_that_another_process_renews_pauses_no_other(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float] = []

    def limit_locks(seconds: float) -> AbstractContextManager[None]:
        limits.append(seconds)
        return waiting_at_most(0.1)

    def limit_all(seconds: float) -> AbstractContextManager[None]:
        limits.append(seconds)
        return nullcontext()

    monkeypatch.setattr(browser_sessions, "waiting_at_most", limit_locks)
    monkeypatch.setattr(browser_sessions, "deadline", limit_all)
    store = MemorySessionStore()
    client = client_of(provider, session_store=store)
    login, browser, other = login_of(provider, client), Browser(), Browser()
    logged_in(login, browser)
    (name,) = store.find_by(sub="alice")
    logged_in(login, other)
    expire_tokens(login)
    before = provider.count("/token")
    with store.lock(name):
        assert subject(login, browser) == "alice"
        assert subject(login, other) == "alice"
    assert provider.count("/token") == before + 1
    locks, all_of_it, *_ = limits
    assert locks < all_of_it  # otherwise the provider would be taken for hanging


def test_a_provider_that_hangs_delays_no_page_and_logs_nobody_out(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser_sessions, "PATIENCE", 0.1)
    login, browser, other = login_of(provider), Browser(), Browser()
    for one in (browser, other):
        logged_in(login, one)
    expire_tokens(login)
    gate = provider.intercept = Gate("/token")
    assert subject(login, browser) == "alice"
    provider.intercept = None
    assert subject(login, other) == "alice"  # and it does not wait each time
    gate.open.set()
    assert not gate.gave_up
    session = login.session(browser.get("/"))
    assert session is not None
    assert session.get_access_token()  # the renewal went on
    assert provider.count("/token") == 3


def test_a_session_that_the_provider_has_ended_is_over(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider), Browser()
    logged_in(login, browser)
    expire_tokens(login)
    provider.intercept = lambda received: (
        Answer.of_json({"error": "invalid_grant"}, 400) if received.path == "/token" else None
    )
    asked = provider.count("/token")
    assert subject(login, browser) is None
    provider.intercept = None
    for _ in range(2):  # it stays over: nobody is logged in by a token that has expired
        assert subject(login, browser) is None
    assert provider.count("/token") == asked + 1


def test_a_provider_that_is_down_ends_no_session_and_is_not_asked_each_time(
    provider: EmbeddedProvider,
) -> None:
    login, browser = login_of(provider), Browser()
    logged_in(login, browser)
    expire_tokens(login)
    asked: list[str] = []

    def down(received: Received) -> Answer | None:
        asked.append(received.path)
        return Answer(503, b"", {})

    provider.intercept = down
    assert subject(login, browser) == "alice"
    times = len(asked)
    assert times
    assert subject(login, browser) == "alice"
    assert len(asked) == times
    login._browsers.clock = lambda: 1e12
    provider.intercept = None
    assert subject(login, browser) == "alice"
    assert provider.count("/token") > times


def test_a_session_ends_with_its_age(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider, session_seconds=100), Browser()
    logged_in(login, browser)
    now = login._sealer.clock()
    login._sealer.clock = lambda: now + 102
    assert subject(login, browser) is None


def test_a_secret_is_replaced_while_sessions_live(provider: EmbeddedProvider) -> None:
    client, browser = client_of(provider), Browser()
    logged_in(login_of(provider, client), browser)
    new = "n" * 32
    assert subject(login_of(provider, client, secret=[new, SECRET]), browser) == "alice"
    assert subject(login_of(provider, client, secret=[new]), browser) is None


def test_a_session_of_a_provider_that_was_removed_is_over(
    provider: EmbeddedProvider,
) -> None:
    client, browser = client_of(provider), Browser()
    both = {"one": client, "two": client}
    logged_in(login_of(provider, both), browser, "/login?provider=two")
    assert subject(login_of(provider, {"one": client}), browser) is None
    assert subject(login_of(provider, both), browser) == "alice"


def test_the_session_of_another_client_is_not_accepted(provider: EmbeddedProvider) -> None:
    store, browser = MemorySessionStore(), Browser()
    logged_in(login_of(provider, client_of(provider, session_store=store)), browser)
    other = OAuthClient(provider.issuer, "native", session_store=store)
    assert subject(login_of(provider, other), browser) is None


def test_a_websocket_of_another_site_is_not_logged_in(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider), Browser()
    logged_in(login, browser)
    for origin, who in ((APP, "alice"), ("https://evil.example", None)):
        headers = {"origin": origin, "sec-fetch-site": "same-origin"}
        request = browser.get("/ws", headers=headers, is_websocket=True)
        session = login.session(request)
        assert (session and session.subject) == who
    with refused(WebRefusedException, "login_required") as caught:
        login.require(Browser().get("/ws", is_websocket=True))
    assert caught.value.answer.status == 401


@pytest.mark.parametrize(
    "arguments",
    [
        {"secret": "short"},
        {"secret": []},
        {"secret": ["x" * 32, "short"]},
        {"public_url": "app.example"},
        {"public_url": "https://app.example/?x=1"},
        {"public_url": "https://user@app.example/"},
        {"prefix": "auth"},
        {"prefix": "/auth/"},
        {"prefix": "//evil.example"},
        {"after_login": "https://evil.example"},
        {"after_logout": "//evil.example"},
        {"cookie_name": "a;b"},
        {"clients": {}},
        {"clients": {"a/b": None}},
        {"clients": "https://op.example"},
        {"sessions": "cookie"},
    ],
)
def test_what_cannot_work_is_refused_at_once(
    provider: EmbeddedProvider, arguments: dict[str, Any]
) -> None:
    usual: dict[str, Any] = {"clients": client_of(provider), "secret": SECRET}
    with pytest.raises(InvalidArgumentError):
        WebLogin(**{**usual, **arguments})


def test_a_public_address_without_https_is_refused_at_once(provider: EmbeddedProvider) -> None:
    with refused(ConfigurationException, "https_required_for_logins"):
        login_of(provider, public_url="http://app.example")


def test_nothing_secret_is_in_a_repr(provider: EmbeddedProvider) -> None:
    browser = Browser()
    browser.cookies = {SESSION: "s3cret"}
    request = browser.post("/callback?code=s3cret", {"code": "s3cret"})
    assert "s3cret" not in repr(request)
    assert SECRET not in repr(vars(login_of(provider)))


@pytest.mark.parametrize("host", ["", "[", "a:b:c", "user@app.example"])
def test_a_request_without_a_host_is_refused(provider: EmbeddedProvider, host: str) -> None:
    login = login_of(provider)
    answer = login.handle(Browser(f"https://{host}").get("/login"))
    assert answer is not None
    assert (answer.status, answer.body) == (400, '{"error": "invalid_host"}')


def test_a_store_that_cannot_write_ends_and_renews_nothing(
    provider: EmbeddedProvider,
) -> None:
    store = BrokenStore()
    login, browser = login_of(provider, client_of(provider, session_store=store)), Browser()
    logged_in(login, browser)
    before = dict(browser.cookies)
    store.read_only = True
    assert browser.take(login.handle(browser.post("/logout"))).status == 503
    assert browser.cookies == before
    times = provider.count("/token")
    expire_tokens(login)
    with refused(WebRefusedException, "store_unavailable"):
        login.session(browser.get("/"))
    assert provider.count("/token") == times
    store.read_only = False
    assert subject(login, browser) == "alice"


def test_an_old_session_that_cannot_be_ended_stops_no_login(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = BrokenStore()
    login, browser = login_of(provider, client_of(provider, session_store=store)), Browser()
    logged_in(login, browser)

    def fail(name: str) -> None:
        raise OSError("down")

    with monkeypatch.context() as patch:
        patch.setattr(store, "delete", fail)
        assert location(logged_in(login, browser)) == "/"
    assert subject(login, browser) == "alice"


def test_a_store_that_goes_down_while_the_code_is_exchanged_loses_no_login(
    provider: EmbeddedProvider,
) -> None:
    store = BrokenStore()
    login, browser = login_of(provider, client_of(provider, session_store=store)), Browser()
    url = at_provider(browser.take(login.handle(browser.get("/login"))))

    def go_down(received: Received) -> Answer | None:
        store.read_only = received.path == "/token" or store.read_only
        return None

    provider.intercept = go_down
    assert location(browser.take(login.handle(browser.get(url)))) == "/"
    provider.intercept = None
    assert subject(login, browser) == "alice"  # this process knows it
    store.read_only = False


def test_a_renewal_makes_nobody_another_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with EmbeddedProvider(quirks=["refreshed-id-token"]) as provider:
        login, browser = login_of(provider), Browser()
        logged_in(login, browser)
        expire_tokens(login)
        mint = provider.mint_id_token

        def for_mallory(**claims: Any) -> str:
            return mint(**{**claims, "sub": "mallory"})

        monkeypatch.setattr(provider, "mint_id_token", for_mallory)
        assert subject(login, browser) == "alice"
        assert provider.count("/token") == 2
        assert subject(login, browser) == "alice"
        assert provider.count("/token") == 2  # and it is not asked each time
        monkeypatch.undo()
        other = Browser()
        now = login.clients["default"].clock
        login.clients["default"].clock = time.time
        logged_in(login, other)
        login.clients["default"].clock = now
        assert subject(login, other) == "alice"
        assert provider.count("/token") == 4  # one broken session stops no other's renewal


def test_a_provider_without_logout_or_revocation_stops_no_logout(
    provider: EmbeddedProvider,
) -> None:
    document = provider.document()
    del document["end_session_endpoint"], document["revocation_endpoint"]
    provider.intercept = answering(DISCOVERY, Answer.of_json(document))
    login, browser = login_of(provider, after_logout="/bye"), Browser()
    logged_in(login, browser)
    stolen = dict(browser.cookies)
    assert location(browser.take(login.handle(browser.post("/logout")))) == "/bye"
    browser.cookies = stolen
    assert subject(login, browser) is None


def test_a_program_begins_a_login_by_itself(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider), Browser()
    begun = browser.take(login.begin(browser.get("/"), target="/x", login_hint="bob"))
    ended = browser.take(login.handle(browser.get(at_provider(begun))))
    assert location(ended) == "/x"
    assert subject(login, browser) == "bob"
    with pytest.raises(InvalidArgumentError, match="provider must be one of default"):
        login.begin(browser.get("/"), provider="other")


def test_a_callback_to_nowhere_is_503_while_the_store_is_down(
    provider: EmbeddedProvider,
) -> None:
    store = BrokenStore()
    login, browser = login_of(provider, client_of(provider, session_store=store)), Browser()
    logged_in(login, browser)
    store.down = True
    answer = browser.take(login.handle(browser.get("/callback?code=c&state=s")))
    assert answer.status == 503


def test_pauses_are_forgotten_in_time(provider: EmbeddedProvider) -> None:
    browsers = login_of(provider)._browsers
    now = browsers.clock()
    for number in range(1005):
        browsers.clock = partial(float, now + number)
        browsers._pause(f"session-{number}")
    assert len(browsers._pauses) < 20


HOSTILE = ["", "\ud800", "\0", "a" * 5000, "[", "{}", "null", "9" * 5000, "%ff", "\u2028", "a.b.c"]
HOSTILE += ["eyJhbGciOiJub25lIn0.e30.", "https://[", "//x", "-1", "\r\nX: y", "a;b=c", "..", "*"]
NAMES = ["next", "provider", "acr_values", "max_age", "iss", "login_hint", "target_link_uri"]
NAMES += ["code", "state", "error", "response", "logout_token", "sid", "id_token"]


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_a_request_contains_nothing_untyped_is_raised(
    provider: EmbeddedProvider, text: str
) -> None:
    client = client_of(provider)
    several = {"one": client, "two": client_of(provider)}
    for login in (login_of(provider), login_of(provider, several)):
        headers = [(name, text) for name in ("Host", "Origin", "Sec-Fetch-Site", "Authorization")]
        names = ("__Host-session", "__Host-session.1", "__Host-session-login-x")
        headers.append(("Cookie", "; ".join(f"{name}={text}" for name in names)))
        for path in [*login.paths, "/" + text]:
            query = "&".join(f"{name}={text}" for name in NAMES)
            form = {name: [text] for name in NAMES}
            get = WebRequest("GET", APP, path, query, headers)
            for request in (get, WebRequest("POST", APP, path, "", headers, form)):
                for call in (login.handle, login.session, login.require):
                    with suppress(PyIdentityModelException):
                        call(request)
