"""Files with credentials, read at each use, since their content changes on disk."""

from __future__ import annotations

from .exceptions import ConfigurationException

_LONGEST = 64 * 1024


def read_token_file(path: str) -> str:
    """Return the token in the file at ``path``, without surrounding white space.

    Raises ConfigurationException, which names the file without quoting its content.
    """
    try:
        with open(path, encoding="ascii") as file:
            token = file.read(_LONGEST).strip()
    except (OSError, ValueError) as error:
        reason = type(error).__name__
        raise ConfigurationException(f"token_file {path} cannot be read: {reason}") from None
    if not token:
        raise ConfigurationException(f"token_file {path} is empty")
    return token
