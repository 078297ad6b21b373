"""The embedded provider rotates refresh tokens, and notices those that come again."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from py_identity_model.testing import EmbeddedProvider
from tests.testing.support import log_in, post, renew, userinfo


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("error", "none")


def test_a_renewal_replaces_the_refresh_token(provider: EmbeddedProvider) -> None:
    first = log_in(provider).json()["refresh_token"]
    second = renew(provider, first).json()["refresh_token"]
    assert first != second
    assert renew(provider, second).status_code == 200


def test_a_spent_token_is_refused_and_counted(provider: EmbeddedProvider) -> None:
    first = log_in(provider).json()["refresh_token"]
    second = renew(provider, first).json()["refresh_token"]
    assert refusal(renew(provider, first)) == (400, "invalid_grant")
    assert provider.reused_refresh_tokens == 1
    assert renew(provider, second).status_code == 200


def test_detected_reuse_ends_every_token_of_the_login() -> None:
    with EmbeddedProvider(detect_refresh_token_reuse=True) as provider:
        begun, other = log_in(provider).json(), log_in(provider).json()
        renewed = renew(provider, begun["refresh_token"]).json()
        again = renew(provider, renewed["refresh_token"]).json()
        assert refusal(renew(provider, begun["refresh_token"])) == (400, "invalid_grant")
        assert refusal(renew(provider, again["refresh_token"])) == (400, "invalid_grant")
        for tokens in (begun, renewed, again):
            assert userinfo(provider, tokens["access_token"]).status_code == 401
        assert provider.reused_refresh_tokens == 1
        assert renew(provider, other["refresh_token"]).status_code == 200


def test_of_two_renewals_at_once_one_is_a_reuse(monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddedProvider(detect_refresh_token_reuse=True) as provider:
        token = log_in(provider).json()["refresh_token"]
        mint, both = provider.mint, threading.Barrier(2)

        def meet_the_other(**claims: Any) -> str:
            with contextlib.suppress(threading.BrokenBarrierError):
                both.wait(0.3)  # in vain: the other one is not let in
            return mint(**claims)

        monkeypatch.setattr(provider, "mint", meet_the_other)
        with ThreadPoolExecutor(2) as pool:
            answers = [*pool.map(lambda _: renew(provider, token), range(2))]
        assert sorted(answer.status_code for answer in answers) == [200, 400]
        assert provider.reused_refresh_tokens == 1
        (winner,) = (answer.json() for answer in answers if answer.status_code == 200)
        assert refusal(renew(provider, winner["refresh_token"])) == (400, "invalid_grant")


def test_tokens_that_never_existed_or_were_revoked_do_not_count_as_reuse() -> None:
    with EmbeddedProvider(detect_refresh_token_reuse=True) as provider:
        token = log_in(provider).json()["refresh_token"]
        post(provider, {"token": token}, path="/revoke")
        for wrong in (token, "never"):
            assert refusal(renew(provider, wrong)) == (400, "invalid_grant")
        assert provider.reused_refresh_tokens == 0


def test_a_refresh_token_may_be_lasting() -> None:
    with EmbeddedProvider(rotate_refresh_tokens=False) as provider:
        token = log_in(provider).json()["refresh_token"]
        for _ in range(2):
            answer = renew(provider, token)
            assert answer.status_code == 200
            assert "refresh_token" not in answer.json()
        assert provider.reused_refresh_tokens == 0


def test_the_lifetime_of_refresh_tokens_is_reported_and_enforced() -> None:
    with EmbeddedProvider(refresh_expires_in=0) as provider:
        answer = log_in(provider).json()
        assert answer["refresh_expires_in"] == 0
        assert refusal(renew(provider, answer["refresh_token"])) == (400, "invalid_grant")


def test_another_clients_refresh_token_is_refused_and_stays_good(
    provider: EmbeddedProvider,
) -> None:
    token = log_in(provider).json()["refresh_token"]
    assert refusal(renew(provider, token, public=True)) == (400, "invalid_grant")
    assert renew(provider, token).status_code == 200
