"""Custom validators of claims, and ready-made ones."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Iterable, Sequence
from inspect import isawaitable
from typing import Any, Protocol, runtime_checkable

from ..exceptions import InvalidArgumentError, TokenValidationException

Validator = Callable[[dict[str, Any]], object]


@runtime_checkable
class ClaimsValidator(Protocol):
    """A validator: called with the claims after all standard checks, it raises to reject them.

    Under ``py_identity_model.aio`` its result may be awaitable.

    Example::

        def only_admins(claims: dict[str, Any]) -> None:
            if "admin" not in claims.get("roles", []):
                raise ClaimsValidationError("admins only", claim="roles")
    """

    def __call__(self, claims: dict[str, Any], /) -> object:
        """Raise if ``claims`` are not acceptable."""


class ClaimsValidationError(TokenValidationException):
    """A claims validator rejected a token: ``reason`` says why, ``claim`` names the claim.

    With ``forbidden`` the token is valid but the request is not allowed with it: an access token
    verifier then answers 403 instead of 401.  RFC 6750 §3.1.

    Example::

        raise ClaimsValidationError("the tenant is suspended", claim="tid", forbidden=True)
    """

    code = "claims_rejected"
    forbidden = False

    def __init__(self, reason: str, *, claim: str | None = None, forbidden: bool = False) -> None:
        super().__init__(reason, "payload", {"reason": reason, "claim": claim})
        self.reason = reason
        self.claim = claim
        self.forbidden = forbidden


class _Rest(Coroutine[Any, Any, None]):
    """The pending rest of a combination; closing it unstarted also closes its awaitable."""

    def __init__(self, first: object, rest: Coroutine[Any, Any, None]) -> None:
        self._first = first
        self._rest = rest

    def __await__(self) -> Generator[Any, Any, None]:
        return self._rest.__await__()

    def send(self, value: Any, /) -> Any:
        return self._rest.send(value)

    def throw(self, *error: Any) -> Any:
        return self._rest.throw(*error)

    def close(self) -> None:
        self._rest.close()
        dispose = getattr(self._first, "close", None) or getattr(self._first, "cancel", None)
        if dispose is not None:
            dispose()


class _All:
    """Every member must accept."""

    def __init__(self, members: Sequence[Validator]) -> None:
        self._members = members

    def __call__(self, claims: dict[str, Any], /) -> object:
        for index, member in enumerate(self._members):
            result = member(claims)
            if isawaitable(result):
                return _Rest(result, self._rest(result, self._members[index + 1 :], claims))
        return None

    async def _rest(
        self, pending: object, members: Sequence[Validator], claims: dict[str, Any]
    ) -> None:
        await _settle(pending)
        for member in members:
            await _settle(member(claims))


class _Any:
    """One member must accept; only ClaimsValidationError counts as a miss."""

    def __init__(self, members: Sequence[Validator]) -> None:
        self._members = members

    def __call__(self, claims: dict[str, Any], /) -> object:
        misses: list[ClaimsValidationError] = []
        for index, member in enumerate(self._members):
            try:
                result = member(claims)
            except ClaimsValidationError as error:
                misses.append(error)
                continue
            if isawaitable(result):
                rest = self._members[index + 1 :]
                return _Rest(result, self._rest(result, rest, claims, misses))
            return None
        raise _all_missed_error(misses)

    async def _rest(
        self,
        pending: object,
        members: Sequence[Validator],
        claims: dict[str, Any],
        misses: list[ClaimsValidationError],
    ) -> None:
        try:
            return await _settle(pending)
        except ClaimsValidationError as error:
            misses.append(error)
        for member in members:
            try:
                return await _settle(member(claims))
            except ClaimsValidationError as error:
                misses.append(error)
        raise _all_missed_error(misses)


def _all_missed_error(misses: Sequence[ClaimsValidationError]) -> ClaimsValidationError:
    return ClaimsValidationError(
        "; ".join(miss.reason for miss in misses),
        forbidden=all(miss.forbidden for miss in misses),
    )


async def _settle(result: object) -> None:
    if isawaitable(result):
        await result


def combine_claims_validators(
    validators: Iterable[Validator], *, require: str = "all"
) -> ClaimsValidator:
    """Return one validator made of several.

    :param validators: the validators, called in this order; their results may be awaitable under
        ``py_identity_model.aio``
    :param require: ``all`` rejects by the first exception, and accepts where there are no
        validators; ``any`` accepts with the first validator that does, and counts only
        :class:`ClaimsValidationError` as a rejection

    Raises :class:`InvalidArgumentError` for another ``require``, for ``any`` without validators,
    and for what cannot be called.

    Example::

        combine_claims_validators([require_claims("tid"), require_scopes("orders.read")])
    """
    members = tuple(validators)
    for one in members:
        if not callable(one):
            raise InvalidArgumentError(f"validators must be callable, not {type(one).__name__}")
    if require == "all":
        return _All(members)
    if require != "any":
        raise InvalidArgumentError(f"require must be 'all' or 'any', not {require!r}")
    if not members:
        raise InvalidArgumentError("'any' requires at least one validator")
    return _Any(members)


def require_claims(*names: str) -> ClaimsValidator:
    """Return a validator that requires every claim in ``names``, present and not null.

    Raises :class:`InvalidArgumentError` without names, and for a list of them.

    Example::

        require_claims("sub", "tid")
    """
    if not names:
        raise InvalidArgumentError("name at least one claim")
    _check_names("claims", names)

    def validate(claims: dict[str, Any], /) -> None:
        for name in names:
            if claims.get(name) is None:
                raise ClaimsValidationError(f"the claim '{name}' is missing", claim=name)

    return validate


def require_claim_value(name: str, value: object) -> ClaimsValidator:
    """Return a validator that requires the claim ``name`` to equal ``value``.

    An absent claim is always rejected, also when ``value`` is None.  Raises
    :class:`InvalidArgumentError` for a name that is not a string.

    Example::

        require_claim_value("email_verified", True)
    """
    _check_names("claims", [name])

    def validate(claims: dict[str, Any], /) -> None:
        if name not in claims:
            raise ClaimsValidationError(f"the claim '{name}' is missing", claim=name)
        actual = claims[name]
        if actual != value or isinstance(actual, bool) is not isinstance(value, bool):
            raise ClaimsValidationError(
                f"the claim '{name}' does not have the required value", claim=name
            )

    return validate


def require_scopes(*scopes: str) -> ClaimsValidator:
    """Return a validator that requires every scope in ``scopes``.

    A string may hold several, separated by spaces.  Those that a token grants are read from
    ``scope``, a list or a space-separated string (RFC 9068 §2.2.3), or from ``scp`` where that is
    absent or empty.  Raises :class:`InvalidArgumentError` without scopes, and for a list of them.

    Example::

        require_scopes("orders.read")
    """
    _check_names("scopes", scopes)
    wanted = [one for scope in scopes for one in scope.split()]
    if not wanted:
        raise InvalidArgumentError("name at least one scope")

    def validate(claims: dict[str, Any], /) -> None:
        granted = _scopes(claims.get("scope")) or _scopes(claims.get("scp"))
        missing = [scope for scope in wanted if scope not in granted]
        if missing:
            reason = f"missing scopes: {' '.join(missing)}"
            raise ClaimsValidationError(reason, claim="scope", forbidden=True)

    return validate


def _check_names(what: str, names: Iterable[object]) -> None:
    """Raise InvalidArgumentError for a collection in the place of a name: its items are names."""
    for one in names:
        if not isinstance(one, str):
            raise InvalidArgumentError(
                f"{what} are named one by one, as strings, not by {type(one).__name__}"
            )


def _scopes(value: object) -> frozenset[str]:
    if isinstance(value, str):
        return frozenset(value.split())
    if isinstance(value, list) and all(isinstance(scope, str) for scope in value):
        return frozenset(value)
    return frozenset()
