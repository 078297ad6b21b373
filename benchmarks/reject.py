"""B2: what refusing bad tokens costs.  G5: the published release to ours.  G6: size of garbage."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

from benchmarks._idp import IdP
from benchmarks._peer import Peer
from benchmarks._side import Goal, interleave, judge, table
from benchmarks._tokens import signers, small
from py_identity_model import TokenValidationConfig, TokenValidationException, validate_token
from py_identity_model._jose.encoding import encode_base64url

CONFIG = TokenValidationConfig(perform_disco=True, audience="api")


def refusing(token: str, issuer: str) -> Callable[[], object]:
    """Return a call that validates ``token``, which must be refused."""

    def attempt() -> None:
        try:
            validate_token(token, CONFIG, issuer)
        except TokenValidationException:
            return
        raise SystemExit(f"accepted: {token[:40]}")

    return attempt


def header(**members: str) -> str:
    return encode_base64url(json.dumps(members).encode()).decode()


def main(arguments: list[str]) -> int:
    made = signers()
    goals: list[Goal] = []
    with IdP() as idp, Peer() as peer:
        idp.set(keys=[signer.public() for signer in made.values()])
        issuer, signer = idp.issuer(), made["RS256"]
        good = signer.token(small(issuer))
        _, body, signature = good.split(".")
        bad = {
            "not a token": "abc",
            "two segments": good.rpartition(".")[0],
            "alg none": f"{header(alg='none')}.{body}.",
            "alg HS256": f"{header(alg='HS256', kid=signer.kid)}.{body}.{signature}",
            "unknown kid": f"{header(alg='RS256', kid='x')}.{body}.{signature}",
            "bad signature": good[:-8] + ("AAAAAAAA" if good[-8:] != "AAAAAAAA" else "BBBBBBBB"),
            "expired": signer.token(small(issuer) | {"exp": int(time.time()) - 100}),
            "wrong audience": signer.token(small(issuer) | {"aud": "x"}),
            "wrong issuer": signer.token(small(issuer) | {"iss": "https://x.example"}),
        }
        for kind, token in bad.items():
            # Inside the cooldown, whose end would send a request now and then.
            validate_token(good, CONFIG, issuer)
            peer.ask(kind="validate", token=good, issuer=issuer, count=1)
            ours = refusing(token, issuer)
            published = peer.function(kind="refuse", token=token, issuer=issuer)
            found = interleave({"ours": ours, "published 4.1.1": published})
            table(kind, found, "ours")
            what = f"{kind}: published release to ours"
            theirs = found["published 4.1.1"]
            goals.append(Goal.of("G5", what, theirs, found["ours"], (5, 8), at_least=True))
        sizes = {
            f"{size} KB": refusing(f"{header(alg='RS256', kid='x')}.{'A' * size * 1024}.AA", issuer)
            for size in (1, 10, 100, 1000)
        }
        found = interleave(sizes, rounds=15)
        table("garbage", found, "1 KB")
        most, least = found["1000 KB"], found["1 KB"]
        goals.append(Goal.of("G6", "1 MB of garbage to 1 KB", most, least, (2, 1.2)))
    return judge(goals, check="--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
