"""The cache of providers' documents and keys, for validation."""

from __future__ import annotations

import threading
import weakref

from ..._fork import forget_in_child
from ..._jose.keys import KeySnapshot
from ..._settings import DISCO_CACHE_MAX_ENTRIES, JWKS_CACHE_MAX_ENTRIES
from ..._validation.config import TokenValidationConfig, policy_of
from ..._validation.fetch_result import PATIENT, Caller
from ..._validation.key_set_rules import KEY_SET
from ..._validation.prepared_validators import PreparedValidators, snapshot_of
from ..._validation.provider_document import DISCOVERY_DOCUMENT, Provider, key_set_address
from ..._wire.discovery_policy import DiscoveryPolicy
from .._transport.http import AsyncHTTPClient
from .fetching import AsyncFetcher
from .refreshing_cache import AsyncRefreshingCache, require_client


class AsyncProviderCache:
    """The cache of one client, or of all calls without one."""

    def __init__(self) -> None:
        self.documents: AsyncRefreshingCache[Provider] = AsyncRefreshingCache(
            AsyncFetcher(DISCOVERY_DOCUMENT), DISCO_CACHE_MAX_ENTRIES
        )
        self.keys: AsyncRefreshingCache[KeySnapshot] = AsyncRefreshingCache(
            AsyncFetcher(KEY_SET), JWKS_CACHE_MAX_ENTRIES
        )
        self.validators = PreparedValidators()
        _all.add(self)

    def clear(self, *, documents: bool = False, keys: bool = False) -> None:
        """Remove documents, keys, and everything computed from them."""
        if documents:
            self.documents.clear()
        if keys:
            self.keys.clear()
        self.validators.clear()

    def remember(self, config: TokenValidationConfig, address: str, provider: Provider) -> None:
        """Store the result of a validation, prepared for the tokens that follow."""
        self.validators.forget(config, address)
        own = snapshot_of(config)
        policy = policy_of(own)
        document = self.documents.find(address, policy)
        keys = self.keys.find(provider.jwks_uri or "", policy)
        # Looked up again, not passed on: the entries of the call may have been evicted or replaced
        # by now. A validator based on them would serve what the cache no longer vouches for.
        validator = None
        if document is not None and keys is not None and document.value == provider:
            validator = self.validators.add(own, address, document, keys)
        self.validators.remember_last(config, address, own, validator)

    async def provider(
        self,
        client: AsyncHTTPClient | None,
        address: str,
        policy: DiscoveryPolicy,
        caller: Caller | None = None,
    ) -> Provider:
        """Return the provider at ``address``; raise TokenValidationException.

        Its keys are refreshed first, if due: a token that is refused by the document alone never
        reaches them, and the document alternates with them.
        """
        caller = PATIENT.starting_now() if caller is None else caller
        location = DISCOVERY_DOCUMENT.locate(address, policy)
        # Both in one cache, because they alternate: two independent caches would send twice as many
        # requests to a provider that is down.
        document, keys = self.documents.entries.find(location.key), None
        known = None if document is None else document.value
        if known is not None and known.jwks_uri is not None:
            key_set = KEY_SET.locate(known.jwks_uri, policy)
            keys = self.keys.entries.find(key_set.key)
            if keys is not None and keys.usable(self.keys.clock()) is not None:
                await self.keys.revalidate(key_set, client, caller, document)
        return await self.documents.get(location, client, caller, keys)

    async def metadata(
        self, client: AsyncHTTPClient | None, address: str, policy: DiscoveryPolicy
    ) -> Provider:
        """Return the provider at ``address`` for a caller that does not need its keys."""
        location = DISCOVERY_DOCUMENT.locate(address, policy)
        return await self.documents.get(location, client, PATIENT.starting_now())

    async def snapshot(
        self,
        client: AsyncHTTPClient | None,
        jwks_uri: str,
        policy: DiscoveryPolicy,
        address: str | None = None,
        caller: Caller | None = None,
    ) -> KeySnapshot:
        """Return the keys at ``jwks_uri``; raise TokenValidationException.

        ``address`` is that of the provider's document, if there is one.
        """
        caller = PATIENT.starting_now() if caller is None else caller
        document = None if address is None else self.documents.find(address, policy)
        return await self.keys.get(KEY_SET.locate(jwks_uri, policy), client, caller, document)

    async def newer(
        self,
        client: AsyncHTTPClient | None,
        jwks_uri: str,
        policy: DiscoveryPolicy,
        seen: KeySnapshot,
        kid: str | None,
        caller: Caller | None = None,
    ) -> KeySnapshot | None:
        """Return keys newer than ``seen``; None while the cooldown forbids a request.

        ``kid`` names the missing key.  A response without keys never replaces keys.  Raises
        TokenValidationException when the request failed.
        """
        caller = PATIENT.starting_now() if caller is None else caller
        location = KEY_SET.locate(jwks_uri, policy)

        def accepts(found: KeySnapshot) -> bool:
            return seen.differs(kid, found.keys)

        return await self.keys.get_newer_than(seen, location, client, caller, accepts)

    async def refresh(
        self, client: AsyncHTTPClient | None, address: str, policy: DiscoveryPolicy
    ) -> None:
        """Fetch document and keys now, even if they are fresh."""
        location = DISCOVERY_DOCUMENT.locate(address, policy)
        provider = await self.documents.refresh(location, client)
        if provider.jwks_uri is not None:
            keys = key_set_address(provider, address, policy)
            await self.keys.refresh(KEY_SET.locate(keys, policy), client)

    def reset_cooldown(self, jwks_uri: str, policy: DiscoveryPolicy) -> None:
        """Lift the cooldown of a key set, after a refresh found the missing key."""
        entry = self.keys.find(jwks_uri, policy)
        if entry is not None:
            entry.reset_cooldown()


class _Registry:
    """All caches in use, so that they can be cleared together."""

    def __init__(self) -> None:
        self._caches: weakref.WeakSet[AsyncProviderCache] = weakref.WeakSet()
        self._lock = threading.Lock()
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._lock = threading.Lock()

    def add(self, cache: AsyncProviderCache) -> None:
        with self._lock:
            self._caches.add(cache)

    def listed(self) -> list[AsyncProviderCache]:
        with self._lock:
            return list(self._caches)


_all = _Registry()
default_cache = AsyncProviderCache()


def cache_of(client: AsyncHTTPClient) -> AsyncProviderCache:
    """Return the cache of ``client``; raise first if it is closed."""
    cache = require_client(client).attached.get(AsyncProviderCache)
    if cache is None:
        cache = client.attached.setdefault(AsyncProviderCache, AsyncProviderCache())
    assert isinstance(cache, AsyncProviderCache)
    return cache


async def clear_discovery_cache() -> None:
    """Remove all cached discovery documents, of all clients.

    Example::

        await clear_discovery_cache()
    """
    for cache in _all.listed():
        cache.clear(documents=True)


async def clear_jwks_cache() -> None:
    """Remove all cached key sets, and their cooldowns.

    Example::

        await clear_jwks_cache()
    """
    for cache in _all.listed():
        cache.clear(keys=True)
