# Generated from aio/test_requests.py by scripts/make_sync.py; edit that file.
"""Authorization requests pushed, signed, bound and detailed; responses signed and encrypted."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model.exceptions import (
    ConfigurationException,
    InvalidAudienceException,
    JarmValidationException,
)
from py_identity_model.sync import (
    ClientSecretBasic,
    DPoPKey,
    JwksRequest,
    PrivateKeyJwt,
    PushedAuthorizationRequest,
    TokenIntrospectionRequest,
    build_jar_authorization_url,
    build_pushed_authorization_url,
    create_request_object,
    encrypt_request_object,
    get_jwks,
    introspect_token,
    is_jarm_response,
    parse_authorize_callback_response,
    process_jarm_response,
    push_authorization_request,
)
from tests.op.browser import Browser
from tests.op.driver import RealProvider
from tests.op.sync.login import REDIRECT, SECRET, Attempt, discover, exchange
from tests.support import refused


def pushed(attempt: Attempt, **more: Any) -> PushedAuthorizationRequest:
    """Return the attempt as a request to be pushed."""
    values: dict[str, Any] = {
        "address": attempt.disco.pushed_authorization_request_endpoint,
        "client_secret": SECRET,
        **attempt.parameters(),
        **more,
    }
    return PushedAuthorizationRequest(**values)


def test_a_pushed_request_leads_to_a_login(op: RealProvider, browser: Browser) -> None:
    attempt = Attempt("web-par", discover(op.issuer))
    response = push_authorization_request(pushed(attempt, extra_parameters={"login_hint": "bob"}))
    assert response.is_successful, vars(response)
    assert response.request_uri is not None
    assert response.expires_in is not None
    url = build_pushed_authorization_url(
        attempt.disco.authorization_endpoint or "", "web-par", response.request_uri
    )
    callback = parse_authorize_callback_response(browser.go(url, until=REDIRECT).url)
    attempt.check(callback)
    assert exchange(attempt, callback)


def test_a_client_that_must_push_cannot_do_without(op: RealProvider, browser: Browser) -> None:
    attempt = Attempt("web-par", discover(op.issuer))
    callback = parse_authorize_callback_response(browser.go(attempt.url(), until=REDIRECT).url)
    assert callback.error == "invalid_request"


def test_a_pushed_request_is_refused_with_a_wrong_secret(op: RealProvider) -> None:
    attempt = Attempt("web-par", discover(op.issuer))
    response = push_authorization_request(pushed(attempt, client_secret="wrong"))
    assert response.oauth_error == "invalid_client"
    assert response.status_code == 401


def test_a_signed_request_leads_to_a_login(op: RealProvider, browser: Browser) -> None:
    attempt = Attempt("web-jar", discover(op.issuer))
    signed = request_object(op, attempt)
    url = build_jar_authorization_url(
        attempt.disco.authorization_endpoint or "", "web-jar", signed, "openid", "code"
    )
    callback = parse_authorize_callback_response(browser.go(url, until=REDIRECT).url)
    attempt.check(callback)
    assert exchange(attempt, callback)


def request_object(op: RealProvider, attempt: Attempt, **more: Any) -> str:
    """Return the attempt as a signed request."""
    return create_request_object(
        op.key("es"),
        "ES256",
        audience=attempt.disco.issuer or "",
        kid="client-es256",
        **attempt.parameters(),
        **more,
    )


@pytest.mark.parametrize(("kty", "algorithm"), [("RSA", "RSA-OAEP-256"), ("EC", "ECDH-ES+A128KW")])
def test_a_signed_request_may_be_encrypted(
    op: RealProvider, browser: Browser, kty: str, algorithm: str
) -> None:
    attempt = Attempt("web-jar", discover(op.issuer))
    jwks = get_jwks(JwksRequest(attempt.disco.jwks_uri or ""))
    key = next(one for one in jwks.keys or () if one.use == "enc" and one.kty == kty)
    hidden = encrypt_request_object(request_object(op, attempt), key, algorithm)
    url = build_jar_authorization_url(
        attempt.disco.authorization_endpoint or "", "web-jar", hidden, "openid", "code"
    )
    callback = parse_authorize_callback_response(browser.go(url, until=REDIRECT).url)
    attempt.check(callback)


def test_a_signed_request_may_be_pushed(op: RealProvider, browser: Browser) -> None:
    attempt = Attempt("web-jar", discover(op.issuer))
    signed = request_object(op, attempt, login_hint="carol")
    response = push_authorization_request(pushed(attempt, request=signed))
    assert response.is_successful, vars(response)
    url = build_pushed_authorization_url(
        attempt.disco.authorization_endpoint or "", "web-jar", response.request_uri or ""
    )
    callback = parse_authorize_callback_response(browser.go(url, until=REDIRECT).url)
    attempt.check(callback)


def test_an_unsigned_request_of_a_client_that_must_sign_is_refused(
    op: RealProvider, browser: Browser
) -> None:
    attempt = Attempt("web-jar", discover(op.issuer))
    response = push_authorization_request(pushed(attempt))
    assert response.oauth_error == "invalid_request"


@pytest.mark.parametrize("mode", ["jwt", "query.jwt", "fragment.jwt", "form_post.jwt"])
def test_a_signed_response_is_verified(op: RealProvider, browser: Browser, mode: str) -> None:
    attempt = Attempt("web-jarm", discover(op.issuer))
    landing = browser.go(attempt.url(response_mode=mode), until=REDIRECT)
    where = landing.url if landing.posted is None else f"?response={landing.posted['response']}"
    assert is_jarm_response(where)
    callback = process_jarm_response(where, client_id="web-jarm", disco_doc_address=op.issuer)
    attempt.check(callback)
    assert exchange(attempt, callback)


def test_a_signed_response_is_refused_for_another_client_or_another_time(
    op: RealProvider, browser: Browser
) -> None:
    attempt = Attempt("web-jarm", discover(op.issuer))
    url = browser.go(attempt.url(response_mode="jwt"), until=REDIRECT).url
    with refused(InvalidAudienceException, "invalid_audience"):
        process_jarm_response(url, client_id="web", disco_doc_address=op.issuer)
    with refused(JarmValidationException, "jarm_algorithm_not_allowed"):
        process_jarm_response(
            url, client_id="web-jarm", disco_doc_address=op.issuer, algorithms=["ES256"]
        )
    jwks = get_jwks(JwksRequest(attempt.disco.jwks_uri or ""))
    offline = process_jarm_response(
        url, client_id="web-jarm", issuer=op.issuer, jwks=jwks, algorithms=["PS256"]
    )
    assert offline.state == attempt.state
    with refused(ConfigurationException, "invalid_configuration"):
        process_jarm_response(url, client_id="web-jarm", disco_doc_address=op.issuer, leeway=-1)


def test_an_encrypted_response_is_opened(op: RealProvider, browser: Browser) -> None:
    attempt = Attempt("web-jarm-enc", discover(op.issuer))
    url = browser.go(attempt.url(response_mode="jwt"), until=REDIRECT).url
    callback = process_jarm_response(
        url,
        client_id="web-jarm-enc",
        disco_doc_address=op.issuer,
        decryption_keys=[op.key("encRsa")],
    )
    attempt.check(callback)
    with refused(JarmValidationException, "jarm_encrypted"):
        process_jarm_response(url, client_id="web-jarm-enc", disco_doc_address=op.issuer)


def test_a_refusal_may_be_signed_too(op: RealProvider, browser: Browser) -> None:
    attempt = Attempt("web-jarm", discover(op.issuer))
    url = browser.go(attempt.url(response_mode="jwt", login_hint="deny"), until=REDIRECT).url
    callback = process_jarm_response(url, client_id="web-jarm", disco_doc_address=op.issuer)
    assert not callback.is_successful
    assert callback.error == "access_denied"
    assert callback.state == attempt.state


def test_details_of_what_is_authorized_reach_the_token(op: RealProvider, browser: Browser) -> None:
    wanted = [{"type": "payment", "amount": "12.00"}]
    attempt = Attempt("web-rar", discover(op.issuer))
    url = attempt.url(authorization_details=wanted, resource="https://api.test/opaque")
    callback = parse_authorize_callback_response(browser.go(url, until=REDIRECT).url)
    attempt.check(callback)
    token = exchange(attempt, callback, resource="https://api.test/opaque")
    assert token["authorization_details"] == wanted
    response = introspect_token(
        TokenIntrospectionRequest(
            attempt.disco.introspection_endpoint or "",
            token["access_token"],
            "web-rar",
            client_secret=SECRET,
        )
    )
    assert response.claims is not None
    assert response.claims["authorization_details"] == wanted


def test_a_code_may_be_bound_to_a_key_from_the_start(op: RealProvider, browser: Browser) -> None:
    key = DPoPKey()
    attempt = Attempt("web-dpop", discover(op.issuer))
    response = push_authorization_request(pushed(attempt, dpop_key=key))
    assert response.is_successful, vars(response)
    url = build_pushed_authorization_url(
        attempt.disco.authorization_endpoint or "", "web-dpop", response.request_uri or ""
    )
    callback = parse_authorize_callback_response(browser.go(url, until=REDIRECT).url)
    with pytest.raises(AssertionError, match="invalid"):
        exchange(attempt, callback, dpop_key=DPoPKey())


def test_the_older_fields_authenticate_too(op: RealProvider) -> None:
    attempt = Attempt("web-pkjwt", discover(op.issuer))
    key = PrivateKeyJwt(op.key("ps"), "PS256", "client-ps256")
    response = push_authorization_request(pushed(attempt, client_secret=None, private_key_jwt=key))
    assert response.is_successful, vars(response)
    wrong = PrivateKeyJwt(op.key("ps"), "PS256", "client-ps256", audience="https://else.example")
    response = push_authorization_request(
        pushed(attempt, client_secret=None, private_key_jwt=wrong)
    )
    assert response.oauth_error == "invalid_client"
    named = ClientSecretBasic(SECRET)
    response = push_authorization_request(pushed(attempt, client_authentication=named))
    assert response.oauth_error == "invalid_client"
