"""Discovery of a user's issuer from an identifier (OpenID Connect Discovery §2, RFC 7033)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple
from urllib.parse import SplitResult, urlencode

from .._wire.discovery_policy import DiscoveryPolicy
from .._wire.endpoint import Endpoint, json_object, refusal
from .._wire.messages import HttpRequest, HttpResponse, UnusableAnswer
from .._wire.models import BaseRequest, BaseResponse
from .._wire.urls import is_internal, is_loopback, origin_of, require_scheme, split_url
from ..exceptions import ConfigurationException, InvalidArgumentError

ISSUER_RELATION = "http://openid.net/specs/connect/1.0/issuer"
_PATH = "/.well-known/webfinger"
_XRI_SYMBOLS = ("=", "@", "+", "$", "!", "(")
_MAX_IDENTIFIER = 2048
# "example.com:8080" has the form of a scheme and a path; digits alone are a port (§2.1.2).
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?!\d{1,5}(?:[/?#]|$))")
_MAIL = re.compile(r"[^@:/?#]+@[^@:/?#]+")


@dataclass(repr=False)
class WebFingerRequest(BaseRequest):
    """A request for the issuer of an identifier.  OpenID Connect Discovery §2.1.

    :param address: the user's input: an e-mail address, an ``acct:`` URI, an https URL, or a
        host with or without a port
    :param policy: says where plain http is accepted, as for discovery; loopback is refused if
        ``allow_http_on_loopback`` is False, and other internal addresses unless
        ``additional_endpoint_base_addresses`` names them

    Example::

        WebFingerRequest("joe@example.com")
    """

    policy: DiscoveryPolicy | None = None


@dataclass(eq=False, repr=False)
class WebFingerResponse(BaseResponse):
    """The issuer that the host of an identifier names: an unverified statement of that host.

    Compare ``issuer`` with those that you configured, or discover it and let the user log in there;
    the ID token's ``iss`` must be the same.  ``subject`` is the identifier as the host spells it,
    ``document`` the whole response.  OpenID Connect Discovery §2, RFC 7033 §4.4.
    """

    _guarded_fields: ClassVar[frozenset[str]] = frozenset({"issuer", "subject", "document"})
    _secret_fields: ClassVar[frozenset[str]] = frozenset({"subject", "document"})  # personal data

    issuer: str | None = None
    subject: str | None = None
    document: dict[str, Any] | None = None


class Resource(NamedTuple):
    """A normalized identifier, and the URL of its host."""

    uri: str
    host: str


def normalize_identifier(identifier: str) -> Resource:
    """Return the resource that ``identifier`` denotes (OpenID Connect Discovery §2.1.2).

    Raises InvalidArgumentError for XRIs, which are reserved, and for identifiers without a host.
    """
    if not isinstance(identifier, str) or not identifier.strip():
        raise _unusable_error("is empty")
    text = identifier.strip()
    if len(text) > _MAX_IDENTIFIER:
        raise _unusable_error(f"is longer than {_MAX_IDENTIFIER} characters")
    if not text.isprintable() or " " in text or "\\" in text:
        raise _unusable_error("contains spaces, backslashes or control characters")
    if text.startswith(_XRI_SYMBOLS) or text.lower().startswith("xri:"):
        raise _unusable_error("is an XRI, which OpenID Connect does not define")
    scheme = _SCHEME.match(text)
    if scheme is None:
        return _account(f"acct:{text}") if _MAIL.fullmatch(text) else _assumed_url(text)
    if scheme[1].lower() == "acct":
        return _account(text)
    return _url(text.partition("#")[0])


def _account(uri: str) -> Resource:
    uri = uri.partition("#")[0]
    user, at, host = uri[len("acct:") :].rpartition("@")
    if not at or not user or not host or re.search(r"[/?@]", user + host):
        raise _unusable_error("is not an acct: URI of a user at a host")
    parts = _parts(f"https://{host}")
    return Resource(uri, f"https://{parts.netloc}")


def _assumed_url(text: str) -> Resource:
    uri = f"https://{text.partition('#')[0]}"
    parts = _parts(uri)
    return _url(uri if parts.path or parts.query else f"{uri}/")


def _url(uri: str) -> Resource:
    parts = _parts(uri)
    if parts.password is not None or parts.netloc.count("@") > 1:
        raise _unusable_error("contains a password, or more than one @")
    return Resource(uri, f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")


def _parts(uri: str) -> SplitResult:
    try:
        return split_url(uri)
    except ConfigurationException as error:
        raise _unusable_error(f"cannot be used: {error}") from None


def _unusable_error(text: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"the identifier {text}", code="invalid_identifier")


def build(request: WebFingerRequest) -> HttpRequest:
    """Return the HTTP request (RFC 7033 §4.1); raise for a host that must not be contacted."""
    resource = normalize_identifier(request.address)
    _check_host(resource.host, request.policy or DiscoveryPolicy())
    query = urlencode({"resource": resource.uri, "rel": ISSUER_RELATION})
    headers = {"Accept": "application/jrd+json, application/json"}
    return HttpRequest("GET", f"{resource.host}{_PATH}?{query}", headers=headers)


def _check_host(url: str, policy: DiscoveryPolicy) -> None:
    # Strangers choose the host: it must not open a way into the network of this program.
    parts = require_scheme(url, policy)
    host = parts.hostname or ""
    if not _is_inside(host):
        return
    if is_loopback(host) and policy.allow_http_on_loopback:
        return
    named = policy.additional_endpoint_base_addresses
    if origin_of(parts) not in {origin_of(split_url(one)) for one in named}:
        raise ConfigurationException(
            "the identifier's host is an internal address; if that is expected, name it in "
            "DiscoveryPolicy.additional_endpoint_base_addresses",
            code="internal_address",
        )


def parse(request: WebFingerRequest, response: HttpResponse) -> WebFingerResponse:
    """Return the issuer (OpenID Connect Discovery §2.1); raise for an invalid one."""
    if not response.is_success:
        return refusal(WebFingerResponse, "WebFinger request", request, response)
    document = json_object(response)
    subject = document.get("subject")
    return WebFingerResponse(
        True,
        issuer=_issuer_in(document, request),
        subject=subject if isinstance(subject, str) else None,
        document=document,
    )


def _issuer_in(document: dict[str, Any], request: WebFingerRequest) -> str:
    links = document.get("links")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("rel") == ISSUER_RELATION:
            return _checked_issuer(link.get("href"), request)
    raise UnusableAnswer("the response names no issuer")


def _checked_issuer(href: object, request: WebFingerRequest) -> str:
    try:
        parts = require_scheme(href, request.policy or DiscoveryPolicy())
    except ConfigurationException as error:
        raise UnusableAnswer(f"the issuer cannot be used: {error}") from None
    text = str(href)
    if "?" in text or "#" in text or "@" in parts.netloc:
        raise UnusableAnswer("the issuer has a query, a fragment or credentials")
    asked = split_url(normalize_identifier(request.address).host).hostname or ""
    if _is_inside(parts.hostname or "") and not _is_inside(asked):
        raise UnusableAnswer(
            "the issuer has an internal address, but the host that names it does not"
        )
    return text


def _is_inside(host: str) -> bool:
    return is_internal(host) or is_loopback(host)


ENDPOINT = Endpoint("WebFinger request", WebFingerResponse, build, parse)
