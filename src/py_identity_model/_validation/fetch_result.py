"""Fetching of provider documents: requests, results, and shared responses.  No I/O."""

import hashlib
import math
from collections.abc import Callable
from enum import Enum
from time import monotonic
from typing import Any, Generic, NamedTuple, TypeVar

from .._settings import Setting
from .._wire.discovery_policy import DiscoveryPolicy, copy_policy
from .._wire.messages import HttpRequest, HttpResponse
from .cache_entry import time_to_live, until_refresh

V = TypeVar("V")

_STORED_HEADERS = ("content-type", "cache-control", "etag")
_CLOCKS_DIFFER = 60.0  # seconds that the clocks of two machines may differ
_STALE_WAIT = 2.0  # seconds that a caller waits for a refresh although a stale value is cached


class Refused(Exception):
    """A violated rule for a document, its address or its response; never leaves the package.

    ``code`` is that of a rule which has one of its own.
    """

    def __init__(
        self,
        kind: Enum,
        text: str,
        *missing: str,
        status_code: int | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(text)
        self.kind = kind
        self.missing = missing
        self.status_code = status_code
        self.code = code


class FetchResult(NamedTuple, Generic[V]):
    """The result of a fetch: a value, or the reason for its absence.

    ``unchanged`` says that the value is the known one, which is still the provider's;
    ``etag`` names the version, ``age`` is how many seconds ago another process fetched it.
    ``code`` is the exception's, where it is not that of the document's kind; ``unasked`` says that
    too many others waited to ask: that is not the provider's failure.
    """

    value: V | None = None
    error: str | None = None
    error_kind: Enum | None = None
    status_code: int | None = None
    missing: tuple[str, ...] = ()
    cache_control: str | None = None
    etag: str | None = None
    unchanged: bool = False
    age: float = 0.0
    code: str | None = None
    unasked: bool = False


CacheKey = tuple[Any, ...]
"""An address, and the rules by which the document there was judged."""


class Location(NamedTuple):
    """The address of a document, the policy for it, and the cache key of both."""

    address: str
    policy: DiscoveryPolicy
    key: CacheKey

    def frozen(self) -> "Location":
        """Return this location with a private copy of the policy."""
        # A response must be checked by the rules of its cache key, but the caller may change the
        # policy while the request is running.
        return self._replace(policy=copy_policy(self.policy))


def _nowhere(address: str) -> None:
    return None


class DocumentKind(NamedTuple, Generic[V]):
    """A kind of document: the pure code on both sides of the wire.

    ``name`` is used by events, ``label`` and ``operation`` by logs; ``code`` goes into the
    exception for a document that is not usable, ``empty`` is the result for one that ``is_empty``.
    ``build``, ``parse`` and ``key_of`` take the address and the policy.  ``elsewhere`` says where
    else the document may be that the provider does not have at the address.  Caches count with
    ``count_hit``, and with ``count_request``, which takes whether something is cached; kinds that
    come ``first`` are refreshed before the others.
    """

    name: str
    label: str
    operation: str
    code: str
    ttl: Setting
    build: Callable[[str, DiscoveryPolicy], HttpRequest]
    parse: Callable[[str, DiscoveryPolicy, HttpResponse], V]
    failed: Callable[[Exception], FetchResult[Any]]
    key_of: Callable[[str, DiscoveryPolicy], CacheKey]
    is_empty: Callable[[V], bool]
    count_hit: Callable[[], None]
    count_request: Callable[[bool], None]
    empty: FetchResult[Any] = FetchResult()
    elsewhere: Callable[[str], str | None] = _nowhere
    first: bool = False

    def locate(self, address: str, policy: DiscoveryPolicy) -> Location:
        """Return the location of the document at ``address`` for callers with this policy."""
        return Location(address, policy, self.key_of(address, policy))

    def shared_for(self, cache_control: str | None) -> float:
        """Return for how many seconds processes share an answer: until its refresh is due."""
        return until_refresh(time_to_live(cache_control, self.ttl))


class Attempt(NamedTuple):
    """The parameters of one fetch.

    ``retries`` is how often more at most (None: as configured).  What another process shared
    spares the request if it is younger than ``max_age`` seconds, and ``accepts`` its value.
    """

    retries: int | None = None
    max_age: float = math.inf
    accepts: Callable[[Any], bool] = bool

    def for_cached(self, age: float) -> "Attempt":
        """Return this attempt for what is cached and ``age`` seconds old.

        Unasked, only what is younger may replace it.
        """
        return self._replace(max_age=min(self.max_age, age))


AS_CONFIGURED = Attempt()
ONCE = Attempt(retries=0)


class Caller(NamedTuple):
    """The caller that wants a document: its patience, the origin of the address, and its start.

    ``cold_timeout`` is how many seconds the caller waits for what is not cached; the fetch
    continues without it.  An address ``from_stranger`` (named by a token, not by the program) is
    requested less and less often.  ``since`` is a reading of the monotonic clock.
    """

    cold_timeout: float = math.inf
    from_stranger: bool = False
    since: float = 0.0

    def starting_now(self) -> "Caller":
        """Return this caller with its waiting time starting now."""
        return self._replace(since=monotonic())

    def patience(self) -> float:
        """Return for how many more seconds to wait for what is not cached."""
        return max(0.0, self.since + self.cold_timeout - monotonic())

    def stale_patience(self) -> float:
        """Return for how many more seconds to wait although a stale value could be served."""
        # From the start of the call, not per document: the caller waits for both of a provider.
        return max(0.0, self.since + min(_STALE_WAIT, self.cold_timeout) - monotonic())


PATIENT = Caller()
"""A caller that waits as long as a request may take."""


class StoredResponse(NamedTuple):
    """A response, and its arrival as a wall clock time in seconds."""

    response: HttpResponse
    arrived_at: float

    def age(self, now: float) -> float:
        """Return how many seconds ago it arrived."""
        return max(0.0, now - self.arrived_at)

    def to_text(self, kind: str, request: HttpRequest) -> str:
        """Return the string that :meth:`from_text` reads, bound to the kind and address of the
        document.
        """
        from .._wire.stored_value import pack_value  # few clients have a store

        headers = self.response.headers
        members = {
            "arrived_at": self.arrived_at,
            "headers": {name: headers[name] for name in _STORED_HEADERS if name in headers},
            "body": self.response.content.decode(),
        }
        return pack_value(kind, request.url, members)

    @classmethod
    def from_text(cls, text: str, kind: str, request: HttpRequest, now: float) -> "StoredResponse":
        """Return the response to ``request`` in ``text``; raise ValueError for anything else.

        The response to another request is refused too: someone who can write to the store could
        otherwise copy one provider's keys over another's, encrypted or not.
        """
        from .._wire.stored_value import unpack_value

        members = unpack_value(kind, request.url, text)
        arrived, headers, body = (members.get(one) for one in ("arrived_at", "headers", "body"))
        if type(arrived) is not float or not arrived <= now + _CLOCKS_DIFFER:
            raise ValueError("the stored response has no usable time")
        if not isinstance(headers, dict) or not all(type(one) is str for one in headers.values()):
            raise ValueError("the stored response has no usable headers")
        if "content-type" not in headers:  # callers differ in the types they accept
            raise ValueError("the stored response has no content type")
        if not isinstance(body, str) or len(content := body.encode()) > request.max_body:
            raise ValueError("the body of the stored response is missing or too large")
        return cls(HttpResponse(200, headers, content), arrived)


def stored_key(request: HttpRequest) -> str:
    """Return the key under which the response to ``request`` is shared."""
    return f"document-{hashlib.sha256(request.url.encode()).hexdigest()}"
