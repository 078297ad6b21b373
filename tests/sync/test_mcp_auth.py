# Generated from aio/test_mcp_auth.py by scripts/make_sync.py; edit that file.
"""Authorization for MCP servers: logins, renewals, step-ups, and what strangers try."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import httpx2
import pytest

from py_identity_model._seam.lock_waits import LockHeldError, wait_left
from py_identity_model._seam.sync import Event, gather
from py_identity_model.exceptions import (
    AuthorizeCallbackException,
    MCPAuthorizationException,
    PyIdentityModelException,
    TokenRequestException,
)
from py_identity_model.sync import (
    ClientSecretBasic,
    DiscoveryPolicy,
    DPoPKey,
    FederatedAssertion,
    HTTPClient,
    MCPAuth,
    MCPTarget,
    MemoryTokenStore,
    NoClientAuthentication,
    Settings,
)
from py_identity_model.sync._mcp import client as mcp_client
from py_identity_model.testing import Answer, EmbeddedProvider, Received, freeze_clocks
from tests.mcp_world import METADATA, REDIRECT, MCPServer, registering
from tests.support import DISCOVERY, Gate, answering, refused

SCOPES = ("openid", "read", "write", "offline_access")


class Browser:
    """A user who consents at once, unless ``answer`` says what comes back."""

    def __init__(self) -> None:
        self.urls: list[str] = []
        self.answer: str | None = None
        self.waits: Event | None = None
        self.began: Event | None = None

    def __call__(self, url: str) -> str:
        self.urls.append(url)
        if self.waits is not None and self.began is not None:
            self.began.set()
            self.waits.wait()
        if self.answer is not None:
            return self.answer
        with httpx.Client() as client:
            return str((client.get(url)).headers["location"])

    def parameters(self, index: int = -1) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.urls[index]).query))


@pytest.fixture
def op() -> Iterator[EmbeddedProvider]:
    with EmbeddedProvider(scopes=SCOPES) as provider:
        provider.intercept = registering(provider)
        yield provider


@pytest.fixture
def server(op: EmbeddedProvider) -> Iterator[MCPServer]:
    with MCPServer(op) as running:
        yield running


@pytest.fixture
def browser() -> Browser:
    return Browser()


def auth_for(server: MCPServer, browser: Browser, **options: Any) -> MCPAuth:
    return MCPAuth(server.url, browser, redirect_uri=REDIRECT, **options)


@pytest.fixture
def api(server: MCPServer, browser: Browser) -> Iterator[httpx.Client]:
    with httpx.Client(auth=auth_for(server, browser)) as client:
        yield client


def test_the_first_refusal_leads_to_a_login_and_the_request_is_sent_again(
    op: EmbeddedProvider, server: MCPServer, browser: Browser, api: httpx.Client
) -> None:
    answer = api.post(server.url, json={"method": "tools/list"})
    assert answer.json() == {"sub": "alice", "scopes": ["offline_access", "read"]}
    sent = browser.parameters()
    assert sent["resource"] == server.url
    assert sent["code_challenge_method"] == "S256"
    assert (sent["scope"], sent["prompt"]) == ("offline_access read", "consent")
    (exchange,) = [one.form for one in op.requests if one.path == "/token"]
    assert exchange["resource"] == server.url
    assert op.count("/register") == 1


def test_later_requests_use_the_token_of_the_login(
    server: MCPServer, browser: Browser, api: httpx.Client
) -> None:
    for _ in range(3):
        assert (api.get(server.url)).status_code == 200
    assert len(browser.urls) == 1
    assert server.tokens().count("") == 1


def test_requests_that_are_refused_at_once_lead_to_one_login(
    op: EmbeddedProvider, server: MCPServer, browser: Browser, api: httpx.Client
) -> None:
    browser.waits, browser.began = Event(), Event()

    def open_the_gate() -> httpx.Response:
        assert browser.waits is not None
        assert browser.began is not None
        browser.began.wait()
        browser.waits.set()
        return api.get(server.url)

    def get() -> httpx.Response:
        return api.get(server.url)

    answers = gather([get, get, get, get, open_the_gate])
    assert [one.status_code for one in answers] == [200] * 5
    assert len(browser.urls) == 1
    assert op.count("/register") == 1


def test_a_token_that_is_refused_is_renewed_without_the_user(
    op: EmbeddedProvider, server: MCPServer, browser: Browser, api: httpx.Client
) -> None:
    api.get(server.url)
    server.refused_tokens = {server.tokens()[-1]}
    assert (api.get(server.url)).status_code == 200
    assert len(browser.urls) == 1
    forms = [one.form for one in op.requests if one.path == "/token"]
    assert [one["grant_type"] for one in forms] == ["authorization_code", "refresh_token"]
    assert forms[1]["resource"] == server.url


def test_a_login_that_ended_is_followed_by_another(
    op: EmbeddedProvider, server: MCPServer, browser: Browser, api: httpx.Client
) -> None:
    api.get(server.url)
    server.refused_tokens = {server.tokens()[-1]}
    op.log_out("alice")
    assert (api.get(server.url)).status_code == 200
    assert len(browser.urls) == 2


def test_a_scope_that_is_demanded_is_asked_for_beside_the_earlier_ones(
    server: MCPServer, browser: Browser, api: httpx.Client
) -> None:
    server.needs["/mcp/admin"] = "write"
    api.get(server.url)
    answer = api.get(f"{server.url}/admin")
    assert answer.json()["scopes"] == ["offline_access", "read", "write"]
    assert browser.parameters()["scope"] == "offline_access read write"
    assert (api.get(server.url)).status_code == 200
    assert len(browser.urls) == 2


def insufficient(scope: str) -> Answer:
    challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
    return Answer(403, headers={"www-authenticate": challenge})


def test_a_scope_that_never_suffices_is_asked_for_once(
    server: MCPServer, browser: Browser, api: httpx.Client
) -> None:
    api.get(server.url)
    server.answers["/mcp"] = insufficient("write")
    for _ in range(3):
        assert (api.get(server.url)).status_code == 403
    assert len(browser.urls) == 2


def test_a_server_that_demands_ever_new_scopes_causes_few_logins(
    op: EmbeddedProvider, server: MCPServer, browser: Browser
) -> None:
    demanded = iter(range(1000))

    def demand(received: Received) -> Answer | None:
        if received.path != "/mcp" or "authorization" not in received.headers:
            return None
        return insufficient(f"s{next(demanded)}")

    server.hook = demand

    def accept_scopes(received: Received) -> Answer | None:
        if received.path == "/authorize":
            state = received.query["state"]
            return Answer(302, headers={"location": f"{REDIRECT}?code=c&state={state}"})
        if received.path == "/token":
            token = {"access_token": f"t{next(demanded)}", "token_type": "Bearer"}
            return Answer.of_json(token)
        return registering(op)(received)

    op.intercept = accept_scopes
    with httpx.Client(auth=auth_for(server, browser, most_step_ups=2)) as api:
        for _ in range(4):
            assert (api.get(server.url)).status_code == 403
    assert len(browser.urls) == 3


def test_a_server_that_demands_ever_new_scopes_with_401_causes_as_few(
    op: EmbeddedProvider, server: MCPServer, browser: Browser
) -> None:
    """It accepts each token once, so that none looks refused from the beginning."""
    numbers = iter(range(1000))
    seen: set[str] = set()

    def demand(received: Received) -> Answer | None:
        sent = received.headers.get("authorization", "")
        if received.path != "/mcp":
            return None
        if sent and sent not in seen:
            seen.add(sent)
            return Answer(200)
        challenge = f'Bearer error="invalid_token", scope="s{next(numbers)}"'
        return Answer(401, headers={"www-authenticate": challenge})

    def accept_scopes(received: Received) -> Answer | None:
        if received.path == "/authorize":
            state = received.query["state"]
            return Answer(302, headers={"location": f"{REDIRECT}?code=c&state={state}"})
        if received.path == "/token":
            token = {"access_token": f"t{next(numbers)}", "token_type": "Bearer"}
            return Answer.of_json(token)
        return registering(op)(received)

    server.hook, op.intercept = demand, accept_scopes
    with httpx.Client(auth=auth_for(server, browser, most_step_ups=2)) as api:
        for _ in range(10):
            api.get(server.url)
    assert len(browser.urls) == 3


def test_a_demand_without_a_scope_is_the_callers_answer(
    server: MCPServer, browser: Browser, api: httpx.Client
) -> None:
    api.get(server.url)
    server.answers["/mcp"] = Answer(
        403, headers={"www-authenticate": 'Bearer error="insufficient_scope"'}
    )
    assert (api.get(server.url)).status_code == 403
    server.answers["/mcp"] = Answer(403)
    assert (api.get(server.url)).status_code == 403
    assert len(browser.urls) == 1


def test_a_server_that_refuses_every_token_does_not_cause_a_login_with_each_request(
    server: MCPServer, browser: Browser, api: httpx.Client
) -> None:
    server.hook = lambda received: Answer(401) if received.path == "/mcp" else None
    for _ in range(3):
        assert (api.get(server.url)).status_code == 401
    assert len(browser.urls) == 1


def test_a_login_is_taken_over_from_the_store_by_the_next_process(
    op: EmbeddedProvider, server: MCPServer, browser: Browser
) -> None:
    store = MemoryTokenStore()
    for _ in range(2):
        auth = auth_for(server, browser, store=store, account="alice")
        with httpx.Client(auth=auth) as api:
            assert (api.get(server.url)).status_code == 200
    assert (len(browser.urls), op.count("/register")) == (1, 1)
    server.refused_tokens = {server.tokens()[-1]}
    auth = auth_for(server, browser, store=store, account="alice")
    with httpx.Client(auth=auth) as api:
        assert (api.get(server.url)).status_code == 200
    assert len(browser.urls) == 1  # the refresh token came along


def test_the_store_keeps_users_apart(
    op: EmbeddedProvider, server: MCPServer, browser: Browser
) -> None:
    store = MemoryTokenStore()
    for user in ("alice", "bob"):
        op.user = user
        auth = auth_for(server, browser, store=store, account=user)
        with httpx.Client(auth=auth) as api:
            assert (api.get(server.url)).json()["sub"] == user
    assert (len(browser.urls), op.count("/register")) == (2, 1)


def test_what_the_store_holds_for_another_name_is_not_believed(
    server: MCPServer, browser: Browser
) -> None:
    store = MemoryTokenStore()
    with httpx.Client(auth=auth_for(server, browser, store=store, account="alice")) as api:
        api.get(server.url)
    logins = {key: one for key, one in store._values.items() if key.startswith("mcp-login-")}
    (stolen,) = logins.values()
    bob = auth_for(server, browser, store=store, account="bob")
    store.set(bob._tokens._key, stolen[0], None)
    with httpx.Client(auth=bob) as api:
        api.get(server.url)
    assert len(browser.urls) == 2


def test_a_stored_login_at_another_issuer_than_the_programs_is_not_used(
    op: EmbeddedProvider, server: MCPServer, browser: Browser
) -> None:
    store = MemoryTokenStore()
    auth = auth_for(server, browser, store=store, account="alice")
    with httpx.Client(auth=auth) as api:
        api.get(server.url)
    (token,) = {*server.tokens()} - {""}
    for issuer, is_used in ((op.issuer, True), ("https://other.example", False)):
        server.received.clear()
        auth = auth_for(server, browser, store=store, account="alice", issuer=issuer)
        with httpx.Client(auth=auth) as api:
            if is_used:
                assert (api.get(server.url)).status_code == 200
            else:
                with refused(MCPAuthorizationException, "foreign_authorization_server"):
                    api.get(server.url)
        assert (token in server.tokens()) is is_used


def test_a_login_that_is_forgotten_begins_again(
    op: EmbeddedProvider, server: MCPServer, browser: Browser
) -> None:
    auth = auth_for(server, browser)
    with httpx.Client(auth=auth) as api:
        api.get(server.url)
        auth.forget()
        assert (api.get(server.url)).status_code == 200
    assert (len(browser.urls), op.count("/register")) == (2, 2)


class HeldLock:
    """The lock of a process that was killed: it opens late."""

    def __enter__(self) -> None:
        left = wait_left()
        assert left is not None
        assert left <= 5
        raise LockHeldError

    def __exit__(self, *details: object) -> None: ...


class StoreOfAKilledProcess(MemoryTokenStore):
    is_held = False

    def lock(self, key: str) -> Any:
        return HeldLock() if self.is_held else super().lock(key)


def test_a_process_that_was_killed_in_a_login_delays_no_logout(
    op: EmbeddedProvider, server: MCPServer, browser: Browser
) -> None:
    store = StoreOfAKilledProcess()
    auth = auth_for(server, browser, store=store, account="alice")
    with httpx.Client(auth=auth) as api:
        api.get(server.url)
        store.is_held = True
        auth.forget()
        store.is_held = False
        api.get(server.url)
    assert len(browser.urls) == 2


def test_two_servers_with_one_store_have_a_login_each(
    op: EmbeddedProvider, server: MCPServer, browser: Browser
) -> None:
    store = MemoryTokenStore()
    with MCPServer(op) as other:
        one = auth_for(server, browser, store=store, account="alice")
        two = auth_for(other, browser, store=store, account="alice")
        with httpx.Client(auth=one) as first, httpx.Client(auth=two) as second:

            def ask_first() -> httpx.Response:
                return first.get(server.url)

            def ask_second() -> httpx.Response:
                return second.get(other.url)

            answers = gather([ask_first, ask_second])
        assert [one.status_code for one in answers] == [200, 200]
        assert {browser.parameters(index)["resource"] for index in (0, 1)} == {
            server.url,
            other.url,
        }
        assert not {*server.tokens()} & {*other.tokens()} - {""}
        assert op.count("/register") == 2


def test_a_client_named_by_a_document_is_not_registered(
    op: EmbeddedProvider, server: MCPServer, browser: Browser
) -> None:
    op.intercept = registering(op, client_id_metadata_document_supported=True)
    document = "https://app.example/client.json"
    browser.answer = f"{REDIRECT}?error=access_denied"
    auth = auth_for(server, browser, client_metadata_url=document)
    with httpx.Client(auth=auth) as api:
        with refused(AuthorizeCallbackException, "authorization_refused"):
            api.get(server.url)
    assert browser.parameters()["client_id"] == document
    assert op.count("/register") == 0


def test_a_client_with_a_secret_of_its_registration_authenticates_with_it(
    op: EmbeddedProvider, server: MCPServer, browser: Browser, api: httpx.Client
) -> None:
    op.intercept = registering(op, secret=True)
    assert (api.get(server.url)).status_code == 200
    (exchange,) = [one for one in op.requests if one.path == "/token"]
    assert exchange.headers["authorization"].startswith("Basic ")


def test_a_client_that_the_server_has_forgotten_is_registered_again(
    op: EmbeddedProvider, server: MCPServer, browser: Browser, api: httpx.Client
) -> None:
    usual = op.intercept
    assert usual is not None
    refusal = Answer.of_json({"error": "invalid_client"}, 401)
    op.intercept = lambda received: refusal if received.path == "/token" else usual(received)
    with refused(TokenRequestException, "token_request_error"):
        api.get(server.url)
    op.intercept = usual
    assert (api.get(server.url)).status_code == 200
    assert op.count("/register") == 2


@pytest.mark.parametrize("expires", [False, True], ids=["refused", "expired"])
@pytest.mark.parametrize("restarts", [False, True], ids=["same process", "next process"])
def test_a_client_that_was_forgotten_after_its_login_is_registered_again(
    op: EmbeddedProvider, server: MCPServer, browser: Browser, restarts: bool, expires: bool
) -> None:
    usual, store = op.intercept, MemoryTokenStore()
    assert usual is not None
    refusal = Answer.of_json({"error": "invalid_client"}, 401)

    def forget(received: Received) -> Answer | None:
        is_known = op.count("/register") == 2 or received.path != "/token"
        return usual(received) if is_known else refusal

    first, second = [auth_for(server, browser, store=store, account="alice") for _ in range(2)]
    with freeze_clocks() as clock:
        with httpx.Client(auth=first) as api:
            assert (api.get(server.url)).status_code == 200
            op.intercept = forget
            if expires:
                clock.tick(op.lifetime + 60)
            else:
                server.refused_tokens = {server.tokens()[-1]}
            api.auth = second if restarts else first
            assert (api.get(server.url)).status_code == 200
    assert op.count("/register") == 2
    assert len(browser.urls) == 2


def test_the_programs_own_client_is_not_replaced_by_a_registration(
    op: EmbeddedProvider, server: MCPServer, browser: Browser
) -> None:
    auth = auth_for(server, browser, issuer=op.issuer, client_id=op.public_client_id)
    with httpx.Client(auth=auth) as api:
        assert (api.get(server.url)).status_code == 200
        server.refused_tokens = {server.tokens()[-1]}
        op.intercept = answering("/token", Answer.of_json({"error": "invalid_client"}, 401))
        with refused(TokenRequestException, "token_request_error"):
            api.get(server.url)
    assert op.count("/register") == 0
    assert len(browser.urls) == 1


def test_a_token_endpoint_that_moves_while_a_login_lasts_is_found(
    op: EmbeddedProvider, server: MCPServer, browser: Browser, api: httpx.Client
) -> None:
    usual = registering(op, token_endpoint=f"{op.issuer}/token2")

    def move(received: Received) -> Answer | None:
        if received.path == "/token2":
            token = {"access_token": op.mint(scope="read"), "refresh_token": "r"}
            return Answer.of_json({**token, "token_type": "Bearer", "expires_in": 600})
        return usual(received)

    with freeze_clocks() as clock:
        api.get(server.url)
        op.intercept = move
        clock.tick(4000)
        assert (api.get(server.url)).status_code == 200
    assert (op.count("/token"), op.count("/token2")) == (1, 1)
    assert len(browser.urls) == 1


def test_a_login_lasts_for_a_day_beyond_the_metadata_of_its_server(
    op: EmbeddedProvider, server: MCPServer, browser: Browser, api: httpx.Client
) -> None:
    usual = op.intercept
    assert usual is not None

    def hide(received: Received) -> Answer | None:
        return Answer(404) if "/.well-known/o" in received.path else usual(received)

    with freeze_clocks() as clock:
        api.get(server.url)
        op.intercept = hide
        clock.tick(80_000)
        assert (api.get(server.url)).status_code == 200
        assert op.count("/token") == 2
        clock.tick(10_000)
        with refused(MCPAuthorizationException, "authorization_server_unusable"):
            api.get(server.url)
    assert op.count("/token") == 2
    assert len(browser.urls) == 1


def test_metadata_that_hangs_does_not_hold_up_a_renewal(
    op: EmbeddedProvider,
    server: MCPServer,
    browser: Browser,
    api: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mcp_client, "_LONGEST_WAIT", 0.1)
    usual, gate = op.intercept, Gate("/.well-known/oauth-authorization-server")
    assert usual is not None
    with freeze_clocks() as clock:
        api.get(server.url)
        op.intercept = lambda received: gate(received) or usual(received)
        clock.tick(4000)
        answer = api.get(server.url)
    gate.open.set()
    assert not gate.gave_up
    assert answer.status_code == 200
    assert len(browser.urls) == 1


def test_a_registered_client_is_shown_to_its_issuer_alone(
    op: EmbeddedProvider, server: MCPServer, browser: Browser
) -> None:
    known = {"client_id": op.client_id, "client_authentication": ClientSecretBasic("s3cret")}
    auth = auth_for(server, browser, issuer="https://op.example", **known)
    with httpx.Client(auth=auth) as api:
        with refused(MCPAuthorizationException, "foreign_authorization_server") as caught:
            api.get(server.url)
    assert caught.value.details == {"found": [op.issuer], "expected": "https://op.example"}
    assert op.requests == []
    assert browser.urls == []


def test_a_registered_client_logs_in_at_its_issuer(
    op: EmbeddedProvider, server: MCPServer, browser: Browser
) -> None:
    assert server.metadata is not None
    server.metadata["authorization_servers"] = ["https://evil.example", op.issuer]
    auth = auth_for(server, browser, issuer=op.issuer, client_id=op.public_client_id)
    with httpx.Client(auth=auth) as api:
        assert (api.get(server.url)).status_code == 200
    assert op.count("/register") == 0


def test_a_machine_has_tokens_of_its_own(op: EmbeddedProvider, server: MCPServer) -> None:
    auth = MCPAuth(
        server.url,
        client_id=op.client_id,
        issuer=op.issuer,
        client_authentication=ClientSecretBasic(op.client_secret),
    )
    with httpx.Client(auth=auth) as api:
        assert (api.get(server.url)).status_code == 200
        server.refused_tokens = {server.tokens()[-1]}
        assert (api.get(server.url)).status_code == 200
    forms = [one.form for one in op.requests if one.path == "/token"]
    assert [one["grant_type"] for one in forms] == ["client_credentials"] * 2
    assert forms[0]["resource"] == server.url


def test_a_machine_finds_a_token_endpoint_that_moves(
    op: EmbeddedProvider, server: MCPServer
) -> None:
    usual = registering(op, token_endpoint=f"{op.issuer}/token2")

    def move(received: Received) -> Answer | None:
        if received.path == "/token2":
            token = {"access_token": op.mint(scope="read"), "token_type": "Bearer"}
            return Answer.of_json({**token, "expires_in": 600})
        return usual(received)

    known: dict[str, Any] = {
        "client_id": op.client_id,
        "client_authentication": ClientSecretBasic(op.client_secret),
    }
    auth = MCPAuth(server.url, issuer=op.issuer, **known)
    with freeze_clocks() as clock:
        with httpx.Client(auth=auth) as api:
            assert (api.get(server.url)).status_code == 200
            op.intercept = move
            clock.tick(4000)
            assert (api.get(server.url)).status_code == 200
    assert (op.count("/token"), op.count("/token2")) == (1, 1)


def test_machines_whose_assertions_have_no_name_are_told_apart_by_their_accounts(
    op: EmbeddedProvider, server: MCPServer
) -> None:
    class Elsewhere:
        """A store that other processes share."""

        def __init__(self) -> None:
            inner = MemoryTokenStore()
            self.get, self.set = inner.get, inner.set
            self.delete, self.lock = inner.delete, inner.lock

    def respond(received: Received) -> Answer | None:
        if received.path != "/token":
            return None
        subject = received.form["client_assertion"]
        token = op.mint(sub=subject, scope="read")
        return Answer.of_json({"access_token": token, "token_type": "Bearer"})

    op.intercept = respond
    store = Elsewhere()
    for account in ("blue", "green", "blue"):
        auth = MCPAuth(
            server.url,
            client_id="machine",
            issuer=op.issuer,
            client_authentication=FederatedAssertion(partial(str, account)),
            store=store,
            account=account,
        )
        with httpx.Client(auth=auth) as api:
            assert (api.get(server.url)).json()["sub"] == account
    assert op.count("/token") == 2


def test_an_assertion_is_made_for_the_server_and_exchanged(
    op: EmbeddedProvider, server: MCPServer
) -> None:
    targets: list[MCPTarget] = []

    def assertion(target: MCPTarget) -> str:
        targets.append(target)
        return "a.b.c"

    usual = op.intercept
    assert usual is not None

    def exchange(received: Received) -> Answer | None:
        if received.path != "/token":
            return usual(received)
        token = op.mint(aud="api", sub="robot", scope="read", n=len(op.requests))
        return Answer.of_json({"access_token": token, "token_type": "Bearer", "expires_in": 60})

    op.intercept = exchange
    auth = MCPAuth(server.url, assertion=assertion, client_id="workload", issuer=op.issuer)
    with httpx.Client(auth=auth) as api:
        assert (api.get(server.url)).json()["sub"] == "robot"
        server.refused_tokens = {server.tokens()[-1]}
        assert (api.get(server.url)).json()["sub"] == "robot"
    assert (
        targets
        == [MCPTarget(server.url, op.issuer, f"{op.issuer}/token", server.url, ("read",))] * 2
    )
    (form, _) = [one.form for one in op.requests if one.path == "/token"]
    assert form["assertion"] == "a.b.c"
    assert form["scope"] == "read"


def test_tokens_are_bound_to_the_key_of_the_program(
    op: EmbeddedProvider, server: MCPServer, browser: Browser
) -> None:
    auth = auth_for(server, browser, dpop_key=DPoPKey("ES256"))
    with httpx.Client(auth=auth) as api:
        assert (api.get(server.url)).status_code == 200
    last = server.received[-1]
    assert last.headers["authorization"].startswith("DPoP ")
    assert "dpop" in last.headers


def test_clients_of_httpx2_are_authorized_as_well(server: MCPServer, browser: Browser) -> None:
    with httpx2.Client(auth=auth_for(server, browser).for_httpx2()) as api:
        assert (api.post(server.url, json={})).status_code == 200


def test_a_failed_login_is_shared_by_those_who_wait_and_not_remembered(
    op: EmbeddedProvider, server: MCPServer, browser: Browser, api: httpx.Client
) -> None:
    op.user = None
    failures: list[str] = []

    def fail() -> None:
        try:
            api.get(server.url)
        except PyIdentityModelException as error:
            failures.append(error.code)

    gather([fail, fail, fail])
    assert failures == ["authorization_refused"] * 3
    op.user = "alice"
    assert (api.get(server.url)).status_code == 200


def test_a_login_that_takes_too_long_is_given_up(server: MCPServer, browser: Browser) -> None:
    browser.waits, browser.began = Event(), Event()
    auth = auth_for(server, browser, login_timeout=0.05)
    with httpx.Client(auth=auth) as api:
        with refused(MCPAuthorizationException, "login_timed_out"):
            api.get(server.url)
    browser.waits.set()


def test_a_login_that_gives_up_by_itself_has_taken_too_long(server: MCPServer) -> None:
    def give_up(url: str) -> str:
        raise TimeoutError

    auth = MCPAuth(server.url, give_up, redirect_uri=REDIRECT)
    with httpx.Client(auth=auth) as api:
        with refused(MCPAuthorizationException, "login_timed_out"):
            api.get(server.url)


def test_a_login_that_uses_the_same_client_is_told_so(server: MCPServer) -> None:
    clients: list[httpx.Client] = []

    def careless(url: str) -> str:
        return str((clients[0].get(server.url)).url)

    auth = MCPAuth(server.url, careless, redirect_uri=REDIRECT)
    with httpx.Client(auth=auth) as api:
        clients.append(api)
        with pytest.raises(PyIdentityModelException) as caught:
            api.get(server.url)
    assert caught.value.code == "client_waits_for_itself"


def test_a_server_by_the_first_revision_is_its_own_authorization_server(
    op: EmbeddedProvider, browser: Browser
) -> None:
    def serve(received: Received) -> Answer | None:
        if received.path == "/mcp":
            with_token = "authorization" in received.headers
            return Answer(200 if with_token else 401)
        if received.path == "/register":
            return Answer.of_json({"client_id": "c"}, 201)
        if received.path == "/token":
            return Answer.of_json({"access_token": "t", "token_type": "Bearer"})
        return None

    with MCPServer(op) as old:
        old.metadata = None
        old.hook = serve
        with httpx.Client(auth=auth_for(old, browser)) as api:
            browser_answer = {"code": "c"}

            def log_in(url: str) -> dict[str, str]:
                browser.urls.append(url)
                return {**browser_answer, "state": browser.parameters()["state"]}

            api.auth = MCPAuth(old.url, log_in, redirect_uri=REDIRECT)
            assert (api.get(old.url)).status_code == 200
        assert browser.urls[0].startswith(f"{old.origin}/authorize?")
        assert "resource" not in browser.parameters()


def test_a_login_at_a_server_by_the_first_revision_is_renewed_by_the_next_process(
    op: EmbeddedProvider,
) -> None:
    def serve(received: Received) -> Answer | None:
        if received.path == "/mcp":
            return Answer(200 if "authorization" in received.headers else 401)
        if received.path == "/register":
            return Answer.of_json({"client_id": "c"}, 201)
        if received.path == "/token":
            grants.append(received.form["grant_type"])
            token = {"access_token": f"t{len(grants)}", "refresh_token": "r", "expires_in": 60}
            return Answer.of_json({**token, "token_type": "Bearer"})
        return None

    def log_in(url: str) -> dict[str, str]:
        return {"code": "c", "state": dict(parse_qsl(urlsplit(url).query))["state"]}

    grants: list[str] = []
    store = MemoryTokenStore()
    named: dict[str, Any] = {"redirect_uri": REDIRECT, "store": store, "account": "alice"}
    with MCPServer(op) as old, freeze_clocks() as clock:
        old.metadata, old.hook = None, serve
        for _ in range(2):
            with httpx.Client(auth=MCPAuth(old.url, log_in, **named)) as api:
                assert (api.get(old.url)).status_code == 200
            clock.tick(100)
    assert grants == ["authorization_code", "refresh_token"]


# What strangers try.


def test_metadata_of_another_resource_is_refused(
    op: EmbeddedProvider, server: MCPServer, browser: Browser, api: httpx.Client
) -> None:
    assert server.metadata is not None
    for other in ("https://bank.example/api", server.origin, f"{server.url}/deeper", None, 7):
        server.metadata["resource"] = other
        with pytest.raises(MCPAuthorizationException) as caught:
            api.get(server.url)
        assert caught.value.code in {"resource_mismatch", "resource_metadata_unusable"}
    assert op.requests == []
    assert browser.urls == []


def test_metadata_at_the_root_may_be_that_of_the_whole_origin(
    server: MCPServer, api: httpx.Client
) -> None:
    assert server.metadata is not None
    server.answers[METADATA] = Answer.of_json({**server.metadata, "resource": server.origin})
    server.answers[f"{METADATA}/mcp"] = Answer(404)
    assert (api.get(server.url)).status_code == 200


def test_metadata_elsewhere_must_be_that_of_the_server_itself(
    op: EmbeddedProvider, server: MCPServer, browser: Browser, api: httpx.Client
) -> None:
    assert server.metadata is not None
    challenge = f'Bearer resource_metadata="{server.origin}/about"'
    server.answers["/mcp"] = Answer(401, headers={"www-authenticate": challenge})
    server.answers["/about"] = Answer.of_json({**server.metadata, "resource": server.origin})
    with refused(MCPAuthorizationException, "resource_mismatch"):
        api.get(server.url)
    assert op.requests == []


@pytest.mark.parametrize(
    "answer",
    [
        Answer(302, headers={"location": "https://evil.example/metadata"}),
        Answer(200, b"x" * 3_000_000, {"content-type": "application/json"}),
        Answer(200, b"[]", {"content-type": "application/json"}),
        Answer(200, b"<html>", {"content-type": "text/html"}),
        Answer(500),
    ],
    ids=["redirect", "oversized", "list", "page", "error"],
)
def test_metadata_that_cannot_be_used_is_refused(
    op: EmbeddedProvider, server: MCPServer, api: httpx.Client, answer: Answer
) -> None:
    server.answers[f"{METADATA}/mcp"] = answer
    with refused(MCPAuthorizationException, "resource_metadata_unusable"):
        api.get(server.url)
    assert op.requests == []
    assert server.asked_for(METADATA) <= 4  # retries of the error included


@pytest.mark.parametrize("named", [None, [], "https://op.example", [7]])
def test_a_server_must_name_an_authorization_server(
    server: MCPServer, api: httpx.Client, named: object
) -> None:
    assert server.metadata is not None
    server.metadata["authorization_servers"] = named
    with refused(MCPAuthorizationException, "no_authorization_server"):
        api.get(server.url)


class Internet:
    """Addresses without a network: documents by their URL, and what was asked for."""

    def __init__(self, url: str = "https://mcp.example/mcp") -> None:
        self.url = url
        self.documents: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.challenge = "Bearer"

    def serve(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        self.asked.append(url)
        if url == self.url:
            return httpx.Response(401, headers={"www-authenticate": self.challenge})
        found = self.documents.get(url)
        return httpx.Response(404) if found is None else httpx.Response(200, json=found)

    def visit(self, **options: Any) -> None:
        """Ask the server once."""
        transport = httpx.MockTransport(self.serve)
        with (
            httpx.Client(transport=transport) as inner,
            httpx.Client(
                transport=transport,
                auth=MCPAuth(
                    self.url,
                    Browser(),
                    redirect_uri=REDIRECT,
                    http_client=HTTPClient(inner),
                    **options,
                ),
            ) as api,
        ):
            api.get(self.url)

    def name(self, *servers: str) -> None:
        """Let the server name its authorization servers."""
        place = "https://mcp.example/.well-known/oauth-protected-resource/mcp"
        self.documents[place] = {"resource": self.url, "authorization_servers": list(servers)}


@pytest.mark.parametrize(
    "address",
    [
        "http://as.example",
        "https://127.0.0.1",
        "https://169.254.169.254/latest",
        "https://10.0.0.1",
        "https://localhost:8443",
        "https://2130706433",
        "https://internal.local",
        "file:///etc/passwd",
        "not a url",
        "",
    ],
)
def test_an_authorization_server_that_must_not_be_named_is_not_asked(address: str) -> None:
    internet = Internet()
    internet.name(address)
    with refused(MCPAuthorizationException, "foreign_authorization_server"):
        internet.visit()
    assert all(one.startswith("https://mcp.example/") for one in internet.asked)


@pytest.mark.parametrize(
    "place", ["https://169.254.169.254/x", "http://mcp.example/x", "https://[::1]/x", "ftp://a/x"]
)
def test_metadata_at_an_address_that_must_not_be_named_is_not_fetched(place: str) -> None:
    internet = Internet()
    internet.challenge = f'Bearer resource_metadata="{place}"'
    with refused(MCPAuthorizationException, "resource_metadata_unusable"):
        internet.visit()
    assert internet.asked == [internet.url]


def server_document(**members: Any) -> dict[str, Any]:
    return {
        "issuer": AS,
        "authorization_endpoint": f"{AS}/authorize",
        "token_endpoint": f"{AS}/token",
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        **members,
    }


AS = "https://as.example"
AS_DOCUMENT = f"{AS}/.well-known/oauth-authorization-server"


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"issuer": "https://other.example"}, "authorization_server_unusable"),
        ({"token_endpoint": "https://evil.example/token"}, "authorization_server_unusable"),
        ({"authorization_endpoint": "http://as.example/login"}, "authorization_server_unusable"),
        ({"registration_endpoint": "https://10.0.0.1/register"}, "authorization_server_unusable"),
        ({}, "no_registration"),
    ],
)
def test_what_an_authorization_server_says_is_judged(members: dict[str, Any], code: str) -> None:
    internet = Internet()
    internet.name(AS)
    internet.documents[AS_DOCUMENT] = server_document(**members)
    with refused(MCPAuthorizationException, code):
        internet.visit()
    assert not any(urlsplit(one).hostname in {"evil.example", "10.0.0.1"} for one in internet.asked)


def test_a_policy_accepts_endpoints_on_another_host() -> None:
    internet = Internet()
    internet.name(AS)
    internet.documents[AS_DOCUMENT] = server_document(token_endpoint="https://t.example/token")
    policy = DiscoveryPolicy(additional_endpoint_base_addresses=["https://t.example"])
    with refused(MCPAuthorizationException, "no_registration"):
        internet.visit(discovery_policy=policy)


def test_documents_are_looked_for_in_the_order_of_the_specification() -> None:
    internet = Internet()
    internet.name(f"{AS}/tenant")
    with refused(MCPAuthorizationException, "authorization_server_unusable"):
        internet.visit()
    assert internet.asked[2:] == [
        f"{AS}/.well-known/oauth-authorization-server/tenant",
        f"{AS}/.well-known/openid-configuration/tenant",
        f"{AS}/tenant/.well-known/openid-configuration",
    ]


def test_a_server_without_pkce_is_not_logged_in_at(
    op: EmbeddedProvider, browser: Browser, server: MCPServer, api: httpx.Client
) -> None:
    op.intercept = registering(op, code_challenge_methods_supported=["plain"])
    with refused(MCPAuthorizationException, "pkce_not_supported"):
        api.get(server.url)
    assert browser.urls == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("?code=c&state=forged", "state_mismatch"),
        ("?code=c", "missing_state"),
        ("?error=access_denied&iss=https://evil.example", "issuer_mismatch"),
        ("", "no_parameters"),
    ],
)
def test_an_answer_that_belongs_to_another_login_is_refused(
    op: EmbeddedProvider, browser: Browser, server: MCPServer, api: httpx.Client,
    answer: str, code: str,
) -> None:  # fmt: skip
    browser.answer = f"{REDIRECT}{answer}"
    with refused(AuthorizeCallbackException, code):
        api.get(server.url)
    assert op.count("/token") == 0


def test_the_answer_of_another_issuer_is_refused(op: EmbeddedProvider, server: MCPServer) -> None:
    browser = Browser()

    def mixed_up(url: str) -> dict[str, str]:
        browser.urls.append(url)
        return {"code": "c", "state": browser.parameters()["state"], "iss": "https://evil.example"}

    auth = MCPAuth(server.url, mixed_up, redirect_uri=REDIRECT)
    with httpx.Client(auth=auth) as api:
        with refused(AuthorizeCallbackException, "issuer_mismatch"):
            api.get(server.url)
    assert op.count("/token") == 0


@pytest.mark.parametrize(
    ("registered", "status", "code"),
    [
        ({"error": "invalid_redirect_uri"}, 400, "registration_refused"),
        (
            {"client_id": "c", "token_endpoint_auth_method": "client_secret_basic"},
            201,
            "registration_unusable",
        ),
        (
            {"client_id": "c", "token_endpoint_auth_method": "tls_client_auth"},
            201,
            "registration_unusable",
        ),
        ({}, 201, "registration_refused"),
    ],
)
def test_a_registration_that_cannot_be_used_is_refused(
    op: EmbeddedProvider, server: MCPServer, browser: Browser, api: httpx.Client,
    registered: dict[str, str], status: int, code: str,
) -> None:  # fmt: skip
    usual = op.intercept
    assert usual is not None
    answer = Answer.of_json(registered, status)
    op.intercept = lambda received: answer if received.path == "/register" else usual(received)
    with refused(MCPAuthorizationException, code):
        api.get(server.url)
    assert browser.urls == []


def test_only_the_servers_own_origin_gets_the_token(
    op: EmbeddedProvider, server: MCPServer, browser: Browser
) -> None:
    with MCPServer(op) as other:
        auth = auth_for(server, browser)
        with httpx.Client(auth=auth, follow_redirects=True) as api:
            api.get(server.url)
            assert (api.get(other.url)).status_code == 401
            server.answers["/away"] = Answer(302, headers={"location": other.url})
            assert (api.get(f"{server.origin}/away")).status_code == 401
        assert other.tokens() == ["", ""]
        assert len(browser.urls) == 1


def test_a_body_that_is_used_up_is_not_sent_again(
    server: MCPServer, browser: Browser, api: httpx.Client
) -> None:
    def body() -> Iterator[bytes]:
        yield b"{}"

    assert (api.post(server.url, content=body())).status_code == 401
    assert browser.urls == []


def test_a_refusal_of_another_kind_is_the_callers_answer(
    server: MCPServer, browser: Browser, api: httpx.Client
) -> None:
    server.answers["/mcp"] = Answer(401, headers={"www-authenticate": 'Basic realm="x"'})
    assert (api.get(server.url)).status_code == 401
    assert browser.urls == []


def test_a_store_that_is_down_is_named(server: MCPServer, browser: Browser) -> None:
    class Down(MemoryTokenStore):
        def get(self, key: str) -> str | None:
            raise OSError("down")

    auth = auth_for(server, browser, store=Down(), account="alice")
    with httpx.Client(auth=auth) as api:
        with refused(TokenRequestException, "store_unavailable"):
            api.get(server.url)


def test_the_client_that_asks_authorization_servers_may_be_given(
    server: MCPServer, browser: Browser
) -> None:
    with HTTPClient() as inner:
        auth = auth_for(server, browser, http_client=inner, settings=Settings(http_timeout=5))
        with httpx.Client(auth=auth) as api:
            assert (api.get(server.url)).status_code == 200


@pytest.mark.parametrize(
    "arguments",
    [
        {"redirect_uri": None},
        {"login": None},
        {"server_url": "http://mcp.example/mcp"},
        {"server_url": "https://mcp.example/mcp#x"},
        {"server_url": "https://user@mcp.example/mcp"},
        {"redirect_uri": "http://app.example/cb"},
        {"redirect_uri": "https://app.example/cb#x"},
        {"redirect_uri": "app:/cb"},
        {"redirect_uri": "http://[::1"},
        {"client_id": "c"},
        {"client_authentication": NoClientAuthentication()},
        {"client_metadata_url": "https://app.example/"},
        {"assertion": str},
        {"login": None, "redirect_uri": None},
        {"login": None, "redirect_uri": None, "client_id": "c", "issuer": AS},
        {"login_timeout": 0},
        {"store": MemoryTokenStore()},
        {"store": {}},
        {"scope": 'a"b'},
    ],
)
def test_arguments_that_cannot_work_are_refused_where_they_are_given(
    arguments: dict[str, Any],
) -> None:
    usual = {"server_url": "https://mcp.example/mcp", "login": Browser(), "redirect_uri": REDIRECT}
    with pytest.raises(ValueError, match=r"\w"):
        MCPAuth(**{**usual, **arguments})


@pytest.mark.parametrize("redirect_uri", ["com.example.app:/cb", "https://app.example/cb"])
def test_redirects_of_apps_and_web_servers_are_accepted(redirect_uri: str) -> None:
    MCPAuth("https://mcp.example/mcp", Browser(), redirect_uri=redirect_uri)


def test_the_metadata_may_be_at_the_openid_address(
    op: EmbeddedProvider, server: MCPServer, api: httpx.Client
) -> None:
    assert (api.get(server.url)).status_code == 200
    paths = [one.path for one in op.requests]
    assert paths[:2] == ["/.well-known/oauth-authorization-server", DISCOVERY]
