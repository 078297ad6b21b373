"""Access tokens in Django REST framework."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.test import override_settings
from django.urls import path
from drf_spectacular.generators import SchemaGenerator
from rest_framework.authentication import BasicAuthentication
from rest_framework.permissions import (
    AllowAny,
    BasePermission,
    DjangoModelPermissionsOrAnonReadOnly,
    IsAuthenticated,
)
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from py_identity_model import InvalidArgumentError, VerifiedAccessToken
from py_identity_model.integrations.drf import (
    AccessTokenAuthentication,
    TokenUser,
    guard,
    has_roles,
    has_scopes,
)
from py_identity_model.testing import EmbeddedProvider
from tests.support import DISCOVERY, failing


class Orders(APIView):
    authentication_classes = (AccessTokenAuthentication,)
    permission_classes: Any = (IsAuthenticated, has_scopes("read"))

    def get(self, request: Request) -> Response:
        user: Any = request.user
        token: Any = request.auth
        return Response({"user": str(user), "pk": user.pk, "scopes": sorted(token.scopes)})


class Admin(Orders):
    permission_classes = (has_roles("admin"),)


class Open(Orders):
    permission_classes: Any = (AllowAny,)

    def get(self, request: Request) -> Response:
        return Response({"user": str(request.user)})


class IsBob(BasePermission):
    def has_permission(self, request: Request, view: object) -> bool:
        return str(request.user) == "bob"


CanRead, IsEditor = has_scopes("read"), has_roles("editor")
COMPOSED: dict[str, Any] = {
    "either": CanRead | IsBob,
    "either-reversed": IsBob | CanRead,
    "role-or-scope": IsEditor | CanRead,
    "not": ~CanRead,
    "both": CanRead & IsBob,
}


def composed(permission: Any) -> Any:
    return Open.as_view(permission_classes=(permission,))


class OrdersByAction(ViewSet):
    authentication_classes = (AccessTokenAuthentication,)

    def get_permissions(self) -> Any:
        """Permissions by action, which are new objects at each call."""
        return [has_scopes("write" if self.action == "create" else "read")()]

    def list(self, request: Request) -> Response:
        return Response([])

    def create(self, request: Request) -> Response:
        return Response({}, 201)


class OfBoth(Open):
    authentication_classes: Any = (AccessTokenAuthentication, BasicAuthentication)
    permission_classes: Any = (IsAuthenticated,)


class OfModels(Orders):
    permission_classes = (DjangoModelPermissionsOrAnonReadOnly,)
    queryset: Any = Group.objects.none()


urlpatterns = [
    path("by-action", OrdersByAction.as_view({"get": "list", "post": "create"})),
    path("both-kinds", OfBoth.as_view()),
    path("models", OfModels.as_view()),
    *(path(name, composed(permission)) for name, permission in COMPOSED.items()),
    path("orders", Orders.as_view()),
    path("admin", Admin.as_view()),
    path("open", Open.as_view()),
]


@pytest.fixture
def client(oidc: dict[str, Any]) -> Any:
    with override_settings(ROOT_URLCONF=__name__):
        yield APIClient()


def get(client: APIClient, url: str, token: str | None = None) -> Any:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return client.get(url, secure=True, headers=headers)


def test_a_token_authenticates(client: APIClient, provider: EmbeddedProvider) -> None:
    answer = get(client, "/orders", provider.mint(sub="alice", scope="read write"))
    expected = {"user": "alice", "pk": "alice", "scopes": ["read", "write"]}
    assert (answer.status_code, answer.json()) == (200, expected)


@pytest.mark.parametrize(
    ("claims", "status", "code", "challenge"),
    [
        (None, 401, "not_authenticated", "Bearer"),
        ({"exp": 1}, 401, "token_expired", 'Bearer error="invalid_token"'),
        ({"aud": "other"}, 401, "invalid_audience", 'Bearer error="invalid_token"'),
        (
            {"scope": "write"},
            403,
            "insufficient_scope",
            'Bearer error="insufficient_scope"',
        ),
    ],
)
def test_a_refusal_is_complete(
    client: APIClient,
    provider: EmbeddedProvider,
    claims: dict[str, Any] | None,
    status: int,
    code: str,
    challenge: str,
) -> None:
    answer = get(client, "/orders", None if claims is None else provider.mint(**claims))
    assert (answer.status_code, answer.data["detail"].code) == (status, code)
    assert answer.headers["www-authenticate"].startswith(challenge)


def test_a_provider_that_is_down_is_503(client: APIClient, provider: EmbeddedProvider) -> None:
    provider.intercept = failing(DISCOVERY)
    answer = get(client, "/orders", provider.mint())
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)


def test_roles_are_permissions(client: APIClient, provider: EmbeddedProvider) -> None:
    assert get(client, "/admin", provider.mint(sub="a", scope="x", roles=["admin"])).data
    assert get(client, "/admin", provider.mint(roles=["user"])).status_code == 403
    assert get(client, "/admin").status_code == 401


@pytest.mark.parametrize(
    ("name", "claims", "status"),
    [
        ("either", {"sub": "bob", "scope": "write"}, 200),
        ("either", {"sub": "alice", "scope": "read"}, 200),
        ("either", {"sub": "alice", "scope": "write"}, 403),
        ("either-reversed", {"sub": "bob", "scope": "write"}, 200),
        ("either-reversed", {"sub": "alice", "scope": "write"}, 403),
        ("role-or-scope", {"scope": "read"}, 200),
        ("role-or-scope", {"scope": "write", "roles": ["editor"]}, 200),
        ("role-or-scope", {"scope": "write", "roles": ["reader"]}, 403),
        ("not", {"scope": "write"}, 200),
        ("not", {"scope": "read"}, 403),
        ("both", {"sub": "bob", "scope": "read"}, 200),
        ("both", {"sub": "bob", "scope": "write"}, 403),
        ("both", {"sub": "alice", "scope": "read"}, 403),
        ("either", {"sub": "bob", "exp": 1}, 401),
    ],
)
def test_permissions_are_composed(
    client: APIClient, provider: EmbeddedProvider, name: str, claims: dict[str, Any], status: int
) -> None:
    assert get(client, f"/{name}", provider.mint(**claims)).status_code == status
    assert get(client, f"/{name}").status_code == (200 if name == "not" else 401)


def test_a_bad_token_is_refused_where_none_is_needed(
    client: APIClient, provider: EmbeddedProvider
) -> None:
    assert get(client, "/open").json() == {"user": "AnonymousUser"}
    assert get(client, "/open", provider.mint(exp=1)).status_code == 401


def test_the_user_of_a_token_is_nobodys_row(provider: EmbeddedProvider) -> None:
    from py_identity_model import VerifiedAccessToken

    user = TokenUser(VerifiedAccessToken({"sub": "alice"}, "token"))
    assert (user.is_authenticated, user.is_staff, user.is_superuser) == (True, False, False)


def test_the_document_describes_the_scheme(client: APIClient, provider: EmbeddedProvider) -> None:
    generator: Any = SchemaGenerator
    document = generator(patterns=urlpatterns).get_schema(request=None, public=True)
    scheme = document["components"]["securitySchemes"]["openId"]
    assert scheme == {
        "type": "openIdConnect",
        "openIdConnectUrl": f"{provider.issuer}{DISCOVERY}",
    }
    assert document["paths"]["/orders"]["get"]["security"] == [{"openId": []}]


def test_permissions_by_action_refuse_with_a_challenge(
    client: APIClient, provider: EmbeddedProvider
) -> None:
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {provider.mint(scope='read')}")
    assert client.get("/by-action", secure=True).status_code == 200
    answer = client.post("/by-action", secure=True)
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="write"'


def test_the_user_of_a_token_has_no_permissions_of_models(
    client: APIClient, provider: EmbeddedProvider
) -> None:
    token = provider.mint(sub="bob")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert client.delete("/models", secure=True).status_code == 403
    user = TokenUser(VerifiedAccessToken({"sub": "bob"}, token))
    assert user.get_username() == "bob"
    assert not user.has_perm("auth.view_group")
    assert not user.has_module_perms("auth")


def test_credentials_of_another_kind_are_left_to_their_class(
    client: APIClient, provider: EmbeddedProvider
) -> None:
    User.objects.create_user("carol", password="password")
    login = b64encode(b"carol:password").decode()
    client.credentials(HTTP_AUTHORIZATION=f"Basic {login}")
    passwords = "django.contrib.auth.backends.ModelBackend"
    with override_settings(AUTHENTICATION_BACKENDS=[*settings.AUTHENTICATION_BACKENDS, passwords]):
        assert client.get("/both-kinds", secure=True).json() == {"user": "carol"}
    answer = client.get("/orders", secure=True)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    client.credentials(HTTP_AUTHORIZATION="Bearer forged")
    assert client.get("/both-kinds", secure=True).status_code == 401
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {provider.mint(sub='bob')}")
    assert client.get("/both-kinds", secure=True).json() == {"user": "bob"}


def test_a_permission_names_what_it_needs_where_it_is_made() -> None:
    nothing: Any = 5
    hopeless: list[Callable[[], object]] = [
        has_scopes,
        has_roles,
        lambda: has_scopes("read", nothing),
        lambda: has_scopes("read", ""),
        lambda: has_roles(nothing),
    ]
    for make in hopeless:
        with pytest.raises(InvalidArgumentError):
            make()


@pytest.mark.parametrize("said", [{}, {"ISSUER": "https://op.example"}, {"AUDIENCE": "api"}])
def test_a_setting_that_is_missing_is_named(said: dict[str, str]) -> None:
    with (
        override_settings(OIDC_API=said),
        pytest.raises(InvalidArgumentError, match=r"audience|issuer"),
    ):
        guard()
