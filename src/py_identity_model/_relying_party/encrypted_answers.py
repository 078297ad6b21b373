"""What of a provider's answers must be encrypted, as it was registered."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, get_args

from .._wire.arguments import names_of
from ..exceptions import InvalidArgumentError

EncryptedArtefact = Literal["id_token", "userinfo", "response"]
"""An ID token, an answer of the userinfo endpoint, or an authorization response (JARM)."""


def artefacts_of(names: object, decryption_keys: object) -> frozenset[str]:
    """Return what must be encrypted; raise InvalidArgumentError for what cannot be."""
    found = frozenset(names_of("require_encrypted", names))
    unknown = sorted(found.difference(get_args(EncryptedArtefact)))
    if unknown:
        raise InvalidArgumentError(
            "require_encrypted must name some of id_token, userinfo, response, "
            f"not {', '.join(unknown)}"
        )
    if found and decryption_keys is None:
        raise InvalidArgumentError("require_encrypted needs decryption_keys")
    return found


def registered_artefacts(
    id_token: object, userinfo: object, response: object
) -> Collection[EncryptedArtefact]:
    """Return what a registration says is encrypted; each argument is its algorithm, if any."""
    named: tuple[tuple[EncryptedArtefact, object], ...] = (
        ("id_token", id_token),
        ("userinfo", userinfo),
        ("response", response),
    )
    return [name for name, algorithm in named if algorithm]
