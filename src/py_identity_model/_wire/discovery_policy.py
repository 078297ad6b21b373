"""How strictly a provider's metadata is judged."""

from collections.abc import Hashable
from dataclasses import dataclass, field, replace


@dataclass
class DiscoveryPolicy:
    """Rules for discovery documents and the key sets they point to.

    ``require_https``: refuse plain http.  ``allow_http_on_loopback``: but accept it on
    loopback.  ``validate_issuer``: check the issuer's form, and compare it with the address.
    ``validate_endpoints``: endpoints must be on the issuer's or the document's authority, or on
    one of ``additional_endpoint_base_addresses``.  ``require_key_set``: ``jwks_uri`` must be
    there.  ``authority``: judge endpoints by this base URL instead of the issuer's.
    ``allow_loopback_endpoints``: mTLS aliases may be loopback addresses.
    ``allow_issuer_mismatch``: skip only the comparison of issuer and address.
    ``allow_missing_login_members``: members that only logins need may be missing, as in the
    documents of servers for machines, devices and CIBA.  ``allow_unknown_types``: response and
    subject types may be ones that no specification knows.  ``allow_endpoints_on_other_hosts``:
    endpoints may be on any host, by https, but for internal ones that nobody named; objects that
    are made for one issuer judge it so.  ``expected_issuer``: the issuer that the document must
    name, where its address is another one's (behind a proxy, inside a cluster).

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
"""The usual rules for an issuer that the program names itself; nobody may change this object."""


def named_by_program(policy: DiscoveryPolicy | None) -> DiscoveryPolicy:
    """Return ``policy`` for an issuer that the program names, by an object made for it.

    Each member is then judged when it is used, and endpoints may be on other hosts: whoever is
    the issuer may say where its endpoints are.
    """
    if policy is None:
        return NAMED_BY_PROGRAM
    return replace(policy, require_key_set=False, allow_endpoints_on_other_hosts=True)


_SHARED: dict[tuple[Hashable, ...], tuple[Hashable, ...]] = {}
"""The usual rules, as one object for however many configurations there are."""
for _usual in (DiscoveryPolicy(), NAMED_BY_PROGRAM):
    _SHARED[_usual.cache_key()] = _usual.cache_key()
