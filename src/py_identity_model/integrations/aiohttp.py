"""Tokens for aiohttp: a client middleware."""

from __future__ import annotations

from collections.abc import Collection

from . import extra

with extra("aiohttp"):
    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
    from aiohttp.payload import BytesPayload

from ..aio.token_headers import AsyncTokenHeaders
from ..aio.token_source import AsyncTokenSource

__all__ = ["TokenMiddleware"]


class TokenMiddleware:
    """Puts a source's token on the requests to certain origins; others go without.

    :param source: provides the tokens
    :param origins: those that get the token, as ``https://host[:port]``
    :param allow_tokens_over_plain_http: permits ``http`` origins on other machines

    A 401 renews the token once, and the request is sent again if its body can be.  aiohttp asks a
    middleware at every redirect: what is redirected to one of the origins gets the token, and what
    is redirected elsewhere does not.  Sending a request raises the exceptions of
    :meth:`AsyncTokenSource.get_token`.  RFC 6750 §2.1, RFC 9449 §7.1.

    Example::

        tokens = TokenMiddleware(source, origins=["https://api.example"])
        async with aiohttp.ClientSession(middlewares=[tokens]) as session:
            ...
    """

    def __init__(
        self,
        source: AsyncTokenSource,
        *,
        origins: Collection[str],
        allow_tokens_over_plain_http: bool = False,
    ) -> None:
        self._headers = AsyncTokenHeaders(
            source, origins=origins, allow_tokens_over_plain_http=allow_tokens_over_plain_http
        )

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Send a request, with the token if its origin gets it."""
        url = str(request.url)
        if not self._headers.covers(url):
            return await handler(request)
        fields = self._headers.of_request(url, request.method)
        request.headers.update(await fields.first())
        response = await handler(request)
        is_repeatable = not request.body or isinstance(request.body, (bytes, BytesPayload))
        while again := await fields.again(
            response.status, response.headers, is_repeatable=is_repeatable
        ):
            response.release()
            request.headers.update(again)
            response = await handler(request)
        return response
