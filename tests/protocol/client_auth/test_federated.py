"""Assertions of a platform: their types, and what is checked of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from py_identity_model import FederatedAssertion, SpiffeJwt, TokenCommand
from py_identity_model.exceptions import ConfigurationException, InvalidArgumentError
from py_identity_model.testing import EmbeddedProvider
from tests.support import refused

URL = "https://op.example/token"
BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SPIFFE = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe"


def test_a_file_is_read_for_each_attempt(tmp_path: Path) -> None:
    file = tmp_path / "token"
    source = FederatedAssertion(file).source()
    for text in ("one", "two"):
        (tmp_path / "new").write_text(text)
        (tmp_path / "new").replace(file)  # as Kubernetes does
        assert source() == text


def test_a_callable_is_called_for_each_attempt() -> None:
    calls = iter(["one", "two"])
    source = FederatedAssertion(lambda: next(calls)).source()
    assert [source(), source()] == ["one", "two"]


def test_files_and_commands_block_and_callables_do_not() -> None:
    assert FederatedAssertion(Path("token")).blocks
    assert FederatedAssertion(TokenCommand(["cat"])).blocks
    assert not FederatedAssertion(lambda: "").blocks


@pytest.mark.parametrize("assertion", ["a.b.c", 7, None])
def test_a_source_is_a_callable_or_a_path(assertion: Any) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        FederatedAssertion(assertion)


def test_what_the_source_gave_is_sent() -> None:
    method = FederatedAssertion(lambda: "")
    form = method.credentials("web", URL, " a.b.c\n").form
    assert (form["client_assertion"], form["client_assertion_type"]) == ("a.b.c", BEARER)
    for nothing in (None, "", " "):
        with pytest.raises(ConfigurationException):
            method.credentials("web", URL, nothing)


def test_a_jwt_svid_has_a_type_of_its_own() -> None:
    form = SpiffeJwt(lambda: "").credentials("spiffe://example.org/web", URL, "a.b.c").form
    assert form["client_assertion_type"] == SPIFFE
    assert form["client_id"] == "spiffe://example.org/web"


@pytest.mark.parametrize("kind", [FederatedAssertion, SpiffeJwt])
def test_a_token_for_somebody_else_is_not_sent(
    provider: EmbeddedProvider, kind: type[FederatedAssertion]
) -> None:
    method = kind(lambda: "", audience="https://op.example")
    right = provider.mint(aud="https://op.example")
    assert method.credentials("web", URL, right).form["client_assertion"] == right
    with refused(ConfigurationException, "wrong_workload_audience"):
        method.credentials("web", URL, provider.mint(aud="https://kubernetes.default.svc"))
