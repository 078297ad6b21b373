"""The real provider, one for the session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from py_identity_model.ssl_config import get_ssl_verify
from tests.op.driver import RealProvider, start


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealProvider]:
    """Start the provider, and stop it when the tests are over."""
    provider = start(tmp_path_factory.mktemp("op"))
    yield provider
    provider.stop()


@pytest.fixture
def op(running: RealProvider) -> RealProvider:
    """The provider, with an empty log."""
    running.take_log()
    return running


@pytest.fixture
def trusted(op: RealProvider, monkeypatch: pytest.MonkeyPatch) -> RealProvider:
    """The provider, its private authority trusted by the environment."""
    monkeypatch.setenv("SSL_CERT_FILE", str(op.certificates.authority))
    get_ssl_verify.cache_clear()
    return op
