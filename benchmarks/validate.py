"""B1: a warm validation against bare verification, the hand-written minimum, and peers.

G1: to the minimum.  G2, G2b: to bare verification, small and real claims.  G4: awaited to blocking.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import jwt as pyjwt
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from benchmarks._provider import publishing
from benchmarks._side import Goal, interleave, judge, table
from benchmarks._tokens import ALGORITHMS, CLAIMS, Signer, signers
from py_identity_model import TokenValidationConfig, aio, validate_token

CONFIG = TokenValidationConfig(perform_disco=True, audience="api")
BARE = {
    "small": {"RS256": (1.45, 1.36), "PS256": (1.42, 1.32), "ES256": (1.18, 1.14),
              "ES384": (1.05, 1.03), "EdDSA": (1.12, 1.09)},
    "real": {"RS256": (1.95, 1.80), "PS256": (1.85, 1.70), "ES256": (1.38, 1.30),
             "ES384": (1.07, 1.05), "EdDSA": (1.22, 1.17)},
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

    def new_config() -> object:
        config = TokenValidationConfig(perform_disco=True, audience="api")
        return validate_token(token, config, issuer)

    return {
        "raw": signer.raw(token),
        "minimum": signer.minimum(token, issuer),
        "blocking": lambda: validate_token(token, CONFIG, issuer),
        "awaited": lambda: drive(aio.validate_token(token, CONFIG, issuer)),
        "blocking, new config a call": new_config,
        "PyJWT": lambda: pyjwt.decode(
            token, prepared, [signer.algorithm], audience="api", issuer=issuer
        ),
        "joserfc": lambda: joserfc_jwt.decode(token, keys, registry=registry),
    }


def main(arguments: list[str]) -> int:
    goals: list[Goal] = []
    made = signers()
    with publishing([signer.public() for signer in made.values()]) as provider:
        for size, claims in CLAIMS.items():
            for algorithm in ALGORITHMS:
                signer = made[algorithm]
                token = signer.token(claims(provider.issuer))
                validate_token(token, CONFIG, provider.issuer)
                asyncio.run(aio.validate_token(token, CONFIG, provider.issuer))
                found = interleave(functions(signer, token, provider.issuer))
                table(f"{algorithm}, {size} claims, {len(token)} characters", found, "raw")
                ours, name = found["blocking"], f"{algorithm}, {size}"
                must, aim = BARE[size][algorithm]
                goals += [
                    Goal("G1", f"{name}: to the minimum", ours.over(found["minimum"]), 1.2, 1.12),
                    Goal("G2", f"{name}: to bare verification", ours.over(found["raw"]), must, aim),
                    Goal(
                        "G4", f"{name}: awaited to blocking",
                        found["awaited"].over(ours), 1.05, 1.02,
                    ),
                    Goal(
                        "G1", f"{name}: new config, to the minimum",
                        found["blocking, new config a call"].over(found["minimum"]), 1.2, 1.12,
                    ),
                ]  # fmt: skip
    return judge(sorted(goals, key=lambda goal: goal.number), check="--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
