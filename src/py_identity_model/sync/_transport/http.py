# Generated from aio/_transport/http.py by scripts/make_sync.py; edit that file.
"""HTTP: the clients, and ``send``, the only road to the network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from functools import cached_property, partial
from time import monotonic, time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..._http_library import built_request, connections_of, ignore_cookies, library_of, no_cookies
from ..._logging import logger, redact_url, scrub, without_values
from ..._seam.sync import Closing, WorkerLocal, call, deadline, open_client, sleep
from ..._settings import (
    HTTP_RETRY_BASE_DELAY,
    HTTP_RETRY_MAX_ATTEMPTS,
    HTTP_TIMEOUT,
    MOST_CONNECTIONS,
)
from ..._wire.messages import USUAL_HEADERS, HttpRequest, HttpResponse, Replay
from ..._wire.retry import backoff, retry_after, worth_retrying
from ...exceptions import ConfigurationException, InvalidArgumentError, NetworkException
from ...ssl_config import get_ssl_verify
from .receiving import left, receive, timeout_within, too_late
from .turns import Turn, Turns

if TYPE_CHECKING:  # loaded by whoever sends the first request: it costs more than all of ours
    import httpx
    import httpx2

    from ..._wire.certificate import MtlsClientAuth
    from ..._wire.dpop_nonces import NonceMemory
    from .stores import BestEffortStore, TokenStore

_DEADLINE_FACTOR = 2
# All threads share these, although each has a client: together they are what a host is asked by.
_turns = Turns(MOST_CONNECTIONS)


class HTTPClient(Closing):
    """An HTTP client to be passed to the functions of this package.

    Without ``client`` it makes and owns one: ``timeout`` in seconds for each phase of a request
    (``HTTP_TIMEOUT`` or 30 by default; a request takes at most twice that in total, retries
    included), ``verify`` as True, False, or a file or folder of certificate authorities (by
    default what :func:`py_identity_model.ssl_config.get_ssl_verify` says), ``certificate`` is
    presented to servers that ask for one: several where their kinds of key differ, for TLS
    chooses by the kind.  With ``client`` it wraps that one, of httpx or of httpx2, and leaves
    closing it to you.

    Keys and documents fetched through it are cached on it, and shared with no other client.  With
    a ``document_store`` (an :class:`TokenStore` such as :class:`RedisTokenStore`) other
    processes take them over from there instead of fetching them again.  Who may write to that
    store decides whose tokens are good: let its hooks encrypt and authenticate.

    Raises :class:`InvalidArgumentError` (a ``ValueError``) when ``timeout``, ``verify`` or
    ``certificate`` come with ``client``, or cannot be used; and for ``verify=False`` with a
    ``document_store``: keys from a server that nobody checked would serve all who share it.

    Example::

        with HTTPClient(timeout=5) as http_client:
            response = get_jwks(JwksRequest(jwks_uri), http_client=http_client)
    """

    def __init__(
        self,
        client: httpx.Client | httpx2.Client | None = None,
        timeout: float | None = None,
        verify: bool | str | None = None,
        *,
        certificate: MtlsClientAuth | Sequence[MtlsClientAuth] | None = None,
        document_store: TokenStore | None = None,
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
        if verify is False and document_store is not None:
            raise InvalidArgumentError(
                "verify=False and document_store cannot be combined: what came from a server that "
                "nobody checked would serve all who share the store"
            )
        self.kept: dict[type, object] = {}  # what other modules remember with this client
        if document_store is not None:
            from ..._wire.arguments import check_store
            from .stores import TokenStore

            check_store("document_store", document_store, TokenStore)
        self.document_store = document_store
        self.owns_client = client is None
        self._closed = False
        self._deadline = None if timeout is None else _DEADLINE_FACTOR * _checked(timeout)
        self.presents_certificate = certificate is not None
        self._client: Any = client if client is not None else _open(timeout, verify, certificate)
        self.library = library_of(self._client)

    @cached_property
    def nonces(self) -> NonceMemory:
        """What servers demand in proofs."""
        from ..._wire.dpop_nonces import NonceMemory

        return NonceMemory()

    @cached_property
    def documents(self) -> BestEffortStore | None:
        """The ``document_store``, bounded in time."""
        if self.document_store is None:
            return None
        from .stores import BestEffortStore  # few clients have a store

        return BestEffortStore(self.document_store)

    @property
    def turns(self) -> Turns:
        """The turns of what is fetched through this client."""
        turns = self.kept.get(Turns)
        if turns is None:
            most = MOST_CONNECTIONS if self.owns_client else connections_of(self._client)
            turns = self.kept.setdefault(Turns, Turns(most))
        assert isinstance(turns, Turns)
        return turns

    @property
    def client(self) -> httpx.Client:
        """The client of httpx, or the one that was given; RuntimeError once this was closed."""
        if self._closed:
            raise RuntimeError("HTTPClient has been closed")
        client: httpx.Client = self._client
        return client

    @property
    def is_closed(self) -> bool:
        """Whether this object, or the client inside, was closed."""
        return self._closed or bool(self._client.is_closed)

    @property
    def total_timeout(self) -> float:
        """How long one call of :func:`send` may take, in seconds."""
        given = HTTP_TIMEOUT.given()
        if given is not None:
            return _DEADLINE_FACTOR * given
        if self._deadline is None:
            return _DEADLINE_FACTOR * HTTP_TIMEOUT.from_environment()
        return self._deadline

    def close(self) -> None:
        """Close the client inside if it is this object's own; twice is fine.

        Example::

            http_client.close()
        """
        self._closed = True
        if self.owns_client:
            self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _checked(timeout: float) -> float:
    if not isinstance(timeout, (int, float)) or not 0 < timeout < float("inf"):
        raise InvalidArgumentError("timeout must be a positive number of seconds")
    return timeout


def _open(
    timeout: float | None,
    verify: bool | str | None,
    certificate: MtlsClientAuth | Sequence[MtlsClientAuth] | None = None,
    *,
    late: bool = False,
    ca_file: str | None = None,
) -> httpx.Client:
    from ..._tls import client_context, fresh_context, tls_contexts

    trusted = (ca_file or get_ssl_verify()) if verify is None else verify
    if trusted is False:
        logger.warning("server certificates are not verified")
    if ca_file is not None:
        context = partial(fresh_context, ca_file)
    elif certificate is not None:
        context = partial(client_context, trusted, certificate)
    elif late:
        context = partial(tls_contexts.late, trusted)
    else:
        tls_contexts.begin(trusted)
        context = partial(tls_contexts.get, trusted)
    client = open_client(
        context,
        timeout=HTTP_TIMEOUT.from_environment() if timeout is None else timeout,
        follow_redirects=False,
        cookies=no_cookies(),
        headers=USUAL_HEADERS,
    )
    ignore_cookies(client)
    return client


def _shared() -> HTTPClient:
    owner = HTTPClient(_open(None, None, late=True))
    owner.owns_client = True
    owner.kept[Turns] = _turns
    return owner


_default: WorkerLocal[HTTPClient] = WorkerLocal(_shared, lambda owner: owner.client.close)


def default_http_client(url: object = "") -> HTTPClient:
    """Return the client that this worker's calls share; made anew when it was closed.

    Unless it is for a ``url`` that needs none, the certificates of authorities are read first.
    Raises InvalidArgumentError where they cannot be.
    """
    from ..._tls import tls_contexts

    plain = isinstance(url, str) and url.lower().startswith("http:")
    trusted = None if plain else get_ssl_verify()
    if trusted is not None:
        tls_contexts.begin(trusted)  # while the client is made
    client = _default.peek()
    if client is None or client.is_closed:
        client = _default.renew()
    if trusted is not None:
        tls_contexts.get(trusted)
    return client


def chosen_client(http_client: HTTPClient | None, url: object) -> HTTPClient:
    """Return ``http_client``, or the client that this worker's calls share, for ``url``.

    Raises InvalidArgumentError for something else, RuntimeError for one that was closed.
    """
    if http_client is None:
        return default_http_client(url)
    check_http_client(http_client)
    _ = http_client.client
    return http_client


def check_http_client(given: object, certificate: MtlsClientAuth | None = None) -> None:
    """Raise InvalidArgumentError for what no function takes as its ``http_client``.

    Raises ConfigurationException for one that cannot present ``certificate``: TLS is set up by
    then.
    """
    if given is None:
        return
    if certificate is not None:
        raise ConfigurationException(
            "mtls and http_client cannot be combined: let the client present the certificate",
            code="mtls_with_client",
        )
    if not isinstance(given, HTTPClient):
        raise InvalidArgumentError(
            f"http_client must be an HTTPClient, not {type(given).__name__}: "
            "HTTPClient(client) wraps a client of httpx or httpx2"
        )


def close_default_http_client() -> None:
    """Close this worker's client; its next call makes another."""
    client = _default.peek()
    if client is not None:
        client.close()


def send(
    request: HttpRequest,
    http_client: HTTPClient | None,
    *,
    retries: int | None = None,
    in_turn: bool = False,
) -> HttpResponse:
    """Send ``request``, again where that is safe, and return the complete answer.

    ``retries`` is how often at most; None reads ``HTTP_RETRY_MAX_ATTEMPTS``.  With ``in_turn``,
    for what strangers can cause, each attempt waits for its turn at the host (at the endpoint, if
    this is not for a document), and the wait counts towards the deadline.  Raises NetworkException
    when no answer came, or too many wait already, DeadlineExceededException when it took too long
    in total, ResponseRefusedException for a redirect, an encoded body or too large a one.
    """
    if request.certificate is not None:
        check_http_client(http_client, request.certificate)
        inner = _open(None, None, request.certificate)
        return _send_alone(request, inner, retries, in_turn=in_turn)
    if request.ca_file is not None and (http_client is None or _is_shared(http_client)):
        inner = _open(None, None, ca_file=request.ca_file)
        return _send_alone(request, inner, retries, in_turn=in_turn)
    owner = chosen_client(http_client, request.url)
    seconds = owner.total_timeout
    due = monotonic() + seconds
    apart = request.method != "GET"
    turn = owner.turns.turn(request.url, due, apart=apart) if in_turn else None
    most = int(HTTP_RETRY_MAX_ATTEMPTS.read()) if retries is None else retries
    pauses = backoff(most, HTTP_RETRY_BASE_DELAY.read())
    try:
        with deadline(seconds):
            return _attempts(owner, request, pauses, due, turn)
    except TimeoutError:
        raise too_late(request, waiting=turn is not None and turn.is_waiting) from None


def seconds_allowed(client: HTTPClient | None) -> float:
    """Return how long one call of :func:`send` by ``client`` may take, in seconds."""
    return _DEADLINE_FACTOR * HTTP_TIMEOUT.read() if client is None else client.total_timeout


def _is_shared(client: HTTPClient) -> bool:
    return client.kept.get(Turns) is _turns


def _send_alone(
    request: HttpRequest, inner: httpx.Client, retries: int | None, *, in_turn: bool
) -> HttpResponse:
    """Send ``request`` by a client of its own, with turns like all others, and close that."""
    client = HTTPClient(inner)
    client.kept[Turns] = _turns
    try:
        bare = request._replace(certificate=None, ca_file=None)
        return send(bare, client, retries=retries, in_turn=in_turn)
    finally:
        inner.close()


def _attempts(
    owner: HTTPClient,
    request: HttpRequest,
    pauses: Iterator[float],
    due: float,
    turn: Turn | None,
) -> HttpResponse:
    while True:
        try:
            with turn or nullcontext():  # not while it pauses: others may ask meanwhile
                response = _answered(owner, request, due)
        except NetworkException as error:
            cause = error.__cause__
            pause = next(pauses, None)
            if not _may_send_again(cause, request.replay, owner.library) or pause is None:
                raise
            if monotonic() + pause >= due:
                raise
            reason = type(cause).__name__
        else:
            if not worth_retrying(response.status_code, request.replay):
                return response
            pause = next(pauses, None)
            if pause is None:
                return response
            pause = max(pause, retry_after(response.headers.get("retry-after"), time()))
            if monotonic() + pause >= due:
                return response
            reason = f"status {response.status_code}"
        logger.warning(
            "%s %s: %s; again in %g s", request.method, redact_url(request.url), reason, pause
        )
        sleep(pause)


def _may_send_again(cause: BaseException | None, replay: Replay, library: Any) -> bool:
    if isinstance(cause, (library.ConnectError, library.ConnectTimeout, library.PoolTimeout)):
        return True
    hopeless = isinstance(cause, (library.UnsupportedProtocol, library.LocalProtocolError))
    return replay is Replay.SAFE and isinstance(cause, library.RequestError) and not hopeless


def _answered(owner: HTTPClient, request: HttpRequest, due: float) -> HttpResponse:
    """Return the answer to one attempt, or to a second with the nonce that was demanded."""
    if request.dpop_key is None:
        return _attempt(owner, request, due, None)
    memory = owner.nonces
    place = memory.place(request.dpop_key, request.url)
    response = _attempt(owner, request, due, memory.nonces.get(place))
    demanded = memory.learn(place, response)
    if demanded is None:
        return response
    response = _attempt(owner, request, due, demanded)
    memory.learn(place, response)
    return response


def _attempt(
    owner: HTTPClient, request: HttpRequest, due: float, nonce: str | None
) -> HttpResponse:
    library = owner.library
    client, usual = owner.client, {} if owner.owns_client else USUAL_HEADERS
    proof = _proof(request, nonce)
    prepared = request.prepare(nonce=nonce, assertion=_assertion(request), proof=proof)
    try:
        built = built_request(
            client,
            library,
            request.method,
            request.url,
            headers={**usual, **prepared.headers},
            content=prepared.content,
            timeout=timeout_within(client.timeout, left(request, due)),
        )
        if "Authorization" in prepared.headers:  # the client's own must not replace it
            response = client.send(built, stream=True, follow_redirects=False, auth=None)
        else:
            response = client.send(built, stream=True, follow_redirects=False)
        try:
            answer = receive(response, request, due, library)
            return answer._replace(sent=prepared)
        finally:
            response.close()
    except library.InvalidURL as error:
        text = f"the URL is malformed: {without_values(error)}"
        raise ConfigurationException(text, code="invalid_url") from None
    except library.RequestError as error:
        if monotonic() >= due:
            raise too_late(request) from error
        text = scrub(_words_of(error), prepared.secrets())
        raise NetworkException(text, redact_url(request.url)) from error


def _proof(request: HttpRequest, nonce: str | None) -> dict[str, str] | None:
    key = request.dpop_key
    if key is None or key.signer is None:
        return None
    from .signing import proof_fields

    return proof_fields(key, request.method, request.url, request.access_token, nonce)


def _assertion(request: HttpRequest) -> str | None:
    authentication = request.authentication
    if authentication is not None and authentication.signer is not None:
        from .signing import signed

        make: Any = authentication
        return signed(
            authentication.signer, partial(make.assertion, request.client_id, request.url)
        )
    source = None if authentication is None else authentication.source()
    if source is None:
        return None
    assertion = call(source)
    return assertion if isinstance(assertion, str) else None


def _words_of(error: BaseException) -> str:
    """Return what ``error`` says, or what lies behind it; some say nothing themselves."""
    cause: BaseException | None = error
    while cause is not None and not str(cause):
        cause = cause.__cause__ or cause.__context__
    return str(cause) if cause is error else f"{type(error).__name__}: {cause or 'no details'}"
