"""TLS contexts, one for all clients that trust the same authorities.

Reading a bundle costs about 14 ms and half a megabyte; a context is safe to share between
connections, threads and event loops.
"""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ._fork import forget_in_child
from ._settings import ca_folder
from .exceptions import InvalidArgumentError

if TYPE_CHECKING:
    from ._wire.certificate import MtlsClientAuth


class LazySSLContext:
    """An SSL context created when a connection first needs it, so never for ``http://``.

    httpx requires a context when a client is created, and refuses everything that does not pass for
    one by ``isinstance``; creating it there would read the certificates before it is known whether
    a request needs them.
    """

    __slots__ = ("_contexts", "_verify")

    def __init__(self, contexts: TLSContexts, verify: str | bool) -> None:
        self._contexts = contexts
        self._verify = verify

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # the attribute that isinstance() looks up
        return ssl.SSLContext

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ready(), name)

    def preload(self) -> None:
        """Start to create the context in another thread; :meth:`ready` will wait for it.

        OpenSSL reads certificates without the interpreter lock, so this thread can import
        meanwhile.
        """
        if self._contexts.may_preload(self._verify):
            with suppress(RuntimeError):  # no thread is available: ready() does everything
                threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with suppress(InvalidArgumentError):  # ready() will raise it
            self.ready()

    def ready(self) -> ssl.SSLContext:
        """Return the context; raise InvalidArgumentError for unreadable authorities."""
        return self._contexts.get(self._verify)


def ready_context(context: Any) -> ssl.SSLContext:
    """Return ``context``, or the one that a lazy context creates."""
    ready: ssl.SSLContext = context.ready() if type(context) is LazySSLContext else context
    return ready


class TLSContexts:
    """Contexts by their trusted authorities."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._contexts: dict[tuple[str | bool, str | None], ssl.SSLContext] = {}
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return the number of contexts that were created."""
        return len(self._contexts)

    def lazy(self, verify: str | bool) -> LazySSLContext:
        """Return a lazy context for ``verify``."""
        return LazySSLContext(self, verify)

    def may_preload(self, verify: str | bool) -> bool:
        """Return whether the context for ``verify`` is neither created nor being created."""
        return _key(verify) not in self._contexts and not self._lock.locked()

    def get(self, verify: str | bool) -> ssl.SSLContext:
        """Return the context for ``verify``: True, False, or a CA file or folder."""
        key = _key(verify)
        context = self._contexts.get(key)
        if context is not None:
            return context
        with self._lock:  # held while reading files, so that 64 threads read them once
            context = self._contexts.get(key)
            if context is None:
                context = self._contexts[key] = _create(*key)
            return context


def _key(verify: str | bool) -> tuple[str | bool, str | None]:
    return verify, ca_folder() if verify is True else None


def _create(verify: str | bool, folder: str | None) -> ssl.SSLContext:
    if verify is False:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    if verify is True:
        if folder:
            return ssl.create_default_context(capath=folder)
        return _usual()
    try:
        if os.path.isdir(verify):
            return ssl.create_default_context(capath=verify)
        return ssl.create_default_context(cafile=verify)
    except (OSError, TypeError, ValueError) as error:
        raise InvalidArgumentError(
            f"the certificate authorities in {verify!r} cannot be read: {error}",
            code="invalid_ca_bundle",
        ) from error


def _usual() -> ssl.SSLContext:
    """Return the authorities that httpx trusts, without loading httpx if possible."""
    try:
        import certifi  # a dependency of httpx
    except ImportError:
        import httpx

        return httpx.create_ssl_context(trust_env=False)
    return ssl.create_default_context(cafile=certifi.where())


def fresh_context(verify: str) -> ssl.SSLContext:
    """Return a new context that trusts the current authorities in a file."""
    return _create(*_key(verify))


def client_context(
    verify: str | bool, certificate: MtlsClientAuth | Sequence[MtlsClientAuth]
) -> ssl.SSLContext:
    """Return a new context that trusts as ``verify`` says, and presents ``certificate``.

    Several certificates must have keys of different types: OpenSSL holds one per type, and would
    silently replace the first by the second.
    """
    several = certificate if isinstance(certificate, (list, tuple)) else (certificate,)
    if not several:
        raise _unusable_certificate_error("none is given")
    context = _create(*_key(verify))
    for one in several:
        try:
            context.load_cert_chain(one.certificate, one.private_key, one.password or "")
        except (AttributeError, OSError, TypeError, ValueError) as error:
            raise _unusable_certificate_error(error) from None
    if len(several) > 1:
        _refuse_same_kinds(several)
    return context


def _refuse_same_kinds(certificates: Sequence[MtlsClientAuth]) -> None:
    kinds: dict[str, str] = {}
    for one in certificates:
        kind = _kind_of_key(one.certificate)
        if kind in kinds:
            raise InvalidArgumentError(
                f"the client certificates {kinds[kind]!r} and {one.certificate!r} exclude each "
                f"other: both have a key of the kind {kind}; make a client for each",
                code="conflicting_client_certificates",
            )
        kinds[kind] = one.certificate


def _kind_of_key(path: str) -> str:
    from cryptography import x509

    try:
        with open(path, "rb") as file:
            first = x509.load_pem_x509_certificates(file.read())[0]
    except (OSError, ValueError) as error:
        raise _unusable_certificate_error(error) from None
    return type(first.public_key()).__name__.removesuffix("PublicKey")


def _unusable_certificate_error(why: object) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"the client certificate cannot be used: {why}", code="invalid_client_certificate"
    )


tls_contexts = TLSContexts()
