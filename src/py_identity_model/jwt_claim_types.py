"""Constants of JSON Web Tokens, in the words of the specifications."""

from __future__ import annotations

from enum import Enum

from .exceptions import InvalidArgumentError

__all__ = [
    "ConfirmationMethods",
    "JwtClaimTypes",
    "JwtTypes",
]


class JwtClaimTypes(Enum):
    """Registered and common claims of JSON Web Tokens (RFC 7519 §4, OpenID Connect Core §5.1)."""

    Subject = "sub"
    Name = "name"
    GivenName = "given_name"
    FamilyName = "family_name"
    MiddleName = "middle_name"
    NickName = "nickname"
    PreferredUserName = "preferred_username"
    Profile = "profile"
    Picture = "picture"
    WebSite = "website"
    Email = "email"
    EmailVerified = "email_verified"
    Gender = "gender"
    BirthDate = "birthdate"
    ZoneInfo = "zoneinfo"
    Locale = "locale"
    PhoneNumber = "phone_number"
    PhoneNumberVerified = "phone_number_verified"
    Address = "address"
    Audience = "aud"
    Issuer = "iss"
    NotBefore = "nbf"
    Expiration = "exp"
    UpdatedAt = "updated_at"
    IssuedAt = "iat"
    AuthenticationMethod = "amr"
    SessionId = "sid"
    AuthenticationContextClassReference = "acr"
    AuthenticationTime = "auth_time"
    AuthorizedParty = "azp"
    AccessTokenHash = "at_hash"
    AuthorizationCodeHash = "c_hash"
    StateHash = "s_hash"
    Nonce = "nonce"
    JwtId = "jti"
    Events = "events"
    ClientId = "client_id"
    Scope = "scope"
    Actor = "act"
    MayAct = "may_act"
    Id = "id"
    IdentityProvider = "idp"
    Role = "role"
    Roles = "roles"
    ReferenceTokenId = "reference_token_id"
    Confirmation = "cnf"
    Algorithm = "alg"
    JsonWebKey = "jwk"
    TokenType = "typ"
    DPoPHttpMethod = "htm"
    DPoPHttpUrl = "htu"
    DPoPAccessTokenHash = "ath"


class JwtTypes(Enum):
    """Values of the `typ` header (RFC 9068, RFC 9101, RFC 9449, RFC 9701)."""

    AccessToken = "at+jwt"
    AuthorizationRequest = "oauth-authz-req+jwt"
    DPoPProofToken = "dpop+jwt"
    IntrospectionJwtResponse = "token-introspection+jwt"
    ClientAuthentication = "client-authentication+jwt"

    @staticmethod
    def as_media_type(value: str) -> str:
        """Return the media type of a `typ` value, for instance `application/at+jwt`.

        Raises `ValueError` when `value` is blank.  RFC 7515 §4.1.9.

        Example::

            JwtTypes.as_media_type("AT+JWT")  # application/at+jwt
        """
        if not value or not value.strip():
            raise InvalidArgumentError("value cannot be None or whitespace")
        return f"application/{value.strip().lower()}"


class ConfirmationMethods(Enum):
    """Members of `cnf` (RFC 7800, RFC 8705, RFC 9449)."""

    JsonWebKey = "jwk"
    JwkThumbprint = "jkt"
    X509ThumbprintSha256 = "x5t#S256"
