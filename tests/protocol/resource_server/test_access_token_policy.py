"""What claims make a token one for this API: client, subject, required claims, scopes, roles."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model import TrustedIssuer
from py_identity_model._jose.excerpt import found
from py_identity_model._resource_server.access_token_policy import (
    AccessTokenPolicy,
    client_of,
    roles_of,
    roles_path,
    scopes_of,
)
from py_identity_model.exceptions import (
    InvalidArgumentError,
    InvalidAudienceException,
    TokenValidationException,
)
from tests.support import refused

CLAIMS: dict[str, Any] = {"sub": "s", "client_id": "web", "aud": "api"}


def both(policy: AccessTokenPolicy, claims: dict[str, Any]) -> list[dict[str, Any]]:
    """Check the claims of a JWT and of an introspected token."""
    checked = []
    for check in (policy.check, policy.check_introspected):
        checked.append({**claims})
        check(checked[-1])
    return checked


def test_a_profile_is_one_of_three() -> None:
    for profile in ("access-token", "rfc9068", "lenient"):
        AccessTokenPolicy(profile=profile)
    with pytest.raises(InvalidArgumentError, match="access-token, rfc9068, lenient"):
        AccessTokenPolicy(profile="other")  # type: ignore[arg-type]


def test_the_strict_profile_takes_no_id_tokens() -> None:
    AccessTokenPolicy(accept_id_tokens=True)
    AccessTokenPolicy(profile="rfc9068")
    with pytest.raises(InvalidArgumentError, match="accept_id_tokens_as_access_tokens"):
        AccessTokenPolicy(profile="rfc9068", accept_id_tokens=True)


def test_a_policy_names_whom_tokens_are_for() -> None:
    assert AccessTokenPolicy().has_no_recipient
    assert not AccessTokenPolicy(audience=frozenset({"api"})).has_no_recipient
    assert not AccessTokenPolicy(client_ids=frozenset({"web"})).has_no_recipient


def test_a_numbered_user_becomes_text() -> None:
    assert [one["sub"] for one in both(AccessTokenPolicy(), {**CLAIMS, "sub": 7})] == ["7", "7"]
    both(AccessTokenPolicy(), {"aud": "api"})


@pytest.mark.parametrize("subject", [True, 1.5, ["s"], {}])
def test_another_subject_is_refused(subject: Any) -> None:
    for check in (AccessTokenPolicy().check, AccessTokenPolicy().check_introspected):
        with refused(TokenValidationException, "invalid_claim") as caught:
            check({**CLAIMS, "sub": subject})
        assert caught.value.token_part == "payload"
        assert caught.value.details["claim"] == "sub"
        assert "found" in caught.value.details


def test_tokens_of_other_clients_are_refused() -> None:
    policy = AccessTokenPolicy(client_ids=frozenset({"web", "app"}), audience=frozenset({"api"}))
    both(policy, CLAIMS)
    for check in (policy.check, policy.check_introspected):
        with refused(InvalidAudienceException, "invalid_client_id") as caught:
            check({**CLAIMS, "client_id": "other"})
        assert caught.value.details == {"client_id": "other", "expected": ["app", "web"]}


def test_if_clients_replace_an_audience_an_existing_one_must_be_theirs() -> None:
    policy = AccessTokenPolicy(client_ids=frozenset({"web"}))
    both(policy, {"sub": "s", "client_id": "web"})
    both(policy, {**CLAIMS, "aud": ["web"]})
    for check in (policy.check, policy.check_introspected):
        with refused(InvalidAudienceException, "invalid_audience"):
            check({**CLAIMS, "aud": "api"})


def test_required_claims_must_be_there_and_not_null() -> None:
    policy = AccessTokenPolicy(required_claims=("sub", "tid"))
    both(policy, {**CLAIMS, "tid": 0})
    for claims in (CLAIMS, {**CLAIMS, "tid": None}):
        for check in (policy.check, policy.check_introspected):
            with refused(TokenValidationException, "missing_claim") as caught:
                check({**claims})
            assert caught.value.token_part == "payload"
            assert caught.value.details == {"claim": "tid"}


MARKED: list[dict[str, Any]] = [{"nonce": "n"}, {"at_hash": "h"}, {"c_hash": "h"}]


@pytest.mark.parametrize("mark", MARKED)
def test_a_marked_id_token_is_accepted_only_by_its_option(mark: dict[str, Any]) -> None:
    both(AccessTokenPolicy(accept_id_tokens=True), {**CLAIMS, **mark})
    for check in (AccessTokenPolicy().check, AccessTokenPolicy().check_introspected):
        with pytest.raises(TokenValidationException):
            check({**CLAIMS, **mark})


def test_a_header_says_what_a_token_is() -> None:
    usual, strict = AccessTokenPolicy(), AccessTokenPolicy(profile="rfc9068")
    for header in ({}, {"typ": "JWT"}, {"typ": "at+jwt"}):
        usual.check_header(header)
    for policy, typ in ((usual, "dpop+jwt"), (usual, "id_token+jwt"), (strict, "JWT")):
        with refused(TokenValidationException, "wrong_typ"):
            policy.check_header({"typ": typ})
    strict.check_header({"typ": "application/at+jwt"})
    AccessTokenPolicy(accept_id_tokens=True).check_header({"typ": "id_token+jwt"})


def test_a_header_must_have_the_members_that_are_required() -> None:
    policy = AccessTokenPolicy(required_header={"signer": "us", "tenant": "t"})
    for check in (policy.check_header, policy.check_required_header):
        check({"signer": "us", "tenant": "t", "kid": "1"})
        for header, member in (({"signer": "us"}, "tenant"), ({"tenant": "t"}, "signer")):
            with refused(TokenValidationException, "wrong_header") as caught:
                check(header)
            assert caught.value.token_part == "header"
            assert caught.value.details["member"] == member
            assert caught.value.details["expected"] == policy.required_header[member]


@pytest.mark.parametrize("value", ["b", ["x", "b"], ["a"]])
def test_a_claim_may_have_one_of_the_values_that_are_required(value: Any) -> None:
    policy = AccessTokenPolicy(required_values={"tier": ["b", "a"]})
    both(policy, {**CLAIMS, "tier": value})


@pytest.mark.parametrize("value", ["c", ["c"], [], None, {"a": 1}, [["a"]], 7])
def test_a_claim_with_another_value_than_those_required_is_refused(value: Any) -> None:
    policy = AccessTokenPolicy(required_values={"tier": ["b", "a"]})
    for check in (policy.check, policy.check_introspected):
        with refused(TokenValidationException, "claim_not_accepted") as caught:
            check({**CLAIMS, "tier": value})
        assert caught.value.token_part == "payload"
        assert caught.value.details == {
            "claim": "tier",
            "found": found(value),
            "expected": ["a", "b"],
        }


@pytest.mark.parametrize(
    ("claims", "client"),
    [
        ({"client_id": "a", "azp": "b"}, "a"),
        ({"azp": "b", "cid": "c"}, "b"),
        ({"client_id": 5, "cid": "c", "appid": "d"}, "c"),
        ({"appid": "d"}, "d"),
        ({"client_id": None}, None),
        ({}, None),
    ],
)
def test_the_client_is_what_the_first_claim_says(claims: dict[str, Any], client: str) -> None:
    assert client_of(claims) == client


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"scope": "a b"}, {"a", "b"}),
        ({"scope": ["a", 5, "b"]}, {"a", "b"}),
        ({"scope": "", "scp": "c"}, {"c"}),
        ({"scp": ["c"]}, {"c"}),
        ({"scope": {"a": 1}}, set()),
        ({"scope": 5}, set()),
        ({}, set()),
    ],
)
def test_scopes_are_text_or_a_list(claims: dict[str, Any], scopes: set[str]) -> None:
    assert scopes_of(claims) == scopes


@pytest.mark.parametrize(
    ("claims", "path", "roles"),
    [
        ({"roles": ["a", 5]}, "roles", {"a"}),
        ({"roles": "a b"}, "roles", {"a b"}),
        ({"roles": {"a": True, "b": False, "c": {"x": 1}}}, "roles", {"a", "c"}),
        ({"realm_access": {"roles": ["a"]}}, "realm_access.roles", {"a"}),
        ({"x.y": ["a"], "x": {"y": ["b"]}}, "x.y", {"a"}),
        ({"x.y": {"z": ["a"]}, "x": {"y": {"z": ["b"]}}}, ("x.y", "z"), {"a"}),
        ({"x": ["a"]}, "x.y", set()),
        ({"roles": 5}, "roles", set()),
        ({}, "roles", set()),
        ({}, "a.b.c", set()),
    ],
)
def test_roles_are_found_at_their_path(claims: dict[str, Any], path: Any, roles: set[str]) -> None:
    assert roles_of(claims, path) == roles


def test_a_path_is_text_or_several() -> None:
    assert roles_path("a.b") == "a.b"
    assert roles_path(["a", "b"]) == ("a", "b")
    paths: tuple[Any, ...] = ("", [], [""], ["a", ""], [5])
    for path in paths:
        with pytest.raises(InvalidArgumentError, match="roles"):
            roles_path(path)


def test_allowed_values_are_compared_whole() -> None:
    trusted = TrustedIssuer("https://op.example/{t}", bound_claim="tid", allowed_values=["acme"])
    assert trusted.matches("https://op.example/acme")
    assert not trusted.matches("https://op.example/cm")
