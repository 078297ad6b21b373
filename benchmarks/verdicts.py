"""Which tokens libraries accept that must be refused, as a table: `python -m benchmarks.verdicts`.

Beside their speed in `validate`, what that speed leaves out.  All must accept a sound token.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, NamedTuple

import jwt as pyjwt
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key
from joserfc.jws import JWSRegistry

from benchmarks._tokens import decode
from py_identity_model import TokenValidationConfig, validate_token

oxyjwt: Any = import_module("oxyjwt")
webtoken: Any = import_module("webtoken")

ISSUER = "https://op.example"
_CLAIMS = {"iss": ISSUER, "aud": "api", "sub": "a", "exp": int(time.time()) + 3600}
_ORDER = 2**252 + 27742317777372353535851937790883648493
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class Case(NamedTuple):
    """A token, and the public key and the algorithm that it is verified with."""

    what: str
    token: str
    key: dict[str, Any]
    algorithm: str


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(header: bytes, payload: bytes, key: Key, algorithm: str) -> str:
    message = f"{encoded(header)}.{encoded(payload)}"
    return f"{message}.{encoded(JWSRegistry.algorithms[algorithm].sign(message.encode(), key))}"


def cases() -> Iterator[Case]:
    """Yield the sound token first, then those that must be refused."""
    key, ed = ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519")
    with warnings.catch_warnings(action="ignore"):
        short = RSAKey.generate_key(1024)
    rsa = RSAKey.generate_key(2048)
    public = key.as_dict(private=False)
    claims = json.dumps(_CLAIMS).encode()
    header = b'{"alg":"ES256","kid":"1"}'
    sound = signed(header, claims, key, "ES256")
    message, _, signature = sound.rpartition(".")

    def case(what: str, token: str) -> Case:
        return Case(what, token, public, "ES256")

    yield case("a sound token", sound)
    spare = _LETTERS[_LETTERS.index(sound[-1]) + 1]
    yield case("signature with spare bits set", sound[:-1] + spare)
    yield case("signature with padding", f"{sound}==")
    yield case("a line break inside the signature", f"{sound[:-4]}\n{sound[-4:]}")
    yield case("a line break after the token", f"{sound}\n")
    yield case("the alphabet of standard base64", message + "." + _standard(signature))
    for what, head in (
        ("an unknown critical extension", b'{"alg":"ES256","crit":["x"],"x":1}'),
        ("b64 false without crit", b'{"alg":"ES256","b64":false}'),
        ("alg twice in the header", b'{"alg":"none","alg":"ES256"}'),
        ("kid that is not text", b'{"alg":"ES256","kid":5}'),
    ):
        yield case(what, signed(head, claims, key, "ES256"))
    for what, change in (
        ("exp as text", {"exp": str(_CLAIMS["exp"])}),
        ("iss as a list", {"iss": [ISSUER]}),
        ("jti that is not text", {"jti": 5}),
        ("a token of a megabyte", {"x": "x" * 2**20}),
    ):
        yield case(what, signed(header, json.dumps(_CLAIMS | change).encode(), key, "ES256"))
    own = {**rsa.as_dict(private=False), "alg": "PS256"}
    yield Case("a key for PS256", signed(b'{"alg":"RS256"}', claims, rsa, "RS256"), own, "RS256")
    weak = short.as_dict(private=False)
    yield Case(
        "RSA of 1024 bits", signed(b'{"alg":"RS256"}', claims, short, "RS256"), weak, "RS256"
    )
    start = encoded(b'{"alg":"EdDSA"}') + "." + encoded(claims) + "."
    point = {"kty": "OKP", "crv": "Ed25519", "x": encoded(b"\1" + bytes(31))}
    forged = start + encoded(b"\1" + bytes(63))
    yield Case("a key that everyone can sign for", forged, point, "EdDSA")
    raw = decode(signed(b'{"alg":"EdDSA"}', claims, ed, "EdDSA").rpartition(".")[2])
    more = (int.from_bytes(raw[32:], "little") + _ORDER).to_bytes(32, "little")
    second = start + encoded(raw[:32] + more)
    yield Case("a second signature, S + L", second, ed.as_dict(private=False), "EdDSA")


def _standard(signature: str) -> str:
    # Where it has none of the two letters, it is the same in both alphabets: refused by no one.
    return signature.translate(str.maketrans("-_", "+/")) if {*"-_"} & {*signature} else "+/" * 43


def by_ours(case: Case) -> object:
    config = TokenValidationConfig(
        perform_disco=False,
        key=case.key,
        algorithms=[case.algorithm],
        issuer=ISSUER,
        audience="api",
    )
    return validate_token(case.token, config)


def by_pyjwt(case: Case) -> object:
    key = pyjwt.PyJWK(case.key, case.algorithm)
    return pyjwt.decode(case.token, key, [case.algorithm], audience="api", issuer=ISSUER)


def by_joserfc(case: Case) -> object:
    registry = JWSRegistry(algorithms=[case.algorithm])
    found = joserfc_jwt.decode(case.token, import_key(case.key), registry=registry)
    rules = joserfc_jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": "api"},
        exp={"essential": True},
    )
    rules.validate(found.claims)
    return found


def by_oxyjwt(case: Case) -> object:
    key = oxyjwt.DecodingKey.from_jwk(case.key)
    return oxyjwt.decode(case.token, key, [case.algorithm], audience="api", issuer=ISSUER)


def by_webtoken(case: Case) -> object:
    key = webtoken.PyJWK(case.key)
    return webtoken.decode(
        case.token, key, algorithms=[case.algorithm], audience="api", issuer=ISSUER
    )


LIBRARIES: dict[str, Callable[[Case], object]] = {
    "py-identity-model": by_ours,
    "PyJWT": by_pyjwt,
    "joserfc": by_joserfc,
    "oxyjwt": by_oxyjwt,
    "webtoken": by_webtoken,
}


def accepts(library: Callable[[Case], object], case: Case) -> bool:
    """Return whether a library accepts; whatever it raises is a refusal, a Rust panic too."""
    try:
        with warnings.catch_warnings(action="ignore"):
            library(case)
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        return False
    return True


def main() -> int:
    print("| token | " + " | ".join(LIBRARIES) + " |")
    print("|---" * (len(LIBRARIES) + 1) + "|")
    wrong = 0
    for number, case in enumerate(cases()):
        found = [accepts(library, case) for library in LIBRARIES.values()]
        print(f"| {case.what} | " + " | ".join("accepted" if one else "" for one in found) + " |")
        wrong += found[0] != (number == 0)
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
