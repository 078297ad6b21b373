"""Texts that only this program can read and write."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from py_identity_model._web.sealing import Sealer
from py_identity_model.exceptions import InvalidArgumentError

SECRET = "0123456789abcdef" * 2


@given(st.text(), st.text())
def test_a_sealed_text_opens_for_its_purpose_alone(purpose: str, text: str) -> None:
    if any("\ud800" <= one <= "\udfff" for one in purpose + text):
        return
    sealer = Sealer(SECRET)
    sealed = sealer.seal(purpose, text)
    assert sealer.open(purpose, sealed, 60) == text
    assert sealer.open(purpose + "x", sealed, 60) is None
    assert Sealer("x" * 32).open(purpose, sealed, 60) is None


def test_a_sealed_text_opens_until_its_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    sealer = Sealer(SECRET)
    now = time.time()
    sealed = sealer.seal("p", "text")
    for seconds, opened in ((59, "text"), (62, None), (-90, None)):
        monkeypatch.setattr(sealer, "clock", partial(float, now + seconds))
        assert sealer.open("p", sealed, 60) == opened


@pytest.mark.parametrize("position", [0, 10, 40, -5])
def test_an_altered_text_does_not_open(position: int) -> None:
    sealer = Sealer(SECRET)
    sealed = [*sealer.seal("p", "text")]
    sealed[position] = "A" if sealed[position] != "A" else "B"
    assert sealer.open("p", "".join(sealed), 60) is None


@pytest.mark.parametrize("secret", [None, "", [], "short", ["short"]])
def test_a_missing_or_short_secret_says_how_to_make_one(secret: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="token_urlsafe"):
        Sealer(secret)
