"""B1: a warm validation against bare verification, the hand-written minimum, and peers.

G1: to the minimum.  G2, G2b: to bare verification, small and real claims.  G3: the published
release to ours.  G4: awaited to blocking.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import Any

import jwt as pyjwt
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from oidc_jwt_verifier import AuthConfig, JWTVerifier

from benchmarks._idp import IdP
from benchmarks._peer import Peer
from benchmarks._side import Goal, Measured, interleave, judge, table
from benchmarks._tokens import ALGORITHMS, CLAIMS, Signer, signers
from py_identity_model import TokenValidationConfig, aio, validate_token

oxyjwt: Any = import_module("oxyjwt")
webtoken: Any = import_module("webtoken")

CONFIG = TokenValidationConfig(perform_disco=True, audience="api")
LISTS = TokenValidationConfig(
    perform_disco=True,
    audience=["api", "other"],
    algorithms=list(ALGORITHMS),
    options={"require": ["sub"]},
)
BARE = {
    "small": {"RS256": (1.45, 1.36), "PS256": (1.42, 1.32), "ES256": (1.18, 1.14),
              "ES384": (1.05, 1.03), "EdDSA": (1.12, 1.09)},
    "real": {"RS256": (1.95, 1.80), "PS256": (1.85, 1.70), "ES256": (1.38, 1.30),
             "ES384": (1.07, 1.05), "EdDSA": (1.22, 1.17)},
}  # fmt: skip


PUBLISHED = {
    "small": {"RS256": (4.5, 5.3), "PS256": (4.2, 4.9), "ES256": (2.3, 2.6),
              "ES384": (1.25, 1.3), "EdDSA": (1.8, 2.0)},
    "real": {"RS256": (5.5, 6.5), "PS256": (5.2, 6.0), "ES256": (3.2, 3.6),
             "ES384": (1.4, 1.5), "EdDSA": (2.5, 2.9)},
}  # fmt: skip


def drive(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise RuntimeError("it waited")


def functions(signer: Signer, token: str, issuer: str) -> dict[str, Callable[[], object]]:
    """Return everything that validates ``token``."""
    public = signer.public()
    prepared = pyjwt.PyJWK(public)
    keys = KeySet.import_key_set({"keys": [public]})
    registry = JWSRegistry(algorithms=[signer.algorithm])
    oxy_key, web_key = oxyjwt.DecodingKey.from_jwk(public), webtoken.PyJWK(public)
    verifier = JWTVerifier(
        AuthConfig(issuer, "api", f"{issuer}/jwks", allowed_algs=(signer.algorithm,))
    )

    def new_config() -> object:
        config = TokenValidationConfig(perform_disco=True, audience="api")
        return validate_token(token, config, issuer)

    return {
        "raw": signer.raw(token),
        "minimum": signer.minimum(token, issuer),
        "blocking": lambda: validate_token(token, CONFIG, issuer),
        "awaited": lambda: drive(aio.validate_token(token, CONFIG, issuer)),
        "blocking, new config a call": new_config,
        "blocking, lists in the config": lambda: validate_token(token, LISTS, issuer),
        "PyJWT": lambda: pyjwt.decode(
            token, prepared, [signer.algorithm], audience="api", issuer=issuer
        ),
        "joserfc": lambda: joserfc_jwt.decode(token, keys, registry=registry),
        "oxyjwt": lambda: oxyjwt.decode(
            token, oxy_key, [signer.algorithm], audience="api", issuer=issuer
        ),
        "webtoken": lambda: webtoken.decode(
            token, web_key, algorithms=[signer.algorithm], audience="api", issuer=issuer
        ),
        "oidc-jwt-verifier": lambda: verifier.verify_access_token(token),
    }


def main(arguments: list[str]) -> int:
    goals: list[Goal] = []
    made = signers()
    with IdP() as idp, Peer() as peer:
        idp.set(keys=[signer.public() for signer in made.values()])
        issuer = idp.issuer()
        for size, claims in CLAIMS.items():
            for algorithm in ALGORITHMS:
                signer = made[algorithm]
                token = signer.token(claims(issuer))
                validate_token(token, LISTS, issuer)
                validate_token(token, CONFIG, issuer)  # last: it is the one in use, as in a service
                asyncio.run(aio.validate_token(token, CONFIG, issuer))
                published = peer.function(kind="validate", token=token, issuer=issuer)
                compared: dict[str, Callable[[], object]]
                compared = {**functions(signer, token, issuer), "published 4.1.1": published}
                found = interleave(compared)
                table(f"{algorithm}, {size} claims, {len(token)} characters", found, "raw")
                goals += judged(algorithm, size, found)
    return judge(sorted(goals, key=lambda goal: goal.number), check="--check" in arguments)


def judged(algorithm: str, size: str, found: dict[str, Measured]) -> list[Goal]:
    """Return the goals of one kind of token."""
    ours, name = found["blocking"], f"{algorithm}, {size}"
    raw, minimum, published = found["raw"], found["minimum"], found["published 4.1.1"]
    fresh, lists = found["blocking, new config a call"], found["blocking, lists in the config"]
    bare, warm = BARE[size][algorithm], (1.2, 1.12)
    faster = f"{name}: published release to ours"
    return [
        Goal.of("G1", f"{name}: to the minimum", ours, minimum, warm),
        Goal.of("G1", f"{name}: new config, to the minimum", fresh, minimum, warm),
        Goal.of("G1", f"{name}: config with lists, to the minimum", lists, minimum, warm),
        Goal.of("G2", f"{name}: to bare verification", ours, raw, bare),
        Goal.of("G3", faster, published, ours, PUBLISHED[size][algorithm], at_least=True),
        Goal.of("G4", f"{name}: awaited to blocking", found["awaited"], ours, (1.05, 1.02)),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
