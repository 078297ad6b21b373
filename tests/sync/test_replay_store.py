# Generated from aio/test_replay_store.py by scripts/make_sync.py; edit that file.
"""What works once works once: at the end of its life, over several loops, with a store down."""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import Any

import httpx
import pytest

from py_identity_model import (
    AuthorizeCallbackException,
    DPoPProofException,
    LogoutTokenValidationException,
)
from py_identity_model._resource_server.dpop_verification import ProofRules
from py_identity_model._seam.sync import Event, gather, wait_for
from py_identity_model.exceptions import (
    InvalidArgumentError,
    NetworkException,
    PyIdentityModelException,
)
from py_identity_model.sync import (
    AccessTokenVerifier,
    DPoPKey,
    MemoryReplayStore,
    MemoryTokenStore,
    OAuthClient,
    RedisReplayStore,
    TokenStoreReplayStore,
    TokenValidationConfig,
    login_answers,
    replay_store,
    token_store,
    validate_logout_token,
    verify_dpop_proof,
)
from py_identity_model.sync.replay_store import forget_use, process_once, remember_once
from py_identity_model.testing import EmbeddedProvider
from tests.support import Clock, refused

URI = "https://api.example/orders"
EVENT: dict[str, Any] = {"http://schemas.openid.net/event/backchannel-logout": {}}
CONFIG = TokenValidationConfig(perform_disco=True, audience="web")
KEY = DPoPKey()


def proof_of(**claims: Any) -> str:
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": KEY.public_jwk}
    usual = {"htm": "GET", "htu": URI, "iat": time.time(), "jti": "1"}
    return KEY.sign(header, {**usual, **claims})


class Recording:
    """A replay store that says what it was asked to remember."""

    def __init__(self) -> None:
        self.added: list[tuple[str, float]] = []

    def add(self, key: str, expires_at: float) -> bool:
        self.added.append((key, expires_at))
        return True


@pytest.mark.parametrize(("max_age", "leeway"), [(60, 5), (1, 0), (60, 30)])
def test_a_proof_is_remembered_longer_than_it_is_accepted(max_age: float, leeway: float) -> None:
    store, issued = Recording(), time.time()
    verify_dpop_proof(
        proof_of(iat=issued), "GET", URI, replay_store=store, max_age=max_age, leeway=leeway
    )
    ((key, until),) = store.added
    assert key == f"dpop:{KEY.jwk_thumbprint}:1"
    accepted_until = issued + max_age + leeway
    assert until >= accepted_until + leeway + 5
    rules = ProofRules("GET", URI, max_age=max_age, leeway=leeway)
    assert rules.check(proof_of(iat=issued), accepted_until)
    with refused(DPoPProofException, "dpop_proof_expired"):
        rules.check(proof_of(iat=issued), accepted_until + 0.5)


def test_a_proof_is_refused_where_its_store_answered_too_late_to_know(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [time.time()]
    monkeypatch.setattr(sys.modules[remember_once.__module__], "time", lambda: now[0])

    class Late(Recording):
        def add(self, key: str, expires_at: float) -> bool:
            now[0] = expires_at
            return super().add(key, expires_at)

    with refused(DPoPProofException, "dpop_proof_replayed"):
        verify_dpop_proof(proof_of(), "GET", URI, replay_store=Late())


class Broken:
    """A replay store that is down."""

    def add(self, key: str, expires_at: float) -> bool:
        raise ConnectionError("redis://:secret@store")


def test_a_store_that_is_down_refuses_by_its_own_code(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    with refused(DPoPProofException, "store_unavailable"):
        verify_dpop_proof(proof_of(), "GET", URI, replay_store=Broken())
    token = provider.mint(header={"typ": "logout+jwt"}, aud="web", events=EVENT)
    with refused(LogoutTokenValidationException, "store_unavailable"):
        validate_logout_token(token, CONFIG, provider.issuer, replay_store=Broken())
    assert "ConnectionError" in caplog.text
    assert "secret" not in caplog.text


def test_receivers_of_one_token_that_share_a_store_use_it_once_each(
    provider: EmbeddedProvider,
) -> None:
    store = MemoryReplayStore()
    both = ["web", "admin"]
    header = {"typ": "logout+jwt"}
    token = provider.mint(header=header, aud=both, sub="alice", events=EVENT)
    for name in both:
        client = OAuthClient(provider.issuer, name)
        assert client.accept_logout_token(token, store) == 0
        with refused(LogoutTokenValidationException, "logout_token_replayed"):
            client.accept_logout_token(token, store)
        config = TokenValidationConfig(perform_disco=True, audience=name)
        with refused(LogoutTokenValidationException, "logout_token_replayed"):
            validate_logout_token(token, config, provider.issuer, replay_store=store)


class Hanging:
    """A replay store that does not answer."""

    def add(self, key: str, expires_at: float) -> bool:
        return wait_for(Event())

    def discard(self, key: str) -> None:
        wait_for(Event())


def test_a_store_that_hangs_is_not_waited_for(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (replay_store, login_answers):
        monkeypatch.setattr(module, "STORE_SECONDS", 0.05)
    with refused(DPoPProofException, "store_unavailable"):
        verify_dpop_proof(proof_of(), "GET", URI, replay_store=Hanging())
    token = provider.mint(header={"typ": "logout+jwt"}, aud="web", events=EVENT)
    with refused(LogoutTokenValidationException, "store_unavailable"):
        validate_logout_token(token, CONFIG, provider.issuer, replay_store=Hanging())
    client = OAuthClient(
        provider.issuer,
        provider.public_client_id,
        redirect_uri="https://app.example/callback",
        replay_store=Hanging(),
    )
    begun = client.authorization_request()
    landing = str(httpx.get(begun.url, trust_env=False).headers["location"])
    with refused(AuthorizeCallbackException, "store_unavailable"):
        client.callback(landing, begun)


def test_a_store_that_hangs_when_it_is_to_forget_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Forgetting(Hanging):
        def add(self, key: str, expires_at: float) -> bool:
            return True

    monkeypatch.setattr(replay_store, "STORE_SECONDS", 0.05)

    def process() -> str:
        return "done"

    down = PyIdentityModelException("down", code="down")
    with refused(PyIdentityModelException, "down"):
        process_once(
            Forgetting(),
            "1",
            time.time() + 60,
            process,
            replayed=PyIdentityModelException("replayed"),
            pending=PyIdentityModelException("pending"),
            unavailable=down,
        )


def test_a_store_that_hangs_when_it_is_to_forget_is_waited_for_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replay_store, "STORE_SECONDS", 2.0)
    begun = time.monotonic()
    forget_use(Hanging(), "1")
    assert 2 <= time.monotonic() - begun < 4


def test_a_token_store_that_hangs_is_not_waited_for_again_to_complete_a_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Tokens(MemoryTokenStore):
        def get(self, key: str) -> str | None:
            assert wait_for(Event(), 10.0), "nobody stopped waiting"
            return None

        def set(self, key: str, value: str, expires_in: float | None) -> None:
            raise NotImplementedError

    monkeypatch.setattr(token_store, "STORE_SECONDS", 0.05)
    with refused(NetworkException, "store_unavailable") as caught:
        TokenStoreReplayStore(Tokens()).add("1", 4102444800.0)
    assert type(caught.value.__cause__) is TimeoutError


@pytest.mark.parametrize("claims", [{"nonce": "\ud800"}, {"ath": "\ud800"}, {"htu": "\ud800"}])
def test_text_that_cannot_be_encoded_is_refused_as_any_other(claims: dict[str, str]) -> None:
    with pytest.raises(DPoPProofException):
        verify_dpop_proof(proof_of(**claims), "GET", URI, access_token="t", nonce="n")
    bound = {"cnf": {"jkt": "\ud800é"}}
    with refused(DPoPProofException, "key_mismatch"):
        verify_dpop_proof(proof_of(), "GET", URI, token_claims=bound)


def test_an_identifier_that_cannot_be_encoded_works_once_in_every_store() -> None:
    class Redis:
        def __init__(self) -> None:
            self.known: set[bytes] = set()

        def set(self, key: str, value: bytes, *, px: int, nx: bool) -> bool:
            new = key.encode() not in self.known
            self.known.add(key.encode())
            return new

    for store in (
        MemoryReplayStore(),
        TokenStoreReplayStore(MemoryTokenStore()),
        RedisReplayStore(Redis()),
    ):
        proof = proof_of(jti="\ud800")
        assert verify_dpop_proof(proof, "GET", URI, replay_store=store)
        with refused(DPoPProofException, "dpop_proof_replayed"):
            verify_dpop_proof(proof, "GET", URI, replay_store=store)


def test_algorithms_as_text_are_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="algorithms"):
        verify_dpop_proof(proof_of(), "GET", URI, algorithms="ES256")


def test_a_memory_store_never_forgets_a_replay_to_make_room() -> None:
    store = MemoryTokenStore(max_entries=10)
    replays = TokenStoreReplayStore(store)
    until = time.time() + 60
    assert replays.add("proof", until)
    for number in range(1000):
        replays.add(f"x{number}", until)
        store.set(f"token{number}", "value", 60)
    assert not replays.add("proof", until)
    assert len(store) == 10


def test_a_full_memory_store_refuses_until_entries_expire() -> None:
    store = MemoryTokenStore()
    store.clock = Clock()
    store._once._most = 2
    replays = TokenStoreReplayStore(store)
    until = time.time() + 60
    assert [replays.add(name, until) for name in ("a", "b", "c")] == [True, True, False]
    store.clock.now += 61
    assert replays.add("c", time.time() + 60)


def test_simultaneous_uses_are_distinguished() -> None:
    replays = TokenStoreReplayStore(MemoryTokenStore())
    until = time.time() + 60
    calls = [partial(replays.add, f"k{number % 20}", until) for number in range(100)]
    assert sum(gather(calls)) == 20


def test_a_lifetime_without_end_fits_into_redis() -> None:
    class Redis:
        def set(self, key: str, value: bytes, *, px: int, nx: bool) -> bool:
            assert 0 < px < 2**62
            return True

    for until in (10**17, -(10**17), time.time()):
        assert RedisReplayStore(Redis()).add("1", until)


def test_a_full_store_cannot_say_what_it_does_not_know(provider: EmbeddedProvider) -> None:
    memory = MemoryTokenStore()
    memory._once._most = 1
    for store in (MemoryReplayStore(max_entries=1), TokenStoreReplayStore(memory)):
        known = proof_of()
        verify_dpop_proof(known, "GET", URI, replay_store=store)
        with refused(DPoPProofException, "dpop_proof_replayed"):
            verify_dpop_proof(known, "GET", URI, replay_store=store)
        with refused(DPoPProofException, "store_unavailable"):
            verify_dpop_proof(proof_of(jti="2"), "GET", URI, replay_store=store)
        token = provider.mint(header={"typ": "logout+jwt"}, aud="web", events=EVENT)
        with refused(LogoutTokenValidationException, "store_unavailable"):
            validate_logout_token(token, CONFIG, provider.issuer, replay_store=store)


def test_a_store_of_tokens_says_what_it_knows() -> None:
    class Elsewhere(MemoryTokenStore):
        def set(self, key: str, value: str, expires_in: float | None) -> None:
            super().set(key, value, expires_in)

    replays = TokenStoreReplayStore(Elsewhere())
    assert not replays.knows("1")
    assert replays.add("1", time.time() + 60)
    assert replays.knows("1")


@pytest.mark.parametrize(
    ("given", "cure"),
    [(MemoryTokenStore(), "TokenStoreReplayStore"), (object(), "add()")],
    ids=["a token store", "no store"],
)
def test_a_store_of_another_kind_is_refused_with_the_cure(given: Any, cure: str) -> None:
    with pytest.raises(InvalidArgumentError, match="replay_store") as caught:
        AccessTokenVerifier("https://op.example", "api", replay_store=given)
    assert cure in str(caught.value)


def test_a_copy_waits_while_the_first_is_processed() -> None:
    started, met = Event(), Event()

    class Watched(MemoryReplayStore):
        """Says when the copy meets the claim of the first."""

        def add(self, key: str, expires_at: float) -> bool:
            added = super().add(key, expires_at)
            if not added:
                met.set()
            return added

    store = Watched()

    def process() -> str:
        started.set()
        met.wait()
        return "done"

    def once() -> str:
        return process_once(
            store,
            "key",
            time.time() + 60,
            process,
            replayed=PyIdentityModelException("known", code="replayed"),
            pending=PyIdentityModelException("claimed", code="pending"),
            unavailable=PyIdentityModelException("down", code="unavailable"),
        )

    def copy() -> str:
        started.wait()
        with refused(PyIdentityModelException, "replayed"):
            once()
        return "refused"

    assert gather([once, copy]) == ["done", "refused"]
