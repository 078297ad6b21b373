"""Where commands get tokens and secrets from: standard input, the environment, the keyring.

Never from arguments: those stay in the shell's history, and every user of the machine can read
them while the program runs.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from .. import providers
from ..exceptions import ConfigurationException, InvalidArgumentError
from ..providers import Provider

SERVICE = "py-identity-model"
_LONGEST = 1024 * 1024  # characters of a token, or of a file with one, or with keys

Issuer = Annotated[
    str | None,
    typer.Option("--issuer", "-i", envvar="OIDC_ISSUER", help="The provider's issuer, a URL."),
]
Preset = Annotated[
    str | None,
    typer.Option(
        "--preset",
        help="A known provider instead of --issuer: 'keycloak https://id.example.com main'.",
    ),
]
ClientId = Annotated[str, typer.Option("--client-id", envvar="OIDC_CLIENT_ID", help="The client.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
TokenFile = Annotated[
    Path | None,
    typer.Option("--token-file", help="Read the token from a file instead of standard input."),
]
SecretStdin = Annotated[
    bool,
    typer.Option(
        "--secret-stdin",
        help="Read the client's secret from standard input; else OIDC_CLIENT_SECRET, or the "
        "keyring's entry 'py-identity-model', user 'ISSUER CLIENT_ID'.",
    ),
]
PrivateKeyFile = Annotated[
    Path | None,
    typer.Option(
        "--private-key",
        envvar="OIDC_PRIVATE_KEY_FILE",
        help="A file with the client's private key, PEM or JWK, instead of a secret "
        "(private_key_jwt).",
    ),
]
KeyId = Annotated[
    str | None,
    typer.Option(
        "--key-id", help="The kid of the private key; by default the JWK's, or its thumbprint."
    ),
]
Algorithm = Annotated[
    str | None,
    typer.Option("--key-algorithm", help="How the private key signs, such as PS256."),
]


# One branch per mistake in what was typed, each with what to write instead.
def trusted(issuer: str | None, preset: str | None) -> str | Provider:
    """Return the issuer, or the preset that a text such as ``keycloak URL REALM`` names.

    Options of presets are written ``name=value``, lists separated by commas.  Raises
    :class:`InvalidArgumentError` where neither or both are given, or the preset is unknown.
    """
    if (issuer is None) == (preset is None):
        raise InvalidArgumentError("give --issuer (or OIDC_ISSUER), or --preset")
    if preset is None:
        assert issuer is not None
        return issuer
    try:
        name, *words = shlex.split(preset) or [""]
    except ValueError as error:
        raise InvalidArgumentError(f"--preset: {error}") from None
    if name not in providers.__all__ or name in {"Note", "Provider"}:
        known = ", ".join(one for one in providers.__all__ if one.islower())
        raise InvalidArgumentError(f"--preset: {name!r} is not known; known are {known}")
    named = dict(word.split("=", 1) for word in words if _is_named(word))
    options = {key: _option(key, value) for key, value in named.items()}
    try:
        found: Provider = getattr(providers, name)(
            *[word for word in words if not _is_named(word)], **options
        )
    except TypeError as error:
        raise InvalidArgumentError(f"--preset: {error}") from None
    return found


def _is_named(word: str) -> bool:
    return word.partition("=")[0].isidentifier() and "=" in word


def _option(name: str, value: str) -> str | list[str]:
    is_list = name.endswith("ids") or name in {"repositories", "allowed"}
    return value.split(",") if is_list else value


def read_token(file: Path | None) -> str:
    """Return a token from ``file``, the variable ``OIDC_TOKEN``, or standard input.

    ``Bearer`` before it is left out.  Raises :class:`InvalidArgumentError` where there is none.
    """
    if file is not None:
        text = content(file)
    elif "OIDC_TOKEN" in os.environ:
        text = os.environ["OIDC_TOKEN"]
    elif sys.stdin.isatty():
        text = str(typer.prompt("token", hide_input=True, err=True))
    else:
        text = piped(lambda: sys.stdin.read(_LONGEST))
    words = text.split()
    if words and words[0].lower() in {"bearer", "dpop"}:
        del words[0]
    if len(words) != 1:
        raise InvalidArgumentError(
            "one token is needed, by standard input, --token-file or OIDC_TOKEN"
        )
    return words[0]


def read_secret(issuer: str, client_id: str, *, from_stdin: bool) -> str | None:
    """Return a client's secret; None for one that has none, a public client."""
    if from_stdin:
        secret = piped(sys.stdin.readline).rstrip("\r\n")
        if not secret:
            raise InvalidArgumentError("--secret-stdin: standard input holds no secret")
        return secret
    return os.environ.get("OIDC_CLIENT_SECRET") or _from_keyring(issuer, client_id)


def piped(read: Callable[[], str]) -> str:
    """Return what ``read`` reads from standard input; raises :class:`InvalidArgumentError`."""
    try:
        return read()
    except UnicodeDecodeError as error:  # which also holds what was read
        raise InvalidArgumentError(f"standard input is not {error.encoding}") from None


def _from_keyring(issuer: str, client_id: str) -> str | None:
    try:
        import keyring
    except ImportError:  # installed with other parts of the extra left out
        return None
    try:
        return keyring.get_password(SERVICE, f"{issuer} {client_id}")
    except Exception:  # there is none, it is locked, or its backend, a plugin, is broken
        return None


def content(file: Path) -> str:
    """Return the text in a file, cut; raises ConfigurationException."""
    try:
        with file.open(encoding="utf-8") as opened:
            return opened.read(_LONGEST)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationException(f"{file} cannot be read: {error}") from None
