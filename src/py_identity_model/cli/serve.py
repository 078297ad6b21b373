"""``serve``: the embedded provider on a fixed port, for development."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Annotated

import typer

from . import inputs
from .output import Output


def command(
    port: Annotated[int, typer.Option("--port", "-p", help="Where it listens; 0 is any.")] = 8080,
    users: Annotated[
        Path | None,
        typer.Option("--users", help="A JSON or TOML file: names of users, with their claims."),
    ] = None,
    like: Annotated[
        str | None, typer.Option("--like", help="A provider whose habits it takes on: keycloak…")
    ] = None,
    audience: Annotated[str, typer.Option("--audience", "-a", help="For its tokens.")] = "api",
    as_json: inputs.Json = False,
) -> None:
    """Run a small OpenID Provider on this machine until it is interrupted: for development.

    The client's secret is OIDC_CLIENT_SECRET, or the word "secret".
    """
    with Output(as_json) as out:
        # Here, because most commands do without the extra 'testing'.
        from ..testing.standalone import development_provider, serve

        provider = development_provider(
            port=port,
            users=users,
            like=like,
            audience=audience,
            client_secret=os.environ.get("OIDC_CLIENT_SECRET") or "secret",
        )
        serve(provider, out.members, _stop)


_stop = threading.Event()
