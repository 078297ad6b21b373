"""Comparison of strings that an attacker may vary."""

from __future__ import annotations

import hmac

import pytest

from py_identity_model._wire import compare
from py_identity_model._wire.compare import same_text


@pytest.mark.parametrize("text", ["", "nonce", "ä\u20ac", "\ud800", "x" * 10_000])
def test_a_text_equals_itself(text: str) -> None:
    assert same_text(text, "".join(text))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a", "b"),
        ("a", "a "),
        ("a", "A"),
        ("é", "e\u0301"),
        ("\ud800", "\ud801"),
        ("", "a"),
    ],
)
def test_another_text_is_not_the_same(one: str, other: str) -> None:
    assert not same_text(one, other)
    assert not same_text(other, one)


@pytest.mark.parametrize("odd", [None, 1, True, b"a", ["a"]])
def test_nothing_but_strings_is_ever_the_same(odd: object) -> None:
    assert not same_text(odd, odd)
    assert not same_text("a", odd)
    assert not same_text(odd, "a")


def test_the_time_does_not_tell_how_much_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare_digest(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return hmac.compare_digest(one, other)

    monkeypatch.setattr(compare, "hmac", type("Module", (), {"compare_digest": compare_digest}))
    assert not same_text("secret", "secreT")
    assert compared == [(b"secret", b"secreT")]
