"""Presets of Microsoft Entra in its variants, and of AD FS."""

from __future__ import annotations

from collections.abc import Collection

from .._validation.provider_preset import Note, Provider
from ._checks import guid, host, label, segment, texts

_TOKENS = "https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens"
_CLAIMS = "https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference"
_B2C = "https://learn.microsoft.com/en-us/azure/active-directory-b2c/tokens-overview"
_ADFS = (
    "https://learn.microsoft.com/en-us/windows-server/identity/ad-fs/development/"
    "ad-fs-openid-connect-oauth-concepts"
)
_LOGIN = "https://login.microsoftonline.com"
_SHARED = (
    Note("scopes are in scp, roles in roles; the client is azp (v2.0) or appid (v1.0)", _CLAIMS),
    Note("the typ of access tokens is JWT; they have uti instead of jti", _CLAIMS),
)
_GRAPH = Note(
    "userinfo is on graph.microsoft.com", f"{_LOGIN}/common/v2.0/.well-known/openid-configuration"
)


def entra(tenant: str) -> Provider:
    """Return the preset of one Microsoft Entra ID tenant.

    :param tenant: its identifier (a GUID)

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for anything else.  OpenID Connect Core
    §2.

    Example::

        entra("11111111-2222-3333-4444-555555555555")
    """
    tenant = guid("tenant", tenant)
    return Provider(
        name="entra",
        issuer=f"{_LOGIN}/{tenant}/v2.0",
        other_issuers=(f"https://sts.windows.net/{tenant}/",),
        hosts=("graph.microsoft.com",),
        roles_claim="roles",
        scope_claim="scp",
        notes=(
            *_SHARED,
            _GRAPH,
            Note(
                "an API whose accessTokenAcceptedVersion is null or 1 gets tokens of v1.0, "
                "whose iss is https://sts.windows.net/{tenant}/: the same tenant",
                _TOKENS,
            ),
        ),
    )


def entra_multi_tenant(*, allowed: Collection[str]) -> Provider:
    """Return the preset of Microsoft Entra ID for several tenants.

    :param allowed: the identifiers (GUIDs) of the tenants whose tokens are accepted

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for anything else, or none.  OpenID
    Connect Core §2.

    Example::

        entra_multi_tenant(allowed=["11111111-2222-3333-4444-555555555555"])
    """
    return Provider(
        name="entra_multi_tenant",
        issuer=f"{_LOGIN}/{{tenantid}}/v2.0",
        bound_claim="tid",
        allowed_values=tuple(guid("allowed", one) for one in texts("allowed", allowed)),
        discovery_address=f"{_LOGIN}/common/v2.0/.well-known/openid-configuration",
        hosts=("graph.microsoft.com",),
        roles_claim="roles",
        scope_claim="scp",
        notes=(
            *_SHARED,
            _GRAPH,
            Note("the issuer of the common document is a template, filled by the tid", _TOKENS),
            Note("tokens of v1.0 are not taken: the template is that of v2.0", _TOKENS),
        ),
    )


def entra_b2c(
    tenant: str, tenant_id: str, policy: str, *, domain: str | None = None, tfp: bool = False
) -> Provider:
    """Return the preset of one policy of Azure AD B2C.

    :param tenant: its name, without ``.onmicrosoft.com``
    :param tenant_id: its identifier (a GUID)
    :param policy: the user flow or custom policy
    :param domain: its host, if not ``{tenant}.b2clogin.com``
    :param tfp: whether the issuer names the policy too, which the policy's compatibility setting
        decides

    Raises :class:`InvalidArgumentError` (a ``ValueError``) that names the argument.  OpenID Connect
    Core §2.

    Example::

        entra_b2c("contoso", "11111111-2222-3333-4444-555555555555", "B2C_1_signin")
    """
    tenant, tenant_id = label("tenant", tenant), guid("tenant_id", tenant_id)
    segment("policy", policy)
    where = f"{tenant}.b2clogin.com" if domain is None else host("domain", domain)
    path = f"tfp/{tenant_id}/{policy}" if tfp else tenant_id
    return Provider(
        name="entra_b2c",
        issuer=f"https://{where}/{path}/v2.0/",
        discovery_address=(
            f"https://{where}/{tenant}.onmicrosoft.com/{policy}/v2.0"
            "/.well-known/openid-configuration"
        ),
        scope_claim="scp",
        notes=(
            Note("each policy has a document, but by default all have one issuer", _B2C),
            Note("the policy is in tfp (older ones: acr); require it if several differ", _B2C),
            Note("the issuer with tfp in its path is the one that Discovery allows", _B2C),
        ),
    )


def entra_external(tenant_id: str, subdomain: str) -> Provider:
    """Return the preset of a Microsoft Entra External ID tenant.

    :param tenant_id: its identifier (a GUID)
    :param subdomain: the name before ``.ciamlogin.com``

    Raises :class:`InvalidArgumentError` (a ``ValueError``) that names the argument.  OpenID Connect
    Core §2.

    Example::

        entra_external("11111111-2222-3333-4444-555555555555", "contoso")
    """
    tenant_id = guid("tenant_id", tenant_id)
    where = f"{label('subdomain', subdomain)}.ciamlogin.com"
    document = f"https://{where}/{tenant_id}/v2.0/.well-known/openid-configuration"
    return Provider(
        name="entra_external",
        issuer=f"https://{tenant_id}.ciamlogin.com/{tenant_id}/v2.0",
        discovery_address=document,
        hosts=(where,),
        roles_claim="roles",
        scope_claim="scp",
        notes=(
            *_SHARED,
            Note("the document is under the tenant's name, the issuer under its id", document),
        ),
    )


def adfs(host_name: str) -> Provider:
    """Return the preset of Active Directory Federation Services (2016 and later).

    :param host_name: the federation service's host

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for an invalid one.  OpenID Connect Core
    §2.

    Example::

        adfs("adfs.example.com")
    """
    where = host("host_name", host_name)
    document = f"https://{where}/adfs/.well-known/openid-configuration"
    return Provider(
        name="adfs",
        issuer=f"https://{where}/adfs",
        other_issuers=(f"http://{where}/adfs/services/trust",),
        notes=(
            Note("the iss of access tokens is the document's access_token_issuer", document),
            Note("aud of an access token is the identifier of the Web API", _ADFS),
        ),
    )
