"""Plays one program of ``docs/programs/migration``, and prints what it answered.

It imports nothing of this project: programs before a migration run where it is not installed.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

BASE = "https://testserver"


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: :func:`visit` does, as browsers do."""

    def redirect_request(self, *arguments: Any) -> None:
        return None


def provider_answers(url: str) -> str:
    """Return where the provider sends the browser."""
    try:
        urllib.request.build_opener(_Stay).open(url)
    except urllib.error.HTTPError as answer:
        return str(answer.headers["location"])
    raise AssertionError(f"{url} is no redirect")


def visit(get: Callable[[str], Any], url: str) -> Any:
    """Return the answer at which redirects, to the provider and back, end."""
    for _ in range(8):
        if url.startswith("http") and not url.startswith(BASE):
            url = provider_answers(url)
            continue
        answer = get(url.removeprefix(BASE))
        if "location" not in answer.headers:
            return answer
        url = answer.headers["location"]
    raise AssertionError(f"too many redirects, at last to {url}")


def play_function(program: Any) -> list[Any]:
    good, *bad = [os.environ["GOOD"], *os.environ["BAD"].split()]
    answers = (program.caller(f"Bearer {good}") for _ in range(3))
    # On a busy machine, loading what a first token needs may take longer than a guard waits.
    first = next((answer for answer in answers if answer is not None), None)
    return [first, *(program.caller(f"Bearer {token}") for token in bad)]


def play_service(program: Any) -> list[Any]:
    return [program.whoami(), program.whoami()]


def play_flask(program: Any) -> list[Any]:
    client = program.app.test_client()
    return [visit(lambda url: client.get(url, base_url=BASE), "/me").json]


def starlette_client(program: Any) -> Any:
    from starlette.testclient import TestClient

    return TestClient(program.app, base_url=BASE, follow_redirects=False)


def play_starlette(program: Any) -> list[Any]:
    return [visit(starlette_client(program).get, "/me").json()]


def play_django(program: Any) -> list[Any]:
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0)
    client = Client()
    return [json.loads(visit(lambda url: client.get(url, secure=True), "/me").content)]


def be_entra() -> None:
    """Have this machine pass for Entra in this process."""
    resolve, connect = socket.getaddrinfo, socket.socket.connect

    def resolve_here(host: Any, *more: Any, **options: Any) -> Any:
        known = host in ("login.microsoftonline.com", b"login.microsoftonline.com")
        return resolve("127.0.0.1" if known else host, *more, **options)

    def connect_here(self: socket.socket, address: Any) -> None:
        here = ("127.0.0.1", int(os.environ["PORT"]))
        connect(self, here if address == ("127.0.0.1", 443) else address)

    for place, name, value in (
        (socket, "getaddrinfo", resolve_here),
        (socket.socket, "connect", connect_here),
    ):
        setattr(place, name, value)


def play_guard(program: Any) -> list[Any]:
    get = starlette_client(program).get
    good, *bad = [os.environ["GOOD"], *os.environ["BAD"].split()]
    answer = get("/me", headers={"Authorization": f"Bearer {good}"})
    refused = [get("/me", headers={"Authorization": f"Bearer {token}"}) for token in bad]
    return [answer.json(), *(one.status_code in (401, 403) for one in refused)]


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    be_entra()
    answers = globals()[f"play_{sys.argv[3]}"](importlib.import_module(sys.argv[2]))
    print(json.dumps(answers))
