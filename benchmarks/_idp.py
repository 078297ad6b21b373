"""A provider with any number of tenants, in its own process, that counts requests and misbehaves.

Tenant ``n`` is below ``/tn``; ``POST /_ctl`` changes the behaviour, ``GET /_stats`` returns the
number of requests per path.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from benchmarks._child import Child
from py_identity_model.testing import Answer, Received
from py_identity_model.testing.wire import LoopbackServer

_JSON = {"content-type": "application/json"}


class Behaviour:
    """The behaviour of the server; ``_ctl`` sets it."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = []
        self.delay = 0.0
        self.slow: dict[str, float] = {}
        self.status = 200
        self.copies = 0
        self.padding = 0
        self.gzip = False


def serve() -> None:
    """Serve until standard input ends; print the port first."""
    state, counts, guard = Behaviour(), Counter[str](), threading.Lock()

    def respond(received: Received) -> Answer:
        if received.path == "/_ctl":
            vars(state).update(json.loads(received.body))
            return Answer()
        if received.path == "/_stats":
            answer = Answer.of_json(dict(counts))
            if received.method == "POST":
                counts.clear()
            return answer
        tenant, _, rest = received.path.removeprefix("/").partition("/")
        with guard:
            counts[rest] += 1
        time.sleep(state.slow.get(tenant, state.delay))
        if state.status != 200:
            return Answer.of_json({"error": "down"}, state.status)
        issuer = f"http://127.0.0.1:{server.port}/{tenant}"
        if rest == "jwks":
            more = [{**state.keys[0], "kid": f"copy-{n}"} for n in range(state.copies)]
            body = json.dumps({"keys": [*state.keys, *more]}).encode()
        elif rest == "token":
            body = b'{"access_token": "x", "token_type": "Bearer", "expires_in": 3600}'
        else:
            document = {
                "issuer": issuer,
                "jwks_uri": f"{issuer}/jwks",
                "token_endpoint": f"{issuer}/token",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
            body = json.dumps(document).encode()
        if state.padding:
            body = body[:-1] + b',"padding":"' + b"x" * state.padding + b'"}'
        if state.gzip:
            import gzip

            return Answer(200, gzip.compress(body), {**_JSON, "content-encoding": "gzip"})
        return Answer(200, body, _JSON)

    server = LoopbackServer(respond)
    server.start()
    print(server.port, flush=True)
    sys.stdin.read()
    server.stop()


class IdP(Child):
    """The server, from the outside."""

    def __init__(self) -> None:
        super().__init__(sys.executable, "-m", "benchmarks._idp")
        self.url = f"http://127.0.0.1:{int(self.hear())}"
        self._open = build_opener(ProxyHandler({})).open

    def issuer(self, tenant: int = 0) -> str:
        """Return a tenant's issuer."""
        return f"{self.url}/t{tenant}"

    def set(self, **behaviour: Any) -> None:
        """Change how the server behaves."""
        body = json.dumps(behaviour).encode()
        self._open(Request(f"{self.url}/_ctl", body, method="POST"), timeout=10).close()

    def take(self) -> tuple[int, int]:
        """Return the number of requests for documents and keys since the last call."""
        request = Request(f"{self.url}/_stats", b"", method="POST")
        with self._open(request, timeout=10) as answer:
            counts = json.load(answer)
        return counts.get(".well-known/openid-configuration", 0), counts.get("jwks", 0)


if __name__ == "__main__":
    serve()
