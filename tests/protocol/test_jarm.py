"""Authorization responses as signed tokens (JARM)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey, OctKey, RSAKey

from py_identity_model import jwks_from_dict
from py_identity_model._jose.sign import sign_compact
from py_identity_model._protocol.jarm import (
    JarmCheck,
    extract_jarm_response_jwt,
    is_jarm_response,
)
from py_identity_model.exceptions import (
    InvalidAudienceException,
    InvalidIssuerException,
    JarmValidationException,
    SignatureVerificationException,
    TokenExpiredException,
    TokenValidationException,
)
from tests.support import refused

KEY = ECKey.generate_key("P-256")
ISSUER, CLIENT, NOW = "https://op.example", "web", 1000.0
SOUND: dict[str, Any] = {"iss": ISSUER, "aud": CLIENT, "exp": 1600, "code": "c", "state": "s"}
OPENING = RSAKey.generate_key(2048)
PEM = OPENING.as_pem(private=True)


def token(header: dict[str, Any] | None = None, key: Any = KEY, **changed: Any) -> str:
    claims = {name: value for name, value in {**SOUND, **changed}.items() if value is not None}
    alg = (header or {}).get("alg", "ES256")
    return sign_compact({"alg": alg, **(header or {})}, claims, key, alg)


def check(**more: Any) -> JarmCheck:
    public = jwks_from_dict(KEY.as_dict(private=False))
    usual: dict[str, Any] = {"keys": [public], "algorithms": ["ES256"]}
    return JarmCheck(CLIENT, ISSUER, **{**usual, **more})


def encrypted(text: str) -> str:
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT"}
    return jwe.encrypt_compact(header, text.encode(), OPENING, algorithms=[*header.values()][:2])


@pytest.mark.parametrize("separator", ["?", "#", "?a=b&", "#a=b&"])
def test_a_response_is_found_in_query_and_fragment(separator: str) -> None:
    redirect = f"https://rp.example/cb{separator}response=x.y.z"
    assert is_jarm_response(redirect)
    assert extract_jarm_response_jwt(redirect) == "x.y.z"


def test_a_response_in_the_query_is_found_beside_a_fragment() -> None:
    assert extract_jarm_response_jwt("https://rp.example/cb?response=x.y.z#_") == "x.y.z"


@pytest.mark.parametrize(
    ("redirect", "text"),
    [
        ("https://rp.example/cb?code=c", "no response parameter"),
        ("https://rp.example/cb?response=", "no response parameter"),
        ("https://rp.example/cb?response=a&response=b", "more than one"),
        ("https://rp.example/cb", "no response parameter"),
    ],
)
def test_a_redirect_without_one_response_is_refused(redirect: str, text: str) -> None:
    with pytest.raises(JarmValidationException, match=text):
        extract_jarm_response_jwt(redirect)


def test_a_response_that_cannot_be_read_is_none() -> None:
    assert not is_jarm_response("https://rp.example/cb")
    assert not is_jarm_response("https://rp.example/cb?code=c")


def test_a_sound_response_is_read_with_its_issuer() -> None:
    response = check().read(token(), NOW)
    assert (response.code, response.state, response.issuer) == ("c", "s", ISSUER)


def test_members_that_are_not_text_are_read_as_json() -> None:
    response = check().read(token(scope=["a"], more=1), NOW)
    assert json.loads(response.values["scope"]) == ["a"]
    assert response.values["more"] == "1"
    assert "exp" not in response.values


def test_a_member_that_is_null_is_absent() -> None:
    claims = {**SOUND, "error": None, "session_state": None}
    found = check().read(sign_compact({"alg": "ES256"}, claims, KEY, "ES256"), NOW)
    assert (found.is_successful, found.code, found.session_state) == (True, "c", None)


def test_an_error_is_a_response_too() -> None:
    response = check().read(token(code=None, error="access_denied"), NOW)
    assert response.error == "access_denied"


@pytest.mark.parametrize("claim", ["iss", "aud", "exp"])
def test_a_response_without_a_required_claim_is_refused(claim: str) -> None:
    with refused(JarmValidationException, "missing_jarm_claim") as caught:
        check().read(token(**{claim: None}), NOW)
    assert claim in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"iss": "https://evil.example"}, InvalidIssuerException),
        ({"iss": f"{ISSUER}/"}, InvalidIssuerException),
        ({"aud": "other"}, InvalidAudienceException),
        ({"exp": 1000}, TokenExpiredException),
    ],
)
def test_a_response_for_another_client_is_refused(
    changed: dict[str, Any], error: type[TokenValidationException]
) -> None:
    with pytest.raises(error):
        check().read(token(**changed), NOW)


def test_the_leeway_lengthens_the_life_of_a_response() -> None:
    late = token(exp=999)
    assert check(leeway=5).read(late, NOW).code == "c"
    with pytest.raises(TokenExpiredException):
        check(leeway=1).read(late, NOW)


def test_a_response_that_says_nothing_is_refused() -> None:
    with refused(JarmValidationException, "no_jarm_parameters"):
        check().read(token(code=None, state=None, other="x"), NOW)


@pytest.mark.parametrize("algorithms", [None, [], ["HS256"], ["none"]])
def test_without_an_asymmetric_algorithm_nothing_is_accepted(algorithms: Any) -> None:
    with refused(JarmValidationException, "no_jarm_algorithms"):
        check(algorithms=algorithms).read(token(), NOW)


def test_an_algorithm_that_is_not_allowed_is_refused_by_name() -> None:
    with refused(JarmValidationException, "jarm_algorithm_not_allowed") as caught:
        check(algorithms=["PS256", "RS256"]).read(token(), NOW)
    assert caught.value.details == {"alg": "ES256", "allowed": ["PS256", "RS256"]}


def test_a_response_signed_with_a_shared_secret_is_refused() -> None:
    forged = token({"alg": "HS256"}, OctKey.generate_key(256))
    with refused(JarmValidationException, "jarm_algorithm_not_allowed"):
        check(algorithms=["ES256", "HS256"]).read(forged, NOW)


def test_a_forged_response_is_refused() -> None:
    with pytest.raises(SignatureVerificationException):
        check().read(token(key=ECKey.generate_key("P-256")), NOW)


@pytest.mark.parametrize("malformed", ["", "x", "a.b", "a.b.c", "!.e30.AA"])
def test_a_malformed_response_is_refused(malformed: str) -> None:
    with pytest.raises(JarmValidationException):
        check().read(malformed, NOW)


def test_an_encrypted_response_needs_keys_that_decrypt_it() -> None:
    hidden = encrypted(token())
    assert check(decryption_keys=PEM).read(hidden, NOW).code == "c"
    with refused(JarmValidationException, "jarm_encrypted"):
        check().read(hidden, NOW)
    with pytest.raises(TokenValidationException):
        check(decryption_keys=RSAKey.generate_key(2048).as_pem(private=True)).read(hidden, NOW)


def test_where_encryption_is_expected_a_plain_response_is_refused_unless_that_is_allowed() -> None:
    with pytest.raises(TokenValidationException):
        check(decryption_keys=PEM).read(token(), NOW)
    lenient = check(decryption_keys=PEM, allow_unencrypted=True)
    assert lenient.read(token(), NOW).code == "c"


def test_keys_and_secrets_are_not_shown() -> None:
    shown = repr(check(client_secret="a-secret", decryption_keys=PEM))
    assert "a-secret" not in shown
    assert "PRIVATE" not in shown
