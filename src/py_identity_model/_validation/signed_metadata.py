"""Provider metadata that is signed (RFC 8414 §2.1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .._jose.encoding import parse_object
from .._jose.strict import Keys, verify_jws
from .._wire.compare import same_text
from ..exceptions import InvalidIssuerException, TokenValidationException


def verify_signed_metadata(
    document: Mapping[str, Any], keys: Keys, algorithms: Collection[str], *, issuer: str
) -> dict[str, Any]:
    """Return a metadata document in which what is signed has replaced what is not.

    ``document`` is that of a discovery response, ``keys`` are those that are trusted to sign
    metadata (not the ones it points to), ``issuer`` is who must have signed it.  Raises
    :class:`TokenValidationException` when ``signed_metadata`` is missing or cannot be verified,
    :class:`InvalidIssuerException` when somebody else signed, or it describes somebody else.

    Example::

        metadata = {"issuer": "https://op.example", "signed_metadata": signed_metadata}
        trusted = verify_signed_metadata(
            metadata, signing_keys, ["ES256"], issuer="https://op.example"
        )
    """
    signed = document.get("signed_metadata")
    if not isinstance(signed, str):
        raise TokenValidationException(
            "the document carries no signed_metadata", code="missing_signed_metadata"
        )
    try:
        claims = parse_object(verify_jws(signed, keys, algorithms))
    except ValueError as error:
        raise TokenValidationException(
            f"the signed metadata cannot be read: {error}", "payload", code="malformed_token"
        ) from None
    described = claims.get("issuer", document.get("issuer"))
    if not same_text(claims.get("iss"), issuer) or not same_text(described, issuer):
        raise InvalidIssuerException(
            "Invalid issuer: the metadata is somebody else's", {"expected": issuer}
        )
    members = {name: value for name, value in claims.items() if name != "iss"}
    return {**document, **members}
