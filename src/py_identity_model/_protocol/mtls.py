"""Client certificates: mutual TLS, and tokens bound to a certificate (RFC 8705)."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from .._jose.encoding import encode_base64url
from ..exceptions import CertificateBindingError, InvalidArgumentError
from .discovery import DiscoveryDocumentResponse

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_PEM = "-----BEGIN CERTIFICATE-----"


def compute_certificate_thumbprint(cert: str | bytes) -> str:
    """Return the SHA-256 thumbprint of a certificate, PEM or DER, in base64url.

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for something that is not one.
    RFC 8705 §3.1.

    Example::

        compute_certificate_thumbprint(client_certificate_pem)
    """
    if not cert:
        raise InvalidArgumentError("the certificate must not be empty", code="invalid_certificate")
    return encode_base64url(hashlib.sha256(_der_of(cert)).digest()).decode()


def certificate_members(cert: str | bytes, public_key: Any) -> dict[str, str]:
    """Return the header members that name the certificate of a key (RFC 7515 §4.1.7, §4.1.8).

    Raises InvalidArgumentError for a certificate of another key, or something that is not one.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    certificate = _load(cert)
    keys = (certificate.public_key(), public_key)
    own, given = [key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for key in keys]
    if own != given:
        raise InvalidArgumentError(
            "the certificate is not that of the private_key", code="invalid_certificate"
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
    except (ValueError, TypeError, x509.InvalidVersion):  # also text that cannot be encoded
        raise InvalidArgumentError(
            "the certificate cannot be read", code="invalid_certificate"
        ) from None


def certificate_thumbprint_from_file(path: str) -> str:
    """Return the SHA-256 thumbprint of the certificate in a file, PEM or DER.

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for a blank path or something that is
    no certificate, OSError when the file cannot be read.  RFC 8705 §3.1.

    Example::

        certificate_thumbprint_from_file("client.pem")
    """
    from pathlib import Path

    if not str(path).strip():
        raise InvalidArgumentError("path must not be empty")
    return compute_certificate_thumbprint(Path(path).read_bytes())


def validate_certificate_binding(claims: dict[str, Any], cert: str | bytes) -> None:
    """Raise unless a token with these ``claims`` is bound to the certificate ``cert``.

    ``claims`` are those of a verified token, or of its introspection; ``cert`` is the one that
    the caller presented in TLS.  Raises :class:`CertificateBindingError` when they do not belong
    together, :class:`InvalidArgumentError` when ``cert`` is not a certificate.  RFC 8705 §3.

    Example::

        validate_certificate_binding(claims, client_certificate_pem)
    """
    actual = compute_certificate_thumbprint(cert)
    confirmation = claims.get("cnf")
    if not isinstance(confirmation, dict):
        raise CertificateBindingError("the token has no cnf claim", code="missing_confirmation")
    expected = confirmation.get("x5t#S256")
    if not isinstance(expected, str) or not expected.isascii() or not expected:
        raise CertificateBindingError(
            "the cnf claim has no x5t#S256", code="missing_certificate_thumbprint"
        )
    if not hmac.compare_digest(expected, actual):
        raise CertificateBindingError("the token is bound to another certificate")


def resolve_mtls_endpoint(disco: DiscoveryDocumentResponse, endpoint: str) -> str | None:
    """Return where a client that presents a certificate finds ``endpoint``.

    That is its alias among ``mtls_endpoint_aliases``, else the endpoint itself, None if neither
    is there.  Raises :class:`FailedResponseAccessError` for a discovery that failed.
    RFC 8705 §5.

    Example::

        resolve_mtls_endpoint(disco, "token_endpoint")
    """
    aliases = disco.mtls_endpoint_aliases
    alias = aliases.get(endpoint) if isinstance(aliases, dict) else None
    if isinstance(alias, str) and alias:
        return alias
    found = getattr(disco, endpoint, None)
    return found if isinstance(found, str) else None
