"""Settings of an application: collected from their sources, and checked together.

The functions of this package do not read a Config by themselves: pass its values on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple, Protocol, Self, runtime_checkable
from urllib.parse import urlsplit

from ._settings import (
    CACHE_MAX_STALE,
    CACHE_MIN_TTL,
    DISCO_CACHE_MAX_ENTRIES,
    DISCO_CACHE_TTL,
    HTTP_RETRY_BASE_DELAY,
    HTTP_RETRY_MAX_ATTEMPTS,
    HTTP_TIMEOUT,
    JWKS_CACHE_MAX_ENTRIES,
    KID_MISS_REFRESH_COOLDOWN,
    MAX_JWKS_KEYS,
    MAX_JWKS_SIZE,
    SETTINGS,
    Setting,
    variables,
)

__all__ = [
    "ClientAuthMethod",
    "Config",
    "ConfigError",
    "ConfigIssue",
    "ConfigSource",
    "EnvSource",
    "MappingSource",
    "Secret",
]

_DEFAULT_PREFIX = "OIDC_"


class Secret:
    """A string that is not shown: call :meth:`expose` for its value.

    Example::

        Secret("s3cret").expose()
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def expose(self) -> str:
        """Return the string itself.

        Example::

            Secret("s3cret").expose()
        """
        return self._value

    def __repr__(self) -> str:
        return "Secret('<redacted>')"

    def __str__(self) -> str:
        return "<redacted>"

    def __eq__(self, other: object) -> bool:
        return self._value == other._value if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash((Secret, self._value))


class ClientAuthMethod(Enum):
    """How the configured client authenticates (RFC 7591 §2)."""

    NONE = "none"
    CLIENT_SECRET_BASIC = "client_secret_basic"
    CLIENT_SECRET_POST = "client_secret_post"

    @property
    def requires_secret(self) -> bool:
        """Whether the method needs a client secret."""
        return self is not ClientAuthMethod.NONE


@dataclass(frozen=True)
class ConfigIssue:
    """A single error: a ``code``, the ``keys`` concerned, and a message."""

    code: str
    keys: tuple[str, ...]
    message: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message} ({', '.join(self.keys)})"


class ConfigError(Exception):
    """All errors of a configuration, in ``issues``; never shows a value."""

    def __init__(self, issues: Sequence[ConfigIssue]) -> None:
        self.issues = tuple(issues)
        super().__init__("; ".join(str(issue) for issue in self.issues))

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[ConfigIssue, ...]]]:
        return type(self), (self.issues,)


@runtime_checkable
class ConfigSource(Protocol):
    """A source of settings; it may have a ``name``."""

    def resolve(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Return the raw strings of those of ``keys`` that it has."""


class MappingSource:
    """Settings from a mapping of logical keys, for instance a parsed file.

    Example::

        MappingSource({"client.id": "web"}, name="settings.toml")
    """

    def __init__(self, values: Mapping[str, str], *, name: str = "mapping") -> None:
        self._values = dict(values)
        self.name = name

    def resolve(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Return the values of those of ``keys`` that the mapping has.

        Example::

            MappingSource({"client.id": "web"}).resolve(["client.id"])
        """
        return {key: self._values[key] for key in keys if key in self._values}

    def __repr__(self) -> str:
        return f"MappingSource(name={self.name!r})"


class EnvSource:
    """Settings from the environment, read when they are needed; ``prefix`` is the client's.

    Example::

        EnvSource(prefix="SHOP_")
    """

    def __init__(self, *, prefix: str = _DEFAULT_PREFIX, name: str = "env") -> None:
        self.prefix = prefix
        self.name = name

    def resolve(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Return the values of those of ``keys`` that the environment has; empty counts as present.

        Example::

            EnvSource().resolve(["client.id"])
        """
        names = {item.key: item.variables(self.prefix) for item in _REGISTRY if item.key in keys}
        present = variables(name for found in names.values() for name in found)
        resolved = {}
        for key, candidates in names.items():
            for name in candidates:
                if name in present:
                    resolved[key] = present[name]
                    break
        return resolved


class _Invalid(Exception):
    """The requirement that a value violates; never the value."""


def _number(
    lowest: float, highest: float = math.inf, *, above: bool = False
) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise _Invalid("must be a finite number")
        if value < lowest or value > highest or (above and value == lowest):
            raise _Invalid(
                f"must be {'above' if above else 'at least'} {lowest:g}"
                + (f" and at most {highest:g}" if highest < math.inf else "")
            )
        return value

    return parse


def _count(lowest: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text.strip())
        except ValueError:
            raise _Invalid("must be a whole number") from None
        if value < lowest:
            raise _Invalid(f"must be at least {lowest}")
        return value

    return parse


def _text(text: str) -> str:
    if not text.strip():
        raise _Invalid("must not be empty")
    return text.strip()


def _secret(text: str) -> Secret:
    if not text.strip():
        raise _Invalid("must not be empty")
    return Secret(text)


def _url(text: str) -> str:
    value = _text(text)
    try:
        parts = urlsplit(value)
        absolute = bool(parts.scheme and parts.hostname)
    except ValueError:
        absolute = False
    if not absolute:
        raise _Invalid("must be an absolute URL")
    return value


def _paths(text: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not found:
        raise _Invalid("must not be empty")
    return found


class _Item(NamedTuple):
    """A setting: its logical key, its environment variables, and its parser."""

    key: str
    names: tuple[str, ...]
    parse: Callable[[str], object]

    def variables(self, prefix: str) -> tuple[str, ...]:
        """Return the names of its environment variables."""
        return tuple(prefix + n for n in self.names) if self.of_client else self.names

    @property
    def of_client(self) -> bool:
        """Whether it belongs to the client."""
        return self.key.startswith("client.")

    @property
    def attribute(self) -> str:
        """The field of Config."""
        return self.key.replace(".", "_")


# Defaults that the contract promises for a Config, and that are in force nowhere else.
# `Settings.from_config` therefore passes on only given values, never these defaults, and raises
# them to the minimum of a setting.
_CONTRACT_JWKS_CACHE_TTL = 86400  # 3600 in force
_CONTRACT_MAX_ENTRIES = 64  # 1000 in force
_CONTRACT_PARSERS: dict[str, Callable[[str], object]] = {
    HTTP_TIMEOUT.key: _number(0, above=True),
    JWKS_CACHE_MAX_ENTRIES.key: _count(0),
    DISCO_CACHE_MAX_ENTRIES.key: _count(0),
}
_NOT_IN_CONFIG = {CACHE_MAX_STALE, CACHE_MIN_TTL}
_CONTRACT_NAMES = {DISCO_CACHE_MAX_ENTRIES.key: DISCO_CACHE_MAX_ENTRIES.names[:1]}


def _item(setting: Setting) -> _Item:
    key, lowest = setting.key, setting.lowest
    usual = _count(int(lowest)) if setting.whole else _number(lowest, setting.highest)
    names = _CONTRACT_NAMES.get(key, setting.names)
    return _Item(key, names, _CONTRACT_PARSERS.get(key, usual))


_REGISTRY = (
    *(_item(setting) for setting in SETTINGS.values() if setting not in _NOT_IN_CONFIG),
    _Item("client.discovery_url", ("DISCOVERY_URL",), _url),
    _Item("client.id", ("CLIENT_ID",), _text),
    _Item("client.secret", ("CLIENT_SECRET",), _secret),
    _Item("client.scope", ("SCOPE",), _text),
    _Item("client.audience", ("AUDIENCE",), _text),
    _Item("client.redirect_uri", ("REDIRECT_URI",), _url),
    _Item("client.post_login_redirect", ("POST_LOGIN_REDIRECT",), _text),
    _Item("client.post_logout_redirect", ("POST_LOGOUT_REDIRECT",), _text),
    _Item("client.excluded_paths", ("EXCLUDED_PATHS",), _paths),
)
_KEYS = tuple(item.key for item in _REGISTRY)
_CLIENT = "client"


@dataclass(frozen=True)
class Config:
    """The settings of an application, complete and checked.

    Create it with :meth:`from_env` or :meth:`build`.  Times are in seconds, sizes in bytes.

    Example::

        config = Config.build(overrides={"http.timeout": "5"}, env=False)
    """

    http_timeout: float = HTTP_TIMEOUT.default
    http_retry_max_attempts: int = int(HTTP_RETRY_MAX_ATTEMPTS.default)
    http_retry_base_delay: float = HTTP_RETRY_BASE_DELAY.default
    jwks_max_size: int = int(MAX_JWKS_SIZE.default)
    jwks_max_keys: int = int(MAX_JWKS_KEYS.default)
    jwks_cache_ttl: float = _CONTRACT_JWKS_CACHE_TTL
    discovery_cache_ttl: float = DISCO_CACHE_TTL.default
    jwks_kid_miss_cooldown: float = KID_MISS_REFRESH_COOLDOWN.default
    jwks_cache_max_entries: int = _CONTRACT_MAX_ENTRIES
    discovery_cache_max_entries: int = _CONTRACT_MAX_ENTRIES
    client_discovery_url: str | None = None
    client_id: str | None = None
    client_secret: Secret | None = None
    client_scope: str = "openid profile email"
    client_audience: str | None = None
    client_redirect_uri: str = ""
    client_post_login_redirect: str = "/"
    client_post_logout_redirect: str = "/"
    client_excluded_paths: tuple[str, ...] = ("/docs", "/openapi.json", "/health")
    given: frozenset[str] = field(default=frozenset(), kw_only=True, compare=False, repr=False)

    @classmethod
    def from_env(
        cls,
        *,
        prefix: str = _DEFAULT_PREFIX,
        group: str | None = None,
        client_auth_method: ClientAuthMethod = ClientAuthMethod.NONE,
    ) -> Self:
        """Return the settings in the environment; the client's have ``prefix``.

        :param prefix: the prefix of the client's variables
        :param group: ``client`` requires the client's settings
        :param client_auth_method: how the client authenticates

        Raises :class:`ConfigError`.

        Example::

            config = Config.from_env(prefix="SHOP_")
        """
        return cls.build(
            sources=[EnvSource(prefix=prefix)],
            env=False,
            group=group,
            client_auth_method=client_auth_method,
        )

    @classmethod
    def build(
        cls,
        *,
        sources: Sequence[ConfigSource] | None = None,
        overrides: Mapping[str, str] | None = None,
        env: bool = True,
        group: str | None = None,
        client_auth_method: ClientAuthMethod = ClientAuthMethod.NONE,
    ) -> Self:
        """Return the settings from ``overrides``, else ``sources`` in order, else the environment.

        :param sources: further sources, in order of precedence
        :param overrides: values that take precedence over all sources
        :param env: whether to use the environment
        :param group: ``client`` requires the client's settings
        :param client_auth_method: how the client authenticates, and so whether a secret is required

        Raises :class:`ConfigError` with all errors.

        Example::

            config = Config.build(sources=[MappingSource({"http.timeout": "5"})])
        """
        layers: list[ConfigSource] = [MappingSource(overrides or {}, name="overrides")]
        layers += sources or []
        if env:
            layers.append(EnvSource())
        raw, issues = _gather(layers)
        values, invalid = _parse(raw)
        issues += invalid + _find_missing(raw, group, client_auth_method)
        if issues:
            raise ConfigError(sorted(issues, key=_place))
        values.setdefault("client_audience", values.get("client_id"))
        return cls(**values, given=frozenset(values))


def _place(issue: ConfigIssue) -> int:
    return _KEYS.index(issue.keys[0]) if issue.keys[0] in _KEYS else -1


def _gather(layers: Sequence[ConfigSource]) -> tuple[dict[str, str], list[ConfigIssue]]:
    found: dict[str, str] = {}
    issues = []
    for layer in layers:
        name = getattr(layer, "name", type(layer).__name__)
        try:
            resolved = dict(layer.resolve(_KEYS))
        except Exception as error:
            # Its message may contain a value.
            text = f"the source failed with {type(error).__name__}"
            issues.append(ConfigIssue("CFG-004", (f"source:{name}",), text))
            continue
        for key, value in resolved.items():
            if key not in _KEYS or key in found:
                continue
            if isinstance(value, str):
                found[key] = value
            else:
                text = "the source returned something that is not text"
                issues.append(ConfigIssue("CFG-004", (f"source:{name}", key), text))
    return found, issues


def _parse(raw: Mapping[str, str]) -> tuple[dict[str, Any], list[ConfigIssue]]:
    values, issues = {}, []
    for item in _REGISTRY:
        if item.key not in raw:
            continue
        try:
            values[item.attribute] = item.parse(raw[item.key])
        except _Invalid as error:
            issues.append(ConfigIssue("CFG-003", (item.key,), str(error)))
    return values, issues


def _find_missing(
    raw: Mapping[str, str],
    group: str | None,
    method: ClientAuthMethod,
) -> list[ConfigIssue]:
    issues = []
    if group == _CLIENT:
        for key in ("client.discovery_url", "client.id"):
            if key not in raw:
                issues.append(ConfigIssue("CFG-001", (key,), "a required key is missing"))
        if method.requires_secret and "client.secret" not in raw:
            text = f"{method.value} needs a client secret"
            issues.append(ConfigIssue("CFG-002", ("client.secret",), text))
    elif "client.discovery_url" not in raw:
        client = tuple(item.key for item in _REGISTRY if item.of_client and item.key in raw)
        if client:
            text = "client settings require client.discovery_url"
            issues.append(ConfigIssue("CFG-002", client, text))
    return issues
