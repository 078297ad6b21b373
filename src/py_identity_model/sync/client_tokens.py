# Generated from aio/client_tokens.py by scripts/make_sync.py; edit that file.
"""Tokens for which no user logs in: a client's own, and those that it exchanges or introspects."""

from __future__ import annotations

from dataclasses import replace
from typing import Unpack

from .._protocol.client_credentials import ClientCredentialsTokenRequest
from .._protocol.introspection import TokenIntrospectionRequest, TokenIntrospectionResponse
from .._protocol.token_exchange import TokenExchangeRequest, TokenExchangeResponse, checked_exchange
from .._relying_party.client_parameters import ExchangeParameters, TokenParameters
from ._transport.stores import TokenStore
from .introspection import introspect_token
from .provider_client import ProviderClient
from .token_exchange import exchange_token
from .token_source import TokenSource
from .token_store import MemoryTokenStore


class ClientTokens:
    """Requests tokens, and their state, as the client itself.

    :param client: the client at the provider
    :param store: stores the client's own tokens, by default in this process
    """

    def __init__(self, client: ProviderClient, store: TokenStore | None) -> None:
        self._client = client
        self._store = MemoryTokenStore() if store is None else store

    def source(self, margin: float, **more: Unpack[TokenParameters]) -> TokenSource:
        """Return a source of the client's own tokens."""
        client = self._client
        address = client.endpoint("token_endpoint")
        request = ClientCredentialsTokenRequest(address, client.client_id, **more)
        client.identify(request)
        return ClientTokenSource(client, request, self._store, margin=margin)

    def exchange(
        self, subject_token: str, subject_token_type: str, **more: Unpack[ExchangeParameters]
    ) -> TokenExchangeResponse:
        """Exchange a token for another; see :meth:`OAuthClient.exchange`."""
        client = self._client
        address = client.endpoint("token_endpoint")
        request = TokenExchangeRequest(
            address, client.client_id, subject_token, subject_token_type, **more
        )
        response = client.ask(exchange_token, request)
        return checked_exchange(response, address, bound=client.dpop_key is not None)

    def introspect(self, token: str, hint: str | None) -> TokenIntrospectionResponse:
        """Request the state of a token; see :func:`introspect_token`."""
        client = self._client
        address = client.endpoint("introspection_endpoint")
        request = TokenIntrospectionRequest(address, token, client.client_id, hint)
        return client.ask(introspect_token, request)


class ClientTokenSource(TokenSource):
    """A source of a client's own tokens: from the endpoint that the provider's metadata names now.

    Programs keep sources for months, and providers move their endpoints.
    """

    def __init__(
        self,
        client: ProviderClient,
        request: ClientCredentialsTokenRequest,
        store: TokenStore,
        *,
        margin: float = 60.0,
        key: str | None = None,
    ) -> None:
        super().__init__(
            request,
            client.http_client,
            store=store,
            margin=margin,
            settings=client.settings,
            key=key,
        )
        self._client = client

    def _find_endpoint(self) -> None:
        address = self._client.endpoint("token_endpoint")
        self._request = replace(self._request, address=address)
