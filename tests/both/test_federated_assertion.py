"""Assertions from sources that have to be waited for: in one API only."""

from __future__ import annotations

import asyncio

from py_identity_model import ClientCredentialsTokenRequest as Request
from py_identity_model import FederatedAssertion, request_client_credentials_token
from py_identity_model.aio import request_client_credentials_token as request_in_aio
from py_identity_model.testing import Answer, EmbeddedProvider


async def give() -> str:
    return "awaited"


def test_an_awaitable_source_is_waited_for_and_else_refused(provider: EmbeddedProvider) -> None:
    provider.intercept = lambda received: Answer.of_json({"access_token": "t"})
    request = Request(
        provider.token_endpoint, "web", client_authentication=FederatedAssertion(give)
    )
    assert asyncio.run(request_in_aio(request)).is_successful
    assert provider.requests[0].form["client_assertion"] == "awaited"
    assert "awaitable" in str(request_client_credentials_token(request).error)
    assert len(provider.requests) == 1
