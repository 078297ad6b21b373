"""``token``: an access token that is good now, for ``curl``."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import OAuthClient, TokenSource
from . import inputs, session
from .output import Output
from .storage import Storage


def machine_token(
    client: OAuthClient,
    scope: str | None = None,
    resource: str | None = None,
    *,
    renew: bool = False,
) -> str:
    """Return an access token of the client's own: the stored one, or a new one."""
    source = client.token_source(scope=scope, resource=resource)
    return _from(source, renew=renew)


def user_token(
    client: OAuthClient,
    storage: Storage,
    scope: str | None = None,
    resource: str | None = None,
    *,
    renew: bool = False,
) -> str:
    """Return an access token of the login, renewed if that is needed."""
    login = storage.login(client)
    return _from(client.token_source(session=login, scope=scope, resource=resource), renew=renew)


def _from(source: TokenSource, *, renew: bool) -> str:
    token = source.get_token().access_token
    return source.renew(token).access_token if renew else token


def command(
    client_id: inputs.ClientId,
    issuer: inputs.Issuer = None,
    preset: inputs.Preset = None,
    machine: Annotated[
        bool,
        typer.Option("--client-credentials", help="The client's own token, of no user."),
    ] = False,
    scope: session.Scope = None,
    resource: session.Resource = None,
    renew: Annotated[
        bool,
        typer.Option("--renew", help="Replace the stored token, which an API refused."),
    ] = False,
    secret_stdin: inputs.SecretStdin = False,
    private_key: inputs.PrivateKeyFile = None,
    key_id: inputs.KeyId = None,
    key_algorithm: inputs.Algorithm = None,
    as_json: inputs.Json = False,
) -> None:
    """Print an access token that is good now: of the login, silently renewed, or the client's own.

    curl -H "Authorization: Bearer $(py-identity-model token …)" https://api.example.com
    """
    with Output(as_json) as out:
        trusted = inputs.trusted(issuer, preset)
        credentials = session.Credentials(secret_stdin, private_key, key_id, key_algorithm)
        client, storage = session.opened(trusted, client_id, credentials)
        with out.waiting("waiting for the token"):
            if machine:
                token = machine_token(client, scope, resource, renew=renew)
            else:
                token = user_token(client, storage, scope, resource, renew=renew)
        out.text(token, {"access_token": token})
