"""Logins in a Django program."""

from __future__ import annotations

import re
import time
import unittest
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.auth.models import Group
from django.core.checks import run_checks
from django.db import IntegrityError, connection, connections, transaction
from django.db.backends.signals import connection_created
from django.test import AsyncClient, Client, override_settings

from py_identity_model import OAuthClient, Session, SessionRecord, SessionStore
from py_identity_model._seam.lock_waits import LockHeldError, waiting_at_most
from py_identity_model._web.sealing import Sealer
from py_identity_model.exceptions import ConfigurationException
from py_identity_model.integrations.django.backends import OIDCBackend
from py_identity_model.integrations.django.models import Identity, LockRow, SessionRow
from py_identity_model.integrations.django.stores import DjangoSessionStore
from py_identity_model.testing import Answer, EmbeddedProvider
from tests.support import answering, refused

User: Any = get_user_model()
IS_SERVER = connection.vendor != "sqlite"
BASE = "https://testserver"


def get(browser: Client, url: str, **more: Any) -> Any:
    return browser.get(url.removeprefix(BASE), secure=True, **more)


def through_provider(url: str) -> str:
    return str(httpx.get(url, trust_env=False).headers["location"])


def log_in(browser: Client, url: str = "/oidc/login?next=/me") -> Any:
    """Log a browser in, and return the answer to its callback."""
    begun = get(browser, url)
    return get(browser, through_provider(begun.headers["location"]))


def who(browser: Client) -> str | None:
    name: str | None = get(browser, "/").json()["user"]
    return name


def test_a_page_leads_to_the_login_and_back(browser: Client) -> None:
    assert who(browser) is None
    first = get(browser, "/me?x=1")
    assert first.headers["location"] == "/oidc/login?next=/me%3Fx%3D1"
    ended = log_in(browser, first.headers["location"])
    assert (ended.status_code, ended.headers["location"]) == (303, "/me?x=1")
    answer = get(browser, "/me")
    assert answer.json() == {"sub": "alice"}
    assert answer.headers["cache-control"] == "private, no-store"


def test_djangos_session_holds_a_name_and_no_token(
    browser: Client, provider: EmbeddedProvider
) -> None:
    log_in(browser)
    held = str(dict(browser.session))
    (row,) = SessionRow.objects.all()
    for text in (held, row.record):
        # With a dot: by chance, the letters alone are in one of a hundred ciphertexts.
        assert re.search(r"eyJ[\w-]*\.", text) is None
        assert "access_token" not in text
        assert "refresh_token" not in text
    assert "alice" not in f"{row.record}{row.sub}"


def test_the_session_key_changes_with_the_login(browser: Client) -> None:
    """Session fixation: a key that others knew before is worth nothing after it."""
    planted = browser.session
    planted["cart"] = "1"
    planted.save()
    browser.cookies["sessionid"] = planted.session_key or ""
    log_in(browser)
    assert browser.cookies["sessionid"].value != planted.session_key
    assert browser.session["cart"] == "1"
    thief = Client()
    thief.cookies["sessionid"] = planted.session_key or ""
    assert who(thief) is None


def test_a_stolen_callback_works_in_no_other_browser(browser: Client) -> None:
    begun = get(browser, "/oidc/login")
    url = through_provider(begun.headers["location"])
    answer = get(Client(), url)
    assert answer.status_code == 400
    assert "missing_login" in answer.content.decode()
    assert not User.objects.exists()


def test_a_logout_ends_everything(browser: Client, provider: EmbeddedProvider) -> None:
    log_in(browser)
    assert get(browser, "/oidc/logout").status_code == 405
    evil = {"Origin": "https://evil.example"}
    assert browser.post("/oidc/logout", secure=True, headers=evil).status_code == 403
    assert who(browser) is not None
    answer = browser.post("/oidc/logout", secure=True, headers={"Origin": BASE})
    assert answer.headers["location"].startswith(f"{provider.issuer}/end_session")
    assert who(browser) is None
    assert not SessionRow.objects.exists()
    assert provider.count("/revoke") == 1


def test_a_logout_of_django_ends_the_record_and_its_tokens(
    browser: Client, provider: EmbeddedProvider
) -> None:
    """The admin, say, has a logout of its own: the refresh token would live on for a month."""
    log_in(browser)
    get(browser, "/leave")
    assert who(browser) is None
    assert not SessionRow.objects.exists()
    assert provider.count("/revoke") == 1
    browser.force_login(User.objects.create_user("carol"))
    get(browser, "/leave")
    assert who(browser) is None


def test_a_logout_of_django_works_while_the_record_cannot_be_deleted(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(browser)
    with monkeypatch.context() as patch:
        patch.setattr(DjangoSessionStore, "delete", None)
        assert get(browser, "/leave").status_code == 200
    assert who(browser) is None


def test_the_end_of_a_session_waits_for_no_revocation(
    browser: Client, provider: EmbeddedProvider
) -> None:
    log_in(browser)
    expire_tokens()
    refusal = Answer(400, b'{"error": "invalid_grant"}', {"content-type": "application/json"})
    provider.intercept = answering("/token", refusal)
    assert who(browser) is None
    assert provider.count("/revoke") == 0


def test_the_logout_button_needs_djangos_token(oidc: dict[str, Any]) -> None:
    browser = Client(enforce_csrf_checks=True)
    log_in(browser)
    assert browser.post("/oidc/logout", secure=True).status_code == 403
    assert who(browser) is not None


def test_the_provider_ends_the_session(browser: Client, provider: EmbeddedProvider) -> None:
    log_in(browser)
    token = provider.mint_logout_token(aud=provider.client_id, sub="alice")
    strict = Client(enforce_csrf_checks=True)
    body, kind = f"logout_token={token}", "application/x-www-form-urlencoded"
    answer = strict.post("/oidc/backchannel-logout", body, content_type=kind, secure=True)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert who(browser) is None
    assert SESSION_KEY not in browser.session


def test_a_user_is_found_by_issuer_and_subject_alone(
    browser: Client, provider: EmbeddedProvider, oidc: dict[str, Any]
) -> None:
    """Those who choose the name or address of another user do not become that user."""
    admin = User.objects.create_superuser("alice", "alice@example.com", "password")
    provider.user_claims = {"email": "alice@example.com", "email_verified": True}
    provider.user_claims |= {"preferred_username": "alice", "is_superuser": True}
    with override_settings(OIDC={**oidc, "USERINFO": True}):
        log_in(browser)
        log_in(Client())
    (identity,) = Identity.objects.all()
    assert identity.user.pk != admin.pk
    assert not identity.user.is_superuser
    assert not identity.user.has_usable_password()
    assert (identity.subject, identity.user.email) == ("alice", "alice@example.com")
    assert User.objects.count() == 2


def test_subjects_that_differ_in_case_are_two_users(
    browser: Client, provider: EmbeddedProvider
) -> None:
    log_in(browser)
    provider.user = "ALICE"
    log_in(Client())
    assert Identity.objects.count() == User.objects.count() == 2


def test_an_address_that_is_not_verified_is_not_taken(
    browser: Client, provider: EmbeddedProvider, oidc: dict[str, Any]
) -> None:
    provider.user_claims = {"email": "boss@example.com", "email_verified": "true"}
    provider.user_claims["given_name"] = "Alice"
    with override_settings(OIDC={**oidc, "USERINFO": True}):
        log_in(browser)
    user = User.objects.get()
    assert (user.email, user.first_name) == ("", "Alice")


def test_a_user_who_is_not_active_is_refused(browser: Client) -> None:
    log_in(browser)
    User.objects.update(is_active=False)
    other = Client()
    answer = log_in(other)
    assert answer.status_code == 403
    assert "unknown_user" in answer.content.decode()
    assert who(other) is None
    assert SessionRow.objects.count() == 1


def test_a_program_may_refuse_new_users(browser: Client, oidc: dict[str, Any]) -> None:
    with override_settings(OIDC={**oidc, "CREATE_USERS": False}):
        assert log_in(browser).status_code == 403
    assert not User.objects.exists()
    assert not SessionRow.objects.exists()


def promote(user: Any, claims: Mapping[str, Any]) -> None:
    user.is_staff = "admin" in claims.get("roles", [])


def test_hooks_set_fields_and_groups(
    browser: Client, provider: EmbeddedProvider, oidc: dict[str, Any]
) -> None:
    provider.users = {"alice": {"roles": ["admin", "editors", 7]}}
    Group.objects.create(name="editors")
    hooks = {"UPDATE_USER": f"{__name__}.promote", "GROUPS_CLAIM": "roles"}
    with override_settings(OIDC={**oidc, **hooks}):
        log_in(browser)
        user = User.objects.get()
        assert user.is_staff
        assert [one.name for one in user.groups.all()] == ["editors"]
        provider.users = {"alice": {}}
        log_in(Client())
    user.refresh_from_db()
    assert not user.is_staff
    assert not user.groups.exists()


def make_client(store: SessionStore) -> OAuthClient:
    return OAuthClient("https://op.example", "made-by-the-program", session_store=store)


def of_alice(claims: Mapping[str, Any]) -> Any:
    return User.objects.filter(email=claims["email"]).first() if claims["email_verified"] else None


def test_a_program_may_say_whose_an_identity_is(
    browser: Client, provider: EmbeddedProvider, oidc: dict[str, Any]
) -> None:
    """Users who were there before: found once, by the program's own rule."""
    known = User.objects.create_user("alice", "alice@example.com")
    provider.users = {"alice": {"email": "alice@example.com", "email_verified": True}}
    found = {"FIND_USER": f"{__name__}.of_alice", "CREATE_USERS": False, "USERINFO": True}
    with override_settings(OIDC={**oidc, **found}):
        log_in(browser)
        assert who(browser) == "alice"
        provider.users = {"alice": {"email": "other@example.com", "email_verified": True}}
        log_in(browser)
        assert who(browser) == "alice"
        provider.user = "mallory"
        provider.users = {"mallory": {"email": "other@example.com", "email_verified": False}}
        assert log_in(Client()).status_code == 403
    assert Identity.objects.get().user == known


def test_two_tabs_of_a_new_user_make_one_user(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have looked for the user before one of them makes it."""
    find: Any = OIDCBackend._user_of

    def lose(self: OIDCBackend, session: Session) -> Any:
        monkeypatch.setattr(OIDCBackend, "_user_of", find)
        log_in(Client())
        raise IntegrityError("UNIQUE constraint failed: oidc_identity.key")

    monkeypatch.setattr(OIDCBackend, "_user_of", lose)
    assert log_in(browser).status_code == 303
    assert who(browser) is not None
    assert User.objects.count() == Identity.objects.count() == 1


def take_a_name(user: Any, claims: Mapping[str, Any]) -> None:
    user.username = "admin"


def test_a_user_whose_name_is_taken_is_refused_with_a_log_record(
    browser: Client, oidc: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    admin = User.objects.create_superuser("admin", "admin@example.com", "password")
    with override_settings(OIDC={**oidc, "UPDATE_USER": take_a_name}):
        assert log_in(browser).status_code == 403
    assert who(browser) is None
    assert User.objects.get() == admin
    assert not Identity.objects.exists()
    assert not SessionRow.objects.exists()
    assert "a user cannot be stored beside those who are there" in caplog.text


def test_fields_are_as_long_as_the_model_says(
    browser: Client, provider: EmbeddedProvider, oidc: dict[str, Any]
) -> None:
    provider.users = {"alice": {"given_name": "A" * 200, "family_name": 7}}
    with override_settings(OIDC={**oidc, "USERINFO": True}):
        log_in(browser)
    user = User.objects.get()
    assert (user.first_name, user.last_name) == ("A" * 150, "")


def test_logins_and_logouts_lead_where_djangos_settings_say(
    browser: Client, oidc: dict[str, Any], provider: EmbeddedProvider
) -> None:
    with override_settings(LOGIN_REDIRECT_URL="me", LOGOUT_REDIRECT_URL="home"):
        assert log_in(browser, "/oidc/login").headers["location"] == "/me"
        left = browser.post("/oidc/logout", secure=True, headers={"Origin": BASE})
        query = parse_qs(urlsplit(left.headers["location"]).query)
        assert query["post_logout_redirect_uri"] == [f"{BASE}/"]
    assert log_in(browser, "/oidc/login").headers["location"] == "/"


def test_scripts_learn_that_a_login_is_needed(browser: Client) -> None:
    """They follow redirects, and could not follow the one to the provider."""
    answer = browser.get("/me", secure=True, follow=True, headers={"Sec-Fetch-Mode": "cors"})
    assert (answer.status_code, answer.json()) == (401, {"error": "login_required"})


def two_clients(store: SessionStore) -> dict[str, OAuthClient]:
    said = settings.OIDC_API
    return {
        name: OAuthClient(said["ISSUER"], client_id, client_secret=secret, session_store=store)
        for name, client_id, secret in said["CLIENTS"]
    }


def test_users_choose_between_several_providers(provider: EmbeddedProvider) -> None:
    browser, named = Client(), (provider.client_id, provider.client_secret)
    api = {"ISSUER": provider.issuer, "CLIENTS": [("staff", *named), ("guests", *named)]}
    with override_settings(OIDC={"CLIENT": two_clients}, OIDC_API=api):
        page = get(browser, "/oidc/login?next=/me").content.decode()
        assert "provider=staff" in page
        begun = get(browser, "/oidc/login?next=/me&provider=guests").headers["location"]
        assert "%2Foidc%2Fcallback%2Fguests" in begun
        assert get(browser, through_provider(begun)).headers["location"] == "/me"
        assert get(browser, "/me").json() == {"sub": "alice"}
        assert get(browser, "/oidc/callback/staff").status_code == 303  # home: it is logged in
        assert get(browser, "/oidc/callback/nobody").status_code == 404
        assert get(browser, "/oidc/callback").status_code == 404


def unreachable_client(store: SessionStore) -> OAuthClient:
    raise AssertionError("checks do not ask the network")


def test_a_program_may_make_its_own_client() -> None:
    from py_identity_model.integrations.django.conf import web_login

    with override_settings(OIDC={"CLIENT": f"{__name__}.make_client"}):
        (client,) = web_login().clients.values()
        assert client.client_id == "made-by-the-program"


def test_a_program_that_demands_logins_everywhere_lets_people_log_in(
    oidc: dict[str, Any],
) -> None:
    everywhere = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    with override_settings(MIDDLEWARE=everywhere):
        browser = Client()
        first = get(browser, "/")
        assert first.headers["location"] == "/oidc/login?next=/"
        assert log_in(browser, first.headers["location"]).headers["location"] == "/"
        assert who(browser) is not None
        answer = get(browser, "/oidc/frontchannel-logout?iss=x&sid=y")
        assert answer.status_code == 400


def test_users_of_other_backends_are_left_alone(browser: Client) -> None:
    browser.force_login(User.objects.create_user("carol"))
    assert who(browser) == "carol"


def test_a_database_that_fails_is_503(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    log_in(browser)
    with monkeypatch.context() as patch:
        patch.setattr(DjangoSessionStore, "get", None)
        answer = get(browser, "/")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert who(browser) is not None


async def test_views_that_wait_use_a_session_in_a_thread(browser: Client) -> None:
    await sync_to_async(log_in)(browser)
    client = AsyncClient()
    client.cookies = browser.cookies
    answer: Any = await client.get("/refresh", secure=True)
    assert answer.json() == {"user": True, "token": True}
    assert answer.headers["cache-control"] == "private, no-store"


async def test_it_works_under_asgi(browser: Client) -> None:
    client = AsyncClient()
    answer: Any = await client.get("/me", secure=True)
    assert answer.headers["location"] == "/oidc/login?next=/me"


def test_the_store_keeps_its_promises() -> None:
    store = DjangoSessionStore(Sealer("0123456789abcdef" * 2))
    assert isinstance(store, SessionStore)
    record = SessionRecord("https://op.example", version=1, claims={"sub": "a", "sid": "s"})
    assert not store.set("n", record, 1, 60)
    assert store.set("n", record, None, 60)
    assert not store.set("n", record, None, 60)
    assert store.get("n") == record
    assert store.set("n", SessionRecord("i", version=2, claims={"sub": "a"}), 1, 60)
    assert store.find_by(sub="a") == ["n"]
    assert store.find_by(sub="a", issuer="other") == []
    assert store.find_by(sid="s") == []
    with refused(ConfigurationException, "unreadable_value"):
        DjangoSessionStore(Sealer("x" * 32)).get("n")
    SessionRow.objects.update(version=9)
    with refused(ConfigurationException, "unreadable_value"):
        store.get("n")
    SessionRow.objects.update(until=0)
    assert store.get("n") is None
    assert store.set("m", record, None, 60)
    assert [row.name for row in SessionRow.objects.all()] == ["m"]
    store.delete("m")
    assert store.get("m") is None


@pytest.fixture
def atomic_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every view is a transaction, which an exception rolls back."""
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)


def expire_tokens() -> None:
    """Let the access tokens of all sessions be past their time."""
    from py_identity_model.integrations.django.conf import web_login

    for client in web_login().clients.values():
        client.clock = lambda: time.time() + 7200


def refresh_tokens() -> list[str | None]:
    """Return the refresh tokens that are stored."""
    from py_identity_model.integrations.django.conf import web_login

    (client,) = web_login().clients.values()
    store: Any = client._sessions.records.storage.store
    found = [store.get(row.name) for row in SessionRow.objects.all()]
    return [one.refresh_token for one in found]


def test_a_request_that_fails_brings_no_used_refresh_token_back(
    atomic_requests: None, browser: Client, provider: EmbeddedProvider
) -> None:
    browser.raise_request_exception = False
    log_in(browser)
    before, asked = refresh_tokens(), provider.count("/token")
    expire_tokens()
    assert get(browser, "/fail").status_code == 500  # the middleware has renewed it
    assert provider.count("/token") == asked + 1
    assert refresh_tokens() != before
    assert get(browser, "/me").json() == {"sub": "alice"}
    assert provider.count("/token") == asked + 1


def test_a_renewal_within_a_view_that_fails_is_kept(
    atomic_requests: None,
    browser: Client,
    provider: EmbeddedProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On SQLite, which has one writer, the view gets an error before anything is presented."""
    options = {} if IS_SERVER else {"timeout": 0.1}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    connection.close()
    browser.raise_request_exception = False
    log_in(browser)
    before, asked = refresh_tokens(), provider.count("/token")
    answer = get(browser, "/token-and-fail?resource=https://api.example")
    assert answer.status_code == 500
    assert provider.count("/token") == asked + IS_SERVER
    assert (refresh_tokens() != before) is IS_SERVER
    assert not User.objects.filter(username="written").exists()
    expire_tokens()
    assert get(browser, "/me").json() == {"sub": "alice"}
    assert provider.count("/token") == asked + IS_SERVER + 1


@pytest.mark.skipif(not IS_SERVER, reason="SQLite has one writer")
def test_a_record_outlives_the_transaction_around_it() -> None:
    store = DjangoSessionStore(Sealer("0123456789abcdef" * 2))
    record = SessionRecord("https://op.example", version=1)
    with transaction.atomic():
        User.objects.create(username="written")
        with store.lock("n"):
            assert store.set("n", record, None, 60)
        transaction.set_rollback(True)
    assert store.get("n") == record
    with transaction.atomic():
        store.delete("n")
        transaction.set_rollback(True)
    assert store.get("n") is None
    assert not User.objects.exists()


def test_a_renewal_leaves_no_connection_open(browser: Client, provider: EmbeddedProvider) -> None:
    """It runs in a thread of its own, at whose end Django closes nothing."""
    opened: list[Any] = []

    def note(connection: Any, **more: object) -> None:
        opened.append(connection)

    log_in(browser)
    expire_tokens()
    connection_created.connect(note)
    try:
        get(browser, "/me")
    finally:
        connection_created.disconnect(note)
    others = [one for one in opened if one is not connections["default"]]
    assert len(others) == 1
    assert others[0].connection is None


def test_a_test_case_of_django_rolls_sessions_back() -> None:
    """Nothing outside a TestCase sees what it stores: another connection would not."""
    from django.test import TestCase

    class Case(TestCase):
        def test_a_login(self) -> None:
            store = DjangoSessionStore(Sealer("0123456789abcdef" * 2))
            with store.lock("n"):
                assert store.set("n", SessionRecord("i", version=1), None, 60)
            assert store.get("n") is not None

    result = unittest.TestResult()
    unittest.TestSuite([Case("test_a_login")]).run(result)
    assert (result.testsRun, result.failures, result.errors) == (1, [], [])
    assert not SessionRow.objects.exists()


def test_of_many_processes_one_replaces_a_record() -> None:
    """Compare and set, by threads that have a connection each."""
    store = DjangoSessionStore(Sealer("0123456789abcdef" * 2))
    assert store.set("a", SessionRecord("i", version=1), None, 60)

    def replace(number: int) -> bool:
        try:
            return store.set("a", SessionRecord("i", version=2), 1, 60)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(replace, range(8))) == 1


def test_a_lock_has_one_holder_and_opens_by_itself() -> None:
    store = DjangoSessionStore(Sealer("0123456789abcdef" * 2))
    with store.lock("n"), pytest.raises(LockHeldError), waiting_at_most(0), store.lock("n"):
        pass
    LockRow.objects.create(name="n", holder="lost", until=0)
    with store.lock("n"):
        assert LockRow.objects.get().holder != "lost"
    assert not LockRow.objects.exists()


def test_models_name_no_secret() -> None:
    row = SessionRow(name="secret", version=1, record="secret", until=0)
    assert "secret" not in str(row)
    assert "secret" not in str(LockRow(name="secret", holder="secret", until=0))
    assert str(Identity(issuer="https://op.example", subject="a")) == "a at https://op.example"


HERE = "py_identity_model.integrations.django"
SAID = {"ISSUER": "https://op.example", "CLIENT_ID": "web"}


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, set()),
        ({"OIDC": None}, {"oidc.E001"}),
        ({"OIDC": {"ISSUER": "https://op.example"}}, {"oidc.E002"}),
        (
            {"OIDC": {"ISSUER": "https://op.example", "CLIENT_ID": "c", "CLIENT_SECERT": "s"}},
            {"oidc.E002"},
        ),
        (
            {"OIDC": {"ISSUER": "https://op.example", "CLIENT_ID": "c", "AFTER_LOGOUT": "//x"}},
            {"oidc.E002"},
        ),
        (
            {"OIDC": {"ISSUER": "https://op.example", "CLIENT_ID": "c", "SECRET": "s" * 32}},
            {"oidc.E002"},
        ),
        (
            {"OIDC": {"ISSUER": "https://op.example", "CLIENT_ID": "c", "FIND_USER": "no.such"}},
            {"oidc.E002"},
        ),
        ({"OIDC": {"CLIENT": f"{__name__}.unreachable_client"}}, set()),
        ({"OIDC": {"CLIENT": f"{__name__}.make_client", "CLIENT_ID": "c"}}, {"oidc.E002"}),
        ({"LOGOUT_REDIRECT_URL": "https://elsewhere.example/"}, {"oidc.E002"}),
        ({"AUTHENTICATION_BACKENDS": ["no.such.Backend", "builtins.len"]}, {"oidc.E004"}),
        ({"MIDDLEWARE": []}, {"oidc.E005"}),
        ({"MIDDLEWARE": [f"{HERE}.middleware.OIDCMiddleware"]}, {"oidc.E006"}),
        ({"SECRET_KEY": "short"}, {"oidc.E007"}),
        ({"SESSION_COOKIE_SAMESITE": "Strict"}, {"oidc.E003"}),
        ({"SESSION_COOKIE_SECURE": False}, {"oidc.W001"}),
        ({"ROOT_URLCONF": "tests.integrations.django.test_drf"}, {"oidc.E002"}),
        ({"OIDC": SAID, "LOGIN_REDIRECT_URL": "nowhere"}, {"oidc.E002"}),
        ({"OIDC": {**SAID, "CREATE_USERS": "false"}}, {"oidc.E002"}),
        ({"OIDC": {**SAID, "REQUIRE_NONCE": "false"}}, {"oidc.E002"}),
        ({"AUTOCOMMIT": False}, {"oidc.E008"}),
        ({"ATOMIC_REQUESTS": True}, set() if IS_SERVER else {"oidc.W002"}),
    ],
)
def test_wrong_settings_are_found_before_the_first_login(
    changed: dict[str, Any], found: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in changed.keys() & {"AUTOCOMMIT", "ATOMIC_REQUESTS"}:
        monkeypatch.setitem(connection.settings_dict, name, changed.pop(name))
    with override_settings(**changed):
        messages = run_checks()
    assert {str(one.id) for one in messages if str(one.id).startswith("oidc")} == found
