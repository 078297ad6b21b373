"""Validation of tokens."""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, Any

from .._activities import Activity, activities
from .._jose.algorithms import ALGORITHMS
from .._jose.keys import Header
from .._jose.tokens import (
    Segments,
    check_unverified_issuer,
    cooldown_error,
    decode_segments,
    read_claims,
    read_header,
    split_token,
    verify,
    verify_with_key,
)
from .._seam.aio import call
from .._settings import Settings, in_force
from .._validation.config import (
    TokenValidationConfig,
    allowed_algorithms,
    allows_duplicates,
    check_algorithm,
    check_config,
    manual_key,
    policy_of,
    rules_for,
    secret_key,
)
from .._validation.fetch_result import PATIENT, Caller
from .._validation.key_access import unknown_key_error
from .._validation.key_set_rules import require_usual_answer
from .._validation.provider_document import Provider, key_set_address
from .._wire.arguments import check_instance
from ..exceptions import (
    ProviderUnusableException,
    SignatureVerificationException,
    TokenValidationException,
)
from ._cache.provider_cache import AsyncProviderCache, cache_of, default_cache
from ._transport.http import AsyncHTTPClient

if TYPE_CHECKING:  # few configurations have one
    from .._jose.claims_validators import Validator


async def validate_token(
    jwt: str,
    token_validation_config: TokenValidationConfig,
    disco_doc_address: str | None = None,
    http_client: AsyncHTTPClient | None = None,
    *,
    settings: Settings | None = None,
) -> dict[str, Any]:
    """Return the claims of a token that meets the requirements of the configuration.

    :param jwt: the token
    :param token_validation_config: the requirements
    :param disco_doc_address: the issuer's base URL, or that of its discovery document; required
        with ``perform_disco``; documents and keys fetched from there are cached
    :param http_client: used, with its own cache, instead of this worker's
    :param settings: settings for this call

    Raises :class:`ConfigurationException` for an inconsistent configuration;
    :class:`TokenExpiredException`, :class:`InvalidAudienceException`,
    :class:`InvalidIssuerException`, :class:`SignatureVerificationException` or their base
    :class:`TokenValidationException` for a token that is refused, and
    :class:`KeysUnavailableException` when the provider is down and no usable keys are cached,
    :class:`ProviderUnusableException` when it cannot be used as configured.  Each has a ``code``.
    RFC 7519 §7.2, RFC 8725.

    Example::

        claims = await validate_token(
            access_token,
            TokenValidationConfig(perform_disco=True, audience="api"),
            "https://op.example",
        )
    """
    if not activities.are_observed:
        return await validate(
            jwt, token_validation_config, disco_doc_address, http_client, PATIENT, settings
        )
    with Activity("verification", "token", disco_doc_address):
        return await validate(
            jwt, token_validation_config, disco_doc_address, http_client, PATIENT, settings
        )


async def validate(
    jwt: str,
    config: TokenValidationConfig,
    disco_doc_address: str | None,
    http_client: AsyncHTTPClient | None,
    caller: Caller,
    settings: Settings | None,
) -> dict[str, Any]:
    """Do the same as :func:`validate_token`, for a ``caller`` that may be less patient."""
    check_instance(config, TokenValidationConfig)
    if settings is not None:
        with in_force(settings):
            return await validate(jwt, config, disco_doc_address, http_client, caller, None)
    cache = default_cache
    if http_client is not None and config.perform_disco:
        cache = cache_of(http_client)
    claims = cache.validators.lookup(jwt, config, disco_doc_address, cache.documents.clock)
    if claims is None and config.decryption_keys is not None:
        from ._transport.opening import open_token  # few tokens are encrypted

        jwt, config = await open_token(jwt, config)
        claims = cache.validators.lookup(jwt, config, disco_doc_address, cache.documents.clock)
    if claims is None and config.perform_disco:
        claims = await _validate_with_discovery(
            jwt, config, cache, disco_doc_address, http_client, caller
        )
    if claims is None:
        claims = _validate_with_static_key(jwt, config)
    if config.claims_validator is not None:
        await run_validator(config.claims_validator, claims)
    return claims


def _parse_token(
    jwt: str, config: TokenValidationConfig, address: str | None
) -> tuple[Segments, Header]:
    """Return the parts of a well-formed token; nothing has been fetched for it yet."""
    check_config(config, address)
    segments = split_token(jwt, config.max_token_size, config.allow_padded_base64url)
    header = read_header(segments.header)
    check_algorithm(header.alg, allowed_algorithms(config))
    # Decoded again once the keys are there: a malformed token must not have them fetched.
    decode_segments(segments)
    return segments, header


def _validate_with_static_key(jwt: str, config: TokenValidationConfig) -> dict[str, Any]:
    segments, header = _parse_token(jwt, config, None)
    rules = rules_for(config)
    payload = verify_with_key(
        segments, header, manual_key(config), allow_weak_keys=config.allow_weak_keys
    )
    claims = read_claims(payload, allow_duplicates=allows_duplicates(config))
    rules.check(claims, time())
    return claims


async def _validate_with_discovery(
    jwt: str,
    config: TokenValidationConfig,
    cache: AsyncProviderCache,
    address: str | None,
    client: AsyncHTTPClient | None,
    caller: Caller,
) -> dict[str, Any]:
    segments, header = _parse_token(jwt, config, address)
    caller = caller.starting_now()
    if config.jwks_uri is not None:
        provider, address, keys = (
            Provider(str(config.issuer), config.jwks_uri),
            None,
            config.jwks_uri,
        )
    else:
        assert address is not None
        policy = policy_of(config)
        provider = await cache.provider(client, address, policy, caller)
        keys = key_set_address(provider, address, policy)
    rules = rules_for(config, provider.issuer)
    try:
        payload = await _verify(segments, header, config, cache, keys, address, client, caller)
    except TokenValidationException as error:
        check_unverified_issuer(error, segments.payload, rules)
        raise
    claims = read_claims(payload, allow_duplicates=allows_duplicates(config))
    rules.check(claims, time())
    if config.client_secret is None and address is not None:
        cache.remember(config, address, provider)
    return claims


async def _verify(
    segments: Segments,
    header: Header,
    config: TokenValidationConfig,
    cache: AsyncProviderCache,
    jwks_uri: str,
    address: str | None,
    client: AsyncHTTPClient | None,
    caller: Caller,
) -> bytes:
    policy = policy_of(config)
    weak = config.allow_weak_keys
    if config.client_secret is not None and ALGORITHMS[header.alg].kty == "oct":
        return verify_with_key(segments, header, secret_key(config), allow_weak_keys=weak)
    try:
        keys = await cache.snapshot(client, jwks_uri, policy, address, caller)
    except ProviderUnusableException as error:
        raise unknown_key_error(error, policy, header.kid) or error from None
    require_usual_answer(keys, policy)
    try:
        return verify(segments, header, keys, allow_weak_keys=weak)
    except SignatureVerificationException:
        # Some providers replace a key without changing its kid.
        newer = await cache.newer(client, jwks_uri, policy, keys, header.kid, caller)
        if newer is None:
            raise cooldown_error(header) from None
    except TokenValidationException as error:
        if error.code != "no_matching_key" or header.kid is None:
            raise
        try:
            newer = await cache.newer(client, jwks_uri, policy, keys, header.kid, caller)
        except TokenValidationException:
            newer = None
        if newer is None:
            raise
    payload = verify(segments, header, newer, allow_weak_keys=weak)
    cache.reset_cooldown(jwks_uri, policy)
    return payload


async def run_validator(validator: Validator, claims: dict[str, Any]) -> None:
    """Run a claims validator; raise TokenValidationException, whatever it raises."""
    try:
        await call(validator, claims)
    except TokenValidationException:
        raise
    except Exception as error:
        raise TokenValidationException(
            f"Claims validation failed: {error}",
            "payload",
            {"error": str(error)},
            code="claims_validator_failed",
        ) from error
