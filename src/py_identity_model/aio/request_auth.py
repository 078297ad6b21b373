"""What all auth objects for a user's own HTTP client share."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, NoReturn

import httpx

from .._jose.dpop_proof import DPoPKey
from .._logging import logger
from .._sessions.stored_token import StoredToken
from .._sessions.token_auth import (
    answers_for,
    challenge_errors,
    origin_of_url,
    put_bearer,
    put_proof,
    wrong_client_error,
)
from .._wire.dpop_nonces import nonces_of
from ..exceptions import PyIdentityModelException
from ._transport.signing import proof_fields

if TYPE_CHECKING:
    import httpx2


class AsyncRequestAuth(httpx.Auth):
    """Puts tokens, and proofs for those that are bound to ``dpop_key``, on requests."""

    def __init__(self, dpop_key: DPoPKey | None) -> None:
        self._dpop_key = dpop_key
        self._memory = nonces_of(dpop_key)

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
        nonce = self._memory.nonces.get(self._memory.place(key, url))
        fields = await proof_fields(key, request.method, url, token.access_token, nonce)
        put_proof(request.headers, fields)
        return nonce

    async def _authorize_again(self, request: httpx.Request, token: StoredToken) -> bool:
        """Put the token on ``request`` again; return whether that worked.

        If its proof cannot be signed, the caller has the response that there is.
        """
        try:
            await self._authorize(request, token)
        except PyIdentityModelException as error:
            logger.info("a refused request is not repeated: %s", error.code)
            return False
        return True

    def _learn(self, request: httpx.Request, response: httpx.Response) -> str | None:
        """Remember the nonce that ``response`` brings; return it if another proof is demanded."""
        key = self._dpop_key
        nonce = response.headers.get("DPoP-Nonce")
        if key is None or not nonce:
            return None
        if not answers_for(origin_of_url(request.url), response):
            return None
        self._memory.remember(self._memory.place(key, str(request.url)), nonce)
        demands = response.status_code == 401 and "use_dpop_nonce" in challenge_errors(response)
        return nonce if demands else None
