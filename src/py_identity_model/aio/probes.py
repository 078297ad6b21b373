"""Preparation and health of a provider's cache entries, for start-up and probes."""

from __future__ import annotations

from .._jose.keys import load_joserfc
from .._settings import Settings, in_force
from .._validation.health import ProviderHealth, state_of
from .._validation.provider_document import key_set_address
from .._wire.discovery_policy import DiscoveryPolicy, named_by_program
from ._cache.provider_cache import AsyncProviderCache, cache_of, default_cache
from ._transport.http import AsyncHTTPClient


async def prime(
    disco_doc_address: str,
    discovery_policy: DiscoveryPolicy | None = None,
    http_client: AsyncHTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> ProviderHealth:
    """Fetch what validation needs of a provider, unless it is cached; for start-up.

    Libraries that the first token would load are loaded as well.

    :param disco_doc_address: as for :func:`validate_token`
    :param discovery_policy: as in its configuration; the default one if None
    :param http_client: used instead of this worker's own
    :param settings: settings for this call

    Raises :class:`TokenValidationException` when document or keys cannot be fetched.  OpenID
    Connect Discovery §4.

    Example::

        health = await prime("https://op.example")
        assert health.ready
    """
    policy = named_by_program(discovery_policy)
    cache = default_cache if http_client is None else cache_of(http_client)
    with in_force(settings):
        provider = await cache.provider(http_client, disco_doc_address, policy)
        if provider.jwks_uri is not None:
            keys = key_set_address(provider, disco_doc_address, policy)
            await cache.snapshot(http_client, keys, policy, disco_doc_address)
    load_joserfc()
    return _state(cache, disco_doc_address, policy)


async def refresh(
    disco_doc_address: str,
    discovery_policy: DiscoveryPolicy | None = None,
    http_client: AsyncHTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> ProviderHealth:
    """Fetch what validation needs of a provider now, even if it is fresh.

    Document and keys take one attempt each, shared with a fetch that is already running.  Raises
    :class:`TokenValidationException` when it fails; cached values remain in use.

    Example::

        health = await refresh("https://op.example")
        print(health.kids)
    """
    policy = named_by_program(discovery_policy)
    cache = default_cache if http_client is None else cache_of(http_client)
    with in_force(settings):
        await cache.refresh(http_client, disco_doc_address, policy)
    return _state(cache, disco_doc_address, policy)


def health(
    disco_doc_address: str,
    discovery_policy: DiscoveryPolicy | None = None,
    http_client: AsyncHTTPClient | None = None,
) -> ProviderHealth:
    """Return the cached state of a provider; nothing is fetched.

    Example::

        if not health("https://op.example").ready:
            print("not yet")
    """
    cache = default_cache if http_client is None else cache_of(http_client)
    return _state(cache, disco_doc_address, named_by_program(discovery_policy))


def _state(cache: AsyncProviderCache, address: str, policy: DiscoveryPolicy) -> ProviderHealth:
    now = cache.documents.clock()
    document = cache.documents.find(address, policy)
    provider = None if document is None else document.value
    if document is None or provider is None:
        return ProviderHealth(address, ready=False, document=state_of(document, now))
    entry = cache.keys.find(provider.jwks_uri or "", policy)
    keys = None if entry is None else entry.usable(cache.keys.clock())
    return ProviderHealth(
        address,
        ready=document.usable(now) is not None and keys is not None,
        issuer=provider.issuer,
        jwks_uri=provider.jwks_uri,
        kids=() if keys is None else tuple(key.kid for key in keys.keys),
        document=state_of(document, now),
        keys=state_of(entry, cache.keys.clock()),
    )
