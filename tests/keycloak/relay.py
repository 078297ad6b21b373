"""A second address of a server on loopback, which sees what is requested there."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import sys
import threading

_REQUEST = re.compile(rb"^(?:GET|POST|PUT|DELETE) (\S+) HTTP/1\.1\r$", re.MULTILINE)


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def own_address() -> str | None:
    """Return an address of this machine that is not loopback, if it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))  # sends nothing, and chooses an interface
        except OSError:
            return None
        return str(probe.getsockname()[0])


def internal_name() -> str:
    """Return this machine's own name, or a loopback address where nothing resolves it."""
    name = socket.gethostname()
    try:
        socket.create_server((name, 0)).close()
    except OSError:
        return "127.0.0.2" if sys.platform == "linux" else "localhost"
    return name


class Relay:
    """Passes bytes on, and remembers the paths of requests."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.paths: list[str] = []
        self._target = port
        self._listener = socket.create_server((host, 0))
        self._stopping = False
        self.url = f"http://{host}:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Accept no more connections."""
        self._stopping = True
        with contextlib.suppress(OSError):  # wakes the thread that accepts
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def count(self, ending: str) -> int:
        """Return how many requests were for a path with this ending."""
        return sum(path.endswith(ending) for path in self.paths)

    def _accept(self) -> None:
        while not self._stopping:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(connection,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),  # either side may end
            client,
            socket.create_connection(("127.0.0.1", self._target)) as server,
        ):
            peers = {client: server, server: client}
            while True:
                for ready in select.select([*peers], [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    if ready is client:
                        self.paths += [path.decode() for path in _REQUEST.findall(data)]
                    peers[ready].sendall(data)
