"""Client certificates: the paths of their files, and their thumbprints (RFC 8705)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._jose.encoding import encode_base64url
from ..exceptions import InvalidArgumentError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_PEM = "-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True)
class MtlsClientAuth:
    """A client certificate, as paths of PEM files.

    :param certificate: path of the certificate
    :param private_key: path of its private key
    :param password: of the private key, if it is encrypted
    :param auth_method: ``tls_client_auth`` or ``self_signed_tls_client_auth``

    RFC 8705 §2.

    Example::

        MtlsClientAuth(certificate="client.pem", private_key="client.key")
    """

    certificate: str
    private_key: str = field(repr=False)
    password: str | None = field(default=None, repr=False)
    auth_method: str = "tls_client_auth"


def compute_certificate_thumbprint(cert: str | bytes) -> str:
    """Return the SHA-256 thumbprint of a certificate, PEM or DER, in base64url.

    :param cert: a certificate, PEM as a string or bytes, or DER

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for anything else.  RFC 8705 §3.1.

    Example::

        compute_certificate_thumbprint(client_certificate_pem)
    """
    if not cert:
        raise InvalidArgumentError("the certificate must not be empty", code="invalid_certificate")
    return encode_base64url(hashlib.sha256(_der_of(cert)).digest()).decode()


def certificate_members(cert: str | bytes, public_key: Any) -> dict[str, str]:
    """Return the header members that name the certificate of a key (RFC 7515 §4.1.7, §4.1.8).

    Raises InvalidArgumentError for a certificate of another key, or for a malformed one.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    certificate = _load(cert)
    keys = (certificate.public_key(), public_key)
    own, given = [key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for key in keys]
    if own != given:
        raise InvalidArgumentError(
            "the certificate does not match the private_key", code="invalid_certificate"
        )
    der = certificate.public_bytes(Encoding.DER)
    digests = {
        "x5t#S256": hashlib.sha256(der).digest(),
        "x5t": hashlib.sha1(der, usedforsecurity=False).digest(),
    }
    return {name: encode_base64url(digest).decode() for name, digest in digests.items()}


def _der_of(cert: str | bytes) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return _load(cert).public_bytes(Encoding.DER)


def _load(cert: str | bytes) -> Certificate:
    from cryptography import x509

    try:
        data = cert.encode() if isinstance(cert, str) else cert
        if _PEM.encode() in data:
            return x509.load_pem_x509_certificate(data)
        return x509.load_der_x509_certificate(data)
    except (ValueError, TypeError, x509.InvalidVersion):  # also for strings that cannot be encoded
        raise InvalidArgumentError(
            "the certificate cannot be read", code="invalid_certificate"
        ) from None


def certificate_thumbprint_from_file(path: str) -> str:
    """Return the SHA-256 thumbprint of the certificate in a file, PEM or DER.

    :param path: the path of the file

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for a blank path or a file that does not
    hold a certificate, OSError when the file cannot be read.  RFC 8705 §3.1.

    Example::

        certificate_thumbprint_from_file("client.pem")
    """
    from pathlib import Path

    if not str(path).strip():
        raise InvalidArgumentError("path must not be empty")
    return compute_certificate_thumbprint(Path(path).read_bytes())
