"""Tokens of a source on the requests of ``requests``."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from py_identity_model import DPoPKey, TokenSource
from py_identity_model.aio import AsyncTokenSource
from py_identity_model.exceptions import InvalidArgumentError, TokenRequestException
from py_identity_model.integrations.requests import TokenAuth
from py_identity_model.testing import EmbeddedProvider
from tests.support import failing

from .api import Api, request_of, unbound


@pytest.fixture
def api(provider: EmbeddedProvider) -> Iterator[Api]:
    unbound(provider)
    with Api() as running:
        yield running


def session_of(provider: EmbeddedProvider, *apis: Api, **more: Any) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    source = TokenSource(request_of(provider, **more))
    session.auth = TokenAuth(source, origins=[one.url for one in apis])
    return session


def test_one_token_serves_many_requests(provider: EmbeddedProvider, api: Api) -> None:
    with session_of(provider, api) as session:
        for _ in range(3):
            assert session.get(f"{api.url}/orders").status_code == 200
    assert [token for _, token, _ in api.seen] == ["Bearer token-0"] * 3


@pytest.mark.parametrize("body", [None, b"bytes", "text", {"form": "field"}])
def test_a_refused_token_is_renewed_and_the_request_repeated(
    provider: EmbeddedProvider, api: Api, body: Any
) -> None:
    api.refused.add("token-0")
    with session_of(provider, api) as session:
        response = session.post(f"{api.url}/orders", data=body)
    assert response.status_code == 200
    assert [one.status_code for one in response.history] == [401]
    assert response.request.headers["Authorization"] == "Bearer token-1"
    assert [one.body for one in api.received] == [api.received[0].body] * 2


def test_a_body_that_is_used_up_is_not_sent_again(provider: EmbeddedProvider, api: Api) -> None:
    api.refused.add("token-0")
    with session_of(provider, api) as session:
        assert session.post(f"{api.url}/orders", data=io.BytesIO(b"file")).status_code == 401
    assert provider.count("/token") == 1


def test_an_api_that_refuses_every_token_costs_one_renewal(
    provider: EmbeddedProvider, api: Api
) -> None:
    api.refuses_all = True
    with session_of(provider, api) as session:
        for _ in range(5):
            assert session.get(f"{api.url}/orders").status_code == 401
    assert provider.count("/token") == 2
    assert len(api.received) == 6


def test_other_origins_get_no_token(provider: EmbeddedProvider, api: Api) -> None:
    with Api() as other, session_of(provider, api) as session:
        assert session.get(f"{other.url}/orders").status_code == 401
        assert other.seen == [("/orders", None, None)]
    assert provider.count("/token") == 0


@pytest.mark.parametrize("more", [{}, {"dpop_key": DPoPKey()}])
def test_a_redirect_elsewhere_carries_neither_token_nor_proof(
    provider: EmbeddedProvider, api: Api, more: Any
) -> None:
    with Api() as other, session_of(provider, api, other, **more) as session:
        api.redirects["/orders"] = f"{other.url}/orders"
        assert session.get(f"{api.url}/orders").status_code == 401
        assert other.seen == [("/orders", None, None)]
    assert provider.count("/token") == 1


def test_a_redirect_elsewhere_gets_no_token_in_place_of_that_of_a_netrc_file(
    provider: EmbeddedProvider, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "netrc"
    file.write_text("default login someone password secret\n")
    monkeypatch.setenv("NETRC", str(file))
    with Api() as other, session_of(provider, api) as session:
        session.trust_env = True
        other.refuses_all = True
        api.redirects["/orders"] = f"{other.url}/orders"
        assert session.get(f"{api.url}/orders").status_code == 401
        assert [token for _, token, _ in other.seen] == ["Basic c29tZW9uZTpzZWNyZXQ="]
    assert provider.count("/token") == 1


def test_a_redirect_after_another_proof_carries_none(provider: EmbeddedProvider) -> None:
    unbound(provider)
    with (
        Api(nonce="n1") as api,
        Api() as other,
        session_of(provider, api, dpop_key=DPoPKey()) as session,
    ):
        api.redirects_accepted["/orders"] = f"{other.url}/orders"
        assert session.get(f"{api.url}/orders").status_code == 401
        assert len(api.received) == 2
        assert other.seen == [("/orders", None, None)]


def test_a_redirect_after_a_renewal_carries_the_new_token(
    provider: EmbeddedProvider, api: Api
) -> None:
    api.refused.add("token-0")
    api.redirects_accepted["/old"] = "/new"
    with session_of(provider, api) as session:
        assert session.get(f"{api.url}/old").status_code == 200
    tokens = [(path, token) for path, token, _ in api.seen]
    assert tokens == [
        ("/old", "Bearer token-0"),
        ("/old", "Bearer token-1"),
        ("/new", "Bearer token-1"),
    ]


def test_a_redirect_within_the_origin_keeps_the_token(provider: EmbeddedProvider, api: Api) -> None:
    api.redirects["/old"] = "/new"
    api.refused.add("token-0")
    with session_of(provider, api) as session:
        assert session.get(f"{api.url}/old").status_code == 200
    tokens = [(path, token) for path, token, _ in api.seen]
    assert tokens == [
        ("/old", "Bearer token-0"),
        ("/new", "Bearer token-0"),
        ("/new", "Bearer token-1"),
    ]


def test_a_redirect_to_nowhere_is_an_error_of_requests(
    provider: EmbeddedProvider, api: Api
) -> None:
    api.redirects["/orders"] = "http://[half"
    with session_of(provider, api) as session, pytest.raises(ValueError, match="URL"):
        session.get(f"{api.url}/orders")


def test_a_bound_token_comes_with_a_proof_and_the_nonce_of_the_api(
    provider: EmbeddedProvider,
) -> None:
    unbound(provider)
    with Api(nonce="n1") as api, session_of(provider, api, dpop_key=DPoPKey()) as session:
        for _ in range(2):
            assert session.get(f"{api.url}/orders?page=2").json()["scheme"] == "DPoP"
        proofs = [proof for *_, proof in api.seen]
        assert len({*proofs}) == len(proofs) == 3
    assert provider.count("/token") == 1


def test_without_a_token_nothing_is_sent(provider: EmbeddedProvider, api: Api) -> None:
    provider.intercept = failing("/token", 400)
    with session_of(provider, api) as session, pytest.raises(TokenRequestException):
        session.get(f"{api.url}/orders")
    assert api.received == []


def test_a_renewal_that_fails_leaves_the_answer_of_the_api(
    provider: EmbeddedProvider, api: Api
) -> None:
    with session_of(provider, api) as session:
        session.get(f"{api.url}/orders")
        provider.intercept = failing("/token", 400)
        api.refuses_all = True
        assert session.get(f"{api.url}/orders").status_code == 401


def test_an_awaitable_source_is_refused(provider: EmbeddedProvider) -> None:
    wrong: Any = AsyncTokenSource(request_of(provider))
    with pytest.raises(InvalidArgumentError, match="must be TokenSource"):
        TokenAuth(wrong, origins=["https://api.example"])
