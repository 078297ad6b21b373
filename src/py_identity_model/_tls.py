"""TLS contexts, one for all clients that trust the same authorities.

Reading a bundle costs about 14 ms and half a megabyte; a context is safe to share between
connections, threads and event loops.
"""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from ._fork import forget_in_child
from ._settings import ca_folder
from .exceptions import InvalidArgumentError

if TYPE_CHECKING:
    from ._wire.certificate import MtlsClientAuth


class LateContext:
    """Stands for a context until a connection needs it: those of ``http://`` never do."""

    __slots__ = ("ready",)

    def __init__(self, ready: Callable[[], ssl.SSLContext]) -> None:
        self.ready = ready

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # what isinstance() asks for
        return ssl.SSLContext

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ready(), name)


def ready_context(context: Any) -> ssl.SSLContext:
    """Return ``context``, or the one that it stands for."""
    ready: ssl.SSLContext = context.ready() if isinstance(context, LateContext) else context
    return ready


class TLSContexts:
    """Contexts by what they trust."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._contexts: dict[tuple[str | bool, str | None], ssl.SSLContext] = {}
        forget_in_child(self)

    def _forget_parent(self) -> None:
        self._lock = threading.Lock()

    def begin(self, verify: str | bool) -> None:
        """Start to make the context for ``verify``; :meth:`get` will wait for it.

        OpenSSL reads certificates without the interpreter, so this thread can import meanwhile.
        """
        if _key(verify) not in self._contexts and not self._lock.locked():
            with suppress(RuntimeError):  # no thread to be had: get() does it all
                threading.Thread(target=self._begun, args=(verify,), daemon=True).start()

    def _begun(self, verify: str | bool) -> None:
        with suppress(InvalidArgumentError):  # get() will say so
            self.get(verify)

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

    def late(self, verify: str | bool) -> ssl.SSLContext:
        """Return what stands for the context for ``verify``, and makes it when it is needed."""
        return cast("ssl.SSLContext", LateContext(partial(self.get, verify)))


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
    """Return what httpx trusts, if possible without loading httpx."""
    try:
        import certifi  # httpx brings it along
    except ImportError:
        import httpx

        return httpx.create_ssl_context(trust_env=False)
    return ssl.create_default_context(cafile=certifi.where())


def fresh_context(verify: str) -> ssl.SSLContext:
    """Return a new context that trusts the authorities in a file as it is now."""
    return _create(*_key(verify))


def client_context(
    verify: str | bool, certificate: MtlsClientAuth | Sequence[MtlsClientAuth]
) -> ssl.SSLContext:
    """Return a new context that trusts as ``verify`` says, and presents ``certificate``.

    Of several, each must have another kind of key: OpenSSL holds one certificate per kind, and
    would silently replace the first by the second.
    """
    several = certificate if isinstance(certificate, (list, tuple)) else (certificate,)
    if not several:
        raise _unusable_certificate("none is given")
    context = _create(*_key(verify))
    for one in several:
        try:
            context.load_cert_chain(one.certificate, one.private_key, one.password or "")
        except (AttributeError, OSError, TypeError, ValueError) as error:
            raise _unusable_certificate(error) from None
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
        raise _unusable_certificate(error) from None
    return type(first.public_key()).__name__.removesuffix("PublicKey")


def _unusable_certificate(why: object) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"the client certificate cannot be used: {why}", code="invalid_client_certificate"
    )


tls_contexts = TLSContexts()
