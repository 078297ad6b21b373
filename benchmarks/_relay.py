"""Bad connections: relays that cut them, and servers that never respond or respond slowly."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from collections.abc import Callable


class _Listening:
    """A listener on loopback, and a thread per connection."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def _accept(self, serve: Callable[[socket.socket], None]) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=serve, args=(near,), daemon=True).start()

    def start(self, serve: Callable[[socket.socket], None]) -> None:
        """Serve connections until closed."""
        threading.Thread(target=self._accept, args=(serve,), daemon=True).start()

    def close(self) -> None:
        """Accept no more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class Relay(_Listening):
    """Relays to a server; cuts ``every`` so manyth connection at once, and all when asked to."""

    def __init__(self, port: int, every: int = 0) -> None:
        super().__init__()
        self._port, self._every = port, every
        self._numbers = itertools.count(1)
        self._open: set[socket.socket] = set()
        self.start(self._serve)

    def _serve(self, near: socket.socket) -> None:
        if self._every and next(self._numbers) % self._every == 0:
            near.close()
            return
        with near, socket.create_connection(("127.0.0.1", self._port)) as far:
            self._open.add(near)
            threading.Thread(target=_pump, args=(far, near), daemon=True).start()
            _pump(near, far)
            self._open.discard(near)

    def cut(self) -> None:
        """End every connection."""
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_RDWR)


class Hanging(_Listening):
    """Takes connections and never answers."""


class Dripping(_Listening):
    """Sends a header field from time to time, without end."""

    def __init__(self) -> None:
        super().__init__()
        self._closed = threading.Event()
        self.start(self._serve)

    def _serve(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError):
            near.recv(65536)
            near.sendall(b"HTTP/1.1 200 OK\r\n")
            while not self._closed.wait(0.2):
                near.sendall(b"x: y\r\n")

    def close(self) -> None:
        """Hang up."""
        self._closed.set()
        super().close()
