"""Authorization requests and responses, logouts: URLs, and what may be in them."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from py_identity_model import (
    AuthorizeCallbackResponse,
    AuthorizeCallbackValidationResult,
    FailedResponseAccessError,
    SuccessfulResponseAccessError,
    build_authorization_url,
    build_client_id_metadata,
    build_end_session_url,
    build_jar_authorization_url,
    build_protected_resource_metadata,
    build_pushed_authorization_url,
    client_id_metadata_response,
    create_request_object,
    decode_jwt,
    encrypt_request_object,
    generate_code_challenge,
    generate_code_verifier,
    generate_pkce_pair,
    jwks_from_dict,
    parse_authorize_callback_response,
    validate_authorize_callback_issuer,
    validate_authorize_callback_state,
    validate_backchannel_notification,
    validate_frontchannel_logout_request,
    validate_initiate_login_request,
    validate_post_logout_state,
)
from py_identity_model._jose.encryption import decrypt
from py_identity_model.exceptions import (
    AuthorizeCallbackException,
    InvalidArgumentError,
    LogoutStateValidationException,
    ValidationException,
)
from tests.support import refused

ENDPOINT = "https://op.example/authorize"
REDIRECT = "https://rp.example/cb"
KEY = ECKey.generate_key("P-256")
Result = AuthorizeCallbackValidationResult


def test_a_verifier_has_the_length_that_is_asked_for() -> None:
    for length in (43, 64, 128):
        verifier = generate_code_verifier(length)
        assert len(verifier) == length
        assert (
            verifier.replace("-", "").replace(".", "").replace("_", "").replace("~", "").isalnum()
        )
    assert len({generate_code_verifier() for _ in range(100)}) == 100


@pytest.mark.parametrize("length", [0, 42, 129])
def test_a_verifier_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=f"43 and 128.*{length}"):
        generate_code_verifier(length)
    with pytest.raises(ValueError, match="43 and 128"):
        generate_code_challenge("x" * length)


def test_a_challenge_is_that_of_the_specification() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert generate_code_challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert generate_code_challenge(verifier, "plain") == verifier
    with pytest.raises(ValueError, match="S256 or plain"):
        generate_code_challenge(verifier, "S512")


def test_a_pair_belongs_together() -> None:
    verifier, challenge = generate_pkce_pair(verifier_length=50)
    assert len(verifier) == 50
    assert challenge == generate_code_challenge(verifier)


def test_an_authorization_url_says_what_it_is_given_in_order() -> None:
    url = build_authorization_url(
        f"{ENDPOINT}?tenant=1#fragment",
        "web",
        REDIRECT,
        ["openid", "profile"],
        state="s t",
        nonce="n",
        code_challenge="c",
        code_challenge_method="S256",
        prompt="login",
        max_age=5,
        claims={"id_token": {"email": None}},
        authorization_details=[{"type": "payment"}],
        resource=["https://a.example", "https://b.example"],
        display=None,
        odd=True,
    )
    assert url.startswith(f"{ENDPOINT}?tenant=1&client_id=web&redirect_uri=")
    assert "scope=openid+profile&response_type=code&state=s+t&nonce=n&code_challenge=c" in url
    values = parse_qs(urlsplit(url).query)
    assert json.loads(values["claims"][0]) == {"id_token": {"email": None}}
    assert json.loads(values["authorization_details"][0]) == [{"type": "payment"}]
    assert values["resource"] == ["https://a.example", "https://b.example"]
    assert values["max_age"] == ["5"]
    assert values["odd"] == ["true"]
    assert "display" not in values
    assert urlsplit(url).fragment == ""


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"authorization_endpoint": " "}, "must not be empty"),
        ({"code_challenge": "c"}, "together.*RFC 7636"),
        ({"code_challenge_method": "S256"}, "together.*RFC 7636"),
        ({"code_challenge": "c", "code_challenge_method": "S1"}, "S256 or plain"),
    ],
)
def test_an_authorization_url_that_makes_no_sense_is_refused(
    more: dict[str, Any], text: str
) -> None:
    usual = {"authorization_endpoint": ENDPOINT, "client_id": "web", "redirect_uri": REDIRECT}
    with pytest.raises(ValueError, match=text):
        build_authorization_url(**{**usual, **more})


def test_a_pushed_request_needs_two_parameters() -> None:
    url = build_pushed_authorization_url(ENDPOINT, "web", "urn:a:b")
    assert url == f"{ENDPOINT}?client_id=web&request_uri=urn%3Aa%3Ab"
    for arguments in (("", "urn:a"), ("web", "")):
        with pytest.raises(ValueError, match="must not be empty"):
            build_pushed_authorization_url(ENDPOINT, *arguments)


@pytest.mark.parametrize(
    ("key", "algorithm"), [(KEY, "ES256"), (OKPKey.generate_key("Ed25519"), "EdDSA")]
)
def test_a_request_object_is_signed_and_says_everything(key: Any, algorithm: str) -> None:
    signed = create_request_object(
        key.as_pem(private=True),
        algorithm,
        "web",
        "https://op.example",
        REDIRECT,
        state="s",
        nonce="n",
        code_challenge="c",
        code_challenge_method="S256",
        kid="k",
        prompt="login",
    )
    claims = decode_jwt(
        signed,
        [{**key.as_dict(private=False), "kid": "k"}],
        [algorithm],
        issuer="web",
        audience="https://op.example",
        typ="oauth-authz-req+jwt",
        required=["exp", "iat", "nbf", "jti"],
    )
    assert claims["exp"] - claims["iat"] == 300
    assert "sub" not in claims
    wanted = {
        "client_id": "web",
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": "openid",
        "state": "s",
        "nonce": "n",
        "prompt": "login",
        "code_challenge": "c",
        "code_challenge_method": "S256",
    }
    assert {name: claims[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("more", "text"),
    [
        *(({name: ""}, f"{name} must not be empty") for name in ("client_id", "audience")),
        *(({name: " "}, f"{name} must not be empty") for name in ("redirect_uri", "scope")),
        ({"response_type": ""}, "response_type must not be empty"),
        ({"private_key": ""}, "private_key must not be empty"),
        ({"algorithm": "HS256"}, "Unsupported JAR algorithm"),
        ({"algorithm": "none"}, "Unsupported JAR algorithm"),
        ({"lifetime": 0}, "lifetime must be positive"),
        ({"kid": " "}, "kid must be non-empty when provided"),
        ({"code_challenge": ""}, "code_challenge must be non-empty when provided"),
        ({"code_challenge": "c"}, "together"),
        ({"code_challenge": "c", "code_challenge_method": "S1"}, "S256 or plain"),
        ({"iss": "x"}, "reserved claims"),
        ({"request": "x"}, "reserved claims"),
        ({"private_key": "no key"}, "cannot be read"),
    ],
)
def test_a_request_object_that_makes_no_sense_is_refused(more: dict[str, Any], text: str) -> None:
    usual: dict[str, Any] = {
        "private_key": KEY.as_dict(private=True),
        "algorithm": "ES256",
        "client_id": "web",
        "audience": "https://op.example",
        "redirect_uri": REDIRECT,
    }
    with pytest.raises(ValueError, match=text):
        create_request_object(**{**usual, **more})


def test_a_signed_request_is_put_into_a_url() -> None:
    url = build_jar_authorization_url(f"{ENDPOINT}?", "web", "a.b.c", "openid", "code")
    assert url == f"{ENDPOINT}?client_id=web&request=a.b.c&scope=openid&response_type=code"
    assert build_jar_authorization_url(ENDPOINT, "web", "a.b.c").endswith("request=a.b.c")
    for arguments in (("", "a.b.c"), ("web", "")):
        with pytest.raises(ValueError, match="must not be empty"):
            build_jar_authorization_url(ENDPOINT, *arguments)


def test_a_callback_is_read_from_its_query() -> None:
    callback = parse_authorize_callback_response(
        f"{REDIRECT}?code=c&code=d&state=s&iss=https%3A%2F%2Fop.example&session_state=x&more="
    )
    assert callback.is_successful
    assert (callback.code, callback.state, callback.issuer) == ("c", "s", "https://op.example")
    assert callback.session_state == "x"
    assert callback.values["more"] == ""
    assert callback.identity_token is None


def test_a_callback_is_read_from_its_fragment() -> None:
    callback = parse_authorize_callback_response(
        "/cb?code=ignored#access_token=t&id_token=i&token_type=Bearer&expires_in=60&scope=a"
    )
    assert callback.code is None
    assert (callback.access_token, callback.identity_token) == ("t", "i")
    assert (callback.expires_in, callback.scope) == (60, "a")


@pytest.mark.parametrize("seconds", ["soon", "", "1e3", "9" * 30])
def test_an_expiry_that_is_no_number_is_dropped(seconds: str) -> None:
    url = f"/cb#access_token=t&expires_in={seconds}"
    assert parse_authorize_callback_response(url).expires_in is None


@pytest.mark.parametrize(
    "url",
    [
        *(None, 7, "", "  ", "/cb", "/cb?", "/cb?foo=bar", "https://[", "/cb?" + "a" * 70000),
        "/cb?" + "&".join(f"a{number}=1" for number in range(200)),
    ],
)
def test_what_is_no_callback_is_refused(url: Any) -> None:
    with pytest.raises(AuthorizeCallbackException):
        parse_authorize_callback_response(url)


def test_an_apps_own_scheme_will_do() -> None:
    assert parse_authorize_callback_response("com.example.app:/cb?code=c").code == "c"


def test_a_failed_callback_guards_what_it_does_not_have() -> None:
    callback = parse_authorize_callback_response("/cb?error=access_denied&state=s&code=c")
    assert not callback.is_successful
    assert (callback.error, callback.error_description, callback.state) == (
        *("access_denied", None),
        "s",
    )
    assert callback.values["code"] == "c"
    with pytest.raises(FailedResponseAccessError):
        _ = callback.code
    good = parse_authorize_callback_response("/cb?code=c")
    for name in ("error", "error_description"):
        with pytest.raises(SuccessfulResponseAccessError):
            getattr(good, name)


def test_a_callback_is_compared_copied_and_never_shown() -> None:
    callback = parse_authorize_callback_response("/cb?code=hidden&state=s")
    assert callback == parse_authorize_callback_response("/cb?code=hidden&state=s")
    assert callback != parse_authorize_callback_response("/cb?code=other&state=s")
    assert callback != "callback"
    assert copy.copy(callback) == pickle.loads(pickle.dumps(callback)) == callback
    assert "hidden" not in repr(callback)
    failed = parse_authorize_callback_response("/cb?error=e")
    assert failed == parse_authorize_callback_response("/cb?error=e")


def callback(**more: Any) -> AuthorizeCallbackResponse:
    usual: dict[str, Any] = {"is_successful": True, "raw": "", "values": {}, "code": "c"}
    return AuthorizeCallbackResponse(**{**usual, **more})


@pytest.mark.parametrize(
    ("state", "expected", "result"),
    [
        ("s", "s", Result.SUCCESS),
        ("s", "t", Result.STATE_MISMATCH),
        ("s", "", Result.MISSING_STATE),
        ("s", None, Result.MISSING_STATE),
        ("s", 7, Result.MISSING_STATE),
        (None, "s", Result.MISSING_STATE),
        ("", "s", Result.MISSING_STATE),
        ("é", "s", Result.STATE_MISMATCH),
        ("é", "é", Result.SUCCESS),
        ("\ud800", "?", Result.STATE_MISMATCH),
    ],
)
def test_a_state_is_compared(state: Any, expected: Any, result: Result) -> None:
    checked = validate_authorize_callback_state(callback(state=state), expected)
    assert checked.result is result
    assert checked.is_valid is (result is Result.SUCCESS)
    assert checked.error == (None if checked.is_valid else result.value)


@pytest.mark.parametrize(
    ("issuer", "expected", "options", "result"),
    [
        ("https://a", "https://a", {}, Result.SUCCESS),
        ("https://a", "https://b", {}, Result.ISSUER_MISMATCH),
        ("", "https://a", {}, Result.ISSUER_MISMATCH),
        ("", "", {}, Result.ISSUER_MISMATCH),
        (None, "https://a", {}, Result.SUCCESS),
        (None, "https://a", {"iss_parameter_supported": True}, Result.MISSING_ISSUER),
        (None, "https://a", {"require": True}, Result.MISSING_ISSUER),
    ],
)
def test_an_issuer_is_compared(
    issuer: Any, expected: str, options: dict[str, bool], result: Result
) -> None:
    checked = validate_authorize_callback_issuer(callback(issuer=issuer), expected, **options)
    assert checked.result is result
    assert checked.is_valid is (result is Result.SUCCESS)


def test_a_providers_error_comes_before_any_comparison() -> None:
    failed = callback(is_successful=False, error="access_denied", error_description="no")
    for checked in (
        validate_authorize_callback_state(failed, ""),
        validate_authorize_callback_issuer(failed, ""),
    ):
        assert checked.result is Result.ERROR_RESPONSE
        assert (checked.error, checked.error_description) == ("access_denied", "no")


def test_a_logout_url_says_what_it_is_given_in_order() -> None:
    url = build_end_session_url(
        "https://op.example/end?a=1&#f",
        "hint",
        "web",
        "https://rp.example/bye",
        "s",
        "alice",
        "fr",
        more="x",
        less=None,
    )
    names = [name for name, _ in parse_qsl(urlsplit(url).query)]
    assert names == [
        *("a", "id_token_hint", "logout_hint", "client_id", "post_logout_redirect_uri"),
        *("state", "ui_locales", "more"),
    ]
    assert "1&&" not in url
    assert build_end_session_url("https://op.example/end#f") == "https://op.example/end"
    with refused(InvalidArgumentError, "invalid_argument"):
        build_end_session_url(" ")


@pytest.mark.parametrize(
    ("expected", "returned", "text"),
    [
        (None, "s", "missing or empty"),
        ("", "s", "missing or empty"),
        ("s", None, "not present"),
        ("s", "", "not present"),
        ("s", "t", "does not match"),
        ("s", "é", "does not match"),
    ],
)
def test_the_state_of_a_logout_is_compared(expected: Any, returned: Any, text: str) -> None:
    with pytest.raises(LogoutStateValidationException, match=text):
        validate_post_logout_state(expected, returned)
    validate_post_logout_state("s", "s")


@pytest.mark.parametrize(
    ("url", "options", "code"),
    [
        ("/out?x=1", {"session_required": True}, "missing_logout_session"),
        ("/out", {"session_required": True}, "missing_logout_session"),
        ("/out?iss=https://op", {}, "missing_logout_session"),
        ("/out?sid=1", {}, "missing_logout_session"),
        ("/out?iss=https://else&sid=1", {}, "logout_issuer_mismatch"),
        ("/out?iss=https://op&sid=2", {}, "logout_session_mismatch"),
        ("/out?iss=https://op&sid=1&sid=2", {}, "repeated_parameter"),
    ],
)
def test_a_logout_that_is_not_for_this_session_is_refused(
    url: str, options: dict[str, bool], code: str
) -> None:
    with refused(ValidationException, code):
        validate_frontchannel_logout_request(url, issuer="https://op", sid="1", **options)


def test_a_logout_by_the_browser_is_read() -> None:
    ordered = validate_frontchannel_logout_request(
        "/out?iss=https://op&sid=1", issuer="https://op", sid="1"
    )
    assert (ordered.issuer, ordered.sid) == ("https://op", "1")
    for url in ("/out?x=1", "/out", "https://rp.example/out"):  # by default, as registered
        plain = validate_frontchannel_logout_request(url, issuer="https://op", sid="1")
        assert (plain.issuer, plain.sid) == (None, None)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("/login?login_hint=a", "unknown_issuer"),
        ("/login?iss=https://else", "unknown_issuer"),
        ("/login?iss=https://op&target_link_uri=https://evil", "target_not_allowed"),
        ("/login?iss=https://op&iss=https://op", "repeated_parameter"),
    ],
)
def test_a_login_that_a_stranger_starts_is_refused(url: str, code: str) -> None:
    with refused(ValidationException, code):
        validate_initiate_login_request(
            url, issuers=["https://op"], allow_target=lambda target: target == "https://rp/x"
        )


def test_a_login_that_somebody_may_start_is_read() -> None:
    asked = validate_initiate_login_request(
        "?iss=https://op&login_hint=alice&target_link_uri=https://rp/x",
        issuers=["https://other", "https://op"],
        allow_target=lambda target: target == "https://rp/x",
    )
    assert (asked.issuer, asked.login_hint) == ("https://op", "alice")
    assert asked.target_link_uri == "https://rp/x"
    with refused(ValidationException, "target_not_allowed"):
        validate_initiate_login_request(
            "?iss=https://op&target_link_uri=https://rp/x", issuers=["https://op"]
        )


@pytest.mark.parametrize(
    ("authorization", "body", "token", "code"),
    [
        (None, b"{}", "t", "invalid_notification_token"),
        ("Bearer \ud800", b"{}", "t", "invalid_notification_token"),
        ("Bearer t", b"{}", "\ud800", "invalid_notification_token"),
        ("Bearer x", b"{}", "t", "invalid_notification_token"),
        ("Basic t", b"{}", "t", "invalid_notification_token"),
        ("Bearer ", b"{}", "", "invalid_notification_token"),
        ("Bearer t", b"{}", "t", "invalid_notification"),
        ("Bearer t", b"[]", "t", "invalid_notification"),
        ("Bearer t", b"<x>", "t", "invalid_notification"),
        ("Bearer t", b'{"auth_req_id": 7}', "t", "invalid_notification"),
        ("Bearer t", b"[" * 100000, "t", "invalid_notification"),
    ],
)
def test_a_notification_of_a_stranger_is_refused(
    authorization: str | None, body: bytes, token: str, code: str
) -> None:
    with refused(ValidationException, code):
        validate_backchannel_notification(authorization, body, token)


def test_a_notification_names_its_request() -> None:
    assert validate_backchannel_notification("bearer t", '{"auth_req_id": "a"}', "t") == "a"


def test_a_client_may_be_named_by_its_document() -> None:
    document = build_client_id_metadata(
        "https://app.example/c.json", [REDIRECT], client_name="App", jwks_uri="https://app/jwks"
    )
    assert document == {
        "client_id": "https://app.example/c.json",
        "redirect_uris": [REDIRECT],
        "client_name": "App",
        "jwks_uri": "https://app/jwks",
        "token_endpoint_auth_method": "none",
    }


@pytest.mark.parametrize(
    ("client_id", "redirect_uris", "more"),
    [
        ("http://app.example/c", [REDIRECT], {}),
        ("http://localhost.evil.example/c", [REDIRECT], {}),
        ("https://app.example", [REDIRECT], {}),
        ("https://app.example/", [REDIRECT], {}),
        ("https://app.example/a/../c", [REDIRECT], {}),
        ("https://app.example/c#f", [REDIRECT], {}),
        ("https://user:pass@app.example/c", [REDIRECT], {}),
        ("https://app.example/c", [], {}),
        ("https://app.example/c", REDIRECT, {}),
        ("https://app.example/c", [REDIRECT], {"client_secret": "s"}),
        ("https://app.example/c", [REDIRECT], {"token_endpoint_auth_method": "client_secret_jwt"}),
        ("https://app.example/c", [REDIRECT], {"jwks": {"keys": [{"kty": "EC", "d": "secret"}]}}),
    ],
)
def test_a_document_that_nobody_would_accept_is_refused(
    client_id: str, redirect_uris: Any, more: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgumentError):
        build_client_id_metadata(client_id, redirect_uris, **more)


def test_a_client_on_loopback_may_describe_itself_by_plain_http() -> None:
    document = build_client_id_metadata("http://localhost:8000/c", [REDIRECT])
    assert document["client_id"] == "http://localhost:8000/c"


def test_a_resource_describes_itself() -> None:
    document = build_protected_resource_metadata(
        "https://api.example/orders",
        authorization_servers=("https://op.example",),
        scopes_supported=None,
        resource_name="Orders",
        jwks_uri=None,
    )
    assert document == {
        "resource": "https://api.example/orders",
        "authorization_servers": ["https://op.example"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Orders",
    }
    for plain in ("http://localhost:8000/orders", "http://127.0.0.1:8000"):
        assert build_protected_resource_metadata(plain)["resource"] == plain
    odd = ("http://localhost.evil.example", "http://10.0.0.1", "http://localhost#f")
    for resource in ("http://api.example", "https://api.example#f", "/orders", *odd):
        with pytest.raises(InvalidArgumentError):
            build_protected_resource_metadata(resource)


@pytest.mark.parametrize(
    ("made", "algorithm", "encryption"),
    [
        (RSAKey.generate_key(2048), "RSA-OAEP", "A128CBC-HS256"),
        (RSAKey.generate_key(2048), "RSA-OAEP-256", "A256GCM"),
        (KEY, "ECDH-ES", "A128GCM"),
        (KEY, "ECDH-ES+A256KW", "A256CBC-HS512"),
    ],
)
def test_a_request_is_hidden_from_everybody_but_the_provider(
    made: Any, algorithm: str, encryption: str
) -> None:
    public = jwks_from_dict({**made.as_dict(private=False), "kid": "enc-1"})
    hidden = encrypt_request_object("a.b.c", public, algorithm, encryption)
    assert hidden.count(".") == 4
    assert decrypt(hidden, [made.as_dict(private=True)]) == b"a.b.c"


def test_a_request_is_not_hidden_by_what_does_not_fit() -> None:
    public = jwks_from_dict(KEY.as_dict(private=False))
    for arguments in (("RSA-OAEP",), ("RSA1_5",), ("ECDH-ES", "none"), ("dir",)):
        with refused(InvalidArgumentError, "invalid_argument"):
            encrypt_request_object("a.b.c", public, *arguments)
    odd = jwks_from_dict({**KEY.as_dict(private=False), "x": "AAAA"})
    with refused(InvalidArgumentError, "invalid_argument"):
        encrypt_request_object("a.b.c", odd, "ECDH-ES")


def test_a_clients_document_is_served_as_json() -> None:
    document = build_client_id_metadata("https://app.example/c", [REDIRECT])
    headers, body = client_id_metadata_response(document, max_age=60)
    assert headers == {"Content-Type": "application/json", "Cache-Control": "max-age=60"}
    assert json.loads(body) == document


def test_a_callback_without_parameters_says_so() -> None:
    for url in ("https://app.example/cb", "https://app.example/cb?", "/cb#"):
        with refused(AuthorizeCallbackException, "no_parameters"):
            parse_authorize_callback_response(url)
