"""Expiry, rotation and an outage as clocks really show them; `nox -s slow` runs these."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from py_identity_model._seam.aio import sleep
from py_identity_model.aio import (
    AsyncTokenSource,
    ClientCredentialsTokenRequest,
    Settings,
    TokenValidationConfig,
    health,
    request_client_credentials_token,
    validate_token,
)
from py_identity_model.exceptions import KeysUnavailableException, TokenExpiredException
from tests.op.aio.login import SECRET
from tests.op.driver import Certificates, RealProvider, start
from tests.support import refused

pytestmark = pytest.mark.slow
RESOURCE = "https://api.test/es256"
CONFIG = TokenValidationConfig(perform_disco=True, audience=RESOURCE)


def request_of(op: RealProvider, client_id: str = "m2m-basic") -> ClientCredentialsTokenRequest:
    return ClientCredentialsTokenRequest(f"{op.issuer}/token", client_id, SECRET, resource=RESOURCE)


async def token_of(op: RealProvider, client_id: str = "m2m-basic") -> str:
    response = await request_client_credentials_token(request_of(op, client_id))
    assert response.token is not None
    return str(response.token["access_token"])


async def test_a_token_expires_when_its_time_is_over(op: RealProvider) -> None:
    token = await token_of(op, "m2m-short")
    assert await validate_token(token, CONFIG, op.issuer)
    await sleep(3)
    with refused(TokenExpiredException, "token_expired"):
        await validate_token(token, CONFIG, op.issuer)
    tolerant = TokenValidationConfig(perform_disco=True, audience=RESOURCE, leeway=30)
    assert await validate_token(token, tolerant, op.issuer)


async def test_a_token_source_renews_in_time(op: RealProvider) -> None:
    source = AsyncTokenSource(request_of(op, "m2m-short"))
    seen = set()
    for _ in range(10):
        token = await source.get_token()
        assert await validate_token(token.access_token, CONFIG, op.issuer)
        seen.add(token.access_token)
        await sleep(0.4)
    assert 2 <= len(seen) <= 5


async def test_a_rotation_is_followed_and_then_forgotten_keys_are_refused(
    op: RealProvider,
) -> None:
    old = await token_of(op)
    assert await validate_token(old, CONFIG, op.issuer)
    op.rotate_keys()
    await sleep(0.2)
    assert await validate_token(await token_of(op), CONFIG, op.issuer)
    await sleep(5.2)  # the cooldown after the refresh
    with pytest.raises(Exception, match="No key with kid"):
        await validate_token(old, CONFIG, op.issuer)


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[RealProvider]:
    """A provider that may be stopped."""
    provider = start(Certificates(tmp_path), "https://localhost:9")
    yield provider
    if provider.process.poll() is None:
        provider.stop()


async def test_an_outage_is_not_noticed_until_keys_are_too_old(mortal: RealProvider) -> None:
    settings = Settings(
        jwks_cache_ttl=1, discovery_cache_ttl=1, cache_max_stale=5, http_retry_base_delay=0
    )
    token = await token_of(mortal)
    assert await validate_token(token, CONFIG, mortal.issuer, settings=settings)
    mortal.stop()
    for _ in range(8):
        await sleep(0.4)
        assert await validate_token(token, CONFIG, mortal.issuer, settings=settings)
    state = health(mortal.issuer)
    assert state.keys is not None
    assert state.keys.fresh_for == 0
    assert state.ready
    await sleep(3)
    with refused(KeysUnavailableException, "keys_unavailable"):
        await validate_token(token, CONFIG, mortal.issuer, settings=settings)
    assert not health(mortal.issuer).ready
