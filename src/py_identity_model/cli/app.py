"""The commands, gathered."""

from __future__ import annotations

import typer

from . import doctor, explain, verify

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
app.command("verify", epilog=EPILOG)(verify.command)
app.command("doctor", epilog=EPILOG)(doctor.command)
app.command("explain", epilog=EPILOG)(explain.command)
