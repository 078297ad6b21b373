"""The HTTP side of the embedded provider: a threaded server on loopback."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

_MAX_BODY = 64 * 1024


@dataclass(frozen=True)
class Received:
    """A received request; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    query_string: str = field(default="", repr=False)

    @property
    def query(self) -> dict[str, str]:
        """The parameters in the URL."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """The form in the body."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(frozen=True)
class Answer:
    """The response to a request."""

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def of_json(value: object, status: int = 200, **headers: str) -> Answer:
        """Return ``value`` as JSON; an underscore in a header's name stands for a hyphen.

        Example::

            Answer.of_json({"error": "slow_down"}, 400, cache_control="no-store")
        """
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        body = json.dumps(value).encode()
        return Answer(status, body, {"content-type": "application/json", **named})


class LoopbackServer(ThreadingHTTPServer):
    """Answers every request with ``respond``; tracks its connections, to close them at the end."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(
        self,
        respond: Callable[[Received], Answer],
        tls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.respond = respond
        self.tls = tls
        self._connections: set[socket.socket] = set()
        self._busy: set[threading.Thread] = set()
        self._guard = threading.Lock()
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.02,), name="embedded-provider", daemon=True
        )

    @property
    def port(self) -> int:
        """The port of the server."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Serve in a new thread."""
        self._thread.start()

    def stop(self) -> None:
        """Close every connection, and wait for the thread."""
        self.shutdown()
        self._thread.join()
        with self._guard:
            busy, connections = list(self._busy), list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):  # it may have ended by itself
                connection.shutdown(socket.SHUT_RDWR)
        for thread in busy:
            thread.join(5)
        self.server_close()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection; the TLS handshake happens here, so that it delays no other."""
        with self._guard:
            self._connections.add(request)
            self._busy.add(threading.current_thread())
        try:
            if self.tls is None:
                super().process_request_thread(request, client_address)
            else:
                with self.tls.wrap_socket(request, server_side=True) as secure:
                    with self._guard:  # shutting down the plain socket would do nothing
                        self._connections.add(secure)
                    try:
                        super().process_request_thread(secure, client_address)
                    finally:
                        with self._guard:
                            self._connections.discard(secure)
        except OSError:  # the peer disconnected, or did not trust the certificate
            request.close()
        finally:
            with self._guard:
                self._connections.discard(request)
                self._busy.discard(threading.current_thread())

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Do nothing: tests provoke peers that disconnect early."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Respond to a request."""
        server = self.server
        assert isinstance(server, LoopbackServer)
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(min(length, _MAX_BODY))
        headers: dict[str, str] = {}
        for name, value in self.headers.items():  # a repeated field is one list (RFC 9110 §5.3)
            before = headers.get(name.lower())
            headers[name.lower()] = value if before is None else f"{before}, {value}"
        path, _, query = self.path.partition("?")
        self._send(server.respond(Received(self.command, path, headers, body, query)))

    do_POST = do_GET
    do_PUT = do_GET
    do_DELETE = do_GET
    do_OPTIONS = do_GET

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        named = {name.lower() for name in answer.headers}
        if "date" not in named:  # an answer may show another clock
            self.send_header("date", self.date_time_string())
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if not named & {"content-length", "transfer-encoding"}:
            self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""
