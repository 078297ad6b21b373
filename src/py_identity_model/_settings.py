"""Every environment variable of the package, and the one place that reads them.

Variables are read when a request is really sent, never at import and never on the warm path.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass

from ._logging import logger
from .exceptions import InvalidArgumentError


@dataclass(frozen=True)
class Setting:
    """A number from the environment.

    A lenient setting answers garbage with its default and a value out of bounds with the
    nearest bound (or its default, for a count below one); a strict one refuses both.
    """

    names: tuple[str, ...]
    default: float
    lowest: float
    highest: float = math.inf
    strict: bool = False

    def read(self) -> float:
        """Return the number in force now."""
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


HTTP_TIMEOUT = Setting(("HTTP_TIMEOUT",), 30.0, 0.001, strict=True)
HTTP_RETRY_MAX_ATTEMPTS = Setting(
    ("HTTP_RETRY_MAX_ATTEMPTS", "HTTP_RETRY_COUNT"), 3, 0, strict=True
)
HTTP_RETRY_BASE_DELAY = Setting(("HTTP_RETRY_BASE_DELAY",), 1.0, 0, strict=True)
MAX_JWKS_SIZE = Setting(("MAX_JWKS_SIZE",), 512 * 1024, 1, strict=True)
MAX_JWKS_KEYS = Setting(("MAX_JWKS_KEYS",), 100, 1, strict=True)
DISCO_CACHE_TTL = Setting(("DISCO_CACHE_TTL",), 3600, 60, 86400)
JWKS_CACHE_TTL = Setting(("JWKS_CACHE_TTL",), 3600, 60, 86400)
CACHE_MAX_STALE = Setting(("CACHE_MAX_STALE",), 86400, 0)
KID_MISS_REFRESH_COOLDOWN = Setting(("KID_MISS_REFRESH_COOLDOWN",), 5, 0, 3600)
DISCO_CACHE_MAX_ENTRIES = Setting(("DISCO_CACHE_MAX_ENTRIES", "JWKS_CACHE_MAX_ENTRIES"), 1000, 1)
JWKS_CACHE_MAX_ENTRIES = Setting(("JWKS_CACHE_MAX_ENTRIES",), 1000, 1)

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
