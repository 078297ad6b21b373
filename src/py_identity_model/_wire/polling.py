"""Pace of polling for a user's consent (RFC 8628 §3.5, CIBA Core §10.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus

from .models import BaseResponse
from .retry import is_outage

_USUAL = 5
_SHORTEST = 1  # lower limit for any interval: below it, polling is a busy loop
_SLOWER = 5

_CODE = re.compile(r"[a-z_]+")
_MEANT_TO_PASS = frozenset({"slow_down", "temporarily_unavailable"})


@dataclass
class PollingSchedule:
    """The pace of the polling: ``interval`` and ``expires_in`` in seconds."""

    interval: float
    expires_at: float

    @classmethod
    def of(cls, interval: int | None, expires_in: int | None, now: float) -> PollingSchedule:
        """Return the pace that a provider's response demands; ``now`` is monotonic."""
        pause = _USUAL if interval is None else max(_SHORTEST, interval)
        return cls(pause, now + (expires_in or 0))

    def should_continue(self, response: BaseResponse) -> bool:
        """Return whether to poll again after ``response``; slow down if asked, or in an outage."""
        if response.is_successful:
            return False
        if response.oauth_error == "authorization_pending":
            return True
        if response.oauth_error in _MEANT_TO_PASS or _may_recover(response):
            self.interval += _SLOWER
            return True
        return False

    def pause(self, now: float) -> float | None:
        """Return the seconds to wait before the next poll; None if that would be too late."""
        return self.interval if now + self.interval < self.expires_at else None


def _may_recover(response: BaseResponse) -> bool:
    """Return whether a later poll may succeed.

    A 5xx with an OAuth error code is the provider's decision, and would be repeated; other values
    of ``error`` ("Service Unavailable") come from gateways and frameworks.
    """
    failed = (response.status_code or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR
    decided = failed and _CODE.fullmatch(response.oauth_error or "") is not None
    return is_outage(response.error_kind, response.status_code) and not decided
