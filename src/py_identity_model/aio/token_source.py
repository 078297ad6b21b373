"""Tokens that renew themselves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from .._logging import log_failure, logger
from .._protocol.authorization_code import AuthorizationCodeTokenRequest
from .._protocol.base import BaseRequest
from .._protocol.client_credentials import ClientCredentialsTokenRequest
from .._protocol.device import DeviceAuthorizationResponse, DeviceTokenRequest, refreshing
from .._protocol.grants import ExtensionTokenRequest, JwtBearerTokenRequest
from .._protocol.refreshing import RefreshTokenRequest
from .._protocol.stored_token import StoredToken, request_key, stored_from
from .._protocol.token_auth import waiting_for
from .._protocol.token_endpoint import TokenResponse, refused_by
from .._protocol.token_exchange import TokenExchangeRequest
from .._seam.aio import Result
from .._settings import Settings
from ..exceptions import InvalidArgumentError, PyIdentityModelException, TokenRequestException
from .client_credentials import request_client_credentials_token
from .device import wait_for_device_token
from .grants import request_extension_token, request_jwt_bearer_token
from .http import AsyncHTTPClient
from .refreshing import refresh_token
from .single_flight import AsyncSingleFlight
from .token_exchange import exchange_token
from .token_store import AsyncMemoryTokenStore, AsyncTokenStore

_GRANTS: dict[type[BaseRequest], Callable[..., Any]] = {
    ClientCredentialsTokenRequest: request_client_credentials_token,
    DeviceTokenRequest: wait_for_device_token,
    ExtensionTokenRequest: request_extension_token,
    JwtBearerTokenRequest: request_jwt_bearer_token,
    RefreshTokenRequest: refresh_token,
    TokenExchangeRequest: exchange_token,
}


class AsyncTokenSource:
    """Gives a token whenever one is needed, and asks for a new one in time.

    ``request`` is what is asked: a :class:`ClientCredentialsTokenRequest`,
    :class:`RefreshTokenRequest`, :class:`TokenExchangeRequest`, :class:`JwtBearerTokenRequest`,
    :class:`ExtensionTokenRequest`, or a :class:`DeviceTokenRequest` with the ``device`` answer it
    belongs to: then the first token waits for the user, and the refresh token that comes with it
    brings the others.  A token is renewed ``margin`` seconds before it expires (a
    little later for some, at half its life at the latest); while that fails, the old one serves
    to its end.  However many callers need it, one request is made; a failure is told to all who
    wait, and the next one tries again.

    ``store`` keeps tokens under a name made of everything that the request says; share one
    between sources, and they share tokens.  A refresh token that was rotated is kept before its
    access token is given out, and used under the store's lock.  Under ``aio``, keep a source to
    one event loop.  ``http_client`` and ``settings`` are those of the grants.  RFC 6749 §1.5.

    Example::

        source = AsyncTokenSource(
            ClientCredentialsTokenRequest("https://op.example/token", "machine", "s3cret")
        )
    """

    def __init__(
        self,
        request: BaseRequest,
        http_client: AsyncHTTPClient | None = None,
        *,
        store: AsyncTokenStore | None = None,
        margin: float = 60.0,
        device: DeviceAuthorizationResponse | None = None,
        settings: Settings | None = None,
    ) -> None:
        if type(request) not in _GRANTS:
            hint = " (its code works once: use the refresh token)"
            once = isinstance(request, AuthorizationCodeTokenRequest)
            raise InvalidArgumentError(
                f"{type(request).__name__} cannot be repeated{hint if once else ''}"
            )
        if (device is None) is isinstance(request, DeviceTokenRequest):
            raise InvalidArgumentError("device goes with a DeviceTokenRequest, and with that alone")
        if not 0 <= margin < float("inf"):
            raise InvalidArgumentError("margin must be seconds, not negative")
        self.dpop_key = vars(request).get("dpop_key")
        self._request = request
        self._key = request_key(request)
        self._http_client = http_client
        self._store = AsyncMemoryTokenStore() if store is None else store
        self._margin = margin
        self._device = device
        self._settings = settings
        self._current: StoredToken | None = None
        self._unsaved: StoredToken | None = None
        self._flights: AsyncSingleFlight[StoredToken] = AsyncSingleFlight(
            "py_identity_model.token_source"
        )
        self.clock = time.time

    async def get_token(self) -> StoredToken:
        """Return a token that is good now.

        Raises :class:`TokenRequestException` when there is none and none can be had; its
        ``details`` hold the provider's ``oauth_error``.

        Example::

            token = await source.get_token()
        """
        current = self._current
        if current is not None and current.is_fresh(self.clock()):
            return current
        try:
            return await self._join(None)
        except PyIdentityModelException:
            if current is None or not current.is_usable(self.clock()):
                raise
            return current

    async def renew(self, refused: str) -> StoredToken:
        """Return another token than ``refused``, which a server did not take.

        If somebody renewed it meanwhile, nothing is asked for.  Raises
        :class:`TokenRequestException` when no other can be had.

        Example::

            token = await source.renew("the-one-that-was-refused")
        """
        current = self._current
        if current is not None and current.access_token != refused:
            return current
        return await self._join(refused)

    async def _join(self, refused: str | None) -> StoredToken:
        with waiting_for(self):
            joined = await self._flights.run(self._key, partial(self._renew_or_log, refused))
        assert joined is not None
        return joined[0]

    async def _renew_or_log(self, refused: str | None) -> StoredToken:
        try:
            return await self._renewed(refused)
        except PyIdentityModelException as error:
            log_failure("renewal", self._request.address, error)
            raise

    async def _renewed(self, refused: str | None) -> StoredToken:
        if self._device is not None and await self._stored() is None:
            self._current = await self._agreed(self._device)  # no lock: users take minutes
            return self._current
        async with self._store.lock(self._key):
            stored = await self._stored()
            if stored is None or stored.access_token == refused or not self._fresh(stored):
                stored = await self._asked(stored)
            self._current = stored
            return stored

    def _fresh(self, stored: StoredToken) -> bool:
        return stored.is_fresh(self.clock())

    async def _stored(self) -> StoredToken | None:
        if self._unsaved is not None:
            unsaved = self._unsaved
            await self._save(unsaved)
            return unsaved
        text = await self._store.get(self._key)
        if text is None:
            return None
        try:
            return StoredToken.from_json(text)
        except (ValueError, TypeError):
            logger.warning("what the token store holds cannot be read")
            return None

    async def _agreed(self, device: DeviceAuthorizationResponse) -> StoredToken:
        """Return the token of a user who agreed on another device."""
        assert isinstance(self._request, DeviceTokenRequest)
        response = await wait_for_device_token(
            self._request, device, self._http_client, settings=self._settings
        )
        return await self._kept(response, None)

    async def _asked(self, stored: StoredToken | None) -> StoredToken:
        request, refresh = self._request, None
        if isinstance(request, DeviceTokenRequest):
            if stored is None or stored.refresh_token is None:
                text = "the device has no refresh token: its user must agree again"
                raise TokenRequestException(text, request.address, code="login_required")
            request = refreshing(request)
        if isinstance(request, RefreshTokenRequest):
            refresh = request.refresh_token
            if stored is not None and stored.refresh_token is not None:
                refresh = stored.refresh_token
            request = replace(request, refresh_token=refresh)
        grant: Callable[..., Result[TokenResponse]] = _GRANTS[type(request)]
        response = await grant(request, self._http_client, settings=self._settings)
        return await self._kept(response, refresh)

    async def _kept(self, response: TokenResponse, refresh: str | None) -> StoredToken:
        if not response.is_successful or not (response.token or {}).get("access_token"):
            raise refused_by(self._request.address, response)
        fresh = stored_from(response, self._margin, self.clock(), refresh)
        self._unsaved = fresh
        await self._save(fresh)
        return fresh

    async def _save(self, token: StoredToken) -> None:
        """Keep ``token`` in the store; while that is out, in here: it may be the only one."""
        keeps = token.refresh_token is not None or token.expires_at is None
        lifetime = None if keeps else max(0.0, (token.expires_at or 0.0) - self.clock())
        try:
            await self._store.set(self._key, token.to_json(), lifetime)
        except Exception as error:
            logger.error("a token cannot be stored, it stays here: %s", type(error).__name__)
        else:
            self._unsaved = None
