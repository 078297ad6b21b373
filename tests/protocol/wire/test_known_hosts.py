"""Large providers: their other hosts, and the templates among them."""

from __future__ import annotations

import pytest

from py_identity_model._wire.known_hosts import known_issuer, known_template, template_for
from py_identity_model._wire.urls import is_in_family, is_same_issuer

TENANT = "b6c3a3f6-0f0f-4b1c-9d3c-0a0b0c0d0e0f"
ENTRA = "https://login.microsoftonline.com"


@pytest.mark.parametrize(
    ("issuer", "host"),
    [
        ("https://accounts.google.com", "oauth2.googleapis.com"),
        ("https://securetoken.google.com/project", "www.googleapis.com"),
        (f"{ENTRA}/{TENANT}/v2.0", "graph.microsoft.com"),
        (f"https://{TENANT}.ciamlogin.com/{TENANT}/v2.0", "shop.ciamlogin.com"),
        (
            "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_A",
            "shop.auth.eu-west-1.amazoncognito.com",
        ),
    ],
)
def test_a_known_issuer_has_further_hosts(issuer: str, host: str) -> None:
    known = known_issuer(issuer)
    assert known is not None
    assert known.has_host(host)
    assert known.has_host(host.upper() + ".")
    assert known.has_own_host(host)
    for foreign in (f"evil.{host}.example", f"{host}.evil.example", "evil.example", ""):
        assert not known.has_host(foreign)


@pytest.mark.parametrize(
    "issuer",
    [
        "https://op.example",
        "https://accounts.google.com.evil.example",
        "https://accounts.google.com/",
        f"{ENTRA}/common/v2.0",
        f"{ENTRA}/{TENANT}/v2.0/evil",
        f"https://{TENANT}.ciamlogin.com/{TENANT[:-1]}1/v2.0",
        "https://cognito-idp.eu.evil.example.amazonaws.com/x",
    ],
)
def test_other_issuers_are_not_known(issuer: str) -> None:
    assert known_issuer(issuer) is None


def test_the_region_of_a_host_is_that_of_the_issuer() -> None:
    known = known_issuer("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_A")
    assert known is not None
    assert not known.has_host("shop.auth.us-east-1.amazoncognito.com")
    assert not known.has_host("a.b.auth.eu-west-1.amazoncognito.com")


def test_a_template_binds_its_place_to_a_claim() -> None:
    template = known_template(f"{ENTRA}/{{tenantid}}/v2.0")
    assert template is not None
    assert template.bound_claim == "tid"
    assert template.family().names(f"{ENTRA}/{TENANT}/v2.0")
    for issuer in (f"{ENTRA}/common/v2.0", f"{ENTRA}/{TENANT}/v2.0/", "https://op.example"):
        assert not template.family().names(issuer)
    assert known_template("https://op.example/{tenant}") is None
    assert known_template("https://accounts.google.com") is None


def test_the_documents_of_all_tenants_stand_for_their_template() -> None:
    for word in ("common", "organizations", TENANT):
        found = template_for(f"{ENTRA}/{word}/v2.0")
        assert found is not None
        assert found.issuer == f"{ENTRA}/{{tenantid}}/v2.0"
    assert template_for("https://op.example/common/v2.0") is None


def test_only_the_words_for_all_tenants_make_a_family() -> None:
    issuer = f"{ENTRA}/{TENANT}/v2.0"
    assert is_in_family(f"{ENTRA}/common/v2.0", issuer)
    assert is_in_family(f"{ENTRA}/organizations/v2.0", issuer)
    assert not is_in_family(issuer, issuer)
    assert not is_in_family("https://op.example/common/v2.0", issuer)
    assert not is_in_family(f"{ENTRA}/common/v2.0", "https://op.example")


def test_known_spellings_and_a_final_slash_denote_one_issuer() -> None:
    assert is_same_issuer("https://op.example/", "https://op.example")
    assert is_same_issuer("accounts.google.com", "https://accounts.google.com")
    assert not is_same_issuer("https://op.example", "https://op.example.evil.example")
