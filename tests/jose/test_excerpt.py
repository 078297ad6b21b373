"""Values of strangers, made fit for logs and details."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model._jose.excerpt import excerpt, found


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é", "plain é"),
        ("a\nb", "a\\nb"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\\nb", "a\\\\nb"),
        ("\ud800", "\\ud800"),
        ("\u202eabc", "\\u202eabc"),
        ("x" * 300, "x" * 200),
        ("\n" * 300, "\\n" * 100),
    ],
)
def test_strangers_text_is_cut_and_escaped(text: str, shown: str) -> None:
    assert excerpt(text) == found(text) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        (True, True),
        (False, False),
        (1.5, 1.5),
        (7, 7),
        (2**63 - 1, 2**63 - 1),
        (2**64 - 1, "<int>"),
        (2**63, "<int>"),
        (2**80, "<int>"),
        (["a\n", 7, {"x": 1}], ["a\\n", "<int>", "<dict>"]),
        (["a"] * 50, ["a"] * 10),
        ({"a": "b"}, "<dict>"),
    ],
)
def test_strangers_values_are_reported_by_their_kind(value: Any, shown: Any) -> None:
    assert found(value) == shown
