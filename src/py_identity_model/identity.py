"""Claims-based identities: who a user is, and which claims are made about them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from .exceptions import InvalidArgumentError

__all__ = [
    "Claim",
    "ClaimType",
    "ClaimsIdentity",
    "ClaimsPrincipal",
    "Identity",
    "Principal",
    "to_principal",
]

_LOCAL_AUTHORITY = "LOCAL AUTHORITY"
_STRING = "http://www.w3.org/2001/XMLSchema#string"
_SOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"


class ClaimType(Enum):
    """Claim types of the XML schemas."""

    Name = _SOAP + "name"
    NameIdentifier = _SOAP + "nameidentifier"
    Role = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
    Email = _SOAP + "emailaddress"
    GivenName = _SOAP + "givenname"
    Surname = _SOAP + "surname"
    DateOfBirth = _SOAP + "dateofbirth"
    Country = _SOAP + "country"
    Gender = _SOAP + "gender"
    HomePhone = _SOAP + "homephone"
    MobilePhone = _SOAP + "mobilephone"
    PostalCode = _SOAP + "postalcode"
    StateOrProvince = _SOAP + "stateorprovince"
    StreetAddress = _SOAP + "streetaddress"
    Webpage = _SOAP + "webpage"


_ROLES = (ClaimType.Role.value, "role", "roles")


class Claim:
    """A statement about a subject, and its issuer.

    Example::

        Claim("email", "ada@example.com", issuer="https://op.example")
    """

    def __init__(
        self,
        claim_type: str,
        value: str,
        value_type: str = _STRING,
        issuer: str | None = None,
        original_issuer: str | None = None,
    ) -> None:
        self.claim_type = claim_type
        self.value = value
        self.value_type = value_type
        self.issuer = issuer if issuer is not None else _LOCAL_AUTHORITY
        self.original_issuer = original_issuer if original_issuer is not None else self.issuer
        self.properties: dict[str, str] = {}

    def __str__(self) -> str:
        return f"{self.claim_type}: {self.value}"

    def __repr__(self) -> str:
        return (
            f"Claim(claim_type={self.claim_type!r}, value={self.value!r}, issuer={self.issuer!r})"
        )


class Identity(ABC):
    """An identity that may have a name."""

    @property
    @abstractmethod
    def name(self) -> str | None:
        """The name, if it is known."""

    @property
    @abstractmethod
    def authentication_type(self) -> str | None:
        """The authentication method; None if the identity was not authenticated."""

    @abstractmethod
    def is_authenticated(self) -> bool:
        """Whether the identity was authenticated."""


class Principal(ABC):
    """A user or program that acts."""

    @property
    @abstractmethod
    def identity(self) -> Identity | None:
        """The identity of the principal."""

    @abstractmethod
    def is_in_role(self, role: str) -> bool:
        """Whether the principal has ``role``."""


def _find_all(claims: Iterable[Claim], claim_type: str) -> list[Claim]:
    return [claim for claim in claims if claim.claim_type == claim_type]


class ClaimsIdentity(Identity):
    """An identity based on claims.

    :param claims: the claims
    :param authentication_type: the authentication method; None if it was not authenticated
    :param name_type_claim: the claim type that holds the name
    :param role_type_claim: the claim type that holds roles

    Example::

        ClaimsIdentity([Claim("sub", "42")], authentication_type="Bearer").is_authenticated()
    """

    def __init__(
        self,
        claims: Iterable[Claim],
        authentication_type: str | None = None,
        name_type_claim: str = ClaimType.Name.value,
        role_type_claim: str = ClaimType.Role.value,
    ) -> None:
        self._claims = list(claims)
        self._authentication_type = authentication_type
        self.name_type_claim = name_type_claim
        self.role_type_claim = role_type_claim

    @property
    def claims(self) -> list[Claim]:
        """All claims, in order."""
        return self._claims

    @property
    def authentication_type(self) -> str | None:
        """The authentication method; None if the identity was not authenticated."""
        return self._authentication_type

    @property
    def name(self) -> str | None:
        """The value of the first claim of type ``name_type_claim``, else of a JWT's ``name``."""
        found = self.find_first(self.name_type_claim) or self.find_first("name")
        return None if found is None else found.value

    def is_authenticated(self) -> bool:
        """Return whether the identity was authenticated.

        Example::

            identity.is_authenticated()
        """
        return self._authentication_type is not None

    def find_first(self, claim_type: str) -> Claim | None:
        """Return the first claim of ``claim_type``, or None.

        Example::

            identity.find_first("sub")
        """
        return next(iter(self.find_all(claim_type)), None)

    def find_all(self, claim_type: str) -> list[Claim]:
        """Return all claims of ``claim_type``, in order.

        Example::

            identity.find_all("roles")
        """
        return _find_all(self._claims, claim_type)


class ClaimsPrincipal(Principal):
    """A principal with an identity and claims.

    Example::

        ClaimsPrincipal(claims=[Claim("sub", "42")]).has_claim("sub", "42")
    """

    def __init__(
        self, identity: ClaimsIdentity | None = None, claims: Iterable[Claim] | None = None
    ) -> None:
        self._identity: ClaimsIdentity | None = None
        self._claims = list(claims or ())
        if identity is not None:
            self.add_identity(identity)

    @property
    def identity(self) -> ClaimsIdentity | None:
        """The identity of the principal."""
        return self._identity

    @property
    def claims(self) -> list[Claim]:
        """All claims, in order."""
        return self._claims

    def add_identity(self, identity: ClaimsIdentity) -> None:
        """Add ``identity``, and its claims.

        Example::

            principal.add_identity(ClaimsIdentity([Claim("tid", "acme")]))
        """
        self._identity = identity
        self._claims.extend(identity.claims)

    def has_claim(self, claim_type: str, value: str | None = None) -> bool:
        """Return whether there is a claim of ``claim_type``, with ``value`` if given.

        Example::

            principal.has_claim("roles", "admin")
        """
        return any(value is None or claim.value == value for claim in self.find_all(claim_type))

    def find_first(self, claim_type: str) -> Claim | None:
        """Return the first claim of ``claim_type``, or None.

        Example::

            principal.find_first("sub")
        """
        return next(iter(self.find_all(claim_type)), None)

    def find_all(self, claim_type: str) -> list[Claim]:
        """Return all claims of ``claim_type``, in order.

        Example::

            principal.find_all("roles")
        """
        return _find_all(self._claims, claim_type)

    def is_in_role(self, role: str) -> bool:
        """Return whether a claim of a role type has the value ``role``.

        Role types are ``ClaimType.Role`` and a JWT's ``role`` and ``roles``.

        Example::

            principal.is_in_role("admin")
        """
        return any(self.has_claim(claim_type, role) for claim_type in _ROLES)


def to_principal(
    token_claims: Mapping[str, Any], authentication_type: str = "Bearer"
) -> ClaimsPrincipal:
    """Return a principal with the claims of a token.

    :param token_claims: the claims, for instance the result of :func:`validate_token`
    :param authentication_type: the authentication method

    Each member becomes a claim of the same name, each item of a list a claim of its own, with
    values converted by ``str()``; their issuer is ``iss``, or ``LOCAL AUTHORITY``.  Raises
    :class:`InvalidArgumentError` (a ``ValueError``) for claims nested too deeply.

    Example::

        to_principal({"sub": "42", "roles": ["admin"]}).has_claim("roles", "admin")
    """
    issuer = token_claims.get("iss")
    try:
        claims = [
            Claim(name, str(value), issuer=str(issuer) if issuer else None)
            for name, entry in token_claims.items()
            for value in (entry if isinstance(entry, list) else [entry])
        ]
    except RecursionError:
        raise InvalidArgumentError("token_claims is nested too deeply") from None
    return ClaimsPrincipal(ClaimsIdentity(claims, authentication_type))
