"""The parts of Authlib that the embedded provider uses."""

from __future__ import annotations

from ..exceptions import ConfigurationException

try:
    from authlib.oauth2.rfc6749 import (
        AuthorizationServer,
        ClientMixin,
        OAuth2Error,
        OAuth2Request,
        TokenMixin,
    )
    from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidRequestError
    from authlib.oauth2.rfc6749.grants import (
        AuthorizationCodeGrant,
        ClientCredentialsGrant,
        RefreshTokenGrant,
    )
    from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
    from authlib.oauth2.rfc7009 import RevocationEndpoint
    from authlib.oauth2.rfc7636 import CodeChallenge
    from authlib.oauth2.rfc7662 import IntrospectionEndpoint
    from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint, DeviceCodeGrant
    from authlib.oauth2.rfc8628.models import DeviceCredentialDict
except ImportError as error:
    raise ConfigurationException(
        "py_identity_model.testing needs the extra 'testing', which installs Authlib",
        code="missing_extra",
    ) from error

__all__ = [
    "AuthorizationCodeGrant",
    "AuthorizationServer",
    "BasicOAuth2Payload",
    "ClientCredentialsGrant",
    "ClientMixin",
    "CodeChallenge",
    "DeviceAuthorizationEndpoint",
    "DeviceCodeGrant",
    "DeviceCredentialDict",
    "IntrospectionEndpoint",
    "InvalidGrantError",
    "InvalidRequestError",
    "OAuth2Error",
    "OAuth2Request",
    "RefreshTokenGrant",
    "RevocationEndpoint",
    "TokenMixin",
]
