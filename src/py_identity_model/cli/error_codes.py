"""What each error code means, and what to do about it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import NamedTuple


class Explanation(NamedTuple):
    """The cause of an error, and its remedy."""

    cause: str
    remedy: str


def _load() -> Mapping[str, Explanation]:
    text = files(__package__).joinpath("error_codes.toml").read_text("utf-8")
    return {code: Explanation(*words) for code, words in tomllib.loads(text).items()}


EXPLANATIONS = _load()
"""By the ``code`` of exceptions and log records."""
