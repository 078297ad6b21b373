"""A server on loopback that takes the answer of one login (RFC 8252 §7.3)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

_MOST = 64 * 1024
_DONE = "You are logged in. You may close this window."
_OTHER = "This is not the answer of the login that is waited for."
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Login</title>
<body style="font-family: system-ui; margin: 20vh auto; max-width: 30em; text-align: center">
<p>{}</p>
"""
_HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",  # the URL holds the code
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "x-content-type-options": "nosniff",
    "connection": "close",
}


class LoopbackServer(ThreadingHTTPServer):
    """Gives what comes to its path to ``take``, which says whether it was waited for."""

    daemon_threads = True

    def __init__(self, port: int, path: str, take: Callable[[str], bool]) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.path = path
        self.take = take
        self.authority = f"127.0.0.1:{self.server_address[1]}"
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.05,), name="loopback-login", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Do nothing: a browser may disconnect early."""


class _Handler(BaseHTTPRequestHandler):
    timeout = 10

    def do_GET(self) -> None:
        """Take an answer that comes as a redirect."""
        self._answer(self.path)

    def do_POST(self) -> None:
        """Take an answer that comes as a form (``response_mode=form_post``)."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        length = self.headers.get("content-length", "")
        if kind != "application/x-www-form-urlencoded" or not length.isdecimal():
            self._send(400, _OTHER)
        elif int(length) > _MOST:
            self._send(413, _OTHER)
        else:
            body = self.rfile.read(int(length)).decode("utf-8", "replace")
            self._answer(f"{self.path.partition('?')[0]}?{body}")

    def _answer(self, target: str) -> None:
        server = self.server
        assert isinstance(server, LoopbackServer)
        # Pages elsewhere can make browsers come here under a name of theirs (DNS rebinding).
        if self.headers.get("host") != server.authority:
            self._send(421, _OTHER)
        elif target.partition("?")[0] != server.path:
            self._send(404, _OTHER)
        elif server.take(f"http://{server.authority}{target}"):
            self._send(200, _DONE)
        else:
            self._send(400, _OTHER)

    def _send(self, status: int, text: str) -> None:
        body = _PAGE.format(text).encode()
        self.send_response_only(status)
        for name, value in {**_HEADERS, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: what comes holds codes."""


def state_of(url: str) -> str | None:
    """Return the ``state`` in a URL, None where there is none or several."""
    states = parse_qs(url.partition("?")[2]).get("state", [])
    return states[0] if len(states) == 1 else None
