"""Counters of the caches."""

from __future__ import annotations

import threading

from py_identity_model import (
    CacheCounters,
    get_cache_counters,
)


def test_counters_count_in_every_thread() -> None:
    counters = CacheCounters(disco_hits=5)

    def work() -> None:
        for _ in range(1000):
            counters.record_disco_hit()
            counters.record_jwks_hit()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counters.record_disco_miss()
    counters.record_jwks_miss()
    counters.record_jwks_refresh()
    assert counters.snapshot() == {
        "disco_hits": 8005,
        "disco_misses": 1,
        "jwks_hits": 8000,
        "jwks_misses": 1,
        "jwks_refreshes": 1,
    }
    assert counters == CacheCounters(8005, 1, 8000, 1, 1)
    assert repr(counters).startswith("CacheCounters(disco_hits=8005, ")
    counters.reset()
    assert counters == CacheCounters()


def test_there_is_one_set_of_counters_a_process() -> None:
    assert get_cache_counters() is get_cache_counters()
