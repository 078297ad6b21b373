"""Client metadata: all members of the IANA registry.

RFC 7591 §2, OpenID Connect Registration §2 and the logout specifications, CIBA Core §4, JARM §3;
RFC 8705 §2.1.2 and §3.4, RFC 9101 §10.5, RFC 9126 §6, RFC 9396 §10, RFC 9449 §5.2, RFC 9701 §6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ..exceptions import InvalidArgumentError

_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})


# Declared once more in ClientMetadata: a field is positional, or not, for all that inherit it. The
# contract has these by position in requests, and nothing by position in a response after its own
# fields; type checkers read only what is written. A test compares the two.
@dataclass(repr=False)
class BasicMetadata:
    """The members that requests take by position, in their historical order."""

    redirect_uris: list[str]
    response_types: list[str] | None = None
    grant_types: list[str] | None = None
    application_type: str | None = None
    contacts: list[str] | None = None
    client_name: str | None = None
    logo_uri: str | None = None
    client_uri: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None
    token_endpoint_auth_method: str | None = None
    scope: str | None = None
    jwks_uri: str | None = None


@dataclass(repr=False)
class FurtherMetadata:
    """All other members."""

    jwks: dict[str, Any] | None = field(default=None, kw_only=True)
    software_id: str | None = field(default=None, kw_only=True)
    software_version: str | None = field(default=None, kw_only=True)
    sector_identifier_uri: str | None = field(default=None, kw_only=True)
    subject_type: str | None = field(default=None, kw_only=True)
    id_token_signed_response_alg: str | None = field(default=None, kw_only=True)
    id_token_encrypted_response_alg: str | None = field(default=None, kw_only=True)
    id_token_encrypted_response_enc: str | None = field(default=None, kw_only=True)
    userinfo_signed_response_alg: str | None = field(default=None, kw_only=True)
    userinfo_encrypted_response_alg: str | None = field(default=None, kw_only=True)
    userinfo_encrypted_response_enc: str | None = field(default=None, kw_only=True)
    request_object_signing_alg: str | None = field(default=None, kw_only=True)
    request_object_encryption_alg: str | None = field(default=None, kw_only=True)
    request_object_encryption_enc: str | None = field(default=None, kw_only=True)
    token_endpoint_auth_signing_alg: str | None = field(default=None, kw_only=True)
    default_max_age: int | None = field(default=None, kw_only=True)
    require_auth_time: bool | None = field(default=None, kw_only=True)
    default_acr_values: list[str] | None = field(default=None, kw_only=True)
    initiate_login_uri: str | None = field(default=None, kw_only=True)
    request_uris: list[str] | None = field(default=None, kw_only=True)
    post_logout_redirect_uris: list[str] | None = field(default=None, kw_only=True)
    frontchannel_logout_uri: str | None = field(default=None, kw_only=True)
    frontchannel_logout_session_required: bool | None = field(default=None, kw_only=True)
    backchannel_logout_uri: str | None = field(default=None, kw_only=True)
    backchannel_logout_session_required: bool | None = field(default=None, kw_only=True)
    tls_client_auth_subject_dn: str | None = field(default=None, kw_only=True)
    tls_client_auth_san_dns: str | None = field(default=None, kw_only=True)
    tls_client_auth_san_uri: str | None = field(default=None, kw_only=True)
    tls_client_auth_san_ip: str | None = field(default=None, kw_only=True)
    tls_client_auth_san_email: str | None = field(default=None, kw_only=True)
    tls_client_certificate_bound_access_tokens: bool | None = field(default=None, kw_only=True)
    dpop_bound_access_tokens: bool | None = field(default=None, kw_only=True)
    require_pushed_authorization_requests: bool | None = field(default=None, kw_only=True)
    require_signed_request_object: bool | None = field(default=None, kw_only=True)
    authorization_signed_response_alg: str | None = field(default=None, kw_only=True)
    authorization_encrypted_response_alg: str | None = field(default=None, kw_only=True)
    authorization_encrypted_response_enc: str | None = field(default=None, kw_only=True)
    introspection_signed_response_alg: str | None = field(default=None, kw_only=True)
    introspection_encrypted_response_alg: str | None = field(default=None, kw_only=True)
    introspection_encrypted_response_enc: str | None = field(default=None, kw_only=True)
    authorization_details_types: list[str] | None = field(default=None, kw_only=True)
    response_modes: list[str] | None = field(default=None, kw_only=True)
    backchannel_token_delivery_mode: str | None = field(default=None, kw_only=True)
    backchannel_client_notification_endpoint: str | None = field(default=None, kw_only=True)
    backchannel_authentication_request_signing_alg: str | None = field(default=None, kw_only=True)
    backchannel_user_code_parameter: bool | None = field(default=None, kw_only=True)


@dataclass
class ClientMetadata(FurtherMetadata):
    """The metadata of a client, by the registered names; None is not sent.

    Example::

        ClientMetadata(
            redirect_uris=["https://rp.example/cb"],
            post_logout_redirect_uris=["https://rp.example/bye"],
            id_token_signed_response_alg="ES256",
        )
    """

    redirect_uris: list[str] | None = field(default=None, kw_only=True)
    response_types: list[str] | None = field(default=None, kw_only=True)
    grant_types: list[str] | None = field(default=None, kw_only=True)
    application_type: str | None = field(default=None, kw_only=True)
    contacts: list[str] | None = field(default=None, kw_only=True)
    client_name: str | None = field(default=None, kw_only=True)
    logo_uri: str | None = field(default=None, kw_only=True)
    client_uri: str | None = field(default=None, kw_only=True)
    policy_uri: str | None = field(default=None, kw_only=True)
    tos_uri: str | None = field(default=None, kw_only=True)
    token_endpoint_auth_method: str | None = field(default=None, kw_only=True)
    scope: str | None = field(default=None, kw_only=True)
    jwks_uri: str | None = field(default=None, kw_only=True)


NAMES = tuple(one.name for one in fields(ClientMetadata))


def members_of(metadata: BasicMetadata | FurtherMetadata) -> dict[str, Any]:
    """Return the members that are set; raise InvalidArgumentError for private keys among them."""
    values = {name: getattr(metadata, name, None) for name in NAMES}
    check_public(values["jwks"])
    if values["jwks"] is not None and values["jwks_uri"] is not None:
        raise InvalidArgumentError("jwks and jwks_uri are mutually exclusive (RFC 7591 §2)")
    return {name: value for name, value in values.items() if value is not None}


def members_in(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a provider's response, None for those with unregistered types."""
    return {
        one.name: value if _fits(value := document.get(one.name), str(one.type)) else None
        for one in fields(ClientMetadata)
    }


def _fits(value: object, kind: str) -> bool:
    if kind == "list[str] | None":
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if isinstance(value, bool):
        return kind == "bool | None"
    return isinstance(value, _KINDS[kind])


_KINDS: dict[str, type] = {
    "str | None": str,
    "int | None": int,
    "bool | None": bool,
    "dict[str, Any] | None": dict,
}


def check_public(jwks: object) -> None:
    """Raise InvalidArgumentError for a JWK Set that must not be published."""
    keys = jwks.get("keys") if isinstance(jwks, Mapping) else None
    if jwks is not None and not isinstance(keys, list):
        raise InvalidArgumentError("jwks must be a JWK Set: an object with keys")
    if any(_PRIVATE & {*key} for key in keys or () if isinstance(key, Mapping)):
        raise InvalidArgumentError(
            "jwks holds private or symmetric keys: register the public ones", code="private_jwks"
        )
