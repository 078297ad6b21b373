"""Presets of Google, and of its services that sign tokens of their own."""

from __future__ import annotations

import re

from .._validation.provider_preset import Note, Provider
from ._checks import fits, host, text

_DOCUMENT = "https://accounts.google.com/.well-known/openid-configuration"
_TICKET = (
    "https://github.com/googleapis/google-auth-library-nodejs/blob/main/src/auth/loginticket.ts"
)
_IAP = "https://cloud.google.com/iap/docs/signed-headers-howto"
_FIREBASE = "https://firebase.google.com/docs/auth/admin/verify-id-tokens"
_PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")


def google(*, hosted_domain: str | None = None) -> Provider:
    """Return the preset of Google accounts.

    :param hosted_domain: accept only users of this Google Workspace domain

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for an invalid domain.  OpenID Connect
    Core §2.

    Example::

        google(hosted_domain="example.com")
    """
    domain = None if hosted_domain is None else host("hosted_domain", hosted_domain)
    required = {} if domain is None else {"hd": (domain,)}
    return Provider(
        name="google",
        issuer="https://accounts.google.com",
        other_issuers=("accounts.google.com",),
        hosts=("oauth2.googleapis.com", "www.googleapis.com", "openidconnect.googleapis.com"),
        algorithms=("RS256",),
        required_claims=required,
        required_id_token_claims=required,
        extra_authorization_parameters={} if domain is None else {"hd": domain},
        notes=(
            Note("the iss of ID tokens is written with or without https://", _TICKET),
            Note("most endpoints and the keys are on hosts of googleapis.com", _DOCUMENT),
            Note("hd is the Workspace domain of the user; others have none", _TICKET),
        ),
    )


def google_iap(audience: str) -> Provider:
    """Return the preset of the assertions of Google's Identity-Aware Proxy.

    :param audience: your backend, as Google's console shows it

    Raises :class:`InvalidArgumentError` (a ``ValueError``) if it is blank.  OpenID Connect Core §2.

    Example::

        google_iap("/projects/1234567890/apps/my-project")
    """
    return Provider(
        name="google_iap",
        issuer="https://cloud.google.com/iap",
        jwks_uri="https://www.gstatic.com/iap/verify/public_key-jwk",
        algorithms=("ES256",),
        audience=(text("audience", audience),),
        access_tokens_are_id_tokens=True,
        notes=(
            Note("the token is in the header x-goog-iap-jwt-assertion, signed by ES256", _IAP),
            Note("there is no discovery document: the keys have a fixed address", _IAP),
        ),
    )


def firebase(project: str) -> Provider:
    """Return the preset of Firebase Authentication's ID tokens.

    :param project: the identifier of your project

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for an invalid one.  OpenID Connect Core
    §2.

    Example::

        firebase("my-project")
    """
    fits("project", project, _PROJECT, "the identifier of a project, 6 to 30 of a-z 0-9 -")
    issuer = f"https://securetoken.google.com/{project}"
    return Provider(
        name="firebase",
        issuer=issuer,
        hosts=("www.googleapis.com",),
        algorithms=("RS256",),
        audience=(project,),
        access_tokens_are_id_tokens=True,
        notes=(
            Note("aud is the project, iss names it, and the algorithm is RS256", _FIREBASE),
            Note(
                "the keys are on www.googleapis.com",
                f"{issuer}/.well-known/openid-configuration",
            ),
            Note("what clients send to APIs is the ID token itself", _FIREBASE),
        ),
    )
