"""Security events, pushed and polled over real HTTP: which sessions end, and what is answered."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine

from py_identity_model import (
    InvalidArgumentError,
    MemoryReplayStore,
    SecurityEvent,
    SecurityEventPollRequest,
    TokenValidationConfig,
)
from py_identity_model._seam.aio import gather
from py_identity_model.aio import (
    AsyncFileSessionStore,
    AsyncMemorySessionStore,
    AsyncOAuthClient,
    AsyncSQLSessionStore,
    SecurityEventException,
    validate_security_event_token,
)
from py_identity_model.aio.replay_store import process_once
from py_identity_model.aio.web import AsyncSignalReceiver, WebAnswer, WebRequest
from py_identity_model.exceptions import NetworkException
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.browsers import Browser
from tests.support import DISCOVERY, failing, refused

from .test_web_login import BrokenStore, client_of, logged_in, login_of, subject

AUDIENCE = "https://app.example/events"
CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
REVOKED = f"{CAEP}session-revoked"
DISABLED = "https://schemas.openid.net/secevent/risc/event-type/account-disabled"


@pytest.fixture
def provider() -> Any:
    users = {"alice": {"sid": "sid-1"}, "bob": {"sid": "sid-2"}}
    with EmbeddedProvider(users=users) as running:
        yield running


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = create_engine(f"sqlite:///{tmp_path}/sessions.db")
    yield made
    made.dispose()


def mint(
    provider: EmbeddedProvider, kind: str = REVOKED, typ: str = "secevent+jwt", **more: Any
) -> str:
    """Return a security event token about alice; it has no exp, as the framework demands."""
    alice = {"format": "iss_sub", "iss": provider.issuer, "sub": "alice"}
    usual: dict[str, Any] = {"aud": AUDIENCE, "events": {kind: {}}, "sub_id": alice}
    absent = {"sub": None, "exp": None, "client_id": None}
    return provider.mint(header={"typ": typ}, **(usual | absent | more))


async def push(receiver: AsyncSignalReceiver, token: str | bytes, **headers: str) -> WebAnswer:
    fields = {"content-type": "application/secevent+jwt"} | headers
    request = WebRequest("POST", "https://app.example", "/events", headers=[*fields.items()])
    return await receiver.push(request, token.encode() if isinstance(token, str) else token)


def err(answer: WebAnswer) -> str:
    assert answer.status == 400
    assert answer.header("content-type") == "application/json"
    assert answer.header("content-language") == "en"
    said = json.loads(answer.body)
    assert set(said) == {"err", "description"}
    return str(said["err"])


def receiver_of(provider: EmbeddedProvider, store: Any, **more: Any) -> AsyncSignalReceiver:
    client = client_of(provider, session_store=store)
    return AsyncSignalReceiver(client, AUDIENCE, MemoryReplayStore(), **more)


@pytest.mark.parametrize("kind", [REVOKED, DISABLED])
async def test_a_pushed_event_ends_the_sessions_of_its_user_alone(
    provider: EmbeddedProvider, kind: str
) -> None:
    store = AsyncMemorySessionStore()
    login = login_of(provider, client_of(provider, session_store=store))
    alice, laptop, bob = Browser(), Browser(), Browser()
    await logged_in(login, alice)
    await logged_in(login, laptop)
    provider.user = "bob"
    await logged_in(login, bob)
    answer = await push(receiver_of(provider, store), mint(provider, kind))
    assert (answer.status, answer.body) == (202, "")
    assert await subject(login, alice) is None
    assert await subject(login, laptop) is None
    assert await subject(login, bob) == "bob"


async def test_receivers_that_share_a_replay_store_process_an_event_once_each(
    provider: EmbeddedProvider,
) -> None:
    replays = MemoryReplayStore()
    processed: list[Any] = []
    other = f"{AUDIENCE}/admin"
    token = mint(provider, aud=[AUDIENCE, other])
    for client_id, audience in (("web", AUDIENCE), ("web", other), ("admin", AUDIENCE)):
        client = AsyncOAuthClient(provider.issuer, client_id)
        for _ in range(2):
            receiver = AsyncSignalReceiver(client, audience, replays, on_event=processed.append)
            assert (await push(receiver, token)).status == 202
    assert len(processed) == 3


@pytest.mark.parametrize("kind", ["files", "rows"])
async def test_an_event_ends_sessions_in_stores_that_processes_share(
    provider: EmbeddedProvider, engine: Engine, tmp_path: Path, kind: str
) -> None:
    rows = AsyncSQLSessionStore(engine)
    await rows.create_tables()
    store = rows if kind == "rows" else AsyncFileSessionStore(tmp_path / "files")
    login = login_of(provider, client_of(provider, session_store=store))
    alice, bob = Browser(), Browser()
    await logged_in(login, alice)
    provider.user = "bob"
    await logged_in(login, bob)
    assert (await push(receiver_of(provider, store), mint(provider))).status == 202
    assert [await subject(login, browser) for browser in (alice, bob)] == [None, "bob"]


async def test_a_transmitter_that_is_no_provider_is_known_by_its_own_metadata(
    provider: EmbeddedProvider,
) -> None:
    with EmbeddedProvider() as transmitter:
        metadata = {"issuer": transmitter.issuer, "jwks_uri": f"{transmitter.issuer}/jwks"}

        def respond(received: Received) -> Answer | None:
            if received.path == "/.well-known/ssf-configuration":
                return Answer.of_json(metadata)
            return Answer(404) if received.path.startswith("/.well-known/") else None

        transmitter.intercept = respond
        address = f"{transmitter.issuer}/.well-known/ssf-configuration"
        receiver = receiver_of(provider, AsyncMemorySessionStore(), transmitter=address)
        assert (await push(receiver, mint(transmitter))).status == 202
        assert err(await push(receiver, mint(provider))) in {"invalid_issuer", "invalid_key"}
        metadata["issuer"] = provider.issuer  # one that names another is believed nothing
        fresh = receiver_of(provider, AsyncMemorySessionStore(), transmitter=f"{address}/")
        assert (await push(fresh, mint(transmitter))).status != 202


async def test_an_event_with_a_critical_member_that_is_unknown_ends_no_session(
    provider: EmbeddedProvider,
) -> None:
    store, seen = AsyncMemorySessionStore(), list[SecurityEvent]()
    login, browser = login_of(provider, client_of(provider, session_store=store)), Browser()
    await logged_in(login, browser)
    alice = {"format": "iss_sub", "iss": provider.issuer, "sub": "alice"}
    one_tenant = {"format": "complex", "user": alice, "tenant": {"format": "opaque", "id": "t"}}
    strict = receiver_of(provider, store, critical_subject_members=["tenant"], on_event=seen.append)
    assert (await push(strict, mint(provider, sub_id=one_tenant))).status == 202
    assert await subject(login, browser) == "alice"
    assert len(seen) == 1
    assert (
        await push(receiver_of(provider, store), mint(provider, sub_id=one_tenant))
    ).status == 202
    assert await subject(login, browser) is None


async def test_a_session_may_be_named_by_its_id(provider: EmbeddedProvider) -> None:
    store = AsyncMemorySessionStore()
    login, browser = login_of(provider, client_of(provider, session_store=store)), Browser()
    await logged_in(login, browser)
    receiver = receiver_of(provider, store)
    for sid, expected in (("sid-2", "alice"), ("sid-1", None)):
        answer = await push(receiver, mint(provider, sub_id={"format": "opaque", "id": sid}))
        assert answer.status == 202
        assert await subject(login, browser) == expected


async def test_other_events_end_no_session_but_reach_the_program(
    provider: EmbeddedProvider,
) -> None:
    store = AsyncMemorySessionStore()
    login, browser = login_of(provider, client_of(provider, session_store=store)), Browser()
    await logged_in(login, browser)
    seen: list[SecurityEvent] = []
    receiver = receiver_of(provider, store, on_event=seen.append)
    assert (await push(receiver, mint(provider, f"{CAEP}credential-change"))).status == 202
    assert [one.types for one in seen] == [{f"{CAEP}credential-change"}]
    assert await subject(login, browser) == "alice"
    strict = receiver_of(provider, store, ends_sessions=[f"{CAEP}credential-change"])
    assert (await push(strict, mint(provider, f"{CAEP}credential-change"))).status == 202
    assert await subject(login, browser) is None


async def test_a_repeated_token_is_acknowledged_and_changes_nothing(
    provider: EmbeddedProvider,
) -> None:
    store = AsyncMemorySessionStore()
    login, browser = login_of(provider, client_of(provider, session_store=store)), Browser()
    receiver, token = receiver_of(provider, store), mint(provider)
    assert (await push(receiver, token)).status == 202
    await logged_in(login, browser)
    assert (await push(receiver, token)).status == 202
    assert await subject(login, browser) == "alice"


async def test_of_simultaneous_copies_one_is_processed(provider: EmbeddedProvider) -> None:
    seen: list[SecurityEvent] = []
    receiver = receiver_of(provider, AsyncMemorySessionStore(), on_event=seen.append)
    token = mint(provider)
    answers = await gather([lambda: push(receiver, token)] * 5)
    assert [one.status for one in answers] == [202] * 5
    assert len(seen) == 1


async def test_an_event_that_the_store_could_not_process_may_come_again(
    provider: EmbeddedProvider,
) -> None:
    store = BrokenStore()
    login, browser = login_of(provider, client_of(provider, session_store=store)), Browser()
    await logged_in(login, browser)
    receiver, token = receiver_of(provider, store), mint(provider)
    store.down = True
    answer = await push(receiver, token)
    assert (answer.status, answer.header("retry-after")) == (503, "5")
    store.down = False
    assert await subject(login, browser) == "alice"
    assert (await push(receiver, token)).status == 202
    assert await subject(login, browser) is None


class AddOnly:
    """A replay store with the one method that it must have."""

    def __init__(self) -> None:
        self.keys: set[str] = set()

    def add(self, key: str, expires_at: float) -> bool:
        is_new = key not in self.keys
        self.keys.add(key)
        return is_new


async def test_an_event_may_come_again_also_where_nothing_can_be_forgotten(
    provider: EmbeddedProvider,
) -> None:
    store, replays = BrokenStore(), AddOnly()
    client = client_of(provider, session_store=store)
    login, browser = login_of(provider, client), Browser()
    await logged_in(login, browser)
    receiver, token = AsyncSignalReceiver(client, AUDIENCE, replays), mint(provider)
    store.down = True
    assert (await push(receiver, token)).status == 503
    store.down = False
    assert (await push(receiver, token)).status == 202
    assert await subject(login, browser) is None
    assert len(replays.keys) == 1
    with refused(SecurityEventException, "security_event_replayed"):
        await receiver.accept(token)


class Unforgetting(AddOnly):
    def discard(self, key: str) -> None:
        raise OSError("the replay store is down")


async def test_an_outage_of_both_stores_is_answered_as_one(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    store = BrokenStore()
    client = client_of(provider, session_store=store)
    store.down = True
    receiver = AsyncSignalReceiver(client, AUDIENCE, Unforgetting())
    assert (await push(receiver, mint(provider))).status == 503
    assert "cannot be removed from the replay store: OSError" in caplog.text


async def test_an_event_that_the_program_could_not_process_may_come_again(
    provider: EmbeddedProvider,
) -> None:
    outcomes: list[Exception | None] = [RuntimeError("disk full"), None]

    def handle(event: SecurityEvent) -> None:
        error = outcomes.pop(0)
        if error is not None:
            raise error

    receiver, token = (
        receiver_of(provider, AsyncMemorySessionStore(), on_event=handle),
        mint(provider),
    )
    with pytest.raises(RuntimeError, match="disk full"):
        await push(receiver, token)
    assert (await push(receiver, token)).status == 202
    assert outcomes == []


async def test_a_mistake_of_the_program_is_not_answered_as_one_of_the_token(
    provider: EmbeddedProvider, transmitter: list[dict[str, Any]]
) -> None:
    outcomes: list[Exception | None] = [InvalidArgumentError("a mistake in on_event"), None]

    def handle(event: SecurityEvent) -> None:
        error = outcomes.pop(0)
        if error is not None:
            raise error

    receiver = receiver_of(provider, AsyncMemorySessionStore(), on_event=handle)
    token = mint(provider)
    assert (await push(receiver, token)).status == 503
    assert (await push(receiver, token)).status == 202
    outcomes += [InvalidArgumentError("a mistake in on_event"), None]
    request = SecurityEventPollRequest(f"{provider.issuer}/poll", "receiver")
    outcome = await receiver.poll(request)
    assert outcome.request.ack == ["other"]
    assert [*outcome.request.set_errors] == ["bad"]
    assert outcomes == []


async def test_the_reason_of_a_mistake_is_the_cause(provider: EmbeddedProvider) -> None:
    def handle(event: SecurityEvent) -> None:
        raise InvalidArgumentError("a mistake in on_event")

    receiver = receiver_of(provider, AsyncMemorySessionStore(), on_event=handle)
    with refused(SecurityEventException, "event_not_processed") as caught:
        await receiver.accept(mint(provider))
    assert isinstance(caught.value.__cause__, InvalidArgumentError)


Make = Callable[[EmbeddedProvider], str]
REFUSED: dict[str, tuple[Make, str]] = {
    "another receiver": (lambda op: mint(op, aud="https://other.example"), "invalid_audience"),
    "no audience": (lambda op: mint(op, aud=None), "invalid_request"),
    "another issuer": (lambda op: mint(op, iss="https://evil.example"), "invalid_issuer"),
    "an access token": (lambda op: mint(op, typ="at+jwt"), "invalid_request"),
    "a logout token": (
        lambda op: op.mint_logout_token(aud=AUDIENCE, sub="alice"),
        "invalid_request",
    ),
    "an ID token": (lambda op: op.mint_id_token(aud=AUDIENCE, sub="alice"), "invalid_request"),
    "an old one": (lambda op: mint(op, iat=int(time.time()) - 90_000), "invalid_request"),
    "one from before all time": (lambda op: mint(op, iat=-(10**400)), "invalid_request"),
    "an expired one": (lambda op: mint(op, exp=1), "invalid_request"),
    "without a name": (lambda op: mint(op, jti=None), "invalid_request"),
    "without events": (lambda op: mint(op, events=None), "invalid_request"),
    "changed": (lambda op: mint(op)[:-6] + "AAAAAA", "invalid_key"),
    "not a token": (lambda op: "s3cret", "invalid_request"),
    "nothing": (lambda op: "", "invalid_request"),
    "not ASCII": (lambda op: "é.é.é", "invalid_request"),
    "too large": (lambda op: mint(op) + "A" * 70_000, "invalid_request"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_bad_token_ends_nothing(provider: EmbeddedProvider, name: str) -> None:
    store = AsyncMemorySessionStore()
    login, browser = login_of(provider, client_of(provider, session_store=store)), Browser()
    await logged_in(login, browser)
    make, code = REFUSED[name]
    answer = await push(receiver_of(provider, store), make(provider))
    assert err(answer) == code
    assert "s3cret" not in answer.body
    assert await subject(login, browser) == "alice"


async def test_a_token_of_a_foreign_key_ends_nothing(provider: EmbeddedProvider) -> None:
    with EmbeddedProvider() as foreign:
        forged = mint(foreign, iss=provider.issuer)
    answer = await push(receiver_of(provider, AsyncMemorySessionStore()), forged)
    assert err(answer) == "invalid_key"


async def test_only_a_post_of_a_security_event_is_read(provider: EmbeddedProvider) -> None:
    receiver, token = receiver_of(provider, AsyncMemorySessionStore()), mint(provider)
    for kind in ("application/json", "application/x-www-form-urlencoded", ""):
        assert err(await push(receiver, token, **{"content-type": kind})) == "invalid_request"
    request = WebRequest("GET", "https://app.example", "/events")
    assert err(await receiver.push(request, token.encode())) == "invalid_request"
    kind = "Application/SecEvent+JWT; charset=utf-8"
    assert (await push(receiver, f"{token}\n", **{"content-type": kind})).status == 202


async def test_a_push_has_the_agreed_authorization(provider: EmbeddedProvider) -> None:
    receiver = receiver_of(provider, AsyncMemorySessionStore(), authorization="Bearer agreed")
    token = mint(provider)
    for headers in ({}, {"authorization": "Bearer other"}, {"authorization": "agreed"}):
        assert err(await push(receiver, token, **headers)) == "authentication_failed"
    assert (await push(receiver, token, authorization="Bearer agreed")).status == 202


async def test_an_outage_of_the_transmitter_is_one(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_RETRY_MAX_ATTEMPTS", "0")
    receiver, token = receiver_of(provider, AsyncMemorySessionStore()), mint(provider)
    provider.close()
    assert (await push(receiver, token)).status == 503


async def test_events_may_come_from_another_issuer_than_logins(
    provider: EmbeddedProvider,
) -> None:
    store = AsyncMemorySessionStore()
    login, browser = login_of(provider, client_of(provider, session_store=store)), Browser()
    await logged_in(login, browser)
    alice = {"format": "iss_sub", "iss": provider.issuer, "sub": "alice"}
    with EmbeddedProvider() as transmitter:
        receiver = receiver_of(provider, store, transmitter=transmitter.issuer)
        own = {"format": "iss_sub", "iss": transmitter.issuer, "sub": "alice"}
        assert (await push(receiver, mint(transmitter, sub_id=own))).status == 202
        assert await subject(login, browser) == "alice"
        assert (await push(receiver, mint(transmitter, sub_id=alice))).status == 202
        assert await subject(login, browser) is None
        assert err(await push(receiver, mint(provider))) in {"invalid_issuer", "invalid_key"}


@pytest.fixture
def transmitter(provider: EmbeddedProvider) -> list[dict[str, Any]]:
    """A transmitter with three tokens, of which one is bad; returns what it was sent."""
    sets = {
        "good": mint(provider, jti="good"),
        "bad": mint(provider, jti="bad", aud="https://other.example"),
        "other": mint(provider, f"{CAEP}credential-change", jti="other"),
    }
    polls: list[dict[str, Any]] = []

    def respond(received: Received) -> Answer | None:
        if received.path != "/poll":
            return None
        if received.headers.get("authorization") != "Bearer receiver":
            return Answer.of_json({"error": "invalid_token"}, 401)
        asked = json.loads(received.body)
        polls.append(asked)
        for jti in [*asked["ack"], *asked.get("setErrs", {})]:
            del sets[jti]
        return Answer.of_json({"sets": sets, "moreAvailable": False})

    provider.intercept = respond
    return polls


async def test_polled_events_are_processed_and_acknowledged(
    provider: EmbeddedProvider, transmitter: list[dict[str, Any]]
) -> None:
    store = AsyncMemorySessionStore()
    login, browser = login_of(provider, client_of(provider, session_store=store)), Browser()
    await logged_in(login, browser)
    receiver = receiver_of(provider, store)
    first = SecurityEventPollRequest(f"{provider.issuer}/poll", "receiver")
    outcome = await receiver.poll(first)
    assert (outcome.accepted, outcome.more_available) == (2, False)
    assert await subject(login, browser) is None
    again = await receiver.poll(outcome.request)
    assert again.accepted == 0
    assert transmitter[0]["ack"] == []
    assert transmitter[1]["ack"] == ["good", "other"]
    assert transmitter[1]["setErrs"]["bad"]["err"] == "invalid_audience"
    assert (again.request.ack, again.request.set_errors) == ([], {})


async def test_what_was_polled_twice_is_acknowledged(
    provider: EmbeddedProvider, transmitter: list[dict[str, Any]]
) -> None:
    receiver = receiver_of(provider, AsyncMemorySessionStore())
    first = SecurityEventPollRequest(f"{provider.issuer}/poll", "receiver")
    await receiver.poll(first)
    lost = await receiver.poll(first)  # the first outcome was lost, by a restart
    assert (lost.accepted, lost.request.ack) == (0, ["good", "other"])


async def test_what_could_not_be_processed_is_polled_again(
    provider: EmbeddedProvider, transmitter: list[dict[str, Any]]
) -> None:
    store = BrokenStore()
    receiver = receiver_of(provider, store)
    store.down = True
    outcome = await receiver.poll(SecurityEventPollRequest(f"{provider.issuer}/poll", "receiver"))
    assert outcome.request.ack == ["other"]
    assert [*outcome.request.set_errors] == ["bad"]
    store.down = False
    assert (await receiver.poll(outcome.request)).request.ack == ["good"]


async def test_an_event_that_the_program_cannot_process_stops_no_other(
    provider: EmbeddedProvider,
    transmitter: list[dict[str, Any]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def handle(event: SecurityEvent) -> None:
        if event.jti == "good":
            raise RuntimeError("s3cret")

    receiver = receiver_of(provider, AsyncMemorySessionStore(), on_event=handle)
    outcome = await receiver.poll(SecurityEventPollRequest(f"{provider.issuer}/poll", "receiver"))
    assert outcome.request.ack == ["other"]
    assert (await receiver.poll(outcome.request)).request.ack == []
    assert "not processed, and may come again: RuntimeError" in caplog.text
    assert "s3cret" not in caplog.text


async def test_a_refused_poll_is_raised(
    provider: EmbeddedProvider, transmitter: list[dict[str, Any]]
) -> None:
    receiver = receiver_of(provider, AsyncMemorySessionStore())
    with refused(NetworkException, "network_error") as caught:
        await receiver.poll(SecurityEventPollRequest(f"{provider.issuer}/poll", "wrong-s3cret"))
    assert caught.value.status_code == 401
    assert "wrong-s3cret" not in str(caught.value)


async def test_a_token_is_validated_by_itself_and_once(provider: EmbeddedProvider) -> None:
    config = TokenValidationConfig(perform_disco=True, audience=AUDIENCE)
    token, replays = mint(provider), MemoryReplayStore()
    event = await validate_security_event_token(
        token, config, provider.issuer, replay_store=replays
    )
    assert event.types == {REVOKED}
    assert await validate_security_event_token(token, config, provider.issuer)
    with refused(SecurityEventException, "security_event_replayed"):
        await validate_security_event_token(token, config, provider.issuer, replay_store=replays)


@pytest.mark.parametrize(
    "arguments",
    [
        {"audience": " "},
        {"ends_sessions": REVOKED},
        {"max_age": -1},
        {"authorization": ""},
        {"authorization": " "},
        {"authorization": b"Bearer agreed"},
        {"critical_subject_members": "tenant"},
    ],
)
async def test_a_receiver_names_its_audience_and_events(
    provider: EmbeddedProvider, arguments: dict[str, Any]
) -> None:
    usual: dict[str, Any] = {
        "client": client_of(provider),
        "audience": AUDIENCE,
        "replay_store": MemoryReplayStore(),
    }
    with pytest.raises(InvalidArgumentError):
        AsyncSignalReceiver(**(usual | arguments))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy does not wait for the token that is being processed."""
    monkeypatch.setattr(sys.modules[process_once.__module__], "_PAUSES", ())


async def test_a_copy_is_not_acknowledged_while_the_first_may_fail(
    provider: EmbeddedProvider, impatient: None
) -> None:
    store, answers = AsyncMemorySessionStore(), list[WebAnswer]()
    login, browser = login_of(provider, client_of(provider, session_store=store)), Browser()
    await logged_in(login, browser)

    async def handle(event: SecurityEvent) -> None:
        if not answers:
            answers.append(await push(receiver, token))
            raise RuntimeError("disk full")

    receiver, token = receiver_of(provider, store, on_event=handle), mint(provider)
    with pytest.raises(RuntimeError, match="disk full"):
        await push(receiver, token)
    assert [(one.status, one.header("retry-after")) for one in answers] == [(503, "5")]
    assert (await push(receiver, token)).status == 202
    assert await subject(login, browser) is None


async def test_an_event_whose_process_was_killed_comes_again(
    provider: EmbeddedProvider, impatient: None
) -> None:
    class Killed(MemoryReplayStore):
        def discard(self, key: str) -> None:
            if len(seen) == 1:
                raise OSError("nobody is here to discard anything")
            super().discard(key)

    replays, seen = Killed(), list[SecurityEvent]()

    def handle(event: SecurityEvent) -> None:
        seen.append(event)
        if len(seen) == 1:
            raise RuntimeError("killed")

    client = client_of(provider, session_store=AsyncMemorySessionStore())
    receiver = AsyncSignalReceiver(client, AUDIENCE, replays, on_event=handle)
    token = mint(provider)
    with pytest.raises(RuntimeError, match="killed"):
        await push(receiver, token)
    assert (await push(receiver, token)).status == 503
    now = time.time()
    replays.clock = lambda: now + 70
    assert (await push(receiver, token)).status == 202
    with refused(SecurityEventException, "security_event_replayed"):
        await receiver.accept(token)
    assert len(seen) == 2


async def test_an_event_that_could_not_be_remembered_comes_again(
    provider: EmbeddedProvider, impatient: None
) -> None:
    class Failing(MemoryReplayStore):
        def discard(self, key: str) -> None:
            raise OSError("down")

    client = client_of(provider, session_store=AsyncMemorySessionStore())
    receiver = AsyncSignalReceiver(client, AUDIENCE, Failing())
    assert (await push(receiver, mint(provider))).status == 503


async def test_an_event_is_not_lost_where_the_store_remembered_it_and_failed(
    provider: EmbeddedProvider, impatient: None
) -> None:
    class Unclear(MemoryReplayStore):
        def add(self, key: str, expires_at: float) -> bool:
            added = super().add(key, expires_at)
            if added and not key.startswith("claim:") and is_unclear:
                raise TimeoutError("applied, but its response was lost")
            return added

    is_unclear, replays, seen = [True], Unclear(), list[SecurityEvent]()
    client = client_of(provider, session_store=AsyncMemorySessionStore())
    receiver = AsyncSignalReceiver(client, AUDIENCE, replays, on_event=seen.append)
    token = mint(provider)
    assert (await push(receiver, token)).status == 503
    assert (await push(receiver, token)).status == 503
    now = time.time()
    replays.clock = lambda: now + 70
    is_unclear.clear()
    assert (await push(receiver, token)).status == 202
    assert len(seen) == 1


async def test_a_full_replay_store_acknowledges_nothing_that_it_does_not_know(
    provider: EmbeddedProvider,
) -> None:
    store, replays = AsyncMemorySessionStore(), MemoryReplayStore(max_entries=3)
    client = client_of(provider, session_store=store)
    login, browser = login_of(provider, client), Browser()
    receiver = AsyncSignalReceiver(client, AUDIENCE, replays)
    known = mint(provider, f"{CAEP}credential-change")
    assert (await push(receiver, known)).status == 202
    await logged_in(login, browser)
    token = mint(provider)
    for other in ("another", "a third"):
        assert replays.add(other, time.time() + 1000)
    assert (await push(receiver, token)).status == 503
    assert await subject(login, browser) == "alice"
    for other in ("another", "a third"):
        replays.discard(other)
    assert (await push(receiver, token)).status == 202
    assert await subject(login, browser) is None


async def test_an_event_that_always_fails_holds_no_other_back(
    provider: EmbeddedProvider, transmitter: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    def handle(event: SecurityEvent) -> None:
        if event.jti == "good":
            raise RuntimeError("alice's disk is full")

    receiver = receiver_of(provider, AsyncMemorySessionStore(), on_event=handle)
    request = SecurityEventPollRequest(f"{provider.issuer}/poll", "receiver")
    for accepted in (1, 0):
        outcome = await receiver.poll(request)
        assert outcome.accepted == accepted
        request = outcome.request
    assert transmitter[1]["ack"] == ["other"]
    assert [*transmitter[1]["setErrs"]] == ["bad"]
    assert "a security event was not processed, and may come again: RuntimeError" in caplog.text
    assert "alice" not in caplog.text


@pytest.mark.parametrize("is_named", [False, True])
async def test_the_transmitters_keys_may_be_on_another_host(
    provider: EmbeddedProvider, is_named: bool
) -> None:
    """Its issuer is the program's own word: it decides where its keys are."""

    def respond(received: Received) -> Answer | None:
        if received.path != DISCOVERY:
            return None
        document = provider.document()
        elsewhere = str(document["jwks_uri"]).replace("127.0.0.1", "localhost")
        return Answer.of_json(document | {"jwks_uri": elsewhere})

    provider.intercept = respond
    named = {"transmitter": provider.issuer} if is_named else {}
    receiver = receiver_of(provider, AsyncMemorySessionStore(), **named)
    assert (await push(receiver, mint(provider))).status == 202
    assert err(await push(receiver, mint(provider)[:-6] + "AAAAAA")) == "invalid_key"


async def test_a_receiver_asks_where_its_client_asks(provider: EmbeddedProvider) -> None:
    """A client with metadata, or another address in its network, needs no discovery here either."""
    metadata = await client_of(provider).metadata()
    client = client_of(provider, metadata=metadata)
    receiver = AsyncSignalReceiver(client, AUDIENCE, MemoryReplayStore())
    provider.intercept = failing(DISCOVERY)
    before = provider.count(DISCOVERY)
    assert (await push(receiver, mint(provider))).status == 202
    assert err(await push(receiver, mint(provider, iss="https://evil.example"))) == "invalid_issuer"
    assert provider.count(DISCOVERY) == before
