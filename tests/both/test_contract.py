"""The public contract: names, fields, signatures and values that programs rely on.

``contract.json`` holds its tables.  Names that are still to come are listed here, so that a new
one cannot arrive, and an old one cannot vanish, unnoticed.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import MISSING, fields
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

import py_identity_model
from py_identity_model import (
    aio,
    exceptions,
    http_client,
    identity,
    jwt_claim_types,
    logging_config,
    oidc_constants,
    ssl_config,
    sync,
)
from py_identity_model import ssl_config as ssl_module
from py_identity_model._protocol import client_credentials

CONTRACT: dict[str, Any] = json.loads(Path(__file__).with_name("contract.json").read_text())
NAMES: dict[str, str] = CONTRACT["names"]

STILL_TO_COME = {
    *("AuthorizationCodeTokenRequest", "AuthorizationCodeTokenResponse"),
    *("AuthorizeCallbackResponse", "AuthorizeCallbackValidationResult"),
    *("ClientAuthMethod", "ClientDeleteRequest", "ClientDeleteResponse", "ClientReadRequest"),
    *("ClientRegistrationRequest", "ClientRegistrationResponse", "ClientUpdateRequest"),
    *("Config", "ConfigError", "ConfigIssue", "ConfigSource", "DPoPKey"),
    *("DeviceAuthorizationRequest", "DeviceAuthorizationResponse"),
    *("DeviceTokenRequest", "DeviceTokenResponse", "EnvSource", "FAPIValidationResult"),
    *("FAPI2_ALLOWED_AUTH_METHODS", "FAPI2_ALLOWED_SIGNING_ALGORITHMS"),
    *("FAPI2_REQUIRED_PKCE_METHOD", "FAPI2_REQUIRED_RESPONSE_TYPE"),
    *("MappingSource", "MtlsClientAuth", "PrivateKeyJwt"),
    *("PushedAuthorizationRequest", "PushedAuthorizationResponse"),
    *("RefreshTokenRequest", "RefreshTokenResponse", "Secret", "StateValidationResult"),
    *("TokenExchangeRequest", "TokenExchangeResponse"),
    *("TokenIntrospectionRequest", "TokenIntrospectionResponse"),
    *("TokenRevocationRequest", "TokenRevocationResponse"),
    *("UserInfoRequest", "UserInfoResponse"),
    *("build_authorization_url", "build_dpop_headers", "build_end_session_url"),
    *("build_jar_authorization_url", "certificate_thumbprint_from_file", "compute_ath"),
    *("compute_certificate_thumbprint", "create_dpop_proof", "create_request_object"),
    *("delete_client", "exchange_token", "extract_dpop_nonce", "extract_jarm_response_jwt"),
    *("generate_code_challenge", "generate_code_verifier", "generate_dpop_key"),
    *("generate_pkce_pair", "get_userinfo", "introspect_token", "is_jarm_response"),
    *("parse_authorize_callback_response", "poll_device_token", "process_jarm_response"),
    *("push_authorization_request", "read_client", "refresh_token", "register_client"),
    *("request_authorization_code_token", "request_device_authorization"),
    *("resolve_mtls_endpoint", "revoke_token", "update_client"),
    *("validate_authorize_callback_issuer", "validate_authorize_callback_state"),
    *("validate_certificate_binding", "validate_fapi_authorization_request"),
    *("validate_fapi_client_config", "validate_fapi_discovery", "validate_id_token"),
    *("validate_logout_token", "validate_post_logout_state"),
}
HERE = sorted(NAMES.keys() - STILL_TO_COME)


def test_the_table_is_whole() -> None:
    markers = list(NAMES.values())
    assert [markers.count(marker) for marker in "SDRA"] == [83, 20, 41, 1]


def test_every_name_of_the_table_is_here_or_known_to_be_missing() -> None:
    exported = {*py_identity_model.__all__, *aio.__all__}
    assert NAMES.keys() - exported == STILL_TO_COME


@pytest.mark.parametrize("name", HERE)
def test_a_name_is_exported_where_the_table_says(name: str) -> None:
    in_root, in_aio = name in py_identity_model.__all__, name in aio.__all__
    match NAMES[name]:
        case "S":
            assert in_root
            assert in_aio
            assert getattr(py_identity_model, name) is getattr(aio, name)
        case "D":
            assert in_root
            assert in_aio
            assert inspect.iscoroutinefunction(getattr(aio, name))
            assert not inspect.iscoroutinefunction(getattr(py_identity_model, name))
        case "R":
            assert in_root
        case "A":
            assert in_aio
            assert not in_root


def test_the_root_contains_the_blocking_api() -> None:
    assert {*sync.__all__} <= {*py_identity_model.__all__}
    for name in sync.__all__:
        assert getattr(py_identity_model, name) is getattr(sync, name)


def test_every_exception_is_importable_from_its_module() -> None:
    assert not hasattr(exceptions, "ClaimsValidationError")
    for name in exceptions.__all__:
        assert getattr(py_identity_model, name) is getattr(exceptions, name)


def test_small_modules_offer_what_they_should() -> None:
    assert {*http_client.__all__} == {
        *("get_http_client", "close_http_client"),
        *("get_async_http_client", "close_async_http_client"),
    }
    assert {*identity.__all__} == {
        *("Claim", "ClaimType", "Identity", "Principal"),
        *("ClaimsIdentity", "ClaimsPrincipal", "to_principal"),
    }
    assert {"configure_logging", "logger"} <= {*logging_config.__all__}
    assert {"get_ssl_verify"} <= {*ssl_config.__all__}
    assert callable(ssl_module.get_ssl_verify.cache_clear)


@pytest.mark.parametrize("table", ["oidc_constants", "jwt_claim_types"])
def test_constants_have_their_registered_values(table: str) -> None:
    module = {"oidc_constants": oidc_constants, "jwt_claim_types": jwt_claim_types}[table]
    found = {
        name: {member.name: member.value for member in getattr(module, name)}
        for name in module.__all__
    }
    assert found == CONTRACT[table]
    assert all(getattr(module, name).__mro__[1] is Enum for name in found)


def test_a_type_header_is_turned_into_a_media_type() -> None:
    as_media_type = jwt_claim_types.JwtTypes.as_media_type
    assert as_media_type(" AT+JWT ") == "application/at+jwt"
    for blank in ("", "  "):
        with pytest.raises(ValueError, match="value cannot be None or whitespace"):
            as_media_type(blank)


FIELDS: dict[str, list[str]] = {
    "BaseRequest": ["address"],
    "BaseResponse": ["is_successful", "error"],
    "DiscoveryDocumentRequest": ["address", "policy"],
    "DiscoveryDocumentResponse": ["is_successful", "error", *CONTRACT["discovery_fields"]],
    "DiscoveryPolicy": [
        *("require_https", "allow_http_on_loopback", "validate_issuer", "validate_endpoints"),
        *("require_key_set", "additional_endpoint_base_addresses", "authority"),
        "allow_loopback_endpoints",
    ],
    "JwksRequest": ["address", "policy"],
    "JwksResponse": ["is_successful", "error", "keys", "cache_control"],
    "JsonWebKey": [
        *("kty", "use", "key_ops", "alg", "kid", "x5u", "x5c", "x5t", "x5t_s256", "crv", "x", "y"),
        *("d", "n", "e", "p", "q", "dp", "dq", "qi", "oth", "k"),
    ],
    "TokenValidationConfig": [
        *("perform_disco", "key", "audience", "algorithms", "issuer", "subject", "options"),
        *("claims_validator", "require_https", "leeway", "allowed_issuers", "discovery_policy"),
    ],
    "ClientCredentialsTokenRequest": ["address", "client_id", "client_secret", "scope"],
    "ClientCredentialsTokenResponse": ["is_successful", "error", "token"],
    "CacheCounters": [
        *("disco_hits", "disco_misses", "jwks_hits", "jwks_misses", "jwks_refreshes"),
    ],
}


@pytest.mark.parametrize("name", FIELDS)
def test_fields_stand_in_the_order_of_the_contract(name: str) -> None:
    positional = [f.name for f in fields(getattr(py_identity_model, name)) if not f.kw_only]
    assert positional[: len(FIELDS[name])] == FIELDS[name]
    assert set(positional[len(FIELDS[name]) :]) <= {"allow_issuer_mismatch"}


@pytest.mark.parametrize("name", FIELDS)
def test_only_what_must_be_given_has_no_default(name: str) -> None:
    required = [
        f.name
        for f in fields(getattr(py_identity_model, name))
        if f.default is MISSING and f.default_factory is MISSING
    ]
    assert required == {
        "BaseRequest": ["address"],
        "BaseResponse": ["is_successful"],
        "DiscoveryDocumentRequest": ["address"],
        "DiscoveryDocumentResponse": ["is_successful"],
        "JwksRequest": ["address"],
        "JwksResponse": ["is_successful"],
        "JsonWebKey": ["kty"],
        "TokenValidationConfig": ["perform_disco"],
        "ClientCredentialsTokenRequest": ["address", "client_id"],
        "ClientCredentialsTokenResponse": ["is_successful"],
    }.get(name, [])


SIGNATURES = {
    "get_discovery_document": ["disco_doc_req", "http_client"],
    "get_jwks": ["jwks_request", "http_client"],
    "request_client_credentials_token": ["request", "http_client"],
    "validate_token": ["jwt", "token_validation_config", "disco_doc_address", "http_client"],
    "clear_discovery_cache": [],
    "clear_jwks_cache": [],
    "combine_claims_validators": ["validators", "require"],
    "require_claims": ["names"],
    "require_claim_value": ["name", "value"],
    "require_scopes": ["scopes"],
    "jwks_from_dict": ["keys_dict"],
    "parse_discovery_url": ["url"],
    "HTTPClient": ["client", "timeout", "verify"],
    "to_principal": ["token_claims", "authentication_type"],
    "get_cache_counters": [],
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_parameters_have_the_names_of_the_contract(name: str) -> None:
    assert list(inspect.signature(getattr(py_identity_model, name)).parameters) == SIGNATURES[name]


CONSTRUCTED: list[tuple[str, Callable[[], Exception]]] = [
    ("message", lambda: exceptions.PyIdentityModelException("m", {"a": 1})),
    ("part", lambda: exceptions.TokenValidationException("m", "header", {"a": 1})),
    ("signature", lambda: exceptions.SignatureVerificationException("m", {"a": 1})),
    ("network", lambda: exceptions.NetworkException("m", "u", 500, {"a": 1})),
]


@pytest.mark.parametrize(("name", "make"), CONSTRUCTED)
def test_exceptions_are_constructed_as_ever(name: str, make: Callable[[], Any]) -> None:
    error = make()
    assert str(error) == error.message == "m"
    assert error.details == {"a": 1}


def test_an_error_kind_of_discovery_has_its_name_in_lower_case_as_value() -> None:
    kinds = py_identity_model.DiscoveryErrorKind
    assert {kind.name.lower() for kind in kinds} == {kind.value for kind in kinds}
    assert len(kinds) == 8


def test_a_request_for_a_token_says_its_operation() -> None:
    assert client_credentials.OPERATION == "token request"
