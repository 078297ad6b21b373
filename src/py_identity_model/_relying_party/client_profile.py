"""Requirements of security profiles on a client, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Literal, NamedTuple

from .._client_auth.assertion import PrivateKeyJwtAuthentication
from .._jose.dpop_proof import DPoPKey
from .._jose.jwk import PrivateKey
from .._jose.sign import signing_key
from .._jose.signer import Signer, algorithm_of
from .._jose.tokens import header_members
from .._protocol.discovery import DiscoveryDocumentResponse
from .._protocol.fapi import (
    PERMITTED_ALGORITHMS,
    authentication_violations,
    id_token_violations,
    login_violations,
    validate_fapi_authorization_request,
    validate_fapi_client_config,
)
from .._wire.client_authentication import ClientAuthentication
from ..exceptions import ConfigurationException, InvalidArgumentError, TokenValidationException

ClientProfile = Literal["fapi2", "fapi2-message-signing"]
PROFILES = ("fapi2", "fapi2-message-signing")
SignedMessage = Literal["request", "response"]
SIGNED_MESSAGES: tuple[SignedMessage, ...] = ("request", "response")

_ED25519_SIGNATURE = 86  # characters of base64url, for 64 bytes
_CURES = {
    "tokens must be sender-constrained": (
        " (give a dpop_key, or an http_client that presents a certificate, with "
        "tls_client_certificate_bound_access_tokens=True where it was made elsewhere)"
    )
}


class RequestSigning(NamedTuple):
    """The key and algorithm that sign authorization requests."""

    key: PrivateKey | Signer
    algorithm: str
    kid: str | None = None

    @classmethod
    def of(
        cls, key: PrivateKey | Signer | None, algorithm: str, kid: str | None
    ) -> RequestSigning | None:
        """Return what requests are signed with; None without a key."""
        return None if key is None else cls(key, algorithm_of(key, algorithm), kid)


def check_profile(
    profile: ClientProfile | None,
    authentication: ClientAuthentication,
    *,
    dpop_key: DPoPKey | None,
    certificate_bound: bool,
    signing: RequestSigning | None,
    message_signing: Collection[SignedMessage] = SIGNED_MESSAGES,
) -> None:
    """Raise ConfigurationException for a client that violates its profile.

    ``certificate_bound`` says that tokens are bound to a certificate that the client presents,
    however it authenticates; ``signing`` is None for a client that does not sign requests.
    """
    if profile is None:
        return
    if profile not in PROFILES:
        raise ConfigurationException(f"profile must be one of {', '.join(PROFILES)}")
    result = validate_fapi_client_config(
        auth_method=authentication.method,
        use_dpop=dpop_key is not None,
        use_mtls=certificate_bound,
    )
    found = [one + _CURES.get(one.partition(":")[0], "") for one in result.violations]
    found += _signature_violations(authentication, dpop_key, signing)
    if profile == "fapi2-message-signing":
        found += _message_violations(signing, message_signing)
    _refuse(profile, found)


def _signature_violations(
    authentication: ClientAuthentication, dpop_key: DPoPKey | None, signing: RequestSigning | None
) -> Iterator[str]:
    if isinstance(authentication, PrivateKeyJwtAuthentication):
        key, algorithm = authentication.private_key, authentication.algorithm
        yield from _key_violations("assertions", key, algorithm)
    if dpop_key is not None and dpop_key.algorithm not in PERMITTED_ALGORITHMS:
        yield f"proofs must not be signed by {dpop_key.algorithm}"
    if signing is not None:
        yield from _key_violations("requests", signing.key, signing.algorithm)


def _key_violations(what: str, key: PrivateKey | Signer, algorithm: str) -> Iterator[str]:
    if algorithm not in PERMITTED_ALGORITHMS:
        yield f"{what} must not be signed by {algorithm}"
    elif algorithm == "EdDSA":  # the algorithm does not determine the curve; FAPI 2.0 §5.4.1 does
        try:
            signing_key(key, "Ed25519")
        except InvalidArgumentError:
            yield f"{what} must be signed by an Ed25519 key where the algorithm is EdDSA"


def _message_violations(
    signing: RequestSigning | None, wanted: Collection[SignedMessage]
) -> Iterator[str]:
    if isinstance(wanted, str) or not wanted or not {*SIGNED_MESSAGES}.issuperset(wanted):
        yield f"message_signing must name one or more of {', '.join(SIGNED_MESSAGES)}"
    elif "request" in wanted and signing is None:
        yield (
            "requests must be signed: give a request_signing_key, "
            "or message_signing=['response'] where only responses are"
        )


def check_provider(
    profile: ClientProfile | None,
    metadata: DiscoveryDocumentResponse,
    *,
    login_scope: str | None = None,
) -> None:
    """Raise ConfigurationException for a provider that violates the profile.

    ``login_scope`` is the scope of a login that is starting; without a login, members that only
    logins need may be missing.
    """
    if profile is None:
        return
    found = authentication_violations(metadata)
    if login_scope is not None:
        found += login_violations(metadata)
        if "openid" in login_scope.split():
            found += id_token_violations(metadata)
    _refuse(profile, found)


def check_request(
    profile: ClientProfile | None,
    *,
    redirect_uri: str,
    response_type: str,
    use_par: bool,
    code_challenge: str | None,
) -> None:
    """Raise ConfigurationException for a login that violates the profile."""
    if profile is None:
        return
    result = validate_fapi_authorization_request(
        response_type=response_type,
        code_challenge=code_challenge,
        code_challenge_method=None if code_challenge is None else "S256",
        redirect_uri=redirect_uri,
        use_par=use_par,
    )
    _refuse(profile, result.violations)


def response_mode_of(
    profile: ClientProfile | None,
    message_signing: Collection[SignedMessage],
    chosen: str | None,
) -> str | None:
    """Return the response mode of a login; raise if the response would be unsigned."""
    if profile != "fapi2-message-signing" or "response" not in message_signing:
        return chosen
    mode = chosen or "jwt"
    if mode != "jwt" and not mode.endswith(".jwt"):
        _refuse(
            profile,
            [
                f"response_mode {mode!r} does not sign the response; "
                "message_signing=['request'] is for providers that sign none"
            ],
        )
    return mode


def signing_algorithms(
    profile: ClientProfile | None, chosen: Sequence[str] | None
) -> list[str] | None:
    """Return the algorithms that may sign tokens; None leaves it to the keys.

    Of ``chosen``, which may be a member of metadata, whatever is not text counts as absent.
    """
    if chosen is None:
        return None if profile is None else sorted(PERMITTED_ALGORITHMS)
    listed = chosen if isinstance(chosen, (list, tuple)) else ()
    named = [one for one in listed if isinstance(one, str)]
    return named if profile is None else sorted(PERMITTED_ALGORITHMS.intersection(named))


def check_signature(profile: ClientProfile | None, token: str) -> None:
    """Raise for a verified token of EdDSA on another curve than the profile's (§5.4.1).

    The algorithm does not determine the curve; the length of the signature does.
    """
    parts = token.split(".")
    if profile is None or len(parts) != 3 or len(parts[2]) == _ED25519_SIGNATURE:
        return
    if header_members(token).get("alg") == "EdDSA":
        raise TokenValidationException(
            "The algorithm EdDSA is allowed with the curve Ed25519 alone",
            "header",
            {"alg": "EdDSA"},
            code="algorithm_not_allowed",
        )


def _refuse(profile: str, violations: Sequence[str]) -> None:
    if violations:
        raise ConfigurationException(
            f"{profile} is violated: {'; '.join(violations)}",
            {"violations": list(violations)},
            code="profile_violated",
        )
