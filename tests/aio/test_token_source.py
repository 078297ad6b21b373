"""Tokens that renew themselves, and what they do on requests."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from py_identity_model._seam.aio import Event, gather, wait_for
from py_identity_model._wire.dpop_nonces import nonce_place, nonces_of
from py_identity_model.aio import (
    AsyncHTTPClient,
    AsyncMemoryTokenStore,
    AsyncTokenAuth,
    AsyncTokenSource,
    AsyncTokenStore,
    AuthorizationCodeTokenRequest,
    ClientCredentialsTokenRequest,
    ClientSecretBasic,
    ClientSecretPost,
    DeviceAuthorizationResponse,
    DeviceTokenRequest,
    DPoPKey,
    FederatedAssertion,
    PrivateKeyJwt,
    RefreshTokenRequest,
    Settings,
    StoredToken,
    TokenExchangeRequest,
    token_source,
)
from py_identity_model.exceptions import (
    ConfigurationException,
    InvalidArgumentError,
    TokenRequestException,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.aio.stores import AsyncNotingStore
from tests.support import Gate, answering, failing, refused


class Clock:
    """A wall clock that moves on command."""

    def __init__(self) -> None:
        import time

        self.ahead = 0.0
        self._time = time.time

    def __call__(self) -> float:
        return self._time() + self.ahead


def request_of(provider: EmbeddedProvider, **more: Any) -> ClientCredentialsTokenRequest:
    return ClientCredentialsTokenRequest(
        provider.token_endpoint, provider.client_id, provider.client_secret, **more
    )


def source_of(provider: EmbeddedProvider, **more: Any) -> AsyncTokenSource:
    made = AsyncTokenSource(request_of(provider), **more)
    made.clock = Clock()
    return made


def forward(source: AsyncTokenSource, seconds: float) -> None:
    assert isinstance(source.clock, Clock)
    source.clock.ahead += seconds


async def test_one_token_serves_until_shortly_before_its_end(provider: EmbeddedProvider) -> None:
    source = source_of(provider)
    first = await source.get_token()
    forward(source, 3500)
    assert await source.get_token() is first
    forward(source, 60)
    second = await source.get_token()
    assert second.access_token != first.access_token
    assert provider.count("/token") == 2


async def test_however_many_need_a_token_one_is_asked_for(provider: EmbeddedProvider) -> None:
    source = source_of(provider)
    for _ in range(2):
        tokens = await gather([source.get_token] * 50)
        assert len({token.access_token for token in tokens}) == 1
        forward(source, 4000)
    assert provider.count("/token") == 2


async def test_a_failure_is_reported_and_not_remembered(provider: EmbeddedProvider) -> None:
    source = source_of(provider)
    provider.intercept = failing("/token", 400)
    for attempt in (1, 2):
        with refused(TokenRequestException, "token_request_error") as caught:
            await source.get_token()
        assert caught.value.status_code == 400
        assert caught.value.details == {"oauth_error": "down"}
        assert provider.count("/token") == attempt
    provider.intercept = None
    assert await source.get_token()


async def test_an_old_token_serves_to_its_end_while_renewing_fails(
    provider: EmbeddedProvider,
) -> None:
    source = source_of(provider)
    first = await source.get_token()
    provider.intercept = failing("/token", 400)
    forward(source, 3590)
    assert await source.get_token() is first
    forward(source, 20)
    with pytest.raises(TokenRequestException):
        await source.get_token()


def login_source(provider: EmbeddedProvider, **more: Any) -> AsyncTokenSource:
    made = AsyncTokenSource(
        RefreshTokenRequest(
            provider.token_endpoint, provider.client_id, "r0", provider.client_secret
        ),
        **more,
    )
    made.clock = Clock()
    return made


def answers_of_an_hour(provider: EmbeddedProvider, *more: Answer) -> Callable[[Received], Answer]:
    """Return a token endpoint whose tokens last an hour, and which answers ``more`` after one."""
    answers = iter(more)

    def respond(received: Received) -> Answer:
        number = provider.count("/token")
        if number > 1 and (answer := next(answers, None)) is not None:
            return answer
        named = {"access_token": f"a{number}", "refresh_token": f"r{number}"}
        return Answer.of_json({**named, "token_type": "Bearer", "expires_in": 3600})

    return respond


KINDS = pytest.mark.parametrize("make", [source_of, login_source], ids=["machine", "login"])


@KINDS
async def test_a_usable_token_is_not_held_up_by_a_provider_that_hangs(
    provider: EmbeddedProvider,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[EmbeddedProvider], AsyncTokenSource],
) -> None:
    usual = provider.intercept = answers_of_an_hour(provider)
    source, gate = make(provider), Gate("/token")
    first = await source.get_token()
    provider.intercept = lambda received: gate(received) or usual(received)
    forward(source, 3560)
    with monkeypatch.context() as patched:
        patched.setattr(token_source, "SECONDS_WITH_A_TOKEN", 0.05)
        assert await source.get_token() == first
        assert await source.get_token() == first
    gate.open.set()
    assert not gate.gave_up
    monkeypatch.setattr(token_source, "SECONDS_WITH_A_TOKEN", 10.0)
    forward(source, 5)
    assert (await source.get_token()).access_token == "a2"  # the renewal went on
    assert provider.count("/token") == 2


@KINDS
async def test_a_renewal_that_failed_is_tried_again_after_five_seconds_and_not_by_each_caller(
    provider: EmbeddedProvider, make: Callable[[EmbeddedProvider], AsyncTokenSource]
) -> None:
    provider.intercept = answers_of_an_hour(provider, Answer.of_json({"error": "down"}, 400))
    source = make(provider)
    first = await source.get_token()
    forward(source, 3560)
    assert [await source.get_token() for _ in range(3)] == [first] * 3
    assert provider.count("/token") == 2
    forward(source, 5)
    assert (await source.get_token()).access_token == "a3"


async def test_a_failed_renewal_puts_no_old_token_in_the_place_of_a_newer_one(
    provider: EmbeddedProvider,
) -> None:
    class Overtaken(AsyncTokenSource):
        """A source whose renewal fails after that of another caller was successful."""

        newer: StoredToken | None = None

        async def _renew(self, refused: str | None) -> StoredToken:
            if self.newer is None:
                return await super()._renew(refused)
            self._current = self.newer
            raise TokenRequestException("down")

    source = Overtaken(request_of(provider))
    source.clock = Clock()
    await source.get_token()
    forward(source, 3560)
    source.newer = StoredToken("newer", expires_at=source.clock() + 3600)
    await source.get_token()
    assert (await source.get_token()).access_token == "newer"


async def test_a_token_that_expires_while_its_renewal_takes_long_is_not_served(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_source, "SECONDS_WITH_A_TOKEN", 0.05)
    provider.intercept = answers_of_an_hour(provider)

    class Slow(AsyncTokenSource):
        """A source whose second renewal takes so long that the token expires."""

        renewals = 0

        async def _renew(self, refused: str | None) -> StoredToken:
            self.renewals += 1
            if self.renewals == 2:
                forward(self, 3600)
                await wait_for(Event(), 10.0)
            return await super()._renew(refused)

    source = Slow(request_of(provider))
    source.clock = Clock()
    await source.get_token()
    forward(source, 3560)
    assert (await source.get_token()).access_token == "a2"
    assert source.renewals == 3


@KINDS
async def test_a_stored_token_serves_to_its_end_while_renewing_fails(
    provider: EmbeddedProvider, make: Callable[..., AsyncTokenSource]
) -> None:
    refusal = Answer.of_json({"error": "down"}, 400)
    provider.intercept = answers_of_an_hour(provider, *[refusal] * 2)
    store = AsyncMemoryTokenStore()
    first = await make(provider, store=store).get_token()
    another = make(provider, store=store)
    forward(another, 3560)
    assert await another.get_token() == first
    forward(another, 60)
    with refused(TokenRequestException, "token_request_error"):
        await another.get_token()


async def test_a_scope_that_can_be_read_once_is_asked_for_each_time(
    provider: EmbeddedProvider,
) -> None:
    source = AsyncTokenSource(request_of(provider, scope=(one for one in ["read"])))
    first = await source.get_token()
    assert (await source.renew(first.access_token)).access_token != first.access_token
    asked = [one.form.get("scope") for one in provider.requests if one.path == "/token"]
    assert asked == ["read", "read"]


async def test_a_refused_token_is_renewed_once(provider: EmbeddedProvider) -> None:
    source = source_of(provider)
    first = await source.get_token()
    second = await source.renew(first.access_token)
    assert second.access_token != first.access_token
    assert await source.renew(first.access_token) is second
    assert provider.count("/token") == 2


async def test_sources_that_share_a_store_share_tokens(provider: EmbeddedProvider) -> None:
    store = AsyncMemoryTokenStore()
    assert isinstance(store, AsyncTokenStore)
    sources = [source_of(provider, store=store) for _ in range(5)]
    tokens = await gather([source.get_token for source in sources])
    assert len({token.access_token for token in tokens}) == 1
    assert provider.count("/token") == 1
    renewed = await gather([renewing(source, tokens[0].access_token) for source in sources])
    assert len({token.access_token for token in renewed}) == 1
    assert provider.count("/token") == 2


def renewing(source: AsyncTokenSource, refused_token: str) -> Callable[[], Any]:
    async def renew() -> StoredToken:
        return await source.renew(refused_token)

    return renew


def different_requests(provider: EmbeddedProvider) -> list[ClientCredentialsTokenRequest]:
    secret = ClientSecretBasic(provider.client_secret)
    return [
        request_of(provider),
        request_of(provider, scope="read"),
        request_of(provider, scope="write"),
        request_of(provider, resource="https://a.example"),
        request_of(provider, resource=["https://a.example", "https://b.example"]),
        request_of(provider, audience="orders"),
        request_of(provider, authorization_details=[{"type": "payment"}]),
        request_of(provider, extra_parameters={"tenant": "1"}),
        request_of(provider, dpop_key=DPoPKey()),
        request_of(provider, dpop_key=DPoPKey()),
        request_of(provider, client_authentication=secret),
    ]


async def test_every_parameter_of_a_request_makes_another_token(
    provider: EmbeddedProvider,
) -> None:
    provider.intercept = lambda received: Answer.of_json(
        {
            "access_token": f"a{provider.count('/token')}",
            "token_type": "DPoP" if "dpop" in received.headers else "Bearer",
        }
    )
    store = AsyncMemoryTokenStore()
    requests = different_requests(provider)
    for request in requests:
        await AsyncTokenSource(request, store=store).get_token()
    assert provider.count("/token") == len(requests)
    for request in requests:
        await AsyncTokenSource(request, store=store).get_token()
    assert provider.count("/token") == len(requests)


def rotating(provider: EmbeddedProvider) -> tuple[Callable[[Received], Answer], list[str]]:
    """Return a token endpoint that takes each refresh token once, and those it took."""
    taken: list[str] = []

    def respond(received: Received) -> Answer:
        token = received.form["refresh_token"]
        expected = f"r{len(taken)}"
        if token != expected:
            return Answer.of_json({"error": "invalid_grant"}, 400)
        taken.append(token)
        number = len(taken)
        return Answer.of_json(
            {
                "access_token": f"a{number}",
                "token_type": "Bearer",
                "expires_in": 60,
                "refresh_token": f"r{number}",
            }
        )

    return respond, taken


async def test_a_rotated_refresh_token_is_neither_replayed_nor_lost(
    provider: EmbeddedProvider,
) -> None:
    respond, taken = rotating(provider)
    provider.intercept = respond
    store = AsyncMemoryTokenStore()
    request = RefreshTokenRequest(provider.token_endpoint, "web", "r0")
    sources = [AsyncTokenSource(request, store=store) for _ in range(10)]
    clock = Clock()
    for source in sources:
        source.clock = clock
    for round_ in range(1, 4):
        tokens = await gather([source.get_token for source in sources])
        assert {token.access_token for token in tokens} == {f"a{round_}"}
        clock.ahead += 59
    assert taken == ["r0", "r1", "r2"]
    late = AsyncTokenSource(request, store=store)
    late.clock = clock
    assert (await late.get_token()).access_token == "a4"


async def test_a_refresh_token_that_is_not_rotated_is_retained(provider: EmbeddedProvider) -> None:
    provider.intercept = lambda received: Answer.of_json(
        {"access_token": f"a{provider.count('/token')}", "expires_in": 60}
    )
    source = AsyncTokenSource(RefreshTokenRequest(provider.token_endpoint, "web", "r0"))
    source.clock = Clock()
    for _ in range(3):
        token = await source.get_token()
        assert token.refresh_token == "r0"
        forward(source, 61)
    assert provider.count("/token") == 3


async def test_the_content_of_a_store_is_not_trusted_blindly(provider: EmbeddedProvider) -> None:
    store = AsyncNotingStore()
    await source_of(provider, store=store).get_token()
    sound = '{"access_token": "old", "token_type": "Bearer"'
    for nonsense in (
        *("", "{", "[]", "{}", '{"access_token": 7}'),
        *(sound + ', "renew_at": "x"}', sound + ', "expires_at": true}', sound + ', "scope": 1}'),
        *('{"access_token": "old", "token_type": null}',),
    ):
        await store.set(store.names[0], nonsense, None)
        source = source_of(provider, store=store)
        assert (await source.get_token()).access_token.count(".") == 2


async def test_an_answer_without_a_token_is_a_failure(provider: EmbeddedProvider) -> None:
    provider.intercept = lambda received: Answer.of_json({"token_type": "Bearer"})
    with refused(TokenRequestException, "token_request_error"):
        await source_of(provider).get_token()


async def test_a_token_without_an_end_is_renewed_when_it_is_refused(
    provider: EmbeddedProvider,
) -> None:
    provider.intercept = lambda received: Answer.of_json(
        {"access_token": f"a{provider.count('/token')}"}
    )
    source = source_of(provider)
    first = await source.get_token()
    forward(source, 10**9)
    assert await source.get_token() is first
    assert (await source.renew("a1")).access_token == "a2"


async def test_a_memory_store_forgets_what_expired_and_what_is_oldest() -> None:
    store = AsyncMemoryTokenStore(max_entries=2)
    now = 100.0
    store.clock = lambda: now
    await store.set("a", "1", 10)
    await store.set("b", "2", None)
    assert [await store.get(key) for key in "abc"] == ["1", "2", None]
    now = 110.0
    assert await store.get("a") is None
    await store.set("c", "3", None)
    assert len(store) == 2
    assert [await store.get(key) for key in "abc"] == [None, "2", "3"]
    await store.delete("b")
    assert await store.get("b") is None
    with refused(InvalidArgumentError, "invalid_argument"):
        AsyncMemoryTokenStore(0)


@pytest.mark.parametrize("margin", [-1, -0.5, float("inf"), float("nan")])
async def test_an_invalid_margin_is_refused(provider: EmbeddedProvider, margin: float) -> None:
    with refused(InvalidArgumentError, "invalid_argument") as caught:
        source_of(provider, margin=margin)
    assert str(caught.value).startswith("margin must be")


@pytest.mark.parametrize("margin", [0, 0.5])
async def test_a_margin_may_be_small(provider: EmbeddedProvider, margin: float) -> None:
    source = source_of(provider, margin=margin)
    token = await source.get_token()
    ends = token.expires_at or 0.0
    source.clock = lambda: ends - 1.0
    assert await source.get_token() == token


async def test_a_token_that_replaced_a_refused_one_is_not_replaced_within_a_minute(
    provider: EmbeddedProvider,
) -> None:
    store = AsyncMemoryTokenStore()
    sources = [source_of(provider, store=store) for _ in range(10)]
    known = (await sources[0].get_token()).access_token
    for source in sources * 5:
        known = (await source.renew(known)).access_token
    assert provider.count("/token") == 2
    forward(source, 61)
    assert (await source.renew(known)).access_token != known
    assert provider.count("/token") == 3


async def test_a_machine_needs_no_store(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    class Down(AsyncMemoryTokenStore):
        async def get(self, key: str) -> str | None:
            raise ConnectionError("down")

        async def set(self, key: str, value: str, expires_in: float | None) -> None:
            raise ConnectionError("down")

    source = source_of(provider, store=Down())
    for number in (1, 2, 3):
        assert await source.get_token()
        assert await source.get_token()
        assert provider.count("/token") == number
        forward(source, 4000)
    assert caplog.text.count("requesting a token from the provider instead: ConnectionError") == 1


async def test_a_store_that_hangs_holds_nobody_for_long(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hanging(AsyncMemoryTokenStore):
        async def get(self, key: str) -> str | None:
            assert await wait_for(Event(), 10.0), "nobody stopped waiting"
            return None

        async def set(self, key: str, value: str, expires_in: float | None) -> None:
            assert await wait_for(Event(), 10.0), "nobody stopped waiting"

    monkeypatch.setattr(token_source, "STORE_SECONDS", 0.02)
    assert (await source_of(provider, store=Hanging()).get_token()).access_token
    assert "requesting a token from the provider instead: TimeoutError" in caplog.text


def test_a_store_that_is_none_is_refused_by_name(provider: EmbeddedProvider) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^store "):
        source_of(provider, store=object())


async def test_the_settings_of_a_source_are_those_of_its_requests(
    provider: EmbeddedProvider,
) -> None:
    provider.intercept = failing("/token")
    once = Settings(http_retry_max_attempts=0)
    request = RefreshTokenRequest(provider.token_endpoint, "web", "r0")
    for source in (source_of(provider, settings=once), AsyncTokenSource(request, settings=once)):
        with refused(TokenRequestException, "token_request_error"):
            await source.get_token()
    assert provider.count("/token") == 2


async def test_a_refusal_names_the_token_endpoint(provider: EmbeddedProvider) -> None:
    provider.intercept = answering("/token", Answer.of_json({"error": "invalid_client"}, 401))
    for request in (
        request_of(provider),
        RefreshTokenRequest(provider.token_endpoint, "web", "r0"),
    ):
        with refused(TokenRequestException, "token_request_error") as caught:
            await AsyncTokenSource(request).get_token()
        assert caught.value.url == provider.token_endpoint


async def test_a_forked_child_has_no_refresh_token_of_its_parents_memory(
    provider: EmbeddedProvider,
) -> None:
    respond, taken = rotating(provider)
    provider.intercept = respond
    request = RefreshTokenRequest(provider.token_endpoint, "web", "r0")
    source = AsyncTokenSource(request)
    source._made_in -= 1  # as if another process made it
    with refused(TokenRequestException, "login_required"):
        await source.get_token()
    assert taken == []


async def test_a_token_that_ended_while_it_was_stored_is_not_returned(
    provider: EmbeddedProvider,
) -> None:
    respond, _ = rotating(provider)
    provider.intercept = respond
    source = AsyncTokenSource(RefreshTokenRequest(provider.token_endpoint, "web", "r0"))
    ticks = count(0.0, 100_000.0)
    source.clock = lambda: next(ticks)
    with refused(TokenRequestException, "renewal_pending") as caught:
        await source.get_token()
    assert "in at most 0 s" in str(caught.value)


async def test_a_login_needs_its_store(provider: EmbeddedProvider) -> None:
    class Down(AsyncMemoryTokenStore):
        async def get(self, key: str) -> str | None:
            raise ConnectionError("down")

    respond, taken = rotating(provider)
    provider.intercept = respond
    request = RefreshTokenRequest(provider.token_endpoint, "web", "r0")
    with refused(TokenRequestException, "store_unavailable"):
        await AsyncTokenSource(request, store=Down()).get_token()
    assert taken == []


async def test_a_record_evicted_from_memory_is_not_lost(provider: EmbeddedProvider) -> None:
    respond, taken = rotating(provider)
    provider.intercept = respond
    store = AsyncMemoryTokenStore(max_entries=1)
    request = RefreshTokenRequest(provider.token_endpoint, "web", "r0")
    sources = [AsyncTokenSource(request, store=store) for _ in range(2)]
    clock = Clock()
    for number, source in enumerate(sources * 2, 1):
        source.clock = clock
        assert (await source.get_token()).access_token == f"a{number}"
        await store.set("other", "value", None)
        clock.ahead += 61
    assert taken == ["r0", "r1", "r2", "r3"]


async def test_a_token_under_another_name_is_not_taken(provider: EmbeddedProvider) -> None:
    store = AsyncNotingStore()
    first, second = (
        AsyncTokenSource(request_of(provider, scope=scope), store=store)
        for scope in ("read", "write")
    )
    known = [await first.get_token(), await second.get_token()]
    copied = await store.get(store.names[0])
    assert copied is not None
    await store.set(store.names[1], copied, None)
    fresh = AsyncTokenSource(request_of(provider, scope="write"), store=store)
    assert (await fresh.get_token()).access_token not in {one.access_token for one in known}


async def test_tenants_with_functions_of_their_own_have_tokens_of_their_own(
    provider: EmbeddedProvider,
) -> None:
    provider.intercept = lambda received: Answer.of_json(
        {"access_token": f"for-{received.form['client_assertion']}", "token_type": "Bearer"}
    )
    store = AsyncMemoryTokenStore()
    for number in range(50):
        proof = FederatedAssertion(partial(str, number))
        request = ClientCredentialsTokenRequest(
            provider.token_endpoint, "gateway", client_authentication=proof
        )
        source = AsyncTokenSource(request, store=store)
        assert (await source.get_token()).access_token == f"for-{number}"


class Elsewhere:
    """A store that other processes share."""

    def __init__(self) -> None:
        self._store = AsyncMemoryTokenStore()
        self.get, self.set, self.delete = self._store.get, self._store.set, self._store.delete
        self.lock = self._store.lock


async def test_a_shared_store_wants_names(provider: EmbeddedProvider) -> None:
    proof = FederatedAssertion(lambda: "assertion")
    request = ClientCredentialsTokenRequest(
        provider.token_endpoint, "gateway", client_authentication=proof
    )
    with refused(InvalidArgumentError, "unnamed_request") as caught:
        AsyncTokenSource(request, store=Elsewhere())
    assert "key=" in str(caught.value)
    assert AsyncTokenSource(request, store=Elsewhere(), key="tenant")
    assert AsyncTokenSource(request)
    assert AsyncTokenSource(request_of(provider), store=Elsewhere())


async def test_a_lost_record_of_a_shared_store_is_not_replaced_by_older_tokens(
    provider: EmbeddedProvider,
) -> None:
    respond, taken = rotating(provider)
    provider.intercept = respond
    store = Elsewhere()
    source = AsyncTokenSource(
        RefreshTokenRequest(provider.token_endpoint, "web", "r0"), store=store
    )
    source.clock = Clock()
    assert (await source.get_token()).access_token == "a1"
    store._store._values.clear()
    forward(source, 61)
    with refused(TokenRequestException, "login_required"):
        await source.get_token()
    assert taken == ["r0"]


async def test_a_second_source_presents_no_token_that_the_first_replaced(
    provider: EmbeddedProvider,
) -> None:
    @dataclass  # it has no hash
    class Described(Elsewhere):
        name: str

        def __post_init__(self) -> None:
            super().__init__()

    provider.intercept, _ = rotating(provider)
    store = Described("redis")
    request = RefreshTokenRequest(provider.token_endpoint, "web", "r0")
    first, second = (AsyncTokenSource(request, store=store) for _ in range(2))
    assert (await first.get_token()).access_token == "a1"
    store._store._values.clear()
    with refused(TokenRequestException, "login_required"):
        await second.get_token()
    assert [one.form["refresh_token"] for one in provider.requests] == ["r0"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"access_token": "a", "token_type": "N_A"}, "unsupported_token_type"),
        *(({"access_token": "a", "token_type": odd}, "unsupported_token_type") for odd in ("", 5)),
        *(
            ({"access_token": "a", "expires_in": odd}, "invalid_expires_in")
            for odd in (0, -1, 0.4, True, "soon", [1])
        ),
        *(
            ({"access_token": odd}, "invalid_access_token")
            for odd in (7, True, {"a": 1}, ["a"], "a b\r\nX-Injected: y")
        ),
    ],
)
async def test_an_answer_that_must_not_be_used_is_refused(
    provider: EmbeddedProvider, answer: dict[str, Any], code: str
) -> None:
    provider.intercept = lambda received: Answer.of_json(answer)
    with refused(TokenRequestException, code):
        await source_of(provider).get_token()


def test_a_request_that_works_once_cannot_be_a_source() -> None:
    request = AuthorizationCodeTokenRequest("https://op", "web", "code", "https://rp")
    with pytest.raises(InvalidArgumentError, match="works once"):
        AsyncTokenSource(request)
    exchange = TokenExchangeRequest("https://op", "web", "t", "urn:t")
    signed = ClientCredentialsTokenRequest("https://op", "web", private_key_jwt=PrivateKeyJwt("k"))
    assert AsyncTokenSource(exchange)._key != AsyncTokenSource(signed)._key
    assert "hidden" not in repr(StoredToken("hidden", refresh_token="hidden", id_token="hidden"))


async def test_a_token_that_cannot_be_stored_is_not_lost(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(AsyncMemoryTokenStore):
        down = False

        async def set(self, key: str, value: str, expires_in: float | None) -> None:
            if self.down:
                raise ConnectionError("down")
            await super().set(key, value, expires_in)

    respond, taken = rotating(provider)
    store = Failing()

    def fail(received: Received) -> Answer:
        store.down = len(taken) == 0
        return respond(received)

    provider.intercept = fail
    request = RefreshTokenRequest(provider.token_endpoint, "web", "r0")
    source = AsyncTokenSource(request, store=store)
    source.clock = Clock()
    assert (await source.get_token()).access_token == "a1"
    assert "stays in this process: The session store is unavailable: ConnectionError" in caplog.text
    store.down = False
    forward(source, 61)
    assert (await source.get_token()).access_token == "a2"
    assert taken == ["r0", "r1"]


def devices(provider: EmbeddedProvider, *answers: dict[str, Any]) -> list[dict[str, str]]:
    """Let the token endpoint give these answers; return the forms that it is sent."""
    forms: list[dict[str, str]] = []
    left = list(answers)

    def respond(received: Received) -> Answer:
        forms.append(dict(parse_qsl(received.body.decode())))
        answer = left.pop(0)
        return Answer.of_json(answer, 400 if "error" in answer else 200)

    provider.intercept = respond
    return forms


def device_source(provider: EmbeddedProvider, **more: Any) -> AsyncTokenSource:
    device = DeviceAuthorizationResponse(True, device_code="d", expires_in=60, interval=0)
    request = DeviceTokenRequest(provider.token_endpoint, "tv", "d", resource="urn:api")
    source = AsyncTokenSource(request, device=device, **more)
    source.clock = Clock()
    return source


async def test_a_device_waits_for_its_user_once_and_renews_by_itself(
    provider: EmbeddedProvider,
) -> None:
    forms = devices(
        provider,
        {"error": "authorization_pending"},
        {"access_token": "a1", "token_type": "Bearer", "expires_in": 60, "refresh_token": "r1"},
        {"access_token": "a2", "token_type": "Bearer", "expires_in": 60, "refresh_token": "r2"},
        {"access_token": "a3", "token_type": "Bearer", "expires_in": 60},
    )
    source = device_source(provider)
    found = await gather([source.get_token] * 10)
    assert {one.access_token for one in found} == {"a1"}
    for expected in ("a2", "a3"):
        forward(source, 61)
        assert (await source.get_token()).access_token == expected
    assert [form["grant_type"].rpartition(":")[2] for form in forms] == [
        "device_code",
        "device_code",
        "refresh_token",
        "refresh_token",
    ]
    assert [form.get("refresh_token") for form in forms[2:]] == ["r1", "r2"]
    assert all(form["client_id"] == "tv" and form["resource"] == "urn:api" for form in forms)


async def test_of_two_sources_of_a_device_the_slower_one_takes_the_login_of_the_other(
    provider: EmbeddedProvider,
) -> None:
    both, stored = threading.Event(), threading.Event()

    class Telling(AsyncMemoryTokenStore):
        async def set(self, key: str, value: str, expires_in: float | None) -> None:
            await super().set(key, value, expires_in)
            stored.set()

    waiting: list[Received] = []

    def respond(received: Received) -> Answer:
        waiting.append(received)
        if len(waiting) == 1:
            assert both.wait(10)  # for the user
            return Answer.of_json({"access_token": "a1", "token_type": "Bearer"})
        both.set()
        assert stored.wait(10)
        return Answer.of_json({"error": "invalid_grant"}, 400)

    provider.intercept = respond
    store = Telling()
    sources = [device_source(provider, store=store) for _ in range(2)]
    found = await gather([source.get_token for source in sources])
    assert [one.access_token for one in found] == ["a1", "a1"]
    assert len(waiting) == 2


@pytest.mark.parametrize("said", ["access_denied", "expired_token"])
async def test_a_user_who_does_not_agree_leaves_a_device_without_token(
    said: str, provider: EmbeddedProvider
) -> None:
    devices(provider, {"error": said})
    with refused(TokenRequestException, "token_request_error") as caught:
        await device_source(provider).get_token()
    assert caught.value.details["oauth_error"] == said


async def test_a_device_without_a_refresh_token_says_that_its_user_is_needed(
    provider: EmbeddedProvider,
) -> None:
    devices(provider, {"access_token": "a1", "token_type": "Bearer", "expires_in": 60})
    source = device_source(provider)
    with refused(TokenRequestException, "login_required"):
        await source.renew((await source.get_token()).access_token)


async def test_a_device_finds_its_tokens_in_the_store_again(provider: EmbeddedProvider) -> None:
    answer = {"access_token": "a1", "token_type": "Bearer", "expires_in": 60, "refresh_token": "r"}
    forms = devices(provider, answer)
    store = AsyncMemoryTokenStore()
    for _ in range(2):
        assert (await device_source(provider, store=store).get_token()).access_token == "a1"
    assert len(forms) == 1


def test_a_device_request_goes_with_its_device() -> None:
    device = DeviceAuthorizationResponse(True, device_code="d", expires_in=60)
    with refused(InvalidArgumentError, "invalid_argument"):
        AsyncTokenSource(DeviceTokenRequest("https://op", "tv", "d"))
    with refused(InvalidArgumentError, "invalid_argument"):
        AsyncTokenSource(ClientCredentialsTokenRequest("https://op", "tv"), device=device)


class Api:
    """An API that accepts the given tokens."""

    def __init__(self, *good: str) -> None:
        self.good = {*good}
        self.requests: list[httpx.Request] = []
        self.challenge = 'Bearer error="invalid_token"'
        self.nonce: str | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        _, _, token = request.headers.get("authorization", "").partition(" ")
        if self.nonce is not None and f'"{self.nonce}"' not in self._claims(request):
            return httpx.Response(
                401,
                headers={
                    "www-authenticate": 'DPoP error="use_dpop_nonce"',
                    "dpop-nonce": self.nonce,
                },
            )
        if token in self.good or not self.good:
            return httpx.Response(200, json={"body": request.content.decode()})
        return httpx.Response(401, headers={"www-authenticate": self.challenge})

    def _claims(self, request: httpx.Request) -> str:
        from py_identity_model._jose.encoding import decode_base64url

        return decode_base64url(request.headers["dpop"].split(".")[1].encode()).decode()

    def client(self, auth: httpx.Auth) -> httpx.AsyncClient:
        transport = httpx.MockTransport(self)
        return httpx.AsyncClient(transport=transport, auth=auth, base_url="https://api.example")


def numbered(provider: EmbeddedProvider, token_type: str = "Bearer") -> None:
    """Let the provider give out a1, a2..."""
    provider.intercept = lambda received: Answer.of_json(
        {"access_token": f"a{provider.count('/token')}", "token_type": token_type, "expires_in": 60}
    )


async def test_every_request_carries_the_token(provider: EmbeddedProvider) -> None:
    numbered(provider)
    api = Api("a1")
    async with api.client(AsyncTokenAuth(source_of(provider))) as client:
        for _ in range(3):
            assert (await client.get("/orders")).status_code == 200
    assert [one.headers["authorization"] for one in api.requests] == ["Bearer a1"] * 3
    assert provider.count("/token") == 1


async def test_a_refused_token_is_renewed_and_the_request_sent_again(
    provider: EmbeddedProvider,
) -> None:
    numbered(provider)
    api = Api("a2")
    async with api.client(AsyncTokenAuth(source_of(provider))) as client:
        response = await client.post("/orders", json={"n": 1})
        assert response.status_code == 200
        assert response.json() == {"body": '{"n":1}'}
        assert (await client.get("/orders")).status_code == 200
    assert len(api.requests) == 3
    assert provider.count("/token") == 2


async def test_a_token_is_renewed_once_and_not_for_other_reasons(
    provider: EmbeddedProvider,
) -> None:
    numbered(provider)
    api = Api("nothing")
    async with api.client(AsyncTokenAuth(source_of(provider))) as client:
        assert (await client.get("/orders")).status_code == 401
        assert len(api.requests) == 2
        api.challenge = 'Bearer error="insufficient_user_authentication", acr_values="gold"'
        assert (await client.get("/orders")).status_code == 401
        assert len(api.requests) == 3
        api.challenge = "Bearer"
        assert (await client.get("/orders")).status_code == 401
        assert len(api.requests) == 4
    assert provider.count("/token") == 2


async def test_an_api_that_refuses_every_token_has_one_renewed_until_it_takes_one(
    provider: EmbeddedProvider,
) -> None:
    numbered(provider)
    api = Api("nothing")
    source = source_of(provider)
    async with api.client(AsyncTokenAuth(source)) as client:
        for _ in range(20):
            assert (await client.get("/orders")).status_code == 401
        assert provider.count("/token") == 2
        api.good = {"a2"}
        assert (await client.get("/orders")).status_code == 200
        api.good = {"a3"}
        assert (await client.get("/orders")).status_code == 401  # a2 is younger than a minute
        forward(source, 61)
        assert (await client.get("/orders")).status_code == 200
        assert provider.count("/token") == 3


async def test_the_response_of_another_origin_renews_nothing_and_sets_no_nonce(
    provider: EmbeddedProvider,
) -> None:
    numbered(provider, "DPoP")
    seen: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.url.host == "api.example":
            return httpx.Response(302, headers={"location": "https://else.example/"})
        challenge = 'DPoP error="use_dpop_nonce", Bearer error="invalid_token"'
        return httpx.Response(401, headers={"www-authenticate": challenge, "dpop-nonce": "theirs"})

    auth = AsyncTokenAuth(AsyncTokenSource(request_of(provider, dpop_key=DPoPKey())))
    transport = httpx.MockTransport(serve)
    async with httpx.AsyncClient(transport=transport, auth=auth, follow_redirects=True) as client:
        for _ in range(2):
            assert (await client.get("https://api.example/")).status_code == 401
    hosts = ["api.example", "else.example"] * 2
    assert [one.url.host for one in seen] == hosts
    for request in seen:
        own = request.url.host == "api.example"
        assert ("authorization" in request.headers, "dpop" in request.headers) == (own, own)
        assert not own or "theirs" not in Api()._claims(request)
    assert provider.count("/token") == 1


async def test_a_redirect_within_the_origin_carries_token_and_proof(
    provider: EmbeddedProvider,
) -> None:
    numbered(provider, "DPoP")

    def serve(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/old":
            return httpx.Response(302, headers={"location": "/new"})
        return httpx.Response(
            200, json=["authorization" in request.headers, request.headers["dpop"]]
        )

    auth = AsyncTokenAuth(AsyncTokenSource(request_of(provider, dpop_key=DPoPKey())))
    transport = httpx.MockTransport(serve)
    async with httpx.AsyncClient(transport=transport, auth=auth, follow_redirects=True) as client:
        authorized, proof = (await client.get("https://api.example/old")).json()
    assert authorized
    assert proof.count(".") == 2


async def test_a_server_that_demands_the_nonce_it_was_given_is_not_asked_again(
    provider: EmbeddedProvider,
) -> None:
    numbered(provider, "DPoP")
    asked = 0

    def serve(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        headers = {"www-authenticate": 'DPoP error="use_dpop_nonce"', "dpop-nonce": "same"}
        return httpx.Response(401, headers=headers)

    auth = AsyncTokenAuth(AsyncTokenSource(request_of(provider, dpop_key=DPoPKey())))
    transport = httpx.MockTransport(serve)
    async with httpx.AsyncClient(transport=transport, auth=auth) as client:
        await client.get("https://api.example/")
        assert asked == 2
        await client.get("https://api.example/")
        assert asked == 3
    assert provider.count("/token") == 1


async def test_a_way_over_another_origin_teaches_and_renews_nothing(
    provider: EmbeddedProvider,
) -> None:
    numbered(provider, "DPoP")
    asked: list[str] = []

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.url.host}{request.url.path}")
        places = {
            "api.example/go": "https://evil.example/",
            "evil.example/": "https://api.example/end",
        }
        if asked[-1] in places:
            return httpx.Response(302, headers={"location": places[asked[-1]]})
        assert "authorization" not in request.headers
        headers = {"www-authenticate": 'DPoP error="invalid_token"', "dpop-nonce": "n"}
        return httpx.Response(401, headers=headers)

    key = DPoPKey()
    auth = AsyncTokenAuth(AsyncTokenSource(request_of(provider, dpop_key=key)))
    transport = httpx.MockTransport(serve)
    async with httpx.AsyncClient(transport=transport, auth=auth, follow_redirects=True) as client:
        assert (await client.get("https://api.example/go")).status_code == 401
    assert asked == ["api.example/go", "evil.example/", "api.example/end"]
    assert provider.count("/token") == 1
    assert nonces_of(key).nonces == {}


async def test_the_nonces_of_many_servers_are_bounded(provider: EmbeddedProvider) -> None:
    numbered(provider, "DPoP")

    def serve(request: httpx.Request) -> httpx.Response:
        nonce = "x" * (5000 if request.url.host == "h0.example" else 10)
        return httpx.Response(200, headers={"dpop-nonce": nonce})

    key = DPoPKey("EdDSA")
    auth = AsyncTokenAuth(AsyncTokenSource(request_of(provider, dpop_key=key)))
    transport = httpx.MockTransport(serve)
    async with httpx.AsyncClient(transport=transport, auth=auth) as client:
        for number in range(1100):
            await client.get(f"https://h{number}.example/")
    assert len(nonces_of(key).nonces) <= 1000
    assert nonce_place(key, "https://h1099.example/") in nonces_of(key).nonces


@pytest.mark.parametrize("secret_in_body", [True, False])
@pytest.mark.parametrize("first", ["api", "source"])
async def test_a_client_that_waits_for_its_own_token_is_refused(
    provider: EmbeddedProvider, secret_in_body: bool, first: str
) -> None:
    method = ClientSecretPost if secret_in_body else ClientSecretBasic
    request = ClientCredentialsTokenRequest(
        provider.token_endpoint,
        provider.client_id,
        client_authentication=method(provider.client_secret),
    )
    async with httpx.AsyncClient() as client:
        source = AsyncTokenSource(request, AsyncHTTPClient(client))
        client.auth = AsyncTokenAuth(source)
        if not secret_in_body:  # its Authorization header goes instead of the token: no circle
            assert (await source.get_token()).access_token
            return
        with refused(ConfigurationException, "client_waits_for_itself"):
            await (client.get(provider.issuer) if first == "api" else source.get_token())
        client.auth = AsyncTokenAuth(source, origins=["https://api.example"])
        assert (await source.get_token()).access_token


async def test_two_sources_that_wait_for_each_other_are_refused(
    provider: EmbeddedProvider,
) -> None:
    request = ClientCredentialsTokenRequest(
        provider.token_endpoint,
        provider.client_id,
        client_authentication=ClientSecretPost(provider.client_secret),
    )
    async with httpx.AsyncClient() as one, httpx.AsyncClient() as other:
        first = AsyncTokenSource(request, AsyncHTTPClient(one))
        second = AsyncTokenSource(request, AsyncHTTPClient(other))
        one.auth, other.auth = AsyncTokenAuth(second), AsyncTokenAuth(first)
        with refused(ConfigurationException, "client_waits_for_itself"):
            await first.get_token()
        one.auth = httpx.Auth()
        assert (await second.get_token()).access_token


def test_origins_that_could_never_match_are_refused(provider: EmbeddedProvider) -> None:
    for origin in ("api.example", "https://", "https://api.example/v1", "https://a.example/?x=1"):
        with refused(InvalidArgumentError, "invalid_argument"):
            AsyncTokenAuth(source_of(provider), origins=[origin])


async def test_a_renewal_that_fails_leaves_the_answer(provider: EmbeddedProvider) -> None:
    numbered(provider)
    api = Api("nothing")
    source = source_of(provider)
    await source.get_token()
    provider.intercept = failing("/token", 400)
    async with api.client(AsyncTokenAuth(source)) as client:
        assert (await client.get("/orders")).status_code == 401
    assert len(api.requests) == 1


async def test_a_body_that_streams_is_sent_once(provider: EmbeddedProvider) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    numbered(provider)
    sent = []

    async def serve(request: httpx.Request) -> httpx.Response:
        sent.append(await request.aread())
        return httpx.Response(401)

    transport = httpx.MockTransport(serve)
    auth = AsyncTokenAuth(source_of(provider))
    async with httpx.AsyncClient(transport=transport, auth=auth) as client:
        response = await client.post("https://api.example/orders", content=pieces())
    assert response.status_code == 401
    assert sent == [b"ab"]
    assert provider.count("/token") == 1


async def test_only_the_origins_that_are_named_get_the_token(provider: EmbeddedProvider) -> None:
    numbered(provider)
    api = Api()
    auth = AsyncTokenAuth(source_of(provider), origins=["https://api.example"])
    async with api.client(auth) as client:
        for url in (
            "https://api.example:443/a",
            "https://evil.example/a",
            "https://api.example:444/a",
            "https://api.example.evil/a",
            "https://api.example./a",
            "http://api.example/a",
        ):
            await client.get(url)
    carried = ["authorization" in one.headers for one in api.requests]
    assert carried == [True, False, False, False, False, False]
    with refused(InvalidArgumentError, "invalid_argument"):
        AsyncTokenAuth(source_of(provider), origins="https://api.example")


async def test_a_token_does_not_travel_by_plain_http(provider: EmbeddedProvider) -> None:
    numbered(provider)
    api = Api()
    async with api.client(AsyncTokenAuth(source_of(provider))) as client:
        for elsewhere in (
            *("http://api.example/a", "http://localhost.evil.example/a", "http://0.0.0.0/a"),
            *("http://127.0.0.1%25.evil.example/a", "ftp://api.example/a"),
        ):
            with refused(InvalidArgumentError, "https_required_for_tokens"):
                await client.get(elsewhere)
        assert (await client.get("http://127.0.0.1/a")).status_code == 200
    assert provider.count("/token") == 1
    loose = AsyncTokenAuth(source_of(provider), allow_tokens_over_plain_http=True)
    async with api.client(loose) as client:
        assert (await client.get("http://api.example/a")).status_code == 200


@pytest.mark.parametrize(
    ("target", "carried"),
    [
        *((target, False) for target in ("https://else.example/y", "//else.example/y")),
        *((target, False) for target in ("https://api.example:8443/y", "http://api.example/y")),
        *((target, False) for target in ("https://sub.api.example/y", "https://api.example./y")),
        ("https://api.example@else.example/y", False),
        *((target, True) for target in ("https://API.example/y", "/y")),
    ],
)
async def test_a_redirect_does_not_carry_the_token_elsewhere(
    provider: EmbeddedProvider, target: str, carried: bool
) -> None:
    numbered(provider)
    seen: list[bool] = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("authorization", "").startswith("Bearer"))
        if len(seen) == 1:
            return httpx.Response(302, headers={"location": target})
        return httpx.Response(200)

    transport = httpx.MockTransport(serve)
    auth = AsyncTokenAuth(source_of(provider))
    async with httpx.AsyncClient(transport=transport, auth=auth, follow_redirects=True) as client:
        await client.get("https://api.example/x")
    assert seen == [True, carried]


async def test_a_bound_token_comes_with_proofs_and_their_nonce(
    provider: EmbeddedProvider,
) -> None:
    numbered(provider, "DPoP")
    api = Api("a1")
    api.nonce = "n1"
    source = AsyncTokenSource(request_of(provider, dpop_key=DPoPKey()))
    async with api.client(AsyncTokenAuth(source)) as client:
        assert (await client.get("/orders")).status_code == 200
        assert (await client.get("/orders")).status_code == 200
        api.nonce = "n2"
        assert (await client.post("/orders", content=b"x")).status_code == 200
    assert len(api.requests) == 5
    assert all(one.headers["authorization"] == "DPoP a1" for one in api.requests)
    assert provider.count("/token") == 1
