"""Nonces for proofs, as the requests of an object find and learn them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from ..._logging import logger
from ..._wire.arguments import check_store
from ..._wire.dpop_nonces import NonceMemory, nonce_place, nonces_of
from ..._wire.shared_nonces import SharedNonces, stored_name
from ...exceptions import InvalidArgumentError
from .stores import AsyncBestEffortStore, AsyncTokenStore

if TYPE_CHECKING:
    from ..._jose.dpop_proof import DPoPKey


class AsyncNonces(Protocol):
    """The nonces of servers, as the requests of an object use them."""

    async def find(self, key: DPoPKey, url: str) -> str | None:
        """Return the nonce for a proof of ``key`` at ``url``, or None if none is known."""

    async def learn(
        self,
        key: DPoPKey,
        url: str,
        nonce: str | None,
        *,
        used: str | None = None,
        is_demanded: bool = False,
        is_success: bool = False,
    ) -> None:
        """Remember the ``nonce`` of a response."""


class AsyncOwnNonces:
    """The nonces that one object, or the objects with one key, remember for each key."""

    def __init__(self, memory: NonceMemory | None = None) -> None:
        self.memory = NonceMemory() if memory is None else memory

    async def find(self, key: DPoPKey, url: str) -> str | None:
        """Return the nonce for a proof of ``key`` at ``url``, or None if none is known."""
        return self.memory.nonces.get(nonce_place(key, url))

    async def learn(
        self,
        key: DPoPKey,
        url: str,
        nonce: str | None,
        *,
        used: str | None = None,
        is_demanded: bool = False,
        is_success: bool = False,
    ) -> None:
        """Remember the ``nonce`` of a response."""
        if nonce:
            self.memory.remember(nonce_place(key, url), nonce)


class AsyncDPoPNonceCache:
    """The nonces that servers require in DPoP proofs, shared by all clients that are given it.

    A server that requires nonces refuses the first request of each client, which then sends it
    again.  Clients with the same cache, or with caches on the same store, pay for that once.

    :param store: an :class:`AsyncTokenStore` such as :class:`AsyncRedisTokenStore`, by which
        processes share; it is asked only for nonces that this process has not seen for 30 seconds,
        and skipped while it is slow or down
    :param lifetime: seconds for which others may use a nonce that a server gave or accepted

    Nonces are separated by origin, and those that a key was given itself are preferred: servers may
    bind them to keys, or accept each only once.  At most 1000 are remembered.

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for another kind of store, and a
    ``lifetime`` that is not positive.  RFC 9449 §8 and §9.

    Example::

        nonces = AsyncDPoPNonceCache(AsyncMemoryTokenStore())
        async with AsyncHTTPClient(dpop_nonce_cache=nonces) as http_client:
            client = AsyncOAuthClient(
                "https://op.example", "web", dpop_key=key, http_client=http_client
            )
    """

    def __init__(self, store: AsyncTokenStore | None = None, *, lifetime: float = 300.0) -> None:
        if store is not None:
            check_store("store", store, AsyncTokenStore)
        if not isinstance(lifetime, (int, float)) or not 0 < lifetime < float("inf"):
            raise InvalidArgumentError("lifetime must be a positive number of seconds")
        self.clock = time.time
        self._lifetime = lifetime
        self._store = None if store is None else AsyncBestEffortStore(store)
        self._nonces = SharedNonces(lifetime, lambda: self.clock())

    async def find(self, key: DPoPKey, url: str) -> str | None:
        """Return the nonce for a proof of ``key`` at ``url``, or None if none is known.

        Example::

            nonce = await AsyncDPoPNonceCache().find(key, "https://api.example/orders")
        """
        place = nonce_place(key, url)
        if self._store is not None and self._nonces.should_read(place):
            text = await self._store.get(stored_name(place))
            try:
                self._nonces.read(place, text)
            except ValueError as error:
                logger.warning("a shared nonce is not used: %s", error)
        return self._nonces.find(place)

    async def learn(
        self,
        key: DPoPKey,
        url: str,
        nonce: str | None,
        *,
        used: str | None = None,
        is_demanded: bool = False,
        is_success: bool = False,
    ) -> None:
        """Remember what the response to a proof says; for HTTP clients that are not httpx.

        :param key: the key of the proof
        :param url: the URL of the request, which the response must come from itself
        :param nonce: the response's ``DPoP-Nonce``
        :param used: the nonce in the proof
        :param is_demanded: whether the server demands another proof (``use_dpop_nonce``)
        :param is_success: whether the server accepted the request

        Example::

            nonce = response.headers.get("DPoP-Nonce")
            await AsyncDPoPNonceCache().learn(key, "https://api.example/orders", nonce)
        """
        place = nonce_place(key, url)
        text = self._nonces.learn(place, used, nonce, demanded=is_demanded, success=is_success)
        if text is not None and self._store is not None:
            await self._store.set(stored_name(place), text, self._lifetime)


def nonces_for(key: DPoPKey | None, cache: AsyncDPoPNonceCache | None) -> AsyncNonces:
    """Return the nonces of an auth object: those of the cache, or of all objects with its key."""
    return AsyncOwnNonces(nonces_of(key)) if cache is None else cache
