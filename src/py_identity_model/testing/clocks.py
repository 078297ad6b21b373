"""Clocks that tests set: every one of this package, those of objects made before included."""

from __future__ import annotations

import datetime as datetimes
import gc
import pkgutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, tzinfo
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple, cast

_PACKAGE = "py_identity_model"
_APART = (f"{_PACKAGE}.cli", f"{_PACKAGE}.__main__", f"{_PACKAGE}._pytest_plugin")

Moment = datetime | str | float
"""A point in time: a datetime with its zone, ISO 8601 text, or seconds since 1970."""


class _Clocks(NamedTuple):
    """What modules import, and objects hold, to know the time."""

    module: ModuleType
    time: Callable[[], float]
    monotonic: Callable[[], float]
    datetime: type[datetime]


def _visible() -> _Clocks:
    """Return the clocks that modules find now: freezegun's while it is active."""
    return _Clocks(time, time.time, time.monotonic, datetimes.datetime)


def _freezegun() -> Any:
    return sys.modules.get("freezegun.api")


def _real() -> _Clocks:
    """Return the real ones, also where this module is first loaded while freezegun is active."""
    shown, api = _visible(), _freezegun()
    return _Clocks(
        time,
        getattr(api, "real_time", shown.time),
        getattr(api, "real_monotonic", shown.monotonic),
        getattr(api, "real_datetime", shown.datetime),
    )


# In tuples, where freezegun does not find and replace them.
_REAL = _real()
_frozen: list[_Clocks] = []  # blocks within blocks: the last one counts


class FrozenClock:
    """The clocks of this package while they are frozen.

    The wall clock stops.  The monotonic one goes on, so that nothing waits forever, and is
    moved along by :meth:`tick`: caches, locks and renewals see the time pass.
    """

    def __init__(self, moment: Moment | None = None) -> None:
        self._now = time.time() if moment is None else _seconds(moment)
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
        return _REAL.monotonic() + self._passed

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
    time-machine may be used beside it, around it or within: in the block, this package shows the
    time of the block.  Threads that wait for something real go on waiting.

    :param moment: what the wall clock shows; by default now, which freezegun and time-machine set

    Raises ValueError for a text that is not ISO 8601.

    Example::

        token = provider.mint()
        with freeze_clocks() as clock:
            clock.tick(2 * provider.lifetime)  # the token has expired meanwhile
    """
    clock = FrozenClock(moment)
    before = _frozen[-1] if _frozen else _visible()
    ours = _clocks_of(clock)
    _load_all()
    _forget_in_freezegun()
    _replace([_REAL, *_fakes(), before], ours)
    _frozen.append(ours)
    try:
        yield clock
    finally:
        _frozen.remove(ours)
        _forget_in_freezegun()
        outer = _frozen[-1] if _frozen else _visible()
        _replace([ours], _REAL if before == _REAL else outer)


def _clocks_of(clock: FrozenClock) -> _Clocks:
    module = _Time(clock)
    return _Clocks(module, module.time, module.monotonic, _frozen_datetime(clock))


def _fakes() -> Iterator[_Clocks]:
    """Yield freezegun's clocks: objects that were made while it was active keep them."""
    api = _freezegun()
    with suppress(AttributeError):
        yield _Clocks(time, api.fake_time, api.fake_monotonic, api.FakeDatetime)


def _forget_in_freezegun() -> None:
    """Have freezegun look for clocks in our modules again: it remembers where it found some."""
    remembered = getattr(_freezegun(), "_GLOBAL_MODULES_CACHE", {})
    for name in [one for one in remembered if _is_ours(one)]:
        del remembered[name]


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
        return isinstance(instance, _REAL.datetime)


def _frozen_datetime(clock: FrozenClock) -> type[datetime]:
    def now(cls: type[datetime], tz: tzinfo | None = None) -> datetime:
        return _REAL.datetime.fromtimestamp(clock.time(), tz)

    members = {"now": classmethod(now)}
    return cast("type[datetime]", _AnyDatetime("FrozenDatetime", (_REAL.datetime,), members))


def _load_all() -> None:
    """Load our modules: one that is loaded later would have the real clocks."""
    import py_identity_model

    for found in pkgutil.walk_packages(py_identity_model.__path__, f"{_PACKAGE}."):
        if not found.name.startswith((*_APART, f"{_PACKAGE}.testing.__main__")):
            # A framework may be missing, or not be set up (Django without settings).
            with suppress(Exception):
                import_module(found.name)


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] == _PACKAGE


def _replace(old: list[_Clocks], new: _Clocks) -> None:
    """Put others in the place of clocks, wherever ours are."""
    by_id = {
        id(clock): substitute for one in old for clock, substitute in zip(one, new, strict=True)
    }
    for name, module in list(sys.modules.items()):
        if _is_ours(name) and name != __name__:
            _replace_in(vars(module), by_id)
    for one in gc.get_objects():
        if _is_ours(str(getattr(type(one), "__module__", ""))):
            _replace_in(_members(one), by_id)


def _members(thing: object) -> dict[str, Any]:
    """Return what an object holds, without asking its own ``__getattr__``: that may do work."""
    try:
        found = object.__getattribute__(thing, "__dict__")
    except AttributeError:
        return {}
    return found if isinstance(found, dict) else {}


def _replace_in(names: dict[str, Any], clocks: dict[int, object]) -> None:
    for name, value in list(names.items()):
        new = clocks.get(id(value))
        if new is not None:
            names[name] = new


def _seconds(moment: Moment) -> float:
    if isinstance(moment, (int, float)):
        return float(moment)
    found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
