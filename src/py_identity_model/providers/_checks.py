"""Checks of the arguments of presets, before they become part of a URL."""

from __future__ import annotations

import re
from collections.abc import Collection

from .._wire.urls import split_url
from ..exceptions import ConfigurationException, InvalidArgumentError

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*(?::[1-9][0-9]{{0,4}})?")
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]*")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]")


def fits(name: str, value: object, pattern: re.Pattern[str], what: str) -> str:
    """Return ``value`` if it matches ``pattern``, or raise InvalidArgumentError."""
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise InvalidArgumentError(f"{name} must be {what}")
    return value


def host(name: str, value: object) -> str:
    """Return a host name in lower case, optionally with a port."""
    lowered = value.lower() if isinstance(value, str) else value
    return fits(name, lowered, _HOST, "the name of a host, without scheme and path")


def label(name: str, value: object) -> str:
    """Return one label of a host name."""
    lowered = value.lower() if isinstance(value, str) else value
    return fits(name, lowered, re.compile(_LABEL), "one label of a host's name")


def guid(name: str, value: object) -> str:
    """Return a tenant's identifier, in lower case."""
    lowered = value.lower() if isinstance(value, str) else value
    return fits(name, lowered, _GUID, "the identifier (GUID) of a tenant, not its name")


def segment(name: str, value: object) -> str:
    """Return one segment of a path."""
    return fits(name, value, _SEGMENT, "only letters, digits and any of . _ ~ -")


def region(name: str, value: object) -> str:
    """Return the name of an AWS region."""
    return fits(name, value, _REGION, "a region such as eu-central-1")


def text(name: str, value: object) -> str:
    """Return a non-empty string."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidArgumentError(f"{name} must be a non-empty string")
    return value


def texts(name: str, values: object) -> tuple[str, ...]:
    """Return a non-empty collection of strings; a single string is refused."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Collection) or not values:
        raise InvalidArgumentError(f"{name} must be a non-empty collection of strings")
    ordered = values if isinstance(values, (list, tuple)) else sorted(values, key=str)
    return tuple(text(name, value) for value in ordered)


def base_url(name: str, value: str) -> str:
    """Return an absolute URL without its last slash, credentials, query and fragment."""
    try:
        parts = split_url(value)
    except ConfigurationException as error:
        raise InvalidArgumentError(f"{name}: {error}") from None
    plain = re.fullmatch(r"(?:/[A-Za-z0-9._~-]+)*/?", parts.path)
    dots = {".", ".."} & set(parts.path.split("/"))
    named = re.fullmatch(r"[A-Za-z0-9.:\[\]-]+", parts.netloc)
    if not named or "?" in value or "#" in value or not plain or dots:
        raise InvalidArgumentError(f"{name} must be only scheme, host and a plain path")
    return value.rstrip("/")
