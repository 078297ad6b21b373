"""Checks of arguments that are collections of names, where they are given."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from urllib.parse import SplitResult

from .._jose.algorithms import ALGORITHMS, require_usable
from ..exceptions import ConfigurationException, InvalidArgumentError
from .discovery_policy import DiscoveryPolicy
from .urls import is_loopback, split_url

_POLICY_SWITCHES = [name for name, one in vars(DiscoveryPolicy()).items() if isinstance(one, bool)]
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC 6749 §3.3


def names_of(name: str, values: object) -> tuple[str, ...]:
    """Return the strings in ``values``; raise InvalidArgumentError for anything else.

    A single string is refused: iterating over it would give its letters.
    """
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise InvalidArgumentError(f"{name} must be a collection of strings, not {_kind(values)}")
    found = tuple(values)
    if not all(isinstance(one, str) and one for one in found):
        raise InvalidArgumentError(f"{name} must contain only non-empty strings")
    return found


def check_instance(value: object, kind: type) -> None:
    """Raise InvalidArgumentError for anything but a ``kind``, such as a bare address."""
    if not isinstance(value, kind):
        raise InvalidArgumentError(f"expected a {kind.__name__}, not {_kind(value)}")


def check_issuer_address(issuer: str) -> None:
    """Raise InvalidArgumentError for an issuer whose metadata could not be fetched.

    Plain http is not refused here, because a policy may allow it.
    """
    if not issuer.startswith(("https://", "http://")):
        raise InvalidArgumentError(
            f"issuer must be a URL, such as https://auth.example.com, not {issuer[:200]!r}"
        )


def audience_of(name: str, value: object) -> str | list[str]:
    """Return an audience: one name, or a list of at least one."""
    if isinstance(value, str) and value:
        return value
    found = [] if isinstance(value, str) else list(names_of(name, value))
    if not found:
        raise InvalidArgumentError(f"{name} must name this API at least once")
    return found


def algorithms_of(values: object) -> list[str]:
    """Return an allow-list of signature algorithms."""
    found = list(names_of("algorithms", values))
    unknown = [one for one in found if one not in ALGORITHMS]
    if unknown or not found:
        raise InvalidArgumentError(
            f"algorithms must name signature algorithms, and at least one: {unknown} are not"
        )
    for one in found:
        require_usable(one)
    return found


def scopes_from(name: str, values: object) -> frozenset[str]:
    """Return scopes, also from a space-separated string (RFC 6749 §3.3)."""
    found = values.split() if isinstance(values, str) else names_of(name, values)
    for one in found:
        if _SCOPE.fullmatch(one) is None:
            raise InvalidArgumentError(f"{name} must hold scopes: {one[:50]!r} is not one")
    return frozenset(found)


def with_scopes(required: frozenset[str], scopes: str | Iterable[str]) -> frozenset[str]:
    """Return the union of ``required`` and ``scopes``; the caller checks the latter when one is
    missing.
    """
    try:
        return required.union(scopes.split() if isinstance(scopes, str) else scopes)
    except TypeError:
        raise InvalidArgumentError("scopes must be a collection of strings") from None


def acr_values_from(values: object) -> tuple[str, ...]:
    """Return the values for ``acr``, also from a space-separated string (RFC 9470 §3)."""
    found = values.split() if isinstance(values, str) else names_of("acr_values", values)
    for one in found:
        if not (one.isascii() and one.isprintable()) or " " in one:
            raise InvalidArgumentError("acr_values must be printable ASCII without spaces")
    return tuple(found)


def check_store(name: str, store: object, kind: type) -> None:
    """Raise InvalidArgumentError unless ``store`` is a store of ``kind``, and of the same API.

    The stores of both APIs have the same methods, so one of the other API would fail only when it
    is used, as if it were down.
    """
    ours = kind.__module__.split(".")[1]
    theirs = "py_identity_model." + ("sync" if ours == "aio" else "aio") + "."
    if not isinstance(store, kind) or any(
        one.__module__.startswith(theirs) for one in type(store).__mro__
    ):
        raise InvalidArgumentError(
            f"{name} must be a {kind.__name__} of py_identity_model.{ours}, not {_kind(store)}"
        )


def check_callable(name: str, value: object) -> None:
    """Raise InvalidArgumentError unless ``value`` can be called, or is None."""
    if value is not None and not callable(value):
        raise InvalidArgumentError(f"{name} must be callable, not {_kind(value)}")


def check_kind(name: str, value: object, kind: type) -> None:
    """Raise InvalidArgumentError unless ``value`` is of ``kind``, or None."""
    if not isinstance(value, (kind, type(None))):
        raise InvalidArgumentError(f"{name} must be {kind.__name__}, not {_kind(value)}")


def check_given(name: str, value: object, kind: type) -> None:
    """Raise InvalidArgumentError unless ``value`` is of ``kind``; None is not."""
    if value is None:
        raise InvalidArgumentError(f"{name} must be {kind.__name__}, not None")
    check_kind(name, value, kind)


def check_switches(**given: object) -> None:
    """Raise InvalidArgumentError for anything but True and False.

    Texts come from files and environments: "false" would switch on what must be off.
    """
    for name, value in given.items():
        if not isinstance(value, bool):
            raise InvalidArgumentError(f"{name} must be true or false, not {_kind(value)}")


def check_policy(name: str, policy: object) -> None:
    """Raise InvalidArgumentError unless ``policy`` is a DiscoveryPolicy, or None."""
    check_kind(name, policy, DiscoveryPolicy)
    if policy is not None:
        # Not by `vars`: a subclass may have slots.
        check_switches(**{f"{name}.{one}": getattr(policy, one) for one in _POLICY_SWITCHES})


def check_text(name: str, value: object) -> None:
    """Raise InvalidArgumentError unless ``value`` is a non-blank string, or None."""
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise InvalidArgumentError(f"{name} must be a non-blank string")


def is_number(value: object) -> bool:
    """Return whether ``value`` is a number, also of a subclass such as numpy's; bool is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def seconds_of(name: str, value: float) -> float:
    """Return ``value``, a finite and non-negative number of seconds."""
    if is_number(value) and 0 <= value <= sys.float_info.max:
        return value
    raise InvalidArgumentError(f"{name} must be a finite number of seconds, not negative")


def whole_seconds(name: str, value: int) -> int:
    """Return ``value``, a whole and non-negative number of seconds, as requests name them."""
    if type(value) is not int:
        raise InvalidArgumentError(f"{name} must be a whole number of seconds")
    seconds_of(name, value)
    return value


def parts_of(name: str, url: object) -> SplitResult:
    """Return the parts of the http or https URL given as the parameter ``name``."""
    try:
        return split_url(url)
    except ConfigurationException as error:
        raise InvalidArgumentError(f"{name} must be a URL: {error.message}") from None


def check_address(name: str, address: str, *, require_https: bool) -> None:
    """Raise InvalidArgumentError for an address that must not receive a secret."""
    parts = parts_of(name, address)
    if require_https and parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise InvalidArgumentError(f"{name} must be https; require_https=False accepts plain http")


def check_request(
    authorization: object,
    method: object,
    uri: object,
    dpop: object,
    certificate: object,
    scopes: Iterable[object],
) -> None:
    """Raise InvalidArgumentError, naming the parameter, for values that no request can have."""
    for name, value in (("authorization", authorization), ("method", method), ("uri", uri)):
        if not isinstance(value, (str, type(None))):
            raise InvalidArgumentError(f"{name} must be a string, not {_kind(value)}")
    if not isinstance(dpop, (str, type(None))):
        listed = None if isinstance(dpop, bytes) or not isinstance(dpop, Iterable) else dpop
        # They may be empty: that is the sender's mistake, not the program's.
        if listed is None or not all(isinstance(one, str) for one in listed):
            raise InvalidArgumentError("dpop must be one or several strings")
    if not isinstance(certificate, (str, bytes, type(None))):
        raise InvalidArgumentError("certificate must be text or bytes: PEM or DER")
    scopes_from("scopes", scopes)


def _kind(value: object) -> str:
    return type(value).__name__
