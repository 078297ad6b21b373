"""B4: validations a second in several threads (G8)."""

from __future__ import annotations

import statistics
import sys
import threading
import time

from benchmarks._idp import IdP
from benchmarks._peer import Peer
from benchmarks._side import Goal, judge
from benchmarks._tokens import real, signers
from py_identity_model import TokenValidationConfig, validate_token

CONFIG = TokenValidationConfig(perform_disco=True, audience="api")
WINDOW = 0.5


def rate(token: str, issuer: str, threads: int) -> float:
    """Return how many validations a second so many threads do together."""
    done, ends = [0] * threads, time.perf_counter() + WINDOW

    def work(index: int) -> None:
        count = 0
        while time.perf_counter() < ends:
            validate_token(token, CONFIG, issuer)
            count += 1
        done[index] = count

    workers = [threading.Thread(target=work, args=(index,)) for index in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(done) / WINDOW


def main(arguments: list[str]) -> int:
    made, goals = signers(), []
    with IdP() as idp, Peer() as peer:
        idp.set(keys=[signer.public() for signer in made.values()])
        issuer = idp.issuer()
        for algorithm, must, aim in (("RS256", 0.6, 0.7), ("ES256", 1.2, 1.4)):
            token = made[algorithm].token(real(issuer))
            one, two, four, published = [], [], [], []
            for _ in range(6):
                one.append(rate(token, issuer, 1))
                two.append(rate(token, issuer, 2))
                four.append(rate(token, issuer, 4))
                published.append(
                    peer.ask(kind="rate", token=token, issuer=issuer, threads=2, window=WINDOW)
                )
            medians = [statistics.median(found) for found in (one, two, four, published)]
            print(f"{algorithm}: 1, 2, 4 threads; published release at 2: {medians}")
            speed_up = statistics.median(b / a for a, b in zip(one, two, strict=True))
            beyond = statistics.median(b / a for a, b in zip(published, two, strict=True))
            goals += [
                Goal("G8", f"{algorithm}: 2 threads to 1", speed_up, must, aim, True),
                Goal("G8", f"{algorithm}: 2 threads to published", beyond, 3.5, 4.5, True),
            ]
    return judge(goals, check="--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
