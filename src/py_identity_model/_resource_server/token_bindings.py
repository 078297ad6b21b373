"""Bindings of tokens to a key (RFC 9449) or to a client certificate (RFC 8705)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from ..exceptions import InvalidArgumentError, TokenValidationException

Binding = Literal["required", "optional", "refused"]
_BINDINGS = ("required", "optional", "refused")


class BoundRequest(NamedTuple):
    """The proofs and the certificate that a request presents with its token."""

    scheme: str
    token: str
    method: str | None = None
    uri: str | None = None
    dpop: str | Sequence[str] | None = None
    certificate: str | bytes | None = None

    def proofs(self) -> list[str]:
        """Return the request's ``DPoP`` headers."""
        return [self.dpop] if isinstance(self.dpop, str) else list(self.dpop or ())


@dataclass(frozen=True)
class BindingRules:
    """Whether tokens may or must be bound to a key (``dpop``) or to a certificate (``mtls``)."""

    dpop: Binding = "optional"
    mtls: Binding = "optional"

    def __post_init__(self) -> None:
        for name in ("dpop", "mtls"):
            if getattr(self, name) not in _BINDINGS:
                raise InvalidArgumentError(f"{name} must be one of {', '.join(_BINDINGS)}")

    def check(
        self, claims: Mapping[str, Any], *, proof: bool, certificate: bool, scheme: str
    ) -> None:
        """Raise unless the request proves an allowed binding of its token."""
        found = claims.get("cnf")
        if not isinstance(found, (Mapping, type(None))):
            raise binding_error("its cnf claim cannot be read")
        confirmation = found or {}
        to_key, to_certificate = "jkt" in confirmation, "x5t#S256" in confirmation
        _check_mode(self.dpop, to_key, "a key")
        _check_mode(self.mtls, to_certificate, "a certificate")
        if to_key and (scheme != "dpop" or not proof):
            text = "the token is bound to a key, and comes without its proof"
            raise binding_error(text, bound_to="key")
        if scheme == "dpop" and not to_key:
            raise binding_error("the token is not bound to a key")
        if to_certificate and not certificate:
            raise binding_error("the token is bound to a certificate that was not presented")
        if confirmation and not to_key and not to_certificate:
            raise binding_error("the token has an unsupported binding")


def _check_mode(mode: Binding, bound: bool, what: str) -> None:
    if bound and mode == "refused":
        raise binding_error(f"tokens bound to {what} are not accepted")
    if mode == "required" and not bound:
        raise binding_error(f"the token is not bound to {what}")


def binding_error(text: str, *, bound_to: str | None = None) -> TokenValidationException:
    """Return the exception for a token with a wrong binding."""
    details = {"error": text, "bound_to": bound_to}
    return TokenValidationException(
        f"Invalid token: {text}", "payload", details, code="binding_refused"
    )
