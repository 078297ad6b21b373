"""Presets of well-known providers, accepted wherever an issuer is.

Each function returns a frozen :class:`Provider`; its ``notes`` give the reasons and their sources.
Facts that a provider does not document are left out.  Store your own presets with
:meth:`Provider.to_dict` and :meth:`Provider.from_dict`.

Example::

    from py_identity_model.providers import keycloak

    provider = keycloak("https://id.example.com", "main")
    assert provider.issuer == "https://id.example.com/realms/main"
"""

from .._validation.provider_preset import Note, Provider
from .amazon import aws_alb, cognito
from .google import firebase, google, google_iap
from .hosted import (
    auth0,
    authentik,
    dex,
    gitlab,
    keycloak,
    okta,
    ping_federate,
    salesforce,
    zitadel,
)
from .microsoft import adfs, entra, entra_b2c, entra_external, entra_multi_tenant
from .social import apple, atproto, discord, facebook, github, linkedin, mastodon, slack, twitch
from .workloads import cloudflare_access, github_actions, gitlab_ci, kubernetes

__all__ = [
    "Note",
    "Provider",
    "adfs",
    "apple",
    "atproto",
    "auth0",
    "authentik",
    "aws_alb",
    "cloudflare_access",
    "cognito",
    "dex",
    "discord",
    "entra",
    "entra_b2c",
    "entra_external",
    "entra_multi_tenant",
    "facebook",
    "firebase",
    "github",
    "github_actions",
    "gitlab",
    "gitlab_ci",
    "google",
    "google_iap",
    "keycloak",
    "kubernetes",
    "linkedin",
    "mastodon",
    "okta",
    "ping_federate",
    "salesforce",
    "slack",
    "twitch",
    "zitadel",
]
