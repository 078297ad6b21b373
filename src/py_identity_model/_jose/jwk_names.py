"""Registered names in JSON Web Keys."""

from __future__ import annotations

from enum import Enum


class JsonWebKeyParameterNames(Enum):
    """Members of a JSON Web Key (RFC 7517 §4, RFC 7518 §6, RFC 9964 §3)."""

    KTY = "kty"
    USE = "use"
    KEY_OPS = "key_ops"
    ALG = "alg"
    KID = "kid"
    X5U = "x5u"
    X5C = "x5c"
    X5T = "x5t"
    X5T_S256 = "x5t#S256"
    CRV = "crv"
    X = "x"
    Y = "y"
    D = "d"
    N = "n"
    E = "e"
    P = "p"
    Q = "q"
    DP = "dp"
    DQ = "dq"
    QI = "qi"
    OTH = "oth"
    K = "k"
    PUB = "pub"
    PRIV = "priv"

    def __str__(self) -> str:
        return self.value


class JsonWebAlgorithmsKeyTypes(Enum):
    """Key types (RFC 7518 §6.1)."""

    EllipticCurve = "EC"
    RSA = "RSA"
    Octet = "oct"
