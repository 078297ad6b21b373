"""Responses with metadata, made of what a fetch found."""

from __future__ import annotations

import json

import pytest

from py_identity_model import DiscoveryDocumentResponse, DiscoveryErrorKind, ErrorKind
from py_identity_model._protocol.discovery import response_of
from py_identity_model._validation.fetch_result import FetchResult
from py_identity_model._validation.provider_document import Provider
from py_identity_model.exceptions import FailedResponseAccessError

ISSUER = "https://op.example"
DOCUMENT = {"issuer": ISSUER, "revocation_endpoint": f"{ISSUER}/revoke", "own": {"a": 1}}


def found(**more: object) -> DiscoveryDocumentResponse:
    content = json.dumps(DOCUMENT | more).encode()
    return response_of(FetchResult(Provider(ISSUER, None, content), cache_control="max-age=9"))


def test_members_are_read_by_their_registered_names() -> None:
    response = found()
    assert response.is_successful
    assert response.revocation_endpoint == f"{ISSUER}/revoke"
    assert response.token_endpoint is None
    assert response.document == DOCUMENT
    assert response.cache_control == "max-age=9"


@pytest.mark.parametrize("name", ["error", "is_successful", "status_code", "missing_fields"])
def test_a_document_cannot_say_how_it_was_fetched(name: str) -> None:
    response = found(**{name: "by the provider"})
    assert response.is_successful is True
    assert "by the provider" not in {str(vars(response)[one]) for one in vars(response)} - {
        str(response.document)
    }


def test_a_failure_names_what_is_missing_and_has_no_members() -> None:
    kind = DiscoveryErrorKind.MISSING_FIELDS
    failed: FetchResult[Provider] = FetchResult(
        error="no issuer", error_kind=kind, missing=("issuer",), status_code=200
    )
    response = response_of(failed)
    assert (response.error, response.error_kind) == ("no issuer", kind)
    assert response.missing_fields == ("issuer",)
    for name in ("issuer", "document", "token_endpoint"):
        with pytest.raises(FailedResponseAccessError):
            getattr(response, name)


def test_a_reason_of_another_kind_of_document_is_not_one_of_discovery() -> None:
    failed: FetchResult[Provider] = FetchResult(error="x", error_kind=ErrorKind.EXPIRED)
    assert response_of(failed).error_kind is None
