"""Tokens on the requests of a user's own HTTP client."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from typing import TYPE_CHECKING, Any

import httpx

from .._http_library import library_of
from .._logging import logger, redact_url
from .._protocol.addresses import is_loopback
from .._protocol.challenges import Challenge, parse_www_authenticate
from .._protocol.dpop import proof_headers
from .._protocol.dpop_nonces import NonceMemory
from .._protocol.stored_token import StoredToken
from ..exceptions import InvalidArgumentError, PyIdentityModelException
from .token_source import AsyncTokenSource

if TYPE_CHECKING:
    import httpx2


class AsyncTokenAuth(httpx.Auth):
    """Puts a source's token on every request: an ``auth`` of httpx, or of httpx2.

    ``origins`` are those that get the token, as ``https://host[:port]``; other requests go
    without.  If None, every request gets it: then use the client for one API alone.  A 401
    renews the token once, if it is still the current one, and the request is sent again if its
    body can be.  Proofs and nonces are added for tokens that are bound to a key.  httpx takes
    the token off when a redirect leads to another origin.

    Tokens travel by https, or to this machine; ``allow_tokens_over_plain_http`` lifts that.
    RFC 6750 §2.1 and §5.3, RFC 9449 §7.1.

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
        if isinstance(origins, str):
            raise InvalidArgumentError("origins must be a list")
        self._source = source
        self._origins = None if origins is None else {_origin(httpx.URL(one)) for one in origins}
        self._plain = allow_tokens_over_plain_http
        self._memory = NonceMemory()

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send ``request`` with a token, once more where that helps."""
        if self._origins is not None and _origin(request.url) not in self._origins:
            yield request
            return
        self._check_scheme(request.url)
        # Other streams are used up by sending.
        repeatable = isinstance(request.stream, library_of(request).ByteStream)
        token = await self._source.get_token()
        nonce = self._authorize(request, token)
        response = yield request
        demanded = self._learn(request, response)
        if demanded is not None and demanded != nonce and repeatable:
            self._authorize(request, token)
            response = yield request
            self._learn(request, response)
        if not repeatable or not _refuses_the_token(response):
            return
        try:
            token = await self._source.renew(token.access_token)
        except PyIdentityModelException as error:
            logger.warning("a token was refused, and renewing it failed: %s", error.code)
        else:
            self._authorize(request, token)
            response = yield request
            self._learn(request, response)

    def for_httpx2(self) -> httpx2.Auth:
        """Return the same for a client of httpx2, which takes no ``auth`` of httpx.

        It needs httpx2: the extra ``httpx2`` of this package.

        Example::

            api = httpx2.AsyncClient(auth=AsyncTokenAuth(source).for_httpx2())
        """
        import httpx2

        flow: Any = self.async_auth_flow

        class Httpx2TokenAuth(httpx2.Auth):
            def async_auth_flow(
                self, request: httpx2.Request
            ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
                generator: AsyncGenerator[httpx2.Request, httpx2.Response] = flow(request)
                return generator

        return Httpx2TokenAuth()

    def _check_scheme(self, url: httpx.URL) -> None:
        if url.scheme != "https" and not self._plain and not is_loopback(url.host):
            raise InvalidArgumentError(
                f"a token must not travel by plain http to {redact_url(str(url))}",
                code="https_required_for_tokens",
            )

    def _authorize(self, request: httpx.Request, token: StoredToken) -> str | None:
        """Put the token on ``request``; return the nonce that its proof carries."""
        key = self._source.dpop_key
        if key is None or token.token_type.lower() != "dpop":
            request.headers["Authorization"] = f"Bearer {token.access_token}"
            return None
        url = str(request.url)
        nonce = self._memory.nonces.get(self._memory.place(key, url))
        request.headers.update(proof_headers(key, request.method, url, token.access_token, nonce))
        return nonce

    def _learn(self, request: httpx.Request, response: httpx.Response) -> str | None:
        """Remember the nonce that ``response`` brings; return it if another proof is demanded."""
        key = self._source.dpop_key
        if key is None or not (nonce := response.headers.get("DPoP-Nonce")):
            return None
        self._memory.nonces[self._memory.place(key, str(request.url))] = nonce
        told = {one.error for one in _challenges(response)}
        return nonce if response.status_code == 401 and "use_dpop_nonce" in told else None


def _challenges(response: httpx.Response) -> list[Challenge]:
    return parse_www_authenticate(response.headers.get_list("WWW-Authenticate"))


def _refuses_the_token(response: httpx.Response) -> bool:
    if response.status_code != 401:
        return False
    told = {one.error for one in _challenges(response)}
    return not told or "invalid_token" in told or told == {None}


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    usual = {"http": 80, "https": 443}.get(url.scheme)
    return url.scheme, url.host, url.port if url.port is not None else usual
