"""Every environment variable of the package, and the one place that reads them.

Variables are read when a request is really sent, never at import and never on the warm path.
"""

import math
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields
from typing import NamedTuple, Protocol, Self

from ._logging import logger
from .exceptions import InvalidArgumentError


class Setting(NamedTuple):
    """A number from the environment.

    A lenient setting answers garbage with its default and a value out of bounds with the
    nearest bound (or its default, for a count below one); a strict one refuses both.
    """

    names: tuple[str, ...]
    default: float
    lowest: float
    highest: float = math.inf
    strict: bool = False
    field: str = ""

    def read(self) -> float:
        """Return the number in force now: the caller's, else the environment's or the default."""
        given = self.given()
        return self.from_environment() if given is None else given

    def given(self) -> float | None:
        """Return the number in the caller's :class:`Settings`, if there is one."""
        settings = _in_force.get()
        value: float | None = None if settings is None else getattr(settings, self.field)
        return value

    def from_environment(self) -> float:
        """Return the environment's number, else the default."""
        for name in self.names:
            if (text := os.environ.get(name)) and (text := text.strip()):
                return self._parse(name, text)
        return self.default

    def _parse(self, name: str, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if self.strict:
            if not self.lowest <= number < math.inf:
                raise InvalidArgumentError(
                    f"{name} must be a number of at least {self.lowest:g}",
                    {"variable": name},
                    code="invalid_setting",
                )
            return number
        if not math.isfinite(number) or number < self.lowest == 1:
            logger.warning("%s is not usable; using %g", name, self.default)
            return self.default
        return min(max(number, self.lowest), self.highest)


HTTP_TIMEOUT = Setting(("HTTP_TIMEOUT",), 30.0, 0.001, strict=True, field="http_timeout")
HTTP_RETRY_MAX_ATTEMPTS = Setting(
    ("HTTP_RETRY_MAX_ATTEMPTS", "HTTP_RETRY_COUNT"),
    3,
    0,
    strict=True,
    field="http_retry_max_attempts",
)
HTTP_RETRY_BASE_DELAY = Setting(
    ("HTTP_RETRY_BASE_DELAY",), 1.0, 0, strict=True, field="http_retry_base_delay"
)
MAX_JWKS_SIZE = Setting(("MAX_JWKS_SIZE",), 512 * 1024, 1, strict=True, field="jwks_max_size")
MAX_JWKS_KEYS = Setting(("MAX_JWKS_KEYS",), 100, 1, strict=True, field="jwks_max_keys")
DISCO_CACHE_TTL = Setting(("DISCO_CACHE_TTL",), 3600, 60, 86400, field="discovery_cache_ttl")
JWKS_CACHE_TTL = Setting(("JWKS_CACHE_TTL",), 3600, 60, 86400, field="jwks_cache_ttl")
CACHE_MAX_STALE = Setting(("CACHE_MAX_STALE",), 86400, 0, field="cache_max_stale")
CACHE_MIN_TTL = Setting(("CACHE_MIN_TTL",), 300, 0, 86400, field="cache_min_ttl")
KID_MISS_REFRESH_COOLDOWN = Setting(
    ("KID_MISS_REFRESH_COOLDOWN",), 5, 0, 3600, field="jwks_kid_miss_cooldown"
)
DISCO_CACHE_MAX_ENTRIES = Setting(
    ("DISCO_CACHE_MAX_ENTRIES", "JWKS_CACHE_MAX_ENTRIES"),
    1000,
    1,
    field="discovery_cache_max_entries",
)
JWKS_CACHE_MAX_ENTRIES = Setting(
    ("JWKS_CACHE_MAX_ENTRIES",), 1000, 1, field="jwks_cache_max_entries"
)

STORE_SECONDS = 5.0
"""How long a source waits for its store: one that hangs must not hold its callers."""

SIGNING_SECONDS = 10.0
"""How long a key that is kept elsewhere may take to sign; threads cannot be interrupted."""

BEST_EFFORT_SECONDS = 0.5
"""How long a store that only spares a request may take: less than callers wait for the request."""

AT_ONCE = 0.01
"""How many seconds something may take that nothing is done beside: that would only delay it."""

MOST_CONNECTIONS = 400
"""How many connections a client of our own may have at once.

More than httpx's 100: beside 200 that hang, or are never answered, the rest must find a place.
"""

_CA_VARIABLES = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")


def ca_bundle() -> str | None:
    """Return the file or folder of trusted certificates that the environment names, if any."""
    return next((path for name in _CA_VARIABLES if (path := os.environ.get(name))), None)


def ca_folder() -> str | None:
    """Return OpenSSL's own ``SSL_CERT_DIR``, used when no bundle is named."""
    return os.environ.get("SSL_CERT_DIR") or None


def variables(names: Iterable[str]) -> dict[str, str]:
    """Return those of ``names`` that the environment has, empty ones too."""
    return {name: os.environ[name] for name in names if name in os.environ}


class Configured(Protocol):
    """A ``Config``, which is made from the settings of this module and so is not imported here."""

    @property
    def given(self) -> frozenset[str]:
        """The names of the attributes that were not left at their defaults."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings for one call, or many: pass them as ``settings``.

    What is None comes from the environment, else from the defaults.  ``http_timeout`` is that of
    each phase of a request, ``http_retry_base_delay`` the pause before the first retry,
    ``jwks_max_size`` a number of bytes; the lifetimes, ``cache_min_ttl``, ``cache_max_stale`` and
    ``jwks_kid_miss_cooldown`` concern what this call puts into the cache.  Times are in seconds.
    Raises :class:`InvalidArgumentError` (a ``ValueError``) for numbers out of bounds.

    Example::

        settings = Settings(http_timeout=5, http_retry_max_attempts=1)
    """

    http_timeout: float | None = None
    http_retry_max_attempts: int | None = None
    http_retry_base_delay: float | None = None
    jwks_max_size: int | None = None
    jwks_max_keys: int | None = None
    jwks_cache_ttl: float | None = None
    discovery_cache_ttl: float | None = None
    cache_max_stale: float | None = None
    jwks_kid_miss_cooldown: float | None = None
    jwks_cache_max_entries: int | None = None
    discovery_cache_max_entries: int | None = None
    cache_min_ttl: float | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            lowest = _LOWEST[name]
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if value is not None and not (number and lowest <= value < math.inf):
                raise InvalidArgumentError(
                    f"{name} must be a number of at least {lowest:g}", code="invalid_setting"
                )

    @classmethod
    def from_config(cls, config: Configured) -> Self:
        """Return the settings that ``config``, a Config, was really given, without its defaults.

        Example::

            settings = Settings.from_config(Config.from_env())
        """
        names = [field.name for field in fields(cls) if field.name in config.given]
        return cls(**{name: max(getattr(config, name), _LOWEST[name]) for name in names})


# Explicit settings accept a wider range than environment variables: their author knows the program.
_LOWEST: dict[str, float] = {
    "http_timeout": 0.001,
    "http_retry_max_attempts": 0,
    "http_retry_base_delay": 0,
    "jwks_max_size": 1,
    "jwks_max_keys": 1,
    "jwks_cache_ttl": 0,
    "discovery_cache_ttl": 0,
    "cache_max_stale": 0,
    "jwks_kid_miss_cooldown": 0,
    "jwks_cache_max_entries": 1,
    "discovery_cache_max_entries": 1,
    "cache_min_ttl": 0,
}
_in_force: ContextVar[Settings | None] = ContextVar("py_identity_model.settings", default=None)


@contextmanager
def in_force(settings: Settings | None) -> Iterator[None]:
    """Let ``settings`` count in the block, and in what it starts; None changes nothing."""
    if settings is None:
        yield
        return
    if not isinstance(settings, Settings):
        raise InvalidArgumentError("settings must be an instance of Settings")
    token = _in_force.set(settings)
    try:
        yield
    finally:
        _in_force.reset(token)
