"""Signed provider metadata (RFC 8414 §2.1)."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any

from .._jose.claims import ClaimsRules
from .._jose.encoding import parse_object
from .._jose.strict import Keys, verify_jws
from .._jose.token_types import is_for_something_else
from .._jose.tokens import header_members
from .._wire.compare import same_text
from ..exceptions import InvalidIssuerException, TokenValidationException

_TIMES = ClaimsRules(
    leeway=60.0, verify_iss=False, verify_aud=False, verify_sub=False, verify_jti=False
)


def verify_signed_metadata(
    document: Mapping[str, Any], keys: Keys, algorithms: Collection[str], *, issuer: str
) -> dict[str, Any]:
    """Return a metadata document with its signed values in place of unsigned ones.

    :param document: the document of a discovery response
    :param keys: keys that are trusted to sign metadata, not those that it points to
    :param algorithms: the allow-list of signature algorithms
    :param issuer: the issuer that must have signed it

    Raises :class:`TokenValidationException` when ``signed_metadata`` is missing, cannot be
    verified, is outside its times (a minute is tolerated), or is another kind of token;
    :class:`InvalidIssuerException` when it was signed by, or describes, another issuer.

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
    if is_for_something_else(header_members(signed).get("typ")):
        raise TokenValidationException("The JWT has an unexpected type", "header", code="wrong_typ")
    _TIMES.check(claims, time.time())
    described = claims.get("issuer", document.get("issuer"))
    if not same_text(claims.get("iss"), issuer) or not same_text(described, issuer):
        raise InvalidIssuerException(
            "Invalid issuer: the metadata belongs to another issuer", {"expected": issuer}
        )
    members = {name: value for name, value in claims.items() if name != "iss"}
    return {**document, **members}
