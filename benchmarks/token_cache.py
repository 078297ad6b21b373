"""B3: a hit in the optional token cache to a validation (G7)."""

from __future__ import annotations

import sys
from dataclasses import replace

from benchmarks._idp import IdP
from benchmarks._side import Goal, interleave, judge, table
from benchmarks._tokens import real, signers
from py_identity_model import TokenCache, TokenValidationConfig, validate_token

CONFIG = TokenValidationConfig(perform_disco=True, audience="api")


def main(arguments: list[str]) -> int:
    made, goals = signers(), []
    cache = TokenCache(max_entries=10_000, max_ttl=600)
    remembering = replace(CONFIG, token_cache=cache)
    with IdP() as idp:
        idp.set(keys=[signer.public() for signer in made.values()])
        issuer = idp.issuer()
        for _ in range(3):
            validate_token(made["EdDSA"].token(real(issuer)), remembering, issuer)
        for number in range(2000):
            token = made["EdDSA"].token(real(issuer, n=number))
            validate_token(token, remembering, issuer)
        for algorithm, must, aim in (("RS256", 0.30, 0.10), ("ES384", 0.03, 0.01)):
            token = made[algorithm].token(real(issuer))
            for _ in range(3):
                validate_token(token, remembering, issuer)
            found = interleave(
                {
                    "validation": lambda token=token: validate_token(token, CONFIG, issuer),  # type: ignore[misc]
                    "hit": lambda token=token: validate_token(token, remembering, issuer),  # type: ignore[misc]
                }
            )
            table(f"{algorithm}, real claims, {len(cache)} tokens kept", found, "validation")
            what, base = f"{algorithm}: hit to validation", found["validation"]
            goals.append(Goal.of("G7", what, found["hit"], base, (must, aim)))
    return judge(goals, check="--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
