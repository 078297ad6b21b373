"""What a registration decides of a client."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.jwk import ECKey

from py_identity_model import (
    ClientRegistrationResponse,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    DPoPKey,
    NoClientAuthentication,
    PrivateKeyJwtAuthentication,
    SelfSignedTlsClientAuth,
    TlsClientAuth,
)
from py_identity_model._relying_party.registered_client import (
    SigningKey,
    authentication_of,
    id_token_algorithms_of,
    registered_arguments,
)
from py_identity_model.exceptions import ConfigurationException
from tests.support import refused

PEM = ECKey.generate_key("P-256").as_pem(private=True).decode()


def registered(method: str | None = None, **more: Any) -> ClientRegistrationResponse:
    return ClientRegistrationResponse(
        True, client_id="c", token_endpoint_auth_method=method, **more
    )


def arguments(response: ClientRegistrationResponse, **more: Any) -> Any:
    usual: dict[str, Any] = {"redirect_uri": None, "client_authentication": None}
    usual |= {"private_key": None, "kid": None, "dpop_key": None}
    return registered_arguments(response, **{**usual, **more})


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        (None, ClientSecretBasic),
        ("client_secret_basic", ClientSecretBasic),
        ("client_secret_post", ClientSecretPost),
        ("client_secret_jwt", ClientSecretJwt),
        ("none", NoClientAuthentication),
        ("tls_client_auth", TlsClientAuth),
        ("self_signed_tls_client_auth", SelfSignedTlsClientAuth),
    ],
)
def test_a_client_authenticates_as_it_was_registered(method: str | None, kind: type) -> None:
    response = registered(method, client_secret="s" * 32)
    assert type(authentication_of(response, None, None)) is kind


def test_a_key_signs_by_the_registered_algorithm() -> None:
    response = registered("private_key_jwt", token_endpoint_auth_signing_alg="ES256")
    method = authentication_of(response, None, SigningKey(PEM, "k"))
    assert isinstance(method, PrivateKeyJwtAuthentication)
    assert (method.algorithm, method.kid) == ("ES256", "k")


@pytest.mark.parametrize(
    ("method", "text"),
    [
        ("private_key_jwt", "give private_key"),
        ("attest_jwt_client_auth", "give client_authentication"),
        ("client_secret_post", "has no client_secret"),
    ],
)
def test_what_is_missing_is_named(method: str, text: str) -> None:
    with refused(ConfigurationException, "registration_mismatch") as caught:
        authentication_of(registered(method), None, None)
    assert text in str(caught.value)


def test_a_secret_that_has_expired_is_not_presented() -> None:
    response = registered(client_secret="s", client_secret_expires_at=1000)
    assert authentication_of(response, None, None, now=999)
    with refused(ConfigurationException, "client_secret_expired"):
        authentication_of(response, None, None, now=1000)
    forever = registered(client_secret="s", client_secret_expires_at=0)
    assert authentication_of(forever, None, None)


def test_another_method_than_the_registered_one_is_refused() -> None:
    chosen = ClientSecretPost("s")
    assert authentication_of(registered("client_secret_post"), chosen, None) is chosen
    with refused(ConfigurationException, "registration_mismatch"):
        authentication_of(registered(), chosen, None)


def test_id_tokens_are_signed_by_the_one_registered_algorithm() -> None:
    assert id_token_algorithms_of(registered()) == ["RS256"]
    assert id_token_algorithms_of(registered(id_token_signed_response_alg="ES256")) == ["ES256"]
    by_secret = registered(id_token_signed_response_alg="HS256", client_secret="s")
    assert id_token_algorithms_of(by_secret) == ["HS256"]
    for algorithm in ("none", "HS256", "x"):
        with pytest.raises(ConfigurationException):
            id_token_algorithms_of(registered(id_token_signed_response_alg=algorithm))


def test_one_redirect_uri_is_used_and_of_several_one_is_chosen() -> None:
    one, two = "https://rp.example/a", "https://rp.example/b"
    single = registered("none", redirect_uris=[one])
    several = registered("none", redirect_uris=[one, two])
    assert arguments(single)["redirect_uri"] == one
    assert arguments(several, redirect_uri=two)["redirect_uri"] == two
    with pytest.raises(ConfigurationException):
        arguments(single, redirect_uri="https://evil.example/")


def test_requests_are_signed_as_registered() -> None:
    response = registered("none", request_object_signing_alg="ES256")
    made = arguments(response, private_key=PEM, kid="k")
    assert (made["request_signing_key"], made["request_signing_kid"]) == (PEM, "k")
    assert made["request_signing_algorithm"] == "ES256"
    assert arguments(response)["request_signing_key"] is None
    assert arguments(registered("none"), private_key=PEM)["request_signing_key"] is None
    demanded = registered("none", require_signed_request_object=True)
    assert arguments(demanded, private_key=PEM)["request_signing_algorithm"] == "ES256"
    with refused(ConfigurationException, "registration_mismatch"):
        arguments(demanded)


def test_bound_tokens_need_a_key_of_proofs() -> None:
    response = registered("none", dpop_bound_access_tokens=True)
    key = DPoPKey()
    assert arguments(response, dpop_key=key)["dpop_key"] is key
    with pytest.raises(ConfigurationException):
        arguments(response)


def test_pushing_binding_and_encryption_are_taken_over() -> None:
    made = arguments(
        registered(
            "none",
            require_pushed_authorization_requests=True,
            tls_client_certificate_bound_access_tokens=True,
            id_token_encrypted_response_alg="RSA-OAEP",
        )
    )
    assert made["use_par"]
    assert made["tls_client_certificate_bound_access_tokens"]
    assert made["require_encrypted"] == ["id_token"]
