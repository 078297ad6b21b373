"""Installs, starts and stops the real OpenID Provider of ``opserver/``."""

from __future__ import annotations

import json
import os
import select
import ssl
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import trustme

from .node import SERVER, find_node, install


@dataclass(frozen=True)
class Certificates:
    """Files of a private authority, a server under ``localhost``, and a client."""

    folder: Path

    def __post_init__(self) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.authority))
        for name, issued in (
            ("server", authority.issue_cert("localhost", "127.0.0.1")),
            ("client", authority.issue_cert("client.test", common_name="client.test")),
        ):
            issued.private_key_pem.write_to_path(str(self.folder / f"{name}.key"))
            for index, blob in enumerate(issued.cert_chain_pems):
                blob.write_to_path(str(self.folder / f"{name}.pem"), append=index > 0)

    def server_context(self) -> ssl.SSLContext:
        """Return what a server under ``localhost`` needs for TLS."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        return context

    @property
    def authority(self) -> Path:
        """The certificate of the authority."""
        return self.folder / "authority.pem"

    def environment(self) -> dict[str, str]:
        """Return the variables that tell the server where they are."""
        return {
            "OP_TLS_CERT": str(self.folder / "server.pem"),
            "OP_TLS_KEY": str(self.folder / "server.key"),
            "OP_TLS_CA": str(self.authority),
            "OP_MTLS_CLIENT_CERT": str(self.folder / "client.pem"),
            "NODE_EXTRA_CA_CERTS": str(self.authority),
        }


@dataclass
class RealProvider:
    """A running provider: what it said of itself, and a way to steer it."""

    process: subprocess.Popen[bytes]
    info: dict[str, Any] = field(repr=False)
    certificates: Certificates

    @property
    def issuer(self) -> str:
        """The issuer over http."""
        return str(self.info["issuer"])

    @property
    def https_issuer(self) -> str:
        """The issuer over https."""
        return str(self.info["https_issuer"])

    @property
    def post_quantum(self) -> list[str]:
        """The ML-DSA algorithms of its keys: none before Node 24.7."""
        return list(self.info["post_quantum"])

    def client(self, client_id: str) -> dict[str, Any]:
        """Return the registered metadata of a client, its secret included."""
        return dict(self.info["clients"][client_id])

    def take_log(self) -> list[dict[str, Any]]:
        """Return everything that arrived since the last call."""
        return list(self._post("log"))

    def requests(self, path: str) -> list[dict[str, Any]]:
        """Return the requests for ``path`` that arrived since the last call, forgetting all."""
        return [entry for entry in self.take_log() if entry.get("path") == path]

    def rotate_keys(self, *, keep: bool = False) -> None:
        """Make new keys; the old ones stay published if ``keep``."""
        self._post("rotate-keys", {"keep": keep})

    def configure(self, **switches: Any) -> None:
        """Set run-time switches: ``dpopNonce``, ``cibaDelayMs``."""
        self._post("config", switches)

    def key(self, name: str) -> dict[str, Any]:
        """Return a private key of the registered clients: rs, ps, es, ed, pq, encRsa or encEc."""
        return dict(self.info["client_keys"][name])

    def stop(self) -> None:
        """End the process: it ends by itself when its standard input does."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def _post(self, action: str, body: dict[str, Any] | None = None) -> Any:
        answer = httpx.post(f"{self.issuer}/_test/{action}", json=body or {}, trust_env=False)
        return answer.raise_for_status().json()


def start(
    certificates: Certificates,
    relying_party: str,
    ready_timeout: float = 60,
    *,
    shows_forms: bool = False,
) -> RealProvider:
    """Start the provider, and wait until it has said that it is ready.

    ``relying_party`` is the origin that it calls back, without a path; ``shows_forms`` has people
    log in and consent, instead of doing it for them.
    """
    node = find_node()
    install(node)
    environment = {**os.environ, **certificates.environment(), "OP_WATCH_STDIN": "1"}
    environment["OP_RP_ORIGIN"] = relying_party
    environment["OP_INTERACTION"] = "form" if shows_forms else "none"
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [str(node), str(SERVER / "op.mjs")],
            cwd=SERVER,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], ready_timeout)
        line = process.stdout.readline() if ready else b""
        if not line:
            process.kill()
            process.wait()
            errors.seek(0)
            raise RuntimeError(f"the provider did not start: {errors.read()[-2000:].decode()}")
    return RealProvider(process, json.loads(line), certificates)
