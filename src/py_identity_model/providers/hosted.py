"""Presets of hosted and self-hosted providers."""

from __future__ import annotations

from .._validation.provider_preset import Note, Provider
from ._checks import base_url, host, segment

_AUTH0 = "https://github.com/auth0/docs/blob/master/articles/tokens/concepts/access-tokens.md"
_OKTA = "https://developer.okta.com/docs/reference/api/oidc/"
_KEYCLOAK = (
    "https://github.com/keycloak/keycloak/blob/main/docs/guides/securing-apps/partials/oidc/"
    "available-endpoints.adoc"
)
_KEYCLOAK_25 = (
    "https://github.com/keycloak/keycloak/blob/main/docs/documentation/upgrading/topics/changes/"
    "changes-25_0_0.adoc"
)
_KEYCLOAK_ROLES = (
    "https://github.com/keycloak/keycloak/blob/main/core/src/main/java/org/keycloak/"
    "representations/AccessToken.java"
)
_ZITADEL = "https://github.com/zitadel/zitadel/blob/main/docs/docs/apis/openidoauth/claims.md"
_AUTHENTIK = "https://docs.goauthentik.io/add-secure-apps/providers/oauth2/"
_AUTHENTIK_MODEL = (
    "https://github.com/goauthentik/authentik/blob/main/authentik/providers/oauth2/models.py"
)
_DEX = "https://github.com/dexidp/dex/blob/master/server/oauth2.go"
_GITLAB = "https://docs.gitlab.com/integration/openid_connect_provider/"
_PING = "https://docs.pingidentity.com/r/en-us/pingfederate-112/pf_openid_provider_config_endpoint"
_PING_TOKENS = "https://docs.pingidentity.com/r/en-us/pingcentral-16/nzq1570567423974"
_SALESFORCE = (
    "https://help.salesforce.com/apex/HTViewHelpDoc"
    "?id=xcloud.remoteaccess_using_openid_discovery_endpoint.htm"
)


def auth0(domain: str) -> Provider:
    """Return the preset of an Auth0 tenant.

    :param domain: its host, or your own domain for it

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for an invalid one.  OpenID Connect Core
    §2.

    Example::

        auth0("acme.eu.auth0.com")
    """
    issuer = f"https://{host('domain', domain)}/"
    return Provider(
        name="auth0",
        issuer=issuer,
        notes=(
            Note("the issuer ends with a slash", f"{issuer}.well-known/openid-configuration"),
            Note("access tokens are JWTs for APIs that are registered, else opaque", _AUTH0),
        ),
    )


def okta(domain: str, *, server: str = "default") -> Provider:
    """Return the preset of a custom authorization server of Okta.

    :param domain: your organization's host
    :param server: the identifier of the authorization server

    Raises :class:`InvalidArgumentError` (a ``ValueError``) that names the argument.  OpenID Connect
    Core §2.

    Example::

        okta("dev-1.okta.com")
    """
    return Provider(
        name="okta",
        issuer=f"https://{host('domain', domain)}/oauth2/{segment('server', server)}",
        algorithms=("RS256",),
        scope_claim="scp",
        notes=(
            Note("scopes are a list in scp, the client is in cid, the header has no typ", _OKTA),
            Note("tokens of the organization's own server are not for your APIs: left out", _OKTA),
        ),
    )


def keycloak(url: str, realm: str, *, internal_url: str | None = None) -> Provider:
    """Return the preset of a Keycloak realm.

    :param url: Keycloak's public base URL, with its path if it has one
    :param realm: the realm's name
    :param internal_url: the URL at which this program reaches it, such as ``http://keycloak:8080``

    Raises :class:`InvalidArgumentError` (a ``ValueError``) that names the argument.  OpenID Connect
    Core §2.

    Example::

        keycloak("https://id.example.com", "main", internal_url="http://keycloak:8080")
    """
    path = f"/realms/{segment('realm', realm)}"
    internal = None if internal_url is None else base_url("internal_url", internal_url)
    return Provider(
        name="keycloak",
        issuer=base_url("url", url) + path,
        internal_url=internal,
        discovery_address=(
            None if internal is None else f"{internal}{path}/.well-known/openid-configuration"
        ),
        roles_claim=("realm_access", "roles"),
        notes=(
            Note("a realm's document is below /realms/{realm}", _KEYCLOAK),
            Note("roles of the realm are in realm_access.roles", _KEYCLOAK_ROLES),
            Note("before version 25, access tokens carried the nonce of the login", _KEYCLOAK_25),
        ),
    )


def zitadel(domain: str) -> Provider:
    """Return the preset of a ZITADEL instance.

    :param domain: its host

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for an invalid one.  OpenID Connect Core
    §2.

    Example::

        zitadel("acme.zitadel.cloud")
    """
    return Provider(
        name="zitadel",
        issuer=f"https://{host('domain', domain)}",
        roles_claim="urn:zitadel:iam:org:project:roles",
        notes=(
            Note("access tokens that are JWTs have aud and azp; others are opaque", _ZITADEL),
            Note("aud has every client of the project, and the project", _ZITADEL),
            Note("roles, if asserted, map each role to the organizations that grant it", _ZITADEL),
        ),
    )


def authentik(url: str, application: str) -> Provider:
    """Return the preset of an application's provider in authentik.

    :param url: authentik's base URL
    :param application: the application's slug

    Raises :class:`InvalidArgumentError` (a ``ValueError``) that names the argument.  OpenID Connect
    Core §2.

    Example::

        authentik("https://auth.example.com", "my-app")
    """
    issuer = f"{base_url('url', url)}/application/o/{segment('application', application)}/"
    return Provider(
        name="authentik",
        issuer=issuer,
        notes=(
            Note("the document is per application, most endpoints are shared", _AUTHENTIK),
            Note(
                "the issuer is the application's address, in another mode the root",
                _AUTHENTIK_MODEL,
            ),
            Note("without a signing key it signs by the client's secret: choose a key", _AUTHENTIK),
            Note("refresh tokens need the scope offline_access", _AUTHENTIK),
        ),
    )


def dex(url: str) -> Provider:
    """Return the preset of dex.

    :param url: its issuer

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for an invalid one.  OpenID Connect Core
    §2.

    Example::

        dex("https://dex.example.com")
    """
    return Provider(
        name="dex",
        issuer=base_url("url", url),
        access_tokens_are_id_tokens=True,
        roles_claim="groups",
        notes=(
            Note("access tokens are made as ID tokens are: aud is the client, with at_hash", _DEX),
            Note("neither has a typ; with the scope groups they have the user's groups", _DEX),
        ),
    )


def gitlab(url: str = "https://gitlab.com") -> Provider:
    """Return the preset of GitLab, for logins.

    :param url: the instance

    For tokens of its jobs, use :func:`gitlab_ci`.  Raises :class:`InvalidArgumentError` (a
    ``ValueError``) for an invalid URL.  OpenID Connect Core §2.

    Example::

        gitlab()
    """
    return Provider(
        name="gitlab",
        issuer=base_url("url", url),
        notes=(Note("ID tokens have groups_direct; groups are in userinfo alone", _GITLAB),),
    )


def ping_federate(url: str) -> Provider:
    """Return the preset of PingFederate.

    :param url: its base URL

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for an invalid one.  OpenID Connect Core
    §2.

    Example::

        ping_federate("https://sso.example.com:9031")
    """
    return Provider(
        name="ping_federate",
        issuer=base_url("url", url),
        notes=(
            Note("the issuer is the base URL, keys are at /pf/JWKS", _PING),
            Note("access tokens have iss and aud only where they are configured", _PING_TOKENS),
        ),
    )


def salesforce(domain: str = "login.salesforce.com") -> Provider:
    """Return the preset of a Salesforce organization.

    :param domain: My Domain's host, such as ``acme.my.salesforce.com``

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for an invalid one.  OpenID Connect Core
    §2.

    Example::

        salesforce("acme.my.salesforce.com")
    """
    return Provider(
        name="salesforce",
        issuer=f"https://{host('domain', domain)}",
        notes=(Note("documents of sandboxes and sites are at other addresses", _SALESFORCE),),
    )
