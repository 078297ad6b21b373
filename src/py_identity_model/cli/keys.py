"""``keys``: private keys made, and what of them may be published."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from .. import DPoPKey
from .._jose.algorithms import ML_DSA
from ..exceptions import ConfigurationException, InvalidArgumentError
from . import inputs
from .output import Output

app = typer.Typer(
    name="keys",
    help="Make keys, and print what of them may be published.",
    no_args_is_help=True,
)
_ALGORITHMS = ("ES256", "ES384", "ES512", "RS256", "EdDSA", *ML_DSA)

KeyFile = Annotated[
    Path | None, typer.Argument(help="The private key (PEM or JWK); standard input without it.")
]


def load(material: str, algorithm: str | None = None) -> DPoPKey:
    """Return the private key in PEM or JWK text, with the algorithm that goes with it.

    Raises :class:`InvalidArgumentError` for anything else; the material is never quoted.
    """
    read = DPoPKey.from_jwk if _is_jwk(material) else DPoPKey.from_pem
    for one in (algorithm,) if algorithm else (*_own_algorithm(material), *_ALGORITHMS):
        try:
            return read(material, one)
        except InvalidArgumentError:
            continue
    what = f"sign by {algorithm}" if algorithm else "sign"
    raise InvalidArgumentError(f"this is not a private key in PEM or JWK that can {what}")


def own_kid(material: str) -> str | None:
    """Return the ``kid`` that a JWK has."""
    kid = json.loads(material).get("kid") if _is_jwk(material) else None
    return kid if isinstance(kid, str) else None


def _own_algorithm(material: str) -> list[str]:
    try:
        named = json.loads(material).get("alg") if _is_jwk(material) else None
    except ValueError:
        return []
    return [named] if isinstance(named, str) else []


def _is_jwk(material: str) -> bool:
    return material.lstrip().startswith("{")


def public_jwk(key: DPoPKey) -> dict[str, Any]:
    """Return the public half as it is published: named by its thumbprint (RFC 7638)."""
    return {
        **key.public_jwk,
        "kid": key.jwk_thumbprint,
        "use": "sig",
        "alg": key.algorithm,
    }


def public_pem(key: DPoPKey) -> str:
    """Return the public half as PEM."""
    private = load_pem_private_key(key.private_key_pem, None)
    form = PublicFormat.SubjectPublicKeyInfo
    return private.public_key().public_bytes(Encoding.PEM, form).decode()


def write_key(key: DPoPKey, file: Path) -> None:
    """Write a private key for its owner alone; an existing file is never replaced.

    Raises :class:`ConfigurationException`.
    """
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigurationException(f"{file} cannot be made: {error.strerror}") from None
    with os.fdopen(handle, "wb") as opened:
        opened.write(key.private_key_pem)


@app.command()
def generate(
    algorithm: Annotated[
        str, typer.Option("--algorithm", "-a", help=f"One of {', '.join(_ALGORITHMS)}.")
    ] = "ES256",
    file: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the private key here (0600).")
    ] = None,
    as_json: inputs.Json = False,
) -> None:
    """Make a private key: for private_key_jwt, DPoP or signed requests."""
    with Output(as_json) as out:
        if algorithm not in _ALGORITHMS:
            raise InvalidArgumentError(f"--algorithm must be one of {', '.join(_ALGORITHMS)}")
        key = DPoPKey(algorithm)
        if file is not None:
            write_key(key, file)
            out.members({"file": str(file), "public": public_jwk(key)})
            return
        pem = key.private_key_pem.decode()
        out.text(pem.rstrip(), {"private_key": pem, "public": public_jwk(key)})


@app.command()
def public(
    file: KeyFile = None,
    pem: Annotated[bool, typer.Option("--pem", help="As PEM instead of a JWK.")] = False,
    as_json: inputs.Json = False,
) -> None:
    """Print the public half of a key."""
    with Output(as_json) as out:
        key = _read(file)
        shown = public_pem(key).rstrip() if pem else json.dumps(public_jwk(key), indent=2)
        out.text(shown, {"pem": shown} if pem else public_jwk(key))


@app.command()
def jwks(
    files: Annotated[list[Path], typer.Argument(help="Private keys, PEM or JWK.")],
    as_json: inputs.Json = False,
) -> None:
    """Print the key set to publish at your jwks_uri: the public halves alone."""
    with Output(as_json) as out:
        found: Mapping[str, Any] = {"keys": [public_jwk(_read(file)) for file in files]}
        out.text(json.dumps(found, indent=2), found)


@app.command()
def thumbprint(file: KeyFile = None, as_json: inputs.Json = False) -> None:
    """Print the thumbprint of a key (RFC 7638): what jkt and dpop_jkt are."""
    with Output(as_json) as out:
        found = _read(file).jwk_thumbprint
        out.text(found, {"thumbprint": found})


def _read(file: Path | None) -> DPoPKey:
    return load(inputs.piped(sys.stdin.read) if file is None else inputs.content(file))
