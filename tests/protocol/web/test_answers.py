"""Pages for people."""

from __future__ import annotations

import pytest

from py_identity_model._web.answers import json_answer, page, provider_word, redirect


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


def test_a_redirect_is_followed_by_get_and_stored_nowhere() -> None:
    answer = redirect("/page", "a=b", "c=d")
    assert (answer.status, answer.header("Location")) == (303, "/page")
    assert answer.header("cache-control") == "no-store"
    assert [value for name, value in answer.headers if name == "Set-Cookie"] == ["a=b", "c=d"]


def test_an_answer_gets_more_header_fields() -> None:
    answer = json_answer(503, "store_unavailable").with_headers(("Retry-After", "1"))
    assert answer.header("retry-after") == "1"
    assert answer.body == '{"error": "store_unavailable"}'
