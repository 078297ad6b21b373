"""Constants of OAuth 2.0 and OpenID Connect, in the words of the specifications."""

from __future__ import annotations

from enum import Enum

__all__ = [
    "Algorithms",
    "AsymmetricAlgorithms",
    "AuthenticationMethods",
    "AuthenticationSchemes",
    "AuthorizeErrors",
    "AuthorizeRequest",
    "AuthorizeResponse",
    "BackChannelLogoutRequest",
    "BackchannelAuthenticationRequest",
    "BackchannelAuthenticationRequestErrors",
    "BackchannelAuthenticationResponse",
    "BackchannelTokenDeliveryModes",
    "ClientAssertionTypes",
    "ClientMetadata",
    "CodeChallengeMethods",
    "DeviceAuthorizationResponse",
    "Discovery",
    "DisplayModes",
    "EndSessionRequest",
    "EndpointAuthenticationMethods",
    "Events",
    "GrantTypes",
    "HttpHeaders",
    "PromptModes",
    "ProtectedResourceErrors",
    "PushedAuthorizationRequestResponse",
    "RegistrationResponse",
    "ResponseModes",
    "ResponseTypes",
    "StandardScopes",
    "SymmetricAlgorithms",
    "TokenErrors",
    "TokenIntrospectionRequest",
    "TokenParameterNames",
    "TokenRequest",
    "TokenRequestTypes",
    "TokenResponse",
    "TokenTypeIdentifiers",
    "TokenTypes",
]


class AuthorizeRequest(Enum):
    """Parameters of an authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1)."""

    SCOPE = "scope"
    RESPONSE_TYPE = "response_type"
    CLIENT_ID = "client_id"
    REDIRECT_URI = "redirect_uri"
    STATE = "state"
    RESPONSE_MODE = "response_mode"
    NONCE = "nonce"
    DISPLAY = "display"
    PROMPT = "prompt"
    MAX_AGE = "max_age"
    UI_LOCALES = "ui_locales"
    ID_TOKEN_HINT = "id_token_hint"
    LOGIN_HINT = "login_hint"
    ACR_VALUES = "acr_values"
    CODE_CHALLENGE = "code_challenge"
    CODE_CHALLENGE_METHOD = "code_challenge_method"
    REQUEST = "request"
    REQUEST_URI = "request_uri"
    RESOURCE = "resource"
    DPOP_KEY_THUMBPRINT = "dpop_jkt"


class AuthorizeErrors(Enum):
    """Errors of the authorization endpoint (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6)."""

    INVALID_REQUEST = "invalid_request"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    ACCESS_DENIED = "access_denied"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    INVALID_SCOPE = "invalid_scope"
    SERVER_ERROR = "server_error"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    UNMET_AUTHENTICATION_REQUIREMENTS = "unmet_authentication_requirements"
    INTERACTION_REQUIRED = "interaction_required"
    LOGIN_REQUIRED = "login_required"
    ACCOUNT_SELECTION_REQUIRED = "account_selection_required"
    CONSENT_REQUIRED = "consent_required"
    INVALID_REQUEST_URI = "invalid_request_uri"
    INVALID_REQUEST_OBJECT = "invalid_request_object"
    REQUEST_NOT_SUPPORTED = "request_not_supported"
    REQUEST_URI_NOT_SUPPORTED = "request_uri_not_supported"
    REGISTRATION_NOT_SUPPORTED = "registration_not_supported"
    INVALID_TARGET = "invalid_target"


class AuthorizeResponse(Enum):
    """Parameters of an authorization response (RFC 6749 §4.1.2, RFC 9207)."""

    SCOPE = "scope"
    CODE = "code"
    ACCESS_TOKEN = "access_token"
    EXPIRES_IN = "expires_in"
    TOKEN_TYPE = "token_type"
    REFRESH_TOKEN = "refresh_token"
    IDENTITY_TOKEN = "id_token"
    STATE = "state"
    SESSION_STATE = "session_state"
    ISSUER = "iss"
    ERROR = "error"
    ERROR_DESCRIPTION = "error_description"


class DeviceAuthorizationResponse(Enum):
    """Members of a device authorization response (RFC 8628 §3.2)."""

    DEVICE_CODE = "device_code"
    USER_CODE = "user_code"
    VERIFICATION_URI = "verification_uri"
    VERIFICATION_URI_COMPLETE = "verification_uri_complete"
    EXPIRES_IN = "expires_in"
    INTERVAL = "interval"


class EndSessionRequest(Enum):
    """Parameters of a logout request (OpenID Connect RP-Initiated Logout §2)."""

    ID_TOKEN_HINT = "id_token_hint"
    POST_LOGOUT_REDIRECT_URI = "post_logout_redirect_uri"
    STATE = "state"
    SID = "sid"
    ISSUER = "iss"
    UI_LOCALES = "ui_locales"


class TokenRequest(Enum):
    """Parameters of a token request (RFC 6749 §4, RFC 7521, RFC 8693)."""

    GRANT_TYPE = "grant_type"
    REDIRECT_URI = "redirect_uri"
    CLIENT_ID = "client_id"
    CLIENT_SECRET = "client_secret"
    CLIENT_ASSERTION = "client_assertion"
    CLIENT_ASSERTION_TYPE = "client_assertion_type"
    ASSERTION = "assertion"
    CODE = "code"
    REFRESH_TOKEN = "refresh_token"
    SCOPE = "scope"
    USER_NAME = "username"
    PASSWORD = "password"
    CODE_VERIFIER = "code_verifier"
    TOKEN_TYPE = "token_type"
    ALGORITHM = "alg"
    KEY = "key"
    DEVICE_CODE = "device_code"
    RESOURCE = "resource"
    AUDIENCE = "audience"
    REQUESTED_TOKEN_TYPE = "requested_token_type"
    SUBJECT_TOKEN = "subject_token"
    SUBJECT_TOKEN_TYPE = "subject_token_type"
    ACTOR_TOKEN = "actor_token"
    ACTOR_TOKEN_TYPE = "actor_token_type"
    AUTHENTICATION_REQUEST_ID = "auth_req_id"


class BackchannelAuthenticationRequest(Enum):
    """Parameters of a CIBA request (OpenID Connect CIBA §7.1)."""

    SCOPE = "scope"
    CLIENT_NOTIFICATION_TOKEN = "client_notification_token"
    ACR_VALUES = "acr_values"
    LOGIN_HINT_TOKEN = "login_hint_token"
    ID_TOKEN_HINT = "id_token_hint"
    LOGIN_HINT = "login_hint"
    BINDING_MESSAGE = "binding_message"
    USER_CODE = "user_code"
    REQUESTED_EXPIRY = "requested_expiry"
    REQUEST = "request"
    RESOURCE = "resource"
    DPOP_KEY_THUMBPRINT = "dpop_jkt"


class BackchannelAuthenticationRequestErrors(Enum):
    """Errors of the CIBA endpoint (OpenID Connect CIBA §13)."""

    INVALID_REQUEST_OBJECT = "invalid_request_object"
    INVALID_REQUEST = "invalid_request"
    INVALID_SCOPE = "invalid_scope"
    EXPIRED_LOGIN_HINT_TOKEN = "expired_login_hint_token"
    UNKNOWN_USER_ID = "unknown_user_id"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    MISSING_USER_CODE = "missing_user_code"
    INVALID_USER_CODE = "invalid_user_code"
    INVALID_BINDING_MESSAGE = "invalid_binding_message"
    INVALID_CLIENT = "invalid_client"
    ACCESS_DENIED = "access_denied"
    INVALID_TARGET = "invalid_target"


class TokenRequestTypes(Enum):
    """Kinds of token that a client may request."""

    BEARER = "bearer"
    POP = "pop"


class TokenErrors(Enum):
    """Errors of the token endpoint (RFC 6749 §5.2, RFC 8628 §3.5, RFC 9449 §5)."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    INVALID_SCOPE = "invalid_scope"
    AUTHORIZATION_PENDING = "authorization_pending"
    ACCESS_DENIED = "access_denied"
    SLOW_DOWN = "slow_down"
    EXPIRED_TOKEN = "expired_token"
    INVALID_TARGET = "invalid_target"
    INVALID_DPOP_PROOF = "invalid_dpop_proof"
    USE_DPOP_NONCE = "use_dpop_nonce"


class TokenResponse(Enum):
    """Members of a token response (RFC 6749 §5.1)."""

    ACCESS_TOKEN = "access_token"
    EXPIRES_IN = "expires_in"
    TOKEN_TYPE = "token_type"
    REFRESH_TOKEN = "refresh_token"
    IDENTITY_TOKEN = "id_token"
    ERROR = "error"
    ERROR_DESCRIPTION = "error_description"
    BEARER_TOKEN_TYPE = "Bearer"
    DPOP_TOKEN_TYPE = "DPoP"
    ISSUED_TOKEN_TYPE = "issued_token_type"
    SCOPE = "scope"


class BackchannelAuthenticationResponse(Enum):
    """Members of a CIBA response (OpenID Connect CIBA §7.3)."""

    AUTHENTICATION_REQUEST_ID = "auth_req_id"
    EXPIRES_IN = "expires_in"
    INTERVAL = "interval"


class PushedAuthorizationRequestResponse(Enum):
    """Members of a pushed authorization response (RFC 9126 §2.2)."""

    EXPIRES_IN = "expires_in"
    REQUEST_URI = "request_uri"


class TokenIntrospectionRequest(Enum):
    """Parameters of an introspection request (RFC 7662 §2.1)."""

    TOKEN = "token"
    TOKEN_TYPE_HINT = "token_type_hint"


class RegistrationResponse(Enum):
    """Members of a client registration response (RFC 7591 §3.2)."""

    ERROR = "error"
    ERROR_DESCRIPTION = "error_description"
    CLIENT_ID = "client_id"
    CLIENT_SECRET = "client_secret"
    REGISTRATION_ACCESS_TOKEN = "registration_access_token"
    REGISTRATION_CLIENT_URI = "registration_client_uri"
    CLIENT_ID_ISSUED_AT = "client_id_issued_at"
    CLIENT_SECRET_EXPIRES_AT = "client_secret_expires_at"
    SOFTWARE_STATEMENT = "software_statement"


class ClientMetadata(Enum):
    """Client metadata (RFC 7591 §2, OpenID Connect Registration §2)."""

    REDIRECT_URIS = "redirect_uris"
    RESPONSE_TYPES = "response_types"
    GRANT_TYPES = "grant_types"
    APPLICATION_TYPE = "application_type"
    CONTACTS = "contacts"
    CLIENT_NAME = "client_name"
    LOGO_URI = "logo_uri"
    CLIENT_URI = "client_uri"
    POLICY_URI = "policy_uri"
    TOS_URI = "tos_uri"
    JWKS_URI = "jwks_uri"
    JWKS = "jwks"
    SECTOR_IDENTIFIER_URI = "sector_identifier_uri"
    SCOPE = "scope"
    POST_LOGOUT_REDIRECT_URIS = "post_logout_redirect_uris"
    FRONT_CHANNEL_LOGOUT_URI = "frontchannel_logout_uri"
    FRONT_CHANNEL_LOGOUT_SESSION_REQUIRED = "frontchannel_logout_session_required"
    BACKCHANNEL_LOGOUT_URI = "backchannel_logout_uri"
    BACKCHANNEL_LOGOUT_SESSION_REQUIRED = "backchannel_logout_session_required"
    SOFTWARE_ID = "software_id"
    SOFTWARE_STATEMENT = "software_statement"
    SOFTWARE_VERSION = "software_version"
    SUBJECT_TYPE = "subject_type"
    TOKEN_ENDPOINT_AUTHENTICATION_METHOD = "token_endpoint_auth_method"
    TOKEN_ENDPOINT_AUTHENTICATION_SIGNING_ALGORITHM = "token_endpoint_auth_signing_alg"
    DEFAULT_MAX_AGE = "default_max_age"
    REQUIRE_AUTHENTICATION_TIME = "require_auth_time"
    DEFAULT_ACR_VALUES = "default_acr_values"
    INITIATE_LOGIN_URI = "initiate_login_uri"
    REQUEST_URIS = "request_uris"
    IDENTITY_TOKEN_SIGNED_RESPONSE_ALGORITHM = "id_token_signed_response_alg"
    IDENTITY_TOKEN_ENCRYPTED_RESPONSE_ALGORITHM = "id_token_encrypted_response_alg"
    IDENTITY_TOKEN_ENCRYPTED_RESPONSE_ENCRYPTION = "id_token_encrypted_response_enc"
    USERINFO_SIGNED_RESPONSE_ALGORITHM = "userinfo_signed_response_alg"
    USER_INFO_ENCRYPTED_RESPONSE_ALGORITHM = "userinfo_encrypted_response_alg"
    USERINFO_ENCRYPTED_RESPONSE_ENCRYPTION = "userinfo_encrypted_response_enc"
    REQUEST_OBJECT_SIGNING_ALGORITHM = "request_object_signing_alg"
    REQUEST_OBJECT_ENCRYPTION_ALGORITHM = "request_object_encryption_alg"
    REQUEST_OBJECT_ENCRYPTION_ENCRYPTION = "request_object_encryption_enc"
    REQUIRE_SIGNED_REQUEST_OBJECT = "require_signed_request_object"
    ALWAYS_USE_DPOP_BOUND_ACCESS_TOKENS = "dpop_bound_access_tokens"
    INTROSPECTION_SIGNED_RESPONSE_ALGORITHM = "introspection_signed_response_alg"
    INTROSPECTION_ENCRYPTED_RESPONSE_ALGORITHM = "introspection_encrypted_response_alg"
    INTROSPECTION_ENCRYPTED_RESPONSE_ENCRYPTION = "introspection_encrypted_response_enc"


class TokenTypes(Enum):
    """Token type hints (RFC 7009 §2.1)."""

    ACCESS_TOKEN = "access_token"
    IDENTITY_TOKEN = "id_token"
    REFRESH_TOKEN = "refresh_token"


class TokenTypeIdentifiers(Enum):
    """Token type identifiers of token exchange (RFC 8693 §3)."""

    ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
    IDENTITY_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
    REFRESH_TOKEN = "urn:ietf:params:oauth:token-type:refresh_token"
    SAML11 = "urn:ietf:params:oauth:token-type:saml1"
    SAML2 = "urn:ietf:params:oauth:token-type:saml2"
    JWT = "urn:ietf:params:oauth:token-type:jwt"


class AuthenticationSchemes(Enum):
    """Schemes of the `Authorization` header (RFC 6750, RFC 9449)."""

    BEARER = "Bearer"
    DPOP = "DPoP"
    POP = "PoP"


class TokenParameterNames(Enum):
    """Parameters that contain a token."""

    ACCESS_TOKEN = "access_token"
    POP_ACCESS_TOKEN = "pop_access_token"


class GrantTypes(Enum):
    """Grant types (RFC 6749 §4, RFC 7523, RFC 8628, RFC 8693, OpenID Connect CIBA)."""

    PASSWORD = "password"
    AUTHORIZATION_CODE = "authorization_code"
    CLIENT_CREDENTIALS = "client_credentials"
    REFRESH_TOKEN = "refresh_token"
    IMPLICIT = "implicit"
    SAML2_BEARER = "urn:ietf:params:oauth:grant-type:saml2-bearer"
    JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
    TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
    CIBA = "urn:openid:params:grant-type:ciba"


class ClientAssertionTypes(Enum):
    """Client assertion types (RFC 7521 §4.2)."""

    JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    SAML_BEARER = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"


class ResponseTypes(Enum):
    """Response types (OAuth 2.0 Multiple Response Type Encoding Practices)."""

    CODE = "code"
    TOKEN = "token"
    ID_TOKEN = "id_token"
    ID_TOKEN_TOKEN = "id_token token"
    CODE_ID_TOKEN = "code id_token"
    CODE_TOKEN = "code token"
    CODE_ID_TOKEN_TOKEN = "code id_token token"


class ResponseModes(Enum):
    """Response modes (OAuth 2.0 Form Post Response Mode, JARM §2.3)."""

    FORM_POST = "form_post"
    QUERY = "query"
    FRAGMENT = "fragment"
    QUERY_JWT = "query.jwt"
    FRAGMENT_JWT = "fragment.jwt"
    FORM_POST_JWT = "form_post.jwt"
    JWT = "jwt"


class DisplayModes(Enum):
    """Values of `display` (OpenID Connect Core §3.1.2.1)."""

    PAGE = "page"
    POPUP = "popup"
    TOUCH = "touch"
    WAP = "wap"


class PromptModes(Enum):
    """Values of `prompt` (OpenID Connect Core §3.1.2.1)."""

    NONE = "none"
    LOGIN = "login"
    CONSENT = "consent"
    SELECT_ACCOUNT = "select_account"
    CREATE = "create"


class CodeChallengeMethods(Enum):
    """PKCE methods (RFC 7636 §4.2)."""

    PLAIN = "plain"
    SHA256 = "S256"


class ProtectedResourceErrors(Enum):
    """Errors of a protected resource (RFC 6750 §3.1)."""

    INVALID_TOKEN = "invalid_token"
    EXPIRED_TOKEN = "expired_token"
    INVALID_REQUEST = "invalid_request"
    INSUFFICIENT_SCOPE = "insufficient_scope"


class EndpointAuthenticationMethods(Enum):
    """Client authentication methods (RFC 7591 §2, RFC 8705)."""

    POST_BODY = "client_secret_post"
    BASIC_AUTHENTICATION = "client_secret_basic"
    PRIVATE_KEY_JWT = "private_key_jwt"
    TLS_CLIENT_AUTH = "tls_client_auth"
    SELF_SIGNED_TLS_CLIENT_AUTH = "self_signed_tls_client_auth"


class AuthenticationMethods(Enum):
    """Values of `amr` (RFC 8176 §2)."""

    FACIAL_RECOGNITION = "face"
    FINGERPRINT_BIOMETRIC = "fpt"
    GEOLOCATION = "geo"
    PROOF_OF_POSSESSION_HARDWARE_SECURED_KEY = "hwk"
    IRIS_SCAN_BIOMETRIC = "iris"
    KNOWLEDGE_BASED_AUTHENTICATION = "kba"
    MULTIPLE_CHANNEL_AUTHENTICATION = "mca"
    MULTI_FACTOR_AUTHENTICATION = "mfa"
    ONE_TIME_PASSWORD = "otp"
    PERSONAL_IDENTIFICATION_OR_PATTERN = "pin"
    PROOF_OF_POSSESSION_KEY = "pop"
    PASSWORD = "pwd"
    RISK_BASED_AUTHENTICATION = "rba"
    RETINA_SCAN_BIOMETRIC = "retina"
    SMART_CARD = "sc"
    CONFIRMATION_BY_SMS = "sms"
    PROOF_OF_POSSESSION_SOFTWARE_SECURED_KEY = "swk"
    CONFIRMATION_BY_TELEPHONE = "tel"
    USER_PRESENCE_TEST = "user"
    VOICE_BIOMETRIC = "vbm"
    WINDOWS_INTEGRATED_AUTHENTICATION = "wia"


class SymmetricAlgorithms(Enum):
    """Symmetric signature algorithms (RFC 7518 §3.2)."""

    HS256 = "HS256"
    HS384 = "HS384"
    HS512 = "HS512"


class AsymmetricAlgorithms(Enum):
    """Asymmetric signature algorithms (RFC 7518 §3.3-3.5)."""

    RS256 = "RS256"
    RS384 = "RS384"
    RS512 = "RS512"
    ES256 = "ES256"
    ES384 = "ES384"
    ES512 = "ES512"
    PS256 = "PS256"
    PS384 = "PS384"
    PS512 = "PS512"


class Algorithms(Enum):
    """The algorithm of unsigned tokens (RFC 7518 §3.6)."""

    NONE = "none"


class Discovery(Enum):
    """Provider metadata (OpenID Connect Discovery §3, RFC 8414 §2)."""

    ISSUER = "issuer"
    AUTHORIZATION_ENDPOINT = "authorization_endpoint"
    DEVICE_AUTHORIZATION_ENDPOINT = "device_authorization_endpoint"
    TOKEN_ENDPOINT = "token_endpoint"
    USER_INFO_ENDPOINT = "userinfo_endpoint"
    INTROSPECTION_ENDPOINT = "introspection_endpoint"
    REVOCATION_ENDPOINT = "revocation_endpoint"
    DISCOVERY_ENDPOINT = ".well-known/openid-configuration"
    JWKS_URI = "jwks_uri"
    END_SESSION_ENDPOINT = "end_session_endpoint"
    CHECK_SESSION_IFRAME = "check_session_iframe"
    REGISTRATION_ENDPOINT = "registration_endpoint"
    MTLS_ENDPOINT_ALIASES = "mtls_endpoint_aliases"
    PUSHED_AUTHORIZATION_REQUEST_ENDPOINT = "pushed_authorization_request_endpoint"
    FRONT_CHANNEL_LOGOUT_SUPPORTED = "frontchannel_logout_supported"
    FRONT_CHANNEL_LOGOUT_SESSION_SUPPORTED = "frontchannel_logout_session_supported"
    BACK_CHANNEL_LOGOUT_SUPPORTED = "backchannel_logout_supported"
    BACK_CHANNEL_LOGOUT_SESSION_SUPPORTED = "backchannel_logout_session_supported"
    GRANT_TYPES_SUPPORTED = "grant_types_supported"
    CODE_CHALLENGE_METHODS_SUPPORTED = "code_challenge_methods_supported"
    SCOPES_SUPPORTED = "scopes_supported"
    SUBJECT_TYPES_SUPPORTED = "subject_types_supported"
    RESPONSE_MODES_SUPPORTED = "response_modes_supported"
    RESPONSE_TYPES_SUPPORTED = "response_types_supported"
    CLAIMS_SUPPORTED = "claims_supported"
    TOKEN_ENDPOINT_AUTHENTICATION_METHODS_SUPPORTED = "token_endpoint_auth_methods_supported"
    CLAIMS_LOCALES_SUPPORTED = "claims_locales_supported"
    CLAIMS_PARAMETER_SUPPORTED = "claims_parameter_supported"
    CLAIM_TYPES_SUPPORTED = "claim_types_supported"
    DISPLAY_VALUES_SUPPORTED = "display_values_supported"
    ACR_VALUES_SUPPORTED = "acr_values_supported"
    ID_TOKEN_ENCRYPTION_ALGORITHMS_SUPPORTED = "id_token_encryption_alg_values_supported"
    ID_TOKEN_ENCRYPTION_ENC_VALUES_SUPPORTED = "id_token_encryption_enc_values_supported"
    ID_TOKEN_SIGNING_ALGORITHMS_SUPPORTED = "id_token_signing_alg_values_supported"
    OP_POLICY_URI = "op_policy_uri"
    OP_TOS_URI = "op_tos_uri"
    REQUEST_OBJECT_ENCRYPTION_ALGORITHMS_SUPPORTED = (
        "request_object_encryption_alg_values_supported"
    )
    REQUEST_OBJECT_ENCRYPTION_ENC_VALUES_SUPPORTED = (
        "request_object_encryption_enc_values_supported"
    )
    REQUEST_OBJECT_SIGNING_ALGORITHMS_SUPPORTED = "request_object_signing_alg_values_supported"
    REQUEST_PARAMETER_SUPPORTED = "request_parameter_supported"
    REQUEST_URI_PARAMETER_SUPPORTED = "request_uri_parameter_supported"
    REQUIRE_REQUEST_URI_REGISTRATION = "require_request_uri_registration"
    SERVICE_DOCUMENTATION = "service_documentation"
    TOKEN_ENDPOINT_AUTH_SIGNING_ALGORITHMS_SUPPORTED = (
        "token_endpoint_auth_signing_alg_values_supported"
    )
    UI_LOCALES_SUPPORTED = "ui_locales_supported"
    USER_INFO_ENCRYPTION_ALGORITHMS_SUPPORTED = "userinfo_encryption_alg_values_supported"
    USER_INFO_ENCRYPTION_ENC_VALUES_SUPPORTED = "userinfo_encryption_enc_values_supported"
    USER_INFO_SIGNING_ALGORITHMS_SUPPORTED = "userinfo_signing_alg_values_supported"
    TLS_CLIENT_CERTIFICATE_BOUND_ACCESS_TOKENS = "tls_client_certificate_bound_access_tokens"
    AUTHORIZATION_RESPONSE_ISS_PARAMETER_SUPPORTED = (
        "authorization_response_iss_parameter_supported"
    )
    PROMPT_VALUES_SUPPORTED = "prompt_values_supported"
    INTROSPECTION_SIGNING_ALGORITHMS_SUPPORTED = "introspection_signing_alg_values_supported"
    INTROSPECTION_ENCRYPTION_ALGORITHMS_SUPPORTED = "introspection_encryption_alg_values_supported"
    INTROSPECTION_ENCRYPTION_ENC_VALUES_SUPPORTED = "introspection_encryption_enc_values_supported"
    BACKCHANNEL_TOKEN_DELIVERY_MODES_SUPPORTED = "backchannel_token_delivery_modes_supported"
    BACKCHANNEL_AUTHENTICATION_ENDPOINT = "backchannel_authentication_endpoint"
    BACKCHANNEL_AUTHENTICATION_REQUEST_SIGNING_ALG_VALUES_SUPPORTED = (
        "backchannel_authentication_request_signing_alg_values_supported"
    )
    BACKCHANNEL_USER_CODE_PARAMETER_SUPPORTED = "backchannel_user_code_parameter_supported"
    DPOP_SIGNING_ALGORITHMS_SUPPORTED = "dpop_signing_alg_values_supported"
    REQUIRE_PUSHED_AUTHORIZATION_REQUESTS = "require_pushed_authorization_requests"


class BackchannelTokenDeliveryModes(Enum):
    """Token delivery modes (OpenID Connect CIBA §5)."""

    POLL = "poll"
    PING = "ping"
    PUSH = "push"


class Events(Enum):
    """Security events (OpenID Connect Back-Channel Logout §2.4)."""

    BACK_CHANNEL_LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


class BackChannelLogoutRequest(Enum):
    """Parameters of a back-channel logout request (OpenID Connect Back-Channel Logout §2.5)."""

    LOGOUT_TOKEN = "logout_token"


class StandardScopes(Enum):
    """Scopes of OpenID Connect (OpenID Connect Core §5.4, §11)."""

    OPENID = "openid"
    PROFILE = "profile"
    EMAIL = "email"
    ADDRESS = "address"
    PHONE = "phone"
    OFFLINE_ACCESS = "offline_access"


class HttpHeaders(Enum):
    """Header fields of DPoP (RFC 9449 §4.1, §8)."""

    DPOP = "DPoP"
    DPOP_NONCE = "DPoP-Nonce"
