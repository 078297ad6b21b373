"""Clocks that tests set: every one of this package, those of objects made before included."""

from __future__ import annotations

import gc
import pkgutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, tzinfo
from importlib import import_module
from types import ModuleType
from typing import Any, cast

_PACKAGE = "py_identity_model"
_APART = (f"{_PACKAGE}.cli", f"{_PACKAGE}.__main__", f"{_PACKAGE}._pytest_plugin")
_REAL_TIME, _REAL_MONOTONIC = time.time, time.monotonic

Moment = datetime | str | float
"""A point in time: a datetime with its zone, ISO 8601 text, or seconds since 1970."""


class FrozenClock:
    """The clocks of this package while they are frozen.

    The wall clock stops.  The monotonic one goes on, so that nothing waits forever, and is
    moved along by :meth:`tick`: caches, locks and renewals see the time pass.
    """

    def __init__(self, moment: Moment | None = None) -> None:
        self._now = _REAL_TIME() if moment is None else _seconds(moment)
        self._passed = 0.0

    def time(self) -> float:
        """Return the wall clock, in seconds since 1970.

        Example::

            assert FrozenClock(1000.0).time() == 1000.0
        """
        return self._now

    def monotonic(self) -> float:
        """Return the monotonic clock.

        Example::

            FrozenClock().monotonic()
        """
        return _REAL_MONOTONIC() + self._passed

    def tick(self, seconds: float) -> None:
        """Let time pass on all clocks.

        Example::

            clock = FrozenClock(1000.0)
            clock.tick(60)
            assert clock.time() == 1060.0
        """
        self._now += seconds
        self._passed += seconds

    def move_to(self, moment: Moment) -> None:
        """Let the time pass until ``moment``; back, if it is before.

        Example::

            FrozenClock().move_to("2030-01-01T00:00:00+00:00")
        """
        self.tick(_seconds(moment) - self._now)


@contextmanager
def freeze_clocks(moment: Moment | None = None) -> Iterator[FrozenClock]:
    """Set every clock of this package in the block, and those of objects that were made before.

    The embedded provider's is among them; clocks of other packages are not, so that freezegun and
    time-machine may be used beside it.  Threads that wait for something real go on waiting.

    ``moment``: where the wall clock stands; now by default.

    Raises ValueError for a text that is not ISO 8601.

    Example::

        token = provider.mint()
        with freeze_clocks() as clock:
            clock.tick(2 * provider.lifetime)  # the token has expired meanwhile
    """
    clock = FrozenClock(moment)
    ours = _Clocks(clock)
    _load_all()
    _replace(ours.by_real)
    try:
        yield clock
    finally:
        _replace({id(new): old for old, new in ours.pairs})


class _Clocks:
    """What stands for the real clocks."""

    def __init__(self, clock: FrozenClock) -> None:
        module = _Time(clock)
        self.pairs: list[tuple[Any, Any]] = [
            (time, module),
            (_REAL_TIME, module.time),
            (_REAL_MONOTONIC, module.monotonic),
            (datetime, _frozen_datetime(clock)),
        ]
        self.by_real = {id(old): new for old, new in self.pairs}


class _Time(ModuleType):
    """The module ``time``, with two functions that are not its own."""

    def __init__(self, clock: FrozenClock) -> None:
        super().__init__("time")
        self.time = clock.time
        self.monotonic = clock.monotonic

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


class _AnyDatetime(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, datetime)


def _frozen_datetime(clock: FrozenClock) -> type[datetime]:
    class FrozenDatetime(datetime, metaclass=_AnyDatetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.fromtimestamp(clock.time(), tz)

    return cast("type[datetime]", FrozenDatetime)


def _load_all() -> None:
    """Load our modules: one that is loaded later would have the real clocks."""
    import py_identity_model

    for found in pkgutil.walk_packages(py_identity_model.__path__, f"{_PACKAGE}."):
        if not found.name.startswith((*_APART, f"{_PACKAGE}.testing.__main__")):
            # A framework may be missing, or not be set up (Django without settings).
            with suppress(Exception):
                import_module(found.name)


def _replace(clocks: dict[int, Any]) -> None:
    """Put others in the place of clocks, wherever ours are."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == _PACKAGE and name != __name__:
            _replace_in(vars(module), clocks)
    for one in gc.get_objects():
        if str(getattr(type(one), "__module__", "")).partition(".")[0] == _PACKAGE:
            members = _members(one)
            if "clock" in members:
                new = clocks.get(id(members["clock"]))
                if new is not None:
                    one.clock = new


def _members(thing: object) -> dict[str, Any]:
    """Return what an object holds, without asking its own ``__getattr__``: that may do work."""
    try:
        found = object.__getattribute__(thing, "__dict__")
    except AttributeError:
        return {}
    return found if isinstance(found, dict) else {}


def _replace_in(names: dict[str, Any], clocks: dict[int, Any]) -> None:
    for name, value in list(names.items()):
        new = clocks.get(id(value))
        if new is not None:
            names[name] = new


def _seconds(moment: Moment) -> float:
    if isinstance(moment, (int, float)):
        return float(moment)
    found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
