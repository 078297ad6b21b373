"""Fixtures that both suites share; none of them sends anything."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from joserfc.jwk import RSAKey

from py_identity_model import get_cache_counters
from py_identity_model.aio._cache import provider_cache as aio_caches
from py_identity_model.ssl_config import get_ssl_verify
from py_identity_model.sync._cache import provider_cache as sync_caches
from py_identity_model.testing import EmbeddedProvider, minting

# The same examples each time, however slow the machine: a failure is everybody's.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.load_profile("suite")

VARIABLES = ("HTTP_", "JWKS_", "DISCO_", "KID_MISS_", "MAX_JWKS_", "CACHE_", "SSL_CERT_")
CA_VARIABLES = ("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Leave keys and tokens out of names: they are made by chance, and processes must agree."""
    return argname if isinstance(val, (str, bytes)) and len(val) > 100 else None


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep the machine's settings out of the tests, and let retries not wait."""
    for name in os.environ:
        if name.startswith(VARIABLES) or name in CA_VARIABLES or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HTTP_RETRY_BASE_DELAY", "0")
    get_ssl_verify.cache_clear()
    yield
    get_ssl_verify.cache_clear()


@pytest.fixture(autouse=True)
def empty_caches() -> None:
    """Start every test with nothing cached and nothing counted."""
    for caches in (aio_caches, sync_caches):
        for cache in caches._all.listed():
            cache.clear(documents=True, keys=True)
    get_cache_counters().reset()


@pytest.fixture(scope="session", autouse=True)
def few_rsa_keys() -> Iterator[None]:
    """Make four RSA keys for all providers, instead of one a rotation: each costs 50 ms."""
    keys = itertools.cycle([RSAKey.generate_key(2048) for _ in range(4)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(minting._MAKERS, "RS256", lambda: next(keys))
        yield


@pytest.fixture
def provider() -> Iterator[EmbeddedProvider]:
    """A provider of the test's own."""
    with EmbeddedProvider() as running:
        yield running
