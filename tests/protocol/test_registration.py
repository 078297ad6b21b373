"""Registration of clients (RFC 7591, RFC 7592)."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model import (
    ClientDeleteRequest,
    ClientReadRequest,
    ClientRegistrationRequest,
    ClientUpdateRequest,
)
from py_identity_model._protocol import registration
from py_identity_model._wire.messages import Replay, UnusableAnswer
from tests.protocol.answers import URL, answer

CALLBACK = ["https://rp.example/cb"]
REGISTER = ClientRegistrationRequest(URL, CALLBACK, initial_access_token="the-token")
DELETE = ClientDeleteRequest(URL, "the-token")


def registered(**more: Any) -> Any:
    return registration.parse(REGISTER, answer({"client_id": "c", **more}, 201))


def test_a_client_is_registered_once() -> None:
    built = registration.build_register(REGISTER)
    assert built.json is not None
    assert built.json["redirect_uris"] == CALLBACK
    assert (built.method, built.access_token, built.replay) == ("POST", "the-token", Replay.UNSENT)


def test_further_metadata_and_a_statement_are_sent() -> None:
    request = ClientRegistrationRequest(
        URL, CALLBACK, software_statement="a.b.c", extra_metadata={"x": 1}
    )
    body = registration.build_register(request).json
    assert body is not None
    assert (body["software_statement"], body["x"]) == ("a.b.c", 1)
    assert registration.build_register(request).access_token is None


def test_a_registration_is_read_updated_and_deleted_by_its_token() -> None:
    read = registration.build_read(ClientReadRequest(URL, "the-token"))
    update = registration.build_update(
        ClientUpdateRequest(URL, "the-token", "c", CALLBACK, client_secret="s")
    )
    delete = registration.build_delete(DELETE)
    assert [one.method for one in (read, update, delete)] == ["GET", "PUT", "DELETE"]
    assert {one.access_token for one in (read, update, delete)} == {"the-token"}
    assert update.json is not None
    assert (update.json["client_id"], update.json["client_secret"]) == ("c", "s")


def test_a_registration_is_read() -> None:
    response = registered(
        client_secret="s", client_id_issued_at=1000, client_secret_expires_at=0, client_name="Shop"
    )
    assert (response.client_id, response.client_secret) == ("c", "s")
    assert (response.client_id_issued_at, response.client_secret_expires_at) == (1000, 0)
    assert response.client_name == "Shop"
    assert "'s'" not in repr(response)


@pytest.mark.parametrize("value", [7, [], {}, None])
def test_members_of_another_kind_are_none(value: object) -> None:
    response = registered(client_secret=value, registration_access_token=value, client_name=value)
    assert response.client_secret is None
    assert response.registration_access_token is None
    assert response.client_name is None


@pytest.mark.parametrize("value", ["soon", 1e13, [], True])
def test_a_time_that_is_none_is_none(value: object) -> None:
    assert registered(client_id_issued_at=value).client_id_issued_at is None


@pytest.mark.parametrize("name", [None, "", 7])
def test_an_answer_without_a_client_is_unusable(name: object) -> None:
    with pytest.raises(UnusableAnswer):
        registration.parse(REGISTER, answer({"client_id": name}))


@pytest.mark.parametrize(
    ("url", "is_used"),
    [
        ("https://op.example/c", True),
        ("https://elsewhere.example/c", True),
        ("http://op.example/c", False),
        ("/c", False),
        ("https://10.0.0.1/c", False),
        ("https://localhost/c", False),
    ],
)
def test_the_token_is_not_sent_to_a_lesser_address(url: str, is_used: bool) -> None:
    found = registered(registration_client_uri=url).registration_client_uri
    assert found == (url if is_used else None)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"error": "invalid_redirect_uri", "error_description": "no"}, "invalid_redirect_uri: no"),
        ({"error": "invalid_redirect_uri"}, "invalid_redirect_uri"),
        (b"the-token is bad", "Client registration request failed with status code: 400. "),
    ],
)
def test_a_refusal_is_quoted_without_the_token(body: Any, text: str) -> None:
    for response in (
        registration.parse(REGISTER, answer(body, 400)),
        registration.parse_delete(DELETE, answer(body, 400)),
    ):
        assert str(response.error).startswith(text)
        assert "the-token" not in str(response.error)


def test_a_deletion_needs_no_body() -> None:
    assert registration.parse_delete(DELETE, answer(b"", 204)).is_successful
