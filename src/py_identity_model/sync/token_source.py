# Generated from aio/token_source.py by scripts/make_sync.py; edit that file.
"""Tokens that are renewed automatically."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from .._activities import Activity
from .._client_auth.resolve import TokenRequest
from .._jose.dpop_proof import DPoPKey
from .._logging import logger
from .._protocol.authorization_code import AuthorizationCodeTokenRequest
from .._protocol.client_credentials import ClientCredentialsTokenRequest
from .._protocol.device import DeviceAuthorizationResponse, DeviceTokenRequest, refresh_request_for
from .._protocol.grants import ExtensionTokenRequest, JwtBearerTokenRequest
from .._protocol.refresh_grant import RefreshTokenRequest
from .._protocol.token_endpoint import TokenResponse
from .._protocol.token_exchange import TokenExchangeRequest
from .._seam.lock_waits import waiting_at_most
from .._seam.sync import Result, deadline
from .._sessions.request_name import RequestName, name_request
from .._sessions.session_record import (
    LOGIN_TARGET,
    SESSION_LIFETIME,
    Renewal,
    SessionRecord,
    apply_refresh,
    begin_record,
    renewal_pending_error,
)
from .._sessions.stored_token import StoredToken, stored_token_from
from .._settings import STORE_SECONDS, Settings
from .._wire.arguments import check_kind, check_store, check_text, seconds_of
from .._wire.models import repeatable
from .._wire.stored_value import pack_value, unpack_value
from ..exceptions import InvalidArgumentError, PyIdentityModelException
from ._cache.single_flight import SingleFlight
from ._transport.http import HTTPClient, check_http_client, shared_nonces
from ._transport.stores import TokenStore
from .client_credentials import request_client_credentials_token
from .device import wait_for_device_token
from .grants import request_extension_token, request_jwt_bearer_token
from .refresh_grant import refresh_token
from .session_locks import enter, leave, request_seconds
from .session_records import SECONDS_WITH_A_TOKEN, SessionRecords
from .session_store import MemorySessionStore
from .stored_records import StoredRecords
from .token_exchange import exchange_token
from .token_store import MemoryTokenStore

if TYPE_CHECKING:
    from ._transport.nonces import DPoPNonceCache

_GRANTS: dict[type[TokenRequest], Callable[..., Any]] = {
    ClientCredentialsTokenRequest: request_client_credentials_token,
    DeviceTokenRequest: wait_for_device_token,
    ExtensionTokenRequest: request_extension_token,
    JwtBearerTokenRequest: request_jwt_bearer_token,
    RefreshTokenRequest: refresh_token,
    TokenExchangeRequest: exchange_token,
}
_KIND = "token"
_WARNING_GAP = 60.0
_RENEWAL_GAP = 5.0  # seconds between attempts to renew a token that is still usable


class TokenSource:
    """Provides a token whenever one is needed, and renews it in time.

    A token is renewed ``margin`` seconds before it expires (with jitter, and at half its life at
    the latest); while that fails, or takes more than two seconds, the old one is used until it
    expires, with an attempt every five seconds.  Any number of callers share one request; all who
    wait get its failure, and the next one tries again.

    A source of a login (a :class:`RefreshTokenRequest` or a device) never presents a refresh token
    whose successor it or the store knows.  Its errors have the code ``login_required`` if only the
    user can help, ``store_unavailable`` while the store is down, ``renewal_pending`` while another
    process has not stored its renewal.  A machine's source works without its store.  RFC 6749 §1.5.

    :param request: a :class:`ClientCredentialsTokenRequest`, :class:`RefreshTokenRequest`,
        :class:`TokenExchangeRequest`, :class:`JwtBearerTokenRequest`,
        :class:`ExtensionTokenRequest`, or a :class:`DeviceTokenRequest` with its ``device``
    :param http_client: as for the grants
    :param store: stores tokens under a name derived from the whole request; sources with the same
        store share their tokens; by default each source has its own
    :param margin: how long before its expiry a token is renewed, in seconds
    :param device: the response with the codes of a :class:`DeviceTokenRequest`: the first token
        waits for the user, and the refresh token issued with it obtains the others
    :param settings: as for the grants
    :param key: a name for the parts of the request that have none (functions, objects that are not
        dataclasses), required for a ``store`` that is shared between processes

    Raises :class:`InvalidArgumentError`, with the code ``unnamed_request`` where ``key`` is needed.

    Example::

        source = TokenSource(
            ClientCredentialsTokenRequest("https://op.example/token", "machine", "s3cret")
        )
    """

    _http_client: HTTPClient | None = None

    def __init__(
        self,
        request: TokenRequest,
        http_client: HTTPClient | None = None,
        *,
        store: TokenStore | None = None,
        margin: float = 60.0,
        device: DeviceAuthorizationResponse | None = None,
        settings: Settings | None = None,
        key: str | None = None,
    ) -> None:
        _check_request(request, device)
        request = _repeatable_request(request)
        check_http_client(http_client)
        check_kind("settings", settings, Settings)
        check_text("key", key)
        if store is not None:
            check_store("store", store, TokenStore)
        name = name_request(request, key)
        _check_name(name, store, key)
        self._prepare(margin, request.dpop_key, http_client)
        self._request = request
        self._key = name.key
        self._store = MemoryTokenStore() if store is None else store
        self._device = device
        self._settings = settings
        self._flights: SingleFlight[StoredToken] = SingleFlight("py_identity_model.token_source")
        self._beginning: SingleFlight[None] = SingleFlight("py_identity_model.device")
        self._warned_at = -_WARNING_GAP
        self._records: SessionRecords | None = None
        self._first: SessionRecord | None = None
        self._seen = 0
        if isinstance(request, (RefreshTokenRequest, DeviceTokenRequest)):
            self._records = SessionRecords(
                MemorySessionStore() if store is None else StoredRecords(store, name.key),
                SESSION_LIFETIME,
                partial(request_seconds, http_client, settings),
            )
            self._lineage = self._records.storage.lineages.of(name.key)
        if isinstance(request, RefreshTokenRequest):
            self._first = SessionRecord(
                client_id=request.client_id, refresh_token=request.refresh_token or None
            )

    @property
    def dpop_nonce_cache(self) -> DPoPNonceCache | None:
        """The nonces that this source's HTTP client shares with others."""
        return shared_nonces(self._http_client)

    def _prepare(
        self,
        margin: float,
        dpop_key: DPoPKey | None,
        http_client: HTTPClient | None,
        target: str = LOGIN_TARGET,
    ) -> None:
        self.dpop_key = dpop_key
        self._http_client = http_client
        self._margin = seconds_of("margin", margin)
        self._target = target
        self._current: StoredToken | None = None
        self._renews_again_at = 0.0
        self._made_in = os.getpid()
        self.clock = time.time

    def get_token(self) -> StoredToken:
        """Return a valid token.

        Raises :class:`TokenRequestException` if there is none and none can be obtained; its
        ``details`` contain the provider's ``oauth_error``.

        Example::

            token = source.get_token()
        """
        current = self._current
        if current is not None and current.is_fresh(self.clock()):
            return current
        spare = current if current is not None and current.is_usable(self.clock()) else None
        if spare is not None and self.clock() < self._renews_again_at:
            return spare
        try:
            return self._renew_in_time(spare)
        except PyIdentityModelException:
            spare = spare or self._stored_token()
            if spare is None or not spare.is_usable(self.clock()):
                raise
            return self._keep(spare, "renewing a token failed")

    def _renew_in_time(self, spare: StoredToken | None) -> StoredToken:
        """Return a new token, or ``spare`` if that takes long; the renewal goes on meanwhile."""
        if spare is not None:
            with suppress(TimeoutError), deadline(SECONDS_WITH_A_TOKEN):
                return self._renew(None)
            if spare.is_usable(self.clock()):
                return self._keep(spare, "renewing a token takes long")
        return self._renew(None)

    def _keep(self, spare: StoredToken, why: str) -> StoredToken:
        """Return ``spare``, and for the next seconds without another attempt."""
        # Each caller would wait for the same failure, for as long as the provider is down.
        now = self.clock()
        self._renews_again_at = now + _RENEWAL_GAP
        if self._current is None or not self._current.is_usable(now):  # else it may be newer
            self._current = spare
        logger.warning("%s; the old one is still used", why)
        return spare

    def renew(self, refused: str) -> StoredToken:
        """Return another token than ``refused``, which a server refused.

        If it was renewed meanwhile, no request is sent.  If it replaced a refused token itself,
        less than a minute ago, it is returned: a server that refuses every token costs one token
        request per minute, not one per call.  Raises :class:`TokenRequestException` if no other can
        be obtained.

        Example::

            token = source.renew("the-one-that-was-refused")
        """
        current = self._current
        if current is not None and current.access_token != refused:
            return current
        return self._renew(refused)

    def _renew(self, refused: str | None) -> StoredToken:
        if self._records is not None:
            self._current = self._renew_login_token(self._records, refused)
        else:
            call = partial(self._renew_machine_token, refused)
            joined = self._flights.run(self._key, call)
            assert joined is not None
            self._current = joined[0]
        return self._current

    def _stored_token(self) -> StoredToken | None:
        """Return the token that another source stored, if there is one."""
        if self._records is None:
            return self._get_stored()
        record = self._records.storage.peek(self._key, self._seen)
        return None if record is None else record.token_for(self._target)

    # The tokens of a machine can always be requested again, so the store only spares requests.

    def _renew_machine_token(self, refused: str | None) -> StoredToken:
        with Activity("renewal", "machine", self._request.address) as running:
            return self._store_or_request(refused, running)

    def _store_or_request(self, refused: str | None, running: Activity) -> StoredToken:
        spare = self._current or self._get_stored()
        is_good = spare is not None and spare.spares(self.clock(), refused)
        with self._lock(0.0 if is_good else STORE_SECONDS) as is_held:
            stored = self._get_stored()
            if stored is not None and (
                stored.serves(self.clock(), refused)
                or (not is_held and stored.spares(self.clock(), refused))
            ):
                running.discard()
                return stored
            self._find_endpoint()
            grant: Callable[..., Result[TokenResponse]] = _GRANTS[type(self._request)]
            response = grant(self._request, self._http_client, settings=self._settings)
            fresh = self._token_from(response, refused)
            self._save(fresh)
            return fresh

    def _find_endpoint(self) -> None:
        """Nothing: the program named the endpoint."""

    def _token_from(self, response: TokenResponse, refused: str | None) -> StoredToken:
        return stored_token_from(
            response,
            self._margin,
            self.clock(),
            address=self._request.address,
            dpop=self.dpop_key is not None,
            refused=refused,
        )

    @contextmanager
    def _lock(self, patience: float) -> Iterator[bool]:
        """Hold the lock if possible; return False if others hold it, who may have been killed."""
        context = self._store.lock(self._key)
        try:
            with deadline(patience + STORE_SECONDS), waiting_at_most(patience):
                enter(context)
        except TimeoutError as error:  # the store hangs
            self._warn(error)
            yield True
            return
        except PyIdentityModelException as error:
            is_held_by_others = error.code == "renewal_pending"
            if not is_held_by_others:
                self._warn(error)
            yield not is_held_by_others
            return
        try:
            yield True
        finally:
            try:
                with deadline(STORE_SECONDS):
                    leave(context)
            except TimeoutError as error:
                self._warn(error)

    def _get_stored(self) -> StoredToken | None:
        try:
            with deadline(STORE_SECONDS):
                text = self._store.get(self._key)
            if text is None:
                return None
            return StoredToken.from_members(unpack_value(_KIND, self._key, text))
        except Exception as error:
            self._warn(error)
            return self._current

    def _save(self, token: StoredToken) -> None:
        lifetime = None if token.expires_at is None else max(0.0, token.expires_at - self.clock())
        try:
            with deadline(STORE_SECONDS):
                self._store.set(self._key, pack_value(_KIND, self._key, vars(token)), lifetime)
        except Exception as error:
            self._warn(error)

    def _warn(self, error: Exception) -> None:
        now = time.monotonic()
        if now - self._warned_at >= _WARNING_GAP:
            self._warned_at = now
            logger.warning(
                "the token store is unavailable; requesting a token from the provider instead: %s",
                error if isinstance(error, PyIdentityModelException) else type(error).__name__,
            )

    # The tokens of a login: the record has the only refresh token.

    def _renew_login_token(self, records: SessionRecords, refused: str | None) -> StoredToken:
        if self._device is not None and self._first is None and self._seen == 0:
            self._beginning.run("device", partial(self._begin, records, self._device))
        inherited = os.getpid() != self._made_in and isinstance(self._store, MemoryTokenStore)
        record = records.renew(
            self._key,
            refused,
            partial(self._present, refused),
            where=self._request.address,
            serves=partial(self._serves, refused),
            seen=self._seen,
            first=None if inherited else self._first,
            spares=partial(self._spares, refused),
        )
        self._seen = max(self._seen, record.version)
        token = record.token_for(self._target)
        if token is None or not token.is_usable(self.clock()):  # a faster renewal has none for it
            raise renewal_pending_error(0.0)
        return token

    def _serves(self, refused: str | None, record: SessionRecord) -> bool:
        token = record.token_for(self._target)
        return token is not None and token.serves(self.clock(), refused)

    def _spares(self, refused: str | None, record: SessionRecord) -> bool:
        token = record.token_for(self._target)
        return token is not None and token.spares(self.clock(), refused)

    def _present(self, refused: str | None, record: SessionRecord) -> Renewal:
        request = self._request
        if isinstance(request, DeviceTokenRequest):
            request = refresh_request_for(request)
        assert isinstance(request, RefreshTokenRequest)
        request = replace(request, refresh_token=record.refresh_token or "")
        response = refresh_token(request, self._http_client, settings=self._settings)
        return apply_refresh(
            record,
            response,
            self._target,
            address=request.address,
            margin=self._margin,
            now=self.clock(),
            dpop=self.dpop_key is not None,
            refused=refused,
        )

    def _begin(self, records: SessionRecords, device: DeviceAuthorizationResponse) -> None:
        """Wait for the user of a device, unless its record exists already."""
        request = self._request
        assert isinstance(request, DeviceTokenRequest)
        stored = records.storage.find(self._key)
        if stored is None:
            response = wait_for_device_token(
                request, device, self._http_client, settings=self._settings
            )
            if not response.is_successful:  # codes work once: another holder may have been faster
                stored = records.storage.find(self._key)
        if stored is None:
            token = self._token_from(response, None)
            first = begin_record(
                response.token or {},
                {},
                token,
                issuer="",
                client_id=request.client_id,
                now=self.clock(),
            )
            stored = records.storage.begin(self._key, first)
        self._seen = stored.version


def _check_request(request: TokenRequest, device: DeviceAuthorizationResponse | None) -> None:
    if type(request) not in _GRANTS:
        hint = " (its code works once: use the refresh token)"
        once = isinstance(request, AuthorizationCodeTokenRequest)
        raise InvalidArgumentError(
            f"{type(request).__name__} cannot be repeated{hint if once else ''}"
        )
    if (device is None) is isinstance(request, DeviceTokenRequest):
        raise InvalidArgumentError("a DeviceTokenRequest requires device, and only that does")


def _repeatable_request(request: TokenRequest) -> TokenRequest:
    """Return a request that asks for the same each time, though its scope may be an iterator."""
    members = {name: repeatable(value) for name, value in vars(request).items()}
    changed = {name: one for name, one in members.items() if one is not vars(request)[name]}
    return replace(request, **changed) if changed else request


def _check_name(name: RequestName, store: TokenStore | None, key: str | None) -> None:
    shared = store is not None and not isinstance(store, MemoryTokenStore)
    if shared and name.unnamed and key is None:
        raise InvalidArgumentError(
            f"{', '.join(name.unnamed)} has no name that other processes share: give the source "
            "a key= that identifies the token",
            code="unnamed_request",
        )
