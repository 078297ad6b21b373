"""Strictness of the checks of a provider's metadata."""

from collections.abc import Hashable
from copy import copy, deepcopy
from dataclasses import dataclass, field, replace


@dataclass
class DiscoveryPolicy:
    """Rules for discovery documents and the key sets they point to.

    :param require_https: refuse plain http
    :param allow_http_on_loopback: but accept it on loopback
    :param validate_issuer: check the form of the issuer, and compare it with the address
    :param validate_endpoints: require endpoints on the authority of the issuer or the document, or
        on one of ``additional_endpoint_base_addresses``
    :param require_key_set: require ``jwks_uri``
    :param additional_endpoint_base_addresses: further base URLs that endpoints may be below
    :param authority: check endpoints against this base URL instead of the issuer
    :param allow_loopback_endpoints: let mTLS aliases be loopback addresses
    :param allow_issuer_mismatch: skip only the comparison of issuer and address
    :param allow_missing_login_members: let members be missing that only logins need, as in the
        documents of servers for machines, devices and CIBA
    :param allow_unknown_types: accept response and subject types that no specification defines
    :param allow_endpoints_on_other_hosts: let endpoints be on any host, by https, except internal
        hosts that were not named; the usual rule of objects made for one issuer
    :param expected_issuer: the issuer that the document must name where it is served from the
        address of another one (behind a proxy, inside a cluster)

    OpenID Connect Discovery §3, §4.3; RFC 8414 §3.3.

    Example::

        DiscoveryPolicy(additional_endpoint_base_addresses=["https://keys.example"])
    """

    require_https: bool = True
    allow_http_on_loopback: bool = True
    validate_issuer: bool = True
    validate_endpoints: bool = True
    require_key_set: bool = True
    additional_endpoint_base_addresses: list[str] = field(default_factory=list)
    authority: str | None = None
    allow_loopback_endpoints: bool = False
    allow_issuer_mismatch: bool = False
    allow_missing_login_members: bool = field(default=False, kw_only=True)
    allow_unknown_types: bool = field(default=False, kw_only=True)
    allow_endpoints_on_other_hosts: bool = field(default=False, kw_only=True)
    expected_issuer: str | None = field(default=None, kw_only=True)

    def cache_key(self) -> tuple[Hashable, ...]:
        """Return all rules as one hashable value.

        Example::

            DiscoveryPolicy().cache_key()
        """
        key = (
            self.require_https,
            self.allow_http_on_loopback,
            self.validate_issuer,
            self.validate_endpoints,
            self.require_key_set,
            tuple(self.additional_endpoint_base_addresses),
            self.authority,
            self.allow_loopback_endpoints,
            self.allow_issuer_mismatch,
            self.allow_missing_login_members,
            self.allow_unknown_types,
            self.allow_endpoints_on_other_hosts,
            self.expected_issuer,
        )
        return _SHARED.get(key, key)


NAMED_BY_PROGRAM = DiscoveryPolicy(require_key_set=False, allow_endpoints_on_other_hosts=True)
"""The default rules for an issuer that the program itself names; must not be changed."""


def copy_policy(policy: DiscoveryPolicy) -> DiscoveryPolicy:
    """Return a copy that does not change with ``policy``."""
    if type(policy) is not DiscoveryPolicy:  # what else a subclass has is not known here
        return deepcopy(policy)
    # A tenth of the time of `deepcopy`; each of a thousand callers that wait together copies one.
    copied = copy(policy)
    copied.additional_endpoint_base_addresses = copy(policy.additional_endpoint_base_addresses)
    return copied


def named_by_program(policy: DiscoveryPolicy | None) -> DiscoveryPolicy:
    """Return ``policy`` adapted to an issuer that the program itself names.

    Each member is then checked when it is used, and endpoints may be on other hosts: the issuer
    decides where its endpoints are.
    """
    if policy is None:
        return NAMED_BY_PROGRAM
    return replace(policy, require_key_set=False, allow_endpoints_on_other_hosts=True)


def extend_policy(policy: DiscoveryPolicy | None, own: DiscoveryPolicy) -> DiscoveryPolicy:
    """Return ``policy``, by default the strict one, with what a preset's ``own`` needs as well."""
    usual = policy or DiscoveryPolicy()
    bases = [*usual.additional_endpoint_base_addresses, *own.additional_endpoint_base_addresses]
    return replace(
        usual,
        require_https=usual.require_https and own.require_https,
        additional_endpoint_base_addresses=bases,
        allow_issuer_mismatch=usual.allow_issuer_mismatch or own.allow_issuer_mismatch,
    )


_SHARED: dict[tuple[Hashable, ...], tuple[Hashable, ...]] = {}
"""Keys of the default policies, so that any number of configurations share one object."""
for _usual in (DiscoveryPolicy(), NAMED_BY_PROGRAM):
    _SHARED[_usual.cache_key()] = _usual.cache_key()
