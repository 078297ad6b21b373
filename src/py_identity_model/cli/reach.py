"""Whether a provider can be reached from here, step by step: name, proxy, connection, TLS."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

from cryptography import x509

from .. import HTTPClient, JwksRequest, OAuthClient, PyIdentityModelException, get_jwks
from ..providers import Provider
from ..ssl_config import get_ssl_verify
from .clocks import clock_check, provider_clock
from .error_codes import EXPLANATIONS
from .report import Check, failed, ok, skipped, warning
from .tokens import lasting

_SCHEME = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//")
_SECONDS = 10.0
_SOON = 14 * 86400.0


def reach(issuer: str | Provider, http_client: HTTPClient) -> Iterator[Check]:
    """Yield a check for each step on the way to a provider; stops where the way ends."""
    url = issuer if isinstance(issuer, str) else issuer.document_address or issuer.jwks_uri or ""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        yield failed("address", url, "an http(s) URL", "correct the issuer")
        return
    proxy = proxy_for(parts)
    if proxy is not None:
        yield ok("proxy", f"{proxy} is used for {parts.hostname}")
    else:
        steps = list(_direct(parts))
        yield from steps
        if steps[-1].failed:
            return
    yield from _provider(issuer, http_client)


def proxy_for(parts: SplitResult) -> str | None:
    """Return the proxy for a URL, without its credentials."""
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(parts.hostname or ""):
        return None
    return without_credentials(proxy)


def without_credentials(url: str) -> str:
    """Return a URL without user and password; it may lack a scheme, as those of proxies do."""
    before, at, after = url.rpartition("@")
    scheme = _SCHEME.match(before)
    return ("" if scheme is None else scheme[0]) + after if at else url


def _direct(parts: SplitResult) -> Iterator[Check]:
    host, port = str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
    begun = time.monotonic()
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        remedy = "check the name, /etc/resolv.conf, the VPN, or the names of containers"
        yield failed("DNS", f"{host}: {error.strerror or error}", "an address", remedy)
        return
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    took = f"in {(time.monotonic() - begun) * 1000:.0f} ms"
    where = (
        "" if all(ip_address(one.split("%")[0]).is_global for one in addresses) else ", internal"
    )
    yield ok("DNS", f"{host}: {', '.join(addresses)}{where}, {took}")
    try:
        connection = socket.create_connection((host, port), _SECONDS)
    except OSError as error:
        remedy = "check that the provider runs, its port, and the firewall; or set HTTPS_PROXY"
        yield failed("connection", f"{host}:{port}: {error.strerror or error}", "open", remedy)
        return
    with connection:
        yield ok("connection", f"{host}:{port} is open")
        if parts.scheme == "https":
            yield _tls(connection, host, port)
        else:
            yield warning("TLS", "none: plain http", "https", "fit for loopback and tests alone")


def _tls(connection: socket.socket, host: str, port: int) -> Check:
    try:
        with _context().wrap_socket(connection, server_hostname=host) as secure:
            certificate, version = secure.getpeercert() or {}, secure.version()
    except ssl.SSLCertVerificationError as error:
        found = f"{error.verify_message}; {_signer(host, port)}"
        remedy = (
            "if your company inspects TLS, or the provider has a private CA, name the file of that "
            "CA in SSL_CERT_FILE"
        )
        if "Hostname mismatch" in error.verify_message:
            remedy = "use the name that the certificate has"
        if "expired" in error.verify_message:
            remedy = "renew the provider's certificate, or correct this machine's clock"
        return failed("TLS", found, "a certificate that is trusted", remedy)
    except OSError as error:
        return failed("TLS", str(error), "a handshake", "is it https that this port speaks?")
    left = ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time.time()
    found = f"{version}, the certificate is good for {lasting(left)}"
    return ok("TLS", found) if left > _SOON else warning("TLS", found, "", "renew it in time")


def _context() -> ssl.SSLContext:
    verify = get_ssl_verify()
    if verify is True:
        import certifi  # httpx brings it along

        return ssl.create_default_context(cafile=certifi.where())
    from pathlib import Path

    place = Path(str(verify))
    if place.is_dir():
        return ssl.create_default_context(capath=place)
    return ssl.create_default_context(cafile=place)


def _signer(host: str, port: int) -> str:
    with suppress(OSError, ValueError, ssl.SSLError):
        pem = ssl.get_server_certificate((host, port), timeout=_SECONDS)
        certificate = x509.load_pem_x509_certificate(pem.encode())
        return f"it is signed by {certificate.issuer.rfc4514_string()}"
    return "its signer cannot be read"


def _provider(issuer: str | Provider, http_client: HTTPClient) -> Iterator[Check]:
    begun = time.monotonic()
    try:
        client = OAuthClient(issuer, "py-identity-model", http_client=http_client)
        metadata = client.metadata()
    except PyIdentityModelException as error:
        remedy = EXPLANATIONS[error.code].remedy if error.code in EXPLANATIONS else ""
        yield failed("metadata", error.message, "a discovery document", remedy)
        return
    took = f"in {(time.monotonic() - begun) * 1000:.0f} ms"
    yield ok("metadata", f"of {metadata.issuer}, {took}")
    yield _key_set(metadata.jwks_uri, http_client)
    yield clock_check(provider_clock(str(metadata.issuer), http_client))


def _key_set(jwks_uri: str | None, http_client: HTTPClient) -> Check:
    if jwks_uri is None:
        return skipped("keys", "the metadata names none")
    response = get_jwks(JwksRequest(jwks_uri), http_client)
    if not response.is_successful:
        return failed("keys", str(response.error), "a key set", EXPLANATIONS["jwks_failed"].remedy)
    count = len(response.keys or [])
    if count == 0:
        return failed("keys", "an empty set", "a key", EXPLANATIONS["no_keys"].remedy)
    return ok("keys", f"{count} at {jwks_uri}")
