"""Values in shared stores: each is good for one name and one kind alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from py_identity_model._wire.stored_value import ValueHooks, pack_value, unpack_value
from py_identity_model.exceptions import ConfigurationException, InvalidArgumentError
from tests.support import refused


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


@pytest.mark.parametrize("found", [3, True, {}, [], object()])
def test_a_store_that_returns_another_type_is_not_believed(found: Any) -> None:
    with pytest.raises(ValueError, match="not a string"):
        unpack_value("token", "alice", found)


def test_without_hooks_a_value_is_stored_as_it_is() -> None:
    hooks = ValueHooks(None, None)
    assert hooks.seal("\u00e9") == b"\xc3\xa9"
    assert hooks.open(b"\xc3\xa9") == "\u00e9"


def test_hooks_encrypt_what_is_stored_and_decrypt_what_is_read() -> None:
    hooks = ValueHooks(lambda data: data[::-1], lambda data: data[::-1])
    assert hooks.seal("abc") == b"cba"
    assert hooks.open(b"cba") == "abc"


@pytest.mark.parametrize("hooks", [(bytes, None), (None, bytes)])
def test_a_hook_without_the_other_is_refused(hooks: tuple[type[bytes] | None, ...]) -> None:
    with pytest.raises(InvalidArgumentError, match="together"):
        ValueHooks(*hooks)


def fail(data: bytes) -> bytes:
    raise RuntimeError("hidden")


@pytest.mark.parametrize("decrypt", [fail, lambda data: b"\xff"])
def test_whatever_a_hook_raises_the_value_is_unreadable(decrypt: Callable[[bytes], bytes]) -> None:
    with refused(ConfigurationException, "unreadable_value") as caught:
        ValueHooks(bytes, decrypt).open(b"stored")
    assert "hidden" not in str(caught.value)
