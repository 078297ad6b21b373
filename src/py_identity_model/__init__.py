"""OAuth 2.0 and OpenID Connect for clients and resource servers.

This package blocks; :mod:`py_identity_model.aio` has the same functions to be waited for.
Nothing is loaded before it is used.

Example::

    from py_identity_model import TokenValidationConfig, validate_token

    claims = validate_token(
        access_token,
        TokenValidationConfig(perform_disco=True, audience="api"),
        "https://op.example",
    )
"""

from typing import TYPE_CHECKING

from ._lazy import lazy_names

if TYPE_CHECKING:
    from ._protocol.counters import CacheCounters as CacheCounters
    from ._protocol.counters import get_cache_counters as get_cache_counters
    from ._protocol.events import CacheEvent as CacheEvent
    from ._protocol.events import CacheEventKind as CacheEventKind
    from ._protocol.events import CacheStatistics as CacheStatistics
    from ._protocol.events import get_cache_statistics as get_cache_statistics
    from ._protocol.events import set_cache_event_hook as set_cache_event_hook
    from .exceptions import AuthorizeCallbackException as AuthorizeCallbackException
    from .exceptions import CertificateBindingError as CertificateBindingError
    from .exceptions import ConfigurationException as ConfigurationException
    from .exceptions import DeadlineExceededException as DeadlineExceededException
    from .exceptions import DiscoveryException as DiscoveryException
    from .exceptions import DiscoveryHTTPSRequiredError as DiscoveryHTTPSRequiredError
    from .exceptions import DiscoveryMissingFieldsError as DiscoveryMissingFieldsError
    from .exceptions import DiscoveryParseError as DiscoveryParseError
    from .exceptions import FailedResponseAccessError as FailedResponseAccessError
    from .exceptions import IdTokenValidationException as IdTokenValidationException
    from .exceptions import InvalidArgumentError as InvalidArgumentError
    from .exceptions import InvalidAudienceException as InvalidAudienceException
    from .exceptions import InvalidIssuerException as InvalidIssuerException
    from .exceptions import JarmValidationException as JarmValidationException
    from .exceptions import JwksException as JwksException
    from .exceptions import KeysUnavailableException as KeysUnavailableException
    from .exceptions import LogoutStateValidationException as LogoutStateValidationException
    from .exceptions import LogoutTokenValidationException as LogoutTokenValidationException
    from .exceptions import NetworkException as NetworkException
    from .exceptions import PyIdentityModelException as PyIdentityModelException
    from .exceptions import ResponseRefusedException as ResponseRefusedException
    from .exceptions import SignatureVerificationException as SignatureVerificationException
    from .exceptions import SuccessfulResponseAccessError as SuccessfulResponseAccessError
    from .exceptions import TokenExpiredException as TokenExpiredException
    from .exceptions import TokenRequestException as TokenRequestException
    from .exceptions import TokenValidationException as TokenValidationException
    from .exceptions import UserInfoException as UserInfoException
    from .exceptions import ValidationException as ValidationException
    from .identity import Claim as Claim
    from .identity import ClaimsIdentity as ClaimsIdentity
    from .identity import ClaimsPrincipal as ClaimsPrincipal
    from .identity import to_principal as to_principal
    from .sync import BaseRequest as BaseRequest
    from .sync import BaseResponse as BaseResponse
    from .sync import CachedState as CachedState
    from .sync import ClaimsValidationError as ClaimsValidationError
    from .sync import ClaimsValidator as ClaimsValidator
    from .sync import ClientAuthentication as ClientAuthentication
    from .sync import ClientCredentialsTokenRequest as ClientCredentialsTokenRequest
    from .sync import ClientCredentialsTokenResponse as ClientCredentialsTokenResponse
    from .sync import ClientSecretBasic as ClientSecretBasic
    from .sync import ClientSecretPost as ClientSecretPost
    from .sync import DiscoveryDocumentRequest as DiscoveryDocumentRequest
    from .sync import DiscoveryDocumentResponse as DiscoveryDocumentResponse
    from .sync import DiscoveryEndpoint as DiscoveryEndpoint
    from .sync import DiscoveryErrorKind as DiscoveryErrorKind
    from .sync import DiscoveryPolicy as DiscoveryPolicy
    from .sync import ErrorKind as ErrorKind
    from .sync import HTTPClient as HTTPClient
    from .sync import JsonWebAlgorithmsKeyTypes as JsonWebAlgorithmsKeyTypes
    from .sync import JsonWebKey as JsonWebKey
    from .sync import JsonWebKeyParameterNames as JsonWebKeyParameterNames
    from .sync import JsonWebKeySet as JsonWebKeySet
    from .sync import JwksRequest as JwksRequest
    from .sync import JwksResponse as JwksResponse
    from .sync import NoClientAuthentication as NoClientAuthentication
    from .sync import ProviderHealth as ProviderHealth
    from .sync import TokenCache as TokenCache
    from .sync import TokenValidationConfig as TokenValidationConfig
    from .sync import clear_discovery_cache as clear_discovery_cache
    from .sync import clear_jwks_cache as clear_jwks_cache
    from .sync import combine_claims_validators as combine_claims_validators
    from .sync import decode_jwt as decode_jwt
    from .sync import get_discovery_document as get_discovery_document
    from .sync import get_jwks as get_jwks
    from .sync import health as health
    from .sync import jwks_from_dict as jwks_from_dict
    from .sync import parse_discovery_url as parse_discovery_url
    from .sync import prime as prime
    from .sync import refresh as refresh
    from .sync import request_client_credentials_token as request_client_credentials_token
    from .sync import require_claim_value as require_claim_value
    from .sync import require_claims as require_claims
    from .sync import require_scopes as require_scopes
    from .sync import validate_token as validate_token
    from .sync import verify_jws as verify_jws

__all__ = [
    "AuthorizeCallbackException",
    "BaseRequest",
    "BaseResponse",
    "CacheCounters",
    "CacheEvent",
    "CacheEventKind",
    "CacheStatistics",
    "CachedState",
    "CertificateBindingError",
    "Claim",
    "ClaimsIdentity",
    "ClaimsPrincipal",
    "ClaimsValidationError",
    "ClaimsValidator",
    "ClientAuthentication",
    "ClientCredentialsTokenRequest",
    "ClientCredentialsTokenResponse",
    "ClientSecretBasic",
    "ClientSecretPost",
    "ConfigurationException",
    "DeadlineExceededException",
    "DiscoveryDocumentRequest",
    "DiscoveryDocumentResponse",
    "DiscoveryEndpoint",
    "DiscoveryErrorKind",
    "DiscoveryException",
    "DiscoveryHTTPSRequiredError",
    "DiscoveryMissingFieldsError",
    "DiscoveryParseError",
    "DiscoveryPolicy",
    "ErrorKind",
    "FailedResponseAccessError",
    "HTTPClient",
    "IdTokenValidationException",
    "InvalidArgumentError",
    "InvalidAudienceException",
    "InvalidIssuerException",
    "JarmValidationException",
    "JsonWebAlgorithmsKeyTypes",
    "JsonWebKey",
    "JsonWebKeyParameterNames",
    "JsonWebKeySet",
    "JwksException",
    "JwksRequest",
    "JwksResponse",
    "KeysUnavailableException",
    "LogoutStateValidationException",
    "LogoutTokenValidationException",
    "NetworkException",
    "NoClientAuthentication",
    "ProviderHealth",
    "PyIdentityModelException",
    "ResponseRefusedException",
    "SignatureVerificationException",
    "SuccessfulResponseAccessError",
    "TokenCache",
    "TokenExpiredException",
    "TokenRequestException",
    "TokenValidationConfig",
    "TokenValidationException",
    "UserInfoException",
    "ValidationException",
    "clear_discovery_cache",
    "clear_jwks_cache",
    "combine_claims_validators",
    "decode_jwt",
    "get_cache_counters",
    "get_cache_statistics",
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
    "set_cache_event_hook",
    "to_principal",
    "validate_token",
    "verify_jws",
]

if not TYPE_CHECKING:  # a `__getattr__` in sight would hide misspelt names from checkers
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            ".sync": [
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
            ],
            ".exceptions": [
                "AuthorizeCallbackException",
                "CertificateBindingError",
                "ConfigurationException",
                "DeadlineExceededException",
                "DiscoveryException",
                "DiscoveryHTTPSRequiredError",
                "DiscoveryMissingFieldsError",
                "DiscoveryParseError",
                "FailedResponseAccessError",
                "IdTokenValidationException",
                "InvalidArgumentError",
                "InvalidAudienceException",
                "InvalidIssuerException",
                "JarmValidationException",
                "JwksException",
                "KeysUnavailableException",
                "LogoutStateValidationException",
                "LogoutTokenValidationException",
                "NetworkException",
                "PyIdentityModelException",
                "ResponseRefusedException",
                "SignatureVerificationException",
                "SuccessfulResponseAccessError",
                "TokenExpiredException",
                "TokenRequestException",
                "TokenValidationException",
                "UserInfoException",
                "ValidationException",
            ],
            ".identity": ["Claim", "ClaimsIdentity", "ClaimsPrincipal", "to_principal"],
            "._protocol.counters": ["CacheCounters", "get_cache_counters"],
            "._protocol.events": [
                "CacheEvent",
                "CacheEventKind",
                "CacheStatistics",
                "get_cache_statistics",
                "set_cache_event_hook",
            ],
        },
    )
