"""Access tokens that were verified: what they say, and what they grant."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

from py_identity_model import VerifiedAccessToken
from py_identity_model._resource_server.verified_access_token import TokenContext
from py_identity_model.exceptions import AccessTokenRefusedException, InvalidArgumentError
from tests.support import refused


def verified(context: TokenContext | None = None, **claims: Any) -> VerifiedAccessToken:
    if context is None:
        return VerifiedAccessToken(claims, "the-token")
    return VerifiedAccessToken(claims, "the-token", context=context)


def test_a_token_says_who_issued_it_about_whom_and_to_which_client() -> None:
    token = verified(iss="https://op.example", sub="alice", client_id="web")
    assert (token.issuer, token.subject, token.client_id) == ("https://op.example", "alice", "web")


@pytest.mark.parametrize("value", [None, 7, ["x"], {}])
def test_claims_of_another_kind_say_nothing(value: object) -> None:
    token = verified(iss=value, sub=value, client_id=value, cnf=value if value != {} else 1)
    assert (token.issuer, token.subject, token.client_id) == (None, None, None)
    assert token.confirmation == {}


@pytest.mark.parametrize("name", ["client_id", "azp", "cid", "appid"])
def test_a_client_is_named_by_one_of_four_claims(name: str) -> None:
    assert VerifiedAccessToken({name: "web"}, "t").client_id == "web"


def test_scopes_are_read_as_text_and_as_a_list() -> None:
    assert verified(scope="a b").scopes == verified(scp=["a", "b"]).scopes == {"a", "b"}
    assert verified().scopes == frozenset()


def test_roles_and_scopes_are_where_the_verifier_looked() -> None:
    context = TokenContext(roles=("realm_access", "roles"), scopes="permissions")
    token = verified(context, realm_access={"roles": ["admin"]}, permissions=["p"], roles=["no"])
    assert token.roles == {"admin"}
    assert token.scopes == {"p"}


@pytest.mark.parametrize(
    ("exp", "at"),
    [(1000, datetime.fromtimestamp(1000, UTC)), (None, None), ("soon", None), (1e30, None)],
)
def test_an_expiry_is_a_time_or_none(exp: object, at: datetime | None) -> None:
    assert verified(exp=exp).expires_at == at


def test_scopes_that_are_granted_are_not_refused() -> None:
    token = verified(scope="read write")
    for scopes in (("read",), ("read write",), (["read", "write"],), ("read", "write")):
        token.require_scopes(*scopes)


def test_a_missing_scope_is_refused_with_a_challenge_that_names_it() -> None:
    with pytest.raises(AccessTokenRefusedException) as caught:
        verified(scope="read").require_scopes("write")
    assert caught.value.status_code == 403
    assert 'error="insufficient_scope"' in caught.value.headers["WWW-Authenticate"]
    assert 'scope="write"' in caught.value.headers["WWW-Authenticate"]
    assert "the-token" not in str(caught.value)


@pytest.mark.parametrize("scopes", [(), ("",), (7,), ('a"b',), ([],), (None,), (b"read",)])
def test_something_that_is_not_a_scope_is_a_mistake_of_the_program(scopes: Any) -> None:
    with pytest.raises(InvalidArgumentError):
        verified(scope="read").require_scopes(*scopes)


def test_roles_are_required_one_by_one_or_together() -> None:
    token = verified(roles=["admin", "clerk"])
    token.require_roles("admin")
    token.require_roles("admin", ["clerk"])
    with pytest.raises(AccessTokenRefusedException) as caught:
        token.require_roles("owner")
    assert caught.value.status_code == 403


@pytest.mark.parametrize("roles", [(), ("",), (7,), ([],), ([7],), (b"admin",)])
def test_something_that_is_not_a_role_is_a_mistake_of_the_program(roles: Any) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        verified(roles=["admin"]).require_roles(*roles)


def test_a_bound_token_is_challenged_in_its_own_scheme() -> None:
    with pytest.raises(AccessTokenRefusedException) as caught:
        verified(scope="read", cnf={"jkt": "x"}).require_scopes("write")
    assert 'DPoP error="insufficient_scope"' in caught.value.headers["WWW-Authenticate"]
    assert "Bearer error" not in caught.value.headers["WWW-Authenticate"]


def test_a_copy_in_another_process_does_without_the_verifier() -> None:
    context = TokenContext(scopes="permissions")
    token = verified(context, permissions=["p"], sub="alice")
    for twin in (pickle.loads(pickle.dumps(token)), copy.copy(token)):
        assert twin.claims == token.claims
        assert "_context" not in vars(twin)
        assert twin.scopes == frozenset()


def test_neither_token_nor_claims_are_shown() -> None:
    shown = repr(verified(sub="alice"))
    assert "alice" not in shown
    assert "the-token" not in shown
