"""When to ask again whether a user has agreed (RFC 8628 §3.5, CIBA Core §10.1)."""

from __future__ import annotations

from dataclasses import dataclass

from .base import BaseResponse
from .retry import is_outage

_USUAL = 5
_SLOWER = 5


@dataclass
class Rhythm:
    """The pace of the polling: ``interval`` and ``expires_in`` in seconds."""

    interval: float
    expires_at: float

    @classmethod
    def of(cls, interval: int | None, expires_in: int | None, now: float) -> Rhythm:
        """Return the pace that a provider's answer demands; ``now`` is monotonic."""
        return cls(_USUAL if interval is None else interval, now + (expires_in or 0))

    def goes_on(self, response: BaseResponse) -> bool:
        """Whether to ask again after ``response``; slower where it says so, or is an outage."""
        if response.is_successful:
            return False
        if response.oauth_error == "authorization_pending":
            return True
        outage = is_outage(response.error_kind, response.status_code)
        if outage or response.oauth_error == "slow_down":
            self.interval += _SLOWER
            return True
        return False

    def pause(self, now: float) -> float | None:
        """Return how long to wait before asking; None once that would be too late."""
        return self.interval if now + self.interval < self.expires_at else None
