"""Access tokens in Django REST framework; install the extra ``drf``.

Example::

    OIDC_API = {"ISSUER": "https://op.example", "AUDIENCE": "my-api"}
    REST_FRAMEWORK = {
        "DEFAULT_AUTHENTICATION_CLASSES": [
            "py_identity_model.integrations.drf.AccessTokenAuthentication"
        ],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    }
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from typing import Any

from . import extra

with extra("drf"):
    from django.conf import settings
    from django.core.signals import setting_changed
    from django.dispatch import receiver
    from rest_framework.authentication import BaseAuthentication
    from rest_framework.exceptions import APIException, AuthenticationFailed, PermissionDenied
    from rest_framework.permissions import BasePermission
    from rest_framework.request import Request

from .._resource_server.verified_access_token import VerifiedAccessToken
from .._web.answers import WebRefusedException
from .._web.requests import brings_token
from .._wire.arguments import names_of, scopes_from
from ..exceptions import AccessTokenRefusedException, InvalidArgumentError
from ..sync.web import BearerGuard
from .django.requests import described

__all__ = ["AccessTokenAuthentication", "TokenUser", "has_roles", "has_scopes"]

_CHALLENGE = "py_identity_model.challenge"


class TokenUser:
    """Who an access token is about; no row of the database."""

    is_active = is_authenticated = True
    is_anonymous = is_staff = is_superuser = False

    def __init__(self, token: VerifiedAccessToken) -> None:
        self.token = token
        self.pk = self.id = self.username = token.subject

    def __str__(self) -> str:
        return str(self.username)

    def get_username(self) -> str:
        """Return the subject of the token."""
        return str(self)

    def has_perms(self, permissions: Iterable[str], of: object = None) -> bool:
        """Return False: permissions of models are those of users in the database."""
        return False

    has_perm = has_module_perms = has_perms


class AccessTokenAuthentication(BaseAuthentication):
    """Authenticates requests by their access tokens: ``request.auth`` is the verified token.

    A request without one, or with credentials of another kind, is left to other classes; if
    none of them accepts it, the answer is 401 with a challenge.  Override :meth:`user_of` to map
    tokens to users of yours.
    """

    def authenticate(self, request: Request) -> tuple[Any, VerifiedAccessToken] | None:
        """Return the user and the token of a request; None for a request without a token."""
        if not brings_token(request.headers.get("Authorization")):
            return None
        try:
            token = guard().check(described(request._request))
        except WebRefusedException as error:
            raise self._refused_error(request, error) from error
        return self.user_of(token), token

    def user_of(self, token: VerifiedAccessToken) -> Any:
        """Return the user of a token."""
        return TokenUser(token)

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge that goes with 401 (RFC 6750 §3)."""
        found: str = request._request.META.get(_CHALLENGE, "Bearer")
        return found

    def _refused_error(self, request: Request, error: WebRefusedException) -> APIException:
        answer = error.answer
        challenge = answer.header("www-authenticate")
        if answer.status == 401:
            request._request.META[_CHALLENGE] = challenge or "Bearer"
            return AuthenticationFailed(error.code, error.code)
        refusal = APIException(error.code, error.code)
        refusal.status_code = answer.status
        retry = answer.header("retry-after")
        vars(refusal).update({"auth_header": challenge, "wait": retry and int(retry)})
        return refusal


@cache
def has_scopes(*scopes: str) -> type[BasePermission]:
    """Return a permission for requests whose access token grants all of ``scopes``.

    Example::

        permission_classes = [has_scopes("orders:read")]
    """
    wanted = scopes_from("scopes", " ".join(names_of("scopes", scopes)))
    if not wanted:
        raise InvalidArgumentError("scopes must name at least one scope")

    class HasScopes(BasePermission):
        def has_permission(self, request: Request, view: Any) -> bool:
            return _is_granted(self, request, view, lambda token: token.require_scopes(wanted))

    return HasScopes


@cache
def has_roles(*roles: str) -> type[BasePermission]:
    """Return a permission for requests whose access token names all of ``roles``."""
    if not names_of("roles", roles):
        raise InvalidArgumentError("roles must name at least one role")

    class HasRoles(BasePermission):
        def has_permission(self, request: Request, view: Any) -> bool:
            return _is_granted(self, request, view, lambda token: token.require_roles(*roles))

    return HasRoles


def _is_granted(permission: BasePermission, request: Request, view: Any, require: Any) -> bool:
    """Return whether a token is enough; raise the refusal with its challenge where it is final.

    An operand (``has_scopes("read") | IsAdminUser``) only says no: the others decide, too.  It is
    none of what the view lists: views make these for each call, so the types are compared, of
    which there is one for equal scopes.
    """
    if not isinstance(request.auth, VerifiedAccessToken):
        return False
    try:
        require(request.auth)
    except AccessTokenRefusedException as error:
        if not any(type(one) is type(permission) for one in view.get_permissions()):
            return False
        refusal = PermissionDenied(error.code, error.code)
        vars(refusal)["auth_header"] = error.www_authenticate
        raise refusal from error
    return True


@cache
def guard() -> BearerGuard:
    """Return the guard that the setting ``OIDC_API`` describes."""
    said: dict[str, Any] = settings.OIDC_API
    return BearerGuard(
        said.get("VERIFIER") or said.get("ISSUER", ""),
        None if said.get("VERIFIER") else said.get("AUDIENCE"),
        public_url=said.get("PUBLIC_URL"),
        certificate_header=said.get("CERTIFICATE_HEADER"),
    )


@receiver(setting_changed)
def _forget(*, setting: str, **_: object) -> None:
    if setting == "OIDC_API":
        guard.cache_clear()


with suppress(ImportError):  # the scheme in the document, where drf-spectacular makes one
    from . import _spectacular as _spectacular
