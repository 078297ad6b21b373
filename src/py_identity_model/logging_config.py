"""Logging: switch it on, and keep secrets out of your own lines."""

from __future__ import annotations

import logging

from ._logging import logger, redact_sensitive, redact_token, redact_url

__all__ = ["configure_logging", "logger", "redact_sensitive", "redact_token", "redact_url"]

_FORMAT = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"


def configure_logging(
    level: int = logging.WARNING,
    log_format: str | None = None,
    handler: logging.Handler | None = None,
) -> None:
    """Send the package's log records somewhere.

    ``level`` is the lowest level shown, ``log_format`` a :mod:`logging` format, ``handler``
    where records go (standard error by default; one with a format of its own keeps it unless
    ``log_format`` is given).  Handlers set before are replaced.

    Example::

        configure_logging(logging.DEBUG)
    """
    chosen = handler or logging.StreamHandler()
    if log_format is not None or chosen.formatter is None:
        chosen.setFormatter(logging.Formatter(log_format or _FORMAT))
    logger.handlers[:] = [chosen]
    logger.setLevel(level)
