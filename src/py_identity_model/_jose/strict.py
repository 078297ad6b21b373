"""Strict verification of tokens with given keys: no fetching, no tolerance."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from typing import Any

from ..exceptions import ConfigurationException, InvalidArgumentError, TokenValidationException
from .algorithms import ALGORITHMS, is_usable, require_usable
from .claims import ClaimsRules
from .encoding import decode_base64url
from .jwk import JsonWebKey, KeyMaterial
from .key_material import load_keys
from .keys import KeySnapshot
from .token_types import media_type
from .tokens import (
    MAX_TOKEN_SIZE,
    header_members,
    read_claims,
    read_header,
    split_token,
    verify,
    verify_known,
)

# A modulus made by the library of CVE-2017-15361 is a power of 65537 modulo each of these; any
# other is so with a probability of one in 200 million.
_FINGERPRINT_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)


def _powers(prime: int) -> frozenset[int]:
    found, value = set(), 1
    while value not in found:
        found.add(value)
        value = value * 65537 % prime
    return frozenset(found)


_FINGERPRINT = {prime: _powers(prime) for prime in _FINGERPRINT_PRIMES}


class JsonWebKeySet:
    """Keys to verify tokens with; prepared at first use, so reuse it.  RFC 7517 §5.

    :param keys: a JWKS or a JWK (an object, its members, or a JSON string), PEM of a key or a
        certificate, a key object of ``cryptography``, or several of these

    Keys whose ``use`` is not ``sig`` or whose ``key_ops`` lack ``verify`` are left out, and so are
    ML-DSA keys where the installed cryptography is older than 48.  Raises
    :class:`ConfigurationException` for malformed keys, when no key is left, when symmetric and
    public keys are mixed, and for an RSA key with the fingerprint of CVE-2017-15361.

    Example::

        key_set = JsonWebKeySet([{"kty": "oct", "k": "x" * 43, "kid": "1"}])
    """

    def __init__(self, keys: KeyMaterial | Iterable[KeyMaterial]) -> None:
        usable = [key for key in load_keys(keys) if _may_verify(key)]
        if not usable:
            raise ConfigurationException("no key in the set may verify", code="no_usable_keys")
        if len({key.kty == "oct" for key in usable}) > 1:
            raise ConfigurationException(
                "symmetric and public keys must not be mixed", code="mixed_key_set"
            )
        for key in usable:
            _refuse_fingerprint(key)
        self._snapshot = KeySnapshot(usable)

    def __len__(self) -> int:
        return len(self._snapshot.keys)

    def __repr__(self) -> str:
        return f"JsonWebKeySet(kids={[key.kid for key in self._snapshot.keys]})"


def _may_verify(key: JsonWebKey) -> bool:
    if key.kty == "AKP" and not is_usable(str(key.alg)):
        return False
    return key.use in {None, "sig"} and (key.key_ops is None or "verify" in key.key_ops)


def _refuse_fingerprint(key: JsonWebKey) -> None:
    if key.kty != "RSA":
        return
    try:
        modulus = int.from_bytes(decode_base64url((key.n or "").encode()), "big")
    except ValueError:
        return  # refused when it is used
    if all(modulus % prime in powers for prime, powers in _FINGERPRINT.items()):
        raise ConfigurationException(
            f"the RSA key {key.kid!r} can be factored (CVE-2017-15361)", code="weak_key"
        )


Keys = JsonWebKeySet | KeyMaterial | Iterable[KeyMaterial]


def verify_jws(
    token: str,
    keys: Keys,
    algorithms: Collection[str],
    *,
    allow_padded_base64url: bool = False,
) -> bytes:
    """Return the payload of a signed token, if one of ``keys`` signed it.

    :param token: a compact JWS
    :param keys: a :class:`JsonWebKeySet`, or what its constructor takes
    :param algorithms: the allow-list of signature algorithms
    :param allow_padded_base64url: accept segments with the padding that RFC 7515 §2 forbids, as AWS
        load balancers send them

    Keys in headers or referenced by them (``jwk``, ``jku``, ``x5u``) are never used; ``crit`` and
    ``b64`` are refused.  Raises :class:`SignatureVerificationException` for a wrong signature,
    :class:`TokenValidationException` for a token that cannot be verified, and
    :class:`ConfigurationException` for keys or algorithms that must not be used.  RFC 7515 §5.2,
    RFC 8725.

    Example::

        key_set = JsonWebKeySet(provider.keys)
        payload = verify_jws(access_token, key_set, ["RS256"])
    """
    _check_algorithms(algorithms)
    key_set = keys if isinstance(keys, JsonWebKeySet) else JsonWebKeySet(keys)
    snapshot = key_set._snapshot
    segments = split_token(token, MAX_TOKEN_SIZE, allow_padded_base64url)
    known = snapshot.memo.get(segments.header)
    if known is not None and known[0] in algorithms:
        return verify_known(segments, known[0], known[1])
    header = read_header(segments.header)
    if header.alg not in algorithms:
        raise TokenValidationException(
            f"The algorithm {header.alg} is not allowed",
            "header",
            {"alg": header.alg, "allowed": list(algorithms)},
            code="algorithm_not_allowed",
        )
    return verify(segments, header, snapshot)


def _check_algorithms(algorithms: Collection[str]) -> None:
    if isinstance(algorithms, str) or not algorithms:
        raise InvalidArgumentError("algorithms must be a list that names at least one")
    for alg in algorithms:
        if alg not in ALGORITHMS:
            raise InvalidArgumentError(f"{alg!r} is not a supported signature algorithm")
        require_usable(alg)


def decode_jwt(
    token: str,
    keys: Keys,
    algorithms: Collection[str],
    *,
    issuer: str | Collection[str],
    audience: str | Collection[str],
    subject: str | None = None,
    typ: str | None = None,
    leeway: float = 0.0,
    required: Collection[str] = ("exp",),
    now: float | None = None,
    allow_padded_base64url: bool = False,
) -> dict[str, Any]:
    """Return the claims of a signed token that meets all expectations.

    :param token: a compact JWS
    :param keys: a :class:`JsonWebKeySet`, or what its constructor takes
    :param algorithms: the allow-list of signature algorithms
    :param issuer: the expected ``iss``, one or several
    :param audience: the expected ``aud``, one or several
    :param subject: the expected ``sub``
    :param typ: the expected ``typ`` of the header, compared without case and without
        ``application/``
    :param leeway: tolerance of clocks, in seconds
    :param required: claims that must be present
    :param now: the wall clock in seconds since 1970, by default the current time
    :param allow_padded_base64url: as for :func:`verify_jws`

    Duplicate members, NaN and infinity are refused.  Raises the exceptions of :func:`verify_jws`,
    and for claims those of :func:`validate_token`.  RFC 7519 §7.2.

    Example::

        claims = decode_jwt(
            access_token,
            JsonWebKeySet(provider.keys),
            ["RS256"],
            issuer=provider.issuer,
            audience=provider.audience,
            typ="at+jwt",
        )
    """
    payload = verify_jws(token, keys, algorithms, allow_padded_base64url=allow_padded_base64url)
    if typ is not None:
        _check_typ(token, typ)
    claims = read_claims(payload, allow_duplicates=False)
    rules = ClaimsRules(
        issuers=_names("issuer", issuer),
        audiences=_names("audience", audience),
        subject=subject,
        leeway=leeway,
        required=tuple(required),
    )
    rules.check(claims, time.time() if now is None else now)
    return claims


def _names(parameter: str, value: str | Collection[str]) -> frozenset[str]:
    fits = isinstance(value, (str, list, tuple, set, frozenset)) and len(value) > 0
    found = [value] if isinstance(value, str) else value
    if not fits or not all(isinstance(one, str) and one for one in found):
        raise InvalidArgumentError(f"{parameter} is required and must not be empty")
    return frozenset(found)


def _check_typ(token: str, typ: str) -> None:
    actual = header_members(token).get("typ")
    if not isinstance(actual, str) or media_type(actual) != media_type(typ):
        raise TokenValidationException(
            "The JWT has an unexpected type", "header", {"expected": typ}, code="wrong_typ"
        )
