# Generated from aio/test_slow.py by scripts/make_sync.py; edit that file.
"""Expiry, rotation and an outage as clocks really show them; `nox -s slow` runs these."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from py_identity_model._seam.sync import sleep
from py_identity_model.exceptions import KeysUnavailableException, TokenExpiredException
from py_identity_model.sync import (
    ClientCredentialsTokenRequest,
    Settings,
    TokenSource,
    TokenValidationConfig,
    health,
    request_client_credentials_token,
    validate_token,
)
from tests.op.driver import Certificates, RealProvider, start
from tests.op.sync.login import SECRET
from tests.support import refused

pytestmark = pytest.mark.slow
RESOURCE = "https://api.test/es256"
CONFIG = TokenValidationConfig(perform_disco=True, audience=RESOURCE)


def request_of(op: RealProvider, client_id: str = "m2m-basic") -> ClientCredentialsTokenRequest:
    return ClientCredentialsTokenRequest(f"{op.issuer}/token", client_id, SECRET, resource=RESOURCE)


def token_of(op: RealProvider, client_id: str = "m2m-basic") -> str:
    response = request_client_credentials_token(request_of(op, client_id))
    assert response.token is not None
    return str(response.token["access_token"])


def test_a_token_expires_when_its_time_is_over(op: RealProvider) -> None:
    token = token_of(op, "m2m-short")
    assert validate_token(token, CONFIG, op.issuer)
    sleep(3)
    with refused(TokenExpiredException, "token_expired"):
        validate_token(token, CONFIG, op.issuer)
    tolerant = TokenValidationConfig(perform_disco=True, audience=RESOURCE, leeway=30)
    assert validate_token(token, tolerant, op.issuer)


def test_a_token_source_renews_in_time(op: RealProvider) -> None:
    source = TokenSource(request_of(op, "m2m-short"))
    seen = set()
    for _ in range(10):
        token = source.get_token()
        assert validate_token(token.access_token, CONFIG, op.issuer)
        seen.add(token.access_token)
        sleep(0.4)
    assert 2 <= len(seen) <= 5


def test_a_rotation_is_followed_and_then_forgotten_keys_are_refused(
    op: RealProvider,
) -> None:
    old = token_of(op)
    assert validate_token(old, CONFIG, op.issuer)
    op.rotate_keys()
    sleep(0.2)
    assert validate_token(token_of(op), CONFIG, op.issuer)
    sleep(5.2)  # the cooldown after the refresh
    with pytest.raises(Exception, match="No key with kid"):
        validate_token(old, CONFIG, op.issuer)


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[RealProvider]:
    """A provider that may be stopped."""
    provider = start(Certificates(tmp_path), "https://localhost:9")
    yield provider
    if provider.process.poll() is None:
        provider.stop()


def test_an_outage_is_not_noticed_until_keys_are_too_old(mortal: RealProvider) -> None:
    settings = Settings(
        jwks_cache_ttl=1, discovery_cache_ttl=1, cache_max_stale=5, http_retry_base_delay=0
    )
    token = token_of(mortal)
    assert validate_token(token, CONFIG, mortal.issuer, settings=settings)
    mortal.stop()
    for _ in range(8):
        sleep(0.4)
        assert validate_token(token, CONFIG, mortal.issuer, settings=settings)
    state = health(mortal.issuer)
    assert state.keys is not None
    assert state.keys.fresh_for == 0
    assert state.ready
    sleep(3)
    with refused(KeysUnavailableException, "keys_unavailable"):
        validate_token(token, CONFIG, mortal.issuer, settings=settings)
    assert not health(mortal.issuer).ready
