# Generated from aio/provider_cache.py by scripts/make_sync.py; edit that file.
"""Documents and keys of providers, as validation needs them."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

from .._fork import forget_in_child
from .._jose.jwk import JsonWebKey
from .._jose.keys import KeySnapshot
from .._protocol import discovery_rules as rules
from .._protocol import key_set
from .._protocol.cache import Entry, may_be_stored, time_to_live
from .._protocol.counters import get_cache_counters
from .._protocol.discovery_rules import Provider
from .._protocol.fetching import Attempt, Judged, wanted
from .._protocol.policy import DiscoveryPolicy
from .._protocol.prepared_validators import PreparedValidators, snapshot_of
from .._protocol.token_validation import TokenValidationConfig, policy_of
from .._settings import (
    DISCO_CACHE_MAX_ENTRIES,
    DISCO_CACHE_TTL,
    JWKS_CACHE_MAX_ENTRIES,
    JWKS_CACHE_TTL,
)
from ..exceptions import TokenValidationException
from .fetching import fetch_keys, fetch_provider
from .http import HTTPClient
from .shelf import Loaded, Shelf, chosen


class ProviderCache:
    """What is cached for one client, or for all calls that pass none."""

    def __init__(self) -> None:
        counters = get_cache_counters()
        self.documents: Shelf[Provider] = Shelf(
            "document",
            DISCO_CACHE_MAX_ENTRIES,
            counters.record_disco_hit,
            code="discovery_failed",
        )
        self.keys: Shelf[KeySnapshot] = Shelf(
            "keys",
            JWKS_CACHE_MAX_ENTRIES,
            counters.record_jwks_hit,
            code="jwks_failed",
            first=True,  # a key that was withdrawn matters more than any other news
        )
        self.validators = PreparedValidators()
        _all.add(self)

    def clear(self, *, documents: bool = False, keys: bool = False) -> None:
        """Forget documents, keys, and what was worked out from them."""
        if documents:
            self.documents.entries.clear()
        if keys:
            self.keys.entries.clear()
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
        document = self.documents.entries.find((address, policy.cache_key()))
        keys = self.keys.entries.find(place_of(provider.jwks_uri or "", policy))
        validator = None
        if document is not None and keys is not None and document.value == provider:
            validator = self.validators.add(own, address, document, keys)
        self.validators.remember_last(config, address, own, validator)

    def provider(
        self, client: HTTPClient | None, address: str, policy: DiscoveryPolicy
    ) -> Provider:
        """Return the provider at ``address``; raises TokenValidationException."""
        key = (address, policy.cache_key())
        load = partial(self._load_provider, key, address, policy)
        document, keys = self.documents.entries.find(key), None
        known = None if document is None else document.value
        if known is not None and known.jwks_uri is not None:
            place = place_of(known.jwks_uri, policy)
            keys = self.keys.entries.find(place)
            # Now, because the document waits for it: who asks may never come to its keys.
            load_keys = partial(self._load_keys, known.jwks_uri, policy)
            self.keys.freshen(client, place, load_keys, document)
        return self.documents.get(client, key, load, keys)

    def snapshot(
        self,
        client: HTTPClient | None,
        jwks_uri: str,
        policy: DiscoveryPolicy,
        address: str | None = None,
    ) -> KeySnapshot:
        """Return the keys at ``jwks_uri``; raises TokenValidationException.

        ``address`` is that of the provider's document, where it has one.
        """
        load = partial(self._load_keys, jwks_uri, policy)
        document = self.documents.entries.find((address, policy.cache_key()))
        keys = self.keys.get(client, place_of(jwks_uri, policy), load, document)
        if not keys.keys:
            raise TokenValidationException(
                "No keys available in the provider's key set", code="no_keys"
            )
        return keys

    def newer(
        self,
        client: HTTPClient | None,
        jwks_uri: str,
        policy: DiscoveryPolicy,
        seen: KeySnapshot,
        kid: str | None,
    ) -> KeySnapshot | None:
        """Return keys fetched after ``seen``; None while the cooldown forbids a request.

        ``kid`` names the key that is missing there, or that did not fit.
        """

        def helps(judged: Judged[list[JsonWebKey]]) -> bool:
            return seen.differs(kid, judged.value or ())

        load = partial(self._load_keys, jwks_uri, policy)
        keys = self.keys.newer(client, place_of(jwks_uri, policy), load, seen, helps)
        return seen if keys is not None and not keys.keys else keys

    def renewed(self, client: HTTPClient | None, address: str, policy: DiscoveryPolicy) -> None:
        """Fetch document and keys now, whether or not they are fresh."""
        key = (address, policy.cache_key())
        load = partial(self._load_provider, key, address, policy)
        attempt = Attempt(retries=0, oldest=0.0)
        provider = self.documents.renew(client, key, load, attempt)
        if provider.jwks_uri is not None:
            place = place_of(provider.jwks_uri, policy)
            keys = partial(self._load_keys, provider.jwks_uri, policy)
            self.keys.renew(client, place, keys, attempt)

    def forgive(self, jwks_uri: str, policy: DiscoveryPolicy) -> None:
        """Lift the cooldown of a key set: a refresh brought the key that was looked for."""
        self.keys.forgive(place_of(jwks_uri, policy))

    def _load_provider(
        self,
        key: Hashable,
        address: str,
        policy: DiscoveryPolicy,
        client: HTTPClient,
        entry: Entry[Provider],
        attempt: Attempt,
    ) -> Loaded[Provider]:
        if _will_be_sent(partial(rules.build, address, policy)):
            get_cache_counters().record_disco_miss()
        known, etag = entry.version
        attempt = wanted(attempt, entry, etag, self.documents.clock(), DISCO_CACHE_TTL)
        fetched = fetch_provider(address, policy, client, attempt)
        judged, now = fetched.judged, self.documents.clock()
        if not judged.is_successful:
            entry.fail(now)
            return Loaded(failure=judged)
        if fetched.unchanged and known is not None:
            provider = known
        else:
            assert judged.value is not None
            provider = judged.value
            same = entry.value  # validators compare it by identity: an equal one must not end them
            provider = same if provider == same and same is not None else provider
        if may_be_stored(judged.cache_control):
            ttl = time_to_live(judged.cache_control, DISCO_CACHE_TTL)
            entry.accept(provider, now - fetched.age, ttl, fetched.etag)
        else:
            self.documents.entries.drop(key, entry)
        return Loaded(provider)

    def _load_keys(
        self,
        jwks_uri: str,
        policy: DiscoveryPolicy,
        client: HTTPClient,
        entry: Entry[KeySnapshot],
        attempt: Attempt,
    ) -> Loaded[KeySnapshot]:
        build = partial(key_set.build, jwks_uri, policy)
        counters = get_cache_counters()
        if _will_be_sent(build):
            refreshed = entry.value is not None
            (counters.record_jwks_refresh if refreshed else counters.record_jwks_miss)()
        known, etag = entry.version
        attempt = wanted(attempt, entry, etag, self.keys.clock(), JWKS_CACHE_TTL)
        fetched = fetch_keys(build, client, attempt)
        judged, now = fetched.judged, self.keys.clock()
        if not judged.is_successful:
            entry.fail(now)
            return Loaded(failure=judged)
        if fetched.unchanged and known is not None:
            snapshot = known
        else:
            snapshot = KeySnapshot(judged.value or ())
        if snapshot.keys:
            ttl = time_to_live(judged.cache_control, JWKS_CACHE_TTL)
            entry.accept(snapshot, now - fetched.age, ttl, fetched.etag)
        else:
            entry.pardon(now)
        return Loaded(snapshot)


def place_of(jwks_uri: str, policy: DiscoveryPolicy) -> tuple[str, bool, bool]:
    """Return where the keys at ``jwks_uri`` are cached for callers with this policy."""
    # Keys fetched over plain http must not serve a caller who demands https.
    return jwks_uri, policy.require_https, policy.allow_http_on_loopback


def _will_be_sent(build: Callable[[], object]) -> bool:
    try:
        build()
    except Exception:
        return False
    return True


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
    cache = chosen(client).kept.get(ProviderCache)
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
