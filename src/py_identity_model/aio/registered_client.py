"""Arguments of registered clients."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypedDict

from .._jose.jwk import DecryptionKeys
from .._protocol.discovery import DiscoveryDocumentResponse
from .._relying_party.client_profile import ClientProfile, SignedMessage
from .._resource_server.replay import ReplayStore
from .._settings import Settings
from .._wire.discovery_policy import DiscoveryPolicy
from .._wire.models import Scope
from ._transport.http import AsyncHTTPClient
from ._transport.stores import AsyncTokenStore
from .session_store import AsyncSessionStore


class RegisteredClientOptions(TypedDict, total=False):
    """Arguments of :class:`AsyncOAuthClient` that a registration does not decide."""

    scope: Scope
    metadata: DiscoveryDocumentResponse | None
    profile: ClientProfile | None
    publish_request_object: Callable[[str], object] | None
    message_signing: Collection[SignedMessage]
    trusted_audiences: Collection[str]
    max_id_token_age: float | None
    require_nonce: bool
    expect_id_token: bool
    leeway: float | None
    allow_weak_keys: bool
    decryption_keys: DecryptionKeys | None
    token_store: AsyncTokenStore | None
    session_store: AsyncSessionStore | None
    session_lifetime: float
    replay_store: ReplayStore | None
    http_client: AsyncHTTPClient | None
    discovery_policy: DiscoveryPolicy | None
    settings: Settings | None
