"""HTTP clients: our own, injected ones, and the shared one of each worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..._http_library import (
    connections_of,
    ignore_cookies,
    library_of,
    names_in_library,
    no_cookies,
    verifies_servers,
)
from ..._logging import logger
from ..._seam.aio import Closing, WorkerLocal, open_client
from ..._settings import HTTP_TIMEOUT, MOST_CONNECTIONS
from ..._wire.messages import USUAL_HEADERS, HttpRequest
from ...exceptions import ConfigurationException, InvalidArgumentError
from ...ssl_config import get_ssl_verify
from .turns import AsyncTurns

if TYPE_CHECKING:  # loaded by the first request: it costs more than all of ours
    import ssl

    import httpx
    import httpx2

    from ..._tls import LazySSLContext
    from ..._wire.certificate import MtlsClientAuth
    from .nonces import AsyncDPoPNonceCache, AsyncNonces
    from .stores import AsyncBestEffortStore, AsyncTokenStore

_DEADLINE_FACTOR = 2
# All threads share these, although each has a client: a host sees them together.
SHARED_TURNS = AsyncTurns(MOST_CONNECTIONS)


class AsyncHTTPClient(Closing):
    """An HTTP client to be passed to the functions of this package.

    :param client: an httpx or httpx2 client to wrap, which the caller closes; by default this
        object creates and owns one
    :param timeout: seconds for each phase of a request (``HTTP_TIMEOUT`` or 30 by default); a
        request takes at most twice that in total, retries included
    :param verify: True, False, or a file or folder of certificate authorities (by default the
        result of :func:`py_identity_model.ssl_config.get_ssl_verify`)
    :param certificate: presented to servers that ask for one; several if the types of their keys
        differ, for TLS chooses by the type
    :param document_store: an :class:`AsyncTokenStore` such as :class:`AsyncRedisTokenStore`,
        through which processes share documents and keys instead of fetching them again; write
        access to it decides whose tokens are accepted: let its hooks encrypt and authenticate
    :param dpop_nonce_cache: shares the nonces that servers require in DPoP proofs with other
        clients; by default each client remembers its own

    Keys and documents fetched through it are cached on it, and not shared with other clients.

    Raises :class:`InvalidArgumentError` (a ``ValueError``) when ``timeout``, ``verify`` or
    ``certificate`` come with ``client``, or are unusable; and for ``verify=False``, also of
    ``client``, with a ``document_store``: keys from an unverified server would be served to all
    users of the store.

    Example::

        async with AsyncHTTPClient(timeout=5) as http_client:
            response = await get_jwks(JwksRequest(jwks_uri), http_client=http_client)
    """

    def __init__(
        self,
        client: httpx.AsyncClient | httpx2.AsyncClient | None = None,
        timeout: float | None = None,
        verify: bool | str | None = None,
        *,
        certificate: MtlsClientAuth | Sequence[MtlsClientAuth] | None = None,
        document_store: AsyncTokenStore | None = None,
        dpop_nonce_cache: AsyncDPoPNonceCache | None = None,
    ) -> None:
        if client is not None and certificate is not None:
            raise InvalidArgumentError(
                "certificate cannot be specified together with an existing client, "
                "which presents its own"
            )
        if client is not None and (timeout is not None or verify is not None):
            raise InvalidArgumentError(
                "timeout and verify cannot be specified together with an existing client"
            )
        # 0 equals False: without this, it would find the context that verifies nothing.
        if not isinstance(verify, (bool, str, PathLike, type(None))):
            raise InvalidArgumentError("verify must be True, False, or the path of authorities")
        # Anything else may be a double; one of the other API would fail only when it is used.
        names = names_in_library(client)
        is_double = not names and hasattr(client, "send") and hasattr(client, "build_request")
        if client is not None and "AsyncClient" not in names and not is_double:
            raise InvalidArgumentError(
                f"client must be an httpx or httpx2 AsyncClient, not {type(client).__name__}"
            )
        self._may_verify = verify is not False
        self.attached: dict[type, object] = {}  # by other modules, for its lifetime
        if document_store is not None:
            if not self._may_verify or (client is not None and not verifies_servers(client)):
                raise InvalidArgumentError(
                    "verify=False and document_store cannot be combined: documents from an "
                    "unverified server would be served to all users of the store"
                )
            from ..._wire.arguments import check_store
            from .stores import AsyncTokenStore

            check_store("document_store", document_store, AsyncTokenStore)
        self.document_store = document_store
        if dpop_nonce_cache is not None:
            from ..._wire.arguments import check_store
            from .nonces import AsyncDPoPNonceCache

            check_store("dpop_nonce_cache", dpop_nonce_cache, AsyncDPoPNonceCache)
        self.dpop_nonce_cache = dpop_nonce_cache
        self.owns_client = client is None
        self._closed = False
        self._deadline = None if timeout is None else _DEADLINE_FACTOR * _checked(timeout)
        self.presents_certificate = certificate is not None
        self._client: Any = (
            client if client is not None else _open_own(timeout, verify, certificate)
        )
        self.library = library_of(self._client)

    @property
    def verifies_servers(self) -> bool:
        """Whether the certificates of servers are verified, as far as it can be seen."""
        return self._may_verify and verifies_servers(self._client)

    @cached_property
    def nonces(self) -> AsyncNonces:
        """The nonces that servers require in proofs."""
        if self.dpop_nonce_cache is not None:
            return self.dpop_nonce_cache
        from .nonces import AsyncOwnNonces

        return AsyncOwnNonces()

    @cached_property
    def documents(self) -> AsyncBestEffortStore | None:
        """The ``document_store``, limited in time."""
        if self.document_store is None:
            return None
        from .stores import AsyncBestEffortStore  # few clients have a store

        return AsyncBestEffortStore(self.document_store)

    @property
    def turns(self) -> AsyncTurns:
        """The turns of the fetches of this client."""
        turns = self.attached.get(AsyncTurns)
        if turns is None:
            most = MOST_CONNECTIONS if self.owns_client else connections_of(self._client)
            # `setdefault` is atomic: two threads that create turns at once use one of them.
            turns = self.attached.setdefault(AsyncTurns, AsyncTurns(most))
        assert isinstance(turns, AsyncTurns)
        return turns

    @property
    def client(self) -> httpx.AsyncClient:
        """The underlying httpx client; RuntimeError after :meth:`close`."""
        if self._closed:
            raise RuntimeError("AsyncHTTPClient has been closed")
        client: httpx.AsyncClient = self._client
        return client

    @property
    def is_closed(self) -> bool:
        """Whether this object, or the client inside, was closed."""
        return self._closed or bool(self._client.is_closed)

    @property
    def total_timeout(self) -> float:
        """The maximum duration of one call of :func:`send`, in seconds."""
        given = HTTP_TIMEOUT.given()
        if given is not None:
            return _DEADLINE_FACTOR * given
        if self._deadline is None:
            return _DEADLINE_FACTOR * HTTP_TIMEOUT.from_environment()
        return self._deadline

    async def close(self) -> None:
        """Close the client inside if it is this object's own; repeated calls do nothing.

        Example::

            await http_client.close()
        """
        self._closed = True
        if self.owns_client:
            await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


def _checked(timeout: float) -> float:
    if not isinstance(timeout, (int, float)) or not 0 < timeout < float("inf"):
        raise InvalidArgumentError("timeout must be a positive number of seconds")
    return timeout


def _open(
    context: Callable[[], ssl.SSLContext | LazySSLContext], timeout: float | None = None
) -> httpx.AsyncClient:
    client = open_client(
        context,
        timeout=HTTP_TIMEOUT.from_environment() if timeout is None else timeout,
        follow_redirects=False,
        cookies=no_cookies(),
        headers=USUAL_HEADERS,
    )
    ignore_cookies(client)
    return client


def _open_own(
    timeout: float | None,
    verify: bool | str | None,
    certificate: MtlsClientAuth | Sequence[MtlsClientAuth] | None,
) -> httpx.AsyncClient:
    from ..._tls import client_context, tls_contexts

    trusted = _trusted(verify)
    if certificate is not None:
        return _open(partial(client_context, trusted, certificate), timeout)
    context = tls_contexts.lazy(trusted)
    context.preload()
    return _open(context.ready, timeout)  # unreadable authorities are refused here


def _trusted(verify: bool | str | None) -> bool | str:
    trusted = get_ssl_verify() if verify is None else verify
    if trusted is False:
        logger.warning("server certificates are not verified")
    return trusted


def client_for_one(
    request: HttpRequest, http_client: AsyncHTTPClient | None
) -> AsyncHTTPClient | None:
    """Return a new client if ``request`` needs one of its own, which the caller must close.

    It shares the turns of the calls without a client.  Raises ConfigurationException for an
    ``http_client`` that cannot present the request's certificate.
    """
    if request.certificate is not None:
        check_http_client(http_client, request.certificate)
        client = AsyncHTTPClient(_open_own(None, None, request.certificate))
    elif request.ca_file is not None and (http_client is None or _is_shared(http_client)):
        from ..._tls import fresh_context

        client = AsyncHTTPClient(_open(partial(fresh_context, request.ca_file)))
    else:
        return None
    client.attached[AsyncTurns] = SHARED_TURNS
    return client


def _is_shared(client: AsyncHTTPClient) -> bool:
    return client.attached.get(AsyncTurns) is SHARED_TURNS


def _shared() -> AsyncHTTPClient:
    from ..._tls import tls_contexts

    owner = AsyncHTTPClient(_open(partial(tls_contexts.lazy, _trusted(None))))
    owner.owns_client = True
    owner.attached[AsyncTurns] = SHARED_TURNS
    return owner


_default: WorkerLocal[AsyncHTTPClient] = WorkerLocal(_shared, lambda owner: owner.client.aclose)


def default_http_client() -> AsyncHTTPClient:
    """Return the shared client of this worker; a closed one is replaced.

    It reads the certificates of authorities when it first needs them.
    """
    # No lock between the look and the renewal: the client belongs to this worker alone.
    client = _default.peek()
    return _default.renew() if client is None or client.is_closed else client


def chosen_client(http_client: AsyncHTTPClient | None, url: object = "https:") -> AsyncHTTPClient:
    """Return ``http_client``, or the shared client of this worker, ready for ``url``.

    Raises InvalidArgumentError for anything else, and if the shared one needs unreadable
    certificates; RuntimeError for a closed one.
    """
    if http_client is not None:
        check_http_client(http_client)
        _ = http_client.client
        return http_client
    if isinstance(url, str) and url.lower().startswith("http:"):
        return default_http_client()
    from ..._tls import tls_contexts

    certificates = tls_contexts.lazy(get_ssl_verify())
    # In another thread, while the client is created: OpenSSL needs no interpreter lock for it.
    certificates.preload()
    client = default_http_client()
    certificates.ready()
    return client


def check_http_client(given: object, certificate: MtlsClientAuth | None = None) -> None:
    """Raise InvalidArgumentError for anything but an ``http_client``.

    Raises ConfigurationException for one that cannot present ``certificate``: its TLS is already
    set up.
    """
    if given is None:
        return
    if certificate is not None:
        raise ConfigurationException(
            "mtls and http_client cannot be combined: let the client present the certificate",
            code="mtls_with_client",
        )
    if not isinstance(given, AsyncHTTPClient):
        raise InvalidArgumentError(
            f"http_client must be an AsyncHTTPClient, not {type(given).__name__}: "
            "AsyncHTTPClient(client) wraps an httpx or httpx2 client"
        )


def shared_nonces(http_client: AsyncHTTPClient | None) -> AsyncDPoPNonceCache | None:
    """Return the cache of nonces that a client, if one is given, shares with others."""
    return http_client.dpop_nonce_cache if isinstance(http_client, AsyncHTTPClient) else None


async def close_default_http_client() -> None:
    """Close this worker's client; its next call creates another."""
    client = _default.peek()
    if client is not None:
        await client.close()
