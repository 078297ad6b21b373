"""Opaque tokens: their introspection, and a cache of the results."""

from __future__ import annotations

import hashlib
import json
import math
import time
from dataclasses import replace
from enum import Enum
from functools import partial
from typing import Any

from .._jose.claims import ClaimsRules, numeric_date
from .._jose.tokens import MAX_TOKEN_SIZE
from .._protocol.introspection import TokenIntrospectionRequest
from .._resource_server.introspection_cache import Introspections, pack_claims, unpack_claims
from .._seam.aio import sleep
from .._settings import Settings, in_force
from .._validation.config import TokenValidationConfig, without_duplicates
from .._wire.arguments import (
    check_address,
    check_kind,
    check_store,
    check_switches,
    check_text,
    seconds_of,
)
from .._wire.client_authentication import ClientAuthentication
from .._wire.retry import is_outage
from ..exceptions import (
    InvalidArgumentError,
    KeysUnavailableException,
    PyIdentityModelException,
    TokenValidationException,
)
from ._cache.refreshing_cache import longest_call
from ._cache.single_flight import AsyncSingleFlight
from ._transport.http import AsyncHTTPClient, check_http_client, chosen_client
from ._transport.stores import AsyncBestEffortStore, AsyncTokenStore
from .introspection import introspect

_LEEWAY = 60.0
_TIMES = ClaimsRules(verify_iss=False, verify_aud=False, verify_sub=False, verify_jti=False)


class AsyncTokenIntrospector:
    """Introspects opaque tokens, for an :class:`AsyncAccessTokenVerifier`.

    The result for an active token is cached, and a revoked token may be accepted for that long.  An
    inactive token, or one whose introspection failed, is not introspected again within a second.
    Callers with the same token share one request; with a ``store`` so do other processes.  An
    endpoint that hangs occupies only a part of the client's connections.

    Write access to the ``store`` decides which tokens are accepted: let its hooks encrypt and
    authenticate.

    :param address: the introspection endpoint
    :param client_id: this API's own, at that endpoint
    :param client_authentication: how this API authenticates there
    :param cache_ttl: for how many seconds an active token is remembered, never past its ``exp``; 0
        remembers none
    :param max_entries: the maximum number of remembered tokens
    :param store: an :class:`AsyncTokenStore` that several processes share; not for results that
        come by an ``http_client`` with ``verify=False``
    :param token_validation_config: requests signed responses, and says how to validate them
    :param disco_doc_address: the provider whose keys verify signed responses
    :param accept_tokens_without_audience: accept a token that its issuer does not bind to any API;
        this includes such tokens for other APIs of the same issuer
    :param require_https: False permits sending tokens and this API's credentials to a plain http
        ``address`` on another host
    :param http_client: used instead of this worker's own
    :param settings: settings for its requests

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for inconsistent arguments.

    RFC 7662 §2.2 and §4, RFC 9701.

    Example::

        AsyncTokenIntrospector(
            "https://op.example/introspect", "api", ClientSecretBasic("s3cret"), cache_ttl=30
        )
    """

    def __init__(
        self,
        address: str,
        client_id: str,
        client_authentication: ClientAuthentication,
        *,
        cache_ttl: float = 30.0,
        max_entries: int = 10_000,
        store: AsyncTokenStore | None = None,
        token_validation_config: TokenValidationConfig | None = None,
        disco_doc_address: str | None = None,
        accept_tokens_without_audience: bool = False,
        require_https: bool = True,
        http_client: AsyncHTTPClient | None = None,
        settings: Settings | None = None,
    ) -> None:
        if type(max_entries) is not int or max_entries < 1:
            raise InvalidArgumentError("max_entries must be a whole number, and at least 1")
        check_switches(
            accept_tokens_without_audience=accept_tokens_without_audience,
            require_https=require_https,
        )
        check_address("address", address, require_https=require_https)
        if not isinstance(client_id, str) or not client_id.strip():
            raise InvalidArgumentError("client_id must be a non-blank string")
        if not isinstance(client_authentication, ClientAuthentication):
            raise InvalidArgumentError(
                "client_authentication must be a ClientAuthentication, not "
                f"{type(client_authentication).__name__}: NoClientAuthentication() names the client"
            )
        check_kind("token_validation_config", token_validation_config, TokenValidationConfig)
        check_kind("settings", settings, Settings)
        check_text("disco_doc_address", disco_doc_address)
        check_http_client(http_client)
        if token_validation_config is not None:
            token_validation_config = without_duplicates(token_validation_config)
        self._request = TokenIntrospectionRequest(
            address,
            "",
            client_id,
            client_authentication=client_authentication,
            token_validation_config=token_validation_config,
            disco_doc_address=disco_doc_address,
        )
        self._ttl = seconds_of("cache_ttl", cache_ttl)
        if store is not None:
            check_store("store", store, AsyncTokenStore)
            if http_client is not None and not http_client.verifies_servers:
                raise InvalidArgumentError(
                    "store and an http_client with verify=False cannot be combined: what an "
                    "unverified server says would be served to all users of the store"
                )
        self._store: AsyncBestEffortStore | None = None
        if store is not None and cache_ttl > 0:
            self._store = AsyncBestEffortStore(store)
        self.accept_tokens_without_audience = accept_tokens_without_audience
        self._http_client = http_client
        self._settings = settings
        self._known = Introspections(max_entries)
        self._flights: AsyncSingleFlight[str] = AsyncSingleFlight("py_identity_model.opaque")
        self.clock = time.monotonic

    def __len__(self) -> int:
        return len(self._known)

    async def claims(
        self, token: str, *, leeway: float = _LEEWAY, timeout: float | None = None
    ) -> dict[str, Any]:
        """Return the claims of an active token; each caller gets its own copy.

        :param token: the token, as it was sent
        :param leeway: tolerance of clocks for ``exp``, ``nbf`` and ``iat``, in seconds
        :param timeout: for how many seconds to wait for the provider; a later response still serves
            the next caller; None waits as long as a request may take

        Raises :class:`TokenValidationException` for a token that is inactive or outside its times,
        and :class:`KeysUnavailableException` when the provider does not respond.

        Example::

            claims = await opaque_tokens.claims("an-opaque-token")
        """
        _check_text(token)
        key = hashlib.sha256(token.encode()).digest()
        try:
            text = self._known.find(key, self.clock())
        except PyIdentityModelException:
            await sleep(0)  # so that a caller that tries again at once lets others run
            raise
        if text is None:
            text = await self._wait(token, key, timeout)
        claims: dict[str, Any] = json.loads(text)
        _TIMES._replace(leeway=leeway).check(claims, time.time())
        return claims

    async def _wait(self, token: str, key: bytes, timeout: float | None) -> str:
        """Return an active token's claims as JSON, with one request for all waiting callers."""
        patience = math.inf if timeout is None else timeout
        patience = min(patience, self._longest_request())
        try:
            joined = await self._flights.run(key, partial(self._ask, token, key), patience=patience)
        except TimeoutError:
            raise KeysUnavailableException(
                f"the provider did not say within {patience:.3g} s whether the token is active",
                details={"retry_after": 1.0},
                code="introspection_unavailable",
            ) from None
        assert joined is not None
        return joined[0]

    def _longest_request(self) -> float:
        """Return the maximum duration of a request; signed responses need metadata and keys too."""
        with in_force(self._settings):
            try:
                client = chosen_client(self._http_client, self._request.address)
            except (RuntimeError, ValueError):  # the request itself reports what is wrong
                return math.inf
            return longest_call(client) * (
                1 if self._request.token_validation_config is None else 3
            )

    async def _ask(self, token: str, key: bytes) -> str:
        try:
            return await self._request_active(token, key)
        except PyIdentityModelException as error:
            self._known.refuse(key, error, self.clock())
            raise

    async def _request_active(self, token: str, key: bytes) -> str:
        """Return the claims of an active token as JSON."""
        name = self._name(token)
        shared = await self._get_shared(name)
        if shared is not None:
            self._store_claims(key, *shared)
            return shared[0]
        request = replace(self._request, token=token)
        response = await introspect(request, self._http_client, self._settings, in_turn=True)
        if not response.is_successful:
            raise _failure_error(response.error_kind, response.status_code, str(response.error))
        with in_force(self._settings):
            chosen_client(self._http_client, request.address).turns.succeeded(request.address)
        claims = response.claims or {}
        if claims.get("active") is not True:
            raise TokenValidationException("The access token is not active", code="inactive_token")
        text = json.dumps(claims)
        seconds = self._store_claims(key, text, self._ttl)
        if seconds > 0 and self._store is not None:
            await self._store.set(name, pack_claims(name, text, seconds), seconds)
        return text

    def _name(self, token: str) -> str:
        # A provider may give each of its clients a different response (RFC 7662 §2.2), and a result
        # without a signature must not serve a caller that requires one.
        request = self._request
        signed = request.token_validation_config is not None
        verified_by = f"signed {request.disco_doc_address}" if signed else ""
        asker = (request.address, request.client_id or "", verified_by, token)
        text = "\0".join(asker).encode("utf-8", "replace")
        return f"introspection-{hashlib.sha256(text).hexdigest()}"

    async def _get_shared(self, name: str) -> tuple[str, float] | None:
        """Return the result that another process stored, and its remaining lifetime in seconds."""
        text = None if self._store is None else await self._store.get(name)
        return None if text is None else unpack_claims(name, text, self._ttl)

    def _store_claims(self, key: bytes, text: str, seconds: float) -> float:
        """Cache claims for ``seconds``, at most until the token expires; return the duration."""
        expires = numeric_date(json.loads(text).get("exp"))
        if expires is not None:
            seconds = min(seconds, expires - time.time())
        if seconds > 0:
            self._known.store(key, text, self.clock(), seconds)
        return seconds


def _check_text(token: str) -> None:
    if not isinstance(token, str):
        raise InvalidArgumentError("token must be a string")
    if len(token) > MAX_TOKEN_SIZE:
        raise TokenValidationException("The access token is too large", code="token_too_large")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise TokenValidationException(
            "The access token contains characters that no token may have", code="malformed_token"
        )


def _failure_error(kind: Enum | None, status: int | None, text: str) -> KeysUnavailableException:
    code = "introspection_unavailable" if is_outage(kind, status) else "introspection_failed"
    return KeysUnavailableException(text, status_code=status, code=code)
