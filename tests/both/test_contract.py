"""The public contract: names, fields, signatures and values that programs rely on.

``contract.json`` holds its tables of names and values; those of fields and parameters are here.
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

CONTRACT: dict[str, Any] = json.loads(Path(__file__).with_name("contract.json").read_text())
NAMES: dict[str, str] = CONTRACT["names"]


def test_the_table_is_whole() -> None:
    markers = list(NAMES.values())
    assert [markers.count(marker) for marker in "SDRA"] == [83, 20, 41, 1]


@pytest.mark.parametrize("name", NAMES)
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


REGISTERED = [
    *("response_types", "grant_types", "application_type", "contacts", "client_name", "logo_uri"),
    *("client_uri", "policy_uri", "tos_uri", "token_endpoint_auth_method", "scope", "jwks_uri"),
]
CONFIGURED = [
    *("http_timeout", "http_retry_max_attempts", "http_retry_base_delay", "jwks_max_size"),
    *("jwks_max_keys", "jwks_cache_ttl", "discovery_cache_ttl", "jwks_kid_miss_cooldown"),
    *("jwks_cache_max_entries", "discovery_cache_max_entries", "client_discovery_url"),
    *("client_id", "client_secret", "client_scope", "client_audience", "client_redirect_uri"),
    *("client_post_login_redirect", "client_post_logout_redirect", "client_excluded_paths"),
]
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
    "ClientCredentialsTokenRequest": [
        *("address", "client_id", "client_secret", "scope", "private_key_jwt", "mtls"),
    ],
    "ClientCredentialsTokenResponse": ["is_successful", "error", "token"],
    "AuthorizationCodeTokenRequest": [
        *("address", "client_id", "code", "redirect_uri", "code_verifier", "client_secret"),
        *("scope", "private_key_jwt", "dpop_key", "mtls"),
    ],
    "AuthorizationCodeTokenResponse": ["is_successful", "error", "token"],
    "RefreshTokenRequest": [
        *("address", "client_id", "refresh_token", "scope", "client_secret"),
        *("private_key_jwt", "mtls"),
    ],
    "RefreshTokenResponse": ["is_successful", "error", "token"],
    "DeviceAuthorizationRequest": [
        *("address", "client_id", "scope", "client_secret", "private_key_jwt", "mtls"),
    ],
    "DeviceAuthorizationResponse": [
        *("is_successful", "error", "device_code", "user_code", "verification_uri"),
        *("verification_uri_complete", "expires_in", "interval"),
    ],
    "DeviceTokenRequest": [
        *("address", "client_id", "device_code", "client_secret", "private_key_jwt", "mtls"),
    ],
    "DeviceTokenResponse": ["is_successful", "error", "token", "error_code", "interval"],
    "TokenExchangeRequest": [
        *("address", "client_id", "subject_token", "subject_token_type", "actor_token"),
        *("actor_token_type", "resource", "audience", "scope", "requested_token_type"),
        *("client_secret", "private_key_jwt", "mtls"),
    ],
    "TokenExchangeResponse": ["is_successful", "error", "token", "issued_token_type"],
    "TokenIntrospectionRequest": [
        *("address", "token", "client_id", "token_type_hint", "client_secret"),
        *("private_key_jwt", "mtls"),
    ],
    "TokenIntrospectionResponse": ["is_successful", "error", "claims"],
    "TokenRevocationRequest": [
        *("address", "token", "client_id", "token_type_hint", "client_secret"),
        *("private_key_jwt", "mtls"),
    ],
    "TokenRevocationResponse": ["is_successful", "error"],
    "UserInfoRequest": ["address", "token", "expected_sub", "dpop_key", "mtls"],
    "UserInfoResponse": ["is_successful", "error", "claims", "raw"],
    "PushedAuthorizationRequest": [
        *("address", "client_id", "redirect_uri", "scope", "response_type", "state", "nonce"),
        *("code_challenge", "code_challenge_method", "client_secret", "private_key_jwt"),
        *("dpop_key", "mtls", "response_mode"),
    ],
    "PushedAuthorizationResponse": ["is_successful", "error", "request_uri", "expires_in"],
    "ClientRegistrationRequest": [
        *("address", "redirect_uris", *REGISTERED, "extra_metadata", "initial_access_token"),
    ],
    "ClientReadRequest": ["address", "registration_access_token"],
    "ClientUpdateRequest": [
        *("address", "registration_access_token", "client_id", "redirect_uris"),
        *(*REGISTERED, "client_secret", "extra_metadata"),
    ],
    "ClientDeleteRequest": ["address", "registration_access_token"],
    "ClientRegistrationResponse": [
        *("is_successful", "error", "client_id", "client_secret", "client_id_issued_at"),
        *("client_secret_expires_at", "registration_access_token", "registration_client_uri"),
        "metadata",
    ],
    "ClientDeleteResponse": ["is_successful", "error"],
    "AuthorizeCallbackResponse": [
        *("is_successful", "raw", "values", "code", "access_token", "identity_token"),
        *("token_type", "expires_in", "scope", "refresh_token", "state", "session_state"),
        *("issuer", "error", "error_description"),
    ],
    "StateValidationResult": ["is_valid", "result", "error", "error_description"],
    "FAPIValidationResult": ["violations", "is_compliant"],
    "PrivateKeyJwt": ["private_key", "algorithm", "kid", "audience", "lifetime"],
    "MtlsClientAuth": ["certificate", "private_key", "password", "auth_method"],
    "ConfigIssue": ["code", "keys", "message"],
    "Config": CONFIGURED,
    "CacheCounters": [
        *("disco_hits", "disco_misses", "jwks_hits", "jwks_misses", "jwks_refreshes"),
    ],
}


@pytest.mark.parametrize("name", FIELDS)
def test_fields_are_in_the_order_of_the_contract(name: str) -> None:
    positional = [f.name for f in fields(getattr(py_identity_model, name)) if not f.kw_only]
    assert positional[: len(FIELDS[name])] == FIELDS[name]
    assert set(positional[len(FIELDS[name]) :]) <= {"allow_issuer_mismatch"}


FIRST_WITH_DEFAULT = {
    "DiscoveryPolicy": 0,
    "CacheCounters": 0,
    "Config": 0,
    "FAPIValidationResult": 0,
    "ClientCredentialsTokenRequest": 2,
    "AuthorizationCodeTokenRequest": 4,
    "RefreshTokenRequest": 3,
    "DeviceAuthorizationRequest": 2,
    "DeviceTokenRequest": 3,
    "TokenExchangeRequest": 4,
    "TokenIntrospectionRequest": 3,
    "TokenRevocationRequest": 3,
    "UserInfoRequest": 2,
    "PushedAuthorizationRequest": 3,
    "ClientRegistrationRequest": 2,
    "ClientReadRequest": 2,
    "ClientUpdateRequest": 4,
    "ClientDeleteRequest": 2,
    "AuthorizeCallbackResponse": 3,
    "StateValidationResult": 2,
    "MtlsClientAuth": 2,
    "ConfigIssue": 3,
}


@pytest.mark.parametrize("name", FIELDS)
def test_only_what_must_be_given_has_no_default(name: str) -> None:
    required = [
        f.name
        for f in fields(getattr(py_identity_model, name))
        if f.init and f.default is MISSING and f.default_factory is MISSING
    ]
    count = FIRST_WITH_DEFAULT.get(name, 1)
    assert required == FIELDS[name][:count]


VALIDATION = ["token_validation_config", "disco_doc_address", "http_client"]
OTHER_PARAMETERS = {
    "get_discovery_document": ["disco_doc_req", "http_client"],
    "get_jwks": ["jwks_request", "http_client"],
    "validate_token": ["jwt", *VALIDATION],
    "validate_id_token": ["id_token", *VALIDATION, "nonce", "access_token", "code", "max_age"],
    "validate_logout_token": ["logout_token", *VALIDATION],
    "process_jarm_response": [
        *("response", "client_id", "disco_doc_address", "issuer", "jwks", "algorithms"),
        *("require_https", "leeway", "http_client", "is_jwt"),
    ],
}
CHALLENGE = ["state", "nonce", "code_challenge", "code_challenge_method"]
SIGNATURES = {
    "generate_code_verifier": ["length"],
    "generate_code_challenge": ["verifier", "method"],
    "generate_pkce_pair": ["method", "verifier_length"],
    "build_authorization_url": [
        *("authorization_endpoint", "client_id", "redirect_uri", "scope", "response_type"),
        *(*CHALLENGE, "extra_params"),
    ],
    "generate_dpop_key": ["algorithm"],
    "DPoPKey": ["algorithm"],
    "create_dpop_proof": ["key", "method", "uri", "access_token", "nonce"],
    "compute_ath": ["access_token"],
    "build_dpop_headers": ["proof", "access_token"],
    "extract_dpop_nonce": ["response"],
    "compute_certificate_thumbprint": ["cert"],
    "certificate_thumbprint_from_file": ["path"],
    "validate_certificate_binding": ["claims", "cert"],
    "resolve_mtls_endpoint": ["disco", "endpoint"],
    "create_request_object": [
        *("private_key", "algorithm", "client_id", "audience", "redirect_uri", "scope"),
        *("response_type", *CHALLENGE, "lifetime", "kid", "extra_claims"),
    ],
    "build_jar_authorization_url": [
        *("authorization_endpoint", "client_id", "request_object", "scope", "response_type"),
    ],
    "is_jarm_response": ["redirect_uri"],
    "extract_jarm_response_jwt": ["redirect_uri"],
    "parse_authorize_callback_response": ["redirect_uri"],
    "validate_authorize_callback_state": ["response", "expected_state"],
    "validate_authorize_callback_issuer": [
        *("response", "expected_issuer", "iss_parameter_supported", "require"),
    ],
    "build_end_session_url": [
        *("end_session_endpoint", "id_token_hint", "client_id", "post_logout_redirect_uri"),
        *("state", "logout_hint", "ui_locales", "extra_params"),
    ],
    "validate_post_logout_state": ["expected_state", "returned_state"],
    "validate_fapi_authorization_request": [
        *("response_type", "code_challenge", "code_challenge_method", "redirect_uri", "use_par"),
        "algorithm",
    ],
    "validate_fapi_client_config": ["auth_method", "use_dpop", "use_mtls"],
    "validate_fapi_discovery": ["discovery"],
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
    **{
        name: ["request", "http_client"]
        for name, marker in NAMES.items()
        if marker == "D" and name not in OTHER_PARAMETERS
    },
    **OTHER_PARAMETERS,
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_parameters_have_the_names_of_the_contract(name: str) -> None:
    for package in (py_identity_model, aio):
        if hasattr(package, name):
            parameters = list(inspect.signature(getattr(package, name)).parameters.values())
            wanted = SIGNATURES[name]
            assert [one.name for one in parameters][: len(wanted)] == wanted
            more = parameters[len(wanted) :]
            assert all(one.kind is one.KEYWORD_ONLY and one.default is None for one in more) or (
                name == "validate_logout_token"
            )


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
