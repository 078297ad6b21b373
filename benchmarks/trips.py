"""How far calls travel through the package, as a table: `python -m benchmarks.trips`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, TypeVar

import httpx

import py_identity_model
from py_identity_model import (
    AccessTokenVerifier,
    ClientCredentialsTokenRequest,
    ClientSecretBasic,
    OAuthClient,
    TokenAuth,
    TokenSource,
    TokenValidationConfig,
    clear_discovery_cache,
    clear_jwks_cache,
    request_client_credentials_token,
    validate_token,
)
from py_identity_model.testing import EmbeddedProvider

T = TypeVar("T")

ROOT = str(Path(py_identity_model.__file__).parent)
TESTING = str(Path(ROOT, "testing"))
NAMELESS = ("<genexpr>", "<listcomp>", "<dictcomp>", "<setcomp>")


class Trip(NamedTuple):
    """The functions of the package that one call went through: file and name, and how deep."""

    calls: list[tuple[str, str]]
    depths: list[int]

    def row(self, what: str) -> str:
        """Return a row of the table."""
        files = [file for file, _ in self.calls]
        switches = sum(one != other for one, other in pairwise(files))
        return (
            f"| {what} | {len(self.calls)} | {len(set(self.calls))} | {len(set(files))} "
            f"| {switches} | {max(self.depths)} |"
        )


def traced(call: Callable[[], T]) -> tuple[T, Trip]:
    """Return what ``call`` returns, and its trip; the threads that it begins travel with it."""
    trip = Trip([], [])

    def note(frame: FrameType, event: str, _: Any) -> None:
        file, name = frame.f_code.co_filename, frame.f_code.co_qualname
        inside = file.startswith(ROOT) and not file.startswith(TESTING)
        # The body of a lambda in a function has a name of its own, and counts.
        named = name not in {"<lambda>", "<module>"} and not name.endswith(NAMELESS)
        if event == "call" and inside and named:
            trip.calls.append((file, name))
            trip.depths.append(_depth(frame))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        return call(), trip
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def _depth(frame: FrameType | None) -> int:
    depth = 0
    while frame is not None:
        depth += frame.f_code.co_filename.startswith(ROOT)
        frame = frame.f_back
    return depth


def main() -> None:
    """Print the table."""
    print("| trip | calls | distinct functions | files | switches of file | depth |")
    print("|---|---|---|---|---|---|")

    def show(what: str, call: Callable[[], T]) -> T:
        result, trip = traced(call)
        print(trip.row(what))
        return result

    with EmbeddedProvider(redirect_uris=None) as provider:
        issuer, token = provider.issuer, provider.mint(sub="alice")
        config = TokenValidationConfig(perform_disco=True, audience=provider.audience)
        validate: Callable[[], object] = lambda: validate_token(token, config, issuer)  # noqa: E731
        show("`validate_token`, first in the process", validate)
        clear_jwks_cache()
        clear_discovery_cache()
        show("`validate_token`, cold, imports done", validate)
        show("`validate_token`, warm", validate)
        request = ClientCredentialsTokenRequest(
            provider.token_endpoint, provider.client_id, provider.client_secret
        )
        request_client_credentials_token(request)
        show("client credentials, next", lambda: request_client_credentials_token(request))
        client = OAuthClient(
            issuer,
            provider.client_id,
            ClientSecretBasic(provider.client_secret),
            redirect_uri="http://127.0.0.1/cb",
        )
        for what in ("", "`OAuthClient.callback`, all cached"):
            login = client.authorization_request()
            answer = httpx.get(login.url, follow_redirects=False).headers["location"]
            _, trip = traced(lambda: client.callback(answer, login))  # noqa: B023
            if what:
                print(trip.row(what))
        auth = TokenAuth(TokenSource(request))
        transport = httpx.MockTransport(lambda request: httpx.Response(200))
        api = httpx.Client(auth=auth, transport=transport)
        show("httpx request with a `TokenAuth`, first", lambda: api.get("https://api.example/"))
        show("httpx request with a `TokenAuth`, fresh", lambda: api.get("https://api.example/"))
        verifier = AccessTokenVerifier(issuer, audience=provider.audience)
        verifier.verify(f"Bearer {token}")
        show("`AccessTokenVerifier.verify`, warm", lambda: verifier.verify(f"Bearer {token}"))


if __name__ == "__main__":
    main()
