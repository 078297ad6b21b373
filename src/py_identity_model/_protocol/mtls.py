"""Client certificates: mutual TLS, and tokens bound to a certificate (RFC 8705)."""

from __future__ import annotations

import hmac
from typing import Any

from .._wire.certificate import compute_certificate_thumbprint
from ..exceptions import CertificateBindingError
from .discovery import DiscoveryDocumentResponse


def validate_certificate_binding(claims: dict[str, Any], cert: str | bytes) -> None:
    """Raise unless a token with these ``claims`` is bound to the certificate ``cert``.

    :param claims: those of a verified token, or of its introspection
    :param cert: the certificate that the caller presented in TLS

    Raises :class:`CertificateBindingError` when they do not match, :class:`InvalidArgumentError`
    for a malformed ``cert``.  RFC 8705 §3.

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
    """Return the URL of ``endpoint`` for a client that presents a certificate.

    :param disco: the discovery response
    :param endpoint: the name of the endpoint

    The result is its alias in ``mtls_endpoint_aliases``, otherwise the endpoint itself, None
    without either.  Raises :class:`FailedResponseAccessError` for a failed discovery.  RFC 8705 §5.

    Example::

        resolve_mtls_endpoint(disco, "token_endpoint")
    """
    aliases = disco.mtls_endpoint_aliases
    alias = aliases.get(endpoint) if isinstance(aliases, dict) else None
    if isinstance(alias, str) and alias:
        return alias
    found = getattr(disco, endpoint, None)
    return found if isinstance(found, str) else None
