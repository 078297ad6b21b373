"""Discovery over real HTTP; the rules for documents are tested in ``tests/protocol``."""

from __future__ import annotations

import logging

import httpx
import pytest

from py_identity_model.aio import (
    AsyncHTTPClient,
    DiscoveryDocumentRequest,
    DiscoveryErrorKind,
    DiscoveryPolicy,
    get_discovery_document,
)
from py_identity_model.testing import Answer, EmbeddedProvider
from tests.support import DISCOVERY, answering, failing, script


async def test_a_base_url_or_the_documents_own_url_is_accepted(provider: EmbeddedProvider) -> None:
    for address in (provider.issuer, f"{provider.issuer}/", provider.discovery_endpoint):
        response = await get_discovery_document(DiscoveryDocumentRequest(address=address))
        assert response.is_successful
        assert response.issuer == provider.issuer
        assert response.token_endpoint == provider.token_endpoint
        assert response.document == provider.document()
    assert provider.count(DISCOVERY) == 3


async def test_the_answers_cache_control_is_handed_on(provider: EmbeddedProvider) -> None:
    document = Answer.of_json(provider.document(), cache_control="max-age=60")
    provider.intercept = answering(DISCOVERY, document)
    response = await get_discovery_document(DiscoveryDocumentRequest(provider.issuer))
    assert response.cache_control == "max-age=60"


@pytest.mark.parametrize("address", ["http://op.example", "http://127.0.0.1%25.evil.example"])
async def test_plain_http_is_refused_before_anything_is_sent(address: str) -> None:
    response = await get_discovery_document(DiscoveryDocumentRequest(address))
    assert response.error_kind is DiscoveryErrorKind.HTTPS_REQUIRED
    assert "HTTPS is required" in str(response.error)


@pytest.mark.parametrize("address", ["", "op.example", "ftp://op.example", "https://", "http://["])
async def test_an_address_that_is_not_a_url_is_refused(address: str) -> None:
    response = await get_discovery_document(DiscoveryDocumentRequest(address))
    assert response.error_kind is DiscoveryErrorKind.INVALID_CONFIGURATION
    assert str(response.error).startswith("Invalid endpoint URL")


async def test_an_unreachable_provider_is_a_network_error(provider: EmbeddedProvider) -> None:
    provider.close()
    response = await get_discovery_document(DiscoveryDocumentRequest(provider.issuer))
    assert response.error_kind is DiscoveryErrorKind.NETWORK_ERROR
    assert str(response.error).startswith("Network error during discovery document request")


async def test_a_redirect_is_an_unexpected_error(provider: EmbeddedProvider) -> None:
    moved = Answer(302, b"", {"location": "https://evil.example/"})
    provider.intercept = answering(DISCOVERY, moved)
    response = await get_discovery_document(DiscoveryDocumentRequest(provider.issuer))
    assert response.error_kind is DiscoveryErrorKind.UNEXPECTED_ERROR
    assert response.status_code is None
    assert "302" in str(response.error)
    assert "https://evil.example/" in str(response.error)


async def test_another_status_is_reported_with_its_body(provider: EmbeddedProvider) -> None:
    provider.intercept = failing(DISCOVERY, 404)
    response = await get_discovery_document(DiscoveryDocumentRequest(provider.issuer))
    assert response.error_kind is DiscoveryErrorKind.UNEXPECTED_STATUS
    assert response.status_code == 404
    assert "status code: 404" in str(response.error)
    assert "down" in str(response.error)


async def test_a_document_of_another_issuer_is_refused(provider: EmbeddedProvider) -> None:
    lie = provider.document() | {"issuer": "https://other.example"}
    provider.intercept = answering(DISCOVERY, Answer.of_json(lie))
    request = DiscoveryDocumentRequest(provider.issuer)
    response = await get_discovery_document(request)
    assert response.error_kind is DiscoveryErrorKind.INVALID_DOCUMENT
    assert "https://other.example" in str(response.error)
    assert provider.issuer in str(response.error)
    request.policy = DiscoveryPolicy(allow_issuer_mismatch=True)
    assert (await get_discovery_document(request)).is_successful


async def test_a_closed_client_is_reported(provider: EmbeddedProvider) -> None:
    client = AsyncHTTPClient()
    await client.close()
    request = DiscoveryDocumentRequest(provider.issuer)
    response = await get_discovery_document(request, http_client=client)
    assert response.error_kind is DiscoveryErrorKind.UNEXPECTED_ERROR
    assert "has been closed" in str(response.error)
    assert provider.requests == []


async def test_a_bad_setting_is_reported(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_RETRY_MAX_ATTEMPTS", "many")
    response = await get_discovery_document(DiscoveryDocumentRequest(provider.issuer))
    assert response.error_kind is DiscoveryErrorKind.INVALID_CONFIGURATION
    assert "HTTP_RETRY_MAX_ATTEMPTS" in str(response.error)


async def test_the_response_of_a_mock_is_read_as_well() -> None:
    document = {
        "issuer": "https://op.example",
        "jwks_uri": "https://op.example/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }
    async with httpx.AsyncClient(transport=script(httpx.Response(200, json=document))) as client:
        response = await get_discovery_document(
            DiscoveryDocumentRequest("https://op.example"), AsyncHTTPClient(client)
        )
    assert response.is_successful


async def test_failures_are_logged_without_the_body(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "py_identity_model")
    provider.intercept = answering(DISCOVERY, Answer(500, b"secret stack trace"))
    await get_discovery_document(DiscoveryDocumentRequest(provider.issuer))
    assert "discovery failed" in caplog.text
    assert "secret stack trace" not in caplog.text
