# Generated from aio/signed_answers.py by scripts/make_sync.py; edit that file.
"""Responses that are signed tokens, verified before their claims are used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .._jose.token_types import media_type
from .._jose.tokens import header_members
from .._logging import log_failed_request
from .._settings import Settings
from .._validation.config import TokenValidationConfig
from .._wire.endpoint import Endpoint
from .._wire.models import BaseRequest, BaseResponse
from ..exceptions import TokenValidationException
from ._transport.http import HTTPClient
from ._transport.opening import open_token
from .token_validation import validate_token

Q = TypeVar("Q", bound=BaseRequest)
A = TypeVar("A", bound=BaseResponse)


def verify_response(
    endpoint: Endpoint[Q, A],
    raw: str,
    config: TokenValidationConfig,
    disco_doc_address: str | None,
    http_client: HTTPClient | None,
    settings: Settings | None,
    read: Callable[[dict[str, Any]], A],
    *,
    typ: str | None = None,
) -> A:
    """Return the result of ``read`` for the claims in ``raw``, or a failed response."""
    try:
        signed, config = open_token(raw, config)
        claims = validate_token(signed, config, disco_doc_address, http_client, settings=settings)
        if typ is not None and media_type(header_members(signed).get("typ")) != typ:
            raise TokenValidationException(
                "The JWT has an unexpected type", "header", {"expected": typ}, code="wrong_typ"
            )
        response = read(claims)
    except Exception as error:
        response = endpoint.failed(error)
    if not response.is_successful:
        log_failed_request(
            endpoint.operation, disco_doc_address, response.error_kind, response.oauth_error
        )
    return response
