"""What the commands of a login share: options, the client, and its session."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import OAuthClient, TokenRequestException
from ..providers import Provider
from . import inputs
from .storage import Storage, client_of, open_storage

Scope = Annotated[str | None, typer.Option("--scope", "-s", help="Scopes, separated by spaces.")]
Resource = Annotated[
    str | None, typer.Option("--resource", help="The API that the token is for, a URL (RFC 8707).")
]


def opened(
    trusted: str | Provider, client_id: str, *, secret_stdin: bool
) -> tuple[OAuthClient, Storage]:
    """Return a client, with its secret if it has one, and the stores of its logins."""
    issuer = trusted if isinstance(trusted, str) else str(trusted.issuer)
    secret = inputs.read_secret(issuer, client_id, from_stdin=secret_stdin)
    storage = open_storage()
    return client_of(trusted, client_id, secret, storage), storage


def check_success(response: object, what: str) -> None:
    """Raise TokenRequestException for an answer that failed."""
    stored = vars(response)
    if not stored["is_successful"]:
        said = {"oauth_error": stored.get("oauth_error")}
        raise TokenRequestException(f"{what}: {stored.get('error')}", None, None, said)
