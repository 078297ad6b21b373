"""The client certificate of a request (RFC 8705)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class MtlsClientAuth:
    """A client certificate: paths of PEM files, and the password of the key if it has one.

    ``auth_method`` is ``tls_client_auth`` or ``self_signed_tls_client_auth``.  RFC 8705 §2.

    Example::

        MtlsClientAuth(certificate="client.pem", private_key="client.key")
    """

    certificate: str
    private_key: str = field(repr=False)
    password: str | None = field(default=None, repr=False)
    auth_method: str = "tls_client_auth"
