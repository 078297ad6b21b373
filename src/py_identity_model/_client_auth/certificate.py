"""Client authentication by certificates (RFC 8705 §2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from .._wire.certificate import MtlsClientAuth
from .._wire.client_authentication import ClientAuthentication, Credentials


@dataclass(frozen=True)
class _CertificateAuthentication(ClientAuthentication):
    certificate_file: str | None = None
    private_key_file: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def client_certificate(self) -> MtlsClientAuth | None:
        """The certificate to present; None where the HTTP client already presents one."""
        if self.certificate_file is None:
            return None
        key = self.private_key_file or self.certificate_file
        return MtlsClientAuth(self.certificate_file, key, self.password, self.method)

    def credentials(
        self, client_id: str, address: str, assertion: str | None = None
    ) -> Credentials:
        """Return the ``client_id`` parameter; the proof is in the TLS handshake."""
        return Credentials({}, {"client_id": client_id})


@dataclass(frozen=True)
class TlsClientAuth(_CertificateAuthentication):
    """Authenticate by a certificate whose issuer the server trusts; RFC 8705 §2.1.

    :param certificate_file: path of a PEM file
    :param private_key_file: path of a PEM file; the key may be in the certificate's file
    :param password: decrypts the private key

    Without files, the ``http_client`` of the call must present the certificate.

    Example::

        TlsClientAuth("client.pem", "client.key")
    """

    method: ClassVar[str] = "tls_client_auth"


@dataclass(frozen=True)
class SelfSignedTlsClientAuth(_CertificateAuthentication):
    """Authenticate by a certificate that the client registered itself; RFC 8705 §2.2.

    The arguments are those of :class:`TlsClientAuth`.

    Example::

        SelfSignedTlsClientAuth("client.pem", "client.key")
    """

    method: ClassVar[str] = "self_signed_tls_client_auth"


@dataclass(frozen=True)
class SpiffeX509(_CertificateAuthentication):
    """Authenticate by an X.509-SVID, as SPIFFE's helpers write it to files.

    The arguments are those of :class:`TlsClientAuth`.  The files are read for each request, since
    they are replaced before they expire.  The ``client_id`` of the request is the SPIFFE ID, or
    what the provider registered it as.  draft-ietf-oauth-spiffe-client-auth §3.2.

    Example::

        SpiffeX509("/run/spiffe/svid.pem", "/run/spiffe/svid_key.pem")
    """

    method: ClassVar[str] = "spiffe_x509"
