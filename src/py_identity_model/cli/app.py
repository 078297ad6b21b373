"""The commands, gathered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from .. import __version__
from . import decode, discover, doctor, explain, keys, login, remote, serve, token, verify

EPILOG = (
    "Exit codes: 0 done, 1 refused or a check failed, 2 wrong usage or configuration, "
    "3 the provider or the network failed, 4 a login is needed."
)

app = typer.Typer(
    name="py-identity-model",
    help="OAuth 2.0 and OpenID Connect from a terminal.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they print local variables, secrets among them
    epilog=EPILOG,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """OAuth 2.0 and OpenID Connect from a terminal."""


_COMMANDS: dict[str, Callable[..., None]] = {
    "verify": verify.command,
    "doctor": doctor.command,
    "discover": discover.command,
    "decode": decode.command,
    "explain": explain.command,
    "login": login.command,
    "token": token.command,
    "userinfo": remote.userinfo,
    "introspect": remote.introspect,
    "revoke": remote.revoke,
    "logout": login.logout,
    "serve": serve.command,
}
for _name, _command in _COMMANDS.items():
    app.command(_name, epilog=EPILOG)(_command)
app.add_typer(keys.app)
