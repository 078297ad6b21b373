"""Logins under way."""

from __future__ import annotations

import pytest

from py_identity_model._web.pending import PendingLogin
from py_identity_model.exceptions import InvalidArgumentError


@pytest.mark.parametrize("text", ["", "{}", "[]", "[7]", "null", "nonsense"])
def test_what_is_not_a_login_is_not_read(text: str) -> None:
    with pytest.raises(InvalidArgumentError):
        PendingLogin.provider_of(text)
