"""The provider of a client: an issuer, or a preset, and what is known of logins there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from py_identity_model import (
    ClientSecretBasic,
    ClientSecretPost,
    DiscoveryDocumentResponse,
    DiscoveryPolicy,
)
from py_identity_model._relying_party.client_provider import ClientProvider
from py_identity_model._validation.provider_document import Provider as Discovered
from py_identity_model._validation.provider_preset import Note, Provider
from py_identity_model.exceptions import (
    ConfigurationException,
    IdTokenValidationException,
    InvalidArgumentError,
    InvalidIssuerException,
)
from tests.support import refused

ISSUER = "https://op.example"
TENANT = "b6c3a3f6-0f0f-4b1c-9d3c-0a0b0c0d0e0f"
OTHER = "11111111-2222-3333-4444-555555555555"
ENTRA = "https://login.microsoftonline.com"
PLAIN = ClientProvider.of(ISSUER)


def preset(**more: Any) -> ClientProvider:
    return ClientProvider.of(Provider(**{"name": "ours", "issuer": ISSUER, **more}))


def entra(tenant: str) -> str:
    return f"{ENTRA}/{tenant}/v2.0"


@pytest.mark.parametrize("issuer", ["", " ", None, 7, b"https://op.example"])
def test_an_issuer_is_text_or_a_preset(issuer: object) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        ClientProvider.of(issuer)


@pytest.mark.parametrize(
    "more", [{"issuer": None}, {"issuer": "https://op.example/{t}", "bound_claim": "t"}]
)
def test_a_preset_that_knows_no_login_is_refused_by_name(more: dict[str, Any]) -> None:
    with refused(InvalidArgumentError, "invalid_argument") as caught:
        preset(**more)
    assert "ours" in str(caught.value)


def test_a_plain_issuer_has_the_usual_habits() -> None:
    assert (PLAIN.issuer, PLAIN.address, PLAIN.scope) == (ISSUER, ISSUER, "openid")
    assert PLAIN.has_nonce
    assert PLAIN.has_challenge
    assert not PLAIN.is_unprotected_for_a_reason
    assert PLAIN.authorization_parameters("form_post") == {"response_mode": "form_post"}
    assert PLAIN.with_token_type({"access_token": "t"}) == {"access_token": "t"}


def test_a_preset_has_its_own() -> None:
    made = preset(
        openid=False,
        nonce=False,
        pkce=False,
        token_type="bot",
        extra_authorization_parameters={"access_type": "offline"},
        response_mode="form_post",
    )
    assert made.scope == ""
    assert (made.has_nonce, made.has_challenge) == (False, False)
    assert made.with_token_type({})["token_type"] == "bot"
    assert made.with_token_type({"token_type": "Bearer"})["token_type"] == "Bearer"
    parameters = {"access_type": "offline", "response_mode": "form_post"}
    assert made.authorization_parameters(None) == parameters
    assert made.authorization_parameters("query")["response_mode"] == "query"


def test_neither_nonce_nor_pkce_takes_a_reason() -> None:
    note = Note("why", "https://docs.example")
    assert preset(nonce=False, pkce=False, notes=[note]).is_unprotected_for_a_reason
    assert not preset(nonce=False, pkce=False).is_unprotected_for_a_reason
    assert not preset(nonce=False, notes=[note]).is_unprotected_for_a_reason


def test_a_secret_alone_is_sent_as_the_preset_says() -> None:
    posting = preset(client_authentication="client_secret_post")
    assert posting.authentication(None, "s") == ClientSecretPost("s")
    given = ClientSecretBasic("s")
    assert posting.authentication(given, "s") is given
    assert PLAIN.authentication(None, "s") is None


@pytest.mark.parametrize(
    ("named", "allowed"),
    [
        (["RS256", "none", "HS256"], ["RS256"]),
        (["EdDSA"], ["EdDSA", "EdDSA", "Ed25519"]),
        (["x", 7], []),
        (None, None),
        ("RS256", None),
    ],
)
def test_id_tokens_are_signed_by_the_documents_asymmetric_algorithms(
    named: Any, allowed: list[str] | None
) -> None:
    metadata = DiscoveryDocumentResponse(True, id_token_signing_alg_values_supported=named)
    found = PLAIN.algorithms(None, metadata)
    assert (found if found is None else {*found}) == (allowed if allowed is None else {*allowed})


def test_registered_algorithms_and_those_of_a_preset_come_first() -> None:
    metadata = DiscoveryDocumentResponse(True, id_token_signing_alg_values_supported=["RS256"])
    assert PLAIN.algorithms(["ES384"], metadata) == ["ES384"]
    assert preset(algorithms=["ES256"]).algorithms(None, metadata) == ["ES256"]


def test_the_policy_knows_both_names_of_a_provider_inside_a_cluster() -> None:
    made = preset(
        discovery_address="http://op:8080/.well-known/openid-configuration",
        internal_url="http://op:8080",
    )
    policy = made.policy(DiscoveryPolicy(additional_endpoint_base_addresses=["https://x.example"]))
    assert policy is not None
    assert {"https://x.example", ISSUER, "http://op:8080"} <= {
        *policy.additional_endpoint_base_addresses
    }
    assert not policy.require_https
    assert PLAIN.policy(None) is None


def test_a_provider_without_a_document_has_the_metadata_of_its_preset() -> None:
    members = {"issuer": ISSUER, "token_endpoint": f"{ISSUER}/token"}
    given = preset(metadata=members).given_metadata()
    assert given is not None
    assert given.token_endpoint == f"{ISSUER}/token"
    assert preset().given_metadata() is None
    assert PLAIN.given_metadata() is None


def discovered(**members: Any) -> Discovered:
    document = {"issuer": ISSUER, **members}
    return Discovered(document["issuer"], None, json.dumps(document).encode())


def test_a_document_comes_before_what_the_preset_knows() -> None:
    made = preset(
        metadata={"userinfo_endpoint": f"{ISSUER}/old", "revocation_endpoint": f"{ISSUER}/revoke"}
    )
    found = made.metadata_of(discovered(userinfo_endpoint=f"{ISSUER}/me"))
    assert found.userinfo_endpoint == f"{ISSUER}/me"
    assert found.revocation_endpoint == f"{ISSUER}/revoke"
    assert PLAIN.metadata_of(discovered()).revocation_endpoint is None


@pytest.mark.parametrize("issuer", ["https://evil.example", f"{ISSUER}.evil.example", ""])
def test_a_document_of_another_issuer_is_refused(issuer: str) -> None:
    with refused(ConfigurationException, "issuer_not_configured"):
        preset().metadata_of(discovered(issuer=issuer))
    with refused(ConfigurationException, "issuer_not_configured"):
        PLAIN.check_metadata(None)
    PLAIN.check_metadata(f"{ISSUER}/")


def test_a_literal_issuer_needs_no_check_of_its_own() -> None:
    assert PLAIN.issuer_check(ISSUER) is None
    assert PLAIN.expected_issuer(ISSUER, "https://evil.example") == ISSUER
    PLAIN.check_tenant(ISSUER, ISSUER, {"iss": "https://evil.example"})


def test_tokens_of_a_known_template_are_bound_to_their_tenant() -> None:
    common, template = ClientProvider.of(entra("common")), entra("{tenantid}")
    check = common.issuer_check(template)
    assert check is not None
    check({"iss": entra(TENANT), "tid": TENANT})
    for claims in ({"iss": entra(TENANT), "tid": OTHER}, {"iss": entra(TENANT)}, {"iss": template}):
        with pytest.raises(InvalidIssuerException):
            check(claims)


def test_a_template_counts_at_its_own_host_alone() -> None:
    assert PLAIN.issuer_check(entra("{tenantid}")) is None
    assert PLAIN.issuer_check(f"{ISSUER}/{{tenant}}") is None


def test_answer_and_id_token_are_of_one_tenant() -> None:
    common, template = ClientProvider.of(entra("common")), entra("{tenantid}")
    assert common.expected_issuer(template, entra(TENANT)) == entra(TENANT)
    assert common.expected_issuer(template, "https://evil.example") == template
    common.check_tenant(template, entra(TENANT), {"iss": entra(TENANT)})
    common.check_tenant(template, None, {"iss": entra(OTHER)})
    with pytest.raises(InvalidIssuerException):
        common.check_tenant(template, entra(TENANT), {"iss": entra(OTHER)})


def test_further_spellings_of_a_preset_are_names_of_the_same_provider() -> None:
    made = preset(other_issuers=["op.example"])
    check = made.issuer_check(ISSUER)
    assert check is not None
    check({"iss": "op.example"})
    check({"iss": ISSUER})
    with pytest.raises(InvalidIssuerException):
        check({"iss": "https://evil.example"})
    assert made.expected_issuer(ISSUER, "op.example") == "op.example"
    assert made.expected_issuer(ISSUER, "evil.example") == ISSUER


def test_id_tokens_have_the_claims_that_a_preset_requires() -> None:
    made = preset(required_id_token_claims={"hd": ["shop.example"]})
    made.check_required_claims({"hd": "shop.example"})
    PLAIN.check_required_claims({})
    for claims in ({}, {"hd": "evil.example"}):
        with refused(IdTokenValidationException, "claim_not_accepted"):
            made.check_required_claims(claims)
