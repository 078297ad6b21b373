"""Claims as an identity."""

from __future__ import annotations

from py_identity_model import Claim, ClaimsIdentity, ClaimsPrincipal, to_principal
from py_identity_model.identity import ClaimType, Identity, Principal

TOKEN = {
    "iss": "https://op.example",
    "sub": "42",
    "name": "Ada",
    "roles": ["admin", "reader"],
    "bool_claim": True,
    "nothing": None,
    "address": {"country": "FR"},
}


def test_a_claim_says_what_it_is() -> None:
    claim = Claim("email", "ada@example.com")
    assert str(claim) == "email: ada@example.com"
    assert claim.issuer == claim.original_issuer == "LOCAL AUTHORITY"
    assert claim.value_type == "http://www.w3.org/2001/XMLSchema#string"
    assert claim.properties == {}
    issued = Claim("email", "x", issuer="https://op.example")
    assert issued.original_issuer == "https://op.example"
    assert repr(issued) == "Claim(claim_type='email', value='x', issuer='https://op.example')"
    assert Claim("a", "b") != Claim("a", "b")


def test_a_tokens_claims_become_a_principals() -> None:
    principal = to_principal(TOKEN)
    assert principal.has_claim("sub", "42")
    assert principal.has_claim("roles", "admin")
    assert principal.has_claim("roles", "reader")
    assert principal.has_claim("bool_claim", "True")
    assert principal.has_claim("nothing", "None")
    assert principal.has_claim("address", "{'country': 'FR'}")
    assert not principal.has_claim("roles", "owner")
    assert not principal.has_claim("other")
    found = principal.find_first("sub")
    assert found is not None
    assert found.issuer == "https://op.example"
    assert [claim.value for claim in principal.find_all("roles")] == ["admin", "reader"]
    assert len(principal.claims) == 8


def test_names_and_roles_of_a_token_are_understood() -> None:
    principal = to_principal(TOKEN)
    assert principal.identity is not None
    assert principal.identity.name == "Ada"
    assert principal.identity.is_authenticated()
    assert principal.identity.authentication_type == "Bearer"
    assert principal.is_in_role("admin")
    assert not principal.is_in_role("owner")
    assert to_principal({"role": "owner"}).is_in_role("owner")


def test_names_and_roles_of_the_xml_schemas_are_understood_first() -> None:
    identity = ClaimsIdentity(
        [
            Claim("name", "jwt"),
            Claim(ClaimType.Name.value, "xml"),
            Claim(ClaimType.Role.value, "admin"),
        ]
    )
    assert identity.name == "xml"
    assert not identity.is_authenticated()
    assert ClaimsPrincipal(identity).is_in_role("admin")
    assert ClaimsIdentity([]).name is None
    assert ClaimsIdentity([Claim("nick", "al")], name_type_claim="nick").name == "al"


def test_a_principal_takes_on_identities_and_leaves_the_callers_list_alone() -> None:
    own = [Claim("a", "1")]
    principal = ClaimsPrincipal(ClaimsIdentity([Claim("b", "2")]), own)
    assert [claim.claim_type for claim in principal.claims] == ["a", "b"]
    assert len(own) == 1
    other = ClaimsIdentity([Claim("c", "3")])
    principal.add_identity(other)
    assert principal.identity is other
    assert [claim.claim_type for claim in principal.claims] == ["a", "b", "c"]
    assert ClaimsPrincipal().identity is None
    assert ClaimsPrincipal().find_first("a") is None
    assert other.find_first("d") is None


def test_there_are_fifteen_claim_types() -> None:
    assert len(ClaimType) == 15
    assert ClaimType.Surname.value.endswith("/claims/surname")
    assert ClaimType.Email.value.endswith("/claims/emailaddress")
    assert ClaimType.Role.value.startswith("http://schemas.microsoft.com/")


def test_identities_and_principals_have_bases() -> None:
    assert issubclass(ClaimsIdentity, Identity)
    assert issubclass(ClaimsPrincipal, Principal)


def test_a_token_without_issuer_is_local() -> None:
    found = to_principal({"sub": "1"}, "Basic").find_first("sub")
    assert found is not None
    assert found.issuer == "LOCAL AUTHORITY"
