"""Rules for URLs: which are acceptable, and which belong together."""

import ipaddress
import re
import socket
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from .._logging import redact_url, without_values
from ..exceptions import ConfigurationException, DiscoveryHTTPSRequiredError
from .discovery_policy import DiscoveryPolicy

WELL_KNOWN = "/.well-known/"
OPENID_CONFIGURATION = "/.well-known/openid-configuration"
OAUTH_METADATA = "/.well-known/oauth-authorization-server"

_DEFAULT_PORTS = {"http": 80, "https": 443}
_ZONE = r"[a-z0-9_~-]+"  # RFC 6874, but no dots: a host name could hide behind them
_NUMERIC = r"[0-9a-fx]+(\.[0-9a-fx]+){0,3}"
_LOCAL_NAMES = frozenset(
    {
        *("localhost", "localhost4", "localhost6", "ip6-localhost", "ip6-loopback"),
        *("localdomain", "local", "internal"),
    }
)
_LOCAL_SUFFIXES = (
    *(".localhost", ".localdomain", ".localdomain4", ".localdomain6"),
    *(".local", ".internal", ".home.arpa"),
)


class DiscoveryEndpoint(NamedTuple):
    """The location of a discovery document: its ``url``, and the ``authority`` it belongs to."""

    url: str
    authority: str


def split_url(url: object) -> SplitResult:
    """Return the parts of an absolute http or https URL; raise ConfigurationException otherwise."""
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
        text = f"the URL is malformed: {without_values(error)}"
        raise ConfigurationException(text, code="invalid_url") from None
    if not parts.scheme:
        raise ConfigurationException("the URL has no scheme", code="invalid_url")
    if parts.scheme not in _DEFAULT_PORTS:
        raise ConfigurationException(
            f"the URL has scheme {parts.scheme!r}, not http or https", code="invalid_url"
        )
    if not host:
        raise ConfigurationException("the URL has no host", code="invalid_url")
    return parts


def host_of(url: str) -> str | None:
    """Return the host of an address, or None."""
    try:
        return split_url(url).hostname
    except ConfigurationException:
        return None


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


def fold_host(host: str) -> str:
    """Return ``host`` as a resolver reads it: lower case, ideographic dots and full-width digits
    folded (UTS #46), without brackets and the final dot."""
    if not host.isascii():
        import unicodedata  # loads a library, and such hosts are rare

        visible = (one for one in host if unicodedata.category(one) != "Cf")
        host = unicodedata.normalize("NFKC", "".join(visible)).replace("\u3002", ".")
    return host.lower().removeprefix("[").removesuffix("]").rstrip(".")


@lru_cache(maxsize=256)
def parse_ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that ``host`` denotes, in any notation a resolver takes, or None.

    Only IPv6 has zones (``fe80::1%eth0``): ``127.0.0.1%.evil.example`` is a name.
    """
    host, percent, zone = fold_host(host).partition("%")
    if percent and not (":" in host and re.fullmatch(_ZONE, zone)):
        return None
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        # Decimal, octal and hexadecimal notations, and ones with fewer than four parts. The pattern
        # comes first: C libraries ignore everything after a space.
        if not re.fullmatch(_NUMERIC, host):
            return None
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if mapped is not None else address


def is_loopback(host: str) -> bool:
    """Return whether ``host`` is ``localhost`` or a loopback address; names are not resolved."""
    address = parse_ip(host)
    return fold_host(host) == "localhost" if address is None else address.is_loopback


def is_internal(host: str) -> bool:
    """Return whether ``host`` cannot be reached from outside: an address that is not global, or a
    name for private use (RFC 6761, 6762, 8375) or without a domain.  Other names are not resolved.
    """
    if "%" in host:  # an encoded name or a zone: never a public host
        return True
    name = fold_host(host)
    if name in _LOCAL_NAMES or name.endswith(_LOCAL_SUFFIXES):
        return True
    address = parse_ip(host)
    if address is None:
        return "." not in name  # only a search list, or the resolver of containers, knows it
    return not all(map(_is_public, (address, *_embedded(address))))


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    local = address.is_multicast or address.is_reserved or getattr(address, "is_site_local", False)
    return address.is_global and not local


def _embedded(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> Iterator[ipaddress.IPv4Address]:
    """Yield the IPv4 addresses that tunnels (6to4, Teredo) embed in IPv6 ones."""
    if isinstance(address, ipaddress.IPv6Address):
        yield from filter(None, (address.sixtofour, *(address.teredo or ())))


def require_reachable(name: str, url: object, *, trusted_hosts: Iterable[str]) -> str:
    """Return ``url``, given by a provider as its ``name``; refuse an internal address.

    ``trusted_hosts`` are hosts that the program itself uses: a provider at an internal address may
    name others, but not in disguise (``2130706433``, ideographic dots).  Raises
    ConfigurationException.
    """
    host = split_url(url).hostname or ""
    if not is_internal(host):
        return str(url)
    if not _is_disguised(host) and any(map(is_internal, trusted_hosts)):
        return str(url)
    raise ConfigurationException(
        f"{name} is an internal address, and the issuer is not",
        {"name": name, "host": host},
        code="internal_address",
    )


def _is_disguised(host: str) -> bool:
    address = parse_ip(host)
    return host != fold_host(host) or (address is not None and str(address) != host)


def discovery_address(address: str) -> str:
    """Return the address of the document: ``address`` itself, or a base URL completed."""
    try:
        parts = urlsplit(address)
    except (ValueError, TypeError, AttributeError):
        return address  # refused, with the reason, by the code that parses it next
    if not isinstance(address, str) or not address or WELL_KNOWN in parts.path:
        return address
    return parts._replace(path=parts.path.removesuffix("/") + OPENID_CONFIGURATION).geturl()


def implied_issuer(address: str) -> str:
    """Return the issuer whose document is served at ``address``.

    OpenID Connect Discovery §4 appends the well-known path to the issuer, RFC 8414 §3 inserts
    it before the issuer's own path.
    """
    before, _, after = redact_url(address).partition(WELL_KNOWN)
    _, slash, inserted = after.partition("/")
    return before + slash + inserted


def oauth_metadata_address(address: str) -> str | None:
    """Return the RFC 8414 §3.1 address of an issuer's document; None for a document's own URL."""
    parts = urlsplit(address)
    if WELL_KNOWN in parts.path:
        return None
    return parts._replace(path=OAUTH_METADATA + parts.path.removesuffix("/")).geturl()


_SPELLINGS = (
    ("https://accounts.google.com", "accounts.google.com"),
    ("https://www.linkedin.com/oauth", "https://www.linkedin.com"),
)


def spellings_of(issuer: str) -> tuple[str, ...]:
    """Return all names that tokens of ``issuer`` use; the few issuers with several are listed.

    An issuer shared by many tenants that each have their own keys (Oracle's
    ``identity.oraclecloud.com``) must not be listed: its name would vouch for every tenant.
    """
    return next((names for names in _SPELLINGS if issuer in names), (issuer,))


def is_same_issuer(one: str, other: str) -> bool:
    """Return whether two names denote one issuer, ignoring a final slash and known spellings.

    For configurations and documents; the ``iss`` of a token is compared exactly.
    """
    one, other = one.removesuffix("/"), other.removesuffix("/")
    return one == other or other in spellings_of(one)


_WORDS_FOR_TENANTS = ("/common/", "/organizations/")


def is_in_family(words: str, issuer: str) -> bool:
    """Return whether ``issuer`` is covered by a document for all tenants."""
    if not any(word in words for word in _WORDS_FOR_TENANTS):
        return False
    from .known_hosts import template_for  # loads the table

    known = template_for(words)
    return known is not None and known.family().names(issuer)


def parse_discovery_url(url: str) -> DiscoveryEndpoint:
    """Return the location of the discovery document for ``url``, an issuer or the document's URL.

    :param url: an absolute URL

    Raises :class:`ConfigurationException` when ``url`` is empty, is not http or https, has no host,
    or has a query or fragment.  OpenID Connect Discovery §4.

    Example::

        parse_discovery_url("https://op.example/").url
    """
    parts = split_url(url)
    if "?" in url or "#" in url:
        raise ConfigurationException("the URL has a query or fragment", code="invalid_url")
    base = url.removesuffix("/")
    complete = base if base.endswith(OPENID_CONFIGURATION) else base + OPENID_CONFIGURATION
    return DiscoveryEndpoint(complete, f"{parts.scheme}://{parts.netloc}")
