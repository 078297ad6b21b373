"""The environment variables of the package, all read in this module.

Variables are read when a request is actually sent, never at import and never on the fast path.
"""

import math
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

from ._logging import logger
from .exceptions import InvalidArgumentError


class Setting(NamedTuple):
    """A number, declared once.

    ``key`` is its name in the sources of a ``Config``; ``field`` is the attribute of ``Config`` and
    of :class:`Settings`; of the environment's ``names`` the first that is set counts.  There it
    must be between ``lowest`` and ``highest``; a program may pass ``lowest_passed``, because its
    author knows it.  ``whole`` is for counts.

    A lenient setting replaces an invalid value by its default and a value out of bounds by the
    nearest bound (or by its default, for a count below one); a strict one refuses both.
    """

    key: str
    field: str
    names: tuple[str, ...]
    default: float
    lowest: float
    highest: float
    lowest_passed: float
    strict: bool
    whole: bool

    def read(self) -> float:
        """Return the number in force: the caller's, else the environment's or the default."""
        settings = _in_force.get()
        given: float | None = None if settings is None else getattr(settings, self.field)
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


SETTINGS: dict[str, Setting] = {}
"""Every setting, by its field."""


def _declare(
    key: str,
    *names: str,
    default: float,
    lowest: float,
    highest: float = math.inf,
    lowest_passed: float | None = None,
    strict: bool = False,
    whole: bool = False,
) -> Setting:
    field = key.replace(".", "_")
    passed = lowest if lowest_passed is None else lowest_passed
    setting = Setting(key, field, names, default, lowest, highest, passed, strict, whole)
    SETTINGS[field] = setting
    return setting


HTTP_TIMEOUT = _declare("http.timeout", "HTTP_TIMEOUT", default=30.0, lowest=0.001, strict=True)
HTTP_RETRY_MAX_ATTEMPTS = _declare(
    "http.retry.max_attempts",
    "HTTP_RETRY_MAX_ATTEMPTS",
    "HTTP_RETRY_COUNT",
    default=3,
    lowest=0,
    strict=True,
    whole=True,
)
HTTP_RETRY_BASE_DELAY = _declare(
    "http.retry.base_delay", "HTTP_RETRY_BASE_DELAY", default=1.0, lowest=0, strict=True
)
MAX_JWKS_SIZE = _declare(
    "jwks.max_size", "MAX_JWKS_SIZE", default=512 * 1024, lowest=1, strict=True, whole=True
)
MAX_JWKS_KEYS = _declare(
    "jwks.max_keys", "MAX_JWKS_KEYS", default=100, lowest=1, strict=True, whole=True
)
JWKS_CACHE_TTL = _declare(
    "jwks.cache.ttl", "JWKS_CACHE_TTL", default=3600, lowest=60, highest=86400, lowest_passed=0
)
DISCO_CACHE_TTL = _declare(
    "discovery.cache.ttl",
    "DISCO_CACHE_TTL",
    default=3600,
    lowest=60,
    highest=86400,
    lowest_passed=0,
)
CACHE_MAX_STALE = _declare("cache.max_stale", "CACHE_MAX_STALE", default=86400, lowest=0)
CACHE_MIN_TTL = _declare("cache.min_ttl", "CACHE_MIN_TTL", default=300, lowest=0, highest=86400)
KID_MISS_REFRESH_COOLDOWN = _declare(
    "jwks.kid_miss_cooldown", "KID_MISS_REFRESH_COOLDOWN", default=5, lowest=0, highest=3600
)
JWKS_CACHE_MAX_ENTRIES = _declare(
    "jwks.cache.max_entries", "JWKS_CACHE_MAX_ENTRIES", default=1000, lowest=1, whole=True
)
DISCO_CACHE_MAX_ENTRIES = _declare(
    "discovery.cache.max_entries",
    "DISCO_CACHE_MAX_ENTRIES",
    "JWKS_CACHE_MAX_ENTRIES",
    default=1000,
    lowest=1,
    whole=True,
)

STORE_SECONDS = 5.0
"""How long a source waits for its store, so that a store that hangs does not block its callers."""

SIGNING_SECONDS = 10.0
"""How long a key that is kept elsewhere may take to sign; threads cannot be interrupted."""

BEST_EFFORT_SECONDS = 0.5
"""How long a store that only spares a request may take: less than callers wait for the request."""

OVERLAP_DELAY = 0.01
"""Grace period in seconds before background work starts while a request is running."""

MOST_CONNECTIONS = 400
"""The maximum number of connections of our own clients.

More than the 100 of httpx: beside 200 that hang, or never get a response, the rest must find a
place.
"""

_CA_VARIABLES = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")


def ca_bundle() -> str | None:
    """Return the file or folder of trusted certificates that the environment names, if any."""
    return next((path for name in _CA_VARIABLES if (path := os.environ.get(name))), None)


def ca_folder() -> str | None:
    """Return OpenSSL's own ``SSL_CERT_DIR``, used if no bundle is named."""
    return os.environ.get("SSL_CERT_DIR") or None


def variables(names: Iterable[str]) -> dict[str, str]:
    """Return those of ``names`` that the environment has, including empty ones."""
    return {name: os.environ[name] for name in names if name in os.environ}


class Configured(Protocol):
    """The interface of ``Config``, which imports this module and so is not imported here."""

    @property
    def given(self) -> frozenset[str]:
        """The names of the attributes that differ from their defaults."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings for one call, or many: pass them as ``settings``.

    None uses the environment, or else the default.  ``http_timeout`` is for each phase of a
    request, ``http_retry_base_delay`` the pause before the first retry, ``jwks_max_size`` a number
    of bytes; the lifetimes, ``cache_min_ttl``, ``cache_max_stale`` and ``jwks_kid_miss_cooldown``
    apply to what this call puts into the cache.  Times are in seconds.  Raises
    :class:`InvalidArgumentError` (a ``ValueError``) for numbers out of bounds.

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
            lowest = SETTINGS[name].lowest_passed
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if value is not None and not (number and lowest <= value < math.inf):
                raise InvalidArgumentError(
                    f"{name} must be a number of at least {lowest:g}", code="invalid_setting"
                )

    @classmethod
    def from_config(cls, config: Configured) -> Self:
        """Return the settings that ``config``, a Config, was actually given, without its defaults.

        Example::

            settings = Settings.from_config(Config.from_env())
        """
        known = [setting for setting in SETTINGS.values() if setting.field in config.given]
        passed = {one.field: max(getattr(config, one.field), one.lowest_passed) for one in known}
        return cls(**passed)


_in_force: ContextVar[Settings | None] = ContextVar("py_identity_model.settings", default=None)


@contextmanager
def in_force(settings: Settings | None) -> Iterator[None]:
    """Apply ``settings`` in the block, and to everything it starts; None changes nothing."""
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
