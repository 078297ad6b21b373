"""When to ask again whether a user has agreed (RFC 8628 §3.5, CIBA Core §10.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus

from .models import BaseResponse
from .retry import is_outage

_USUAL = 5
_SHORTEST = 1  # whatever the provider or the program says: below it, polling is a busy loop
_SLOWER = 5

_CODE = re.compile(r"[a-z_]+")
_MEANT_TO_PASS = frozenset({"slow_down", "temporarily_unavailable"})


@dataclass
class Rhythm:
    """The pace of the polling: ``interval`` and ``expires_in`` in seconds."""

    interval: float
    expires_at: float

    @classmethod
    def of(cls, interval: int | None, expires_in: int | None, now: float) -> Rhythm:
        """Return the pace that a provider's answer demands; ``now`` is monotonic."""
        pause = _USUAL if interval is None else max(_SHORTEST, interval)
        return cls(pause, now + (expires_in or 0))

    def goes_on(self, response: BaseResponse) -> bool:
        """Whether to ask again after ``response``; slower where it says so, or is an outage."""
        if response.is_successful:
            return False
        if response.oauth_error == "authorization_pending":
            return True
        if response.oauth_error in _MEANT_TO_PASS or _may_pass(response):
            self.interval += _SLOWER
            return True
        return False

    def pause(self, now: float) -> float | None:
        """Return how long to wait before asking; None once that would be too late."""
        return self.interval if now + self.interval < self.expires_at else None


def _may_pass(response: BaseResponse) -> bool:
    """Whether a later poll may fare better.

    A 5xx that carries an OAuth error code is the provider's decision, and comes again; other
    texts in ``error`` ("Service Unavailable") are those of gateways and frameworks.
    """
    failed = (response.status_code or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR
    decided = failed and _CODE.fullmatch(response.oauth_error or "") is not None
    return is_outage(response.error_kind, response.status_code) and not decided
