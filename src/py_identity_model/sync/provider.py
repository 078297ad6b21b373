# Generated from aio/provider.py by scripts/make_sync.py; edit that file.
"""Fetch what validation needs of a provider's document."""

from __future__ import annotations

from functools import partial

from .._logging import logger, redact_url
from .._protocol import discovery_rules as rules
from .._protocol.fetching import Attempt
from .._protocol.messages import Fetched
from .._protocol.policy import DiscoveryPolicy
from .._protocol.provider import ProviderResponse, parse
from .fetching import fetch
from .http import HTTPClient


def fetch_provider(
    address: str,
    policy: DiscoveryPolicy,
    http_client: HTTPClient | None,
    attempt: Attempt,
) -> Fetched[ProviderResponse]:
    """Return the judged answer from ``address``, fetched as ``attempt`` says."""
    try:
        built = rules.build(address, policy)
        logger.info("fetching the discovery document %s", redact_url(built.url))
        fetched = fetch(
            built,
            http_client,
            attempt,
            partial(parse, address, policy),
            lambda control: ProviderResponse(True, cache_control=control),
        )
    except Exception as error:
        fetched = Fetched(ProviderResponse(**rules.failure(error)))
    if not fetched.response.is_successful:
        logger.error("discovery failed: %s", fetched.response.error_kind)
    return fetched
