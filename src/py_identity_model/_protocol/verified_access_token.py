"""What a verifier of access tokens says: the token's facts, or how to answer the caller."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from .._jose.claims import numeric_date
from ..exceptions import (
    AccessTokenRefusedException,
    DPoPProofException,
    InvalidArgumentError,
    KeysUnavailableException,
    TokenValidationException,
)
from .access_token import check_access_token_claims, check_access_token_typ
from .challenges import build_www_authenticate
from .dpop_verification import PROOF_ALGORITHMS
from .server_nonces import DPoPNonces

Binding = Literal["required", "optional", "refused"]
Profile = Literal["rfc9068", "lenient"]
_BINDINGS = ("required", "optional", "refused")
_OTHER_TYPES = frozenset(
    {
        *("logout+jwt", "dpop+jwt", "oauth-authz-req+jwt", "token-introspection+jwt"),
        *("secevent+jwt", "client-authentication+jwt", "entity-statement+jwt"),
    }
)
_ID_TOKEN_CLAIMS = frozenset({"nonce", "at_hash", "c_hash", "s_hash", "events"})


@dataclass(frozen=True, init=False)
class VerifiedAccessToken:
    """An access token that was verified, or that its issuer says is active.

    ``dpop_nonce`` is what to send as ``DPoP-Nonce`` along with the answer, where the next proof
    should carry another nonce than this one did (RFC 9449 §8.2).
    """

    claims: Mapping[str, Any] = field(repr=False)
    token: str = field(repr=False)
    dpop_nonce: str | None = None

    def __init__(
        self, claims: Mapping[str, Any], token: str, dpop_nonce: str | None = None
    ) -> None:
        members = self.__dict__  # what a frozen dataclass does, in half the time
        members["claims"] = claims
        members["token"] = token
        if dpop_nonce is not None:
            members["dpop_nonce"] = dpop_nonce

    @property
    def issuer(self) -> str | None:
        """Who issued it."""
        return _text(self.claims.get("iss"))

    @property
    def subject(self) -> str | None:
        """Whom it is about: a user, or the client itself."""
        return _text(self.claims.get("sub"))

    @property
    def client_id(self) -> str | None:
        """The client that it was given to (``client_id``, or ``azp``)."""
        return _text(self.claims.get("client_id")) or _text(self.claims.get("azp"))

    @property
    def scopes(self) -> frozenset[str]:
        """What it entitles to (``scope``, or ``scp``)."""
        return scopes_of(self.claims)

    @property
    def expires_at(self) -> datetime | None:
        """When it expires, in UTC."""
        seconds = numeric_date(self.claims.get("exp"))
        try:
            return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError):  # later than calendars go
            return None

    @property
    def confirmation(self) -> Mapping[str, Any]:
        """What it is bound to (``cnf``, RFC 7800)."""
        found = self.claims.get("cnf")
        return found if isinstance(found, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def scopes_of(claims: Mapping[str, Any]) -> frozenset[str]:
    """Return the scopes that claims entitle to, written as text or as a list."""
    value = claims.get("scope") or claims.get("scp")
    if type(value) is str:
        return frozenset(value.split())
    return (
        frozenset(one for one in value if isinstance(one, str))
        if isinstance(value, list)
        else frozenset()
    )


@dataclass(frozen=True)
class Demands:
    """What a verifier demands of every token, and how it answers."""

    profile: Profile
    required_claims: Sequence[str]
    dpop: Binding
    mtls: Binding
    realm: str | None
    resource_metadata: str | None
    leeway: float

    def __post_init__(self) -> None:
        if self.profile not in ("rfc9068", "lenient"):
            raise InvalidArgumentError("profile must be rfc9068 or lenient")
        for name in ("dpop", "mtls"):
            if getattr(self, name) not in _BINDINGS:
                raise InvalidArgumentError(f"{name} must be one of {', '.join(_BINDINGS)}")

    def are_met_by_bearer(self, claims: Mapping[str, Any]) -> bool:
        """Whether a token that is bound to nothing is what is wanted; most are that."""
        return "cnf" not in claims and "required" not in (self.dpop, self.mtls)

    def check_typ(self, typ: object) -> None:
        """Raise unless a header's ``typ`` may be an access token's."""
        if self.profile == "rfc9068":
            check_access_token_typ(typ)
        elif isinstance(typ, str) and typ.lower().removeprefix("application/") in _OTHER_TYPES:
            raise _no_access_token()

    def check_claims(self, claims: Mapping[str, Any]) -> None:
        """Raise unless verified claims are an access token's, with all that are required."""
        if self.profile == "rfc9068":
            check_access_token_claims(claims)
        elif not claims.keys().isdisjoint(_ID_TOKEN_CLAIMS):
            raise _no_access_token()
        if self.required_claims:
            self.check_required(claims)

    def check_required(self, claims: Mapping[str, Any]) -> None:
        """Raise unless every claim is there that this verifier requires."""
        for name in self.required_claims:
            if claims.get(name) is None:
                raise TokenValidationException(
                    f"Invalid token: the {name} claim is missing",
                    "payload",
                    {"claim": name},
                    code="missing_claim",
                )

    def check_bindings(
        self, claims: Mapping[str, Any], *, proof: bool, certificate: bool, scheme: str
    ) -> None:
        """Raise unless what the token is bound to was shown, and is what is wanted."""
        found = claims.get("cnf")
        if not isinstance(found, (Mapping, type(None))):
            raise _binding("its cnf claim cannot be read")
        confirmation = found or {}
        to_key, to_certificate = "jkt" in confirmation, "x5t#S256" in confirmation
        for name, bound, mode in (
            ("a key", to_key, self.dpop),
            ("a certificate", to_certificate, self.mtls),
        ):
            if bound and mode == "refused":
                raise _binding(f"tokens bound to {name} are not taken")
            if mode == "required" and not bound:
                raise _binding(f"the token is not bound to {name}")
        if to_key and (scheme != "dpop" or not proof):
            raise _binding("the token is bound to a key, and comes without its proof")
        if scheme == "dpop" and not to_key:
            raise _binding("the token is bound to no key")
        if to_certificate and not certificate:
            raise _binding("the token is bound to a certificate that was not presented")
        if confirmation and not to_key and not to_certificate:
            raise _binding("the token is bound in a way that is not understood")

    def refused(
        self, error: TokenValidationException, nonces: DPoPNonces | None, scheme: str
    ) -> AccessTokenRefusedException:
        """Return how to answer a request whose token, sent by ``scheme``, was refused."""
        if isinstance(error, KeysUnavailableException):
            return AccessTokenRefusedException(
                "The access token cannot be judged now", None, error.details, code=error.code
            ).answered(503, None)
        if isinstance(error, DPoPProofException):
            told = "use_dpop_nonce" if error.code == "use_dpop_nonce" else "invalid_dpop_proof"
        else:
            told = "invalid_token"
        header = self.challenge(scheme, error=told, error_description=_described(error))
        refused = AccessTokenRefusedException(
            error.message, error.token_part, error.details, code=error.code
        ).answered(401, header)
        if nonces is not None and told == "use_dpop_nonce":
            refused.dpop_nonce = nonces.current()
        return refused

    def without_token(self) -> AccessTokenRefusedException:
        """Return how to answer a request without a token: no error is told (RFC 6750 §3.1)."""
        return AccessTokenRefusedException(
            "The request carries no access token", code="missing_token"
        ).answered(401, self.challenge())

    def malformed(self, text: str, scheme: str) -> AccessTokenRefusedException:
        """Return how to answer a request that is wrong in itself."""
        header = self.challenge(scheme, error="invalid_request", error_description=text)
        return AccessTokenRefusedException(text, code="invalid_request").answered(400, header)

    def without_scopes(self, wanted: Collection[str], scheme: str) -> AccessTokenRefusedException:
        """Return how to answer a request whose token entitles to too little."""
        header = self.challenge(scheme, error="insufficient_scope", scope=sorted(wanted))
        return AccessTokenRefusedException(
            "The access token entitles to too little",
            "payload",
            {"required": sorted(wanted)},
            code="insufficient_scope",
        ).answered(403, header)

    def check_authentication(
        self,
        claims: Mapping[str, Any],
        acr_values: Sequence[str],
        max_age: int | None,
        now: float,
        scheme: str,
    ) -> None:
        """Raise unless the user's login was good and recent enough (RFC 9470 §3)."""
        since, level = numeric_date(claims.get("auth_time")), claims.get("acr")
        old = max_age is not None and (since is None or now - since > max_age + self.leeway)
        weak = bool(acr_values) and level not in acr_values
        if not old and not weak:
            return
        header = self.challenge(
            scheme,
            error="insufficient_user_authentication",
            error_description="A better or newer login is required",
            acr_values=" ".join(acr_values) or None,
            max_age=max_age,
        )
        raise AccessTokenRefusedException(
            "The user's login is too weak or too old",
            "payload",
            code="insufficient_user_authentication",
        ).answered(401, header)

    def challenge(self, scheme: str = "bearer", **parameters: Any) -> str:
        """Return the ``WWW-Authenticate`` header, for every scheme that would do.

        What went wrong is told in the challenge of the ``scheme`` by which the token was sent.
        """
        shared: dict[str, Any] = {
            "realm": self.realm,
            "resource_metadata": self.resource_metadata,
        }
        proof = parameters.get("error") in {"invalid_dpop_proof", "use_dpop_nonce"}
        sent = scheme == "dpop" and self.dpop != "refused"
        by_proof = proof or sent or self.dpop == "required"
        headers = []
        if self.dpop != "required" and not proof:
            own = {} if by_proof else parameters
            headers.append(build_www_authenticate("Bearer", **shared, **own))
        if self.dpop != "refused":
            own = parameters if by_proof else {}
            algs = " ".join(sorted(PROOF_ALGORITHMS))
            headers.append(build_www_authenticate("DPoP", **shared, **own, algs=algs))
        return ", ".join(headers)


def _no_access_token() -> TokenValidationException:
    return TokenValidationException("The JWT is no access token", "header", code="wrong_typ")


def _binding(text: str) -> TokenValidationException:
    return TokenValidationException(f"Invalid token: {text}", "payload", code="binding_refused")


def _described(error: TokenValidationException) -> str:
    text = error.message[:200]
    return "".join(one if 0x20 <= ord(one) < 0x7F and one not in '"\\' else "?" for one in text)
