"""JSON Web Keys as data (RFC 7517, RFC 7518 §6, RFC 9964 §3); ``keys`` prepares them for use."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from ..exceptions import ConfigurationException
from .encoding import decode_base64url

_OPERATIONS = frozenset(
    {"sign", "verify", "encrypt", "decrypt", "wrapKey", "unwrapKey", "deriveKey", "deriveBits"}
)
_CURVES = frozenset({"P-256", "P-384", "P-521", "secp256k1"})
_USUAL = {
    text: text
    for text in (
        *("RSA", "EC", "OKP", "oct", "sig", "enc", "AQAB", "Ed25519", *_CURVES),
        *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"),
    )
}
"""Values that occur in nearly all key sets, interned."""
_PUBLIC = {
    "EC": ("kty", "crv", "x", "y"),
    "RSA": ("kty", "n", "e"),
    "OKP": ("kty", "crv", "x"),
    "AKP": ("kty", "alg", "pub"),
}
_RSA_PRIVATE = ("d", "p", "q", "dp", "dq", "qi")


@dataclass
class JsonWebKey:
    """One JSON Web Key; private members are hidden from ``repr``.  RFC 7517 §4.

    Raises :class:`ConfigurationException` when the members do not form a key.

    Example::

        JsonWebKey(kty="RSA", kid="1", use="sig", n="0vx7agoebGc...", e="AQAB")
    """

    kty: str
    use: str | None = None
    key_ops: list[str] | None = None
    alg: str | None = None
    kid: str | None = None
    x5u: str | None = None
    x5c: list[str] | None = None
    x5t: str | None = None
    x5t_s256: str | None = None
    crv: str | None = None
    x: str | None = None
    y: str | None = None
    d: str | None = field(default=None, repr=False)
    n: str | None = None
    e: str | None = None
    p: str | None = field(default=None, repr=False)
    q: str | None = field(default=None, repr=False)
    dp: str | None = field(default=None, repr=False)
    dq: str | None = field(default=None, repr=False)
    qi: str | None = field(default=None, repr=False)
    oth: list[dict[str, Any]] | None = field(default=None, repr=False)
    k: str | None = field(default=None, repr=False)
    pub: str | None = field(default=None, kw_only=True)
    priv: str | None = field(default=None, repr=False, kw_only=True)

    # One branch per key type of RFC 7518 §6: a table of required members would say it twice.
    def __post_init__(self) -> None:
        self._check_types()
        if not self.kty:
            raise _invalid_error("The 'kty' parameter is required")
        if self.kty == "EC":
            if not (self.crv and self.x and self.y):
                raise _invalid_error("EC keys require 'crv', 'x' and 'y'")
            if self.crv not in _CURVES:
                raise _invalid_error(f"Unsupported curve: {self.crv}")
        elif self.kty == "RSA":
            if not (self.n and self.e):
                raise _invalid_error("RSA keys require 'n' and 'e'")
        elif self.kty == "oct" and self.k is None:
            raise _invalid_error("Symmetric keys require 'k'")
        if self.use is not None and not (
            self.use in {"sig", "enc"} or self.use.startswith("https://")
        ):
            raise _invalid_error(f"Invalid 'use' parameter: {self.use}")
        for operation in self.key_ops or ():
            if operation not in _OPERATIONS:
                raise _invalid_error(f"Invalid key operation: {operation}")

    def _check_types(self) -> None:
        for member in fields(self):
            value = getattr(self, member.name)
            if value is None:
                continue
            if member.name in {"key_ops", "x5c"}:
                fits = isinstance(value, list) and all(isinstance(item, str) for item in value)
            elif member.name == "oth":
                fits = isinstance(value, list) and all(isinstance(item, dict) for item in value)
            else:
                fits = isinstance(value, str)
            if not fits:
                raise _invalid_error(f"The '{member.name}' parameter has the wrong type")

    @classmethod
    def from_json(cls, json_str: str) -> "JsonWebKey":
        """Return the key in ``json_str``; unknown members are dropped.

        Raises :class:`ConfigurationException` for a string that does not hold a key.

        Example::

            JsonWebKey.from_json('{"kty": "oct", "k": "c2VjcmV0"}')
        """
        if not json_str or not json_str.strip():
            raise _invalid_error("JSON string cannot be empty")
        try:
            members = json.loads(json_str)
        except (ValueError, RecursionError) as error:
            raise _invalid_error(f"Invalid JSON format: {error}") from None
        if not isinstance(members, dict):
            raise _invalid_error("Invalid JWK format: not an object")
        for name in ("key_ops", "x5c"):
            if isinstance(members.get(name), str):
                members[name] = [members[name]]
        return jwks_from_dict(members)

    def as_dict(self) -> dict[str, Any]:
        """Return the members that are present, under their registered names.

        Example::

            JsonWebKey(kty="oct", k="c2VjcmV0").as_dict()
        """
        return {
            "x5t#S256" if name == "x5t_s256" else name: value
            for name, value in vars(self).items()
            if value is not None
        }

    def to_json(self) -> str:
        """Return the key as JSON, private members included.

        Example::

            JsonWebKey(kty="oct", k="c2VjcmV0").to_json()
        """
        return json.dumps(self.as_dict())

    @property
    def has_private_key(self) -> bool:
        """Whether an RSA key has all of d, p, q, dp, dq, qi, an EC key its d, an AKP key priv."""
        if self.kty == "RSA":
            return all(getattr(self, name) for name in _RSA_PRIVATE)
        return bool(self.priv if self.kty == "AKP" else self.kty == "EC" and self.d)

    @property
    def key_size(self) -> int:
        """The size of n, x or k in bits, counted in whole bytes; 0 for other keys."""
        material = {"RSA": self.n, "EC": self.x, "oct": self.k}.get(self.kty)
        if not material:
            return 0
        try:
            return 8 * len(decode_base64url(material.encode()))
        except ValueError:
            return 0


if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

    from .decrypter import Decrypter

    PrivateKey = str | bytes | Mapping[str, Any] | JsonWebKey | PrivateKeyTypes
    KeyMaterial = PrivateKey | PublicKeyTypes
    DecryptionKeys = PrivateKey | Decrypter | Sequence[PrivateKey | Decrypter]
else:
    # For the types of fields only; importing cryptography would add 20 ms to every import of the
    # package.
    PrivateKey = KeyMaterial = DecryptionKeys = object


def jwks_from_dict(keys_dict: Mapping[str, Any]) -> JsonWebKey:
    """Return the key with the members in ``keys_dict``; unknown ones are ignored.

    Raises :class:`ConfigurationException` when they do not form a key.  RFC 7517 §4.

    Example::

        jwks_from_dict({"kty": "oct", "k": "c2VjcmV0"})
    """
    members = {"x5t_s256" if name == "x5t#S256" else name: v for name, v in keys_dict.items()}
    known = {member.name for member in fields(JsonWebKey)}
    usual: dict[str, Any] = {
        name: _USUAL.get(value, value) if type(value) is str else value
        for name, value in members.items()
        if name in known
    }
    try:
        return JsonWebKey(**usual)
    except TypeError:
        raise _invalid_error("Invalid JWK format: The 'kty' parameter is required") from None


def public_members(jwk: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a public key alone, which are those of its thumbprint (RFC 7638 §3.2).

    For an AKP key, the algorithm is one of them (RFC 9964 §6).  Empty if one is missing, and for
    symmetric keys.
    """
    names = _PUBLIC.get(str(jwk.get("kty")), ())
    return {name: jwk[name] for name in names} if jwk.keys() >= {*names} else {}


def _invalid_error(text: str) -> ConfigurationException:
    return ConfigurationException(text, code="invalid_jwk")
