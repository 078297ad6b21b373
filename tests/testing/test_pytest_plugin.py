"""The pytest plugin, and clocks that tests set."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from py_identity_model import (
    AccessTokenVerifier,
    KeysUnavailableException,
    MemoryTokenStore,
    OAuthClient,
    TokenValidationConfig,
    get_cache_counters,
    validate_token,
)
from py_identity_model._tls import TLSContexts
from py_identity_model.exceptions import InvalidArgumentError
from py_identity_model.testing import EmbeddedProvider, FrozenClock, freeze_clocks
from tests.support import answered

Mint = Callable[..., str]
Freeze = Callable[..., FrozenClock]


def verifier(provider: EmbeddedProvider) -> AccessTokenVerifier:
    return AccessTokenVerifier(provider.issuer, provider.audience)


SEEN: list[EmbeddedProvider] = []


@pytest.mark.parametrize("turn", [1, 2])
def test_one_provider_serves_all_tests_and_forgets_each(
    turn: int, oidc_provider: EmbeddedProvider, mint_token: Mint
) -> None:
    assert oidc_provider.requests == []
    assert verifier(oidc_provider).verify_token(mint_token()).subject == "alice"
    assert oidc_provider.requests != []
    oidc_provider.user = "mallory"
    SEEN.append(oidc_provider)
    assert len({*map(id, SEEN)}) == 1


@pytest.mark.oidc(like="keycloak", users={"carol": {"roles": ["admin"]}})
def test_a_marker_gives_a_test_a_provider_of_its_own(
    oidc_provider: EmbeddedProvider, mint_token: Mint
) -> None:
    assert oidc_provider not in SEEN
    claims = verifier(oidc_provider).verify_token(mint_token(scope="read")).claims
    assert (claims["sub"], claims["typ"]) == ("carol", "Bearer")


@pytest.mark.oidc(outage=True)
def test_a_provider_can_be_down(oidc_provider: EmbeddedProvider, mint_token: Mint) -> None:
    with answered(503, "keys_unavailable"):
        verifier(oidc_provider).verify_token(mint_token())


@pytest.mark.oidc(outage="/jwks")
def test_a_part_of_it_can_be_down(oidc_provider: EmbeddedProvider, mint_token: Mint) -> None:
    config = TokenValidationConfig(perform_disco=True, audience="api")
    with pytest.raises(KeysUnavailableException):
        validate_token(mint_token(), config, oidc_provider.issuer)
    assert oidc_provider.count("/.well-known/openid-configuration") == 1


@pytest.mark.oidc(slow=30.0)
def test_it_can_be_slow(oidc_provider: EmbeddedProvider) -> None:
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(oidc_provider.jwks_uri, timeout=0.1, trust_env=False)


@pytest.mark.oidc(rotated=True)
def test_it_can_rotate_its_keys(oidc_provider: EmbeddedProvider, mint_token: Mint) -> None:
    api = verifier(oidc_provider)
    api.verify_token(mint_token())
    api.verify_token(mint_token())
    assert oidc_provider.count("/jwks") == 2


@pytest.mark.oidc(clock=300)
def test_its_clock_can_be_wrong(oidc_provider: EmbeddedProvider, mint_token: Mint) -> None:
    with answered(401, "issued_in_future"):
        verifier(oidc_provider).verify_token(mint_token())
    date = httpx.get(oidc_provider.jwks_uri, trust_env=False).headers["date"]
    ahead = datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    assert ahead - datetime.now(UTC) > timedelta(seconds=250)


def test_a_verifier_that_was_made_before_sees_the_time_pass(
    oidc_provider: EmbeddedProvider, mint_token: Mint, freeze: Freeze
) -> None:
    api, token = verifier(oidc_provider), mint_token()
    api.verify_token(token)
    clock = freeze()
    clock.tick(3500)
    api.verify_token(token)
    clock.tick(200)
    with answered(401, "token_expired"):
        api.verify_token(token)


def test_caches_that_were_filled_before_grow_old(
    oidc_provider: EmbeddedProvider, mint_token: Mint, freeze: Freeze
) -> None:
    api = verifier(oidc_provider)
    api.verify_token(mint_token())
    clock = freeze()
    clock.tick(4000)
    api.verify_token(mint_token())
    assert oidc_provider.count("/jwks") == 2
    assert get_cache_counters().jwks_misses >= 1


def test_tokens_are_renewed_when_they_are_old(
    oidc_provider: EmbeddedProvider, freeze: Freeze
) -> None:
    client = OAuthClient(
        oidc_provider.issuer, oidc_provider.client_id, client_secret=oidc_provider.client_secret
    )
    source = client.token_source(scope="read")
    first = source.get_token().access_token
    clock = freeze()
    assert source.get_token().access_token == first
    clock.tick(3599)
    assert source.get_token().access_token != first


def test_a_store_in_memory_that_was_made_before_forgets(freeze: Freeze) -> None:
    store = MemoryTokenStore()
    store.set("key", "value", 60)
    clock = freeze()
    assert store.get("key") == "value"
    clock.tick(61)
    assert store.get("key") is None


def test_a_session_knows_when_its_token_ends(
    oidc_provider: EmbeddedProvider, freeze: Freeze
) -> None:
    freeze("2030-01-01T00:00:00+00:00")
    client = OAuthClient(oidc_provider.issuer, oidc_provider.public_client_id)
    device = client.request_device_login()
    oidc_provider.decide_device(str(device.user_code))
    session = client.wait_for_device_login(device)
    assert session.expires_at == datetime(2030, 1, 1, 1, tzinfo=UTC)
    assert session.claims["iat"] == datetime(2030, 1, 1, tzinfo=UTC).timestamp()


def test_other_clocks_are_left_alone_and_ours_come_back(freeze: Freeze) -> None:
    before = time.time()
    store = MemoryTokenStore()
    with freeze_clocks("2000-01-01") as clock:
        made_meanwhile = MemoryTokenStore()
        assert abs(time.time() - before) < 60
        assert store.clock is made_meanwhile.clock
        assert clock.time() == datetime(2000, 1, 1, tzinfo=UTC).timestamp()
    assert store.clock is time.monotonic
    assert made_meanwhile.clock is time.monotonic


def test_a_second_freeze_replaces_the_first(freeze: Freeze) -> None:
    freeze(datetime(2000, 1, 1, tzinfo=UTC))
    clock = freeze(1000)
    clock.move_to(datetime(1970, 1, 1, 1, tzinfo=UTC))
    assert clock.time() == 3600
    with pytest.raises(ValueError, match="isoformat"):
        freeze("soon")


def test_time_that_really_passes_ends_what_waits(freeze: Freeze) -> None:
    clock = freeze(1000.0)
    begun = clock.monotonic()
    assert clock.time() == clock.time()
    while clock.monotonic() == begun:
        pass


PROGRAM = """
from py_identity_model import AccessTokenVerifier

def test_a_token(oidc_provider, mint_token, freeze):
    verifier = AccessTokenVerifier(oidc_provider.issuer, oidc_provider.audience)
    token = mint_token(sub="alice")
    assert verifier.verify_token(token).subject == "alice"
    freeze().tick(60)
"""


def test_pytest_finds_the_fixtures(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(PROGRAM)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")  # this project's may be in a folder above
    plugin = ["-p", "py_identity_model._pytest_plugin", "-p", "no:cacheprovider"]
    command: list[Any] = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--strict-markers",
        *plugin,
        tmp_path,
    ]
    # Where the package is installed, its entry point would load the plugin once more.
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ran = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=env, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_objects_that_load_something_when_they_are_asked_are_left_alone(freeze: Freeze) -> None:
    lazy = TLSContexts().lazy("/nowhere.pem")
    freeze()
    with pytest.raises(InvalidArgumentError):
        lazy.get_ca_certs()
