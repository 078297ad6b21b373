"""The configuration of token validation, its checks, and the rules derived from it."""

import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .._jose.algorithms import ALGORITHMS
from .._jose.claims import ClaimsRules, IssuerFamily
from .._jose.encoding import encode_base64url
from .._jose.jwk import DecryptionKeys, JsonWebKey, KeyMaterial
from .._jose.tokens import MAX_TOKEN_SIZE
from .._wire.discovery_policy import DiscoveryPolicy
from .._wire.retry import is_outage
from .._wire.urls import is_same_issuer, spellings_of
from ..exceptions import (
    ConfigurationException,
    InvalidIssuerException,
    KeysUnavailableException,
    ProviderUnusableException,
    TokenValidationException,
)
from .token_cache import TokenCache

if TYPE_CHECKING:
    from .._wire.models import BaseResponse
    from .fetch_result import FetchResult

IAT_LEEWAY = 60.0  # seconds that an issuer's clock may be ahead, by default
_NEVER_OFF = ("verify_signature", "verify_exp", "verify_nbf", "verify_iat")


@dataclass(repr=False)
class TokenValidationConfig:
    """The requirements on a token.

    :param perform_disco: fetch issuer and keys from the provider; otherwise ``key`` and
        ``algorithms`` are required
    :param key: a JWK or a JWKS of one key (an object, its members, or a JSON string), PEM of a key
        or a certificate, or a key object of ``cryptography``
    :param audience: one or several, one of which the token must name
    :param algorithms: an allow-list of signature algorithms
    :param issuer: the accepted issuers, one or several
    :param subject: the exact ``sub``
    :param options: ``verify_aud``, ``verify_iss``, ``verify_sub``, ``verify_jti``, ``strict_aud``,
        ``unique_claims`` (booleans; the last refuses a token that has a claim twice) and
        ``require`` (a list of claims)
    :param claims_validator: called last, with the claims
    :param leeway: tolerance of clocks, in seconds; without it an ``iat`` may still be up to 60 s
        ahead
    :param allowed_issuers: an allow-list for the issuer in force
    :param require_https: refuse plain http
    :param discovery_policy: overrides ``require_https``
    :param max_token_size: the maximum length of a token, in characters
    :param allow_weak_keys: accept RSA keys under 2048 bits and HMAC keys shorter than their hash
    :param token_cache: remembers validated tokens (with ``perform_disco`` only)
    :param allow_padded_base64url: accept segments with the padding that RFC 7515 §2 forbids, as AWS
        load balancers send them
    :param decryption_keys: private keys in any form that ``key`` takes; tokens must then be
        encrypted around a signed one
    :param allow_unencrypted: accept tokens that are only signed as well
    :param client_secret: verifies tokens signed by HS256, HS384 or HS512, which ``algorithms`` must
        name, and decrypts those encrypted with it (``decryption_keys`` may be empty then)
    :param jwks_uri: with ``perform_disco``, the URL of the keys of a provider whose metadata is
        known: nothing is discovered then, and ``issuer`` must be a single one
    :param token_issuers: names that you bind to the keys of this one provider, where the ``iss`` of
        tokens differs from its document: tokens must name one of them, and ``issuer`` is then what
        the document may say (None: anything)

    RFC 7519 §7.2, RFC 8725.

    Example::

        TokenValidationConfig(perform_disco=True, audience="api")
    """

    perform_disco: bool
    key: KeyMaterial | None = None
    audience: str | list[str] | None = None
    algorithms: list[str] | None = None
    issuer: str | list[str] | None = None
    subject: str | None = None
    options: dict[str, Any] | None = None
    claims_validator: Callable[[dict[str, Any]], object] | None = None
    require_https: bool = True
    leeway: float | None = None
    allowed_issuers: list[str] | None = None
    discovery_policy: DiscoveryPolicy | None = None
    max_token_size: int = field(default=MAX_TOKEN_SIZE, kw_only=True)
    allow_weak_keys: bool = field(default=False, kw_only=True)
    token_cache: TokenCache | None = field(default=None, kw_only=True)
    decryption_keys: DecryptionKeys | None = field(default=None, kw_only=True)
    allow_unencrypted: bool = field(default=False, kw_only=True)
    client_secret: str | None = field(default=None, kw_only=True)
    jwks_uri: str | None = field(default=None, kw_only=True)
    allow_padded_base64url: bool = field(default=False, kw_only=True)
    token_issuers: list[str] | None = field(default=None, kw_only=True)

    def __repr__(self) -> str:
        from .._wire.models import masked_repr  # rarely used

        return masked_repr(self, frozenset({"key", "decryption_keys", "client_secret", "subject"}))


# One branch per member, in the order that the contract prescribes: parts would only hide it.
def check_config(config: TokenValidationConfig, disco_doc_address: str | None) -> None:
    """Raise ConfigurationException for an inconsistent configuration."""
    _check_issuer(config.issuer)
    check_leeway(config.leeway)
    _check_algorithms(config.algorithms)
    if type(config.max_token_size) is not int or config.max_token_size < 1:
        raise _misconfigured_error("max_token_size must be a positive number of characters")
    if not isinstance(config.audience, (str, type(None))):
        _check_names("audience", config.audience)
    if config.token_issuers is not None:
        _check_names("token_issuers", config.token_issuers)
    if isinstance(config.allowed_issuers, str):
        raise _misconfigured_error("allowed_issuers must be a list of strings")
    _check_options(config.options or {})
    if config.perform_disco and config.jwks_uri is not None:
        if not isinstance(config.issuer, str) or not config.issuer:
            raise _misconfigured_error("exactly one issuer is required with jwks_uri")
        return
    if config.perform_disco:
        if not disco_doc_address or not isinstance(disco_doc_address, str):
            raise _misconfigured_error(
                "disco_doc_address is required when perform_disco is True",
                "missing_discovery_address",
            )
        return
    missing = [name for name in ("key", "algorithms") if not getattr(config, name)]
    if missing:
        raise _misconfigured_error(
            f"{' and '.join(missing)} must be given when perform_disco is False", "missing_key"
        )


def _check_options(options: Mapping[str, object]) -> None:
    for name in _NEVER_OFF:
        if not options.get(name, True):
            raise _misconfigured_error(
                f"the option {name} cannot be switched off", "forbidden_option"
            )
    if isinstance(options.get("require"), str):
        raise _misconfigured_error("the option require must be a list of claims")


_PUBLIC_KEY_ALGORITHMS = frozenset(name for name in ALGORITHMS if ALGORITHMS[name].kty != "oct")


def allowed_algorithms(config: TokenValidationConfig) -> Collection[str]:
    """Return the algorithms that may sign a token.

    Without an allow-list all are allowed, except symmetric ones when the keys come from the
    provider: a published document cannot hold a secret.
    """
    if config.algorithms is not None:
        return tuple(config.algorithms)
    return _PUBLIC_KEY_ALGORITHMS if config.perform_disco else ALGORITHMS


def check_algorithm(alg: str, allowed: Collection[str]) -> None:
    """Raise unless ``alg`` is in ``allowed``."""
    if alg not in allowed:
        raise TokenValidationException(
            f"The algorithm {alg} is not allowed",
            "header",
            {"alg": alg, "allowed": sorted(allowed)},
            code="algorithm_not_allowed",
        )


def _check_issuer(issuer: object) -> None:
    if issuer is None or isinstance(issuer, str):
        return
    _check_names("issuer", issuer)


def _check_names(name: str, values: object) -> None:
    fits = isinstance(values, (list, tuple, set, frozenset)) and len(values) > 0
    if not fits or not all(isinstance(value, str) and value for value in values):  # type: ignore[attr-defined]
        raise _misconfigured_error(f"{name} must be a string or a list of non-empty strings")


def check_leeway(leeway: object) -> None:
    """Raise ConfigurationException unless ``leeway`` is None or a valid number of seconds."""
    if leeway is None:
        return
    fits = isinstance(leeway, (int, float)) and not isinstance(leeway, bool)
    if not fits or not 0 <= leeway <= sys.float_info.max:  # type: ignore[operator]
        raise _misconfigured_error("leeway must be a finite number of seconds, not negative")


def _check_algorithms(algorithms: object) -> None:
    if algorithms is None:
        return
    if isinstance(algorithms, str) or not isinstance(algorithms, Collection):
        raise _misconfigured_error("algorithms must be a list of strings")
    if any(not isinstance(alg, str) or alg.lower() == "none" for alg in algorithms):
        raise _misconfigured_error("algorithms must name signature algorithms, which none is not")


def policy_of(config: TokenValidationConfig) -> DiscoveryPolicy:
    """Return the policy in force."""
    if config.discovery_policy is not None:
        return config.discovery_policy
    return DiscoveryPolicy(require_https=config.require_https)


def manual_key(config: TokenValidationConfig) -> JsonWebKey:
    """Return the configured key."""
    from .._jose.key_material import load_key  # tokens of providers do not need it

    return load_key(config.key)


def decrypt_token(token: str, config: TokenValidationConfig) -> tuple[str, TokenValidationConfig]:
    """Return the signed token in ``token``, and the configuration that remains for it."""
    if config.decryption_keys is None:
        return token, config
    from .._jose.encryption import decrypt_if_encrypted, decrypt_signed

    decrypted = decrypt_if_encrypted if config.allow_unencrypted else decrypt_signed
    signed = decrypted(token, config.decryption_keys, config.client_secret)
    return signed, replace(config, decryption_keys=None)


def secret_key(config: TokenValidationConfig) -> JsonWebKey:
    """Return the client secret as an HMAC key (OpenID Connect Core §10.1)."""
    secret = encode_base64url((config.client_secret or "").encode()).decode()
    return JsonWebKey(kty="oct", k=secret)


def allows_duplicates(config: TokenValidationConfig) -> bool:
    """Return whether the last of several claims with one name counts."""
    return not (config.options or {}).get("unique_claims", False)


def without_duplicates(config: TokenValidationConfig) -> TokenValidationConfig:
    """Return a configuration that refuses tokens that have a claim twice."""
    return replace(config, options={**(config.options or {}), "unique_claims": True})


def rules_for(config: TokenValidationConfig, discovered: str | None = None) -> ClaimsRules:
    """Return the rules for a token's claims; ``discovered`` is the document's issuer."""
    options = config.options or {}
    return ClaimsRules(
        issuers=_issuers(config, discovered),
        audiences=_names(config.audience),
        subject=config.subject,
        leeway=config.leeway or 0.0,
        required=tuple(options.get("require") or ()),
        verify_iss=bool(options.get("verify_iss", True)),
        verify_aud=bool(options.get("verify_aud", True)),
        verify_sub=bool(options.get("verify_sub", True)),
        verify_jti=bool(options.get("verify_jti", True)),
        strict_aud=bool(options.get("strict_aud", False)),
        iat_leeway=IAT_LEEWAY if config.leeway is None else config.leeway,
    )


def _names(value: str | Collection[str] | None) -> frozenset[str] | None:
    if isinstance(value, str):
        return _only(value)
    return None if value is None else frozenset(value)


@lru_cache(maxsize=64)
def _only(name: str) -> frozenset[str]:
    return frozenset([name])  # a thousand providers share the value of one audience


def _issuers(config: TokenValidationConfig, discovered: str | None) -> Collection[str] | None:
    configured = _names(config.issuer)
    issuers: Collection[str] | None = configured
    if discovered is not None:
        issuers = _discovered_issuers(config, discovered, configured)
    if config.token_issuers is not None:
        issuers = frozenset(config.token_issuers)
    if config.allowed_issuers is None:
        return issuers
    allowed = _allowed(issuers or (), config.allowed_issuers)
    if not allowed:
        raise InvalidIssuerException(
            "Invalid issuer: it is not among the allowed issuers",
            {"issuer": sorted(issuers or ()), "expected": list(config.allowed_issuers)},
            code="issuer_not_allowed",
        )
    return allowed


def _discovered_issuers(
    config: TokenValidationConfig, discovered: str, configured: Collection[str] | None
) -> Collection[str]:
    """Return the issuers that tokens may name when a document names ``discovered``."""
    if "{" in discovered and (family := _family(discovered, configured)) is not None:
        return family
    names = spellings_of(discovered)
    if configured is None or any(is_same_issuer(discovered, one) for one in configured):
        return names
    # One literal issuer that the program binds to these keys: never one of a list, whose providers
    # could vouch for each other, nor one that a token named.
    if isinstance(config.issuer, str) and policy_of(config).allow_issuer_mismatch:
        return configured
    raise InvalidIssuerException(
        "Invalid issuer: the discovered issuer is not the configured one",
        {"issuer": discovered, "expected": sorted(configured)},
        code="issuer_not_configured",
    )


def _family(template: str, configured: Collection[str] | None) -> Collection[str] | None:
    from .._wire.known_hosts import known_template  # loads the table

    known = known_template(template)
    if known is None:
        return None
    family = known.family()
    if configured is None or any(
        one == template or (known.covers(one) and not family.names(one)) for one in configured
    ):
        return family
    return family.limited_to(configured) or None


def _allowed(issuers: Collection[str], allowed: Collection[str]) -> Collection[str]:
    if isinstance(issuers, IssuerFamily):
        return issuers.limited_to(allowed)
    without_slash = {one.removesuffix("/") for one in allowed if isinstance(one, str)}
    return frozenset(name for name in issuers if name.removesuffix("/") in without_slash)


def unavailable_error(
    result: "BaseResponse | FetchResult[Any]", code: str, *, retry_after: float = 1.0
) -> TokenValidationException:
    """Return the exception for failed discovery or a missing key set.

    ``code`` is set for a provider that cannot be used; ``retry_after`` is the number of seconds
    until the next request to it.
    """
    text, status = str(result.error), result.status_code
    details = {"status_code": status, "retry_after": retry_after}
    if is_outage(result.error_kind, status):
        return KeysUnavailableException(text, status_code=status, details=details)
    return ProviderUnusableException(text, details, code=code)


def _misconfigured_error(text: str, code: str = "invalid_configuration") -> ConfigurationException:
    return ConfigurationException(text, code=code)
