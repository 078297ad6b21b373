"""The choice of trusted certificate authorities."""

from __future__ import annotations

from functools import lru_cache

from ._settings import ca_bundle

__all__ = ["ensure_ssl_compatibility", "get_ssl_verify"]


@lru_cache(maxsize=1)
def get_ssl_verify() -> str | bool:
    """Return the CA file or folder that the environment names, else True.

    The first non-empty of ``SSL_CERT_FILE``, ``CURL_CA_BUNDLE`` and ``REQUESTS_CA_BUNDLE`` is used.
    The first result is remembered: a variable that is set later is ignored until
    ``get_ssl_verify.cache_clear()`` is called.  The environment is never changed.

    Example::

        get_ssl_verify()  # "/etc/ssl/private-ca.pem" or True
    """
    return ca_bundle() or True


def ensure_ssl_compatibility() -> None:
    """Do nothing: the CA variables are honoured without any preparation.

    It exists for programs written when this call copied ``REQUESTS_CA_BUNDLE`` into
    ``SSL_CERT_FILE``.

    Example::

        ensure_ssl_compatibility()
    """
