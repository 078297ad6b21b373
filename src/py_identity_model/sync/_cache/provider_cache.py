# Generated from aio/_cache/provider_cache.py by scripts/make_sync.py; edit that file.
"""Documents and keys of providers, as validation needs them."""

from __future__ import annotations

import threading
import weakref
from typing import Any

from ..._fork import forget_in_child
from ..._jose.keys import KeySnapshot
from ..._settings import DISCO_CACHE_MAX_ENTRIES, JWKS_CACHE_MAX_ENTRIES
from ..._validation.config import TokenValidationConfig, policy_of
from ..._validation.counters import get_cache_counters
from ..._validation.fetch_result import PATIENT, Caller
from ..._validation.key_set_rules import KEY_SET
from ..._validation.prepared_validators import PreparedValidators, snapshot_of
from ..._validation.provider_document import DISCOVERY_DOCUMENT, Provider, key_set_address
from ..._wire.discovery_policy import DiscoveryPolicy
from .._transport.http import HTTPClient
from .fetching import Fetcher
from .refreshing_cache import RefreshingCache, require_client


class ProviderCache:
    """What is cached for one client, or for all calls that pass none."""

    def __init__(self) -> None:
        counters = get_cache_counters()
        self.documents: RefreshingCache[Provider] = RefreshingCache(
            Fetcher(DISCOVERY_DOCUMENT),
            DISCO_CACHE_MAX_ENTRIES,
            hit=counters.record_disco_hit,
            count=lambda cached: counters.record_disco_miss(),
        )
        self.keys: RefreshingCache[KeySnapshot] = RefreshingCache(
            Fetcher(KEY_SET),
            JWKS_CACHE_MAX_ENTRIES,
            hit=counters.record_jwks_hit,
            count=lambda cached: (
                counters.record_jwks_refresh() if cached else counters.record_jwks_miss()
            ),
            first=True,  # a key that was withdrawn matters more than any other news
        )
        self.validators = PreparedValidators()
        _all.add(self)

    def clear(self, *, documents: bool = False, keys: bool = False) -> None:
        """Forget documents, keys, and what was worked out from them."""
        if documents:
            self.documents.clear()
        if keys:
            self.keys.clear()
        self.validators.clear()

    def warm(
        self, jwt: str, config: TokenValidationConfig, address: object
    ) -> dict[str, Any] | None:
        """Return the claims of ``jwt`` if all that is needed is cached; None needs the long way.

        Raises TokenValidationException for a token that must be refused.
        """
        return self.validators.lookup(jwt, config, address, self.documents.clock)

    def remember(self, config: TokenValidationConfig, address: str, provider: Provider) -> None:
        """Keep what a validation worked out, for tokens that come after it."""
        self.validators.forget(config, address)
        own = snapshot_of(config)
        policy = policy_of(own)
        document = self.documents.find(address, policy)
        keys = self.keys.find(provider.jwks_uri or "", policy)
        validator = None
        if document is not None and keys is not None and document.value == provider:
            validator = self.validators.add(own, address, document, keys)
        self.validators.remember_last(config, address, own, validator)

    def provider(
        self,
        client: HTTPClient | None,
        address: str,
        policy: DiscoveryPolicy,
        caller: Caller | None = None,
    ) -> Provider:
        """Return the provider at ``address``; raises TokenValidationException.

        Its keys are refreshed first, if it is time: a token that is refused by the document alone
        never comes to them, and the document takes turns with them.
        """
        caller = PATIENT.starting_now() if caller is None else caller
        location = DISCOVERY_DOCUMENT.locate(address, policy)
        document, keys = self.documents.entries.find(location.key), None
        known = None if document is None else document.value
        if known is not None and known.jwks_uri is not None:
            key_set = KEY_SET.locate(known.jwks_uri, policy)
            keys = self.keys.entries.find(key_set.key)
            if keys is not None and keys.usable(self.keys.clock()) is not None:
                self.keys.revalidate(key_set, client, caller, document)
        return self.documents.get(location, client, caller, keys)

    def metadata(
        self, client: HTTPClient | None, address: str, policy: DiscoveryPolicy
    ) -> Provider:
        """Return the provider at ``address`` for a caller who never comes to its keys."""
        location = DISCOVERY_DOCUMENT.locate(address, policy)
        return self.documents.get(location, client, PATIENT.starting_now())

    def snapshot(
        self,
        client: HTTPClient | None,
        jwks_uri: str,
        policy: DiscoveryPolicy,
        address: str | None = None,
        caller: Caller | None = None,
    ) -> KeySnapshot:
        """Return the keys at ``jwks_uri``; raises TokenValidationException.

        ``address`` is that of the provider's document, where it has one.
        """
        caller = PATIENT.starting_now() if caller is None else caller
        document = None if address is None else self.documents.find(address, policy)
        return self.keys.get(KEY_SET.locate(jwks_uri, policy), client, caller, document)

    def newer(
        self,
        client: HTTPClient | None,
        jwks_uri: str,
        policy: DiscoveryPolicy,
        seen: KeySnapshot,
        kid: str | None,
        caller: Caller | None = None,
    ) -> KeySnapshot | None:
        """Return keys that came after ``seen``; None while the cooldown forbids a request.

        ``kid`` names the key that is looked for.  An answer without keys never replaces keys.
        Raises TokenValidationException when the request failed.
        """
        caller = PATIENT.starting_now() if caller is None else caller
        location = KEY_SET.locate(jwks_uri, policy)

        def accepts(found: KeySnapshot) -> bool:
            return seen.differs(kid, found.keys)

        return self.keys.get_newer_than(seen, location, client, caller, accepts)

    def refresh(self, client: HTTPClient | None, address: str, policy: DiscoveryPolicy) -> None:
        """Fetch document and keys now, whether or not they are fresh."""
        location = DISCOVERY_DOCUMENT.locate(address, policy)
        provider = self.documents.refresh(location, client)
        if provider.jwks_uri is not None:
            keys = key_set_address(provider, address, policy)
            self.keys.refresh(KEY_SET.locate(keys, policy), client)

    def reset_cooldown(self, jwks_uri: str, policy: DiscoveryPolicy) -> None:
        """Lift the cooldown of a key set: a refresh brought the key that was looked for."""
        entry = self.keys.find(jwks_uri, policy)
        if entry is not None:
            entry.reset_cooldown()


class _Registry:
    """Every cache in use, so that all can be cleared."""

    def __init__(self) -> None:
        self._caches: weakref.WeakSet[ProviderCache] = weakref.WeakSet()
        self._lock = threading.Lock()
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._lock = threading.Lock()

    def add(self, cache: ProviderCache) -> None:
        with self._lock:
            self._caches.add(cache)

    def listed(self) -> list[ProviderCache]:
        with self._lock:
            return list(self._caches)


_all = _Registry()
default_cache = ProviderCache()


def cache_of(client: HTTPClient) -> ProviderCache:
    """Return the cache that goes with ``client``; refuse a closed one before any look at it."""
    cache = require_client(client).kept.get(ProviderCache)
    if cache is None:
        cache = client.kept.setdefault(ProviderCache, ProviderCache())
    assert isinstance(cache, ProviderCache)
    return cache


def clear_discovery_cache() -> None:
    """Forget every cached discovery document, whichever client fetched it.

    Example::

        clear_discovery_cache()
    """
    for cache in _all.listed():
        cache.clear(documents=True)


def clear_jwks_cache() -> None:
    """Forget every cached key set, and when they were last refreshed.

    Example::

        clear_jwks_cache()
    """
    for cache in _all.listed():
        cache.clear(keys=True)
