"""Required encryption of a provider's responses, as registered."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, get_args

from .._wire.arguments import names_of
from ..exceptions import InvalidArgumentError

EncryptedArtefact = Literal["id_token", "userinfo", "response"]
"""An ID token, a response of the userinfo endpoint, or an authorization response (JARM)."""


def artefacts_of(names: object, decryption_keys: object) -> frozenset[str]:
    """Return the artefacts that must be encrypted; raise InvalidArgumentError for unknown ones."""
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
    """Return the artefacts that a registration encrypts; each argument is its algorithm, if any."""
    named: tuple[tuple[EncryptedArtefact, object], ...] = (
        ("id_token", id_token),
        ("userinfo", userinfo),
        ("response", response),
    )
    return [name for name, algorithm in named if algorithm]
