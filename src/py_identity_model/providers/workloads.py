"""Presets of workload tokens: continuous integration, clusters and proxies."""

from __future__ import annotations

import re
from collections.abc import Collection

from .._validation.provider_preset import Note, Provider
from ..exceptions import InvalidArgumentError
from ._checks import base_url, fits, label, text, texts

_ACTIONS = "https://docs.github.com/en/actions/reference/security/oidc"
_GITLAB_CI = "https://docs.gitlab.com/ci/secrets/id_token_authentication/"
_KUBERNETES = (
    "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/"
    "#service-account-issuer-discovery"
)
_POD = "https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/"
_CLOUDFLARE = (
    "https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/"
    "authorization-cookie/validating-json/"
)
_REPOSITORY = re.compile(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+")
_NUMBER = re.compile(r"[1-9][0-9]*")
_API_SERVER_KEYS = "https://kubernetes.default.svc/openid/v1/jwks"
_MOUNTED = "/var/run/secrets/kubernetes.io/serviceaccount"


def github_actions(
    *,
    repositories: Collection[str] | None = None,
    repository_ids: Collection[str] | None = None,
    owner_ids: Collection[str] | None = None,
) -> Provider:
    """Return the preset of GitHub Actions tokens.

    Every workflow of every user gets such tokens, so at least one argument is required; a token
    must have one of the values of each.  Identifiers are safer: names can be reused by others.

    :param repositories: names such as ``my-org/my-app``
    :param repository_ids: identifiers, which are numbers
    :param owner_ids: identifiers, which are numbers

    Raises :class:`InvalidArgumentError` (a ``ValueError``) that names the argument.  OpenID Connect
    Core §2.

    Example::

        github_actions(owner_ids=["123456"])
    """
    wanted = {
        "repository": _each("repositories", repositories, _REPOSITORY, "names: owner/name"),
        "repository_id": _each("repository_ids", repository_ids, _NUMBER, "numbers, as strings"),
        "repository_owner_id": _each("owner_ids", owner_ids, _NUMBER, "numbers, as strings"),
    }
    return Provider(
        name="github_actions",
        issuer="https://token.actions.githubusercontent.com",
        algorithms=("RS256",),
        access_tokens_are_id_tokens=True,
        required_claims=_some(wanted, "repositories, repository_ids or owner_ids"),
        notes=(
            Note("at least one condition must identify you: others get tokens as well", _ACTIONS),
            Note("aud is the owner's URL, unless the workflow asks for another", _ACTIONS),
            Note("names can be reused by others, identifiers cannot", _ACTIONS),
        ),
    )


def gitlab_ci(
    *,
    project_ids: Collection[str] | None = None,
    namespace_ids: Collection[str] | None = None,
    url: str = "https://gitlab.com",
) -> Provider:
    """Return the preset of the ID tokens of GitLab CI/CD jobs.

    Every job of the instance gets such tokens, so at least one argument is required; a token must
    have one of the values of each.

    :param project_ids: identifiers, which are numbers
    :param namespace_ids: identifiers, which are numbers
    :param url: the instance

    Raises :class:`InvalidArgumentError` (a ``ValueError``) that names the argument.  OpenID Connect
    Core §2.

    Example::

        gitlab_ci(project_ids=["20"])
    """
    wanted = {
        "project_id": _each("project_ids", project_ids, _NUMBER, "numbers, as strings"),
        "namespace_id": _each("namespace_ids", namespace_ids, _NUMBER, "numbers, as strings"),
    }
    return Provider(
        name="gitlab_ci",
        issuer=base_url("url", url),
        algorithms=("RS256",),
        access_tokens_are_id_tokens=True,
        required_claims=_some(wanted, "project_ids or namespace_ids"),
        notes=(
            Note("aud is what the job's id_tokens say; iss is the instance; RS256", _GITLAB_CI),
            Note("project_id and namespace_id are in every token, as texts", _GITLAB_CI),
        ),
    )


def kubernetes(
    audience: str,
    *,
    issuer: str = "https://kubernetes.default.svc.cluster.local",
    jwks_uri: str | None = None,
    in_cluster: bool = True,
) -> Provider:
    """Return the preset of Kubernetes service account tokens.

    :param audience: the audience that your service's clients request
    :param issuer: the cluster's ``--service-account-issuer``
    :param jwks_uri: its keys; in a cluster they are the API server's
    :param in_cluster: fetch them with the pod's own certificate authority and token

    Raises :class:`InvalidArgumentError` (a ``ValueError``) that names the argument.  OpenID Connect
    Core §2.

    Example::

        kubernetes("my-service")
    """
    keys = jwks_uri or (_API_SERVER_KEYS if in_cluster else None)
    return Provider(
        name="kubernetes",
        issuer=base_url("issuer", issuer),
        jwks_uri=None if keys is None else base_url("jwks_uri", keys),
        audience=(text("audience", audience),),
        ca_file=f"{_MOUNTED}/ca.crt" if in_cluster else None,
        token_file=f"{_MOUNTED}/token" if in_cluster else None,
        notes=(
            Note("documents and keys need system:service-account-issuer-discovery", _KUBERNETES),
            Note(
                "keys are at /openid/v1/jwks of the API server; a document may name others",
                _KUBERNETES,
            ),
            Note("tokens for pods can be asked for with an audience of your choice", _KUBERNETES),
            Note("a pod finds its certificate authority and token in its file system", _POD),
            Note(
                "the certificate may name $KUBERNETES_SERVICE_HOST alone: pass jwks_uri then", _POD
            ),
        ),
    )


def cloudflare_access(team: str, audience: str) -> Provider:
    """Return the preset of the tokens that Cloudflare Access adds to requests.

    :param team: your team's name, before ``.cloudflareaccess.com``
    :param audience: the AUD tag of your application

    Raises :class:`InvalidArgumentError` (a ``ValueError``) that names the argument.  RFC 7519 §4.1.

    Example::

        cloudflare_access("acme", "4714c1358e65fe4b408ad6d432a5f878")
    """
    issuer = f"https://{label('team', team)}.cloudflareaccess.com"
    return Provider(
        name="cloudflare_access",
        issuer=issuer,
        jwks_uri=f"{issuer}/cdn-cgi/access/certs",
        algorithms=("RS256",),
        audience=(text("audience", audience),),
        notes=(
            Note("the token is in the header Cf-Access-Jwt-Assertion", _CLOUDFLARE),
            Note("keys rotate every six weeks, the old ones stay for seven days", _CLOUDFLARE),
            Note("applications of a team share issuer and keys: only aud differs", _CLOUDFLARE),
        ),
    )


def _each(
    name: str, values: Collection[str] | None, pattern: re.Pattern[str], what: str
) -> tuple[str, ...]:
    if values is None:
        return ()
    return tuple(fits(name, value, pattern, what) for value in texts(name, values))


def _some(wanted: dict[str, tuple[str, ...]], names: str) -> dict[str, tuple[str, ...]]:
    given = {claim: values for claim, values in wanted.items() if values}
    if not given:
        raise InvalidArgumentError(
            f"{names} must identify you: the issuer also issues tokens to others"
        )
    return given
