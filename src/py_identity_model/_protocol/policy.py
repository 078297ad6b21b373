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
    documents of servers for machines, devices and CIBA.

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
        )
        return _SHARED.get(key, key)


def without_login_members(policy: DiscoveryPolicy | None) -> DiscoveryPolicy:
    """Return ``policy`` for an object that looks for each member when it needs it."""
    given = policy or DiscoveryPolicy()
    return replace(given, allow_missing_login_members=True, require_key_set=False)


_SHARED: dict[tuple[Hashable, ...], tuple[Hashable, ...]] = {}
"""The usual rules, as one object for however many providers are cached."""
for _usual in (DiscoveryPolicy(), without_login_members(None)):
    _SHARED[_usual.cache_key()] = _usual.cache_key()
