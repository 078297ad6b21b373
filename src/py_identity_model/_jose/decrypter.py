"""Keys that cannot leave: content keys unwrapped elsewhere."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Iterable, Mapping
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from ..exceptions import (
    ConfigurationException,
    DecryptionException,
    PyIdentityModelException,
)
from .encoding import decode_base64url
from .members import has_members

if TYPE_CHECKING:
    from typing_extensions import TypeIs  # found by type checkers alone

_ALGORITHMS = frozenset({"RSA-OAEP", "RSA-OAEP-256"})


@runtime_checkable
class Decrypter(Protocol):
    """A private key that decrypts, and stays where it is.

    Accepted among ``decryption_keys``.  It unwraps the content key of a token, by RSA-OAEP or
    RSA-OAEP-256; the content itself is decrypted here.  What :class:`Signer` says of waiting and
    of threads is true of ``decrypt`` as well.

    Example::

        class KeyInService:
            algorithm = "RSA-OAEP-256"
            kid = "key-2"

            def decrypt(self, encrypted_key: bytes) -> bytes:
                return service.decrypt("key-2", encrypted_key)

        config = TokenValidationConfig(perform_disco=True, decryption_keys=[KeyInService()])
    """

    @property
    def algorithm(self) -> str:
        """How content keys are wrapped for it: ``RSA-OAEP`` or ``RSA-OAEP-256``."""

    @property
    def kid(self) -> str | None:
        """The name of the key; tokens that name another one are not passed to it."""

    def decrypt(self, encrypted_key: bytes) -> bytes | Awaitable[bytes]:
        """Return what is inside; raise ValueError where it cannot be decrypted."""


def is_decrypter(key: object) -> TypeIs[Decrypter]:
    """Return whether ``key`` is a decrypter."""
    return has_members(key, "algorithm", "kid", "decrypt")


class UnwrappedKey:
    """The content key of one token, unwrapped by a decrypter that was waited for."""

    def __init__(self, decrypter: Decrypter, encrypted_key: bytes, content_key: bytes) -> None:
        self.algorithm = _read(decrypter, "algorithm")
        self.kid: str | None = _read(decrypter, "kid")
        self._pair = (encrypted_key, content_key)

    def decrypt(self, encrypted_key: bytes) -> bytes:
        """Return the content key of its token."""
        known, content_key = self._pair
        return content_key if encrypted_key == known else b""


def _read(decrypter: Decrypter, name: str) -> Any:
    """Return a property of a decrypter, which may have to ask its service first."""
    try:
        return getattr(decrypter, name)
    except Exception as error:
        raise _service_error(error) from error


def split_keys(keys: Any) -> tuple[list[Any], list[Decrypter]]:
    """Return what among decryption keys is a key, and the decrypters.

    Raises ConfigurationException for a decrypter of another algorithm.
    """
    several = isinstance(keys, Iterable) and not isinstance(keys, (str, bytes, bytearray, Mapping))
    listed = list(keys) if several else [keys]
    decrypters = [one for one in listed if is_decrypter(one)]
    for one in decrypters:
        algorithm, kid = _read(one, "algorithm"), _read(one, "kid")
        if not isinstance(algorithm, str) or algorithm not in _ALGORITHMS:
            raise ConfigurationException(
                f"a decrypter must decrypt by RSA-OAEP or RSA-OAEP-256, not by {algorithm}",
                code="invalid_decryption_key",
            )
        if not isinstance(kid, (str, type(None))):
            raise ConfigurationException(
                "a decrypter's kid must be text, or None", code="invalid_decryption_key"
            )
    return [one for one in listed if not is_decrypter(one)], decrypters


def fits(decrypter: Decrypter, header: Mapping[str, Any]) -> bool:
    """Return whether a token may be meant for the key of a decrypter."""
    kid, own = header.get("kid"), _read(decrypter, "kid")
    same = own is None or not isinstance(kid, str) or kid == own
    return same and bool(header["alg"] == _read(decrypter, "algorithm"))


def encrypted_key_of(token: str) -> bytes:
    """Return the wrapped content key of a token; raises ValueError."""
    return decode_base64url(token.split(".")[1].encode())


def unwrap_now(decrypter: Decrypter, encrypted_key: bytes) -> bytes:
    """Return the content key, of a decrypter that need not be waited for."""
    try:
        found: Any = decrypter.decrypt(encrypted_key)
    except Exception as error:
        return content_key_after(error)
    if isawaitable(found):
        dispose = getattr(found, "close", None) or getattr(found, "cancel", None)
        if dispose is not None:
            dispose()
        raise ConfigurationException(
            "this decrypter is awaitable: only the objects of py_identity_model.aio wait for it",
            code="awaitable_result",
        )
    return checked_content_key(found)


def content_key_after(error: Exception) -> bytes:
    """Return no content key where there was none inside; raise for any other failure."""
    if isinstance(error, ValueError) and not isinstance(error, PyIdentityModelException):
        return b""
    failure = _service_error(error)
    if failure is error:
        raise error
    raise failure from error


def _service_error(error: Exception) -> PyIdentityModelException:
    if isinstance(error, PyIdentityModelException):
        return error
    if isinstance(error, TimeoutError):
        return DecryptionException(
            "the decrypter did not answer in time", code="decryption_timed_out"
        )
    return DecryptionException(f"the decrypter failed with {type(error).__name__}")


def checked_content_key(found: object) -> bytes:
    """Return what a decrypter returned, if it is bytes."""
    if not isinstance(found, (bytes, bytearray)):
        raise DecryptionException(f"the decrypter returned {type(found).__name__}, not bytes")
    return bytes(found)


def open_content(token: str, enc: str, size: int, content_key: bytes) -> bytes:
    """Return what is inside a token; raises what decrypting raises.

    A content key of a wrong size is replaced, so that the failure looks like any other
    (RFC 7516 §11.5).
    """
    from joserfc.jwe import JWERegistry

    header, _, *others = token.split(".")
    iv, ciphertext, tag = (decode_base64url(one.encode()) for one in others)
    key = content_key if len(content_key) == size else secrets.token_bytes(size)
    model: Any = JWERegistry.algorithms["enc"][enc]
    model.check_iv(iv)
    return bytes(model.decrypt(ciphertext, tag, key, iv, header.encode()))
