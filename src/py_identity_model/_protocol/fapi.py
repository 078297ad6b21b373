"""Checks of clients, requests and providers against FAPI 2.0."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .discovery import DiscoveryDocumentResponse

FAPI2_ALLOWED_SIGNING_ALGORITHMS = frozenset({"PS256", "ES256"})
# The public constant is the older set, from before FAPI 2.0 §5.4.1 named EdDSA.
PERMITTED_ALGORITHMS = FAPI2_ALLOWED_SIGNING_ALGORITHMS | {"EdDSA", "Ed25519"}
FAPI2_ALLOWED_AUTH_METHODS = frozenset(
    {"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"}
)
FAPI2_REQUIRED_PKCE_METHOD = "S256"
FAPI2_REQUIRED_RESPONSE_TYPE = "code"


@dataclass
class FAPIValidationResult:
    """The violations of the profile; ``is_compliant`` if there are none."""

    violations: list[str] = field(default_factory=list)
    is_compliant: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_compliant = not self.violations


def validate_fapi_authorization_request(
    *,
    response_type: str,
    code_challenge: str | None,
    code_challenge_method: str | None,
    redirect_uri: str,
    use_par: bool,
    algorithm: str | None = None,
) -> FAPIValidationResult:
    """Return the violations of the profile by an authorization request.

    :param response_type: that of the request
    :param code_challenge: of PKCE
    :param code_challenge_method: of PKCE
    :param redirect_uri: that of the request
    :param use_par: whether the request is pushed
    :param algorithm: the signature algorithm of a signed request

    FAPI 2.0 Security Profile §5.3.2.2.

    Example::

        result = validate_fapi_authorization_request(
            response_type="code",
            code_challenge=challenge,
            code_challenge_method="S256",
            redirect_uri="https://rp.example/cb",
            use_par=True,
        )
        print(result.is_compliant)
    """
    found = []
    if response_type != FAPI2_REQUIRED_RESPONSE_TYPE:
        found.append(f"response_type must be code, not {response_type!r}")
    if not code_challenge or not code_challenge.strip():
        found.append("code_challenge is required (PKCE)")
    if code_challenge_method != FAPI2_REQUIRED_PKCE_METHOD:
        found.append(f"code_challenge_method must be S256, not {code_challenge_method!r}")
    if not use_par:
        found.append("the request must be pushed (PAR)")
    if not _is_https(redirect_uri):
        found.append("redirect_uri must be an https URL")
    if algorithm is not None and algorithm not in PERMITTED_ALGORITHMS:
        found.append(f"the signing algorithm {algorithm!r} is not allowed")
    return FAPIValidationResult(found)


def _is_https(url: object) -> bool:
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname)
    except ValueError:
        return False


def validate_fapi_client_config(
    *, auth_method: str | None, use_dpop: bool = False, use_mtls: bool = False
) -> FAPIValidationResult:
    """Return the violations of the profile by a client's configuration.

    FAPI 2.0 Security Profile §5.3.2.1 and §5.3.3.

    Example::

        result = validate_fapi_client_config(auth_method="private_key_jwt", use_dpop=True)
        print(result.violations)
    """
    found = []
    if auth_method not in FAPI2_ALLOWED_AUTH_METHODS:
        allowed = ", ".join(sorted(FAPI2_ALLOWED_AUTH_METHODS))
        found.append(f"the client authentication {auth_method!r} is not one of {allowed}")
    if not use_dpop and not use_mtls:
        found.append("tokens must be sender-constrained: by DPoP or mutual TLS")
    return FAPIValidationResult(found)


def validate_fapi_discovery(discovery: DiscoveryDocumentResponse) -> FAPIValidationResult:
    """Return the violations of the profile by a provider's metadata.

    FAPI 2.0 Security Profile §5.3.2.

    Example::

        result = validate_fapi_discovery(disco)
        print(result.is_compliant)
    """
    if not discovery.is_successful:
        return FAPIValidationResult(["discovery failed"])
    found = [*login_violations(discovery), *authentication_violations(discovery)]
    return FAPIValidationResult([*found, *id_token_violations(discovery)])


def login_violations(discovery: DiscoveryDocumentResponse) -> list[str]:
    """Return the violations that concern clients that log users in."""
    found = []
    for name, wanted in (
        ("grant_types_supported", "authorization_code"),
        ("response_types_supported", FAPI2_REQUIRED_RESPONSE_TYPE),
        ("code_challenge_methods_supported", FAPI2_REQUIRED_PKCE_METHOD),
    ):
        values = getattr(discovery, name)
        if values is not None and not _overlap(values, [wanted]):
            found.append(f"{name} must include {wanted}")
    return found


def authentication_violations(discovery: DiscoveryDocumentResponse) -> list[str]:
    """Return the violations that concern every client."""
    name = "token_endpoint_auth_methods_supported"
    return _lacking(discovery, name, FAPI2_ALLOWED_AUTH_METHODS)


def id_token_violations(discovery: DiscoveryDocumentResponse) -> list[str]:
    """Return the violations that concern clients that read ID tokens."""
    return _lacking(discovery, "id_token_signing_alg_values_supported", PERMITTED_ALGORITHMS)


def _lacking(
    discovery: DiscoveryDocumentResponse, name: str, allowed: Collection[str]
) -> list[str]:
    if _overlap(getattr(discovery, name), allowed):
        return []
    return [f"{name} must include one of {', '.join(sorted(allowed))}"]


def _overlap(values: object, allowed: Collection[str]) -> bool:
    listed = values if isinstance(values, (list, tuple)) else ()
    return any(isinstance(value, str) and value in allowed for value in listed)
