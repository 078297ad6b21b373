"""Demonstrate the main task in both APIs, side by side: discovery, a token, its validation.

Without arguments it runs against the embedded provider; with ``--issuer`` against yours, as far as
it supports the steps.  Exits 0 only if every step succeeded.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx

import py_identity_model
from py_identity_model import (
    AuthorizationCodeTokenRequest,
    ClientCredentialsTokenRequest,
    DiscoveryDocumentRequest,
    DiscoveryDocumentResponse,
    RefreshTokenRequest,
    TokenValidationConfig,
    TokenValidationException,
    UserInfoRequest,
    aio,
    build_authorization_url,
    generate_pkce_pair,
    parse_authorize_callback_response,
    validate_authorize_callback_state,
)
from py_identity_model.testing import EmbeddedProvider

Call = Callable[..., Any]
"""Calls a function of one API by its name."""


class Failed(Exception):
    """A step failed."""


@dataclass
class Target:
    """The provider, and what is needed to request a token from it."""

    issuer: str
    client_id: str
    client_secret: str | None
    scope: str | None
    config: TokenValidationConfig
    embedded: EmbeddedProvider | None = None
    tokens: dict[int, str] = field(default_factory=dict)
    sessions: dict[int, dict[str, Any]] = field(default_factory=dict)


Step = tuple[str, Callable[[Target, Call], str]]


def discovery(target: Target, call: Call) -> str:
    return f"issuer {document(target, call).issuer}"


def document(target: Target, call: Call) -> DiscoveryDocumentResponse:
    response = call("get_discovery_document", DiscoveryDocumentRequest(target.issuer))
    if not response.is_successful:
        raise Failed(response.error)
    assert isinstance(response, DiscoveryDocumentResponse)
    return response


def token(target: Target, call: Call) -> str:
    request = ClientCredentialsTokenRequest(
        address=str(document(target, call).token_endpoint),
        client_id=target.client_id,
        client_secret=target.client_secret,
        scope=target.scope,
    )
    response = call("request_client_credentials_token", request)
    if not response.is_successful:
        raise Failed(response.error)
    issued = response.token
    target.tokens[id(call)] = issued["access_token"]
    lifetime = issued.get("expires_in", "?")
    return f"{issued.get('token_type')} token, {lifetime} s, scope {issued.get('scope', '-')!r}"


def claims(target: Target, call: Call) -> str:
    if target.tokens[id(call)].count(".") != 2:
        return "the token is opaque: nothing to validate here"
    found = validated(target, call, target.tokens[id(call)])
    shown = ("sub", "client_id", "aud", "scope")
    return ", ".join(f"{name}={found[name]}" for name in shown if name in found)


def validated(target: Target, call: Call, jwt: str) -> dict[str, Any]:
    found = call("validate_token", jwt, target.config, target.issuer)
    assert isinstance(found, dict)
    return found


def refusal(target: Target, call: Call, jwt: str, code: str) -> str:
    try:
        validated(target, call, jwt)
    except TokenValidationException as error:
        if error.code != code:
            raise Failed(f"refused as {error.code}, not as {code}") from error
        return f"refused: {error} ({error.code})"
    raise Failed("it was accepted")


def tampered(target: Target, call: Call) -> str:
    token(target, call)  # keys may have changed since the first one
    jwt = target.tokens[id(call)]
    if jwt.count(".") != 2:
        return "the token is opaque: nothing to tamper with"
    head, _, signature = jwt.rpartition(".")
    swapped = "B" if signature[9] == "A" else "A"
    return refusal(
        target, call, f"{head}.{signature[:9]}{swapped}{signature[10:]}", "invalid_signature"
    )


def expired(target: Target, call: Call) -> str:
    assert target.embedded is not None
    return refusal(target, call, target.embedded.mint(exp=int(time.time()) - 1), "token_expired")


def foreign(target: Target, call: Call) -> str:
    assert target.embedded is not None
    return refusal(target, call, target.embedded.mint(aud="another-api"), "invalid_audience")


def rotation(target: Target, call: Call) -> str:
    assert target.embedded is not None
    before = target.embedded.count("/jwks")
    target.embedded.rotate_keys()
    validated(target, call, target.embedded.mint())
    asked = target.embedded.count("/jwks") - before
    if asked != 1:
        raise Failed(f"{asked} requests for the new keys, one was due")
    return "new keys found with one request"


# There is no server: the demonstration acts as the browser.
REDIRECT_URI = "http://127.0.0.1:9/callback"


def login(target: Target, call: Call) -> str:
    assert target.embedded is not None
    disco, (verifier, challenge) = document(target, call), generate_pkce_pair()
    state, nonce = secrets.token_urlsafe(), secrets.token_urlsafe()
    url = build_authorization_url(
        str(disco.authorization_endpoint),
        target.client_id,
        REDIRECT_URI,
        "openid profile",
        state=state,
        nonce=nonce,
        code_challenge=challenge,
        code_challenge_method="S256",
    )
    arrived = httpx.get(url, trust_env=False).headers["location"]
    callback = parse_authorize_callback_response(arrived)
    checked = validate_authorize_callback_state(callback, state)
    if not checked.is_valid:
        raise Failed(checked.error)
    request = AuthorizationCodeTokenRequest(
        target.embedded.token_endpoint,
        target.client_id,
        str(callback.code),
        REDIRECT_URI,
        verifier,
        target.client_secret,
    )
    issued = token_of(call("request_authorization_code_token", request))
    config = TokenValidationConfig(perform_disco=True, audience=target.client_id)
    target.sessions[id(call)] = issued
    found = call("validate_id_token", issued["id_token"], config, target.issuer, nonce=nonce)
    return f"{found['sub']} logged in; state, nonce and the code's verifier fit"


def token_of(response: Any) -> dict[str, Any]:
    if not response.is_successful:
        raise Failed(response.error)
    return dict(response.token)


def userinfo(target: Target, call: Call) -> str:
    assert target.embedded is not None
    access_token = target.sessions[id(call)]["access_token"]
    request = UserInfoRequest(f"{target.issuer}/userinfo", access_token, target.embedded.user)
    response = call("get_userinfo", request)
    if not response.is_successful:
        raise Failed(response.error)
    return f"{response.claims}"


def renewal(target: Target, call: Call) -> str:
    session = target.sessions[id(call)]
    request = RefreshTokenRequest(
        f"{target.issuer}/token",
        target.client_id,
        session["refresh_token"],
        client_secret=target.client_secret,
    )
    token_of(call("refresh_token", request))
    again = call("refresh_token", request)
    if again.is_successful:
        raise Failed("a refresh token that was rotated worked again")
    return f"new tokens; the old refresh token is refused ({again.oauth_error})"


EVERYWHERE: list[Step] = [
    ("discovery document", discovery),
    ("token by client credentials", token),
    ("its claims, validated", claims),
]
EMBEDDED: list[Step] = [
    ("a user's login: code, PKCE, ID token", login),
    ("who the user is", userinfo),
    ("the login renewed", renewal),
    ("an expired token", expired),
    ("a token for somebody else", foreign),
    ("the provider rotates its keys", rotation),
]
LAST: list[Step] = [("a tampered copy", tampered)]


class Screen:
    """Prints the results, in colour on a terminal."""

    def __init__(self) -> None:
        self._colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def _paint(self, text: str, code: int) -> str:
        return f"\033[{code}m{text}\033[0m" if self._colour else text

    def title(self, text: str) -> None:
        print(f"\n{self._paint(text, 1)}")

    def outcome(self, api: str, text: str, milliseconds: float, *, good: bool) -> None:
        mark = self._paint("ok  ", 32) if good else self._paint("FAIL", 31)
        timing = self._paint(f"{milliseconds:6.1f} ms", 2)
        print(f"  {mark} {api:<28} {timing}  {text}")


def play(steps: list[Step], target: Target) -> bool:
    """Run every step in both APIs; say whether all went well."""
    screen, good = Screen(), True
    with asyncio.Runner() as loop:

        def blocking(name: str, *arguments: Any, **named: Any) -> Any:
            return getattr(py_identity_model, name)(*arguments, **named)

        def awaitable(name: str, *arguments: Any, **named: Any) -> Any:
            waiting: Coroutine[Any, Any, Any] = getattr(aio, name)(*arguments, **named)
            return loop.run(waiting)

        apis: list[tuple[str, Call]] = [
            ("py_identity_model", blocking),
            ("await py_identity_model.aio", awaitable),
        ]
        for title, step in steps:
            screen.title(title)
            for api, call in apis:
                began = time.perf_counter()
                try:
                    text, fine = step(target, call), True
                except Exception as error:
                    text, fine = f"{type(error).__name__}: {error}", False
                screen.outcome(api, text, (time.perf_counter() - began) * 1000, good=fine)
                good = good and fine
                if not fine and step is token:
                    return False
    return good


def arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--issuer", help="a provider of yours, by its issuer's URL")
    parser.add_argument("--client-id", help="a client that may use client credentials there")
    parser.add_argument("--scope", help="what to ask for")
    parser.add_argument("--audience", help="whom its tokens are for; unchecked if not given")
    parsed = parser.parse_args(given)
    if bool(parsed.issuer) is not bool(parsed.client_id):
        parser.error("--issuer and --client-id go together")
    if parsed.issuer and "OIDC_CLIENT_SECRET" not in os.environ:
        parser.error("put the client's secret into OIDC_CLIENT_SECRET")
    return parsed


def main(given: list[str]) -> int:
    options = arguments(given)
    with ExitStack() as stack:
        if options.issuer:
            unchecked = {"verify_aud": False} if options.audience is None else {}
            config = TokenValidationConfig(
                perform_disco=True, audience=options.audience, options=unchecked
            )
            secret = os.environ["OIDC_CLIENT_SECRET"]
            target = Target(options.issuer, options.client_id, secret, options.scope, config)
            steps = [*EVERYWHERE, *LAST]
        else:
            embedded = stack.enter_context(EmbeddedProvider())
            config = TokenValidationConfig(perform_disco=True, audience=embedded.audience)
            target = Target(
                embedded.issuer,
                embedded.client_id,
                embedded.client_secret,
                "read",
                config,
                embedded,
            )
            steps = [*EVERYWHERE, *EMBEDDED, *LAST]
        print(f"py-identity-model and the provider at {target.issuer}")
        good = play(steps, target)
    print("\nEverything happened as it should." if good else "\nNot everything went well.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
