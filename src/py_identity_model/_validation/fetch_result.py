"""Fetching a provider's documents: what to ask for, what came back, what is shared.  No I/O."""

import hashlib
import math
from collections.abc import Callable
from copy import deepcopy
from enum import Enum
from time import monotonic
from typing import Any, Generic, NamedTuple, TypeVar

from .._settings import Setting
from .._wire.discovery_policy import DiscoveryPolicy
from .._wire.messages import HttpRequest, HttpResponse
from .cache_entry import Entry, time_to_live, until_refresh

V = TypeVar("V")

_STORED_HEADERS = ("content-type", "cache-control", "etag")
_CLOCKS_DIFFER = 60.0  # seconds that the clocks of two machines may be apart
_STALE_WAIT = 2.0  # seconds that a caller waits for a refresh although something stale is there


class Refused(Exception):
    """A document, its address or its answer breaks a rule; never leaves the package."""

    def __init__(
        self, kind: Enum, text: str, *missing: str, status_code: int | None = None
    ) -> None:
        super().__init__(text)
        self.kind = kind
        self.missing = missing
        self.status_code = status_code


class FetchResult(NamedTuple, Generic[V]):
    """What a fetch brought: a value, or why there is none.

    ``unchanged`` says that the known version is still the provider's (there is no value then);
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


class Location(NamedTuple):
    """Where a document is, by whose rules it is judged, and the key of what is cached for both."""

    address: str
    policy: DiscoveryPolicy
    key: tuple[Any, ...]

    def frozen(self) -> "Location":
        """Return this location with a policy that nobody else can change."""
        # An answer must be judged by the rules under which it will be found, but the caller may
        # change the policy while the request is under way.
        return self._replace(policy=deepcopy(self.policy))


def _nowhere(address: str) -> None:
    return None


class DocumentKind(NamedTuple, Generic[V]):
    """One kind of document: pure code on both sides of the wire.

    ``name`` is used by events, ``label`` and ``operation`` by logs; ``code`` goes into the
    exception for a document that is not usable, ``empty`` is the result for one that ``is_empty``.
    ``build``, ``parse`` and ``key_of`` take the address and the policy.  ``elsewhere`` says where
    else the document may be that the provider does not have at the address.
    """

    name: str
    label: str
    operation: str
    code: str
    ttl: Setting
    build: Callable[[str, DiscoveryPolicy], HttpRequest]
    parse: Callable[[str, DiscoveryPolicy, HttpResponse], V]
    failed: Callable[[Exception], FetchResult[Any]]
    key_of: Callable[[str, DiscoveryPolicy], tuple[Any, ...]]
    is_empty: Callable[[V], bool]
    empty: FetchResult[Any] = FetchResult()
    elsewhere: Callable[[str], str | None] = _nowhere

    def locate(self, address: str, policy: DiscoveryPolicy) -> Location:
        """Return the location of the document at ``address`` for callers with this policy."""
        return Location(address, policy, self.key_of(address, policy))


class Attempt(NamedTuple):
    """How a document is to be fetched.

    ``retries`` is how often more at most (None: as configured), ``etag`` names the version that
    is known, ``in_turn`` waits while too many like it are under way; ``good_before`` says that
    this document was had before.  ``lifetime`` says by ``Cache-Control`` for how many seconds an
    answer may be shared, None for not at all; one that another process shared spares the request
    if it is younger than that and ``max_age``, and ``accepts`` its value.
    """

    retries: int | None = None
    etag: str | None = None
    in_turn: bool = False
    lifetime: Callable[[str | None], float] | None = None
    max_age: float = math.inf
    accepts: Callable[[Any], bool] = bool
    good_before: bool = False


AS_CONFIGURED = Attempt()
ONCE = Attempt(retries=0)


def attempt_for(
    attempt: Attempt, entry: Entry[Any], etag: str | None, now: float, ttl: Setting
) -> Attempt:
    """Return ``attempt`` for what is cached: only what is younger may replace it unasked."""
    own_age = math.inf if entry.accepted_at is None else now - entry.accepted_at
    return attempt._replace(
        etag=etag,
        in_turn=True,
        lifetime=lambda control: until_refresh(time_to_live(control, ttl)),
        max_age=min(attempt.max_age, own_age),
        good_before=entry.value is not None,
    )


class Caller(NamedTuple):
    """Who wants a document: for how long, who chose the address, and since when.

    ``cold_timeout`` is how many seconds the caller waits for what is not cached; the fetch goes on
    without it.  An address that came ``from_stranger`` (named by a token, not by the program) is
    asked less and less often.  ``since`` is a reading of the monotonic clock.
    """

    cold_timeout: float = math.inf
    from_stranger: bool = False
    since: float = 0.0

    def starting_now(self) -> "Caller":
        """Return this caller as it begins to wait."""
        return self._replace(since=monotonic())

    def patience(self) -> float:
        """Return for how many seconds more to wait for what is not cached."""
        return max(0.0, self.since + self.cold_timeout - monotonic())

    def stale_patience(self) -> float:
        """Return for how many seconds more to wait although something stale could be served."""
        # From the beginning, not for each document: the caller waits for both of a provider.
        return max(0.0, self.since + min(_STALE_WAIT, self.cold_timeout) - monotonic())


PATIENT = Caller()
"""A caller that waits as long as a request may take."""


class StoredResponse(NamedTuple):
    """An answer, and when it came: a wall clock time in seconds."""

    response: HttpResponse
    arrived_at: float

    def age(self, now: float) -> float:
        """Return how many seconds ago it came."""
        return max(0.0, now - self.arrived_at)

    def to_text(self, kind: str, request: HttpRequest) -> str:
        """Return what :meth:`from_text` reads, bound to the kind and address of the document."""
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
        """Return the answer to ``request`` in ``text``; raises ValueError for anything else.

        Also for the answer to another request: whoever can write to the store could otherwise
        copy one provider's keys over another's, encrypted or not.
        """
        from .._wire.stored_value import unpack_value

        members = unpack_value(kind, request.url, text)
        arrived, headers, body = (members.get(one) for one in ("arrived_at", "headers", "body"))
        if type(arrived) is not float or not arrived <= now + _CLOCKS_DIFFER:
            raise ValueError("not an answer of a known time")
        if not isinstance(headers, dict) or not all(type(one) is str for one in headers.values()):
            raise ValueError("not an answer with headers")
        if "content-type" not in headers:  # callers differ in which they accept
            raise ValueError("not an answer of a known type")
        limit = request.max_body if isinstance(request.max_body, int) else request.max_body()
        if not isinstance(body, str) or len(content := body.encode()) > limit:
            raise ValueError("not an answer within its bound")
        return cls(HttpResponse(200, headers, content), arrived)


def stored_key(request: HttpRequest) -> str:
    """Return the name under which the answer to ``request`` is shared."""
    return f"document-{hashlib.sha256(request.url.encode()).hexdigest()}"
