"""Client assertions: made for one attempt, by keys, secrets and platforms."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from py_identity_model import (
    ClientSecretJwt,
    PrivateKeyJwt,
    PrivateKeyJwtAuthentication,
    create_client_assertion,
    verify_jws,
)
from py_identity_model._client_auth.assertion import JWT_BEARER
from py_identity_model._jose.encoding import parse_object
from py_identity_model._jose.tokens import header_members
from py_identity_model.exceptions import InvalidArgumentError
from tests.support import refused

URL = "https://op.example/token"
KEY = ECKey.generate_key("P-256")
PEM = KEY.as_pem(private=True).decode()
SECRET = "a secret of at least thirty-two bytes"


def claims_of(assertion: str, algorithm: str = "ES256", key: Any = KEY) -> dict[str, Any]:
    private = isinstance(key, OctKey)
    return parse_object(verify_jws(assertion, [key.as_dict(private=private)], [algorithm]))


def test_an_assertion_names_the_client_and_whom_it_is_for() -> None:
    config = PrivateKeyJwt(PEM, "ES256", kid="k")
    assertion = create_client_assertion(config, "web", URL, now=1000.7)
    claims = claims_of(assertion)
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("web", "web", URL)
    assert (claims["iat"], claims["nbf"], claims["exp"]) == (990, 990, 1290)
    assert header_members(assertion)["kid"] == "k"


def test_each_attempt_has_an_assertion_of_its_own() -> None:
    method = PrivateKeyJwtAuthentication(PEM, "ES256", audience="https://op.example")
    forms = [method.credentials("web", URL).form for _ in range(2)]
    first, second = [claims_of(form["client_assertion"]) for form in forms]
    assert first["jti"] != second["jti"]
    assert first["aud"] == "https://op.example"
    assert forms[0]["client_assertion_type"] == JWT_BEARER


def test_the_older_way_of_saying_it_is_the_same() -> None:
    config = PrivateKeyJwt(PEM, "ES256", "k", "https://op.example", 120)
    method = PrivateKeyJwtAuthentication.of(config)
    assert (method.kid, method.audience, method.lifetime) == ("k", "https://op.example", 120)


@pytest.mark.parametrize(
    ("changed", "client_id", "text"),
    [
        ({"algorithm": "none"}, "web", "algorithm"),
        ({"algorithm": "HS256"}, "web", "algorithm"),
        ({"kid": " "}, "web", "kid"),
        ({"audience": ""}, "web", "audience"),
        ({}, "", "client_id"),
        ({"lifetime": 10}, "web", "lifetime"),
        ({"lifetime": True}, "web", "lifetime"),
        ({"lifetime": 60.5}, "web", "lifetime"),
    ],
)
def test_an_assertion_that_no_server_would_take_is_not_made(
    changed: dict[str, Any], client_id: str, text: str
) -> None:
    config = PrivateKeyJwt(**{"private_key": PEM, "algorithm": "ES256", **changed})
    with refused(InvalidArgumentError, "invalid_argument") as caught:
        create_client_assertion(config, client_id, URL)
    assert text in str(caught.value)


def test_a_key_of_another_kind_is_refused() -> None:
    rsa = RSAKey.generate_key(2048).as_pem(private=True).decode()
    with pytest.raises(InvalidArgumentError):
        create_client_assertion(PrivateKeyJwt(rsa, "ES256"), "web", URL)


@pytest.mark.parametrize(("algorithm", "length"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_a_shared_secret_is_as_long_as_its_hash(algorithm: str, length: int) -> None:
    method = ClientSecretJwt("s" * length, algorithm)
    form = method.credentials("web", URL).form
    key = OctKey.import_key("s" * length)
    assert claims_of(form["client_assertion"], algorithm, key)["aud"] == URL
    with refused(InvalidArgumentError, "weak_key"):
        ClientSecretJwt("s" * (length - 1), algorithm).credentials("web", URL)


@pytest.mark.parametrize("algorithm", ["RS256", "none", "HS1"])
def test_a_shared_secret_signs_by_hashes_alone(algorithm: str) -> None:
    with pytest.raises(InvalidArgumentError):
        ClientSecretJwt(SECRET, algorithm).credentials("web", URL)


def test_secrets_are_not_shown_and_never_quoted() -> None:
    method = ClientSecretJwt(SECRET)
    assert SECRET not in repr(method)
    assert method.secrets() == (SECRET,)
    assert "PRIVATE" not in repr(PrivateKeyJwtAuthentication(PEM))
    assert "PRIVATE" not in repr(PrivateKeyJwt(PEM))


def test_a_typed_assertion_is_for_the_issuer_alone() -> None:
    typed = "client-authentication+jwt"
    issuer = "https://op.example"
    config = PrivateKeyJwt(PEM, "ES256", audience=issuer, typ="client-authentication+jwt")
    for form in (
        PrivateKeyJwtAuthentication.of(config).credentials("web", URL).form,
        ClientSecretJwt(SECRET, audience=issuer, typ="client-authentication+jwt")
        .credentials("web", URL)
        .form,
    ):
        assert header_members(form["client_assertion"])["typ"] == typed
    assert claims_of(create_client_assertion(config, "web", URL))["aud"] == issuer


def test_a_typed_assertion_is_never_for_the_address() -> None:
    for method in (
        PrivateKeyJwtAuthentication(PEM, "ES256", typ="client-authentication+jwt"),
        ClientSecretJwt(SECRET, typ="client-authentication+jwt"),
    ):
        with pytest.raises(InvalidArgumentError, match="audience must be the issuer"):
            method.credentials("web", URL)


def test_an_unknown_type_is_refused() -> None:
    typ: Any = "at+jwt"
    config = PrivateKeyJwt(PEM, "ES256", typ=typ)
    with pytest.raises(InvalidArgumentError, match="typ must be one of"):
        create_client_assertion(config, "web", URL)
