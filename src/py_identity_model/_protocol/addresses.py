"""URLs: which are acceptable, and which belong together."""

import ipaddress
import socket
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from .._logging import redact_url
from ..exceptions import ConfigurationException, DiscoveryHTTPSRequiredError
from .policy import DiscoveryPolicy

WELL_KNOWN = "/.well-known/"
OPENID_CONFIGURATION = "/.well-known/openid-configuration"
OAUTH_METADATA = "/.well-known/oauth-authorization-server"

_DEFAULT_PORTS = {"http": 80, "https": 443}


class DiscoveryEndpoint(NamedTuple):
    """Where a discovery document lives: its ``url``, and the ``authority`` it belongs to."""

    url: str
    authority: str


def split_url(url: object) -> SplitResult:
    """Return the parts of an absolute http or https URL; raise ConfigurationException."""
    if not isinstance(url, str) or not url.strip():
        raise ConfigurationException("the URL is empty", code="invalid_url")
    if not url.isprintable() or " " in url or "\\" in url:
        raise ConfigurationException(
            "the URL contains blanks or control characters", code="invalid_url"
        )
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigurationException(f"the URL is malformed: {error}", code="invalid_url") from None
    if not parts.scheme:
        raise ConfigurationException("the URL has no scheme", code="invalid_url")
    if parts.scheme not in _DEFAULT_PORTS:
        raise ConfigurationException(
            f"the URL has scheme {parts.scheme!r}, not http or https", code="invalid_url"
        )
    if not host:
        raise ConfigurationException("the URL has no host", code="invalid_url")
    return parts


def require_scheme(url: object, policy: DiscoveryPolicy) -> SplitResult:
    """Return the parts of ``url``; refuse plain http where ``policy`` does."""
    parts = split_url(url)
    if parts.scheme == "https" or not policy.require_https:
        return parts
    if policy.allow_http_on_loopback and is_loopback(parts.hostname or ""):
        return parts
    raise DiscoveryHTTPSRequiredError(f"HTTPS is required for {parts.scheme}://{parts.hostname}")


def origin_of(parts: SplitResult) -> tuple[str, str, int]:
    """Return scheme, host and port, with the default port filled in."""
    port = parts.port if parts.port is not None else _DEFAULT_PORTS[parts.scheme]
    return parts.scheme, (parts.hostname or "").rstrip("."), port


@lru_cache(maxsize=256)
def parse_ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that ``host`` denotes, in any notation a resolver takes, or None."""
    host = host.strip("[]").rstrip(".").partition("%")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        try:  # decimal, octal and hexadecimal notations, and ones with fewer than four parts
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except (OSError, ValueError):
            return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if mapped is not None else address


def is_loopback(host: str) -> bool:
    """Whether ``host`` is ``localhost`` or a loopback address; names are not resolved."""
    if host.lower().rstrip(".") == "localhost":
        return True
    address = parse_ip(host)
    return address is not None and address.is_loopback


def is_internal(host: str) -> bool:
    """Whether ``host`` is the literal of an address that is not reachable from outside."""
    address = parse_ip(host)
    return address is not None and (
        address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_reserved
        or address.is_multicast
        or address.is_unspecified
    )


def discovery_address(address: str) -> str:
    """Return the address of the document: ``address``, or a base URL completed."""
    try:
        parts = urlsplit(address)
    except (ValueError, TypeError, AttributeError):
        return address  # refused, with its reason, by whoever looks at it next
    if not isinstance(address, str) or not address or WELL_KNOWN in parts.path:
        return address
    return parts._replace(path=parts.path.removesuffix("/") + OPENID_CONFIGURATION).geturl()


def implied_issuer(address: str) -> str:
    """Return the issuer whose document lives at ``address``.

    OpenID Connect Discovery §4 appends the well-known path to the issuer, RFC 8414 §3 inserts
    it before the issuer's own path.
    """
    before, _, after = redact_url(address).partition(WELL_KNOWN)
    _, slash, inserted = after.partition("/")
    return before + slash + inserted


def parse_discovery_url(url: str) -> DiscoveryEndpoint:
    """Return where the discovery document of ``url``, an issuer or the document's URL, lives.

    Raises :class:`ConfigurationException` when ``url`` is empty, is not http or https, has no
    host, or has a query or fragment.  OpenID Connect Discovery §4.

    Example::

        parse_discovery_url("https://op.example/").url
    """
    parts = split_url(url)
    if "?" in url or "#" in url:
        raise ConfigurationException("the URL has a query or fragment", code="invalid_url")
    base = url.removesuffix("/")
    complete = base if base.endswith(OPENID_CONFIGURATION) else base + OPENID_CONFIGURATION
    return DiscoveryEndpoint(complete, f"{parts.scheme}://{parts.netloc}")
