"""Prepared validators, found by an address and a configuration as it is now."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from copy import deepcopy
from operator import attrgetter
from time import time
from typing import Any

from .._jose.keys import KeySnapshot
from .._jose.tokens import not_three
from .._wire.discovery_policy import NAMED_BY_PROGRAM, DiscoveryPolicy
from ..exceptions import PyIdentityModelException
from .cache_entry import Entry
from .config import TokenValidationConfig, rules_for
from .prepared_validator import PreparedValidator

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
    "token_issuers",
)
config_key = attrgetter(*_NAMES)
"""All that the rules of a configuration depend on.

It is read for every call, so that a configuration that was changed takes effect at once.
"""


def snapshot_of(config: TokenValidationConfig) -> TokenValidationConfig:
    """Return what a validator needs of ``config``, as it is now.

    The caller's own may change any time, and what is computed must all be of one state.
    """
    return TokenValidationConfig(**dict(zip(_NAMES, _copied(config_key(config)), strict=True)))


LastUsed = tuple[TokenValidationConfig, str | None, dict[str, Any], PreparedValidator | None]
"""The last configuration, its address, its state then, and its validator.

A plain tuple: every token takes it apart, and one with names takes three times as long.
"""

_NONE_USED: LastUsed = (TokenValidationConfig(perform_disco=True), None, {}, None)
"""Matches no caller's configuration."""


class PreparedValidators:
    """The prepared validators of one cache.

    ``by_key`` has them by address and configuration, whose values can usually be hashed as they
    are.  Where some are lists, validators are found by the configuration's identity, and the
    values compared with a copy of what they were: freezing them for every token would cost half
    as much as a signature.
    """

    __slots__ = ("_last_key", "_last_used", "_of_object", "by_key")

    def __init__(self) -> None:
        self.by_key: dict[Hashable, PreparedValidator] = {}
        self._of_object: dict[tuple[int, object], tuple[object, PreparedValidator]] = {}
        self._last_key: Hashable = None
        self._last_used = _NONE_USED

    def clear(self) -> None:
        """Forget all."""
        self._last_used = _NONE_USED
        self.by_key.clear()
        self._of_object.clear()
        self._last_key = None

    def lookup(
        self,
        jwt: str,
        config: TokenValidationConfig,
        address: object,
        clock: Callable[[], float],
    ) -> dict[str, Any] | None:
        """Return the claims of ``jwt`` if a prepared validator can; None needs the long way.

        ``clock`` is that of the cache, in seconds.  Raises TokenValidationException for a token
        that must be refused.
        """
        known, address_then, state, validator = self._last_used
        same = config is known and address == address_then
        if same and type(jwt) is str and len(jwt) <= state["max_token_size"] and jwt.isascii():
            # Malformed tokens are refused before anything else is looked at: no change of the
            # configuration since then can make them valid.
            first, last = jwt.find("."), jwt.rfind(".")
            if first == last:
                raise not_three()
            if validator is not None and config.__dict__ == state:
                return validator.validate_ascii(jwt.encode(), first, last, clock(), time())
        if not config.perform_disco or config.decryption_keys is not None:
            return None
        if config.client_secret is not None or config.jwks_uri is not None:
            return None
        try:
            validator = self.by_key.get((address, config_key(config)))
        except TypeError:
            validator = self.find_with_lists(config, address)
        return None if validator is None else validator.validate(jwt, clock(), time())

    def find_with_lists(
        self, config: TokenValidationConfig, address: object
    ) -> PreparedValidator | None:
        """Return the validator for a configuration with values that cannot be hashed."""
        try:
            found = self._of_object.get((id(config), address))
        except TypeError:  # the address: it will be refused
            return None
        if found is not None and found[0] == config_key(config):
            return found[1]
        return self._find_frozen(config, address)

    def _find_frozen(
        self, config: TokenValidationConfig, address: object
    ) -> PreparedValidator | None:
        values = _copied(config_key(config))  # first: the key must be of what is compared later
        key = _hashable((address, _frozen(values)))
        validator = None if key is None else self.by_key.get(key)
        if validator is not None:
            if len(self._of_object) >= _MOST:
                self._of_object.clear()
            self._of_object[id(config), address] = values, validator
        return validator

    def forget(self, config: TokenValidationConfig, address: str) -> None:
        """Search again for the validator of ``config``."""
        self._of_object.pop((id(config), address), None)

    def add(
        self,
        config: TokenValidationConfig,
        address: str,
        document: Entry[Any],
        keys: Entry[KeySnapshot],
    ) -> PreparedValidator | None:
        """Return a validator for tokens that come after one that was validated, and store it.

        Nobody else may be able to change ``config``: see :func:`snapshot_of`.
        """
        values, provider = config_key(config), document.value
        key = _hashable((address, values)) or _hashable((address, _frozen(values)))
        if key is None or provider is None:
            return None
        validator = self.by_key.get(key)
        if validator is not None and validator.is_for(document, keys):
            return validator
        try:
            rules = rules_for(config, provider.issuer)
        except PyIdentityModelException:  # the configuration was changed, and is refused now
            return None
        if len(self.by_key) >= _MOST:
            self.by_key.clear()
        validator = PreparedValidator(config, address, rules, document, keys)
        self.by_key[self._share(*key)] = validator
        return validator

    def remember_last(
        self,
        config: TokenValidationConfig,
        address: str,
        own: TokenValidationConfig,
        validator: PreparedValidator | None,
    ) -> None:
        """Set the last used configuration; ``own`` is its state when ``validator`` was made."""
        state = {**vars(own), "claims_validator": config.claims_validator}
        plain = type(config) is TokenValidationConfig  # with attributes that nothing computes
        self._last_used = config, address, state, validator if plain else None

    def _share(self, address: str, values: Hashable) -> Hashable:
        """Return a key with the values of the key before it where they are equal.

        So a thousand tenants of one configuration hold its values once.
        """
        last = self._last_key  # read once: another thread may be about to replace it
        if last == values:
            return address, last
        self._last_key = values
        return address, values


def _hashable(key: tuple[Any, Any]) -> tuple[Any, Any] | None:
    try:
        hash(key)
    except TypeError:
        return None
    return key


def _copied(value: Any) -> Any:
    if isinstance(value, DiscoveryPolicy):  # the same object is compared by a glance
        return value if value is NAMED_BY_PROGRAM else deepcopy(value)
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
