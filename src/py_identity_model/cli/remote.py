"""``userinfo``, ``introspect`` and ``revoke``: what the provider says of users and tokens."""

from __future__ import annotations

from typing import Annotated

import typer

from . import inputs, session
from .output import Output
from .report import Exit

Hint = Annotated[
    str | None, typer.Option("--hint", help="access_token or refresh_token: what it is.")
]


def userinfo(
    client_id: inputs.ClientId,
    issuer: inputs.Issuer = None,
    preset: inputs.Preset = None,
    secret_stdin: inputs.SecretStdin = False,
    private_key: inputs.PrivateKeyFile = None,
    key_id: inputs.KeyId = None,
    key_algorithm: inputs.Algorithm = None,
    as_json: inputs.Json = False,
) -> None:
    """Print what the provider says of the user who is logged in."""
    with Output(as_json) as out:
        trusted = inputs.trusted(issuer, preset)
        credentials = session.Credentials(secret_stdin, private_key, key_id, key_algorithm)
        client, storage = session.opened(trusted, client_id, credentials)
        with out.waiting("asking the provider"):
            response = client.userinfo(storage.login(client))
        session.check_success(response, "userinfo")
        out.members(response.claims or {})


def introspect(
    client_id: inputs.ClientId,
    issuer: inputs.Issuer = None,
    preset: inputs.Preset = None,
    hint: Hint = None,
    token_file: inputs.TokenFile = None,
    private_key: inputs.PrivateKeyFile = None,
    key_id: inputs.KeyId = None,
    key_algorithm: inputs.Algorithm = None,
    as_json: inputs.Json = False,
) -> None:
    """Ask the issuer what a token is worth; exit code 1 if it is not active.

    The token comes by standard input, the client's secret by OIDC_CLIENT_SECRET or the keyring;
    or it has a --private-key.
    """
    with Output(as_json) as out:
        trusted = inputs.trusted(issuer, preset)
        credentials = session.Credentials(False, private_key, key_id, key_algorithm)
        client = session.without_logins(trusted, client_id, credentials)
        token = inputs.read_token(token_file)
        with out.waiting("asking the provider"):
            response = client.introspect(token, hint)
        session.check_success(response, "introspection")
        claims = response.claims or {}
        active = claims.get("active") is True
        out.members(claims, Exit.DONE if active else Exit.REFUSED)


def revoke(
    client_id: inputs.ClientId,
    issuer: inputs.Issuer = None,
    preset: inputs.Preset = None,
    hint: Hint = None,
    token_file: inputs.TokenFile = None,
    private_key: inputs.PrivateKeyFile = None,
    key_id: inputs.KeyId = None,
    key_algorithm: inputs.Algorithm = None,
    as_json: inputs.Json = False,
) -> None:
    """Revoke a token; one that the provider does not know counts as revoked.

    The token comes by standard input. To end a login, use `logout`.
    """
    with Output(as_json) as out:
        trusted = inputs.trusted(issuer, preset)
        credentials = session.Credentials(False, private_key, key_id, key_algorithm)
        client = session.without_logins(trusted, client_id, credentials)
        token = inputs.read_token(token_file)
        with out.waiting("asking the provider"):
            response = client.revoke(token, hint)
        session.check_success(response, "revocation")
        out.members({"revoked": True})
