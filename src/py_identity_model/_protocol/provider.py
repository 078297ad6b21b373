"""What validation needs of a provider's document: two of its many members."""

from dataclasses import dataclass
from typing import NamedTuple

from .base import BaseResponse
from .discovery_rules import sound_document
from .messages import HttpResponse
from .policy import DiscoveryPolicy


class Provider(NamedTuple):
    """Who a provider is, and where its keys are."""

    issuer: str
    jwks_uri: str | None


@dataclass(eq=False, repr=False)
class ProviderResponse(BaseResponse):
    """A provider's document as validation sees it; ``cache_control`` is the answer's header."""

    provider: Provider | None = None
    cache_control: str | None = None


def parse(address: str, policy: DiscoveryPolicy, response: HttpResponse) -> ProviderResponse:
    """Return what is needed of a judged document; raises for one that breaks a rule."""
    document = sound_document(address, policy, response)
    return ProviderResponse(
        True,
        provider=Provider(document["issuer"], document.get("jwks_uri")),
        cache_control=response.headers.get("cache-control"),
    )
