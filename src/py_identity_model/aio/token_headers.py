"""Header fields with tokens, for HTTP clients of any library."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from .._jose.encoding import header_text
from .._sessions.stored_token import StoredToken
from .._sessions.token_auth import (
    Origin,
    RefusedTokens,
    asks_for_another_token,
    check_plain_http,
    errors_of_challenges,
    header_values,
    log_unrepeated,
    origin_in,
    origins_from,
)
from .._wire.arguments import check_switches
from ..exceptions import ConfigurationException, InvalidArgumentError, PyIdentityModelException
from ._transport.nonces import AsyncNonces, nonces_for
from ._transport.signing import proof_fields
from .token_source import AsyncTokenSource


class AsyncTokenHeaders:
    """Provides the header fields of requests with a source's token, for certain origins.

    :param source: provides the tokens, and the key for proofs if they are bound to one
    :param origins: those that get the token, as ``https://host[:port]``
    :param allow_tokens_over_plain_http: permits ``http`` origins on other machines

    The object is callable: with a URL and a method it returns the fields of one request.  Adapters
    for ``requests`` and aiohttp, in ``py_identity_model.integrations``, are made of it.

    Raises :class:`InvalidArgumentError` for wrong arguments, with the code
    ``https_required_for_tokens`` where the origin is not https.  RFC 6750 §2.1, RFC 9449 §7.1.

    Example::

        headers = AsyncTokenHeaders(source, origins=["https://api.example"])
        fields = await headers("https://api.example/orders", "POST")
    """

    def __init__(
        self,
        source: AsyncTokenSource,
        *,
        origins: Collection[str],
        allow_tokens_over_plain_http: bool = False,
    ) -> None:
        if not isinstance(source, AsyncTokenSource):
            raise InvalidArgumentError(
                f"source must be AsyncTokenSource, not {type(source).__name__}"
            )
        check_switches(allow_tokens_over_plain_http=allow_tokens_over_plain_http)
        self.source = source
        self._origins = origins_from(origins)
        if not allow_tokens_over_plain_http:
            check_plain_http(self._origins)
        self._refused = RefusedTokens()
        self._nonces = nonces_for(source.dpop_key, source.dpop_nonce_cache)

    def covers(self, url: str) -> bool:
        """Return whether ``url`` is at one of the origins that get the token.

        Example::

            made = AsyncTokenHeaders(source, origins=["https://api.example"])
            print(made.covers("https://api.example/orders"))
        """
        try:
            return origin_in(url) in self._origins
        except ConfigurationException:
            return False

    async def __call__(self, url: str, method: str = "GET") -> dict[str, str]:
        """Return the fields of one request.

        :param url: the request's URL
        :param method: the request's method, which a proof names

        Raises :class:`InvalidArgumentError` (``token_for_another_origin``) for a URL that gets no
        token, and the exceptions of :meth:`AsyncTokenSource.get_token`.
        """
        return await self.of_request(url, method).first()

    def of_request(self, url: str, method: str = "GET") -> AsyncRequestHeaders:
        """Return the fields of a request that may be repeated; see :class:`AsyncRequestHeaders`.

        Raises :class:`InvalidArgumentError` (``token_for_another_origin``) for a URL that gets no
        token.

        Example::

            made = AsyncTokenHeaders(source, origins=["https://api.example"])
            request = made.of_request("https://api.example/orders")
        """
        origin = origin_in(url)
        if origin not in self._origins:
            raise InvalidArgumentError(
                "the token is not for this origin: name it in origins=[...] if it is",
                code="token_for_another_origin",
            )
        return AsyncRequestHeaders(self.source, self._refused, self._nonces, origin, url, method)


class AsyncRequestHeaders:
    """The header fields of one request, and of its repetition if that may help.

    Example::

        headers = AsyncTokenHeaders(source, origins=["https://api.example"])
        request = headers.of_request("https://api.example/orders")
        fields = await request.first()
        # ... the API responds with 401:
        again = await request.again(401, {"WWW-Authenticate": 'Bearer error="invalid_token"'})
        if again is not None:
            print("repeat the request, once, with these fields")
    """

    def __init__(
        self,
        source: AsyncTokenSource,
        refused: RefusedTokens,
        nonces: AsyncNonces,
        origin: Origin,
        url: str,
        method: str,
    ) -> None:
        self._source = source
        self._refused = refused
        self._nonces = nonces
        self._origin = origin
        self._url = url
        self._method = method
        self._token: StoredToken | None = None
        self._nonce: str | None = None
        self._has_renewed = False
        self._has_proved_again = False

    def is_same_origin(self, url: str) -> bool:
        """Return whether a redirect to ``url`` stays where the token is for.

        Example::

            headers = AsyncTokenHeaders(source, origins=["https://api.example"])
            request = headers.of_request("https://api.example/orders")
            print(request.is_same_origin("https://api.example/elsewhere"))
        """
        try:
            return origin_in(url) == self._origin
        except ConfigurationException:
            return False

    async def first(self) -> dict[str, str]:
        """Return the fields with which the request is sent first.

        Raises the exceptions of :meth:`AsyncTokenSource.get_token`.
        """
        return await self._make_fields(await self._source.get_token())

    async def again(
        self, status: int, headers: Mapping[str, str], *, is_repeatable: bool = True
    ) -> dict[str, str] | None:
        """Return the fields for sending the request again, or None if that would not help.

        A refused token is renewed once; a demanded nonce is put into a new proof, once.

        :param status: the status of the response
        :param headers: its header fields; a multi-dict may have several ``WWW-Authenticate``
        :param is_repeatable: whether the body can be sent again; if not, nothing is renewed

        Nothing is raised: the caller has the API's own response.  RFC 6750 §3.1, RFC 9449 §9.
        """
        try:
            return await self._again(status, headers, is_repeatable)
        except PyIdentityModelException as error:  # renewals also leave a log record of their own
            log_unrepeated(error)
            return None

    async def _again(
        self, status: int, headers: Mapping[str, str], is_repeatable: bool
    ) -> dict[str, str] | None:
        token = self._token
        if token is None:
            return None
        errors = errors_of_challenges(header_values(headers, "www-authenticate"))
        demanded = await self._learn(status, header_values(headers, "dpop-nonce"), errors)
        if demanded and is_repeatable and not self._has_proved_again:
            self._has_proved_again = True
            return await self._make_fields(token)
        if status != 401:
            self._refused.forget(self._origin)
        elif asks_for_another_token(errors):
            return await self._renew(token) if is_repeatable else None
        return None

    async def _renew(self, token: StoredToken) -> dict[str, str] | None:
        if self._has_renewed:
            self._refused.add(self._origin, token.access_token)
            return None
        if (self._origin, token.access_token) in self._refused:
            return None
        self._has_renewed = True
        renewed = await self._source.renew(token.access_token)
        if renewed.access_token == token.access_token:
            return None  # it replaced a refused one a moment ago
        return await self._make_fields(renewed)

    async def _learn(self, status: int, nonces: list[str], errors: set[str | None]) -> bool:
        """Remember the nonce of a response; return whether it demands another proof."""
        key, before = self._source.dpop_key, self._nonce
        if key is None:
            return False
        nonce = nonces[-1] if nonces else None
        is_demanded = status == 401 and "use_dpop_nonce" in errors and bool(nonce)
        await self._nonces.learn(
            key,
            self._url,
            nonce,
            used=before,
            is_demanded=is_demanded,
            is_success=200 <= status < 300,
        )
        return is_demanded and nonce != before

    async def _make_fields(self, token: StoredToken) -> dict[str, str]:
        self._token = token
        key = self._source.dpop_key
        if key is None or token.token_type.lower() != "dpop":
            return {"Authorization": f"Bearer {header_text(token.access_token)}"}
        self._nonce = await self._nonces.find(key, self._url)
        return await proof_fields(key, self._method, self._url, token.access_token, self._nonce)
