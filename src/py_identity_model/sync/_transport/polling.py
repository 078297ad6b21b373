# Generated from aio/_transport/polling.py by scripts/make_sync.py; edit that file.
"""Repeated requests at the pace that the provider sets."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TypeVar

from ..._seam.sync import Result, sleep
from ..._wire.models import BaseResponse
from ..._wire.polling import PollingSchedule

A = TypeVar("A", bound=BaseResponse)


def poll_until_decided(
    poll: Callable[[], Result[A]],
    interval: int | None,
    expires_in: int | None,
    expired_response: Callable[[], A],
) -> A:
    """Return the first final response, or ``expired_response()`` once the time is over."""
    schedule = PollingSchedule.of(interval, expires_in, monotonic())
    # Not a deadline around the loop: it would cut off a poll whose answer may be the token, and the
    # provider gives that only once.
    while (pause := schedule.pause(monotonic())) is not None:
        sleep(pause)
        response = poll()
        if not schedule.should_continue(response):
            return response
    return expired_response()
