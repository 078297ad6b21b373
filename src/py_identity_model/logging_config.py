"""Configuration of logging, and redaction of secrets in your own log lines."""

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
    """Configure where the package's log records go.

    :param level: the lowest level shown
    :param log_format: a :mod:`logging` format
    :param handler: the destination, standard error by default; its own format is used unless
        ``log_format`` is given

    Handlers set before are replaced.

    Example::

        configure_logging(logging.DEBUG)
    """
    chosen = handler or logging.StreamHandler()
    if log_format is not None or chosen.formatter is None:
        chosen.setFormatter(logging.Formatter(log_format or _FORMAT))
    logger.handlers[:] = [chosen]
    logger.setLevel(level)
