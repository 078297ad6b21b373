"""OAuth 2.0 and OpenID Connect for clients and resource servers.

This package blocks; ``py_identity_model.aio`` has the same names in awaitable form, with ``Async``
before those of classes that wait.  Modules are loaded when they are first used.

Objects that are made once and kept:

- ``AccessTokenVerifier`` protects an API: who is calling, and may they?
- ``OAuthClient`` logs users in (``authorization_request``, ``callback``), gets tokens
  (``token_source``) and puts them on requests (``auth``).
- ``Session``, what a login leads to: it owns the tokens and renews them.

Functions for single steps: ``get_discovery_document``, ``validate_token``,
``request_client_credentials_token``, ``introspect_token``...  They take a request object and
return a response whose ``is_successful`` says how it went; functions that validate raise.

Modules: ``providers`` (presets of 32 providers), ``exceptions`` (each with a stable ``code``),
``integrations`` (FastAPI, Starlette, Flask, Django, requests, aiohttp, gRPC), ``web`` (for other
frameworks), ``testing`` (a real provider for tests, and a pytest plugin), ``telemetry``,
``identity`` (principals), ``http_client``, ``ssl_config``, ``logging_config``.

In a terminal, ``python -m py_identity_model`` says why a token is refused (``verify``), what is
wrong with a machine (``doctor``) or a provider (``discover``), and what a code means (``explain``).

Example::

    from py_identity_model import AccessTokenVerifier

    verifier = AccessTokenVerifier("https://op.example", audience="api")
    token = verifier.verify(headers.get("Authorization"), scopes=["read"])
    print(token.subject)
"""

from ._lazy import lazy_names

__version__ = "0.1.0"

TYPE_CHECKING = False  # checkers know the name; importing typing would be most of this import

# Generated from here on, from scripts/exports.toml by scripts/make_sync.py.
if TYPE_CHECKING:
    from .sync import FAPI2_ALLOWED_AUTH_METHODS as FAPI2_ALLOWED_AUTH_METHODS
    from .sync import FAPI2_ALLOWED_SIGNING_ALGORITHMS as FAPI2_ALLOWED_SIGNING_ALGORITHMS
    from .sync import FAPI2_REQUIRED_PKCE_METHOD as FAPI2_REQUIRED_PKCE_METHOD
    from .sync import FAPI2_REQUIRED_RESPONSE_TYPE as FAPI2_REQUIRED_RESPONSE_TYPE
    from .sync import AccessTokenRefusedException as AccessTokenRefusedException
    from .sync import AccessTokenVerifier as AccessTokenVerifier
    from .sync import ActivityEvent as ActivityEvent
    from .sync import ActivityKind as ActivityKind
    from .sync import ActivityOutcome as ActivityOutcome
    from .sync import AuthorizationCodeTokenRequest as AuthorizationCodeTokenRequest
    from .sync import AuthorizationCodeTokenResponse as AuthorizationCodeTokenResponse
    from .sync import AuthorizationGrantResponse as AuthorizationGrantResponse
    from .sync import AuthorizationRequest as AuthorizationRequest
    from .sync import AuthorizeCallbackException as AuthorizeCallbackException
    from .sync import AuthorizeCallbackResponse as AuthorizeCallbackResponse
    from .sync import AuthorizeCallbackValidationResult as AuthorizeCallbackValidationResult
    from .sync import BackchannelAuthenticationRequest as BackchannelAuthenticationRequest
    from .sync import BackchannelAuthenticationResponse as BackchannelAuthenticationResponse
    from .sync import BackchannelTokenRequest as BackchannelTokenRequest
    from .sync import BackchannelTokenResponse as BackchannelTokenResponse
    from .sync import BaseRequest as BaseRequest
    from .sync import BaseResponse as BaseResponse
    from .sync import CacheCounters as CacheCounters
    from .sync import CachedState as CachedState
    from .sync import CacheEvent as CacheEvent
    from .sync import CacheEventKind as CacheEventKind
    from .sync import CacheStatistics as CacheStatistics
    from .sync import CertificateBindingError as CertificateBindingError
    from .sync import ChainedGrantRequest as ChainedGrantRequest
    from .sync import Challenge as Challenge
    from .sync import Claim as Claim
    from .sync import ClaimsIdentity as ClaimsIdentity
    from .sync import ClaimsPrincipal as ClaimsPrincipal
    from .sync import ClaimsValidationError as ClaimsValidationError
    from .sync import ClaimsValidator as ClaimsValidator
    from .sync import ClientAuthentication as ClientAuthentication
    from .sync import ClientAuthMethod as ClientAuthMethod
    from .sync import ClientCredentialsTokenRequest as ClientCredentialsTokenRequest
    from .sync import ClientCredentialsTokenResponse as ClientCredentialsTokenResponse
    from .sync import ClientDeleteRequest as ClientDeleteRequest
    from .sync import ClientDeleteResponse as ClientDeleteResponse
    from .sync import ClientMetadata as ClientMetadata
    from .sync import ClientReadRequest as ClientReadRequest
    from .sync import ClientRegistrationRequest as ClientRegistrationRequest
    from .sync import ClientRegistrationResponse as ClientRegistrationResponse
    from .sync import ClientSecretBasic as ClientSecretBasic
    from .sync import ClientSecretJwt as ClientSecretJwt
    from .sync import ClientSecretPost as ClientSecretPost
    from .sync import ClientUpdateRequest as ClientUpdateRequest
    from .sync import CollectedClaims as CollectedClaims
    from .sync import Config as Config
    from .sync import ConfigError as ConfigError
    from .sync import ConfigIssue as ConfigIssue
    from .sync import ConfigSource as ConfigSource
    from .sync import ConfigurationException as ConfigurationException
    from .sync import DeadlineExceededException as DeadlineExceededException
    from .sync import Decrypter as Decrypter
    from .sync import DecryptionException as DecryptionException
    from .sync import DeviceAuthorizationRequest as DeviceAuthorizationRequest
    from .sync import DeviceAuthorizationResponse as DeviceAuthorizationResponse
    from .sync import DeviceTokenRequest as DeviceTokenRequest
    from .sync import DeviceTokenResponse as DeviceTokenResponse
    from .sync import DiscoveryDocumentRequest as DiscoveryDocumentRequest
    from .sync import DiscoveryDocumentResponse as DiscoveryDocumentResponse
    from .sync import DiscoveryEndpoint as DiscoveryEndpoint
    from .sync import DiscoveryErrorKind as DiscoveryErrorKind
    from .sync import DiscoveryException as DiscoveryException
    from .sync import DiscoveryHTTPSRequiredError as DiscoveryHTTPSRequiredError
    from .sync import DiscoveryMissingFieldsError as DiscoveryMissingFieldsError
    from .sync import DiscoveryParseError as DiscoveryParseError
    from .sync import DiscoveryPolicy as DiscoveryPolicy
    from .sync import DPoPKey as DPoPKey
    from .sync import DPoPNonceCache as DPoPNonceCache
    from .sync import DPoPNonceIssuer as DPoPNonceIssuer
    from .sync import DPoPProof as DPoPProof
    from .sync import DPoPProofException as DPoPProofException
    from .sync import EnvSource as EnvSource
    from .sync import ErrorKind as ErrorKind
    from .sync import ExtensionTokenRequest as ExtensionTokenRequest
    from .sync import ExtensionTokenResponse as ExtensionTokenResponse
    from .sync import FailedResponseAccessError as FailedResponseAccessError
    from .sync import FAPIValidationResult as FAPIValidationResult
    from .sync import FederatedAssertion as FederatedAssertion
    from .sync import FileSessionStore as FileSessionStore
    from .sync import FileTokenStore as FileTokenStore
    from .sync import FrontchannelLogoutRequest as FrontchannelLogoutRequest
    from .sync import GitHubActionsToken as GitHubActionsToken
    from .sync import HTTPClient as HTTPClient
    from .sync import IdentityAssertionGrantRequest as IdentityAssertionGrantRequest
    from .sync import IdTokenValidationException as IdTokenValidationException
    from .sync import InitiateLoginRequest as InitiateLoginRequest
    from .sync import InvalidArgumentError as InvalidArgumentError
    from .sync import InvalidAudienceException as InvalidAudienceException
    from .sync import InvalidIssuerException as InvalidIssuerException
    from .sync import JarmValidationException as JarmValidationException
    from .sync import JsonWebAlgorithmsKeyTypes as JsonWebAlgorithmsKeyTypes
    from .sync import JsonWebKey as JsonWebKey
    from .sync import JsonWebKeyParameterNames as JsonWebKeyParameterNames
    from .sync import JsonWebKeySet as JsonWebKeySet
    from .sync import JwksException as JwksException
    from .sync import JwksRequest as JwksRequest
    from .sync import JwksResponse as JwksResponse
    from .sync import JwtBearerTokenRequest as JwtBearerTokenRequest
    from .sync import JwtBearerTokenResponse as JwtBearerTokenResponse
    from .sync import KeysUnavailableException as KeysUnavailableException
    from .sync import LogoutStateValidationException as LogoutStateValidationException
    from .sync import LogoutTokenValidationException as LogoutTokenValidationException
    from .sync import LoopbackListener as LoopbackListener
    from .sync import MappingSource as MappingSource
    from .sync import MCPAuth as MCPAuth
    from .sync import MCPAuthorizationException as MCPAuthorizationException
    from .sync import MCPTarget as MCPTarget
    from .sync import MemoryReplayStore as MemoryReplayStore
    from .sync import MemorySessionStore as MemorySessionStore
    from .sync import MemoryTokenStore as MemoryTokenStore
    from .sync import MtlsClientAuth as MtlsClientAuth
    from .sync import NetworkException as NetworkException
    from .sync import NoClientAuthentication as NoClientAuthentication
    from .sync import OAuthClient as OAuthClient
    from .sync import PrivateKeyJwt as PrivateKeyJwt
    from .sync import PrivateKeyJwtAuthentication as PrivateKeyJwtAuthentication
    from .sync import ProtectedResourceMetadataRequest as ProtectedResourceMetadataRequest
    from .sync import ProtectedResourceMetadataResponse as ProtectedResourceMetadataResponse
    from .sync import ProviderHealth as ProviderHealth
    from .sync import ProviderUnusableException as ProviderUnusableException
    from .sync import PushedAuthorizationRequest as PushedAuthorizationRequest
    from .sync import PushedAuthorizationResponse as PushedAuthorizationResponse
    from .sync import PyIdentityModelException as PyIdentityModelException
    from .sync import RedisReplayStore as RedisReplayStore
    from .sync import RedisSessionStore as RedisSessionStore
    from .sync import RedisTokenStore as RedisTokenStore
    from .sync import RefreshTokenRequest as RefreshTokenRequest
    from .sync import RefreshTokenResponse as RefreshTokenResponse
    from .sync import ReplayStore as ReplayStore
    from .sync import RequestHeaders as RequestHeaders
    from .sync import ResponseRefusedException as ResponseRefusedException
    from .sync import Secret as Secret
    from .sync import SecurityEvent as SecurityEvent
    from .sync import SecurityEventException as SecurityEventException
    from .sync import SecurityEventPollRequest as SecurityEventPollRequest
    from .sync import SecurityEventPollResponse as SecurityEventPollResponse
    from .sync import SelfSignedTlsClientAuth as SelfSignedTlsClientAuth
    from .sync import Session as Session
    from .sync import SessionCheckPage as SessionCheckPage
    from .sync import SessionRecord as SessionRecord
    from .sync import SessionStore as SessionStore
    from .sync import Settings as Settings
    from .sync import SignatureVerificationException as SignatureVerificationException
    from .sync import Signer as Signer
    from .sync import SigningException as SigningException
    from .sync import SpiffeJwt as SpiffeJwt
    from .sync import SpiffeX509 as SpiffeX509
    from .sync import SQLSessionStore as SQLSessionStore
    from .sync import SQLTokenStore as SQLTokenStore
    from .sync import StateValidationResult as StateValidationResult
    from .sync import StoredToken as StoredToken
    from .sync import SuccessfulResponseAccessError as SuccessfulResponseAccessError
    from .sync import TlsClientAuth as TlsClientAuth
    from .sync import TokenAuth as TokenAuth
    from .sync import TokenCache as TokenCache
    from .sync import TokenCommand as TokenCommand
    from .sync import TokenExchangeRequest as TokenExchangeRequest
    from .sync import TokenExchangeResponse as TokenExchangeResponse
    from .sync import TokenExpiredException as TokenExpiredException
    from .sync import TokenHeaders as TokenHeaders
    from .sync import TokenIntrospectionRequest as TokenIntrospectionRequest
    from .sync import TokenIntrospectionResponse as TokenIntrospectionResponse
    from .sync import TokenIntrospector as TokenIntrospector
    from .sync import TokenRequestException as TokenRequestException
    from .sync import TokenResponse as TokenResponse
    from .sync import TokenRevocationRequest as TokenRevocationRequest
    from .sync import TokenRevocationResponse as TokenRevocationResponse
    from .sync import TokenSource as TokenSource
    from .sync import TokenStore as TokenStore
    from .sync import TokenStoreReplayStore as TokenStoreReplayStore
    from .sync import TokenValidationConfig as TokenValidationConfig
    from .sync import TokenValidationException as TokenValidationException
    from .sync import TrustedIssuer as TrustedIssuer
    from .sync import UserInfoException as UserInfoException
    from .sync import UserInfoRequest as UserInfoRequest
    from .sync import UserInfoResponse as UserInfoResponse
    from .sync import ValidationException as ValidationException
    from .sync import VerifiedAccessToken as VerifiedAccessToken
    from .sync import WebFingerRequest as WebFingerRequest
    from .sync import WebFingerResponse as WebFingerResponse
    from .sync import build_authorization_url as build_authorization_url
    from .sync import build_client_id_metadata as build_client_id_metadata
    from .sync import build_dpop_headers as build_dpop_headers
    from .sync import build_end_session_url as build_end_session_url
    from .sync import build_jar_authorization_url as build_jar_authorization_url
    from .sync import build_protected_resource_metadata as build_protected_resource_metadata
    from .sync import build_pushed_authorization_url as build_pushed_authorization_url
    from .sync import build_request_uri_authorization_url as build_request_uri_authorization_url
    from .sync import build_session_check_page as build_session_check_page
    from .sync import build_www_authenticate as build_www_authenticate
    from .sync import certificate_thumbprint_from_file as certificate_thumbprint_from_file
    from .sync import clear_discovery_cache as clear_discovery_cache
    from .sync import clear_jwks_cache as clear_jwks_cache
    from .sync import client_id_metadata_response as client_id_metadata_response
    from .sync import collect_claims as collect_claims
    from .sync import combine_claims_validators as combine_claims_validators
    from .sync import compute_ath as compute_ath
    from .sync import compute_certificate_thumbprint as compute_certificate_thumbprint
    from .sync import create_backchannel_request_object as create_backchannel_request_object
    from .sync import create_client_assertion as create_client_assertion
    from .sync import create_dpop_proof as create_dpop_proof
    from .sync import create_request_object as create_request_object
    from .sync import create_session_state as create_session_state
    from .sync import create_unsigned_request_object as create_unsigned_request_object
    from .sync import decode_jwt as decode_jwt
    from .sync import delete_client as delete_client
    from .sync import discover_issuer as discover_issuer
    from .sync import encrypt_request_object as encrypt_request_object
    from .sync import exchange_token as exchange_token
    from .sync import extract_dpop_nonce as extract_dpop_nonce
    from .sync import extract_jarm_response_jwt as extract_jarm_response_jwt
    from .sync import generate_code_challenge as generate_code_challenge
    from .sync import generate_code_verifier as generate_code_verifier
    from .sync import generate_dpop_key as generate_dpop_key
    from .sync import generate_pkce_pair as generate_pkce_pair
    from .sync import get_cache_counters as get_cache_counters
    from .sync import get_cache_statistics as get_cache_statistics
    from .sync import get_discovery_document as get_discovery_document
    from .sync import get_jwks as get_jwks
    from .sync import get_protected_resource_metadata as get_protected_resource_metadata
    from .sync import get_userinfo as get_userinfo
    from .sync import health as health
    from .sync import introspect_token as introspect_token
    from .sync import is_jarm_response as is_jarm_response
    from .sync import jwks_from_dict as jwks_from_dict
    from .sync import keyring_encryption as keyring_encryption
    from .sync import parse_authorize_callback_response as parse_authorize_callback_response
    from .sync import parse_discovery_url as parse_discovery_url
    from .sync import parse_www_authenticate as parse_www_authenticate
    from .sync import poll_backchannel_token as poll_backchannel_token
    from .sync import poll_device_token as poll_device_token
    from .sync import poll_security_events as poll_security_events
    from .sync import prime as prime
    from .sync import process_jarm_response as process_jarm_response
    from .sync import push_authorization_request as push_authorization_request
    from .sync import read_client as read_client
    from .sync import refresh as refresh
    from .sync import refresh_token as refresh_token
    from .sync import register_client as register_client
    from .sync import request_authorization_code_token as request_authorization_code_token
    from .sync import request_backchannel_authentication as request_backchannel_authentication
    from .sync import request_chained_grant as request_chained_grant
    from .sync import request_client_credentials_token as request_client_credentials_token
    from .sync import request_device_authorization as request_device_authorization
    from .sync import request_extension_token as request_extension_token
    from .sync import request_identity_assertion_grant as request_identity_assertion_grant
    from .sync import request_jwt_bearer_token as request_jwt_bearer_token
    from .sync import request_object_reference as request_object_reference
    from .sync import request_object_response as request_object_response
    from .sync import require_claim_value as require_claim_value
    from .sync import require_claims as require_claims
    from .sync import require_scopes as require_scopes
    from .sync import resolve_mtls_endpoint as resolve_mtls_endpoint
    from .sync import revoke_token as revoke_token
    from .sync import set_activity_hook as set_activity_hook
    from .sync import set_cache_event_hook as set_cache_event_hook
    from .sync import to_principal as to_principal
    from .sync import update_client as update_client
    from .sync import validate_access_token as validate_access_token
    from .sync import validate_authorize_callback_issuer as validate_authorize_callback_issuer
    from .sync import validate_authorize_callback_state as validate_authorize_callback_state
    from .sync import validate_backchannel_notification as validate_backchannel_notification
    from .sync import validate_certificate_binding as validate_certificate_binding
    from .sync import validate_fapi_authorization_request as validate_fapi_authorization_request
    from .sync import validate_fapi_client_config as validate_fapi_client_config
    from .sync import validate_fapi_discovery as validate_fapi_discovery
    from .sync import validate_frontchannel_logout_request as validate_frontchannel_logout_request
    from .sync import validate_id_token as validate_id_token
    from .sync import validate_initiate_login_request as validate_initiate_login_request
    from .sync import validate_logout_token as validate_logout_token
    from .sync import validate_post_logout_state as validate_post_logout_state
    from .sync import validate_security_event_token as validate_security_event_token
    from .sync import validate_token as validate_token
    from .sync import verify_dpop_proof as verify_dpop_proof
    from .sync import verify_jws as verify_jws
    from .sync import verify_session_state as verify_session_state
    from .sync import verify_signed_metadata as verify_signed_metadata
    from .sync import wait_for_backchannel_token as wait_for_backchannel_token
    from .sync import wait_for_device_token as wait_for_device_token
    from .sync import workload_identity as workload_identity

__all__ = [
    "FAPI2_ALLOWED_AUTH_METHODS",
    "FAPI2_ALLOWED_SIGNING_ALGORITHMS",
    "FAPI2_REQUIRED_PKCE_METHOD",
    "FAPI2_REQUIRED_RESPONSE_TYPE",
    "AccessTokenRefusedException",
    "AccessTokenVerifier",
    "ActivityEvent",
    "ActivityKind",
    "ActivityOutcome",
    "AuthorizationCodeTokenRequest",
    "AuthorizationCodeTokenResponse",
    "AuthorizationGrantResponse",
    "AuthorizationRequest",
    "AuthorizeCallbackException",
    "AuthorizeCallbackResponse",
    "AuthorizeCallbackValidationResult",
    "BackchannelAuthenticationRequest",
    "BackchannelAuthenticationResponse",
    "BackchannelTokenRequest",
    "BackchannelTokenResponse",
    "BaseRequest",
    "BaseResponse",
    "CacheCounters",
    "CacheEvent",
    "CacheEventKind",
    "CacheStatistics",
    "CachedState",
    "CertificateBindingError",
    "ChainedGrantRequest",
    "Challenge",
    "Claim",
    "ClaimsIdentity",
    "ClaimsPrincipal",
    "ClaimsValidationError",
    "ClaimsValidator",
    "ClientAuthMethod",
    "ClientAuthentication",
    "ClientCredentialsTokenRequest",
    "ClientCredentialsTokenResponse",
    "ClientDeleteRequest",
    "ClientDeleteResponse",
    "ClientMetadata",
    "ClientReadRequest",
    "ClientRegistrationRequest",
    "ClientRegistrationResponse",
    "ClientSecretBasic",
    "ClientSecretJwt",
    "ClientSecretPost",
    "ClientUpdateRequest",
    "CollectedClaims",
    "Config",
    "ConfigError",
    "ConfigIssue",
    "ConfigSource",
    "ConfigurationException",
    "DPoPKey",
    "DPoPNonceCache",
    "DPoPNonceIssuer",
    "DPoPProof",
    "DPoPProofException",
    "DeadlineExceededException",
    "Decrypter",
    "DecryptionException",
    "DeviceAuthorizationRequest",
    "DeviceAuthorizationResponse",
    "DeviceTokenRequest",
    "DeviceTokenResponse",
    "DiscoveryDocumentRequest",
    "DiscoveryDocumentResponse",
    "DiscoveryEndpoint",
    "DiscoveryErrorKind",
    "DiscoveryException",
    "DiscoveryHTTPSRequiredError",
    "DiscoveryMissingFieldsError",
    "DiscoveryParseError",
    "DiscoveryPolicy",
    "EnvSource",
    "ErrorKind",
    "ExtensionTokenRequest",
    "ExtensionTokenResponse",
    "FAPIValidationResult",
    "FailedResponseAccessError",
    "FederatedAssertion",
    "FileSessionStore",
    "FileTokenStore",
    "FrontchannelLogoutRequest",
    "GitHubActionsToken",
    "HTTPClient",
    "IdTokenValidationException",
    "IdentityAssertionGrantRequest",
    "InitiateLoginRequest",
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
    "JwtBearerTokenRequest",
    "JwtBearerTokenResponse",
    "KeysUnavailableException",
    "LogoutStateValidationException",
    "LogoutTokenValidationException",
    "LoopbackListener",
    "MCPAuth",
    "MCPAuthorizationException",
    "MCPTarget",
    "MappingSource",
    "MemoryReplayStore",
    "MemorySessionStore",
    "MemoryTokenStore",
    "MtlsClientAuth",
    "NetworkException",
    "NoClientAuthentication",
    "OAuthClient",
    "PrivateKeyJwt",
    "PrivateKeyJwtAuthentication",
    "ProtectedResourceMetadataRequest",
    "ProtectedResourceMetadataResponse",
    "ProviderHealth",
    "ProviderUnusableException",
    "PushedAuthorizationRequest",
    "PushedAuthorizationResponse",
    "PyIdentityModelException",
    "RedisReplayStore",
    "RedisSessionStore",
    "RedisTokenStore",
    "RefreshTokenRequest",
    "RefreshTokenResponse",
    "ReplayStore",
    "RequestHeaders",
    "ResponseRefusedException",
    "SQLSessionStore",
    "SQLTokenStore",
    "Secret",
    "SecurityEvent",
    "SecurityEventException",
    "SecurityEventPollRequest",
    "SecurityEventPollResponse",
    "SelfSignedTlsClientAuth",
    "Session",
    "SessionCheckPage",
    "SessionRecord",
    "SessionStore",
    "Settings",
    "SignatureVerificationException",
    "Signer",
    "SigningException",
    "SpiffeJwt",
    "SpiffeX509",
    "StateValidationResult",
    "StoredToken",
    "SuccessfulResponseAccessError",
    "TlsClientAuth",
    "TokenAuth",
    "TokenCache",
    "TokenCommand",
    "TokenExchangeRequest",
    "TokenExchangeResponse",
    "TokenExpiredException",
    "TokenHeaders",
    "TokenIntrospectionRequest",
    "TokenIntrospectionResponse",
    "TokenIntrospector",
    "TokenRequestException",
    "TokenResponse",
    "TokenRevocationRequest",
    "TokenRevocationResponse",
    "TokenSource",
    "TokenStore",
    "TokenStoreReplayStore",
    "TokenValidationConfig",
    "TokenValidationException",
    "TrustedIssuer",
    "UserInfoException",
    "UserInfoRequest",
    "UserInfoResponse",
    "ValidationException",
    "VerifiedAccessToken",
    "WebFingerRequest",
    "WebFingerResponse",
    "build_authorization_url",
    "build_client_id_metadata",
    "build_dpop_headers",
    "build_end_session_url",
    "build_jar_authorization_url",
    "build_protected_resource_metadata",
    "build_pushed_authorization_url",
    "build_request_uri_authorization_url",
    "build_session_check_page",
    "build_www_authenticate",
    "certificate_thumbprint_from_file",
    "clear_discovery_cache",
    "clear_jwks_cache",
    "client_id_metadata_response",
    "collect_claims",
    "combine_claims_validators",
    "compute_ath",
    "compute_certificate_thumbprint",
    "create_backchannel_request_object",
    "create_client_assertion",
    "create_dpop_proof",
    "create_request_object",
    "create_session_state",
    "create_unsigned_request_object",
    "decode_jwt",
    "delete_client",
    "discover_issuer",
    "encrypt_request_object",
    "exchange_token",
    "extract_dpop_nonce",
    "extract_jarm_response_jwt",
    "generate_code_challenge",
    "generate_code_verifier",
    "generate_dpop_key",
    "generate_pkce_pair",
    "get_cache_counters",
    "get_cache_statistics",
    "get_discovery_document",
    "get_jwks",
    "get_protected_resource_metadata",
    "get_userinfo",
    "health",
    "introspect_token",
    "is_jarm_response",
    "jwks_from_dict",
    "keyring_encryption",
    "parse_authorize_callback_response",
    "parse_discovery_url",
    "parse_www_authenticate",
    "poll_backchannel_token",
    "poll_device_token",
    "poll_security_events",
    "prime",
    "process_jarm_response",
    "push_authorization_request",
    "read_client",
    "refresh",
    "refresh_token",
    "register_client",
    "request_authorization_code_token",
    "request_backchannel_authentication",
    "request_chained_grant",
    "request_client_credentials_token",
    "request_device_authorization",
    "request_extension_token",
    "request_identity_assertion_grant",
    "request_jwt_bearer_token",
    "request_object_reference",
    "request_object_response",
    "require_claim_value",
    "require_claims",
    "require_scopes",
    "resolve_mtls_endpoint",
    "revoke_token",
    "set_activity_hook",
    "set_cache_event_hook",
    "to_principal",
    "update_client",
    "validate_access_token",
    "validate_authorize_callback_issuer",
    "validate_authorize_callback_state",
    "validate_backchannel_notification",
    "validate_certificate_binding",
    "validate_fapi_authorization_request",
    "validate_fapi_client_config",
    "validate_fapi_discovery",
    "validate_frontchannel_logout_request",
    "validate_id_token",
    "validate_initiate_login_request",
    "validate_logout_token",
    "validate_post_logout_state",
    "validate_security_event_token",
    "validate_token",
    "verify_dpop_proof",
    "verify_jws",
    "verify_session_state",
    "verify_signed_metadata",
    "wait_for_backchannel_token",
    "wait_for_device_token",
    "workload_identity",
]

# A visible `__getattr__` would hide misspelt names from type checkers.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            ".sync": [
                "AccessTokenRefusedException",
                "AccessTokenVerifier",
                "ActivityEvent",
                "ActivityKind",
                "ActivityOutcome",
                "AuthorizationCodeTokenRequest",
                "AuthorizationCodeTokenResponse",
                "AuthorizationGrantResponse",
                "AuthorizationRequest",
                "AuthorizeCallbackException",
                "AuthorizeCallbackResponse",
                "AuthorizeCallbackValidationResult",
                "BackchannelAuthenticationRequest",
                "BackchannelAuthenticationResponse",
                "BackchannelTokenRequest",
                "BackchannelTokenResponse",
                "BaseRequest",
                "BaseResponse",
                "CacheCounters",
                "CacheEvent",
                "CacheEventKind",
                "CacheStatistics",
                "CachedState",
                "CertificateBindingError",
                "ChainedGrantRequest",
                "Challenge",
                "Claim",
                "ClaimsIdentity",
                "ClaimsPrincipal",
                "ClaimsValidationError",
                "ClaimsValidator",
                "ClientAuthMethod",
                "ClientAuthentication",
                "ClientCredentialsTokenRequest",
                "ClientCredentialsTokenResponse",
                "ClientDeleteRequest",
                "ClientDeleteResponse",
                "ClientMetadata",
                "ClientReadRequest",
                "ClientRegistrationRequest",
                "ClientRegistrationResponse",
                "ClientSecretBasic",
                "ClientSecretJwt",
                "ClientSecretPost",
                "ClientUpdateRequest",
                "CollectedClaims",
                "Config",
                "ConfigError",
                "ConfigIssue",
                "ConfigSource",
                "ConfigurationException",
                "DPoPKey",
                "DPoPNonceCache",
                "DPoPNonceIssuer",
                "DPoPProof",
                "DPoPProofException",
                "DeadlineExceededException",
                "Decrypter",
                "DecryptionException",
                "DeviceAuthorizationRequest",
                "DeviceAuthorizationResponse",
                "DeviceTokenRequest",
                "DeviceTokenResponse",
                "DiscoveryDocumentRequest",
                "DiscoveryDocumentResponse",
                "DiscoveryEndpoint",
                "DiscoveryErrorKind",
                "DiscoveryException",
                "DiscoveryHTTPSRequiredError",
                "DiscoveryMissingFieldsError",
                "DiscoveryParseError",
                "DiscoveryPolicy",
                "EnvSource",
                "ErrorKind",
                "ExtensionTokenRequest",
                "ExtensionTokenResponse",
                "FAPI2_ALLOWED_AUTH_METHODS",
                "FAPI2_ALLOWED_SIGNING_ALGORITHMS",
                "FAPI2_REQUIRED_PKCE_METHOD",
                "FAPI2_REQUIRED_RESPONSE_TYPE",
                "FAPIValidationResult",
                "FailedResponseAccessError",
                "FederatedAssertion",
                "FileSessionStore",
                "FileTokenStore",
                "FrontchannelLogoutRequest",
                "GitHubActionsToken",
                "HTTPClient",
                "IdTokenValidationException",
                "IdentityAssertionGrantRequest",
                "InitiateLoginRequest",
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
                "JwtBearerTokenRequest",
                "JwtBearerTokenResponse",
                "KeysUnavailableException",
                "LogoutStateValidationException",
                "LogoutTokenValidationException",
                "LoopbackListener",
                "MCPAuth",
                "MCPAuthorizationException",
                "MCPTarget",
                "MappingSource",
                "MemoryReplayStore",
                "MemorySessionStore",
                "MemoryTokenStore",
                "MtlsClientAuth",
                "NetworkException",
                "NoClientAuthentication",
                "OAuthClient",
                "PrivateKeyJwt",
                "PrivateKeyJwtAuthentication",
                "ProtectedResourceMetadataRequest",
                "ProtectedResourceMetadataResponse",
                "ProviderHealth",
                "ProviderUnusableException",
                "PushedAuthorizationRequest",
                "PushedAuthorizationResponse",
                "PyIdentityModelException",
                "RedisReplayStore",
                "RedisSessionStore",
                "RedisTokenStore",
                "RefreshTokenRequest",
                "RefreshTokenResponse",
                "ReplayStore",
                "RequestHeaders",
                "ResponseRefusedException",
                "SQLSessionStore",
                "SQLTokenStore",
                "Secret",
                "SecurityEvent",
                "SecurityEventException",
                "SecurityEventPollRequest",
                "SecurityEventPollResponse",
                "SelfSignedTlsClientAuth",
                "Session",
                "SessionCheckPage",
                "SessionRecord",
                "SessionStore",
                "Settings",
                "SignatureVerificationException",
                "Signer",
                "SigningException",
                "SpiffeJwt",
                "SpiffeX509",
                "StateValidationResult",
                "StoredToken",
                "SuccessfulResponseAccessError",
                "TlsClientAuth",
                "TokenAuth",
                "TokenCache",
                "TokenCommand",
                "TokenExchangeRequest",
                "TokenExchangeResponse",
                "TokenExpiredException",
                "TokenHeaders",
                "TokenIntrospectionRequest",
                "TokenIntrospectionResponse",
                "TokenIntrospector",
                "TokenRequestException",
                "TokenResponse",
                "TokenRevocationRequest",
                "TokenRevocationResponse",
                "TokenSource",
                "TokenStore",
                "TokenStoreReplayStore",
                "TokenValidationConfig",
                "TokenValidationException",
                "TrustedIssuer",
                "UserInfoException",
                "UserInfoRequest",
                "UserInfoResponse",
                "ValidationException",
                "VerifiedAccessToken",
                "WebFingerRequest",
                "WebFingerResponse",
                "build_authorization_url",
                "build_client_id_metadata",
                "build_dpop_headers",
                "build_end_session_url",
                "build_jar_authorization_url",
                "build_protected_resource_metadata",
                "build_pushed_authorization_url",
                "build_request_uri_authorization_url",
                "build_session_check_page",
                "build_www_authenticate",
                "certificate_thumbprint_from_file",
                "clear_discovery_cache",
                "clear_jwks_cache",
                "client_id_metadata_response",
                "collect_claims",
                "combine_claims_validators",
                "compute_ath",
                "compute_certificate_thumbprint",
                "create_backchannel_request_object",
                "create_client_assertion",
                "create_dpop_proof",
                "create_request_object",
                "create_session_state",
                "create_unsigned_request_object",
                "decode_jwt",
                "delete_client",
                "discover_issuer",
                "encrypt_request_object",
                "exchange_token",
                "extract_dpop_nonce",
                "extract_jarm_response_jwt",
                "generate_code_challenge",
                "generate_code_verifier",
                "generate_dpop_key",
                "generate_pkce_pair",
                "get_cache_counters",
                "get_cache_statistics",
                "get_discovery_document",
                "get_jwks",
                "get_protected_resource_metadata",
                "get_userinfo",
                "health",
                "introspect_token",
                "is_jarm_response",
                "jwks_from_dict",
                "keyring_encryption",
                "parse_authorize_callback_response",
                "parse_discovery_url",
                "parse_www_authenticate",
                "poll_backchannel_token",
                "poll_device_token",
                "poll_security_events",
                "prime",
                "process_jarm_response",
                "push_authorization_request",
                "read_client",
                "refresh",
                "refresh_token",
                "register_client",
                "request_authorization_code_token",
                "request_backchannel_authentication",
                "request_chained_grant",
                "request_client_credentials_token",
                "request_device_authorization",
                "request_extension_token",
                "request_identity_assertion_grant",
                "request_jwt_bearer_token",
                "request_object_reference",
                "request_object_response",
                "require_claim_value",
                "require_claims",
                "require_scopes",
                "resolve_mtls_endpoint",
                "revoke_token",
                "set_activity_hook",
                "set_cache_event_hook",
                "to_principal",
                "update_client",
                "validate_access_token",
                "validate_authorize_callback_issuer",
                "validate_authorize_callback_state",
                "validate_backchannel_notification",
                "validate_certificate_binding",
                "validate_fapi_authorization_request",
                "validate_fapi_client_config",
                "validate_fapi_discovery",
                "validate_frontchannel_logout_request",
                "validate_id_token",
                "validate_initiate_login_request",
                "validate_logout_token",
                "validate_post_logout_state",
                "validate_security_event_token",
                "validate_token",
                "verify_dpop_proof",
                "verify_jws",
                "verify_session_state",
                "verify_signed_metadata",
                "wait_for_backchannel_token",
                "wait_for_device_token",
                "workload_identity",
            ]
        },
    )
