"""What tests of both APIs need and what sends nothing."""

from __future__ import annotations

import contextlib
import hashlib
import json
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import httpx
import pytest
from cryptography import x509

from py_identity_model import (
    AccessTokenRefusedException,
    TokenValidationConfig,
    parse_www_authenticate,
    verify_jws,
)
from py_identity_model._jose.algorithms import is_usable
from py_identity_model.exceptions import PyIdentityModelException
from py_identity_model.testing import Answer, EmbeddedProvider, Received

E = TypeVar("E", bound=PyIdentityModelException)

CONFIG = TokenValidationConfig(perform_disco=True, audience="api")
URL = "https://op.example/"
DISCOVERY = "/.well-known/openid-configuration"
JSON = "application/json"


needs_ml_dsa = pytest.mark.skipif(
    not is_usable("ML-DSA-44"), reason="the installed cryptography has no ML-DSA"
)


def published(provider: EmbeddedProvider) -> list[dict[str, Any]]:
    """Return the keys of ``provider`` as its key set has them."""
    members = [vars(key) for key in provider.keys]
    return [{name: one for name, one in key.items() if one is not None} for key in members]


class Clock:
    """A monotonic clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Gate:
    """Holds a provider's answers back until it is opened, and says when one arrived."""

    def __init__(self, path: str, answer: Answer | None = None) -> None:
        self.path = path
        self.answer = answer
        self.arrived = threading.Event()
        self.open = threading.Event()
        self.gave_up = False

    def __call__(self, received: Received) -> Answer | None:
        if received.path != self.path:
            return None
        self.arrived.set()
        self.gave_up = not self.open.wait(10)
        assert not self.gave_up, "the gate was never opened"
        return self.answer


def failing(path: str, status: int = 503) -> Callable[[Received], Answer | None]:
    """Return an interceptor that fails every request for ``path``."""

    def intercept(received: Received) -> Answer | None:
        return Answer.of_json({"error": "down"}, status) if received.path == path else None

    return intercept


def answering(path: str, answer: Answer) -> Callable[[Received], Answer | None]:
    """Return an interceptor that answers every request for ``path``."""
    return lambda received: answer if received.path == path else None


def script(*steps: int | Exception | httpx.Response) -> httpx.MockTransport:
    """Return a transport that plays ``steps``: statuses, answers, or errors to raise."""
    remaining: Iterator[int | Exception | httpx.Response] = iter(steps)

    def serve(request: httpx.Request) -> httpx.Response:
        step = next(remaining)
        if isinstance(step, Exception):
            raise step
        return httpx.Response(step, json={}) if isinstance(step, int) else step

    return httpx.MockTransport(serve)


def refused(expected: type[E], code: str) -> pytest.RaisesExc[E]:
    """Expect exactly this exception class with this code."""

    def fits(error: E) -> bool:
        return type(error) is expected and error.code == code

    return pytest.RaisesExc(expected, check=fits)


def claims_in(token: str, public_jwk: Any, algorithm: str) -> dict[str, Any]:
    """Return the claims of a token that a key has signed by this algorithm."""
    keys = [{name: v for name, v in public_jwk.items() if name not in {"kid", "key_ops"}}]
    return dict(json.loads(verify_jws(token, keys, [algorithm])))


def members_of(value: Any) -> dict[str, Any]:
    """Return a response's fields past its guards."""
    return dict(vars(value))


class Drip:
    """A server that sends a beginning, and then a piece now and then, without end."""

    def __init__(self, beginning: bytes, piece: bytes, every: float = 0.02) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._beginning, self._piece, self._every = beginning, piece, every
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            connection.sendall(self._beginning)
            while not self._stopped.wait(self._every):
                connection.sendall(self._piece)

    def hang_up(self) -> None:
        """Send the beginning alone."""
        self._stopped.set()

    def __enter__(self) -> Drip:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopped.set()
        with contextlib.suppress(OSError):  # nobody may have come: it must not wait for ever
            socket.create_connection(self._listener.getsockname()).close()
        self._thread.join()
        self._listener.close()


class Silent:
    """Servers on so many ports: they take requests and never answer, or drip header fields."""

    def __init__(self, count: int, *, drip: bool = False) -> None:
        self._listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
        self._drip = drip
        self._open: list[socket.socket] = []
        self._stop, self._stopped = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.asked = 0
        self.urls = [f"http://127.0.0.1:{one.getsockname()[1]}" for one in self._listeners]

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            for listener in (self._stopped, *self._listeners):
                selector.register(listener, selectors.EVENT_READ)
            while self._stopped not in (ready := self._ready(selector)):
                for one in ready:
                    if one in self._listeners:
                        self._open.append(one.accept()[0])
                        selector.register(self._open[-1], selectors.EVENT_READ)
                    else:
                        self._take(one, selector)
                if self._drip and not ready:
                    self._send(b"x: y\r\n")

    def _ready(self, selector: selectors.BaseSelector) -> list[Any]:
        return [key.fileobj for key, _ in selector.select(0.02 if self._drip else None)]

    def _take(self, connection: socket.socket, selector: selectors.BaseSelector) -> None:
        try:
            asked = connection.recv(65536)
            if asked and self._drip:
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
        except OSError:  # the caller left
            asked = b""
        if asked:
            self.asked += 1
            return
        selector.unregister(connection)
        self._open.remove(connection)
        connection.close()

    def _send(self, piece: bytes) -> None:
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.sendall(piece)

    def __enter__(self) -> Silent:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Hang up."""
        self._stop.send(b".")
        self._thread.join()
        for one in (*self._open, *self._listeners, self._stop, self._stopped):
            one.close()


class Tunnel:
    """A proxy that connects its clients with whom they name (CONNECT, RFC 9110 §9.3.6)."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self.asked: list[bytes] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def _start(self, run: Callable[..., object], *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._start(self._connect, connection)

    def _connect(self, near: socket.socket) -> None:
        head = near.recv(65536)
        self.asked.append(head)
        host, _, port = head.split()[1].decode().rpartition(":")
        with near, socket.create_connection((host, int(port))) as far:
            near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=self._pump, args=(far, near), daemon=True)
            back.start()
            self._pump(near, far)
            back.join()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)

    def __enter__(self) -> Tunnel:
        self._start(self._serve)
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()


def hashed_name(certificate: bytes) -> str:
    """Return the file name by which OpenSSL looks a certificate up in a folder."""
    subject = x509.load_pem_x509_certificate(certificate).subject
    lowered = [x509.NameAttribute(one.oid, str(one.value).lower()) for one in subject]
    encoded = x509.Name(lowered).public_bytes()
    content = encoded[2 if encoded[1] < 0x80 else 2 + (encoded[1] & 0x7F) :]
    return f"{int.from_bytes(hashlib.sha1(content).digest()[:4], 'little'):08x}.0"


class answered:  # reads like pytest.raises
    """Expect a refusal with this status and code."""

    def __init__(self, status: int, code: str, error: str | None = None) -> None:
        self._expected = (status, code, error)
        self._raises = pytest.raises(AccessTokenRefusedException)

    def __enter__(self) -> Any:
        self._caught = self._raises.__enter__()
        return self._caught

    def __exit__(self, *details: Any) -> bool | None:
        ended = self._raises.__exit__(*details)
        refusal = self._caught.value
        assert (refusal.status_code, refusal.code) == self._expected[:2]
        if self._expected[2] is not None:
            challenges = parse_www_authenticate(refusal.www_authenticate or "")
            assert self._expected[2] in {one.error for one in challenges}
        return ended


def bearer(token: str) -> str:
    return f"Bearer {token}"


class FromNow(int):
    """A time as seconds from when a test runs: collecting tests may be long before."""


def at_once(claims: dict[str, Any]) -> dict[str, Any]:
    """Return ``claims`` with every :class:`FromNow` made a time."""
    now = int(time.time())
    return {
        name: now + value if isinstance(value, FromNow) else value for name, value in claims.items()
    }


class World:
    """Public providers and other servers, by URL: what no server on loopback can be."""

    def __init__(self, keys: EmbeddedProvider) -> None:
        self._keys = keys
        self._answers: dict[str, httpx.Response | Exception] = {}
        self.seen: list[str] = []
        self.transport = httpx.MockTransport(self._serve)

    def _serve(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(str(request.url))
        answer = self._answers.get(str(request.url), httpx.Response(404, text="not here"))
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def count(self, url: str) -> int:
        """Return how often ``url`` was asked for."""
        return self.seen.count(str(httpx.URL(url)))

    def add(
        self, url: str, answer: dict[str, Any] | httpx.Response | Exception, media_type: str = JSON
    ) -> None:
        """Answer requests for ``url``."""
        if isinstance(answer, dict):
            headers = {"content-type": media_type} if media_type else {}
            answer = httpx.Response(200, headers=headers, content=json.dumps(answer).encode())
        self._answers[str(httpx.URL(url))] = answer

    def key_set(self, keys: EmbeddedProvider | None = None) -> dict[str, Any]:
        """Return the keys with which :meth:`mint` signs, or another provider's by their names."""
        pairs = zip(self._keys.keys, (keys or self._keys).keys, strict=True)
        return {"keys": [other.as_dict() | {"kid": own.kid} for own, other in pairs]}

    def mint(self, issuer: str | None, keys: EmbeddedProvider | None = None, **claims: Any) -> str:
        """Return an access token of ``issuer`` for this API, signed by whosever key."""
        header = {"kid": next(key.kid for key in self._keys.keys if key.alg == "RS256")}
        return (keys or self._keys).mint(iss=issuer, aud="api", header=header, **claims)

    def publish(
        self,
        base: str,
        /,
        *,
        address: str | None = None,
        keys: EmbeddedProvider | None = None,
        media_type: str = JSON,
        **members: Any,
    ) -> None:
        """Serve document and keys of an issuer; ``members`` replace its own, None removes one."""
        document: dict[str, Any] = {
            "issuer": base,
            "jwks_uri": f"{base}/jwks",
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        } | members
        present = {name: value for name, value in document.items() if value is not None}
        self.add(address or f"{base}{DISCOVERY}", present, media_type)
        with contextlib.suppress(httpx.InvalidURL, TypeError):
            self.add(document["jwks_uri"], self.key_set(keys), media_type)
