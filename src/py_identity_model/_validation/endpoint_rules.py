"""Rules for endpoints in provider metadata, applied when they are used."""

from __future__ import annotations

from .._wire.discovery_policy import DiscoveryPolicy
from .._wire.urls import (
    host_of,
    is_internal,
    is_loopback,
    require_reachable,
    require_scheme,
    split_url,
)
from ..exceptions import ConfigurationException, DiscoveryHTTPSRequiredError
from .provider_document import further_hosts, host_problem, hosts_named, remedy_text


def check_endpoint(
    name: str, url: object, policy: DiscoveryPolicy, issuer: str, address: str
) -> str:
    """Return the URL of an endpoint in a provider's document; raise if it is unusable.

    Raises ConfigurationException.
    """
    if not policy.validate_endpoints:
        return str(url)
    parts = require_scheme(url, policy)
    problem = host_problem(name, parts, issuer, address, policy)
    if problem is not None:
        bases = further_hosts(policy, [parts])
        raise ConfigurationException(
            f"{problem}; {remedy_text(policy, additional_endpoint_base_addresses=bases)}",
            {"name": name, "host": parts.hostname},
            code="internal_address",
        )
    return str(url)


def check_given_endpoint(name: str, url: str, policy: DiscoveryPolicy) -> str:
    """Return the URL of an endpoint that the program itself names; refuse plain http in public.

    It may be on any host.  Within a network (``http://op:8080``) plain http is accepted, as it is
    for the ``internal_url`` of a preset.  Raises ConfigurationException.
    """
    parts = split_url(url)
    within = parts.scheme == "http" and _is_in_a_network(parts.hostname or "")
    if within or not policy.validate_endpoints:
        return url
    try:
        require_scheme(url, policy)
    except DiscoveryHTTPSRequiredError as error:
        raise DiscoveryHTTPSRequiredError(
            f"metadata: {name} is not https; DiscoveryPolicy(require_https=False) accepts it: "
            f"{error.message}"
        ) from None
    return url


def _is_in_a_network(host: str) -> bool:
    """Return whether ``host`` is on another machine that cannot be reached from outside."""
    return not is_loopback(host) and is_internal(host)


def check_alias(name: str, url: object, policy: DiscoveryPolicy, *named: str) -> str:
    """Return the address of ``name`` for clients with certificates; raise if it is unusable.

    An internal address is accepted where one of ``named``, or a base address of ``policy``, is
    internal as well.  Raises ConfigurationException.
    """
    parts = require_scheme(url, policy) if policy.validate_endpoints else split_url(url)
    if policy.allow_loopback_endpoints and is_loopback(parts.hostname or ""):
        return str(url)
    bases = [*named, *hosts_named(policy)]
    try:
        return require_reachable(name, url, trusted_hosts=filter(None, map(host_of, bases)))
    except ConfigurationException as error:
        bases = further_hosts(policy, [parts])
        raise ConfigurationException(
            f"{error}; {remedy_text(policy, additional_endpoint_base_addresses=bases)}",
            error.details,
            code=error.code,
        ) from None
