from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from py_identity_model.testing import EmbeddedProvider

Mint = Callable[..., str]


@pytest.fixture
def api(oidc_provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setenv("OIDC_ISSUER", oidc_provider.issuer)
    monkeypatch.setenv("OIDC_AUDIENCE", oidc_provider.audience)
    from api import app

    return TestClient(app)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_strangers_are_refused(api: TestClient) -> None:
    answer = api.get("/me")
    assert answer.status_code == 401
    assert "Bearer" in answer.headers["www-authenticate"]


def test_callers_are_greeted(api: TestClient, mint_token: Mint) -> None:
    token = mint_token(sub="alice", scope="read")
    assert api.get("/me", headers=bearer(token)).json() == {"you": "alice"}


def test_too_few_scopes_are_refused(api: TestClient, mint_token: Mint) -> None:
    token = mint_token(sub="alice", scope="write")
    assert api.get("/me", headers=bearer(token)).status_code == 403
