"""``login`` and ``logout``: who uses this machine, at a provider."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

from .. import LoopbackListener, OAuthClient, Session
from ..exceptions import ConfigurationException, NetworkException
from . import inputs, session
from .output import Output
from .storage import Storage

_SCOPES = ("openid", "profile", "email", "offline_access")


def log_in_by_device(
    client: OAuthClient, show: Callable[[str, str, str | None], object], scope: str | None = None
) -> Session:
    """Log in on another device (RFC 8628): ``show`` gets the address, the code, and both in one."""
    device = client.request_device_login(scope)
    show(
        str(device.verification_uri),
        str(device.user_code),
        device.verification_uri_complete,
    )
    return client.wait_for_device_login(device, scope)


def log_out(client: OAuthClient, storage: Storage) -> tuple[bool, str | None]:
    """End the login: delete it here, and revoke its tokens.

    Returns whether the provider revoked them, and where the browser ends the session there.
    Raises ``login_required`` if nobody is logged in.
    """
    current = storage.login(client)
    try:
        url: str | None = client.end_session_url(current)
    except (ConfigurationException, NetworkException):  # not offered, or the provider is down
        url = None
    try:
        revoked = current.revoke().is_successful
    except ConfigurationException:  # it has no such endpoint
        revoked = False
        storage.sessions.delete(_name(current))
    storage.forget(client)
    return revoked, url


def _name(current: Session) -> str:
    return str(json.loads(current.to_json())["name"])


def command(
    client_id: inputs.ClientId,
    issuer: inputs.Issuer = None,
    preset: inputs.Preset = None,
    scope: session.Scope = None,
    resource: session.Resource = None,
    device: Annotated[
        bool, typer.Option("--device", help="Log in on another device, by a code.")
    ] = False,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address instead of opening it.")
    ] = False,
    port: Annotated[int, typer.Option("--port", help="Of the redirect; 0 is any.")] = 0,
    path: Annotated[
        str, typer.Option("--path", help="Of the redirect URI that is registered.")
    ] = "/callback",
    login_hint: Annotated[str | None, typer.Option("--login-hint", help="Who logs in.")] = None,
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds to wait.")] = 300.0,
    secret_stdin: inputs.SecretStdin = False,
    private_key: inputs.PrivateKeyFile = None,
    key_id: inputs.KeyId = None,
    key_algorithm: inputs.Algorithm = None,
    as_json: inputs.Json = False,
) -> None:
    """Log in with the browser (RFC 8252, PKCE); `token` has fresh tokens afterwards.

    The redirect URI is http://127.0.0.1:PORT/callback: register it without a port, or with yours.
    """
    with Output(as_json) as out:
        trusted = inputs.trusted(issuer, preset)
        credentials = session.Credentials(secret_stdin, private_key, key_id, key_algorithm)
        client, storage = session.opened(trusted, client_id, credentials)
        if scope is None and isinstance(trusted, str):  # a preset knows its own
            scope = usual_scope(client)
        with out.waiting("waiting for the login"):
            if device:
                found = log_in_by_device(client, _shower(out), scope)
            else:
                with LoopbackListener(port, path) as listener:
                    found = listener.log_in(
                        client,
                        open_browser=_opener(out, prints=no_browser),
                        scope=scope,
                        login_hint=login_hint,
                        resource=resource,
                        timeout=timeout,
                    )
        storage.remember(client, found)
        members: dict[str, Any] = {
            "issuer": client.issuer,
            "subject": found.claims.get("sub"),
            "renewable": found.refresh_token is not None,
            "stored": storage.protection,
            "encrypted": storage.encrypted,
        }
        if not storage.encrypted:
            out.say(f"Warning: this login is stored in {storage.protection}", "bold yellow")
        out.members(members)


def usual_scope(client: OAuthClient) -> str:
    """Return what of openid, profile, email and offline_access a provider says that it knows."""
    known = client.metadata().scopes_supported
    if not isinstance(known, list):
        return "openid"
    return " ".join(one for one in _SCOPES if one in {"openid", *known})


def _opener(out: Output, *, prints: bool) -> Callable[[str], object]:
    def open_browser(url: str) -> None:
        out.say(f"Open {url}")
        if not prints:
            typer.launch(url)

    return open_browser


def _shower(out: Output) -> Callable[[str, str, str | None], object]:
    def show(address: str, code: str, complete: str | None) -> None:
        out.say(f"Open {complete or address}")
        out.say(f"and enter {code}")

    return show


def logout(
    client_id: inputs.ClientId,
    issuer: inputs.Issuer = None,
    preset: inputs.Preset = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address instead of opening it.")
    ] = False,
    secret_stdin: inputs.SecretStdin = False,
    private_key: inputs.PrivateKeyFile = None,
    key_id: inputs.KeyId = None,
    key_algorithm: inputs.Algorithm = None,
    as_json: inputs.Json = False,
) -> None:
    """Log out: forget the login, revoke its tokens, and end the session at the provider."""
    with Output(as_json) as out:
        trusted = inputs.trusted(issuer, preset)
        credentials = session.Credentials(secret_stdin, private_key, key_id, key_algorithm)
        client, storage = session.opened(trusted, client_id, credentials)
        with out.waiting("logging out"):
            revoked, url = log_out(client, storage)
        ended: dict[str, Any] = {"logged_out": True, "revoked": revoked}
        if as_json:
            ended["end_session_url"] = url
        elif url is not None:
            _opener(out, prints=no_browser)(url)
        out.members(ended)
