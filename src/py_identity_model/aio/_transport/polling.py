"""Ask again and again, at the pace that the provider sets."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TypeVar

from ..._seam.aio import Result, sleep
from ..._wire.models import BaseResponse
from ..._wire.polling import Rhythm

A = TypeVar("A", bound=BaseResponse)


async def poll_until_decided(
    poll: Callable[[], Result[A]],
    interval: int | None,
    expires_in: int | None,
    gave_up: Callable[[], A],
) -> A:
    """Return the first answer that is final, or what ``gave_up`` makes once time is over."""
    rhythm = Rhythm.of(interval, expires_in, monotonic())
    while (pause := rhythm.pause(monotonic())) is not None:
        await sleep(pause)
        response = await poll()
        if not rhythm.goes_on(response):
            return response
    return gave_up()
