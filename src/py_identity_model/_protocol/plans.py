"""The plans at hand, found by what they depend on: an address, and a configuration as it is now."""

from __future__ import annotations

from collections.abc import Hashable
from copy import deepcopy
from operator import attrgetter
from typing import Any

from .._jose.keys import KeySnapshot
from ..exceptions import PyIdentityModelException
from .cache import Entry
from .plan import Plan
from .policy import DiscoveryPolicy
from .token_validation import TokenValidationConfig, rules_for

_MOST = 4096

_NAMES = (
    "perform_disco",
    "audience",
    "algorithms",
    "issuer",
    "subject",
    "options",
    "require_https",
    "leeway",
    "allowed_issuers",
    "discovery_policy",
    "max_token_size",
    "allow_weak_keys",
    "token_cache",
    "allow_padded_base64url",
)
shape_of = attrgetter(*_NAMES)
"""All that the rules of a configuration depend on.

It is read for every call, so that a configuration that was changed takes effect at once.
"""


def unshared(config: TokenValidationConfig) -> TokenValidationConfig:
    """Return what a plan needs of ``config``, as it is now.

    The caller's own may change any time, and what is worked out must all be of one state.
    """
    return TokenValidationConfig(**dict(zip(_NAMES, _copied(shape_of(config)), strict=True)))


Latest = tuple[TokenValidationConfig, str | None, dict[str, Any], Plan | None]
"""The configuration worked out last, its address, its state then, and its plan.

A plain tuple: every token takes it apart, and one with names takes three times as long.
"""

_NOTHING_YET: Latest = (TokenValidationConfig(perform_disco=True), None, {}, None)  # nobody's


class Plans:
    """The plans of one cache.

    ``by_key`` has them by address and shape; what the shape holds can usually be hashed as it is.
    Where lists are in it, they are found by the configuration's identity, and compared with a
    copy of what it was: freezing them for every token would cost as much as half a signature.
    """

    __slots__ = ("_last_shape", "_of_object", "by_key", "latest")

    def __init__(self) -> None:
        self.by_key: dict[Hashable, Plan] = {}
        self._of_object: dict[tuple[int, object], tuple[object, Plan]] = {}
        self._last_shape: Hashable = None
        self.latest = _NOTHING_YET

    def clear(self) -> None:
        """Forget all."""
        self.latest = _NOTHING_YET
        self.by_key.clear()
        self._of_object.clear()
        self._last_shape = None

    def find_with_lists(self, config: TokenValidationConfig, address: object) -> Plan | None:
        """Return the plan for a configuration with something in it that cannot be hashed."""
        try:
            found = self._of_object.get((id(config), address))
        except TypeError:  # the address: it will be refused
            return None
        if found is not None and found[0] == shape_of(config):
            return found[1]
        return self._looked_up(config, address)

    def _looked_up(self, config: TokenValidationConfig, address: object) -> Plan | None:
        shape = _copied(shape_of(config))  # first: the key must be of what is compared later
        key = _hashable((address, _frozen(shape)))
        plan = None if key is None else self.by_key.get(key)
        if plan is not None:
            if len(self._of_object) >= _MOST:
                self._of_object.clear()
            self._of_object[id(config), address] = shape, plan
        return plan

    def forget(self, config: TokenValidationConfig, address: str) -> None:
        """Look anew for the plan of ``config``."""
        self._of_object.pop((id(config), address), None)

    def keep(
        self,
        config: TokenValidationConfig,
        address: str,
        document: Entry[Any],
        keys: Entry[KeySnapshot],
    ) -> Plan | None:
        """Keep a plan for tokens that come after one that was validated, and return it.

        Nobody else may be able to change ``config``: see :func:`unshared`.
        """
        shape, provider = shape_of(config), document.value
        key = _hashable((address, shape)) or _hashable((address, _frozen(shape)))
        if key is None or provider is None:
            return None
        plan = self.by_key.get(key)
        if plan is not None and plan.is_for(document, keys):
            return plan
        try:
            rules = rules_for(config, provider.issuer)
        except PyIdentityModelException:  # what it has become is refused
            return None
        if len(self.by_key) >= _MOST:
            self.by_key.clear()
        plan = self.by_key[self._shared(*key)] = Plan(config, address, rules, document, keys)
        return plan

    def note(
        self,
        config: TokenValidationConfig,
        address: str,
        own: TokenValidationConfig,
        plan: Plan | None,
    ) -> None:
        """Remember ``config`` as the latest; ``own`` is what it was when ``plan`` was made."""
        state = {**vars(own), "claims_validator": config.claims_validator}
        plain = type(config) is TokenValidationConfig  # with attributes that nothing computes
        self.latest = config, address, state, plan if plain else None

    def _shared(self, address: str, shape: Hashable) -> Hashable:
        """Return a key whose shape is that of the key before where they are equal.

        So a thousand tenants of one configuration have one shape.
        """
        last = self._last_shape  # read once: another thread may be about to replace it
        if last == shape:
            return address, last
        self._last_shape = shape
        return address, shape


def _hashable(key: tuple[Any, Any]) -> tuple[Any, Any] | None:
    try:
        hash(key)
    except TypeError:
        return None
    return key


def _copied(value: Any) -> Any:
    if isinstance(value, DiscoveryPolicy):
        return deepcopy(value)
    if isinstance(value, tuple):
        return tuple(_copied(item) for item in value)
    if isinstance(value, list):
        return [_copied(item) for item in value]
    if isinstance(value, set):
        return set(value)
    if isinstance(value, dict):
        return {name: _copied(item) for name, item in value.items()}
    return value


def _frozen(value: Any) -> Any:
    if isinstance(value, DiscoveryPolicy):
        return DiscoveryPolicy, value.cache_key()
    if isinstance(value, (list, tuple)):
        return type(value), tuple(_frozen(item) for item in value)
    if isinstance(value, (set, frozenset)):
        return frozenset, frozenset(value)
    if isinstance(value, dict):
        return dict, tuple((name, _frozen(item)) for name, item in value.items())
    return value
