"""What the commands of a login share: options, the client, and its session."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from .. import OAuthClient, PrivateKeyJwtAuthentication, TokenRequestException
from ..exceptions import InvalidArgumentError
from ..providers import Provider
from . import inputs, keys
from .storage import Storage, open_storage

Scope = Annotated[str | None, typer.Option("--scope", "-s", help="Scopes, separated by spaces.")]
Resource = Annotated[
    str | None, typer.Option("--resource", help="The API that the token is for, a URL (RFC 8707).")
]


@dataclass(frozen=True)
class Credentials:
    """How the client authenticates: by a secret, a private key, or not at all."""

    secret_stdin: bool = False
    private_key: Path | None = None
    key_id: str | None = None
    algorithm: str | None = None

    def signing(self) -> PrivateKeyJwtAuthentication | None:
        """Return the authentication by the private key; None without one.

        Raises :class:`InvalidArgumentError` for a key that cannot sign, or that comes with a
        secret.
        """
        if self.private_key is None:
            if self.key_id or self.algorithm:
                raise InvalidArgumentError("--key-id and --key-algorithm need --private-key")
            return None
        if self.secret_stdin:
            raise InvalidArgumentError("give --private-key or --secret-stdin, not both")
        material = inputs.content(self.private_key)
        key = keys.load(material, self.algorithm)
        return PrivateKeyJwtAuthentication(
            key.private_key_pem.decode(),
            key.algorithm,
            self.key_id or keys.own_kid(material) or key.jwk_thumbprint,
        )


def opened(
    trusted: str | Provider, client_id: str, credentials: Credentials
) -> tuple[OAuthClient, Storage]:
    """Return a client, with its key or secret if it has one, and the stores of its logins."""
    signing, secret = _authentication(trusted, client_id, credentials)
    storage = open_storage()
    client = OAuthClient(
        trusted,
        client_id,
        signing,
        client_secret=secret,
        token_store=storage.tokens,
        session_store=storage.sessions,
    )
    return client, storage


def without_logins(
    trusted: str | Provider, client_id: str, credentials: Credentials
) -> OAuthClient:
    """Return a client that needs no stores, whatever the state of the keyring."""
    signing, secret = _authentication(trusted, client_id, credentials)
    return OAuthClient(trusted, client_id, signing, client_secret=secret)


def _authentication(
    trusted: str | Provider, client_id: str, credentials: Credentials
) -> tuple[PrivateKeyJwtAuthentication | None, str | None]:
    signing = credentials.signing()
    if signing is not None:
        return signing, None
    issuer = trusted if isinstance(trusted, str) else str(trusted.issuer)
    return None, inputs.read_secret(issuer, client_id, from_stdin=credentials.secret_stdin)


def check_success(response: object, what: str) -> None:
    """Raise TokenRequestException for an answer that failed."""
    stored = vars(response)
    if not stored["is_successful"]:
        said = {"oauth_error": stored.get("oauth_error")}
        raise TokenRequestException(f"{what}: {stored.get('error')}", None, None, said)
