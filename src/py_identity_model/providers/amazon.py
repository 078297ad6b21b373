"""Presets of Amazon Cognito and the Application Load Balancer."""

from __future__ import annotations

import re
from collections.abc import Collection

from .._validation.provider_preset import Note, Provider
from ..exceptions import InvalidArgumentError
from ._checks import fits, host, region, text, texts

_COGNITO = (
    "https://docs.aws.amazon.com/cognito/latest/developerguide/"
    "amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html"
)
_ACCESS = (
    "https://docs.aws.amazon.com/cognito/latest/developerguide/"
    "amazon-cognito-user-pools-using-the-access-token.html"
)
_ALB = (
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/"
    "listener-authenticate-users.html"
)
_POOL = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]_[A-Za-z0-9]+")
_ARN = re.compile(
    r"arn:aws[a-z-]*:elasticloadbalancing:([a-z0-9-]+):[0-9]{12}"
    r":loadbalancer/app/[A-Za-z0-9-]+/[0-9a-f]+"
)
_KEY_ID = "[A-Za-z0-9-]{1,64}"
_GOV_CLOUD = "us-gov-west-1"
_GOV_CLOUD_KEYS = (
    "https://s3-us-gov-west-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-west-1/{kid}"
)


def cognito(
    region_name: str, pool: str, *, client_ids: Collection[str], domain: str | None = None
) -> Provider:
    """Return the preset of an Amazon Cognito user pool.

    :param region_name: its region, such as ``eu-central-1``
    :param pool: its identifier
    :param client_ids: the app clients whose tokens are accepted: access tokens have no ``aud``
    :param domain: its domain for logins, or the prefix of one at amazoncognito.com

    Raises :class:`InvalidArgumentError` (a ``ValueError``) that names the argument.  OpenID Connect
    Core §2.

    Example::

        cognito("eu-central-1", "eu-central-1_AbCdEf", client_ids=["web"], domain="acme")
    """
    where = region("region_name", region_name)
    fits("pool", pool, _POOL, "the identifier of a user pool")
    if not pool.startswith(f"{where}_"):
        raise InvalidArgumentError("pool must be one of the region that region_name names")
    issuer = f"https://cognito-idp.{where}.amazonaws.com/{pool}"
    return Provider(
        name="cognito",
        issuer=issuer,
        hosts=() if domain is None else (_login_host(host("domain", domain), where),),
        client_ids=texts("client_ids", client_ids),
        algorithms=("RS256",),
        required_claims={"token_use": ("access",)},
        required_id_token_claims={"token_use": ("id",)},
        roles_claim="cognito:groups",
        notes=(
            Note("token_use distinguishes access tokens and ID tokens", _COGNITO),
            Note("access tokens have client_id and no aud; their header has no typ", _ACCESS),
            Note("groups are in cognito:groups", _ACCESS),
            Note(
                "endpoints for logins are on the pool's domain; without one they are empty",
                f"{issuer}/.well-known/openid-configuration",
            ),
        ),
    )


def _login_host(domain: str, where: str) -> str:
    return domain if "." in domain else f"{domain}.auth.{where}.amazoncognito.com"


def aws_alb(
    region_name: str, load_balancer_arn: str, client_id: str, *, issuer: str | None = None
) -> Provider:
    """Return the preset of the user claims that an Application Load Balancer signs.

    :param region_name: its region, where its keys are
    :param load_balancer_arn: your load balancer: others sign with keys of the same address
    :param client_id: the client with which it logs users in
    :param issuer: the identity provider's, if the ``iss`` is to be checked

    Raises :class:`InvalidArgumentError` (a ``ValueError``) that names the argument.  RFC 7515 §4.1.

    Example::

        aws_alb(
            "eu-central-1",
            "arn:aws:elasticloadbalancing:eu-central-1:123456789012"
            ":loadbalancer/app/web/50dc6c495c0c9188",
            "my-client",
        )
    """
    where = region("region_name", region_name)
    fits("load_balancer_arn", load_balancer_arn, _ARN, "the ARN of an Application Load Balancer")
    if load_balancer_arn.split(":")[3] != where:
        raise InvalidArgumentError("load_balancer_arn must be of the region that region_name names")
    keys = f"https://public-keys.auth.elb.{where}.amazonaws.com/{{kid}}"
    return Provider(
        name="aws_alb",
        issuer=None if issuer is None else text("issuer", issuer),
        algorithms=("ES256",),
        key_url_template=_GOV_CLOUD_KEYS if where == _GOV_CLOUD else keys,
        key_id_pattern=_KEY_ID,
        required_header={"signer": load_balancer_arn, "client": text("client_id", client_id)},
        allow_padded_base64url=True,
        openid=False,
        notes=(
            Note("the token is in the header x-amzn-oidc-data, signed by ES256", _ALB),
            Note("signer, client, iss and exp are in the header, userinfo's claims below", _ALB),
            Note("the documentation decodes the header as padded base64", _ALB),
            Note("each key has an address of its own, by the kid, and is PEM", _ALB),
        ),
    )
