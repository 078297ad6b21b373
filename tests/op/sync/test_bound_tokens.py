# Generated from aio/test_bound_tokens.py by scripts/make_sync.py; edit that file.
"""Tokens bound to a key or to a certificate, and the profile that demands it (FAPI 2.0)."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model._jose.encoding import decode_base64url, parse_object
from py_identity_model.exceptions import CertificateBindingError
from py_identity_model.sync import (
    ClientCredentialsTokenRequest,
    ClientSecretBasic,
    DPoPKey,
    MtlsClientAuth,
    PrivateKeyJwtAuthentication,
    PushedAuthorizationRequest,
    RefreshTokenRequest,
    SelfSignedTlsClientAuth,
    TlsClientAuth,
    TokenValidationConfig,
    UserInfoRequest,
    build_pushed_authorization_url,
    certificate_thumbprint_from_file,
    create_request_object,
    get_userinfo,
    parse_authorize_callback_response,
    process_jarm_response,
    push_authorization_request,
    refresh_token,
    request_client_credentials_token,
    resolve_mtls_endpoint,
    validate_certificate_binding,
    validate_fapi_authorization_request,
    validate_fapi_client_config,
    validate_fapi_discovery,
    validate_id_token,
    validate_token,
)
from tests.op.browser import Browser
from tests.op.driver import RealProvider
from tests.op.sync.login import REDIRECT, SECRET, Attempt, discover, exchange
from tests.support import refused

RESOURCE = "https://api.test/es256"


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA"])
def test_a_machines_token_is_bound_to_its_key(op: RealProvider, algorithm: str) -> None:
    key = DPoPKey(algorithm)
    token = machine_token(op, key)
    config = TokenValidationConfig(perform_disco=True, audience=RESOURCE)
    claims = validate_token(token, config, op.issuer)
    assert claims["cnf"] == {"jkt": key.jwk_thumbprint}


def test_the_sent_request_follows_the_specification(op: RealProvider) -> None:
    key = DPoPKey()
    machine_token(op, key)
    (sent,) = op.requests("/token")
    parts = sent["headers"]["dpop"].split(".")
    header, claims = (parse_object(decode_base64url(part.encode())) for part in parts[:2])
    assert header == {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.public_jwk}
    assert {*claims} == {"jti", "htm", "htu", "iat"}
    assert (claims["htm"], claims["htu"]) == ("POST", f"{op.issuer}/token")
    assert sent["headers"]["authorization"].startswith("Basic ")
    assert sent["headers"]["accept-encoding"] == "identity"
    assert "cookie" not in sent["headers"]


def machine_token(op: RealProvider, key: DPoPKey) -> str:
    """Return a token bound to ``key``."""
    response = request_client_credentials_token(
        ClientCredentialsTokenRequest(
            f"{op.issuer}/token", "m2m-dpop", SECRET, resource=RESOURCE, dpop_key=key
        )
    )
    assert response.is_successful, vars(response)
    assert response.token is not None
    assert response.token["token_type"] == "DPoP"
    return str(response.token["access_token"])


def test_a_key_that_was_saved_is_the_same_key(op: RealProvider) -> None:
    key = DPoPKey("ES384")
    loaded = DPoPKey.from_pem(key.private_key_pem, "ES384")
    assert loaded.jwk_thumbprint == key.jwk_thumbprint
    assert machine_token(op, loaded)


def test_a_demanded_nonce_is_used_and_remembered(demanding: RealProvider) -> None:
    key = DPoPKey()
    machine_token(demanding, key)
    assert len(demanding.requests("/token")) == 2
    machine_token(demanding, key)
    assert len(demanding.requests("/token")) == 1
    machine_token(demanding, DPoPKey())
    assert len(demanding.requests("/token")) == 2


def test_a_login_is_bound_to_a_key_to_its_end(demanding: RealProvider, browser: Browser) -> None:
    key = DPoPKey()
    attempt = Attempt("web-dpop", discover(demanding.issuer))
    url = attempt.url(dpop_jkt=key.jwk_thumbprint, scope="openid offline_access", prompt="consent")
    callback = parse_authorize_callback_response(browser.go(url, until=REDIRECT).url)
    attempt.check(callback)
    token = exchange(attempt, callback, dpop_key=key)
    assert token["token_type"] == "DPoP"
    request = UserInfoRequest(
        attempt.disco.userinfo_endpoint or "", token["access_token"], "alice", key
    )
    userinfo = get_userinfo(request)
    assert userinfo.is_successful, vars(userinfo)
    request.dpop_key = DPoPKey()
    assert (get_userinfo(request)).oauth_error == "invalid_token"
    request.dpop_key = None
    assert (get_userinfo(request)).status_code in {400, 401}
    refreshed = refresh_token(
        RefreshTokenRequest(
            attempt.disco.token_endpoint or "",
            "web-dpop",
            token["refresh_token"],
            client_secret=SECRET,
            dpop_key=key,
        )
    )
    assert refreshed.is_successful, vars(refreshed)
    assert refreshed.token is not None
    assert refreshed.token["token_type"] == "DPoP"


def certificate(op: RealProvider) -> MtlsClientAuth:
    """Return the client's certificate."""
    folder = op.certificates.folder
    return MtlsClientAuth(str(folder / "client.pem"), str(folder / "client.key"))


@pytest.mark.parametrize("client_id", ["m2m-mtls", "m2m-mtls-pki"])
def test_a_certificate_authenticates_and_binds(trusted: RealProvider, client_id: str) -> None:
    disco = discover(trusted.https_issuer)
    address = resolve_mtls_endpoint(disco, "token_endpoint")
    assert address is not None
    assert address != disco.token_endpoint
    kind = TlsClientAuth if client_id.endswith("pki") else SelfSignedTlsClientAuth
    presented = certificate(trusted)
    response = request_client_credentials_token(
        ClientCredentialsTokenRequest(
            address,
            client_id,
            resource=RESOURCE,
            client_authentication=kind(presented.certificate, presented.private_key),
        )
    )
    assert response.is_successful, vars(response)
    assert response.token is not None
    config = TokenValidationConfig(perform_disco=True, audience=RESOURCE)
    claims = validate_token(response.token["access_token"], config, trusted.https_issuer)
    thumbprint = certificate_thumbprint_from_file(presented.certificate)
    assert claims["cnf"] == {"x5t#S256": thumbprint}
    pem = (trusted.certificates.folder / "client.pem").read_text()
    validate_certificate_binding(claims, pem)
    other = (trusted.certificates.folder / "server.pem").read_text()
    with refused(CertificateBindingError, "certificate_binding_mismatch"):
        validate_certificate_binding(claims, other)


def test_without_its_certificate_the_client_is_unknown(trusted: RealProvider) -> None:
    disco = discover(trusted.https_issuer)
    response = request_client_credentials_token(
        ClientCredentialsTokenRequest(
            resolve_mtls_endpoint(disco, "token_endpoint") or "",
            "m2m-mtls",
            client_authentication=SelfSignedTlsClientAuth(),
        )
    )
    assert response.oauth_error == "invalid_client"


def test_the_older_field_presents_a_certificate_too(
    trusted: RealProvider, browser: Browser
) -> None:
    attempt = Attempt("web-mtls", discover(trusted.https_issuer))
    callback = parse_authorize_callback_response(browser.go(attempt.url(), until=REDIRECT).url)
    attempt.check(callback)
    presented = certificate(trusted)
    token = exchange(
        attempt,
        callback,
        authentication=SelfSignedTlsClientAuth(presented.certificate, presented.private_key),
        address=resolve_mtls_endpoint(attempt.disco, "token_endpoint"),
    )
    request = UserInfoRequest(
        resolve_mtls_endpoint(attempt.disco, "userinfo_endpoint") or "",
        token["access_token"],
        "alice",
        mtls=presented,
    )
    userinfo = get_userinfo(request)
    assert userinfo.is_successful, vars(userinfo)
    request.mtls = None
    assert (get_userinfo(request)).status_code == 401


def fapi_authentication(op: RealProvider, issuer: str) -> PrivateKeyJwtAuthentication:
    """Return how a FAPI 2.0 client authenticates: the assertion is for the issuer."""
    return PrivateKeyJwtAuthentication(op.key("es"), "ES256", "client-es256", issuer)


def push(attempt: Attempt, **more: Any) -> str:
    """Return where the browser goes after the request was pushed."""
    values: dict[str, Any] = {
        "address": attempt.disco.pushed_authorization_request_endpoint,
        **attempt.parameters(),
        **more,
    }
    response = push_authorization_request(PushedAuthorizationRequest(**values))
    assert response.is_successful, vars(response)
    return build_pushed_authorization_url(
        attempt.disco.authorization_endpoint or "", attempt.client_id, response.request_uri or ""
    )


def test_fapi_with_proofs(trusted: RealProvider, browser: Browser) -> None:
    issuer = trusted.https_issuer
    attempt = Attempt("fapi2-dpop", discover(issuer))
    assert validate_fapi_discovery(attempt.disco).is_compliant
    assert validate_fapi_client_config(auth_method="private_key_jwt", use_dpop=True).is_compliant
    assert validate_fapi_authorization_request(
        response_type="code",
        code_challenge=attempt.pair[1],
        code_challenge_method="S256",
        redirect_uri=REDIRECT,
        use_par=True,
    ).is_compliant
    key, authentication = DPoPKey(), fapi_authentication(trusted, issuer)
    url = push(attempt, client_authentication=authentication, dpop_key=key)
    callback = parse_authorize_callback_response(browser.go(url, until=REDIRECT).url)
    attempt.check(callback)
    token = exchange(attempt, callback, authentication=authentication, dpop_key=key)
    assert token["token_type"] == "DPoP"
    config = TokenValidationConfig(perform_disco=True, audience="fapi2-dpop", algorithms=["ES256"])
    assert validate_id_token(token["id_token"], config, issuer, nonce=attempt.nonce)


def test_fapi_with_certificates(trusted: RealProvider, browser: Browser) -> None:
    attempt = Attempt("fapi2-mtls", discover(trusted.https_issuer))
    presented = certificate(trusted)
    authentication = SelfSignedTlsClientAuth(presented.certificate, presented.private_key)
    address = resolve_mtls_endpoint(attempt.disco, "pushed_authorization_request_endpoint")
    url = push(attempt, address=address, client_authentication=authentication)
    callback = parse_authorize_callback_response(browser.go(url, until=REDIRECT).url)
    attempt.check(callback)
    token_endpoint = resolve_mtls_endpoint(attempt.disco, "token_endpoint")
    token = exchange(attempt, callback, authentication=authentication, address=token_endpoint)
    assert token["id_token"]


def test_fapi_with_signed_messages(trusted: RealProvider, browser: Browser) -> None:
    issuer = trusted.https_issuer
    attempt = Attempt("fapi2-msg", discover(issuer))
    key, authentication = DPoPKey(), fapi_authentication(trusted, issuer)
    signed = create_request_object(
        trusted.key("es"),
        "ES256",
        audience=issuer,
        kid="client-es256",
        response_mode="jwt",
        dpop_jkt=key.jwk_thumbprint,
        **attempt.parameters(),
    )
    url = push(attempt, client_authentication=authentication, request=signed)
    landing = browser.go(url, until=REDIRECT)
    callback = process_jarm_response(
        landing.url, client_id="fapi2-msg", disco_doc_address=issuer, algorithms=["ES256"]
    )
    attempt.check(callback)
    assert exchange(attempt, callback, authentication=authentication, dpop_key=key)


def test_a_fapi_assertion_for_the_endpoint_is_refused(
    trusted: RealProvider, browser: Browser
) -> None:
    attempt = Attempt("fapi2-dpop", discover(trusted.https_issuer))
    address = attempt.disco.pushed_authorization_request_endpoint or ""
    for wrong in (
        PrivateKeyJwtAuthentication(trusted.key("es"), "ES256", "client-es256"),
        ClientSecretBasic(SECRET),
    ):
        request = PushedAuthorizationRequest(
            address, **attempt.parameters(), client_authentication=wrong
        )
        assert (push_authorization_request(request)).oauth_error == "invalid_client"
