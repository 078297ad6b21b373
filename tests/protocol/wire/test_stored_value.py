"""Values in shared stores: each is good for one name and one kind alone."""

from __future__ import annotations

import pytest

from py_identity_model._wire.stored_value import pack_value, unpack_value


def test_a_value_is_read_under_its_own_name_and_kind() -> None:
    text = pack_value("token", "alice", {"access_token": "t", "expires_at": None})
    assert unpack_value("token", "alice", text) == {"access_token": "t", "expires_at": None}


@pytest.mark.parametrize(("kind", "name"), [("token", "bob"), ("introspection", "alice")])
def test_a_copied_value_is_refused(kind: str, name: str) -> None:
    text = pack_value("token", "alice", {"access_token": "t"})
    with pytest.raises(ValueError, match="another name"):
        unpack_value(kind, name, text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "[]", '"text"', "{}", '{"access_token": "t"}'),
        '{"kind": "token", "name": "alice"}',
        '{"kind": "token", "name": "alice", "value": []}',
        "[" * 100_000,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"value|char"):
        unpack_value("token", "alice", text)
