"""Client authentication by secrets, and none."""

from __future__ import annotations

from base64 import b64decode

import pytest

from py_identity_model import ClientSecretBasic, ClientSecretPost, NoClientAuthentication
from py_identity_model.exceptions import InvalidArgumentError
from tests.support import refused

URL = "https://op.example/token"


@pytest.mark.parametrize(
    ("client_id", "secret", "pair"),
    [
        ("web", "s3cret", "web:s3cret"),
        ("a b", "c:d%", "a%20b:c%3Ad%25"),
        ("\xe9", "+/=", "%C3%A9:%2B%2F%3D"),
    ],
)
def test_both_halves_of_the_header_are_form_encoded(client_id: str, secret: str, pair: str) -> None:
    headers, form = ClientSecretBasic(secret).credentials(client_id, URL)
    scheme, _, encoded = headers["Authorization"].partition(" ")
    assert (scheme, b64decode(encoded).decode(), form) == ("Basic", pair, {})


def test_a_secret_that_is_not_text_is_refused_and_not_shown() -> None:
    with refused(InvalidArgumentError, "invalid_argument") as caught:
        ClientSecretBasic("hidden\ud800").credentials("web", URL)
    assert "hidden" not in str(caught.value)


def test_the_body_carries_id_and_secret() -> None:
    credentials = ClientSecretPost("s3cret").credentials("web", URL)
    assert credentials == ({}, {"client_id": "web", "client_secret": "s3cret"})


def test_a_public_client_sends_its_id() -> None:
    method = NoClientAuthentication()
    assert method.credentials("native", URL) == ({}, {"client_id": "native"})
    assert method.secrets() == ()
    assert method.source() is None
    assert method.client_certificate is None


@pytest.mark.parametrize("method", [ClientSecretBasic("s3cret"), ClientSecretPost("s3cret")])
def test_secrets_are_named_to_be_scrubbed_and_never_shown(
    method: ClientSecretBasic | ClientSecretPost,
) -> None:
    assert method.secrets() == ("s3cret",)
    assert "s3cret" not in repr(method)
