"""Issuers of users who are known by an identifier."""

from __future__ import annotations

import logging

import pytest

from py_identity_model.aio import ErrorKind, WebFingerRequest, discover_issuer
from py_identity_model.testing import Answer, EmbeddedProvider
from tests.support import answering

PATH = "/.well-known/webfinger"
RELATION = "http://openid.net/specs/connect/1.0/issuer"


async def test_a_host_says_which_issuer_its_user_has(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    links = [{"rel": RELATION, "href": provider.issuer}]
    document = {"subject": "acct:alice@op.example", "links": links}
    provider.intercept = answering(PATH, Answer.of_json(document))
    identifier = f"{provider.issuer}/alice"
    with caplog.at_level(logging.DEBUG, "py_identity_model"):
        found = await discover_issuer(identifier)
    assert found.is_successful, vars(found)
    assert (found.issuer, found.subject) == (provider.issuer, "acct:alice@op.example")
    (received,) = provider.requests
    assert received.query == {"resource": identifier, "rel": RELATION}
    assert "application/jrd+json" in received.headers["accept"]
    ours = [one for one in caplog.records if one.name.startswith("py_identity_model")]
    assert "alice" not in " ".join(one.getMessage() for one in ours)


async def test_an_unknown_user_has_no_issuer(provider: EmbeddedProvider) -> None:
    found = await discover_issuer(WebFingerRequest(f"{provider.issuer}/nobody"))
    assert (found.error_kind, found.status_code) == (ErrorKind.UNEXPECTED_STATUS, 404)


@pytest.mark.parametrize("identifier", ["=joe", "", "http://example.com/joe", "https://10.0.0.1"])
async def test_an_identifier_that_may_not_be_asked_about_is_refused(identifier: str) -> None:
    found = await discover_issuer(identifier)
    assert found.error_kind in {ErrorKind.INVALID_CONFIGURATION, ErrorKind.HTTPS_REQUIRED}
