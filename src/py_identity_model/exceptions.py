"""All exceptions of this package.

Each exception has a ``code``: a stable word for programs, while the message is for people.

.. code-block:: text

    PyIdentityModelException
    ├── ValidationException
    │   ├── TokenValidationException
    │   │   ├── SignatureVerificationException
    │   │   ├── TokenExpiredException
    │   │   ├── InvalidAudienceException
    │   │   ├── InvalidIssuerException
    │   │   ├── CertificateBindingError
    │   │   ├── ClaimsValidationError             (import it from the package itself)
    │   │   ├── AccessTokenRefusedException
    │   │   ├── DPoPProofException
    │   │   ├── IdTokenValidationException
    │   │   ├── LogoutTokenValidationException
    │   │   ├── SecurityEventException
    │   │   ├── ProviderUnusableException         (also a ConfigurationException)
    │   │   └── KeysUnavailableException          (also a NetworkException)
    │   ├── AuthorizeCallbackException
    │   │   └── JarmValidationException
    │   └── LogoutStateValidationException
    ├── NetworkException
    │   ├── DeadlineExceededException
    │   ├── ResponseRefusedException
    │   ├── DiscoveryException
    │   │   ├── DiscoveryParseError
    │   │   └── DiscoveryMissingFieldsError
    │   ├── JwksException
    │   ├── DecryptionException
    │   ├── SigningException
    │   ├── TokenRequestException
    │   └── UserInfoException
    ├── ConfigurationException
    │   └── DiscoveryHTTPSRequiredError
    ├── MCPAuthorizationException
    ├── InvalidArgumentError                      (also a ValueError)
    ├── WebRefusedException                       (import it from py_identity_model.web)
    ├── FailedResponseAccessError
    └── SuccessfulResponseAccessError
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

__all__ = [
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
]


def _rebuild(
    cls: type[PyIdentityModelException], args: tuple[Any, ...], state: dict[str, Any]
) -> PyIdentityModelException:
    exception = cls.__new__(cls, *args)
    exception.__dict__.update(state)
    return exception


class PyIdentityModelException(Exception):
    """Base of every exception of this package.

    ``message`` is for people, ``code`` for programs, ``details`` holds the facts of the case.
    """

    code: str = "identity_error"
    default_code: ClassVar[str] = code

    def __init_subclass__(cls) -> None:
        cls.default_code = cls.code

    def __init__(
        self, message: str, details: Mapping[str, Any] | None = None, *, code: str | None = None
    ) -> None:
        # No chain of `super()`, and none at all below for the most common refusal: strangers can
        # cause any number of them.
        self.args = (message,)
        self.message = message
        self.details: dict[str, Any] = dict(details) if details else {}
        self.code = code or self.default_code

    def __reduce__(self) -> tuple[Any, ...]:
        # Constructors differ within the tree, so copies and pickles skip `__init__`.
        return _rebuild, (type(self), self.args, self.__dict__.copy())

    def fresh(self) -> Self:
        """Return an equal exception without a traceback, to be raised by another caller."""
        copied: Self = self.__reduce__()[0](*self.__reduce__()[1])
        return copied


class ValidationException(PyIdentityModelException):
    """Received data is invalid."""

    code = "validation_failed"


class TokenValidationException(ValidationException):
    """A token was refused; ``token_part`` is ``header``, ``payload``, ``signature`` or None."""

    code = "invalid_token"
    token_part: str | None = None

    def __init__(
        self,
        message: str,
        token_part: str | None = None,
        details: Mapping[str, Any] | None = None,
        *,
        code: str | None = None,
    ) -> None:
        self.args = (message,)
        self.message = message
        self.details = dict(details) if details else {}
        self.code = code or self.default_code
        if token_part is not None:
            self.token_part = token_part


class _TokenPartException(TokenValidationException):
    """A refusal that always concerns the same part of the token."""

    _part: ClassVar[str] = "payload"

    def __init__(
        self, message: str, details: Mapping[str, Any] | None = None, *, code: str | None = None
    ) -> None:
        PyIdentityModelException.__init__(self, message, details, code=code)
        self.token_part: str | None = self._part


class SignatureVerificationException(_TokenPartException):
    """The signature does not match the token and the provider's keys."""

    code = "invalid_signature"
    _part = "signature"


class TokenExpiredException(_TokenPartException):
    """The token has expired."""

    code = "token_expired"


class InvalidAudienceException(_TokenPartException):
    """The token is meant for another audience."""

    code = "invalid_audience"


class InvalidIssuerException(_TokenPartException):
    """The token comes from another issuer."""

    code = "invalid_issuer"


class CertificateBindingError(_TokenPartException):
    """The token is bound to another client certificate (RFC 8705 §3)."""

    code = "certificate_binding_mismatch"


class AccessTokenRefusedException(TokenValidationException):
    """A request was refused because of its access token; this exception has the HTTP response.

    ``status_code`` is 401, 403, 400 or 503, ``www_authenticate`` the matching header, None for 503;
    ``retry_after`` is the number of seconds after which an outage may be over, ``dpop_nonce`` the
    nonce that the next proof must contain, if one is required.  ``headers`` are all header fields
    of the response.  ``message`` and ``details`` are for your log, not for the caller: they say
    what was found.  RFC 6750 §3, RFC 9449 §7.1 and §9, RFC 9470 §3, RFC 9110 §10.2.3.
    """

    code = "access_token_refused"
    status_code: int = 401
    www_authenticate: str | None = None
    dpop_nonce: str | None = None
    retry_after: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The header fields of the response."""
        fields = {
            "WWW-Authenticate": self.www_authenticate,
            "DPoP-Nonce": self.dpop_nonce,
            "Retry-After": None if self.retry_after is None else str(self.retry_after),
        }
        return {name: value for name, value in fields.items() if value is not None}

    def answered(
        self, status_code: int, www_authenticate: str | None, *, retry_after: int | None = None
    ) -> Self:
        """Return this exception with its HTTP response."""
        self.status_code = status_code
        self.www_authenticate = www_authenticate
        self.retry_after = retry_after
        return self


class DPoPProofException(TokenValidationException):
    """A DPoP proof was refused (RFC 9449 §4.3)."""

    code = "invalid_dpop_proof"


class IdTokenValidationException(TokenValidationException):
    """An ID token violates a rule of OpenID Connect Core §3.1.3.7."""

    code = "invalid_id_token"


class LogoutTokenValidationException(TokenValidationException):
    """A logout token violates a rule of OpenID Connect Back-Channel Logout §2.6."""

    code = "invalid_logout_token"


class SecurityEventException(TokenValidationException):
    """A security event token violates a rule of RFC 8417 §2, or was already accepted."""

    code = "invalid_security_event"


class AuthorizeCallbackException(ValidationException):
    """An authorization response is malformed or was refused."""

    code = "invalid_callback"


class JarmValidationException(AuthorizeCallbackException):
    """A JWT-secured authorization response was refused (JARM §2.4)."""

    code = "invalid_jarm_response"


class LogoutStateValidationException(ValidationException):
    """The ``state`` returned after a logout is not the one that was sent."""

    code = "logout_state_mismatch"


class NetworkException(PyIdentityModelException):
    """The provider could not be reached, or its response violates HTTP."""

    code = "network_error"

    def __init__(
        self,
        message: str,
        url: str | None = None,
        status_code: int | None = None,
        details: Mapping[str, Any] | None = None,
        *,
        code: str | None = None,
    ) -> None:
        super().__init__(message, details, code=code)
        self.url = url
        self.status_code = status_code


class DeadlineExceededException(NetworkException):
    """A request, with its retries, exceeded its total deadline."""

    code = "deadline_exceeded"


class ResponseRefusedException(NetworkException):
    """A response was refused unread: a redirect, too large a body, or an encoded one.

    ``code`` is ``redirect_refused``, ``response_too_large`` or ``content_encoding_refused``.
    """

    code = "response_refused"


class DiscoveryException(NetworkException):
    """Discovery failed; exists for ``except`` clauses, functions return failed responses."""

    code = "discovery_error"


class DiscoveryParseError(DiscoveryException):
    """A discovery document is not valid JSON, or not an object."""

    code = "discovery_parse_error"


class DiscoveryMissingFieldsError(DiscoveryException):
    """A discovery document lacks required members."""

    code = "discovery_missing_fields"

    def __init__(self, message: str, fields: Iterable[str]) -> None:
        super().__init__(message)
        self.fields = tuple(fields)


class JwksException(NetworkException):
    """A key set could not be fetched; exists for ``except`` clauses."""

    code = "jwks_error"


class DecryptionException(NetworkException):
    """A key that is kept elsewhere did not decrypt: see :class:`Decrypter`.

    ``code`` is ``decryption_unavailable`` or ``decryption_timed_out``.
    """

    code = "decryption_unavailable"


class SigningException(NetworkException):
    """A key that is kept elsewhere did not sign: see :class:`Signer`.

    ``code`` is ``signing_failed``, ``signing_timed_out`` or ``signature_mismatch``.
    """

    code = "signing_failed"


class TokenRequestException(NetworkException):
    """A token request failed; exists for ``except`` clauses."""

    code = "token_request_error"


class UserInfoException(NetworkException):
    """A userinfo request failed; exists for ``except`` clauses."""

    code = "userinfo_error"


class ConfigurationException(PyIdentityModelException):
    """The caller's configuration or request is invalid."""

    code = "configuration_error"


class DiscoveryHTTPSRequiredError(ConfigurationException):
    """A URL is plain http where https is required."""

    code = "https_required"


class MCPAuthorizationException(PyIdentityModelException):
    """An MCP server, or the authorization server that it names, must not or cannot be used.

    ``code`` says why: ``resource_metadata_unusable``, ``resource_mismatch``,
    ``no_authorization_server``, ``foreign_authorization_server``,
    ``authorization_server_unusable``, ``pkce_not_supported``, ``no_registration``,
    ``registration_refused``, ``login_timed_out``...
    """

    code = "mcp_authorization_failed"


class InvalidArgumentError(PyIdentityModelException, ValueError):
    """An argument is not one that the function accepts."""

    code = "invalid_argument"


class KeysUnavailableException(TokenValidationException, NetworkException):
    """A token could not be validated: the provider is down and no usable keys are cached."""

    code = "keys_unavailable"

    def __init__(
        self,
        message: str,
        url: str | None = None,
        status_code: int | None = None,
        details: Mapping[str, Any] | None = None,
        *,
        code: str | None = None,
    ) -> None:
        PyIdentityModelException.__init__(self, message, details, code=code)
        self.token_part = None
        self.url = url
        self.status_code = status_code


class ProviderUnusableException(TokenValidationException, ConfigurationException):
    """A token could not be validated: the provider cannot be used as configured.

    Its metadata violates the policy or belongs to another issuer, or a response is invalid.
    Nothing is wrong with the token; repeating the request does not help before the configuration,
    or the provider, is corrected.
    """

    code = "provider_unusable"

    def __init__(
        self, message: str, details: Mapping[str, Any] | None = None, *, code: str | None = None
    ) -> None:
        PyIdentityModelException.__init__(self, message, details, code=code)
        self.token_part = None


class FailedResponseAccessError(PyIdentityModelException):
    """Data was read from a failed response; check ``is_successful`` first."""

    code = "failed_response_access"

    def __init__(self, field_name: str, error: str | None = None) -> None:
        super().__init__(
            f"'{field_name}' cannot be read from a failed response (error: {error}); "
            "check 'is_successful' first"
        )
        self.field_name = field_name


class SuccessfulResponseAccessError(PyIdentityModelException):
    """An error was read from a successful response; check ``is_successful`` first."""

    code = "successful_response_access"

    def __init__(self, field_name: str = "error") -> None:
        super().__init__(
            f"'{field_name}' cannot be read from a successful response; check 'is_successful' first"
        )
        self.field_name = field_name
