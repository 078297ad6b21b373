"""Logins, renewals, requests, fetches and verifications, while they run.

``activity_events`` is loaded by the first hook: the way to a first token needs none of its classes.
"""

from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

from ._logging import log_failure, logger
from .exceptions import PyIdentityModelException

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._activity_events import ActivityEvent

Kind = Literal["login", "renewal", "request", "fetch", "verification"]
_LOGGED = frozenset({"login", "renewal"})


class Observer(Protocol):
    """An observer that sees an activity begin, so that what happens inside is inside."""

    def begin(self, kind: Kind, what: str) -> "Callable[[ActivityEvent | None], object]":
        """Return what receives the event at the end, or None if nothing was done."""
        ...

    def stop(self) -> None:
        """Take notice that nothing more begins."""
        ...


class Activities:
    """The hook and the observer of all activities of this process."""

    def __init__(self) -> None:
        self.hook: Callable[[ActivityEvent], object] | None = None
        self.observer: Observer | None = None
        self.are_observed = False
        """One attribute, because every verification reads it."""

    def watch(
        self, hook: "Callable[[ActivityEvent], object] | None", observer: Observer | None
    ) -> None:
        """Set both at once; None removes one."""
        self.hook, self.observer = hook, observer
        self.are_observed = hook is not None or observer is not None


activities = Activities()


class Activity:
    """One login, renewal, request, fetch or verification, as a context manager.

    :param kind: what it is; a failed login or renewal also writes one log record
    :param what: which of its kind, in our own words
    :param url: the issuer or endpoint; never from what has not been verified

    The exception that leaves the block says how it ended, unless the block did.
    """

    __slots__ = ("_began", "_codes", "_end", "_is_void", "kind", "url", "what")

    def __init__(self, kind: Kind, what: str, url: str | None = None) -> None:
        self.kind, self.what, self.url = kind, what, url
        self._codes: tuple[str | None, ...] = ()
        self._is_void = False
        self._end: Callable[[ActivityEvent | None], object] | None = None

    def fail(self, *codes: str | None) -> None:
        """Say that it failed, by the first of ``codes`` that may be shown; nothing is raised."""
        self._codes = codes

    def discard(self) -> None:
        """Say that there was nothing to do; an exception is reported all the same."""
        self._is_void = True

    def __enter__(self) -> Self:
        self._began = perf_counter()
        observer = activities.observer
        if observer is not None:
            try:
                self._end = observer.begin(self.kind, self.what)
            except Exception:
                _log_failed_hook()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.kind in _LOGGED and isinstance(error, PyIdentityModelException):
            log_failure(self.kind, self.url or "", error)
        if self._end is None and activities.hook is None:
            return
        event = None
        if error is not None or not self._is_void:
            from ._activity_events import event_of

            seconds = perf_counter() - self._began
            event = event_of(self.kind, self.what, self.url, seconds, error, self._codes)
        _report(self._end, event)
        if event is not None:
            _report(activities.hook, event)


def record_failure(kind: Kind, what: str, url: str, error: PyIdentityModelException) -> None:
    """Record an activity that failed before there was anything to wait for."""
    Activity(kind, what, url).__enter__().__exit__(type(error), error, None)


def _report(hook: "Callable[[Any], object] | None", event: object) -> None:
    if hook is None:
        return
    try:
        hook(event)
    except Exception:
        _log_failed_hook()


def _log_failed_hook() -> None:
    logger.exception("the hook for activities failed")
