"""Starts and stops a Keycloak, from a distribution that it may write into."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import time
from pathlib import Path

import httpx

from tests.keycloak.admin import Admin
from tests.keycloak.relay import free_port
from tests.op.driver import Certificates

START_TIMEOUT = 600.0  # seconds: half a minute where nothing else runs
HEAP = "-Xms64m -Xmx640m"
ADMIN = "admin"


class Keycloak:
    """One Keycloak on loopback, over http and https; its database outlives the process.

    :param home: an unpacked distribution; starting writes into it
    :param folder: where its database and log are written
    :param certificates: those of the server, and the authority of its clients
    :param channel: URL of the server that asks users on their own devices (CIBA)
    """

    def __init__(self, home: Path, folder: Path, certificates: Certificates, channel: str) -> None:
        self.certificates = certificates
        self.port, self.https_port = free_port(), free_port()
        self.admin = Admin(self.url, ADMIN, secrets.token_urlsafe())
        self._home = home
        self._folder = folder
        self._channel = channel
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The base URL over http."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def https_url(self) -> str:
        """The base URL over https, where clients may present certificates."""
        return f"https://localhost:{self.https_port}"

    def start(self, *options: str) -> None:
        """Start with further command-line ``options``, and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command(), *options],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_TIMEOUT
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"Keycloak did not start:\n{self._last_lines()}")
            time.sleep(0.25)
        self.admin.log_in()

    def stop(self) -> None:
        """End the process, and wait for it."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None

    def _command(self) -> list[str]:
        folder = self.certificates.folder
        options = {
            "http-host": "127.0.0.1",
            "http-port": str(self.port),
            "https-port": str(self.https_port),
            "https-certificate-file": str(folder / "server.pem"),
            "https-certificate-key-file": str(folder / "server.key"),
            "https-client-auth": "request",
            "https-trust-store-file": str(self.certificates.authority),
            "https-trust-store-type": "PEM",
            "db-url": f"jdbc:h2:file:{self._folder}/database;NON_KEYWORDS=VALUE",
            "log-level": "warn",
            "spi-ciba-auth-channel--ciba-http-auth-channel--http-authentication-channel-uri": (
                self._channel
            ),
        }
        named = [f"--{name}={value}" for name, value in options.items()]
        return [str(self._home / "bin" / "kc.sh"), "start-dev", *named]

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "JAVA_OPTS_KC_HEAP": HEAP,
            "KC_BOOTSTRAP_ADMIN_USERNAME": self.admin.name,
            "KC_BOOTSTRAP_ADMIN_PASSWORD": self.admin.password,
        }

    def _answers(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/realms/master", trust_env=False).is_success
        return False

    def _last_lines(self) -> str:
        return (self._folder / "log").read_text("utf-8", "replace")[-3000:]
