"""The real provider, one for the session."""

from __future__ import annotations

import queue
from collections.abc import Iterator

import pytest

from py_identity_model.http_client import close_http_client
from py_identity_model.ssl_config import get_ssl_verify
from py_identity_model.testing.wire import Answer, LoopbackServer, Received
from tests.op.browser import Browser
from tests.op.driver import Certificates, RealProvider, start


class RelyingParty:
    """The client's own server: what the provider calls back."""

    def __init__(self, certificates: Certificates) -> None:
        self.received: queue.Queue[Received] = queue.Queue()
        self._server = LoopbackServer(self._respond, certificates.server_context())
        self.origin = f"https://localhost:{self._server.port}"
        self._server.start()

    def _respond(self, received: Received) -> Answer:
        self.received.put(received)
        return Answer(204)

    def stop(self) -> None:
        """Stop serving."""
        self._server.stop()


@pytest.fixture(scope="session")
def serving(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[RealProvider, RelyingParty]]:
    """Start provider and relying party, and stop them when the tests are over."""
    certificates = Certificates(tmp_path_factory.mktemp("op"))
    party = RelyingParty(certificates)
    provider = start(certificates, party.origin)
    yield provider, party
    provider.stop()
    party.stop()


@pytest.fixture(scope="session")
def running(serving: tuple[RealProvider, RelyingParty]) -> RealProvider:
    """The provider."""
    return serving[0]


@pytest.fixture
def rp(serving: tuple[RealProvider, RelyingParty]) -> RelyingParty:
    """The relying party, nothing of other tests in its queue."""
    while not serving[1].received.empty():
        serving[1].received.get_nowait()
    return serving[1]


@pytest.fixture
def browser(running: RealProvider) -> Iterator[Browser]:
    """A browser that nobody used before."""
    fresh = Browser(str(running.certificates.authority))
    yield fresh
    fresh.close()


@pytest.fixture
def demanding(op: RealProvider) -> Iterator[RealProvider]:
    """The provider, demanding a nonce in every DPoP proof."""
    op.configure(dpopNonce=True)
    yield op
    op.configure(dpopNonce=False)


@pytest.fixture
def op(running: RealProvider) -> RealProvider:
    """The provider, with an empty log."""
    running.take_log()
    return running


@pytest.fixture
def trusted(op: RealProvider, monkeypatch: pytest.MonkeyPatch) -> Iterator[RealProvider]:
    """The provider, its private authority trusted by the environment."""
    monkeypatch.setenv("SSL_CERT_FILE", str(op.certificates.authority))
    get_ssl_verify.cache_clear()
    close_http_client()  # this thread's client was made when something else was trusted
    yield op
    close_http_client()
