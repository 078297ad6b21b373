"""Prepared validators, found by address and current configuration."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from operator import attrgetter
from time import time
from typing import Any

from .._jose.keys import KeySnapshot
from .._jose.tokens import not_three_segments_error
from .._wire.discovery_policy import NAMED_BY_PROGRAM, DiscoveryPolicy, copy_policy
from ..exceptions import PyIdentityModelException
from .cache_entry import Entry
from .config import TokenValidationConfig, rules_for
from .prepared_validator import PreparedValidator
from .provider_document import Provider

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
"""Everything that the rules of a configuration depend on.

It is read at every call, so that a changed configuration takes effect at once.
"""


def snapshot_of(config: TokenValidationConfig) -> TokenValidationConfig:
    """Return a private copy of the current state of ``config``.

    The caller may change its own object any time, and all computed values must belong to one state.
    """
    return TokenValidationConfig(**dict(zip(_NAMES, _copied(config_key(config)), strict=True)))


LastUsed = tuple[TokenValidationConfig, str | None, dict[str, Any], PreparedValidator | None]
"""The last configuration, its address, its state then, and its validator.

A plain tuple: every token unpacks it, and a named tuple takes three times as long.
"""

_NONE_USED: LastUsed = (TokenValidationConfig(perform_disco=True), None, {}, None)
"""Sentinel that matches no configuration."""


class PreparedValidators:
    """The prepared validators of one cache.

    ``by_key`` maps address and configuration, whose values can usually be hashed as they are.  If
    some are lists, validators are found by the identity of the configuration, and its values
    compared with a copy: freezing them for every token would cost half as much as a signature.
    """

    __slots__ = ("_last_key", "_last_used", "by_key", "by_object")

    def __init__(self) -> None:
        self.by_key: dict[Hashable, PreparedValidator] = {}
        self.by_object: dict[tuple[int, object], tuple[object, PreparedValidator]] = {}
        self._last_key: Hashable = None
        self._last_used = _NONE_USED

    def clear(self) -> None:
        """Remove all validators."""
        self._last_used = _NONE_USED
        self.by_key.clear()
        self.by_object.clear()
        self._last_key = None

    def lookup(
        self,
        jwt: str,
        config: TokenValidationConfig,
        address: object,
        clock: Callable[[], float],
    ) -> dict[str, Any] | None:
        """Return the claims of ``jwt`` if a prepared validator accepts it; None needs the long way.

        ``clock`` is the clock of the cache, in seconds.  Raises TokenValidationException for a
        token that must be refused.
        """
        # One tuple, read once: fields read one after another could be of two configurations.
        known, address_then, state, validator = self._last_used
        same = config is known and address == address_then
        if same and type(jwt) is str and len(jwt) <= state["max_token_size"] and jwt.isascii():
            # Reject malformed tokens first: no change of the configuration can make them valid.
            first, last = jwt.find("."), jwt.rfind(".")
            if first == last:
                raise not_three_segments_error()
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
        """Return the validator for a configuration with unhashable values."""
        try:
            found = self.by_object.get((id(config), address))
        except TypeError:  # an unhashable address, which will be refused
            return None
        if found is not None and found[0] == config_key(config):
            return found[1]
        return self._find_frozen(config, address)

    def _find_frozen(
        self, config: TokenValidationConfig, address: object
    ) -> PreparedValidator | None:
        # First: the key must belong to the values compared later.
        values = _copied(config_key(config))
        key = _hashable((address, _frozen(values)))
        validator = None if key is None else self.by_key.get(key)
        if validator is not None:
            if len(self.by_object) >= _MOST:
                self.by_object.clear()
            self.by_object[id(config), address] = values, validator
        return validator

    def forget(self, config: TokenValidationConfig, address: str) -> None:
        """Drop the remembered validator of ``config``, so that the next call searches again."""
        self.by_object.pop((id(config), address), None)

    def add(
        self,
        config: TokenValidationConfig,
        address: str,
        document: Entry[Provider],
        keys: Entry[KeySnapshot],
    ) -> PreparedValidator | None:
        """Return a new validator for the tokens after one that was validated, and store it.

        No other code may be able to change ``config``: see :func:`snapshot_of`.
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
        # The configuration was changed meanwhile, and is refused now.
        except PyIdentityModelException:
            return None
        # All at once, not the oldest: an order of use would have to be written for every token, for
        # programs alone that make a new configuration for each call.
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
        plain = type(config) is TokenValidationConfig  # with attributes that no rule uses
        self._last_used = config, address, state, validator if plain else None

    def _share(self, address: str, values: Hashable) -> Hashable:
        """Return a key that reuses the equal values of the previous key.

        A thousand tenants with one configuration thus store its values once.
        """
        last = self._last_key  # read once: another thread may be replacing it
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
    if isinstance(value, DiscoveryPolicy):  # comparing identical objects is quick
        return value if value is NAMED_BY_PROGRAM else copy_policy(value)
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
