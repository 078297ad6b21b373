"""Logins under way."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model._relying_party.login import AuthorizationRequest
from py_identity_model._web.pending import PendingLogin
from py_identity_model.exceptions import InvalidArgumentError


@pytest.mark.parametrize("text", ["", "{}", "[]", "[7]", "null", "nonsense"])
def test_what_is_not_a_login_is_not_read(text: str) -> None:
    with pytest.raises(InvalidArgumentError):
        PendingLogin.provider_of(text)


def test_a_login_is_read_as_it_was_written() -> None:
    known: dict[str, Any] = {
        "issuer": "https://op",
        "client_id": "c",
        "redirect_uri": "https://rp/cb",
    }
    begun = AuthorizationRequest("", **known, state="s", nonce="n", code_verifier="v", max_age=60)
    login = PendingLogin("one", "/page", begun, ("gold",))
    text = login.to_text()
    assert PendingLogin.from_text(text, **known) == login
    assert PendingLogin.provider_of(text) == "one"
    assert "https://" not in text  # the program knows these members itself
