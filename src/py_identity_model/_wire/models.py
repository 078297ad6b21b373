"""Base classes of requests and responses: masked secrets, and guarded fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import Field, dataclass, field, fields
from enum import Enum
from typing import Any, ClassVar

from ..exceptions import FailedResponseAccessError, SuccessfulResponseAccessError

Scope = str | Iterable[str]
"""A space-separated string, or its parts."""

REDACTED = "[REDACTED]"
_ALWAYS_SECRET = frozenset(
    {"authorization_details", "expected_sub", "extra_metadata", "extra_parameters", "login_hint"}
)
"""Field names that hold secrets or personal data in every class."""
_ERROR_FIELDS = frozenset({"error", "error_description"})


def masked_repr(value: Any, secrets: frozenset[str]) -> str:
    """Return the ``repr`` of a dataclass, with its secrets masked; never raises."""
    stored = vars(value)
    hidden = secrets | _ALWAYS_SECRET
    shown = (
        f"{f.name}={_masked(f.name in hidden, stored.get(f.name))}"
        for f in fields(type(value))
        if f.repr
    )
    return f"{type(value).__name__}({', '.join(shown)})"


def _masked(secret: bool, value: object) -> str:
    if secret and value is not None:
        return repr(REDACTED)
    return repr(value)


@dataclass(repr=False)
class BaseRequest:
    """A request to the endpoint at ``address``, a URL.

    Nothing is checked here; bad values are reported when the request is sent.
    """

    _secret_fields: ClassVar[frozenset[str]] = frozenset()

    address: str

    def __repr__(self) -> str:
        return masked_repr(self, self._secret_fields)

    def _secret_values(self) -> Iterator[object]:
        """Yield what must not be quoted, should a provider echo it: texts, or what holds texts."""
        for name in self._secret_fields | (_ALWAYS_SECRET & vars(self).keys()):
            yield getattr(self, name)


class Guarded:
    """Guards fields by ``is_successful``, compares stored values, and masks secrets."""

    _guarded_fields: ClassVar[frozenset[str]] = frozenset()
    _secret_fields: ClassVar[frozenset[str]] = frozenset()

    def __getattribute__(self, name: str) -> Any:
        look_up = object.__getattribute__
        if name in look_up(self, "_guarded_fields"):
            stored = look_up(self, "__dict__")
            if stored.get("is_successful") is False:
                raise FailedResponseAccessError(name, stored.get("error"))
        elif name in _ERROR_FIELDS and look_up(self, "__dict__").get("is_successful") is True:
            raise SuccessfulResponseAccessError(name)
        elif name == "__dataclass_fields__" and look_up(self, "__dict__").get("is_successful"):
            return _fields_of_success(type(self))
        return look_up(self, name)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # mutable, like any dataclass with equality

    def __repr__(self) -> str:
        return masked_repr(self, self._secret_fields)


def _fields_of_success(kind: type[Any]) -> dict[str, Field[Any]]:
    """Return the fields that ``dataclasses.replace`` copies of a successful response.

    ``replace`` reads every field that ``__init__`` takes, and a success has no error to read.  Code
    that reads the fields for other purposes (``asdict``) still meets the guard.
    """
    known: dict[str, Field[Any]] = dict(kind.__dataclass_fields__)
    for name in _ERROR_FIELDS & known.keys():
        known[name] = copy(known[name])
        known[name].init = False
    return known


@dataclass(eq=False, repr=False)
class BaseResponse(Guarded):
    """The outcome of a request.

    Check ``is_successful`` first: reading data of a failed response raises
    :class:`FailedResponseAccessError`, and reading ``error`` of a successful one raises
    :class:`SuccessfulResponseAccessError`.  ``vars(response)`` bypasses both guards.

    A failed response also gives the reason in ``error_kind``, ``status_code`` and the provider's
    own ``oauth_error``, ``oauth_error_description`` and ``oauth_error_uri`` (RFC 6749 §5.2); all of
    these are None on success and never raise.
    """

    is_successful: bool
    error: str | None = None
    error_kind: Enum | None = field(default=None, kw_only=True)
    status_code: int | None = field(default=None, kw_only=True)
    oauth_error: str | None = field(default=None, kw_only=True)
    oauth_error_description: str | None = field(default=None, kw_only=True)
    oauth_error_uri: str | None = field(default=None, kw_only=True)


def repeatable(value: Any) -> Any:
    """Return ``value``, an iterator as a list: what one reader took would be gone for the next."""
    return [*value] if isinstance(value, Iterator) else value


def scope_text(scope: Scope | None) -> str | None:
    """Return a scope in the form that is sent."""
    return scope if scope is None or isinstance(scope, str) else " ".join(scope)
