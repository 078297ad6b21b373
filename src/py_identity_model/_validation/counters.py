"""What the caches did, counted."""

from dataclasses import dataclass, fields
from threading import get_ident
from typing import Any, overload


class _Count:
    """A number that each thread raises in a cell of its own; reading adds the cells up.

    Raising it takes no lock: only its thread writes to a cell.  ``shared`` names cells that
    count for several numbers at once.
    """

    def __init__(self, shared: str | None = None) -> None:
        self._shared = shared

    def __set_name__(self, owner: type[object], name: str) -> None:
        self._cells = f"_{name}_cells"

    @overload
    def __get__(self, counters: None, owner: type[object]) -> int: ...
    @overload
    def __get__(self, counters: object, owner: type[object]) -> int: ...
    def __get__(self, counters: object | None, owner: type[object]) -> int:
        if counters is None:
            return 0  # the default that dataclass asks for
        cells = [counters.__dict__[self._cells]]
        if self._shared is not None:
            cells.append(counters.__dict__.get(self._shared, {}))
        return sum(sum(list(one.values())) for one in cells)

    def __set__(self, counters: object, value: int) -> None:
        counters.__dict__[self._cells] = {0: value}
        if self._shared is not None:
            # What was counted for several goes on counting for the others alone.
            taken = sum(list(counters.__dict__.setdefault(self._shared, {}).values()))
            counters.__dict__[self._cells] = {0: value - taken}

    def add(self, counters: object) -> None:
        _raise(counters.__dict__[self._cells])


def _raise(cells: dict[int, int]) -> None:
    thread = get_ident()
    cells[thread] = cells.get(thread, 0) + 1


@dataclass
class CacheCounters:
    """How often the caches behind ``validate_token`` were hit, missed and refreshed.

    A hit was served from the cache; a miss or refresh sent a request, also one that failed.
    One object counts for the whole process, both APIs and every client.

    Example::

        get_cache_counters().snapshot()  # {"disco_hits": 12, "disco_misses": 1, ...}
    """

    disco_hits: int = _Count("_warm_cells")  # type: ignore[assignment]
    disco_misses: int = _Count()  # type: ignore[assignment]
    jwks_hits: int = _Count("_warm_cells")  # type: ignore[assignment]
    jwks_misses: int = _Count()  # type: ignore[assignment]
    jwks_refreshes: int = _Count()  # type: ignore[assignment]

    def snapshot(self) -> dict[str, int]:
        """Return the numbers of this moment.

        Example::

            get_cache_counters().snapshot()
        """
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def reset(self) -> None:
        """Start again from zero.

        Example::

            get_cache_counters().reset()
        """
        for field in fields(self):
            setattr(self, field.name, 0)

    def record_disco_hit(self) -> None:
        """Count a discovery document served from the cache."""
        _count("disco_hits").add(self)

    def record_disco_miss(self) -> None:
        """Count a request for a discovery document."""
        _count("disco_misses").add(self)

    def record_jwks_hit(self) -> None:
        """Count a key set served from the cache."""
        _count("jwks_hits").add(self)

    def record_jwks_miss(self) -> None:
        """Count a request for a key set that was not cached."""
        _count("jwks_misses").add(self)

    def record_jwks_refresh(self) -> None:
        """Count a request for a key set that was cached."""
        _count("jwks_refreshes").add(self)


def warm_cells() -> dict[int, int]:
    """Return the cells, one a thread, that count for documents and key sets at once."""
    cells: dict[int, int] = _counters.__dict__["_warm_cells"]
    return cells


def _count(name: str) -> Any:
    return CacheCounters.__dict__[name]


_counters = CacheCounters()


def get_cache_counters() -> CacheCounters:
    """Return the counters of this process.

    Example::

        get_cache_counters().jwks_misses
    """
    return _counters
