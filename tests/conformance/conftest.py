"""The stand-in for the suite, and what the relying party has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from py_identity_model.http_client import close_http_client
from py_identity_model.ssl_config import get_ssl_verify
from tests.conformance.driver import Driver
from tests.conformance.party import Party
from tests.conformance.standin import StandIn
from tests.conformance.suite import Suite
from tests.conformance.task import Equipment
from tests.op.driver import Certificates


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Those of the stand-in, of the relying party's web server, and of the client."""
    return Certificates(tmp_path_factory.mktemp("conformance"))


@pytest.fixture(scope="session")
def equipment(certificates: Certificates) -> Iterator[Equipment]:
    """The relying party's keys and web server; its browser is one for each test."""
    made = Equipment(certificates, Party(certificates))
    yield made
    made.party.close()


@pytest.fixture
def standin(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """The stand-in, trusted by the environment."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    get_ssl_verify.cache_clear()
    close_http_client()  # this thread's client was made when something else was trusted
    serving = StandIn(certificates)
    yield serving
    serving.close()
    close_http_client()
    get_ssl_verify.cache_clear()


@pytest.fixture
def driver(standin: StandIn, equipment: Equipment) -> Iterator[Driver]:
    """A driver that waits for no module longer than it takes."""
    from tests.conformance.browser import Browser

    equipment.browser = Browser()
    suite = Suite(standin.url, pause=0.01)
    yield Driver(suite, equipment, patience=2)
    suite.close()
    equipment.browser.close()
