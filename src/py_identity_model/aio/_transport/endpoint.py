"""The common part of all requests to endpoints."""

from __future__ import annotations

from logging import INFO
from typing import TypeVar

from ..._activities import Activity
from ..._logging import log_failed_request, logger, redact_url
from ..._settings import Settings, in_force
from ..._wire.endpoint import Endpoint
from ..._wire.models import BaseRequest, BaseResponse
from ...exceptions import InvalidArgumentError
from .http import AsyncHTTPClient
from .sending import send

Q = TypeVar("Q", bound=BaseRequest)
A = TypeVar("A", bound=BaseResponse)


async def ask(
    endpoint: Endpoint[Q, A],
    request: Q,
    http_client: AsyncHTTPClient | None,
    settings: Settings | None = None,
    *,
    in_turn: bool = False,
) -> A:
    """Return the response of an endpoint, failed or not; nothing is raised.

    ``in_turn`` is for requests that strangers can cause, as in :func:`send`.  Only an object that
    is not a request of this endpoint raises InvalidArgumentError.
    """
    if not isinstance(request, BaseRequest):
        raise InvalidArgumentError(
            f"request must be a request of this endpoint, not {type(request).__name__}"
        )
    with Activity("request", endpoint.operation, request.address) as running:
        try:
            built = endpoint.build(request)
            if logger.isEnabledFor(INFO):
                logger.info("%s: %s %s", endpoint.operation, built.method, redact_url(built.url))
            with in_force(settings):
                answer = await send(built, http_client, in_turn=in_turn)
                response = endpoint.parse(request, answer)
        # Every exception, not only ours: callers that were promised a response check it, and catch
        # nothing. A cancellation is not an Exception, and passes.
        except Exception as error:
            response = endpoint.failed(error)
        if not response.is_successful:
            kind, oauth_error = response.error_kind, response.oauth_error
            running.fail(oauth_error, "unknown" if kind is None else kind.value)
            log_failed_request(endpoint.operation, request.address, kind, oauth_error)
        return response
