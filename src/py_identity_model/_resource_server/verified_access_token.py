"""Verified access tokens, and what they grant."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from .._jose.claims import numeric_date
from .._wire.arguments import names_of, scopes_from
from ..exceptions import AccessTokenRefusedException, InvalidArgumentError, TokenValidationException
from .access_token_policy import ClaimPath, client_of, roles_of, scopes_of
from .access_token_refusals import (
    AccessTokenRefusals,
    Sent,
    insufficient_roles_error,
    insufficient_scope_error,
)


class TokenContext(NamedTuple):
    """The context of a verification: refusals, and where roles and scopes are."""

    refusals: AccessTokenRefusals = AccessTokenRefusals()
    roles: ClaimPath = "roles"
    scopes: str | None = None


_NO_CONTEXT = TokenContext()


@dataclass(frozen=True, init=False)
class VerifiedAccessToken:
    """An access token that was verified, or that its issuer reports as active.

    ``dpop_nonce`` is the value to send as ``DPoP-Nonce`` with the response, if the next proof
    should use another nonce than this one did (RFC 9449 §8.2).
    """

    claims: Mapping[str, Any] = field(repr=False)
    token: str = field(repr=False)
    dpop_nonce: str | None = None

    def __init__(
        self,
        claims: Mapping[str, Any],
        token: str,
        dpop_nonce: str | None = None,
        context: TokenContext = _NO_CONTEXT,
    ) -> None:
        members = self.__dict__  # what a frozen dataclass does, in half the time
        members["claims"] = claims
        members["token"] = token
        members["_context"] = context
        if dpop_nonce is not None:
            members["dpop_nonce"] = dpop_nonce

    def __getstate__(self) -> dict[str, Any]:
        # Copies for other processes omit the verifier's context: it may hold a secret.
        return {name: value for name, value in self.__dict__.items() if name != "_context"}

    @property
    def _where(self) -> TokenContext:
        found: TokenContext = self.__dict__.get("_context", _NO_CONTEXT)
        return found

    @property
    def issuer(self) -> str | None:
        """The issuer of the token."""
        return _text(self.claims.get("iss"))

    @property
    def subject(self) -> str | None:
        """The subject of the token: a user, or the client itself."""
        return _text(self.claims.get("sub"))

    @property
    def client_id(self) -> str | None:
        """The client that it was issued to (``client_id``, ``azp``, ``cid`` or ``appid``)."""
        return client_of(self.claims)

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes that it grants (``scope``, or ``scp``)."""
        return scopes_of(self.claims, self._where.scopes)

    @property
    def roles(self) -> frozenset[str]:
        """The roles of its user or client, from the claim that the verifier's ``roles`` names."""
        return roles_of(self.claims, self._where.roles)

    @property
    def expires_at(self) -> datetime | None:
        """The expiry, in UTC."""
        seconds = numeric_date(self.claims.get("exp"))
        try:
            return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError):  # later than datetime supports
            return None

    @property
    def confirmation(self) -> Mapping[str, Any]:
        """The binding of the token (``cnf``, RFC 7800)."""
        found = self.claims.get("cnf")
        return found if isinstance(found, Mapping) else {}

    def require_scopes(self, *scopes: str | Iterable[str]) -> None:
        """Raise unless the token grants all of ``scopes``.

        :param scopes: scopes, each also as a space-separated string or a collection

        Raises :class:`AccessTokenRefusedException` with status 403, and
        :class:`InvalidArgumentError` for an invalid scope.  RFC 6750 §3.1.

        Example::

            verified.require_scopes("orders:write")
        """
        wanted = frozenset().union(*(scopes_from("scopes", one) for one in scopes))
        if not wanted:
            raise InvalidArgumentError("scopes must name at least one scope")
        granted = self.scopes
        if not wanted <= granted:
            raise self._refused_error(insufficient_scope_error(granted, wanted), wanted)

    def require_roles(self, *roles: str | Iterable[str]) -> None:
        """Raise unless the token's user or client has all of ``roles``.

        :param roles: names of roles, or collections of them

        Raises :class:`AccessTokenRefusedException` with status 403, and
        :class:`InvalidArgumentError` for an invalid role.  RFC 6750 §3.1, RFC 9068 §2.2.3.1.

        Example::

            verified.require_roles("admin")
        """
        wanted = frozenset().union(
            *(names_of("roles", [one] if isinstance(one, str) else one) for one in roles)
        )
        if not wanted:
            raise InvalidArgumentError("roles must name at least one role")
        granted = self.roles
        if not wanted <= granted:
            raise self._refused_error(insufficient_roles_error(granted, wanted))

    def _refused_error(
        self, error: TokenValidationException, scopes: Collection[str] = ()
    ) -> AccessTokenRefusedException:
        bound = "jkt" in self.confirmation
        sent = Sent("dpop" if bound else "bearer", bound, scopes)
        return self._where.refusals.refuse(error, sent, self.token)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
