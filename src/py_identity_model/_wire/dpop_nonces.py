"""Client-side memory of the DPoP nonces that servers require (RFC 9449 §8, §9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

if TYPE_CHECKING:  # every client has a memory; few programs create proofs
    from .._jose.dpop_proof import DPoPKey

K = TypeVar("K")
V = TypeVar("V")

_CHALLENGE = "use_dpop_nonce"
_MOST_NONCES = 1000
LONGEST_NONCE = 4096  # characters


class ResponseLike(Protocol):
    """A response that a challenge is read from: httpx's or ours."""

    @property
    def status_code(self) -> int:
        """The status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The header fields, looked up in any case."""

    def json(self) -> Any:
        """Return the parsed body; raises ValueError."""


def extract_dpop_nonce(response: ResponseLike) -> str | None:
    """Return the nonce that a server requires in the next proof, or None.

    :param response: the server's response, an httpx one

    RFC 9449 §8 and §9.

    Example::

        nonce = extract_dpop_nonce(response)
        if nonce is not None:
            proof = create_dpop_proof(key, "POST", token_endpoint, nonce=nonce)
    """
    nonce = response.headers.get("DPoP-Nonce")
    if response.status_code not in {400, 401} or not nonce:
        return None
    if _CHALLENGE in response.headers.get("WWW-Authenticate", ""):
        return nonce
    try:
        body = response.json()
    except ValueError:
        return None
    demanded = isinstance(body, dict) and body.get("error") == _CHALLENGE
    return nonce if demanded else None


class NonceMemory:
    """The last nonce of each server, for each key; RFC 9449 §8.2."""

    def __init__(self) -> None:
        self.nonces: dict[tuple[str, str], str] = {}

    def remember(self, place: tuple[str, str], nonce: str) -> None:
        """Remember the last nonce of a server.

        When there are too many, all are dropped at once rather than the least recently used: each
        costs one request to learn again, and no order has to be maintained.
        """
        if len(nonce) > LONGEST_NONCE:
            return
        put_bounded(self.nonces, place, nonce)


def nonce_place(key: DPoPKey, url: str) -> tuple[str, str]:
    """Return the key under which a nonce is stored: the proof key, and the server's origin."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower()
    default = {"https": ":443", "http": ":80"}.get(parts.scheme, "")
    return key.jwk_thumbprint, f"{parts.scheme}://{host.removesuffix(default)}"


def put_bounded(table: dict[K, V], key: K, value: V) -> None:
    """Put a value into a table that is emptied when it is full."""
    if len(table) >= _MOST_NONCES and key not in table:
        table.clear()
    table[key] = value


_of_keys: WeakKeyDictionary[DPoPKey, NonceMemory] = WeakKeyDictionary()


def nonces_of(key: DPoPKey | None) -> NonceMemory:
    """Return the nonces that APIs demanded of a key.

    All auth objects with the key share them: programs make one for every request, which would
    otherwise be refused once each time.
    """
    if key is None:
        return NonceMemory()
    return _of_keys.setdefault(key, NonceMemory())
