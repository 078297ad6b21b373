"""B14: what a guard adds to a handler that verifies the access token by itself.

W1: Starlette, an application called without a server.  W2: Flask.
"""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

from flask import Flask
from flask import request as flask_request
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from benchmarks._idp import IdP
from benchmarks._side import Goal, interleave, judge, table
from benchmarks._tokens import real, signers
from benchmarks.validate import drive
from py_identity_model import AccessTokenVerifier
from py_identity_model.aio import AsyncAccessTokenVerifier
from py_identity_model.integrations.flask import BearerGuard as FlaskGuard
from py_identity_model.integrations.starlette import BearerGuard

BOUNDS = (1.10, 1.05)
SCOPES = ["orders.read"]
HEADERS = {  # what browsers and proxies send along
    "host": "api.example",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/147.0 Safari/537.36",
    "accept": "application/json",
    "accept-encoding": "gzip, deflate, br",
    "accept-language": "en-US,en;q=0.9",
    "x-forwarded-for": "203.0.113.7",
    "x-forwarded-proto": "https",
    "x-request-id": "9c1f2a52-6f0f-4a3a-bb52-0d0dfd0b9f33",
}


def starlette(verifier: AsyncAccessTokenVerifier, token: str) -> dict[str, Callable[[], object]]:
    """Return two ways to serve a request."""
    asyncio.run(verifier.verify(f"Bearer {token}"))  # the keys are there, and nothing waits
    guard = BearerGuard(verifier)

    async def guarded(request: Request) -> JSONResponse:
        verified = await guard.required(request, SCOPES)
        return JSONResponse({"user": verified.subject})

    async def by_hand(request: Request) -> JSONResponse:
        verified = await verifier.verify(request.headers.get("authorization"), scopes=SCOPES)
        return JSONResponse({"user": verified.subject})

    app = Starlette(routes=[Route("/guard", guarded), Route("/hand", by_hand)])
    fields = {**HEADERS, "authorization": f"Bearer {token}"}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "server": ("127.0.0.1", 8000),
        "client": ("203.0.113.7", 5000),
        "root_path": "",
        "query_string": b"page=2",
        "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
    }

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b""}

    def serve(path: str) -> Callable[[], object]:
        def call() -> object:
            sent: list[MutableMapping[str, Any]] = []

            async def send(message: MutableMapping[str, Any]) -> None:
                sent.append(message)

            drive(app({**scope, "path": path, "raw_path": path.encode()}, receive, send))
            assert sent[0]["status"] == 200
            return sent

        return call

    return {"by hand": serve("/hand"), "guard": serve("/guard")}


def flask(verifier: AccessTokenVerifier, token: str) -> dict[str, Callable[[], object]]:
    """Return two ways to serve a request."""
    guard, app = FlaskGuard(verifier), Flask(__name__)

    @app.get("/guard")
    @guard.required(SCOPES)
    def guarded() -> dict[str, str | None]:
        return {"user": guard.token.subject}

    @app.get("/hand")
    def by_hand() -> dict[str, str | None]:
        header = flask_request.headers.get("Authorization")
        return {"user": verifier.verify(header, scopes=SCOPES).subject}

    fields = {**HEADERS, "authorization": f"Bearer {token}"}
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "QUERY_STRING": "page=2",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in fields.items()},
    }

    def serve(path: str) -> Callable[[], object]:
        def start_response(status: str, headers: object, error: object = None) -> Any:
            assert status == "200 OK"

        def call() -> object:
            return list(app.wsgi_app({**environ, "PATH_INFO": path}, start_response))

        return call

    return {"by hand": serve("/hand"), "guard": serve("/guard")}


def main(arguments: list[str]) -> int:
    goals, made = [], signers()
    with IdP() as idp:
        idp.set(keys=[signer.public() for signer in made.values()])
        issuer = idp.issuer()
        for algorithm in ("RS256", "ES256"):
            token = made[algorithm].token(real(issuer, client_id="web"))
            for number, name, ways in (
                ("W1", "Starlette", starlette(AsyncAccessTokenVerifier(issuer, "api"), token)),
                ("W2", "Flask", flask(AccessTokenVerifier(issuer, "api"), token)),
            ):
                found = interleave(ways)
                table(f"{name}, {algorithm}", found, "by hand")
                what = f"{name}, {algorithm}: guard to a handler that verifies by hand"
                goals.append(Goal.of(number, what, found["guard"], found["by hand"], BOUNDS))
    return judge(sorted(goals, key=lambda goal: goal.number), check="--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
