"""Key sets for verification: immutable, with each key prepared at its first use."""

import sys
import warnings
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress
from functools import cache, lru_cache
from importlib import import_module
from typing import Any, NamedTuple

from .._logging import logger
from ..exceptions import TokenValidationException
from .algorithms import ALGORITHMS, ML_DSA, Algorithm
from .encoding import decode_base64url
from .jwk import JsonWebKey

Verify = tuple[Callable[[bytes, bytes, Any], bool], Any]
"""A verify function (message, signature, key), of joserfc or like it, and the prepared key."""

Memo = dict[bytes, tuple[str, tuple[Verify, ...]]]
"""Header segments, mapped to their algorithm and the verifiers that accepted their tokens."""

_EMPTY: Memo = {}  # never changed
_MOST_HEADERS = 128
_MOST_BITS = 16384  # OpenSSL's own limit; beyond it a verification takes seconds
_COMPARED = ("kty", "alg", "kid", "crv", "x", "y", "n", "e", "k", "pub")
_SIGNING = frozenset({"sign", "verify"})
_EDWARDS = frozenset({"EdDSA", "Ed25519", "Ed448"})
_MATERIAL = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x"), "oct": ("k",)}


class Header(NamedTuple):
    """The relevant members of a token's header."""

    alg: str
    kid: str | None


class KeySnapshot:
    """The keys of one JWKS response.

    A rotation creates a new snapshot, and the memo of headers goes with the old one.  Only verified
    tokens add to the memo, so strangers cannot fill it.
    """

    __slots__ = ("_kids", "_nameless", "_prepared", "keys", "media_type", "memo", "weak_memo")

    def __init__(self, keys: Iterable[JsonWebKey], media_type: str = "") -> None:
        self.keys = tuple(keys)
        self.media_type = media_type  # of the response: some callers accept only the usual ones
        self.memo: Memo = {}
        self.weak_memo: Memo = _EMPTY
        # Tuples: each of a thousand providers has a few keys, and dictionaries are larger.
        self._prepared: tuple[tuple[JsonWebKey, str, bool, Verify], ...] = ()
        self._kids = tuple(key.kid for key in self.keys)
        self._nameless = bool(self._kids) and all(kid is None for kid in self._kids)

    def remember(
        self, segment: bytes, alg: str, verifiers: tuple[Verify, ...], *, allow_weak_keys: bool
    ) -> None:
        """Remember the verifiers for a header whose token was verified."""
        if allow_weak_keys and self.weak_memo is _EMPTY:
            self.weak_memo = {}
        memo = self.weak_memo if allow_weak_keys else self.memo
        if len(memo) >= _MOST_HEADERS:
            memo.clear()
        memo[segment] = alg, verifiers

    def verifiers(self, header: Header, *, allow_weak_keys: bool) -> tuple[Verify, ...]:
        """Return the candidates for verifying a token with this header.

        There are several for a shared ``kid``, and where no key has a ``kid`` at all.
        """
        candidates = self._candidates(header)
        found: list[Verify] = []
        refusals: list[TokenValidationException] = []
        for key in candidates:
            try:
                found.append(self._prepare(key, header.alg, allow_weak_keys))
            except TokenValidationException as error:
                refusals.append(error)
        if not found:
            raise refusals[0].fresh()
        return tuple(found)

    def _candidates(self, header: Header) -> tuple[JsonWebKey, ...]:
        if header.kid is None:
            return (self._only_candidate(header),)
        if self._nameless:
            # No key has a kid to compare with the token's; only the signature tells the keys apart.
            found = tuple(key for key in self.keys if may_verify(key) and fits(key, header.alg))
        else:
            found = tuple(key for key in self.keys if key.kid == header.kid)
        if not found:
            raise self.no_matching_key_error(header)
        return found

    def __contains__(self, kid: str) -> bool:
        return self._nameless or kid in self._kids

    def differs(self, kid: str | None, keys: Iterable[JsonWebKey]) -> bool:
        """Return whether ``keys`` have other candidates than this snapshot for a token with
        ``kid``.
        """
        return _with_kid(kid, keys) != _with_kid(kid, self.keys)

    def no_matching_key_error(self, header: Header) -> TokenValidationException:
        """Return the exception for a ``kid`` that no key has."""
        return self._no_match_error(header, f"No key with kid {str(header.kid)[:100]!r} was found")

    def _only_candidate(self, header: Header) -> JsonWebKey:
        usable = [key for key in self.keys if may_verify(key)]
        keys = [key for key in usable if key.use in {None, "sig"}] or usable
        if len(keys) > 1:
            keys = [key for key in keys if fits(key, header.alg)]
        if len(keys) == 1:
            logger.warning("the token has no kid; using the only matching key")
            return keys[0]
        if keys:
            text = f"The JWT has no kid and {len(keys)} keys match"
            raise self._no_match_error(header, text, code="ambiguous_key")
        raise self._no_match_error(header, "The JWT has no kid and no key matches")

    def _no_match_error(
        self, header: Header, text: str, *, code: str = "no_matching_key"
    ) -> TokenValidationException:
        details = {"kid": header.kid, "available_kids": [key.kid for key in self.keys]}
        return TokenValidationException(text, "header", details, code=code)

    def _prepare(self, key: JsonWebKey, alg: str, allow_weak_keys: bool) -> Verify:
        for known, name, weak, verify in self._prepared:
            if known is key and name == alg and weak == allow_weak_keys:
                return verify
        if not may_verify(key):
            raise _unfit_error(
                "The key is not for signatures, according to its use or key_ops", key
            )
        verify = prepare(key, alg, allow_weak_keys=allow_weak_keys)
        self._prepared = (*self._prepared, (key, alg, allow_weak_keys, verify))
        return verify


def _with_kid(kid: str | None, keys: Iterable[JsonWebKey]) -> list[JsonWebKey]:
    listed = list(keys)
    if kid is None or all(key.kid is None for key in listed):
        return listed
    return [key for key in listed if key.kid == kid]


def may_verify(key: JsonWebKey) -> bool:
    """Return whether a published key may be used for signatures (RFC 7517 §4.2, §4.3).

    Some providers give public keys the operation ``sign`` of the private key.
    """
    operations = key.key_ops
    return key.use != "enc" and (operations is None or not _SIGNING.isdisjoint(operations))


def fits(key: JsonWebKey, alg: str) -> bool:
    """Return whether type, curve and declared algorithm of ``key`` allow ``alg``."""
    wanted = ALGORITHMS[alg]
    on_curve = not wanted.curves or key.crv in wanted.curves
    return key.kty == wanted.kty and on_curve and agrees(key.alg, alg)


def agrees(declared: str | None, used: str) -> bool:
    """Return whether a key that declares ``declared`` may verify ``used``.

    ``EdDSA`` is the old name of ``Ed25519`` and ``Ed448`` (RFC 9864 §2.2).  A key of type AKP must
    declare its algorithm (RFC 9964 §3).
    """
    if declared == used:
        return True
    if declared is None:
        return used not in ML_DSA
    return "EdDSA" in {declared, used} and _EDWARDS.issuperset({declared, used})


def joserfc_is_loaded() -> bool:
    """Return whether :func:`load_joserfc` has already done its work."""
    return "joserfc.jws" in sys.modules


def load_joserfc() -> None:
    """Load the libraries that :func:`prepare` needs, which takes longer than any key."""
    for name in ("joserfc.jwk", "joserfc.jws"):
        import_module(name)


def jws_algorithm(name: str) -> Any:
    """Return what signs and verifies by ``name``: an algorithm of joserfc, or a module like it."""
    if name in ML_DSA:
        return import_module(f"{__package__}.ml_dsa")
    from joserfc.jws import JWSRegistry

    return JWSRegistry.algorithms[name]


def prepare(key: JsonWebKey, alg: str, *, allow_weak_keys: bool = False) -> Verify:
    """Return the verifier for ``key`` and ``alg``.

    Raises TokenValidationException when ``key`` must not be used with ``alg``.
    """
    # Imported here: joserfc and cryptography would double the time to import the package.
    from cryptography.exceptions import UnsupportedAlgorithm
    from joserfc.errors import JoseError

    wanted = ALGORITHMS[alg]
    if key.kty != wanted.kty:
        raise _unfit_error(f"A key of type {key.kty[:20]!r} cannot verify {alg}", key)
    if wanted.curves and key.crv not in wanted.curves:
        raise _unfit_error(f"A key on curve {str(key.crv)[:20]!r} cannot verify {alg}", key)
    if not agrees(key.alg, alg):
        raise _unfit_error(f"The key is for {str(key.alg)[:20]!r}, the token says {alg}", key)
    try:
        weak = _check_size(key, wanted, allow_weak_keys)
        imported = _import(key, quietly=weak)
    except (ValueError, TypeError, OverflowError, JoseError, UnsupportedAlgorithm) as error:
        raise _unfit_error(f"The key cannot be used: {error}", key, code="unusable_key") from None
    return jws_algorithm(alg).verify, imported


@lru_cache(maxsize=64)
def _prepared(members: tuple[str | None, ...], alg: str, allow_weak_keys: bool) -> Verify:
    key = JsonWebKey(**dict(zip(_COMPARED, members, strict=True)))  # type: ignore[arg-type]
    return prepare(key, alg, allow_weak_keys=allow_weak_keys)


def prepared(key: JsonWebKey, alg: str, allow_weak_keys: bool = False) -> Verify:
    """Return the result of :func:`prepare`, cached by the relevant members of the key."""
    return _prepared(tuple(getattr(key, name) for name in _COMPARED), alg, allow_weak_keys)


def _check_size(key: JsonWebKey, wanted: Algorithm, allow_weak_keys: bool) -> bool:
    if wanted.kty == "OKP":
        _check_order(key)
    if not wanted.least_bits:
        return False
    if wanted.kty == "RSA":
        bits = int.from_bytes(decode_base64url((key.n or "").encode()), "big").bit_length()
        exponent = int.from_bytes(decode_base64url((key.e or "").encode()), "big")
        if bits > _MOST_BITS:
            raise ValueError(f"{bits} bits are more than allowed")
        if exponent < 3 or exponent % 2 == 0 or exponent.bit_length() > 256:
            raise ValueError("the public exponent is invalid")
    else:
        bits = 8 * len(decode_base64url((key.k or "").encode()))
    weak = bits < wanted.least_bits
    if weak and not allow_weak_keys:
        raise _unfit_error(
            f"The key is too weak: {bits} bits, {wanted.least_bits} are needed "
            "(allow_weak_keys=True accepts it)",
            key,
            code="weak_key",
        )
    return weak


def _check_order(key: JsonWebKey) -> None:
    from .edwards import has_small_order  # few providers have such keys

    if has_small_order(str(key.crv), decode_base64url((key.x or "").encode())):
        raise _unfit_error("The key is a point that everyone can sign for", key, code="weak_key")


def _import(key: JsonWebKey, *, quietly: bool) -> Any:
    if key.kty == "AKP":
        from .ml_dsa import MLDSAKey

        return MLDSAKey.import_key(JsonWebKey(kty="AKP", alg=key.alg, pub=key.pub))
    from joserfc.jwk import import_key

    # Only the public members: the members about its use were checked already.
    material = {name: getattr(key, name) for name in ("kty", *_MATERIAL[key.kty])}
    with warnings.catch_warnings(action="ignore") if quietly else nullcontext():
        imported: Any = import_key(material)
        native = imported.get_op_key("verify")
        if key.kty != "oct":  # a key imported from members stores them twice
            kind: Any = type(imported)
            if key.kty == "EC":
                kind = _of_known_size(kind, native.curve.key_size)
            imported = kind.import_key(native)
    with suppress(AttributeError):  # where joserfc's keys take no attributes: this only saves time
        imported.get_op_key = {"verify": native}.__getitem__
    return imported


@cache
def _of_known_size(kind: Any, bits: int) -> Any:
    """Return a subclass of ``kind`` that need not ask its curve for the size at every signature."""
    return type(kind.__name__, (kind,), {"curve_key_size": bits})


def _unfit_error(
    text: str, key: JsonWebKey, *, code: str = "unfit_key"
) -> TokenValidationException:
    return TokenValidationException(text, "header", {"kid": key.kid}, code=code)
