"""Where users are sent after a login."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from py_identity_model._web.targets import local_target, path_below


@given(st.text(alphabet="/\\.%2fFcC5e0 \t\n:@?#a", max_size=12))
def test_a_target_never_names_another_host(text: str) -> None:
    from urllib.parse import unquote, urljoin, urlsplit

    target = local_target(text)
    if target is None:
        return
    for _ in range(6):  # whatever a server in between decodes
        cleaned = target.replace("\\", "/").translate(dict.fromkeys(map(ord, "\t\r\n")))
        assert urlsplit(urljoin("https://app.example/page", cleaned)).netloc == "app.example"
        target = unquote(target)
        if "?" in target or "#" in target:
            return


@pytest.mark.parametrize(
    "target",
    [
        *("/a/..//evil", "/a/b/../..//evil", "/a/%2e%2e//evil", "/a/..%2f..%2f/evil"),
        *("/;//evil", "/;x=1//evil", "/.;//evil", "/a/..;//evil", "/..;/;/evil"),
    ],
)
def test_a_path_that_a_server_would_resolve_to_another_host_is_none(target: str) -> None:
    """Servers redirect to what is left of a path, such as one without its last slash."""
    assert local_target(target) is None


@pytest.mark.parametrize("target", ["/a/../b", "/a//b", "/a/./b?next=//evil", "/a;v=1/b", "/a/.."])
def test_other_segments_stay_as_they_are(target: str) -> None:
    assert local_target(target) == target


@pytest.mark.parametrize("target", [None, 7, b"/x", ["/x"]])
def test_a_target_that_is_not_text_is_none(target: Any) -> None:
    assert local_target(target) is None


def test_a_url_that_cannot_be_read_is_below_nothing() -> None:
    assert path_below("https://[", "https://app.example") is None
    assert path_below("https://app.example", "https://app.example") == "/"
