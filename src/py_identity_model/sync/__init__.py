# Generated from aio/__init__.py by scripts/make_sync.py; edit that file.
"""OAuth 2.0 and OpenID Connect: the synchronous API.

Example::

    from py_identity_model import DiscoveryDocumentRequest, get_discovery_document

    response = get_discovery_document(DiscoveryDocumentRequest("https://op.example"))
"""

from typing import TYPE_CHECKING

from .._lazy import lazy_names

if TYPE_CHECKING:
    from .._jose.claims_validators import ClaimsValidationError as ClaimsValidationError
    from .._jose.claims_validators import ClaimsValidator as ClaimsValidator
    from .._jose.claims_validators import combine_claims_validators as combine_claims_validators
    from .._jose.claims_validators import require_claim_value as require_claim_value
    from .._jose.claims_validators import require_claims as require_claims
    from .._jose.claims_validators import require_scopes as require_scopes
    from .._jose.jwk import JsonWebAlgorithmsKeyTypes as JsonWebAlgorithmsKeyTypes
    from .._jose.jwk import JsonWebKey as JsonWebKey
    from .._jose.jwk import JsonWebKeyParameterNames as JsonWebKeyParameterNames
    from .._jose.jwk import jwks_from_dict as jwks_from_dict
    from .._jose.strict import JsonWebKeySet as JsonWebKeySet
    from .._jose.strict import decode_jwt as decode_jwt
    from .._jose.strict import verify_jws as verify_jws
    from .._protocol.addresses import DiscoveryEndpoint as DiscoveryEndpoint
    from .._protocol.addresses import parse_discovery_url as parse_discovery_url
    from .._protocol.base import BaseRequest as BaseRequest
    from .._protocol.base import BaseResponse as BaseResponse
    from .._protocol.base import ErrorKind as ErrorKind
    from .._protocol.client_authentication import ClientAuthentication as ClientAuthentication
    from .._protocol.client_authentication import ClientSecretBasic as ClientSecretBasic
    from .._protocol.client_authentication import ClientSecretPost as ClientSecretPost
    from .._protocol.client_authentication import NoClientAuthentication as NoClientAuthentication
    from .._protocol.client_credentials import (
        ClientCredentialsTokenRequest as ClientCredentialsTokenRequest,
    )
    from .._protocol.client_credentials import (
        ClientCredentialsTokenResponse as ClientCredentialsTokenResponse,
    )
    from .._protocol.discovery import DiscoveryDocumentRequest as DiscoveryDocumentRequest
    from .._protocol.discovery import DiscoveryDocumentResponse as DiscoveryDocumentResponse
    from .._protocol.discovery import DiscoveryErrorKind as DiscoveryErrorKind
    from .._protocol.health import CachedState as CachedState
    from .._protocol.health import ProviderHealth as ProviderHealth
    from .._protocol.jwks import JwksRequest as JwksRequest
    from .._protocol.jwks import JwksResponse as JwksResponse
    from .._protocol.policy import DiscoveryPolicy as DiscoveryPolicy
    from .._protocol.token_cache import TokenCache as TokenCache
    from .._protocol.token_validation import TokenValidationConfig as TokenValidationConfig
    from .client_credentials import (
        request_client_credentials_token as request_client_credentials_token,
    )
    from .discovery import get_discovery_document as get_discovery_document
    from .http import HTTPClient as HTTPClient
    from .jwks import get_jwks as get_jwks
    from .provider_cache import clear_discovery_cache as clear_discovery_cache
    from .provider_cache import clear_jwks_cache as clear_jwks_cache
    from .provider_cache import health as health
    from .provider_cache import prime as prime
    from .provider_cache import refresh as refresh
    from .token_validation import validate_token as validate_token

__all__ = [
    "BaseRequest",
    "BaseResponse",
    "CachedState",
    "ClaimsValidationError",
    "ClaimsValidator",
    "ClientAuthentication",
    "ClientCredentialsTokenRequest",
    "ClientCredentialsTokenResponse",
    "ClientSecretBasic",
    "ClientSecretPost",
    "DiscoveryDocumentRequest",
    "DiscoveryDocumentResponse",
    "DiscoveryEndpoint",
    "DiscoveryErrorKind",
    "DiscoveryPolicy",
    "ErrorKind",
    "HTTPClient",
    "JsonWebAlgorithmsKeyTypes",
    "JsonWebKey",
    "JsonWebKeyParameterNames",
    "JsonWebKeySet",
    "JwksRequest",
    "JwksResponse",
    "NoClientAuthentication",
    "ProviderHealth",
    "TokenCache",
    "TokenValidationConfig",
    "clear_discovery_cache",
    "clear_jwks_cache",
    "combine_claims_validators",
    "decode_jwt",
    "get_discovery_document",
    "get_jwks",
    "health",
    "jwks_from_dict",
    "parse_discovery_url",
    "prime",
    "refresh",
    "request_client_credentials_token",
    "require_claim_value",
    "require_claims",
    "require_scopes",
    "validate_token",
    "verify_jws",
]

if not TYPE_CHECKING:  # a `__getattr__` in sight would hide misspelt names from checkers
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            ".._jose.claims_validators": [
                "ClaimsValidationError",
                "ClaimsValidator",
                "combine_claims_validators",
                "require_claim_value",
                "require_claims",
                "require_scopes",
            ],
            ".._jose.jwk": [
                "JsonWebAlgorithmsKeyTypes",
                "JsonWebKey",
                "JsonWebKeyParameterNames",
                "jwks_from_dict",
            ],
            ".._jose.strict": ["JsonWebKeySet", "decode_jwt", "verify_jws"],
            ".._protocol.addresses": ["DiscoveryEndpoint", "parse_discovery_url"],
            ".._protocol.base": ["BaseRequest", "BaseResponse", "ErrorKind"],
            ".._protocol.client_authentication": [
                "ClientAuthentication",
                "ClientSecretBasic",
                "ClientSecretPost",
                "NoClientAuthentication",
            ],
            ".._protocol.client_credentials": [
                "ClientCredentialsTokenRequest",
                "ClientCredentialsTokenResponse",
            ],
            ".._protocol.discovery": [
                "DiscoveryDocumentRequest",
                "DiscoveryDocumentResponse",
                "DiscoveryErrorKind",
            ],
            ".._protocol.health": ["CachedState", "ProviderHealth"],
            ".._protocol.jwks": ["JwksRequest", "JwksResponse"],
            ".._protocol.policy": ["DiscoveryPolicy"],
            ".._protocol.token_cache": ["TokenCache"],
            ".._protocol.token_validation": ["TokenValidationConfig"],
            ".client_credentials": ["request_client_credentials_token"],
            ".discovery": ["get_discovery_document"],
            ".http": ["HTTPClient"],
            ".jwks": ["get_jwks"],
            ".provider_cache": [
                "clear_discovery_cache",
                "clear_jwks_cache",
                "health",
                "prime",
                "refresh",
            ],
            ".token_validation": ["validate_token"],
        },
    )
