"""This machine's clock, compared with a provider's."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

from .. import HTTPClient
from .report import Check, ok, skipped, warning
from .tokens import lasting

_SUFFIX = "/.well-known/openid-configuration"
_MUCH = 5.0  # seconds; the header counts whole ones, and the answer was under way


def provider_clock(issuer: str, http_client: HTTPClient) -> float | None:
    """Return how many seconds the provider's clock is ahead of this machine's.

    By the ``Date`` of an answer (RFC 9110 §6.6.1); None where it cannot be had.
    """
    begun = time.time()
    try:
        answer = http_client.client.get(issuer.rstrip("/") + _SUFFIX)
        theirs = parsedate_to_datetime(answer.headers["date"]).timestamp()
    except Exception:  # of httpx or of httpx2, or no such header: then nothing is known
        return None
    ours = (begun + time.time()) / 2
    return theirs + 0.5 - ours  # it counts whole seconds


def clock_check(ahead: float | None) -> Check:
    """Return the check of a difference between clocks."""
    if ahead is None:
        return skipped("clock", "the provider does not say what time it is")
    if abs(ahead) <= _MUCH:
        return ok("clock", "within a few seconds of the provider's", f"± {_MUCH:g} s")
    words = f"this machine is {lasting(ahead)} {'behind' if ahead > 0 else 'ahead'}"
    return warning("clock", words, f"± {_MUCH:g} s", "synchronize the clocks (NTP, chrony)")
