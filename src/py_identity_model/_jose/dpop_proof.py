"""DPoP keys and proofs (RFC 9449)."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from ..exceptions import ConfigurationException, InvalidArgumentError
from .algorithms import ML_DSA
from .encoding import encode_base64url, header_text
from .jwk import PrivateKey, public_members
from .sign import load_private_key, sign_compact
from .signer import Signer, is_signer, load_signer, public_key, signer_algorithm

if TYPE_CHECKING:
    from .sign import AsymmetricKey

DPOP_ALGORITHMS = ("ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA", *ML_DSA)
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


class DPoPKey:
    """A key for DPoP proofs, newly generated for ``algorithm``.

    :param algorithm: ES256, ES384, ES512, RS256 (2048 bits), PS256, EdDSA (Ed25519), or ML-DSA-44,
        -65, -87, whose proofs (5 to 11 kB) few servers accept in a header field

    To keep a key longer than the program runs, save ``private_key_pem`` and load it with
    :meth:`from_pem` or :meth:`from_jwk`.  Raises :class:`InvalidArgumentError` (a ``ValueError``)
    for other algorithms.  RFC 9449 §4.2.

    Example::

        key = DPoPKey("ES256")
        print(key.jwk_thumbprint)
    """

    def __init__(self, algorithm: str = "ES256") -> None:
        if algorithm not in DPOP_ALGORITHMS:
            raise InvalidArgumentError(
                f"Unsupported DPoP algorithm: {algorithm}; one of {', '.join(DPOP_ALGORITHMS)}"
            )
        self._use(_generate(algorithm), algorithm)

    _signer: Signer | None = None

    def _use(self, key: AsymmetricKey, algorithm: str) -> None:
        self._key = key
        self._algorithm = algorithm
        self._public_jwk = public_members(key.as_dict(private=False))
        self._thumbprint = jwk_thumbprint(self._public_jwk)

    @classmethod
    def from_pem(
        cls, pem: str | bytes, algorithm: str = "ES256", password: str | None = None
    ) -> Self:
        """Return the key of a PEM string, for ``algorithm``.

        Raises :class:`InvalidArgumentError` for anything else.

        Example::

            DPoPKey.from_pem(saved_pem)
        """
        return cls._load_key(pem, algorithm, password)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any] | str, algorithm: str = "ES256") -> Self:
        """Return the key of a private JWK, for ``algorithm``.

        Raises :class:`InvalidArgumentError` for anything else.

        Example::

            DPoPKey.from_jwk(saved_jwk)
        """
        return cls._load_key(jwk, algorithm, None)

    @classmethod
    def _load_key(cls, material: PrivateKey, algorithm: str, password: str | None) -> Self:
        if algorithm not in DPOP_ALGORITHMS:
            raise InvalidArgumentError(f"Unsupported DPoP algorithm: {algorithm}")
        loaded = cls.__new__(cls)
        loaded._use(load_private_key(material, algorithm, password), algorithm)
        return loaded

    @classmethod
    def from_signer(cls, signer: Signer) -> Self:
        """Return the key that a signer keeps: see :class:`Signer`.

        Raises :class:`InvalidArgumentError` for one whose algorithm or ``public_jwk`` cannot be
        used.

        Example::

            key = DPoPKey.from_signer(signer)
        """
        algorithm = signer_algorithm(signer) if is_signer(signer) else None
        if algorithm not in DPOP_ALGORITHMS:
            raise InvalidArgumentError("signer must be a Signer, of an algorithm for DPoP")
        load_signer(signer, algorithm, "signer")
        loaded = cls.__new__(cls)
        loaded._use(public_key(signer, "signer"), algorithm)
        loaded._signer = signer
        return loaded

    @property
    def signer(self) -> Signer | None:
        """The signer, if the private key is elsewhere."""
        return self._signer

    def signed_by(self, signer: Signer) -> Self:
        """Return the same key, for which ``signer`` signs."""
        made = self.__class__.__new__(self.__class__)
        made.__dict__.update(self.__dict__, _signer=signer)
        return made

    @property
    def algorithm(self) -> str:
        """The signature algorithm of the proofs."""
        return self._algorithm

    @property
    def private_key_pem(self) -> bytes:
        """The private key, PKCS #8 in PEM, not encrypted.

        Raises :class:`ConfigurationException` (``key_cannot_leave``) for the key of a signer.
        """
        if self._signer is not None:
            raise ConfigurationException(
                "the private key is kept by the signer", code="key_cannot_leave"
            )
        return self._key.as_pem(private=True)

    @property
    def public_jwk(self) -> dict[str, Any]:
        """The public key as a JWK."""
        return dict(self._public_jwk)

    @property
    def jwk_thumbprint(self) -> str:
        """The key's thumbprint (RFC 7638, SHA-256): the ``dpop_jkt`` of a request."""
        return self._thumbprint

    def sign(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        """Return a token signed by this key.

        Example::

            key.sign({"typ": "dpop+jwt", "alg": key.algorithm}, {"jti": "1"})
        """
        return sign_compact(header, claims, self._signer or self._key, self._algorithm)

    def __repr__(self) -> str:
        return f"DPoPKey(algorithm={self._algorithm!r}, jwk_thumbprint={self._thumbprint!r})"


def _generate(algorithm: str) -> AsymmetricKey:
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    if algorithm in ML_DSA:
        from .ml_dsa import MLDSAKey

        return MLDSAKey.generate_key(algorithm)
    if algorithm in _CURVES:
        return ECKey.generate_key(_CURVES[algorithm])
    return OKPKey.generate_key("Ed25519") if algorithm == "EdDSA" else RSAKey.generate_key(2048)


def jwk_thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the SHA-256 thumbprint of a public key (RFC 7638 §3); raise ValueError for others."""
    values = public_members(jwk)
    if not values or not all(isinstance(value, str) and value for value in values.values()):
        raise ValueError("not a public key")
    text = ",".join(f'"{name}":"{values[name]}"' for name in sorted(values))
    return encode_base64url(hashlib.sha256(f"{{{text}}}".encode()).digest()).decode()


def generate_dpop_key(algorithm: str = "ES256") -> DPoPKey:
    """Return a new key for DPoP proofs, as :class:`DPoPKey` does.  RFC 9449 §4.2.

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for an unknown ``algorithm``.

    Example::

        key = generate_dpop_key("EdDSA")
    """
    return DPoPKey(algorithm)


def create_dpop_proof(
    key: DPoPKey,
    method: str,
    uri: str,
    access_token: str | None = None,
    nonce: str | None = None,
) -> str:
    """Return a proof for one request: it can be used once, within a short time.

    :param key: the key that the token is bound to
    :param method: the request's method
    :param uri: the request's URL; query and fragment are left out
    :param access_token: the token sent with the request
    :param nonce: the nonce that the server requires

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for a blank method or a URI that is not
    absolute.  RFC 9449 §4.2.

    Example::

        proof = create_dpop_proof(key, "GET", "https://api.example/me", access_token)
    """
    if not method.strip():
        raise InvalidArgumentError("method must not be empty")
    claims: dict[str, Any] = {
        "jti": str(uuid.uuid4()),
        "htm": method.strip().upper(),
        "htu": target_uri(uri),
        "iat": int(time.time()),
    }
    if access_token is not None:
        claims["ath"] = compute_ath(access_token)
    if nonce is not None:
        claims["nonce"] = nonce
    header = {"typ": "dpop+jwt", "alg": key.algorithm, "jwk": key.public_jwk}
    return key.sign(header, claims)


def target_uri(uri: str) -> str:
    """Return ``uri`` without query and fragment; raise InvalidArgumentError unless absolute."""
    if not uri.strip():
        raise InvalidArgumentError("uri must not be empty")
    try:
        parts = urlsplit(uri.strip())
        absolute = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        absolute = False
    if not absolute:
        raise InvalidArgumentError("uri must be an absolute HTTP URI")
    return parts._replace(query="", fragment="").geturl()


def compute_ath(access_token: str) -> str:
    """Return the hash of an access token that a proof carries as ``ath``.

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for a blank or non-ASCII token.
    RFC 9449 §4.2.

    Example::

        compute_ath("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU")
    """
    if not access_token.strip():
        raise InvalidArgumentError("access_token must not be empty")
    if not access_token.isascii():
        raise InvalidArgumentError("access_token must be ASCII")
    return encode_base64url(hashlib.sha256(access_token.encode()).digest()).decode()


def build_dpop_headers(proof: str, access_token: str | None = None) -> dict[str, str]:
    """Return the header fields of a request: the proof, and the token if given.

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for a blank proof.  RFC 9449 §7.1.

    Example::

        build_dpop_headers(proof, access_token)
    """
    if not proof.strip():
        raise InvalidArgumentError("proof must not be empty")
    if access_token is None:
        return {"DPoP": proof}
    return {"DPoP": proof, "Authorization": f"DPoP {header_text(access_token)}"}


def proof_headers(
    key: DPoPKey, method: str, uri: str, access_token: str | None, nonce: str | None
) -> dict[str, str]:
    """Return the header fields of one attempt, with a fresh proof."""
    return build_dpop_headers(
        create_dpop_proof(key, method, uri, access_token, nonce), access_token
    )
