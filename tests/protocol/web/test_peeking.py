"""What a token says before it is verified."""

from __future__ import annotations

import pytest

from py_identity_model._web.peeking import peek_claim


@pytest.mark.parametrize("token", [None, 7, "", "a.b", "a.%.c", "a.W10.c", "a.e30.c", "a.A.c"])
def test_nothing_is_read_from_what_is_not_a_token(token: object) -> None:
    assert peek_claim(token, "iss") is None


def test_a_claim_is_read_from_a_token_nobody_verified() -> None:
    assert peek_claim("a.eyJpc3MiOiJ4In0.c", "iss") == "x"
    assert peek_claim("a.eyJpc3MiOjd9.c", "iss") is None
    assert peek_claim(f"a.{'W' * 70_000}.c", "iss") is None
