"""Which answers of a provider must be encrypted."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model._relying_party.encrypted_answers import artefacts_of, registered_artefacts
from py_identity_model.exceptions import InvalidArgumentError
from tests.support import refused


def test_names_become_a_set() -> None:
    assert artefacts_of(["id_token", "response"], "key") == {"id_token", "response"}
    assert artefacts_of((), None) == frozenset()


@pytest.mark.parametrize("names", ["id_token", ["access_token"], [7], None])
def test_something_else_is_refused(names: Any) -> None:
    with refused(InvalidArgumentError, "invalid_argument") as caught:
        artefacts_of(names, "key")
    assert "require_encrypted" in str(caught.value)


def test_what_must_be_encrypted_needs_keys() -> None:
    with refused(InvalidArgumentError, "invalid_argument") as caught:
        artefacts_of(["userinfo"], None)
    assert "decryption_keys" in str(caught.value)


def test_a_registration_says_what_is_encrypted() -> None:
    assert registered_artefacts("RSA-OAEP", None, "") == ["id_token"]
    assert registered_artefacts(None, "RSA-OAEP", "ECDH-ES") == ["userinfo", "response"]
