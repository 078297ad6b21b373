"""MCP servers: what their answers demand, whose metadata is theirs, and what to ask for.

Model Context Protocol, Authorization (2025-03-26 to 2026-07-28); RFC 9728, RFC 8414.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from .._protocol import protected_resource
from .._protocol.discovery import DiscoveryDocumentResponse
from .._protocol.protected_resource import (
    ProtectedResourceMetadataRequest,
    ProtectedResourceMetadataResponse,
)
from .._validation.endpoint_rules import check_endpoint
from .._wire.discovery_policy import DiscoveryPolicy
from .._wire.endpoint import Endpoint, json_object
from .._wire.messages import HttpResponse
from .._wire.urls import (
    OAUTH_METADATA,
    OPENID_CONFIGURATION,
    implied_issuer,
    is_same_issuer,
    origin_of,
    require_reachable,
    require_scheme,
    split_url,
)
from .._wire.www_authenticate import Challenge, parse_www_authenticate
from ..exceptions import (
    ConfigurationException,
    InvalidArgumentError,
    MCPAuthorizationException,
)

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,256}")
_MOST_SCOPES = 100
_GAP = 60.0  # seconds
_HOUR = 3600.0
_USED_ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "registration_endpoint",
    "pushed_authorization_request_endpoint",
)


@dataclass(frozen=True)
class MCPTarget:
    """What an access token is needed for: passed to the ``assertion`` of :class:`MCPAuth`.

    ``issuer`` is the authorization server, ``resource`` the MCP server by its own name (None for
    servers by the revision 2025-03-26, which have none), ``scopes`` what is asked for.
    """

    server_url: str
    issuer: str
    token_endpoint: str
    resource: str | None = None
    scopes: tuple[str, ...] = ()


class Demand(NamedTuple):
    """What a server's refusal asks for."""

    scopes: frozenset[str] = frozenset()
    resource_metadata: str | None = None
    step_up: bool = False


def demand_of(response: Any) -> Demand | None:
    """Return what an httpx response demands; None if it is not a refusal that a token answers."""
    if response.status_code not in {401, 403}:
        return None
    challenges = parse_www_authenticate(response.headers.get_list("WWW-Authenticate"))
    ours = [one for one in challenges if one.scheme in {"bearer", "dpop"}]
    if response.status_code == 403:
        named = [one for one in ours if one.error == "insufficient_scope"]
        return _demand(named[0])._replace(step_up=True) if named else None
    if not challenges:  # servers by the first revision send none
        return Demand()
    return _demand(ours[0]) if ours else None


def _demand(challenge: Challenge) -> Demand:
    scopes = (challenge.scope or "").split()
    return Demand(known_scopes(scopes), challenge.resource_metadata)


def known_scopes(named: object) -> frozenset[str]:
    """Return the scopes that a stranger names; without those that are malformed."""
    if not isinstance(named, (list, tuple)) or len(named) > _MOST_SCOPES:
        return frozenset()
    return frozenset(one for one in named if isinstance(one, str) and _SCOPE.fullmatch(one))


def checked_server_url(url: object) -> str:
    """Return the URL of an MCP server; raises InvalidArgumentError for one that cannot be used."""
    try:
        parts = require_scheme(url, DiscoveryPolicy())
    except ConfigurationException as error:
        raise InvalidArgumentError(f"server_url: {error}") from None
    if parts.username is not None or "#" in parts.geturl() or "#" in str(url):
        raise InvalidArgumentError("server_url must have neither a user nor a fragment")
    return str(url)


def metadata_places(server_url: str, named: str | None) -> list[str]:
    """Return where a server's metadata may be, by RFC 9728 §3.1 and §5.1; ``named`` comes first."""
    parts = urlsplit(server_url)
    root = parts._replace(path=protected_resource.PATH, query="").geturl()
    own = protected_resource.metadata_address(server_url)
    places = [own, root] if named is None else [named, own, root]
    return list(dict.fromkeys(places))


def resources_at(server_url: str, place: str) -> tuple[str, ...]:
    """Return the names that the metadata at ``place`` may have for the server.

    The server's own URL (RFC 9728 §3.3), or that of which the address was made, where it is the
    same origin's and the server lies below it.
    """
    implied = implied_issuer(place) if protected_resource.PATH in place else server_url
    return (server_url, implied) if _covers(implied, server_url) else (server_url,)


def _covers(resource: str, server_url: str) -> bool:
    one, other = urlsplit(resource), urlsplit(server_url)
    if one.query or origin_of(one) != origin_of(other):
        return False
    base = one.path.removesuffix("/")
    return other.path == base or other.path.startswith(f"{base}/")


def parse_metadata(
    request: ProtectedResourceMetadataRequest, response: HttpResponse
) -> ProtectedResourceMetadataResponse:
    """Return the metadata of whatever resource it names: :func:`check_resource` judges it."""
    named = json_object(response).get("resource") if response.is_success else None
    if isinstance(named, str):
        request = replace(request, address=named)
    return protected_resource.parse(request, response)


SERVER_METADATA = Endpoint(
    "protected resource metadata request",
    ProtectedResourceMetadataResponse,
    protected_resource.build,
    parse_metadata,
)


def check_resource(
    server_url: str, place: str, found: ProtectedResourceMetadataResponse
) -> ProtectedResourceMetadataResponse:
    """Return the metadata if it is that of the server; raises MCPAuthorizationException.

    RFC 9728 §3.3: a document about another resource would lead tokens for that one here.
    """
    names = {one.removesuffix("/") for one in resources_at(server_url, place)}
    if str(found.resource).removesuffix("/") in names:
        return found
    raise MCPAuthorizationException(
        "the metadata is that of another resource than the server",
        {"found": found.resource, "expected": server_url},
        code="resource_mismatch",
    )


def issuer_named_by(
    found: ProtectedResourceMetadataResponse,
    server_url: str,
    issuer: str | None,
    current: str | None,
    policy: DiscoveryPolicy,
) -> str:
    """Return the authorization server to use: the program's ``issuer``, the current one, the first.

    Raises MCPAuthorizationException where the server names none that may be used.
    """
    named = found.authorization_servers
    known = [one for one in named if isinstance(one, str)] if isinstance(named, list) else []
    if not known:
        raise MCPAuthorizationException(
            "the server names no authorization server", code="no_authorization_server"
        )
    if issuer is not None:
        return bound_issuer(issuer, known)
    chosen = current if current in known else known[0]
    check_stranger("authorization_servers", chosen, server_url, policy)
    return chosen


def bound_issuer(issuer: str, named: Iterable[str]) -> str:
    """Return the program's ``issuer`` if it is among those ``named``.

    Raises MCPAuthorizationException: its client must not be known to another server.
    """
    for one in named:
        if is_same_issuer(issuer, one):
            return one
    raise MCPAuthorizationException(
        "the server names another authorization server than the issuer that the program trusts",
        {"found": list(named)[:5], "expected": issuer},
        code="foreign_authorization_server",
    )


def check_stranger(name: str, url: str, server_url: str, policy: DiscoveryPolicy) -> None:
    """Raise MCPAuthorizationException for an address that a server must not name.

    Plain http is for loopback, and an internal address only for servers that are on one.
    """
    try:
        require_scheme(url, policy)
        hosts = [urlsplit(server_url).hostname or ""]
        require_reachable(name, url, trusted_hosts=hosts)
    except ConfigurationException as error:
        raise MCPAuthorizationException(
            f"{name}: {error}", error.details, code="foreign_authorization_server"
        ) from None


def server_documents(issuer: str) -> list[str]:
    """Return where an authorization server's metadata may be (RFC 8414 §3.1 and §5)."""
    parts = split_url(issuer)
    path = parts.path.removesuffix("/")
    inserted = [_at(parts, f"{OAUTH_METADATA}{path}"), _at(parts, f"{OPENID_CONFIGURATION}{path}")]
    return [*inserted, _at(parts, f"{path}{OPENID_CONFIGURATION}")] if path else inserted


def _at(parts: SplitResult, path: str) -> str:
    return parts._replace(path=path).geturl()


def document_policy(policy: DiscoveryPolicy) -> DiscoveryPolicy:
    """Return the policy that a document is fetched by; what is used of it is judged apart."""
    return replace(
        policy,
        validate_endpoints=False,
        require_key_set=False,
        allow_missing_login_members=True,
        allow_unknown_types=True,
    )


def check_server(metadata: DiscoveryDocumentResponse, policy: DiscoveryPolicy) -> None:
    """Raise MCPAuthorizationException for metadata that names what must not be used."""
    issuer = str(metadata.issuer)
    try:
        for name in _USED_ENDPOINTS:
            url = getattr(metadata, name)
            if url is not None:
                check_endpoint(name, url, policy, issuer, issuer)
    except ConfigurationException as error:
        raise MCPAuthorizationException(
            str(error), error.details, code="authorization_server_unusable"
        ) from None


def require_pkce(metadata: DiscoveryDocumentResponse) -> None:
    """Raise MCPAuthorizationException unless the server says that it knows PKCE with S256."""
    methods = metadata.code_challenge_methods_supported
    if not isinstance(methods, list) or "S256" not in methods:
        raise MCPAuthorizationException(
            "the authorization server does not say that it supports PKCE with S256",
            {"issuer": metadata.issuer},
            code="pkce_not_supported",
        )


def default_server(server_url: str) -> DiscoveryDocumentResponse:
    """Return the metadata of a server by the revision 2025-03-26 that publishes none."""
    parts = split_url(server_url)._replace(query="")
    return DiscoveryDocumentResponse(
        True,
        issuer=origin_of_server(server_url),
        authorization_endpoint=_at(parts, "/authorize"),
        token_endpoint=_at(parts, "/token"),
        registration_endpoint=_at(parts, "/register"),
        code_challenge_methods_supported=["S256"],
        document={},
    )


def origin_of_server(server_url: str) -> str:
    """Return the issuer of a server that names none: its own origin."""
    return split_url(server_url)._replace(path="", query="").geturl()


def scopes_to_ask(
    demand: Demand,
    supported_by_resource: object,
    before: frozenset[str],
    own: frozenset[str],
) -> frozenset[str]:
    """Return what to ask for: what the challenge names, else what was asked for before, else what
    the resource supports; with all that was asked for before, so that nothing is lost."""
    named = demand.scopes or before or known_scopes(supported_by_resource)
    scopes = named | before | own
    if len(scopes) > _MOST_SCOPES:
        raise MCPAuthorizationException(
            f"the server demands more than {_MOST_SCOPES} scopes", code="too_many_scopes"
        )
    return scopes


def with_offline_access(
    scopes: frozenset[str], metadata: DiscoveryDocumentResponse
) -> frozenset[str]:
    """Return ``scopes``, with that of refresh tokens where the server knows it."""
    if scopes and "offline_access" in known_scopes(metadata.scopes_supported):
        return scopes | {"offline_access"}
    return scopes


@dataclass
class AuthorizationLimits:
    """How often one server may send its user to a login.

    ``most_step_ups`` in an hour; a token that was refused before it was ever accepted is not
    replaced for a minute, and no scope is asked for twice in a minute.
    """

    most_step_ups: int
    unproven: str | None = None
    since: float = -1e9
    asked: dict[str, float] = field(default_factory=dict)
    step_ups: list[float] = field(default_factory=list)

    def allow(self, demand: Demand, refused: str | None, now: float) -> bool:
        """Return whether a demand is a reason to ask for another token."""
        if not demand.step_up:
            if refused is None:
                return True
            if refused == self.unproven and now - self.since < _GAP:
                return False
            if not self._demands_more(demand):
                return True
        self.step_ups = [one for one in self.step_ups if now - one < _HOUR]
        new = [one for one in demand.scopes if now - self.asked.get(one, -1e9) >= _GAP]
        return bool(new) and len(self.step_ups) < self.most_step_ups

    def note(self, demand: Demand, scopes: frozenset[str], token: str, now: float) -> None:
        """Remember what was asked for, and the token that came."""
        if self._demands_more(demand):
            self.step_ups.append(now)
        self.unproven, self.since = token, now
        self.asked = dict.fromkeys(scopes, now)

    def _demands_more(self, demand: Demand) -> bool:
        """Return whether another scope is demanded, also by a server that says it with 401."""
        return demand.step_up or bool(self.asked and demand.scopes - self.asked.keys())

    def prove(self, token: str) -> None:
        """Remember that the server accepted a token."""
        if token == self.unproven:
            self.unproven = None
