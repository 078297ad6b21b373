"""What all auth objects for a user's own HTTP client share."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, NoReturn

import httpx

from .._jose.dpop_proof import DPoPKey
from .._sessions.stored_token import StoredToken
from .._sessions.token_auth import (
    answers_for,
    challenge_errors,
    origin_of_url,
    put_bearer,
    put_proof,
    wrong_client_error,
)
from ._transport.nonces import AsyncDPoPNonceCache, nonces_for
from ._transport.signing import proof_fields

if TYPE_CHECKING:
    import httpx2


class AsyncRequestAuth(httpx.Auth):
    """Puts tokens, and proofs for those that are bound to ``dpop_key``, on requests."""

    def __init__(
        self, dpop_key: DPoPKey | None, dpop_nonce_cache: AsyncDPoPNonceCache | None = None
    ) -> None:
        self._dpop_key = dpop_key
        self._nonces = nonces_for(dpop_key, dpop_nonce_cache)

    def auth_flow(self, request: httpx.Request) -> NoReturn:
        """Raise: a client of the other kind would send its requests without a token."""
        raise wrong_client_error(type(self).__name__)

    def for_httpx2(self) -> httpx2.Auth:
        """Return the same for an httpx2 client, which takes no ``auth`` of httpx.

        It needs httpx2: the extra ``httpx2`` of this package.

        Example::

            api = httpx2.AsyncClient(auth=AsyncTokenAuth(source).for_httpx2())
        """
        import httpx2

        flow: Any = self.async_auth_flow
        name = type(self).__name__

        class Httpx2Auth(httpx2.Auth):
            def async_auth_flow(
                self, request: httpx2.Request
            ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
                generator: AsyncGenerator[httpx2.Request, httpx2.Response] = flow(request)
                return generator

            def auth_flow(self, request: httpx2.Request) -> NoReturn:
                raise wrong_client_error(name)

        return Httpx2Auth()

    async def _authorize(self, request: httpx.Request, token: StoredToken) -> str | None:
        """Put the token on ``request``; return the nonce that its proof carries."""
        key = self._dpop_key
        if key is None or token.token_type.lower() != "dpop":
            put_bearer(request.headers, token.access_token)
            return None
        url = str(request.url)
        nonce = await self._nonces.find(key, url)
        fields = await proof_fields(key, request.method, url, token.access_token, nonce)
        put_proof(request.headers, fields)
        return nonce

    async def _learn(
        self, request: httpx.Request, response: httpx.Response, used: str | None
    ) -> str | None:
        """Remember the nonce that ``response`` brings; return it if another proof is demanded.

        ``used`` is the nonce of the request's proof.
        """
        key = self._dpop_key
        if key is None or not answers_for(origin_of_url(request.url), response):
            return None
        nonce = response.headers.get("DPoP-Nonce") or None
        demands = response.status_code == 401 and "use_dpop_nonce" in challenge_errors(response)
        await self._nonces.learn(
            key,
            str(request.url),
            nonce,
            used=used,
            is_demanded=demands and nonce is not None,
            is_success=response.is_success,
        )
        return nonce if demands else None
