"""Pages for people."""

from __future__ import annotations

import pytest

from py_identity_model._web.answers import page, provider_word


def test_a_page_shows_text_as_text() -> None:
    answer = page(200, "<t>", "<b>", ('/"', "<l>"))
    assert "<b>" not in answer.body
    assert "&lt;b&gt;" in answer.body
    assert 'href="/&quot;"' in answer.body


@pytest.mark.parametrize("word", ["access_denied", "login_required"])
def test_a_providers_word_is_shown(word: str) -> None:
    assert provider_word(word) == word


@pytest.mark.parametrize("word", [None, 7, "", "Pay here", "a" * 61, "<b>", "a\n"])
def test_other_texts_of_a_provider_are_not_shown(word: object) -> None:
    assert provider_word(word) is None
