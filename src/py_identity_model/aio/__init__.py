"""OAuth 2.0 and OpenID Connect: the asynchronous API.

``AsyncAccessTokenVerifier`` protects an API, ``AsyncOAuthClient`` logs users in and gets tokens;
``help(py_identity_model)`` says more.

Example::

    from py_identity_model.aio import DiscoveryDocumentRequest, get_discovery_document

    response = await get_discovery_document(DiscoveryDocumentRequest("https://op.example"))
"""

from .._lazy import lazy_names

TYPE_CHECKING = False  # checkers know the name; importing typing would be most of this import

# Generated from here on, from scripts/exports.toml by scripts/make_sync.py.
if TYPE_CHECKING:
    from .._activity_events import ActivityEvent as ActivityEvent
    from .._activity_events import ActivityKind as ActivityKind
    from .._activity_events import ActivityOutcome as ActivityOutcome
    from .._activity_hook import set_activity_hook as set_activity_hook
    from .._client_auth.assertion import ClientSecretJwt as ClientSecretJwt
    from .._client_auth.assertion import PrivateKeyJwt as PrivateKeyJwt
    from .._client_auth.assertion import PrivateKeyJwtAuthentication as PrivateKeyJwtAuthentication
    from .._client_auth.assertion import create_client_assertion as create_client_assertion
    from .._client_auth.certificate import SelfSignedTlsClientAuth as SelfSignedTlsClientAuth
    from .._client_auth.certificate import SpiffeX509 as SpiffeX509
    from .._client_auth.certificate import TlsClientAuth as TlsClientAuth
    from .._client_auth.federated import FederatedAssertion as FederatedAssertion
    from .._client_auth.federated import SpiffeJwt as SpiffeJwt
    from .._client_auth.platform_tokens import GitHubActionsToken as GitHubActionsToken
    from .._client_auth.platform_tokens import TokenCommand as TokenCommand
    from .._client_auth.workload import workload_identity as workload_identity
    from .._config import ClientAuthMethod as ClientAuthMethod
    from .._config import Config as Config
    from .._config import ConfigError as ConfigError
    from .._config import ConfigIssue as ConfigIssue
    from .._config import ConfigSource as ConfigSource
    from .._config import EnvSource as EnvSource
    from .._config import MappingSource as MappingSource
    from .._config import Secret as Secret
    from .._jose.claims_validators import ClaimsValidationError as ClaimsValidationError
    from .._jose.claims_validators import ClaimsValidator as ClaimsValidator
    from .._jose.claims_validators import combine_claims_validators as combine_claims_validators
    from .._jose.claims_validators import require_claim_value as require_claim_value
    from .._jose.claims_validators import require_claims as require_claims
    from .._jose.claims_validators import require_scopes as require_scopes
    from .._jose.decrypter import Decrypter as Decrypter
    from .._jose.dpop_proof import DPoPKey as DPoPKey
    from .._jose.dpop_proof import build_dpop_headers as build_dpop_headers
    from .._jose.dpop_proof import compute_ath as compute_ath
    from .._jose.dpop_proof import create_dpop_proof as create_dpop_proof
    from .._jose.dpop_proof import generate_dpop_key as generate_dpop_key
    from .._jose.jwk import JsonWebKey as JsonWebKey
    from .._jose.jwk import jwks_from_dict as jwks_from_dict
    from .._jose.jwk_names import JsonWebAlgorithmsKeyTypes as JsonWebAlgorithmsKeyTypes
    from .._jose.jwk_names import JsonWebKeyParameterNames as JsonWebKeyParameterNames
    from .._jose.signer import Signer as Signer
    from .._jose.strict import JsonWebKeySet as JsonWebKeySet
    from .._jose.strict import decode_jwt as decode_jwt
    from .._jose.strict import verify_jws as verify_jws
    from .._keyring import keyring_encryption as keyring_encryption
    from .._protocol.authorization import build_authorization_url as build_authorization_url
    from .._protocol.authorization import (
        build_pushed_authorization_url as build_pushed_authorization_url,
    )
    from .._protocol.authorization_code import (
        AuthorizationCodeTokenRequest as AuthorizationCodeTokenRequest,
    )
    from .._protocol.authorization_code import (
        AuthorizationCodeTokenResponse as AuthorizationCodeTokenResponse,
    )
    from .._protocol.browser_requests import FrontchannelLogoutRequest as FrontchannelLogoutRequest
    from .._protocol.browser_requests import InitiateLoginRequest as InitiateLoginRequest
    from .._protocol.browser_requests import (
        validate_frontchannel_logout_request as validate_frontchannel_logout_request,
    )
    from .._protocol.browser_requests import (
        validate_initiate_login_request as validate_initiate_login_request,
    )
    from .._protocol.callback import AuthorizeCallbackResponse as AuthorizeCallbackResponse
    from .._protocol.callback import (
        AuthorizeCallbackValidationResult as AuthorizeCallbackValidationResult,
    )
    from .._protocol.callback import StateValidationResult as StateValidationResult
    from .._protocol.callback import (
        parse_authorize_callback_response as parse_authorize_callback_response,
    )
    from .._protocol.callback import (
        validate_authorize_callback_issuer as validate_authorize_callback_issuer,
    )
    from .._protocol.callback import (
        validate_authorize_callback_state as validate_authorize_callback_state,
    )
    from .._protocol.ciba import (
        BackchannelAuthenticationRequest as BackchannelAuthenticationRequest,
    )
    from .._protocol.ciba import (
        BackchannelAuthenticationResponse as BackchannelAuthenticationResponse,
    )
    from .._protocol.ciba import BackchannelTokenRequest as BackchannelTokenRequest
    from .._protocol.ciba import BackchannelTokenResponse as BackchannelTokenResponse
    from .._protocol.ciba import (
        validate_backchannel_notification as validate_backchannel_notification,
    )
    from .._protocol.ciba_request import (
        create_backchannel_request_object as create_backchannel_request_object,
    )
    from .._protocol.claim_sources import CollectedClaims as CollectedClaims
    from .._protocol.client_credentials import (
        ClientCredentialsTokenRequest as ClientCredentialsTokenRequest,
    )
    from .._protocol.client_credentials import (
        ClientCredentialsTokenResponse as ClientCredentialsTokenResponse,
    )
    from .._protocol.client_metadata import build_client_id_metadata as build_client_id_metadata
    from .._protocol.client_metadata import (
        client_id_metadata_response as client_id_metadata_response,
    )
    from .._protocol.client_metadata_fields import ClientMetadata as ClientMetadata
    from .._protocol.device import DeviceAuthorizationRequest as DeviceAuthorizationRequest
    from .._protocol.device import DeviceAuthorizationResponse as DeviceAuthorizationResponse
    from .._protocol.device import DeviceTokenRequest as DeviceTokenRequest
    from .._protocol.device import DeviceTokenResponse as DeviceTokenResponse
    from .._protocol.discovery import DiscoveryDocumentRequest as DiscoveryDocumentRequest
    from .._protocol.discovery import DiscoveryDocumentResponse as DiscoveryDocumentResponse
    from .._protocol.fapi import FAPI2_ALLOWED_AUTH_METHODS as FAPI2_ALLOWED_AUTH_METHODS
    from .._protocol.fapi import (
        FAPI2_ALLOWED_SIGNING_ALGORITHMS as FAPI2_ALLOWED_SIGNING_ALGORITHMS,
    )
    from .._protocol.fapi import FAPI2_REQUIRED_PKCE_METHOD as FAPI2_REQUIRED_PKCE_METHOD
    from .._protocol.fapi import FAPI2_REQUIRED_RESPONSE_TYPE as FAPI2_REQUIRED_RESPONSE_TYPE
    from .._protocol.fapi import FAPIValidationResult as FAPIValidationResult
    from .._protocol.fapi import (
        validate_fapi_authorization_request as validate_fapi_authorization_request,
    )
    from .._protocol.fapi import validate_fapi_client_config as validate_fapi_client_config
    from .._protocol.fapi import validate_fapi_discovery as validate_fapi_discovery
    from .._protocol.grants import ExtensionTokenRequest as ExtensionTokenRequest
    from .._protocol.grants import ExtensionTokenResponse as ExtensionTokenResponse
    from .._protocol.grants import JwtBearerTokenRequest as JwtBearerTokenRequest
    from .._protocol.grants import JwtBearerTokenResponse as JwtBearerTokenResponse
    from .._protocol.identity_chaining import (
        AuthorizationGrantResponse as AuthorizationGrantResponse,
    )
    from .._protocol.identity_chaining import ChainedGrantRequest as ChainedGrantRequest
    from .._protocol.identity_chaining import (
        IdentityAssertionGrantRequest as IdentityAssertionGrantRequest,
    )
    from .._protocol.introspection import TokenIntrospectionRequest as TokenIntrospectionRequest
    from .._protocol.introspection import TokenIntrospectionResponse as TokenIntrospectionResponse
    from .._protocol.jar import build_jar_authorization_url as build_jar_authorization_url
    from .._protocol.jar import create_request_object as create_request_object
    from .._protocol.jar import encrypt_request_object as encrypt_request_object
    from .._protocol.jarm import extract_jarm_response_jwt as extract_jarm_response_jwt
    from .._protocol.jarm import is_jarm_response as is_jarm_response
    from .._protocol.jwks import JwksRequest as JwksRequest
    from .._protocol.jwks import JwksResponse as JwksResponse
    from .._protocol.logout import build_end_session_url as build_end_session_url
    from .._protocol.logout import validate_post_logout_state as validate_post_logout_state
    from .._protocol.mtls import resolve_mtls_endpoint as resolve_mtls_endpoint
    from .._protocol.mtls import validate_certificate_binding as validate_certificate_binding
    from .._protocol.par import PushedAuthorizationRequest as PushedAuthorizationRequest
    from .._protocol.par import PushedAuthorizationResponse as PushedAuthorizationResponse
    from .._protocol.pkce import generate_code_challenge as generate_code_challenge
    from .._protocol.pkce import generate_code_verifier as generate_code_verifier
    from .._protocol.pkce import generate_pkce_pair as generate_pkce_pair
    from .._protocol.protected_resource import (
        ProtectedResourceMetadataRequest as ProtectedResourceMetadataRequest,
    )
    from .._protocol.protected_resource import (
        ProtectedResourceMetadataResponse as ProtectedResourceMetadataResponse,
    )
    from .._protocol.protected_resource import (
        build_protected_resource_metadata as build_protected_resource_metadata,
    )
    from .._protocol.refresh_grant import RefreshTokenRequest as RefreshTokenRequest
    from .._protocol.refresh_grant import RefreshTokenResponse as RefreshTokenResponse
    from .._protocol.registration import ClientDeleteRequest as ClientDeleteRequest
    from .._protocol.registration import ClientDeleteResponse as ClientDeleteResponse
    from .._protocol.registration import ClientReadRequest as ClientReadRequest
    from .._protocol.registration import ClientRegistrationRequest as ClientRegistrationRequest
    from .._protocol.registration import ClientRegistrationResponse as ClientRegistrationResponse
    from .._protocol.registration import ClientUpdateRequest as ClientUpdateRequest
    from .._protocol.request_object import (
        build_request_uri_authorization_url as build_request_uri_authorization_url,
    )
    from .._protocol.request_object import (
        create_unsigned_request_object as create_unsigned_request_object,
    )
    from .._protocol.request_object import request_object_reference as request_object_reference
    from .._protocol.request_object import request_object_response as request_object_response
    from .._protocol.revocation import TokenRevocationRequest as TokenRevocationRequest
    from .._protocol.revocation import TokenRevocationResponse as TokenRevocationResponse
    from .._protocol.security_events import SecurityEvent as SecurityEvent
    from .._protocol.security_events import SecurityEventPollRequest as SecurityEventPollRequest
    from .._protocol.security_events import SecurityEventPollResponse as SecurityEventPollResponse
    from .._protocol.session_management import SessionCheckPage as SessionCheckPage
    from .._protocol.session_management import build_session_check_page as build_session_check_page
    from .._protocol.session_management import create_session_state as create_session_state
    from .._protocol.session_management import verify_session_state as verify_session_state
    from .._protocol.token_endpoint import TokenResponse as TokenResponse
    from .._protocol.token_exchange import TokenExchangeRequest as TokenExchangeRequest
    from .._protocol.token_exchange import TokenExchangeResponse as TokenExchangeResponse
    from .._protocol.userinfo import UserInfoRequest as UserInfoRequest
    from .._protocol.userinfo import UserInfoResponse as UserInfoResponse
    from .._protocol.webfinger import WebFingerRequest as WebFingerRequest
    from .._protocol.webfinger import WebFingerResponse as WebFingerResponse
    from .._relying_party.login import AuthorizationRequest as AuthorizationRequest
    from .._relying_party.mcp import MCPTarget as MCPTarget
    from .._resource_server.dpop_server_nonces import DPoPNonceIssuer as DPoPNonceIssuer
    from .._resource_server.dpop_verification import DPoPProof as DPoPProof
    from .._resource_server.redis_replay import RedisReplayStore as RedisReplayStore
    from .._resource_server.replay import MemoryReplayStore as MemoryReplayStore
    from .._resource_server.replay import ReplayStore as ReplayStore
    from .._resource_server.trusted_issuer import TrustedIssuer as TrustedIssuer
    from .._resource_server.verified_access_token import VerifiedAccessToken as VerifiedAccessToken
    from .._sessions.session_record import SessionRecord as SessionRecord
    from .._sessions.stored_token import StoredToken as StoredToken
    from .._settings import Settings as Settings
    from .._validation.config import TokenValidationConfig as TokenValidationConfig
    from .._validation.events import CacheCounters as CacheCounters
    from .._validation.events import CacheEvent as CacheEvent
    from .._validation.events import CacheEventKind as CacheEventKind
    from .._validation.events import CacheStatistics as CacheStatistics
    from .._validation.events import get_cache_counters as get_cache_counters
    from .._validation.events import get_cache_statistics as get_cache_statistics
    from .._validation.events import set_cache_event_hook as set_cache_event_hook
    from .._validation.health import CachedState as CachedState
    from .._validation.health import ProviderHealth as ProviderHealth
    from .._validation.provider_document import DiscoveryErrorKind as DiscoveryErrorKind
    from .._validation.signed_metadata import verify_signed_metadata as verify_signed_metadata
    from .._validation.token_cache import TokenCache as TokenCache
    from .._wire.certificate import MtlsClientAuth as MtlsClientAuth
    from .._wire.certificate import (
        certificate_thumbprint_from_file as certificate_thumbprint_from_file,
    )
    from .._wire.certificate import compute_certificate_thumbprint as compute_certificate_thumbprint
    from .._wire.client_authentication import ClientAuthentication as ClientAuthentication
    from .._wire.client_authentication import ClientSecretBasic as ClientSecretBasic
    from .._wire.client_authentication import ClientSecretPost as ClientSecretPost
    from .._wire.client_authentication import NoClientAuthentication as NoClientAuthentication
    from .._wire.discovery_policy import DiscoveryPolicy as DiscoveryPolicy
    from .._wire.dpop_nonces import extract_dpop_nonce as extract_dpop_nonce
    from .._wire.messages import ErrorKind as ErrorKind
    from .._wire.models import BaseRequest as BaseRequest
    from .._wire.models import BaseResponse as BaseResponse
    from .._wire.urls import DiscoveryEndpoint as DiscoveryEndpoint
    from .._wire.urls import parse_discovery_url as parse_discovery_url
    from .._wire.www_authenticate import Challenge as Challenge
    from .._wire.www_authenticate import build_www_authenticate as build_www_authenticate
    from .._wire.www_authenticate import parse_www_authenticate as parse_www_authenticate
    from ..exceptions import AccessTokenRefusedException as AccessTokenRefusedException
    from ..exceptions import AuthorizeCallbackException as AuthorizeCallbackException
    from ..exceptions import CertificateBindingError as CertificateBindingError
    from ..exceptions import ConfigurationException as ConfigurationException
    from ..exceptions import DeadlineExceededException as DeadlineExceededException
    from ..exceptions import DecryptionException as DecryptionException
    from ..exceptions import DiscoveryException as DiscoveryException
    from ..exceptions import DiscoveryHTTPSRequiredError as DiscoveryHTTPSRequiredError
    from ..exceptions import DiscoveryMissingFieldsError as DiscoveryMissingFieldsError
    from ..exceptions import DiscoveryParseError as DiscoveryParseError
    from ..exceptions import DPoPProofException as DPoPProofException
    from ..exceptions import FailedResponseAccessError as FailedResponseAccessError
    from ..exceptions import IdTokenValidationException as IdTokenValidationException
    from ..exceptions import InvalidArgumentError as InvalidArgumentError
    from ..exceptions import InvalidAudienceException as InvalidAudienceException
    from ..exceptions import InvalidIssuerException as InvalidIssuerException
    from ..exceptions import JarmValidationException as JarmValidationException
    from ..exceptions import JwksException as JwksException
    from ..exceptions import KeysUnavailableException as KeysUnavailableException
    from ..exceptions import LogoutStateValidationException as LogoutStateValidationException
    from ..exceptions import LogoutTokenValidationException as LogoutTokenValidationException
    from ..exceptions import MCPAuthorizationException as MCPAuthorizationException
    from ..exceptions import NetworkException as NetworkException
    from ..exceptions import ProviderUnusableException as ProviderUnusableException
    from ..exceptions import PyIdentityModelException as PyIdentityModelException
    from ..exceptions import ResponseRefusedException as ResponseRefusedException
    from ..exceptions import SecurityEventException as SecurityEventException
    from ..exceptions import SignatureVerificationException as SignatureVerificationException
    from ..exceptions import SigningException as SigningException
    from ..exceptions import SuccessfulResponseAccessError as SuccessfulResponseAccessError
    from ..exceptions import TokenExpiredException as TokenExpiredException
    from ..exceptions import TokenRequestException as TokenRequestException
    from ..exceptions import TokenValidationException as TokenValidationException
    from ..exceptions import UserInfoException as UserInfoException
    from ..exceptions import ValidationException as ValidationException
    from ..identity import Claim as Claim
    from ..identity import ClaimsIdentity as ClaimsIdentity
    from ..identity import ClaimsPrincipal as ClaimsPrincipal
    from ..identity import to_principal as to_principal
    from ._cache.provider_cache import clear_discovery_cache as clear_discovery_cache
    from ._cache.provider_cache import clear_jwks_cache as clear_jwks_cache
    from ._transport.http import AsyncHTTPClient as AsyncHTTPClient
    from ._transport.nonces import AsyncDPoPNonceCache as AsyncDPoPNonceCache
    from ._transport.stores import AsyncTokenStore as AsyncTokenStore
    from .access_token import validate_access_token as validate_access_token
    from .access_token_verifier import AsyncAccessTokenVerifier as AsyncAccessTokenVerifier
    from .authorization_code import (
        request_authorization_code_token as request_authorization_code_token,
    )
    from .ciba import poll_backchannel_token as poll_backchannel_token
    from .ciba import request_backchannel_authentication as request_backchannel_authentication
    from .ciba import wait_for_backchannel_token as wait_for_backchannel_token
    from .claim_sources import collect_claims as collect_claims
    from .client_credentials import (
        request_client_credentials_token as request_client_credentials_token,
    )
    from .device import poll_device_token as poll_device_token
    from .device import request_device_authorization as request_device_authorization
    from .device import wait_for_device_token as wait_for_device_token
    from .discovery import get_discovery_document as get_discovery_document
    from .dpop import verify_dpop_proof as verify_dpop_proof
    from .file_store import AsyncFileSessionStore as AsyncFileSessionStore
    from .file_store import AsyncFileTokenStore as AsyncFileTokenStore
    from .grants import request_extension_token as request_extension_token
    from .grants import request_jwt_bearer_token as request_jwt_bearer_token
    from .id_token import validate_id_token as validate_id_token
    from .identity_chaining import request_chained_grant as request_chained_grant
    from .identity_chaining import (
        request_identity_assertion_grant as request_identity_assertion_grant,
    )
    from .introspection import introspect_token as introspect_token
    from .jarm import process_jarm_response as process_jarm_response
    from .jwks import get_jwks as get_jwks
    from .logout import validate_logout_token as validate_logout_token
    from .loopback import AsyncLoopbackListener as AsyncLoopbackListener
    from .mcp import AsyncMCPAuth as AsyncMCPAuth
    from .oauth_client import AsyncOAuthClient as AsyncOAuthClient
    from .par import push_authorization_request as push_authorization_request
    from .probes import health as health
    from .probes import prime as prime
    from .probes import refresh as refresh
    from .protected_resource import (
        get_protected_resource_metadata as get_protected_resource_metadata,
    )
    from .redis_session_store import AsyncRedisSessionStore as AsyncRedisSessionStore
    from .redis_store import AsyncRedisTokenStore as AsyncRedisTokenStore
    from .refresh_grant import refresh_token as refresh_token
    from .registration import delete_client as delete_client
    from .registration import read_client as read_client
    from .registration import register_client as register_client
    from .registration import update_client as update_client
    from .revocation import revoke_token as revoke_token
    from .security_events import poll_security_events as poll_security_events
    from .security_events import validate_security_event_token as validate_security_event_token
    from .session import AsyncSession as AsyncSession
    from .session_store import AsyncMemorySessionStore as AsyncMemorySessionStore
    from .session_store import AsyncSessionStore as AsyncSessionStore
    from .sql_session_store import AsyncSQLSessionStore as AsyncSQLSessionStore
    from .sql_token_store import AsyncSQLTokenStore as AsyncSQLTokenStore
    from .token_auth import AsyncTokenAuth as AsyncTokenAuth
    from .token_exchange import exchange_token as exchange_token
    from .token_headers import AsyncRequestHeaders as AsyncRequestHeaders
    from .token_headers import AsyncTokenHeaders as AsyncTokenHeaders
    from .token_introspector import AsyncTokenIntrospector as AsyncTokenIntrospector
    from .token_source import AsyncTokenSource as AsyncTokenSource
    from .token_store import AsyncMemoryTokenStore as AsyncMemoryTokenStore
    from .token_store import AsyncTokenStoreReplayStore as AsyncTokenStoreReplayStore
    from .token_validation import validate_token as validate_token
    from .userinfo import get_userinfo as get_userinfo
    from .webfinger import discover_issuer as discover_issuer

__all__ = [
    "FAPI2_ALLOWED_AUTH_METHODS",
    "FAPI2_ALLOWED_SIGNING_ALGORITHMS",
    "FAPI2_REQUIRED_PKCE_METHOD",
    "FAPI2_REQUIRED_RESPONSE_TYPE",
    "AccessTokenRefusedException",
    "ActivityEvent",
    "ActivityKind",
    "ActivityOutcome",
    "AsyncAccessTokenVerifier",
    "AsyncDPoPNonceCache",
    "AsyncFileSessionStore",
    "AsyncFileTokenStore",
    "AsyncHTTPClient",
    "AsyncLoopbackListener",
    "AsyncMCPAuth",
    "AsyncMemorySessionStore",
    "AsyncMemoryTokenStore",
    "AsyncOAuthClient",
    "AsyncRedisSessionStore",
    "AsyncRedisTokenStore",
    "AsyncRequestHeaders",
    "AsyncSQLSessionStore",
    "AsyncSQLTokenStore",
    "AsyncSession",
    "AsyncSessionStore",
    "AsyncTokenAuth",
    "AsyncTokenHeaders",
    "AsyncTokenIntrospector",
    "AsyncTokenSource",
    "AsyncTokenStore",
    "AsyncTokenStoreReplayStore",
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
    "FrontchannelLogoutRequest",
    "GitHubActionsToken",
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
    "MCPAuthorizationException",
    "MCPTarget",
    "MappingSource",
    "MemoryReplayStore",
    "MtlsClientAuth",
    "NetworkException",
    "NoClientAuthentication",
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
    "RefreshTokenRequest",
    "RefreshTokenResponse",
    "ReplayStore",
    "ResponseRefusedException",
    "Secret",
    "SecurityEvent",
    "SecurityEventException",
    "SecurityEventPollRequest",
    "SecurityEventPollResponse",
    "SelfSignedTlsClientAuth",
    "SessionCheckPage",
    "SessionRecord",
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
    "TokenCache",
    "TokenCommand",
    "TokenExchangeRequest",
    "TokenExchangeResponse",
    "TokenExpiredException",
    "TokenIntrospectionRequest",
    "TokenIntrospectionResponse",
    "TokenRequestException",
    "TokenResponse",
    "TokenRevocationRequest",
    "TokenRevocationResponse",
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
            ".._activity_events": ["ActivityEvent", "ActivityKind", "ActivityOutcome"],
            ".._activity_hook": ["set_activity_hook"],
            ".._client_auth.assertion": [
                "ClientSecretJwt",
                "PrivateKeyJwt",
                "PrivateKeyJwtAuthentication",
                "create_client_assertion",
            ],
            ".._client_auth.certificate": [
                "SelfSignedTlsClientAuth",
                "SpiffeX509",
                "TlsClientAuth",
            ],
            ".._client_auth.federated": ["FederatedAssertion", "SpiffeJwt"],
            ".._client_auth.platform_tokens": ["GitHubActionsToken", "TokenCommand"],
            ".._client_auth.workload": ["workload_identity"],
            ".._config": [
                "ClientAuthMethod",
                "Config",
                "ConfigError",
                "ConfigIssue",
                "ConfigSource",
                "EnvSource",
                "MappingSource",
                "Secret",
            ],
            ".._jose.claims_validators": [
                "ClaimsValidationError",
                "ClaimsValidator",
                "combine_claims_validators",
                "require_claim_value",
                "require_claims",
                "require_scopes",
            ],
            ".._jose.decrypter": ["Decrypter"],
            ".._jose.dpop_proof": [
                "DPoPKey",
                "build_dpop_headers",
                "compute_ath",
                "create_dpop_proof",
                "generate_dpop_key",
            ],
            ".._jose.jwk": ["JsonWebKey", "jwks_from_dict"],
            ".._jose.jwk_names": ["JsonWebAlgorithmsKeyTypes", "JsonWebKeyParameterNames"],
            ".._jose.signer": ["Signer"],
            ".._jose.strict": ["JsonWebKeySet", "decode_jwt", "verify_jws"],
            ".._keyring": ["keyring_encryption"],
            ".._protocol.authorization": [
                "build_authorization_url",
                "build_pushed_authorization_url",
            ],
            ".._protocol.authorization_code": [
                "AuthorizationCodeTokenRequest",
                "AuthorizationCodeTokenResponse",
            ],
            ".._protocol.browser_requests": [
                "FrontchannelLogoutRequest",
                "InitiateLoginRequest",
                "validate_frontchannel_logout_request",
                "validate_initiate_login_request",
            ],
            ".._protocol.callback": [
                "AuthorizeCallbackResponse",
                "AuthorizeCallbackValidationResult",
                "StateValidationResult",
                "parse_authorize_callback_response",
                "validate_authorize_callback_issuer",
                "validate_authorize_callback_state",
            ],
            ".._protocol.ciba": [
                "BackchannelAuthenticationRequest",
                "BackchannelAuthenticationResponse",
                "BackchannelTokenRequest",
                "BackchannelTokenResponse",
                "validate_backchannel_notification",
            ],
            ".._protocol.ciba_request": ["create_backchannel_request_object"],
            ".._protocol.claim_sources": ["CollectedClaims"],
            ".._protocol.client_credentials": [
                "ClientCredentialsTokenRequest",
                "ClientCredentialsTokenResponse",
            ],
            ".._protocol.client_metadata": [
                "build_client_id_metadata",
                "client_id_metadata_response",
            ],
            ".._protocol.client_metadata_fields": ["ClientMetadata"],
            ".._protocol.device": [
                "DeviceAuthorizationRequest",
                "DeviceAuthorizationResponse",
                "DeviceTokenRequest",
                "DeviceTokenResponse",
            ],
            ".._protocol.discovery": ["DiscoveryDocumentRequest", "DiscoveryDocumentResponse"],
            ".._protocol.fapi": [
                "FAPI2_ALLOWED_AUTH_METHODS",
                "FAPI2_ALLOWED_SIGNING_ALGORITHMS",
                "FAPI2_REQUIRED_PKCE_METHOD",
                "FAPI2_REQUIRED_RESPONSE_TYPE",
                "FAPIValidationResult",
                "validate_fapi_authorization_request",
                "validate_fapi_client_config",
                "validate_fapi_discovery",
            ],
            ".._protocol.grants": [
                "ExtensionTokenRequest",
                "ExtensionTokenResponse",
                "JwtBearerTokenRequest",
                "JwtBearerTokenResponse",
            ],
            ".._protocol.identity_chaining": [
                "AuthorizationGrantResponse",
                "ChainedGrantRequest",
                "IdentityAssertionGrantRequest",
            ],
            ".._protocol.introspection": [
                "TokenIntrospectionRequest",
                "TokenIntrospectionResponse",
            ],
            ".._protocol.jar": [
                "build_jar_authorization_url",
                "create_request_object",
                "encrypt_request_object",
            ],
            ".._protocol.jarm": ["extract_jarm_response_jwt", "is_jarm_response"],
            ".._protocol.jwks": ["JwksRequest", "JwksResponse"],
            ".._protocol.logout": ["build_end_session_url", "validate_post_logout_state"],
            ".._protocol.mtls": ["resolve_mtls_endpoint", "validate_certificate_binding"],
            ".._protocol.par": ["PushedAuthorizationRequest", "PushedAuthorizationResponse"],
            ".._protocol.pkce": [
                "generate_code_challenge",
                "generate_code_verifier",
                "generate_pkce_pair",
            ],
            ".._protocol.protected_resource": [
                "ProtectedResourceMetadataRequest",
                "ProtectedResourceMetadataResponse",
                "build_protected_resource_metadata",
            ],
            ".._protocol.refresh_grant": ["RefreshTokenRequest", "RefreshTokenResponse"],
            ".._protocol.registration": [
                "ClientDeleteRequest",
                "ClientDeleteResponse",
                "ClientReadRequest",
                "ClientRegistrationRequest",
                "ClientRegistrationResponse",
                "ClientUpdateRequest",
            ],
            ".._protocol.request_object": [
                "build_request_uri_authorization_url",
                "create_unsigned_request_object",
                "request_object_reference",
                "request_object_response",
            ],
            ".._protocol.revocation": ["TokenRevocationRequest", "TokenRevocationResponse"],
            ".._protocol.security_events": [
                "SecurityEvent",
                "SecurityEventPollRequest",
                "SecurityEventPollResponse",
            ],
            ".._protocol.session_management": [
                "SessionCheckPage",
                "build_session_check_page",
                "create_session_state",
                "verify_session_state",
            ],
            ".._protocol.token_endpoint": ["TokenResponse"],
            ".._protocol.token_exchange": ["TokenExchangeRequest", "TokenExchangeResponse"],
            ".._protocol.userinfo": ["UserInfoRequest", "UserInfoResponse"],
            ".._protocol.webfinger": ["WebFingerRequest", "WebFingerResponse"],
            ".._relying_party.login": ["AuthorizationRequest"],
            ".._relying_party.mcp": ["MCPTarget"],
            ".._resource_server.dpop_server_nonces": ["DPoPNonceIssuer"],
            ".._resource_server.dpop_verification": ["DPoPProof"],
            ".._resource_server.redis_replay": ["RedisReplayStore"],
            ".._resource_server.replay": ["MemoryReplayStore", "ReplayStore"],
            ".._resource_server.trusted_issuer": ["TrustedIssuer"],
            ".._resource_server.verified_access_token": ["VerifiedAccessToken"],
            ".._sessions.session_record": ["SessionRecord"],
            ".._sessions.stored_token": ["StoredToken"],
            ".._settings": ["Settings"],
            ".._validation.config": ["TokenValidationConfig"],
            ".._validation.events": [
                "CacheCounters",
                "CacheEvent",
                "CacheEventKind",
                "CacheStatistics",
                "get_cache_counters",
                "get_cache_statistics",
                "set_cache_event_hook",
            ],
            ".._validation.health": ["CachedState", "ProviderHealth"],
            ".._validation.provider_document": ["DiscoveryErrorKind"],
            ".._validation.signed_metadata": ["verify_signed_metadata"],
            ".._validation.token_cache": ["TokenCache"],
            ".._wire.certificate": [
                "MtlsClientAuth",
                "certificate_thumbprint_from_file",
                "compute_certificate_thumbprint",
            ],
            ".._wire.client_authentication": [
                "ClientAuthentication",
                "ClientSecretBasic",
                "ClientSecretPost",
                "NoClientAuthentication",
            ],
            ".._wire.discovery_policy": ["DiscoveryPolicy"],
            ".._wire.dpop_nonces": ["extract_dpop_nonce"],
            ".._wire.messages": ["ErrorKind"],
            ".._wire.models": ["BaseRequest", "BaseResponse"],
            ".._wire.urls": ["DiscoveryEndpoint", "parse_discovery_url"],
            ".._wire.www_authenticate": [
                "Challenge",
                "build_www_authenticate",
                "parse_www_authenticate",
            ],
            "._cache.provider_cache": ["clear_discovery_cache", "clear_jwks_cache"],
            "._transport.http": ["AsyncHTTPClient"],
            "._transport.nonces": ["AsyncDPoPNonceCache"],
            "._transport.stores": ["AsyncTokenStore"],
            ".access_token": ["validate_access_token"],
            ".access_token_verifier": ["AsyncAccessTokenVerifier"],
            ".authorization_code": ["request_authorization_code_token"],
            ".ciba": [
                "poll_backchannel_token",
                "request_backchannel_authentication",
                "wait_for_backchannel_token",
            ],
            ".claim_sources": ["collect_claims"],
            ".client_credentials": ["request_client_credentials_token"],
            ".device": [
                "poll_device_token",
                "request_device_authorization",
                "wait_for_device_token",
            ],
            ".discovery": ["get_discovery_document"],
            ".dpop": ["verify_dpop_proof"],
            ".file_store": ["AsyncFileSessionStore", "AsyncFileTokenStore"],
            ".grants": ["request_extension_token", "request_jwt_bearer_token"],
            ".id_token": ["validate_id_token"],
            ".identity_chaining": ["request_chained_grant", "request_identity_assertion_grant"],
            ".introspection": ["introspect_token"],
            ".jarm": ["process_jarm_response"],
            ".jwks": ["get_jwks"],
            ".logout": ["validate_logout_token"],
            ".loopback": ["AsyncLoopbackListener"],
            ".mcp": ["AsyncMCPAuth"],
            ".oauth_client": ["AsyncOAuthClient"],
            ".par": ["push_authorization_request"],
            ".probes": ["health", "prime", "refresh"],
            ".protected_resource": ["get_protected_resource_metadata"],
            ".redis_session_store": ["AsyncRedisSessionStore"],
            ".redis_store": ["AsyncRedisTokenStore"],
            ".refresh_grant": ["refresh_token"],
            ".registration": ["delete_client", "read_client", "register_client", "update_client"],
            ".revocation": ["revoke_token"],
            ".security_events": ["poll_security_events", "validate_security_event_token"],
            ".session": ["AsyncSession"],
            ".session_store": ["AsyncMemorySessionStore", "AsyncSessionStore"],
            ".sql_session_store": ["AsyncSQLSessionStore"],
            ".sql_token_store": ["AsyncSQLTokenStore"],
            ".token_auth": ["AsyncTokenAuth"],
            ".token_exchange": ["exchange_token"],
            ".token_headers": ["AsyncRequestHeaders", "AsyncTokenHeaders"],
            ".token_introspector": ["AsyncTokenIntrospector"],
            ".token_source": ["AsyncTokenSource"],
            ".token_store": ["AsyncMemoryTokenStore", "AsyncTokenStoreReplayStore"],
            ".token_validation": ["validate_token"],
            ".userinfo": ["get_userinfo"],
            ".webfinger": ["discover_issuer"],
            "..exceptions": [
                "AccessTokenRefusedException",
                "AuthorizeCallbackException",
                "CertificateBindingError",
                "ConfigurationException",
                "DPoPProofException",
                "DeadlineExceededException",
                "DecryptionException",
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
                "MCPAuthorizationException",
                "NetworkException",
                "ProviderUnusableException",
                "PyIdentityModelException",
                "ResponseRefusedException",
                "SecurityEventException",
                "SignatureVerificationException",
                "SigningException",
                "SuccessfulResponseAccessError",
                "TokenExpiredException",
                "TokenRequestException",
                "TokenValidationException",
                "UserInfoException",
                "ValidationException",
            ],
            "..identity": ["Claim", "ClaimsIdentity", "ClaimsPrincipal", "to_principal"],
        },
    )
