"""Presets of providers of public accounts."""

from __future__ import annotations

from .._validation.provider_preset import Note, Provider
from ._checks import base_url

_GITHUB = "https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps"
_APPLE = (
    "https://developer.apple.com/documentation/signinwithapplerestapi/generate_and_validate_tokens"
)
_APPLE_LIBRARY = "https://github.com/ueberauth/ueberauth_apple"
_APPLE_DOCUMENT = "https://appleid.apple.com/.well-known/openid-configuration"
_LINKEDIN = (
    "https://learn.microsoft.com/en-us/linkedin/consumer/integrations/self-serve/"
    "sign-in-with-linkedin-v2"
)
_LINKEDIN_NONCE = "https://github.com/authlib/authlib/issues/763"
_LINKEDIN_PKCE = "https://github.com/directus/directus/issues/23645"
_LINKEDIN_DOCUMENT = "https://www.linkedin.com/oauth/.well-known/openid-configuration"
_SLACK = "https://docs.slack.dev/reference/methods/openid.connect.token"
_DISCORD = "https://discord.com/developers/docs/topics/oauth2"
_TWITCH = "https://dev.twitch.tv/docs/authentication/getting-tokens-oidc/"
_FACEBOOK = (
    "https://developers.facebook.com/documentation/facebook-login/guides/advanced/oidc-token"
)
_FACEBOOK_DOCUMENT = "https://www.facebook.com/.well-known/openid-configuration"
_MASTODON = "https://docs.joinmastodon.org/methods/oauth/"
_ATPROTO = "https://atproto.com/specs/oauth"


def apple() -> Provider:
    """Return the preset of Sign in with Apple.

    OpenID Connect Core §2.

    Example::

        apple()
    """
    return Provider(
        name="apple",
        issuer="https://appleid.apple.com",
        algorithms=("RS256",),
        client_authentication="client_secret_post",
        response_mode="form_post",
        notes=(
            Note("the client's secret is a JWT that you sign, sent in the form", _APPLE),
            Note("redirect URIs must be https, with a domain and not localhost", _APPLE),
            Note("there is no userinfo endpoint; form_post is among the modes", _APPLE_DOCUMENT),
            Note("libraries quote it: with any scope, the mode must be form_post", _APPLE_LIBRARY),
        ),
    )


def github() -> Provider:
    """Return the preset of logins with GitHub: OAuth 2.0 without OpenID Connect.

    RFC 6749 §4.1.

    Example::

        github()
    """
    return Provider(
        name="github",
        issuer="https://github.com",
        metadata={
            "issuer": "https://github.com",
            "authorization_endpoint": "https://github.com/login/oauth/authorize",
            "token_endpoint": "https://github.com/login/oauth/access_token",
            "device_authorization_endpoint": "https://github.com/login/device/code",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
        },
        hosts=("api.github.com",),
        openid=False,
        nonce=False,
        client_authentication="client_secret_post",
        notes=(
            Note("there is no document and no ID token: ask the API who the user is", _GITHUB),
            Note("answers are JSON only if the request accepts application/json", _GITHUB),
            Note("PKCE by S256 is strongly recommended", _GITHUB),
            Note("scopes in answers are separated by commas", _GITHUB),
        ),
    )


def linkedin() -> Provider:
    """Return the preset of Sign In with LinkedIn using OpenID Connect.

    OpenID Connect Core §2.

    Example::

        linkedin()
    """
    return Provider(
        name="linkedin",
        issuer="https://www.linkedin.com/oauth",
        other_issuers=("https://www.linkedin.com",),
        hosts=("api.linkedin.com",),
        algorithms=("RS256",),
        nonce=False,
        pkce=False,
        notes=(
            Note("userinfo is on api.linkedin.com", _LINKEDIN_DOCUMENT),
            Note("older documents named the issuer without /oauth", _LINKEDIN_DOCUMENT),
            Note("the scopes are openid, profile and email", _LINKEDIN),
            Note("nonce is off: ID tokens carry none, and would all be refused", _LINKEDIN_NONCE),
            Note(
                "PKCE is off: it is enabled per application, and elsewhere a code_verifier is "
                "answered by invalid_client; so state alone protects the login",
                _LINKEDIN_PKCE,
            ),
        ),
    )


def slack() -> Provider:
    """Return the preset of Sign in with Slack.

    OpenID Connect Core §2.

    Example::

        slack()
    """
    return Provider(
        name="slack",
        issuer="https://slack.com",
        algorithms=("RS256",),
        client_authentication="client_secret_post",
        notes=(
            Note("answers have ok beside the registered members", _SLACK),
            Note("ID tokens have nonce, at_hash and https://slack.com/team_id", _SLACK),
        ),
    )


def discord() -> Provider:
    """Return the preset of logins with Discord.

    OpenID Connect Core §2.

    Example::

        discord()
    """
    return Provider(
        name="discord",
        issuer="https://discord.com",
        algorithms=("RS256",),
        notes=(
            Note("clients authenticate in the form or by Basic; bodies are forms", _DISCORD),
            Note("the endpoints are below https://discord.com/api/oauth2", _DISCORD),
        ),
    )


def twitch() -> Provider:
    """Return the preset of logins with Twitch.

    OpenID Connect Core §2.

    Example::

        twitch()
    """
    return Provider(
        name="twitch",
        issuer="https://id.twitch.tv/oauth2",
        algorithms=("RS256",),
        client_authentication="client_secret_post",
        notes=(
            Note("the only method of client authentication is client_secret_post", _TWITCH),
            Note("claims such as email must be asked for by the parameter claims", _TWITCH),
        ),
    )


def facebook() -> Provider:
    """Return the preset of Facebook Login with OpenID Connect.

    OpenID Connect Core §2.

    Example::

        facebook()
    """
    return Provider(
        name="facebook",
        issuer="https://www.facebook.com",
        hosts=("facebook.com",),
        algorithms=("RS256",),
        notes=(
            Note("the document has no token endpoint and no code flow", _FACEBOOK_DOCUMENT),
            Note("the code flow needs PKCE and is in testing", _FACEBOOK),
        ),
    )


def mastodon(url: str) -> Provider:
    """Return the preset of a Mastodon server: OAuth 2.0 without OpenID Connect.

    :param url: the server

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for an invalid URL.  RFC 6749 §4.1.

    Example::

        mastodon("https://mastodon.example")
    """
    base = base_url("url", url)
    return Provider(
        name="mastodon",
        issuer=f"{base}/",
        metadata={
            "issuer": f"{base}/",
            "authorization_endpoint": f"{base}/oauth/authorize",
            "token_endpoint": f"{base}/oauth/token",
            "revocation_endpoint": f"{base}/oauth/revoke",
            "response_types_supported": ["code"],
        },
        openid=False,
        nonce=False,
        client_authentication="client_secret_post",
        notes=(
            Note("id and secret are sent in the form", _MASTODON),
            Note(
                "newer servers have a document (RFC 8414), whose issuer ends with a slash",
                f"{base}/.well-known/oauth-authorization-server",
            ),
            Note("each server registers clients by POST /api/v1/apps", _MASTODON),
        ),
    )


def atproto(url: str) -> Provider:
    """Return the preset of an authorization server of the AT Protocol (Bluesky).

    :param url: the server's issuer, found through the account

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for an invalid URL.  RFC 6749 §4.1, RFC
    9126, RFC 9449.

    Example::

        atproto("https://bsky.social")
    """
    issuer = base_url("url", url)
    return Provider(
        name="atproto",
        issuer=issuer,
        discovery_address=f"{issuer}/.well-known/oauth-authorization-server",
        openid=False,
        nonce=False,
        notes=(
            Note("PKCE, pushed requests and DPoP with the server's nonces are mandatory", _ATPROTO),
            Note("the client's identifier is the URL of its metadata", _ATPROTO),
            Note("clients authenticate by private_key_jwt, or are public", _ATPROTO),
            Note("the sub of the token answer is the account: it must be checked", _ATPROTO),
        ),
    )
