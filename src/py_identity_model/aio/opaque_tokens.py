"""Tokens that only their issuer can read: asked about, and the answers kept for a while."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from enum import Enum
from functools import partial
from typing import Any

from .._fork import forget_in_child
from .._jose.claims import numeric_date
from .._logging import logger
from .._protocol.client_authentication import ClientAuthentication
from .._protocol.introspection import TokenIntrospectionRequest
from .._protocol.retry import is_outage
from .._protocol.token_validation import TokenValidationConfig
from .._settings import Settings
from ..exceptions import (
    InvalidArgumentError,
    KeysUnavailableException,
    TokenExpiredException,
    TokenValidationException,
)
from .best_effort import try_get, try_set
from .http import AsyncHTTPClient
from .introspection import introspect_token
from .single_flight import AsyncSingleFlight
from .token_store import AsyncTokenStore


class AsyncOpaqueTokens:
    """Asks the provider about tokens that are no JWT, for an :class:`AsyncAccessTokenVerifier`.

    ``address`` is the introspection endpoint, ``client_id`` and ``client_authentication`` are
    this API's own; ``token_validation_config`` and ``disco_doc_address`` ask for signed answers,
    see :class:`TokenIntrospectionRequest`.  An answer that says active is kept for ``cache_ttl``
    seconds (0 keeps nothing), never past the token's ``exp``, for up to ``max_entries`` tokens:
    so long a revoked token may still be taken.  Callers with one token share one request; with
    a ``store`` (an :class:`AsyncTokenStore`) so do other processes.  Who may write to that store
    decides which tokens are good: let its hooks encrypt and authenticate.  RFC 7662 §2.2 and §4.

    Example::

        AsyncOpaqueTokens(
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
        http_client: AsyncHTTPClient | None = None,
        settings: Settings | None = None,
    ) -> None:
        if cache_ttl < 0 or max_entries < 1:
            raise InvalidArgumentError("cache_ttl must not be negative, max_entries at least 1")
        self._request = TokenIntrospectionRequest(
            address,
            "",
            client_id,
            client_authentication=client_authentication,
            token_validation_config=token_validation_config,
            disco_doc_address=disco_doc_address,
        )
        self._ttl = cache_ttl
        self._most = max_entries
        self._store = store if cache_ttl > 0 else None
        self._http_client = http_client
        self._settings = settings
        self._known: dict[bytes, tuple[float, dict[str, Any]]] = {}
        self._flights: AsyncSingleFlight[dict[str, Any]] = AsyncSingleFlight(
            "py_identity_model.opaque"
        )
        self._lock = threading.Lock()
        self.clock = time.monotonic
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._known)

    async def claims(self, token: str) -> dict[str, Any]:
        """Return what the provider says of an active token.

        Raises :class:`TokenValidationException` for one that is not active,
        :class:`TokenExpiredException` when its ``exp`` is past, and
        :class:`KeysUnavailableException` when the provider is out.

        Example::

            claims = await opaque_tokens.claims("an-opaque-token")
        """
        key = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        known = self._known.get(key)
        if known is not None and self.clock() < known[0]:
            found = dict(known[1])
        else:
            joined = await self._flights.run(key, partial(self._ask, token, key))
            assert joined is not None
            found = dict(joined[0])
        expires = numeric_date(found.get("exp"))
        if expires is not None and time.time() >= expires:
            raise TokenExpiredException("Token has expired")
        return found

    async def _ask(self, token: str, key: bytes) -> dict[str, Any]:
        name = self._name(token)
        shared = await self._shared(name)
        if shared is not None:
            self._keep(key, shared[1], shared[0] - time.time())
            return shared[1]
        request = TokenIntrospectionRequest(**{**vars(self._request), "token": token})
        response = await introspect_token(request, self._http_client, settings=self._settings)
        if not response.is_successful:
            raise _failure(response.error_kind, response.status_code, str(response.error))
        claims = response.claims or {}
        if claims.get("active") is not True:
            self._forget(key)
            raise TokenValidationException("The access token is not active", code="inactive_token")
        seconds = self._keep(key, claims, self._ttl)
        if seconds > 0:
            await self._share(name, claims, seconds)
        return claims

    def _name(self, token: str) -> str:
        # A provider may tell each of its clients something else (RFC 7662 §2.2).
        asker = (self._request.address, self._request.client_id or "", token)
        text = "\0".join(asker).encode("utf-8", "replace")
        return f"introspection-{hashlib.sha256(text).hexdigest()}"

    async def _shared(self, name: str) -> tuple[float, dict[str, Any]] | None:
        """Return until when, and what, another process was told of a token."""
        if self._store is None:
            return None
        text = await try_get(self._store, name)
        try:
            kept = {} if text is None else json.loads(text)
            until, claims = numeric_date(kept.get("until")), kept.get("claims")
        except (ValueError, AttributeError):
            logger.warning("a shared introspection cannot be read")
            return None
        if until is None or time.time() >= until or not isinstance(claims, dict):
            return None
        return (min(until, time.time() + self._ttl), claims) if claims.get("active") else None

    async def _share(self, name: str, claims: dict[str, Any], seconds: float) -> None:
        if self._store is None:
            return
        text = json.dumps({"until": time.time() + seconds, "claims": claims})
        await try_set(self._store, name, text, seconds)

    def _keep(self, key: bytes, claims: dict[str, Any], seconds: float) -> float:
        """Keep ``claims`` for so many seconds, and no longer than the token lives; return which."""
        expires = numeric_date(claims.get("exp"))
        if expires is not None:
            seconds = min(seconds, expires - time.time())
        if seconds <= 0:
            return seconds
        with self._lock:
            now = self.clock()
            if len(self._known) >= self._most:
                self._known = {k: v for k, v in self._known.items() if now < v[0]}
            while len(self._known) >= self._most:
                del self._known[next(iter(self._known))]
            self._known[key] = (now + seconds, claims)
        return seconds

    def _forget(self, key: bytes) -> None:
        with self._lock:
            self._known.pop(key, None)


def _failure(kind: Enum | None, status: int | None, text: str) -> KeysUnavailableException:
    code = "introspection_unavailable" if is_outage(kind, status) else "introspection_failed"
    return KeysUnavailableException(text, status_code=status, code=code)
