"""Logouts that providers order, and sessions that are sealed into cookies."""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc.jwk import RSAKey

from py_identity_model.aio import (
    AsyncMemorySessionStore,
    AsyncOAuthClient,
    MemoryReplayStore,
    NoClientAuthentication,
    SessionRecord,
    clear_discovery_cache,
)
from py_identity_model.aio.replay_store import process_once
from py_identity_model.aio.web import AsyncWebLogin, WebAnswer, browser_sessions, logouts
from py_identity_model.exceptions import (
    ConfigurationException,
    TokenRequestException,
    TokenValidationException,
)
from py_identity_model.testing import EmbeddedProvider
from tests.browsers import SECRET, Browser, at_provider, fields_of, location
from tests.support import DISCOVERY, Gate, refused

from .test_web_login import BrokenStore, client_of, logged_in, login_of, subject


@pytest.fixture
def provider() -> Any:
    users = {"alice": {"sid": "sid-1"}, "bob": {"sid": "sid-2"}}
    with EmbeddedProvider(users=users) as running:
        yield running


async def ordered(login: AsyncWebLogin, token: str) -> WebAnswer:
    """Return the answer to a logout token, as the provider sends it: without cookies."""
    answer = await login.handle(Browser().post("/backchannel-logout", {"logout_token": token}))
    assert answer is not None
    return answer


@pytest.mark.parametrize(
    "named", [{"sid": "sid-1"}, {"sub": "alice"}, {"sub": "alice", "sid": "sid-1"}]
)
async def test_sessions_end_everywhere_when_the_provider_says_so(
    provider: EmbeddedProvider, named: dict[str, Any]
) -> None:
    """Two workers share a store; the token reaches one of them."""
    store = AsyncMemorySessionStore()
    workers = [login_of(provider, client_of(provider, session_store=store)) for _ in range(2)]
    alice, laptop, bob = Browser(), Browser(), Browser()
    await logged_in(workers[0], alice)
    await logged_in(workers[1], laptop)
    provider.user = "bob"
    await logged_in(workers[0], bob)
    token = provider.mint_logout_token(aud=provider.client_id, **named)
    assert (await ordered(workers[0], token)).status == 200
    for worker in workers:
        assert await subject(worker, alice) is None
        assert await subject(worker, laptop) is None
        assert await subject(worker, bob) == "bob"


@pytest.mark.parametrize("at", range(1, 6))
async def test_a_session_that_ends_meanwhile_keeps_no_other_from_its_end(
    provider: EmbeddedProvider, at: int
) -> None:
    class Leaving(AsyncMemorySessionStore):
        """A user logs out elsewhere, just after the record was read for the ``at``-th time."""

        reads = 0

        async def get(self, name: str) -> SessionRecord | None:
            found = await super().get(name)
            if is_ordered:
                self.reads += 1
                if self.reads == at:
                    await super().delete(name)
            return found

    is_ordered, store = list[bool](), Leaving()
    login = login_of(provider, client_of(provider, session_store=store))
    for browser in (Browser(), Browser()):
        await logged_in(login, browser)
    is_ordered.append(True)
    token = provider.mint_logout_token(aud=provider.client_id, sub="alice")
    assert (await ordered(login, token)).status == 200
    assert len(store) == 0


async def test_a_logout_token_reaches_each_of_two_clients_of_one_issuer(
    provider: EmbeddedProvider,
) -> None:
    native = AsyncOAuthClient(provider.issuer, provider.public_client_id, NoClientAuthentication())
    login = login_of(provider, {"web": client_of(provider), "native": native})
    for name, client in login.clients.items():
        browser = Browser()
        await logged_in(login, browser, f"/login?provider={name}")
        assert await subject(login, browser) == "alice"
        token = provider.mint_logout_token(aud=client.client_id, sub="alice")
        assert (await ordered(login, token)).status == 200
        assert await subject(login, browser) is None


async def test_an_outage_at_one_of_two_clients_of_an_issuer_is_said(
    provider: EmbeddedProvider,
) -> None:
    native = AsyncOAuthClient(provider.issuer, provider.public_client_id, NoClientAuthentication())
    store = BrokenStore()
    web = client_of(provider, session_store=store)
    login = login_of(provider, {"web": web, "native": native})
    store.down = True
    token = provider.mint_logout_token(aud=provider.client_id, sub="alice")
    assert (await ordered(login, token)).status == 503
    query = urlencode({"iss": provider.issuer, "sid": "sid-1"})
    frame = await login.handle(Browser().get(f"/frontchannel-logout?{query}"))
    assert frame is not None
    assert frame.status == 503


async def test_a_hidden_frame_ends_the_sessions_of_each_client_of_its_issuer(
    provider: EmbeddedProvider,
) -> None:
    native = AsyncOAuthClient(provider.issuer, provider.public_client_id, NoClientAuthentication())
    login, browsers = login_of(provider, {"web": client_of(provider), "native": native}), []
    for name in login.clients:
        browsers.append(Browser())
        await logged_in(login, browsers[-1], f"/login?provider={name}")
    query = urlencode({"iss": provider.issuer, "sid": "sid-1"})
    frame = await login.handle(Browser().get(f"/frontchannel-logout?{query}"))
    assert frame is not None
    assert frame.status == 200
    assert [await subject(login, browser) for browser in browsers] == [None, None]


async def test_the_sid_alone_decides_which_of_a_users_sessions_end(
    provider: EmbeddedProvider,
) -> None:
    login, desk, phone = login_of(provider), Browser(), Browser()
    await logged_in(login, desk)
    provider.users = {"alice": {"sid": "sid-9"}}
    await logged_in(login, phone)
    token = provider.mint_logout_token(aud=provider.client_id, sub="alice", sid="sid-9")
    assert (await ordered(login, token)).status == 200
    assert await subject(login, desk) == "alice"
    assert await subject(login, phone) is None


async def test_a_session_without_sid_ends_with_its_user(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider), Browser()
    provider.users = {"alice": {}}
    await logged_in(login, browser)
    token = provider.mint_logout_token(aud=provider.client_id, sub="alice", sid="sid-9")
    assert (await ordered(login, token)).status == 200
    assert await subject(login, browser) is None


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"aud": "another"}, "invalid_audience"),
        ({"iss": "https://evil.example"}, "invalid_issuer"),
        ({"exp": 1}, "token_expired"),
        ({"nonce": "n"}, "logout_token_with_nonce"),
        ({"events": {}}, "missing_logout_event"),
        ({"sub": None, "sid": None}, "missing_logout_subject"),
    ],
)
async def test_a_bad_logout_token_ends_nothing(
    provider: EmbeddedProvider, claims: dict[str, Any], code: str
) -> None:
    login, browser = login_of(provider), Browser()
    await logged_in(login, browser)
    usual = {"aud": provider.client_id, "sub": "alice"}
    answer = await ordered(login, provider.mint_logout_token(**{**usual, **claims}))
    assert (answer.status, answer.body) == (400, f'{{"error": "{code}"}}')
    assert await subject(login, browser) == "alice"


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "x" * 70_000])
async def test_what_is_not_a_token_ends_nothing(provider: EmbeddedProvider, token: str) -> None:
    login = login_of(provider)
    assert (await ordered(login, token)).status == 400
    assert (await ordered(login, provider.mint_id_token(aud=provider.client_id))).status == 400


@pytest.mark.parametrize("path", [DISCOVERY, "/revoke"])
async def test_a_provider_that_hangs_delays_no_logout(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    for module in (browser_sessions, logouts):
        monkeypatch.setattr(module, "PATIENCE", 0.1)
    store = AsyncMemorySessionStore()
    login, browser = login_of(provider, client_of(provider, session_store=store)), Browser()
    await logged_in(login, browser)
    if path == DISCOVERY:
        await clear_discovery_cache()
    gate = provider.intercept = Gate(path)
    answer = browser.take(await login.handle(browser.post("/logout")))
    gate.open.set()
    assert not gate.gave_up
    assert answer.status == 303
    assert browser.cookies == {}
    assert len(store) == 0


async def test_a_logout_token_works_once(provider: EmbeddedProvider) -> None:
    """Otherwise, whoever saw one could log its user out again and again."""
    login, browser = login_of(provider), Browser()
    await logged_in(login, browser)
    token = provider.mint_logout_token(aud=provider.client_id, sub="alice")
    assert (await ordered(login, token)).status == 200
    await logged_in(login, browser)
    again = await ordered(login, token)
    assert (again.status, again.body) == (400, '{"error": "logout_token_replayed"}')
    assert await subject(login, browser) == "alice"


async def test_a_logout_that_the_store_could_not_do_may_be_sent_again(
    provider: EmbeddedProvider,
) -> None:
    store = BrokenStore()
    login, browser = login_of(provider, client_of(provider, session_store=store)), Browser()
    await logged_in(login, browser)
    token = provider.mint_logout_token(aud=provider.client_id, sub="alice")
    store.down = True
    answer = await ordered(login, token)
    assert (answer.status, answer.body) == (503, '{"error": "store_unavailable"}')
    store.down = False
    assert await subject(login, browser) == "alice"
    assert (await ordered(login, token)).status == 200
    assert await subject(login, browser) is None


async def test_each_of_several_providers_ends_its_own_sessions(
    provider: EmbeddedProvider,
) -> None:
    with EmbeddedProvider(user="alice") as other:
        store = AsyncMemorySessionStore()
        clients = {
            "one": client_of(provider, session_store=store),
            "two": client_of(other, session_store=store),
        }
        login, browser, second = login_of(provider, clients), Browser(), Browser()
        await logged_in(login, browser, "/login?provider=one")
        await logged_in(login, second, "/login?provider=two")
        token = other.mint_logout_token(aud=other.client_id, sub="alice")
        assert (await ordered(login, token)).status == 200
        assert await subject(login, browser) == "alice"
        assert await subject(login, second) is None
        assert (await ordered(login, token)).body == '{"error": "logout_token_replayed"}'


async def test_the_sessions_of_another_client_in_the_same_store_live_on(
    provider: EmbeddedProvider,
) -> None:
    from py_identity_model.aio import AsyncOAuthClient

    store, browser = AsyncMemorySessionStore(), Browser()
    native = AsyncOAuthClient(provider.issuer, "native", session_store=store)
    await logged_in(login_of(provider, native), browser)
    mine = login_of(provider, client_of(provider, session_store=store))
    token = provider.mint_logout_token(aud=provider.client_id, sub="alice")
    assert (await ordered(mine, token)).status == 200
    assert await subject(login_of(provider, native), browser) == "alice"


async def test_a_frame_of_the_provider_ends_a_session_without_cookies(
    provider: EmbeddedProvider,
) -> None:
    login, browser = login_of(provider), Browser()
    await logged_in(login, browser)
    frame = Browser()  # third-party cookies are blocked, and ours are SameSite=Lax
    url = f"/frontchannel-logout?iss={provider.issuer}&sid=sid-1"
    answer = await login.handle(frame.get(url))
    assert answer is not None
    assert (answer.status, answer.header("cache-control")) == (200, "no-store")
    assert "frame-ancestors" not in str(answer.header("content-security-policy"))
    assert await subject(login, browser) is None


@pytest.mark.parametrize(
    "query",
    [
        "",
        "sid=sid-1",
        "iss={issuer}",
        "iss={issuer}&sid=",
        "iss={issuer}&sid=sid-1&sid=sid-2",
        "iss=https://evil.example&sid=sid-1",
        "iss={issuer}&sid=guessed",
    ],
)
async def test_other_frames_end_no_session(provider: EmbeddedProvider, query: str) -> None:
    login, browser = login_of(provider), Browser()
    await logged_in(login, browser)
    url = "/frontchannel-logout?" + query.format(issuer=provider.issuer)
    answer = await login.handle(browser.get(url))
    assert answer is not None
    assert answer.status == (200 if query.endswith("guessed") else 400) or query.endswith("sid=")
    assert await subject(login, browser) == "alice"


async def test_logouts_by_the_provider_can_be_switched_off(provider: EmbeddedProvider) -> None:
    login = login_of(provider, backchannel_logout=False, frontchannel_logout=False)
    for path in ("/backchannel-logout", "/frontchannel-logout"):
        assert await login.handle(Browser().get(path)) is None


async def test_logout_tokens_may_be_remembered_by_all_processes(
    provider: EmbeddedProvider,
) -> None:
    store = MemoryReplayStore()
    workers = [login_of(provider, replay_store=store) for _ in range(2)]
    token = provider.mint_logout_token(aud=provider.client_id, sub="alice")
    assert [(await ordered(worker, token)).status for worker in workers] == [200, 400]
    assert len(store) == 1


async def test_a_sealed_session_lives_in_its_cookies_alone(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider, sessions="sealed"), Browser()
    assert location(await logged_in(login, browser, "/login?next=/x")) == "/x"
    other = login_of(provider, sessions="sealed")  # another process, with the same secret
    session = await other.session(browser.get("/"))
    assert session is not None
    assert session.subject == "alice"
    assert session.refresh_token is None
    assert session.id_token
    userinfo = await other.clients["default"].userinfo(session)
    assert userinfo.is_successful
    store = login.clients["default"]._sessions.records.storage.store
    assert isinstance(store, AsyncMemorySessionStore)
    assert len(store) == 0
    browser.take(await other.handle(browser.post("/logout")))
    assert browser.cookies == {}


async def test_a_sealed_session_is_of_one_client_at_one_issuer(provider: EmbeddedProvider) -> None:
    """Programs may share a secret, and a program changes its provider."""
    client, browser = client_of(provider), Browser()
    await logged_in(login_of(provider, client, sessions="sealed"), browser)
    with EmbeddedProvider() as other:
        elsewhere = client_of(other)
        sibling = AsyncOAuthClient(provider.issuer, "sibling", NoClientAuthentication())
        for one in (elsewhere, sibling):
            assert await subject(login_of(provider, one, sessions="sealed"), browser) is None
        for named in ({"default": elsewhere, "two": client}, {"two": client}):
            assert await subject(login_of(provider, named, sessions="sealed"), browser) is None


async def test_a_posted_answer_leaves_no_piece_of_a_larger_session(
    provider: EmbeddedProvider,
) -> None:
    """A browser sends the session's cookies with no form that another site posts."""
    login, browser = login_of(provider, sessions="sealed", userinfo=True), Browser()
    provider.user_claims = {"about": "x" * 1500}
    await logged_in(login, browser)
    assert [*browser.cookies] == ["__Host-session", "__Host-session.1"]
    before, browser.cookies = browser.cookies, {}
    provider.user_claims = {}
    login = login_of(provider, sessions="sealed", userinfo=True, response_mode="form_post")
    begun = browser.take(await login.handle(browser.get("/login")))
    form = fields_of(at_provider(begun))
    posted = browser.post("/callback", form, headers={"sec-fetch-site": "cross-site"})
    browser.cookies.update(before)
    browser.take(await login.handle(posted))
    assert await subject(login, browser) == "alice"


async def test_a_sealed_session_ends_with_its_access_token(provider: EmbeddedProvider) -> None:
    provider._oauth.rules = provider._oauth.rules.__class__(lifetime=1)
    login, browser = login_of(provider, sessions="sealed"), Browser()
    provider._oauth.rules = provider._oauth.rules.__class__(lifetime=0)
    await logged_in(login, browser)
    assert await subject(login, browser) is None


async def test_a_large_sealed_session_is_split_and_a_smaller_one_leaves_nothing(
    provider: EmbeddedProvider,
) -> None:
    login, browser = login_of(provider, sessions="sealed", userinfo=True), Browser()
    provider.user_claims = {"about": "x" * 1500}
    await logged_in(login, browser)
    assert [*browser.cookies] == ["__Host-session", "__Host-session.1"]
    assert all(len(f"{name}={value}") < 4000 for name, value in browser.cookies.items())
    assert await subject(login, browser) == "alice"
    halves = dict(browser.cookies)
    browser.cookies = {"__Host-session": halves["__Host-session"]}
    assert await subject(login, browser) is None
    browser.cookies = halves
    browser.take(await login.handle(browser.post("/logout")))
    assert browser.cookies == {}


async def test_an_oversized_session_logs_nobody_in_and_says_why(
    provider: EmbeddedProvider,
) -> None:
    provider.user_claims = {"about": "x" * 10_000}
    login, browser = login_of(provider, sessions="sealed", userinfo=True), Browser()
    answer = await logged_in(login, browser)
    assert answer.status == 500
    assert "session_too_large" in answer.body
    assert browser.cookies == {}


async def test_an_oversized_cookie_is_not_opened(provider: EmbeddedProvider) -> None:
    login, browser = login_of(provider), Browser()
    await logged_in(login, browser)
    browser.cookies["__Host-session"] += "A" * 10_000
    assert await subject(login, browser) is None


@pytest.mark.parametrize("order", ["backchannel_logout", "frontchannel_logout"])
def test_sealed_sessions_exclude_logouts_by_the_provider(
    provider: EmbeddedProvider, order: str
) -> None:
    arguments: dict[str, Any] = {"secret": SECRET, "sessions": "sealed", order: True}
    with pytest.raises(ConfigurationException, match=order) as caught:
        AsyncWebLogin(client_of(provider), **arguments)
    assert caught.value.code == "sealed_sessions_cannot_end"


async def test_sealed_sessions_have_no_addresses_for_such_logouts(
    provider: EmbeddedProvider,
) -> None:
    login = login_of(provider, sessions="sealed")
    for path in ("/backchannel-logout", "/frontchannel-logout"):
        assert await login.handle(Browser().get(path)) is None


async def test_a_stored_session_is_not_a_sealed_one(provider: EmbeddedProvider) -> None:
    client, browser = client_of(provider), Browser()
    await logged_in(login_of(provider, client), browser)
    assert await subject(login_of(provider, client, sessions="sealed"), browser) is None


async def test_a_sealed_session_of_a_provider_that_was_removed_is_over(
    provider: EmbeddedProvider,
) -> None:
    client, browser = client_of(provider), Browser()
    both = login_of(provider, {"one": client, "two": client}, sessions="sealed")
    await logged_in(both, browser, "/login?provider=two")
    assert await subject(both, browser) == "alice"
    assert await subject(login_of(provider, {"one": client}, sessions="sealed"), browser) is None


async def test_a_logout_token_without_a_store_of_replays_may_come_again(
    provider: EmbeddedProvider,
) -> None:
    store = BrokenStore()
    client = client_of(provider, session_store=store)
    token = provider.mint_logout_token(aud=provider.client_id, sub="alice")
    store.down = True
    for down in (True, False):
        store.down = down
        if down:
            with refused(TokenRequestException, "store_unavailable"):
                await client.accept_logout_token(token)
        else:
            assert await client.accept_logout_token(token) == 0


async def test_a_logout_token_is_signed_by_the_algorithm_that_was_registered(
    provider: EmbeddedProvider,
) -> None:
    client = client_of(provider, id_token_algorithms=["ES256"])
    token = provider.mint_logout_token(aud=provider.client_id, sub="alice")
    with refused(TokenValidationException, "algorithm_not_allowed") as caught:
        await client.accept_logout_token(token)
    assert "id_token_algorithms" in str(caught.value)


async def test_a_logout_token_need_not_be_encrypted_where_id_tokens_must_be(
    provider: EmbeddedProvider,
) -> None:
    keys = RSAKey.generate_key(2048).as_pem(private=True)
    client = client_of(provider, decryption_keys=keys, require_encrypted=["id_token"])
    token = provider.mint_logout_token(aud=provider.client_id, sub="alice")
    assert await client.accept_logout_token(token) == 0


class AddOnly:
    """A replay store with the one method that it must have."""

    def __init__(self) -> None:
        self.keys: set[str] = set()

    def add(self, key: str, expires_at: float) -> bool:
        is_new = key not in self.keys
        self.keys.add(key)
        return is_new


async def test_a_logout_is_not_lost_where_the_replay_store_forgets_nothing(
    provider: EmbeddedProvider,
) -> None:
    store = BrokenStore()
    client = client_of(provider, session_store=store)
    login, browser = login_of(provider, client, replay_store=AddOnly()), Browser()
    await logged_in(login, browser)
    token = provider.mint_logout_token(aud=provider.client_id, sub="alice")
    store.down = True
    assert (await ordered(login, token)).status == 503
    store.down = False
    assert (await ordered(login, token)).status == 200
    assert await subject(login, browser) is None
    assert (await ordered(login, token)).body == '{"error": "logout_token_replayed"}'


async def test_a_copy_of_a_logout_token_is_not_final_while_the_first_may_fail(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Reentrant(AsyncMemorySessionStore):
        async def find_by(self, **named: Any) -> list[str]:
            if not answers:
                answers.append(await ordered(login, token))
                raise OSError("the store is down")
            return await super().find_by(**named)

    monkeypatch.setattr(sys.modules[process_once.__module__], "_PAUSES", ())
    answers: list[WebAnswer] = []
    login, browser = login_of(provider, client_of(provider, session_store=Reentrant())), Browser()
    await logged_in(login, browser)
    token = provider.mint_logout_token(aud=provider.client_id, sub="alice")
    assert (await ordered(login, token)).status == 503
    assert [(one.status, one.body) for one in answers] == [(503, '{"error": "being_processed"}')]
    assert (await ordered(login, token)).status == 200
    assert await subject(login, browser) is None
