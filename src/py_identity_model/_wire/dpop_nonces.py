"""Client-side memory of the DPoP nonces that servers require (RFC 9449 §8, §9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

if TYPE_CHECKING:  # every client has a memory; few programs create proofs
    from .._jose.dpop_proof import DPoPKey

_CHALLENGE = "use_dpop_nonce"
_MOST_NONCES = 1000
_LONGEST = 4096  # characters


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

    def place(self, key: DPoPKey, url: str) -> tuple[str, str]:
        """Return the key under which a nonce is stored: the proof key, and the server's origin."""
        parts = urlsplit(url)
        return key.jwk_thumbprint, f"{parts.scheme}://{parts.netloc}"

    def learn(self, place: tuple[str, str], response: ResponseLike) -> str | None:
        """Remember the nonce of a response; return it if the server demands another attempt."""
        nonce = response.headers.get("DPoP-Nonce")
        if nonce:
            self.remember(place, nonce)
        return extract_dpop_nonce(response)

    def remember(self, place: tuple[str, str], nonce: str) -> None:
        """Remember the last nonce of a server.

        When there are too many, all are dropped at once rather than the least recently used: each
        costs one request to learn again, and no order has to be maintained.
        """
        if len(nonce) > _LONGEST:
            return
        if len(self.nonces) >= _MOST_NONCES and place not in self.nonces:
            self.nonces.clear()
        self.nonces[place] = nonce


_of_keys: WeakKeyDictionary[DPoPKey, NonceMemory] = WeakKeyDictionary()


def nonces_of(key: DPoPKey | None) -> NonceMemory:
    """Return the nonces that APIs demanded of a key.

    All auth objects with the key share them: programs make one for every request, which would
    otherwise be refused once each time.
    """
    if key is None:
        return NonceMemory()
    return _of_keys.setdefault(key, NonceMemory())
