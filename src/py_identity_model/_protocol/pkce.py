"""Proof Key for Code Exchange (RFC 7636)."""

from __future__ import annotations

import hashlib
import secrets

from .._jose.encoding import encode_base64url
from ..exceptions import InvalidArgumentError

_SHORTEST, _LONGEST = 43, 128
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
METHODS = ("S256", "plain")


def generate_code_verifier(length: int = 128) -> str:
    """Return a new secret for one authorization request, of ``length`` characters.

    Raises :class:`InvalidArgumentError` (a ``ValueError``) unless 43 to 128.  RFC 7636 §4.1.

    Example::

        code_verifier = generate_code_verifier()
    """
    _check_length(length)
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def generate_code_challenge(verifier: str, method: str = "S256") -> str:
    """Return the challenge for ``verifier``; ``method`` is S256 or ``plain``.

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for another method, or a verifier
    that is not 43 to 128 characters long.  RFC 7636 §4.2.

    Example::

        challenge = generate_code_challenge(code_verifier)
    """
    _check_length(len(verifier))
    check_method(method)
    if method == "plain":
        return verifier
    return encode_base64url(hashlib.sha256(verifier.encode()).digest()).decode()


def generate_pkce_pair(method: str = "S256", verifier_length: int = 128) -> tuple[str, str]:
    """Return a new verifier of ``verifier_length`` characters, and its challenge.

    Raises :class:`InvalidArgumentError` like the two functions it calls.  RFC 7636 §4.

    Example::

        verifier, challenge = generate_pkce_pair()
    """
    verifier = generate_code_verifier(verifier_length)
    return verifier, generate_code_challenge(verifier, method)


def check_method(method: str) -> None:
    """Raise InvalidArgumentError for an unknown ``code_challenge_method``."""
    if method not in METHODS:
        raise InvalidArgumentError(f"code_challenge_method must be S256 or plain, not {method}")


def _check_length(length: int) -> None:
    if not _SHORTEST <= length <= _LONGEST:
        raise InvalidArgumentError(
            f"the code verifier must have between 43 and 128 characters, not {length}"
        )
