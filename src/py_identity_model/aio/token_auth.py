"""Tokens on the requests of a user's own HTTP client."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection

import httpx

from .._http_library import library_of
from .._logging import redact_url
from .._sessions.token_auth import (
    Origin,
    RefusedTokens,
    answers_for,
    log_unrepeated,
    named_origin,
    origin_of_url,
    refuses_the_token,
)
from .._wire.arguments import check_switches
from .._wire.urls import is_loopback
from ..exceptions import InvalidArgumentError, PyIdentityModelException
from .request_auth import AsyncRequestAuth
from .token_source import AsyncTokenSource


class AsyncTokenAuth(AsyncRequestAuth):
    """Puts a source's token on every request: an ``auth`` of httpx, or of httpx2.

    A 401 renews the token once, if it is still the current one, and the request is sent again if
    its body can be; an origin that refuses the new token as well renews no more until it takes
    one.  Proofs and nonces are added for tokens that are bound to a key.  A redirect to another
    origin carries neither token nor proof, and what that origin answers renews nothing.

    :param source: provides the tokens, and the key for proofs if they are bound to one
    :param origins: those that get the token, as ``https://host[:port]``; other requests go without.
        If None, every request gets it: then use the client for one API alone
    :param allow_tokens_over_plain_http: send tokens over plain http to other machines as well

    The first request raises :class:`ConfigurationException` if it is sent by a client of the
    other kind (``wrong_kind_of_auth``), or by the client that the source itself uses
    (``client_waits_for_itself``).  RFC 6750 §2.1 and §5.3, RFC 9449 §7.1.

    Example::

        auth = AsyncTokenAuth(source, origins=["https://api.example"])
    """

    def __init__(
        self,
        source: AsyncTokenSource,
        *,
        origins: Collection[str] | None = None,
        allow_tokens_over_plain_http: bool = False,
    ) -> None:
        if not isinstance(source, AsyncTokenSource):
            raise InvalidArgumentError(
                f"source must be AsyncTokenSource, not {type(source).__name__}"
            )
        if origins is not None and (
            isinstance(origins, (str, bytes)) or not isinstance(origins, Collection) or not origins
        ):
            raise InvalidArgumentError("origins must be a list of https://host[:port], or None")
        check_switches(allow_tokens_over_plain_http=allow_tokens_over_plain_http)
        super().__init__(source.dpop_key, source.dpop_nonce_cache)
        self._source = source
        self._origins = None if origins is None else {_origin(one) for one in origins}
        self._plain = allow_tokens_over_plain_http
        self._refused = RefusedTokens()

    # Whole on purpose: the HTTP client drives this one generator. A step that sends something
    # would be a second one, whose requests and responses had to be handed on one by one.
    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send ``request`` with a token, once more where that helps."""
        origin = origin_of_url(request.url)
        if self._origins is not None and origin not in self._origins:
            yield request
            return
        self._check_scheme(request.url)
        # Other streams are used up by sending.
        repeatable = isinstance(request.stream, library_of(request).ByteStream)
        token = await self._source.get_token()
        nonce = await self._authorize(request, token)
        response = yield request
        demanded = await self._learn(request, response, nonce)
        if demanded is not None and demanded != nonce and repeatable:
            try:
                nonce = await self._authorize(request, token)
            except PyIdentityModelException as error:
                log_unrepeated(error)
                return
            response = yield request
            await self._learn(request, response, nonce)
        if not answers_for(origin, response):
            return
        if response.status_code != 401:
            self._refused.forget(origin)
        elif (
            repeatable
            and refuses_the_token(response)
            and (origin, token.access_token) not in self._refused
        ):
            try:
                renewed = await self._source.renew(token.access_token)
            except PyIdentityModelException:
                return  # the source says why; the caller has the API's own answer
            if renewed.access_token == token.access_token:
                return  # it replaced a refused one a moment ago
            token = renewed
            try:
                nonce = await self._authorize(request, token)
            except PyIdentityModelException as error:
                log_unrepeated(error)
                return
            response = yield request
            await self._learn(request, response, nonce)
            if answers_for(origin, response) and refuses_the_token(response):
                self._refused.add(origin, token.access_token)

    def _check_scheme(self, url: httpx.URL) -> None:
        if url.scheme != "https" and not self._plain and not is_loopback(url.host):
            raise InvalidArgumentError(
                f"a token must not travel by plain http to {redact_url(str(url))}",
                code="https_required_for_tokens",
            )


def _origin(text: str) -> Origin:
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, TypeError, ValueError):
        raise InvalidArgumentError("each of the origins must be https://host[:port]") from None
    return named_origin(url)
