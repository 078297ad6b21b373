"""Parsing and verification of signed tokens (RFC 7515 §5.2)."""

from typing import Any, NamedTuple

from ..exceptions import (
    InvalidIssuerException,
    SignatureVerificationException,
    TokenValidationException,
)
from .algorithms import ALGORITHMS, is_usable
from .claims import ClaimsRules, names_issuer
from .encoding import decode_base64url, parse_object, without_padding
from .excerpt import found
from .jwk import JsonWebKey
from .keys import Header, KeySnapshot, Verify, prepared

MAX_TOKEN_SIZE = 64 * 1024
_MAX_HEADER = 8 * 1024
_PADDED = "it has base64url padding (allow_padded_base64url=True accepts it)"


class Segments(NamedTuple):
    """The segments of a compact token."""

    header: bytes
    payload: bytes
    signature: bytes
    signed: bytes


def split_token(
    jwt: object, max_size: int = MAX_TOKEN_SIZE, allow_padded_base64url: bool = False
) -> Segments:
    """Return the three segments of ``jwt``; raise for any other number of segments.

    Allowed padding is removed from the segments; the signed part retains it.
    """
    if not isinstance(jwt, str) or len(jwt) > max_size or not jwt.isascii():
        raise not_compact_error(jwt, max_size)
    data = jwt.encode()
    first, last = data.find(b"."), data.rfind(b".")
    # With a single dot, this does not find a second one.
    if first <= 0 or data.find(b".", first + 1) != last:
        raise not_compact_error(jwt, max_size)
    parts = data[:first], data[first + 1 : last], data[last + 1 :]
    if allow_padded_base64url and b"=" in data:
        parts = without_padding(parts[0]), without_padding(parts[1]), without_padding(parts[2])
    return Segments(*parts, data[:last])


def not_compact_error(jwt: object, max_size: int) -> TokenValidationException:
    """Return the exception for anything but a compact token of three segments."""
    if isinstance(jwt, str) and len(jwt) <= max_size and jwt.isascii():
        return not_three_segments_error()
    if not isinstance(jwt, str):
        return _malformed_error("it is not a string")
    if len(jwt) > max_size:
        return _malformed_error(f"it is longer than {max_size} characters", code="token_too_large")
    return _malformed_error("it is not ASCII")


def not_three_segments_error() -> TokenValidationException:
    """Return the exception for a string without exactly three segments."""
    # The hottest rejection path: build the exception directly.
    text = (
        "The JWT is malformed: it does not have three segments (opaque tokens need introspection)"
    )
    return TokenValidationException(text, code="malformed_token")


def decode_segments(segments: Segments) -> tuple[bytes, bytes]:
    """Return payload and signature; raise for segments that are not base64url."""
    return _decoded(segments.payload, "payload"), _decoded(segments.signature, "signature")


def _decoded(segment: bytes, part: str) -> bytes:
    try:
        return decode_base64url(segment)
    except ValueError:
        text = _PADDED if _is_padded(segment) else "it is not base64url"
        raise _malformed_error(text, part=part) from None


def read_header(segment: bytes) -> Header:
    """Return the relevant members of a header; raise for a header that must not be accepted."""
    if len(segment) > _MAX_HEADER:
        raise _malformed_error("its header is too large", part="header")
    try:
        members = parse_object(decode_base64url(segment))
    except ValueError as error:
        reason = _PADDED if _is_padded(segment) else error
        if segment[:7].lower() in (b"bearer ", b"dpop ey"):
            reason = "it begins with the scheme of an Authorization header; pass the token alone"
        raise _malformed_error(f"its header cannot be read: {reason}", part="header") from None
    alg = members.get("alg")
    if not isinstance(alg, str):
        raise _refused_error("The JWT header has no usable alg", "invalid_algorithm")
    if alg.lower() == "none":
        raise _refused_error("An unsigned JWT (alg none) is never accepted", "algorithm_none")
    if alg not in ALGORITHMS or not is_usable(alg):
        raise _refused_error(
            f"The algorithm {alg[:50]!r} is not supported", "unsupported_algorithm", alg=alg[:50]
        )
    if "crit" in members or "b64" in members:
        raise _refused_error("The JWT requires unsupported critical extensions", "unknown_crit")
    kid = members.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise _refused_error("The kid of the JWT header is not text", "invalid_kid")
    return Header(alg, kid)


def header_members(token: str) -> dict[str, Any]:
    """Return the header of a verified token, with or without padding."""
    return parse_object(decode_base64url(token.partition(".")[0].encode().rstrip(b"=")))


def verify(
    segments: Segments, header: Header, keys: KeySnapshot, *, allow_weak_keys: bool = False
) -> bytes:
    """Return the payload of a token that one of ``keys`` signed.

    Raises SignatureVerificationException for a wrong signature, TokenValidationException when no
    key fits: code ``no_matching_key`` where newer keys may help.
    """
    verifiers = keys.verifiers(header, allow_weak_keys=allow_weak_keys)
    payload = _verify(segments, header, verifiers)
    keys.remember(segments.header, header.alg, verifiers, allow_weak_keys=allow_weak_keys)
    return payload


def verify_known(segments: Segments, alg: str, verifiers: tuple[Verify, ...]) -> bytes:
    """Return the payload of a token whose header is known to lead to ``verifiers``."""
    return _verify(segments, Header(alg, None), verifiers)


def verify_with_key(
    segments: Segments, header: Header, key: JsonWebKey, *, allow_weak_keys: bool = False
) -> bytes:
    """Return the payload of a token that ``key`` signed, whatever key the token names."""
    return _verify(segments, header, (prepared(key, header.alg, allow_weak_keys),))


def _verify(segments: Segments, header: Header, verifiers: tuple[Verify, ...]) -> bytes:
    payload, signature = decode_segments(segments)
    for matches, key in verifiers:
        if matches(segments.signed, signature, key):
            return payload
    raise SignatureVerificationException(
        "Signature verification failed", {"kid": header.kid, "alg": header.alg}
    )


def cooldown_error(header: Header) -> SignatureVerificationException:
    """Return the exception for a wrong signature while the refresh of keys is cooling down."""
    return SignatureVerificationException(
        "Signature verification failed (refresh cooldown active)",
        {"kid": header.kid, "alg": header.alg},
    )


def read_claims(payload: bytes, *, allow_duplicates: bool = True) -> dict[str, Any]:
    """Return the claims in a verified payload.

    Of duplicate members the last one counts, or they are refused.
    """
    try:
        return parse_object(payload, allow_duplicates=allow_duplicates)
    except ValueError as error:
        raise _malformed_error(f"its claims cannot be read: {error}", part="payload") from None


def _is_padded(segment: bytes) -> bool:
    return without_padding(segment) != segment


def check_unverified_issuer(
    error: TokenValidationException, payload: bytes, rules: ClaimsRules
) -> None:
    """Raise InvalidIssuerException if a key is missing because the token is from another issuer.

    The claim is not verified, but the token is refused either way, and this reason is more helpful.
    """
    if error.code != "no_matching_key" or rules.issuers is None or not rules.verify_iss:
        return
    try:
        issuer = read_claims(decode_base64url(payload)).get("iss")
    except (ValueError, TokenValidationException):
        return
    if isinstance(issuer, str) and not names_issuer(rules.issuers, issuer):
        details = {"issuer": found(issuer), "expected": sorted(rules.issuers), **error.details}
        raise InvalidIssuerException("Invalid issuer", details) from error


def _malformed_error(
    text: str, *, part: str | None = None, code: str = "malformed_token"
) -> TokenValidationException:
    return TokenValidationException(f"The JWT is malformed: {text}", part, code=code)


def _refused_error(text: str, code: str, **details: Any) -> TokenValidationException:
    return TokenValidationException(text, "header", details, code=code)
