"""The hook of activities; a module of its own, for the way to a first token needs none."""

from __future__ import annotations

from collections.abc import Callable

from ._activities import activities
from ._activity_events import ActivityEvent
from .exceptions import InvalidArgumentError


def set_activity_hook(hook: Callable[[ActivityEvent], object] | None) -> None:
    """Call ``hook`` at the end of every login, renewal, request, fetch and verification.

    :param hook: runs in the thread or task of the event, so it must be quick and must not wait; its
        exceptions are logged; None removes it

    Verifications are reported too: thousands per second.  Events of the caches have a hook of
    their own, :func:`set_cache_event_hook`.

    Example::

        set_activity_hook(lambda event: print(event.kind.value, event.outcome.value, event.code))
        set_activity_hook(None)
    """
    if hook is not None and not callable(hook):
        raise InvalidArgumentError(f"hook must be callable, not {type(hook).__name__}")
    activities.watch(hook, activities.observer)
