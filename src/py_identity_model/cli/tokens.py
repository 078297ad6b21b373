"""Tokens taken apart, without believing any of it."""

from __future__ import annotations

import binascii
import json
import math
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

_TIMES = ("exp", "iat", "nbf", "auth_time", "updated_at")


@dataclass(frozen=True)
class Parts:
    """What a token says of itself; ``problem`` is why it cannot be read."""

    header: Mapping[str, Any] = field(default_factory=dict)
    claims: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "JWT"
    problem: str | None = None


def take_apart(token: str) -> Parts:
    """Return the header and claims of a token; **nothing is verified**."""
    segments = token.split(".")
    if len(segments) == 5:
        return _encrypted(segments[0])
    if len(segments) != 3:
        return Parts(
            kind="opaque",
            problem=f"it has {len(segments)} part(s), a JWT has three: it is opaque, and only its "
            "issuer can say what it is worth (introspect)",
        )
    try:
        header = _members("header", segments[0])
    except ValueError as error:
        return Parts(problem=str(error))
    try:
        return Parts(header, _members("claims", segments[1]))
    except ValueError as error:
        return Parts(header, problem=str(error))


def _encrypted(segment: str) -> Parts:
    problem = "it is encrypted, or opaque with five parts"
    try:
        return Parts(_members("header", segment), kind="JWE", problem=problem)
    except ValueError:
        return Parts(kind="opaque", problem=problem)


def _members(name: str, segment: str) -> dict[str, Any]:
    try:
        text = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
        members = json.loads(text)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise ValueError(f"its {name} cannot be read: {error}") from None
    if not isinstance(members, dict):
        raise ValueError(f"its {name} is not a JSON object")
    return members


def moment(value: object) -> str:
    """Return a NumericDate as people read it."""
    try:
        return datetime.fromtimestamp(float(str(value)), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"{value!r:.60}, which is not a time"


def lasting(seconds: float) -> str:
    """Return a duration as people say it."""
    left, words = abs(seconds), ""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if left >= size or unit == "second":
            count = round(left / size)
            words = f"{count} {unit}{'' if count == 1 else 's'}"
            break
    return words


def moment_and_distance(value: float, now: float) -> str:
    """Return a NumericDate as people read it, and how far away it is."""
    try:
        away = float(value) - now
    except OverflowError:  # a whole number of hundreds of digits
        away = math.inf
    if not math.isfinite(away):
        return moment(value)
    return f"{moment(value)}, " + (f"in {lasting(away)}" if away > 0 else f"{lasting(away)} ago")


def text_of(value: object) -> str:
    """Return a claim as it is shown: texts bare, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def readable(claims: Mapping[str, Any], now: float) -> dict[str, str]:
    """Return claims as texts, times with what they mean now."""
    shown = {}
    for name, value in claims.items():
        shown[name] = text_of(value)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if name in _TIMES and number:
            shown[name] = f"{value} ({moment_and_distance(value, now)})"
    return shown
