"""One Keycloak for the session, and what its clients need."""

from __future__ import annotations

import os
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from py_identity_model.testing.wire import Answer, LoopbackServer, Received
from tests.keycloak.browser import KeycloakBrowser
from tests.keycloak.other_device import OtherDevice
from tests.keycloak.realm import REALM, Keys, set_up
from tests.keycloak.relay import Relay, internal_name, own_address
from tests.keycloak.server import Keycloak
from tests.op.driver import Certificates


class Running:
    """A Keycloak that is set up, and all that is around it."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.received: queue.Queue[Received] = queue.Queue()
        self.keys = Keys.generate()
        self.certificates = Certificates(folder)
        self.device = OtherDevice()
        self.party = LoopbackServer(self._respond)
        self.server = Keycloak(home, folder, self.certificates, self.device.url)
        self.party.start()
        self.admin = self.server.admin

    def set_up(self) -> None:
        """Start it, and create the realms."""
        self.server.start()
        public = f"http://localhost:{self.server.port}"
        set_up(self.admin, self.keys, f"http://127.0.0.1:{self.party.port}/", public)

    def stop(self) -> None:
        """Stop everything."""
        self.server.stop()
        self.admin.close()
        self.party.stop()
        self.device.stop()

    @property
    def issuer(self) -> str:
        """The issuer over http, at a loopback address."""
        return f"{self.server.url}/realms/{REALM}"

    @property
    def https_issuer(self) -> str:
        """The issuer over https."""
        return f"{self.server.https_url}/realms/{REALM}"

    @property
    def client_files(self) -> tuple[str, str]:
        """The files of the client's certificate and its key."""
        folder = self.certificates.folder
        return str(folder / "client.pem"), str(folder / "client.key")

    @property
    def path(self) -> str:
        """The path of the realm."""
        return f"/realms/{REALM}"

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Stop it for the block."""
        self.server.stop()
        try:
            yield
        finally:
            self.server.start()

    @contextmanager
    def hostname(self, public: str) -> Iterator[None]:
        """Run it for the block as behind a proxy: one public URL, and many for programs."""
        with self.outage():
            self.server.start(f"--hostname={public}", "--hostname-backchannel-dynamic=true")
            try:
                yield
            finally:
                self.server.stop()

    def rotate_keys(self) -> None:
        """Add a key that wins over all that were there."""
        providers = self.admin.get(REALM, "components?type=org.keycloak.keys.KeyProvider")
        priorities = [int(one["config"].get("priority", ["0"])[0]) for one in providers]
        self.admin.post(
            REALM,
            "components",
            {
                "name": f"key {len(providers)}",
                "providerId": "rsa-generated",
                "providerType": "org.keycloak.keys.KeyProvider",
                "config": {"priority": [str(max(priorities) + 1)], "algorithm": ["RS256"]},
            },
        )

    def end_session(self, sid: str) -> None:
        """End a user's session; offline sessions go on."""
        self.admin.delete(REALM, f"sessions/{sid}")

    def _respond(self, received: Received) -> Answer:
        self.received.put(received)
        return Answer(204)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Start it once."""
    home = os.environ.get("KEYCLOAK_UNDER_TEST")  # a copy, see scripts/find_keycloak.py
    if not home:
        pytest.skip("KEYCLOAK_UNDER_TEST is not set: `nox -s keycloak` finds or fetches Keycloak")
    made = Running(Path(home), tmp_path_factory.mktemp("keycloak"))
    try:
        made.set_up()
        yield made
    finally:
        made.stop()


@pytest.fixture
def keycloak(running: Running) -> Running:
    """Keycloak, with nothing of other tests in its queues."""
    for received in (running.received, running.device.asked):
        while not received.empty():
            received.get_nowait()
    return running


@pytest.fixture
def browser(keycloak: Running) -> Iterator[KeycloakBrowser]:
    """A browser that nobody used before."""
    fresh = KeycloakBrowser(str(keycloak.certificates.authority))
    yield fresh
    fresh.close()


@pytest.fixture
def relay(keycloak: Running) -> Iterator[Relay]:
    """Keycloak at another port of loopback, its requests counted."""
    opened = Relay(keycloak.server.port)
    yield opened
    opened.stop()


@pytest.fixture
def internal(keycloak: Running) -> Iterator[Relay]:
    """Keycloak at this machine's own name, as containers reach it at that of its service."""
    opened = Relay(keycloak.server.port, internal_name())
    yield opened
    opened.stop()


@pytest.fixture
def private_relay(keycloak: Running) -> Iterator[Relay]:
    """Keycloak at an address of this machine in its network."""
    address = own_address()
    if address is None:
        pytest.skip("this machine has no address but loopback")
    opened = Relay(keycloak.server.port, address)
    yield opened
    opened.stop()
