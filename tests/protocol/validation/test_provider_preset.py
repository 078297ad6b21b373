"""Presets as data: checked when they are made, matched, written and read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from py_identity_model._validation.provider_preset import Note, Provider
from py_identity_model.exceptions import InvalidArgumentError
from tests.support import refused

ISSUER = "https://op.example"


def preset(**more: Any) -> Provider:
    return Provider(**{"name": "ours", "issuer": ISSUER, **more})


TEMPLATE = {"issuer": "https://op.example/{tenant}/v2", "bound_claim": "tid"}
BY_KID: dict[str, Any] = {
    "key_url_template": "https://keys.example/{kid}",
    "key_id_pattern": "[a-z]+",
    "required_header": {"signer": "mine"},
}


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"name": ""}, "name"),
        ({"name": 7}, "name"),
        ({"issuer": "https://op.example/{a}/{b}", "bound_claim": "a"}, "issuer"),
        ({"issuer": "https://op.example/{a}"}, "issuer"),
        ({"bound_claim": "tid"}, "issuer"),
        ({"discovery_address": "op.example"}, "discovery_address"),
        ({"internal_url": "ftp://op"}, "internal_url"),
        ({"jwks_uri": "https://user:secret@op.example/jwks"}, "jwks_uri"),
        ({"jwks_uri": "https://op.example/jwks?a=1"}, "jwks_uri"),
        ({"profile": "lenient"}, "profile"),
        ({**BY_KID, "key_url_template": "https://keys.example/{kid}/x"}, "key_url_template"),
        ({**BY_KID, "key_id_pattern": None}, "key_id_pattern"),
        ({**BY_KID, "required_header": {}}, "required_header"),
        ({**BY_KID, "required_header": {"signer": ""}}, "required_header"),
        ({**BY_KID, "key_id_pattern": "["}, "key_id_pattern"),
        ({"ca_file": ""}, "ca_file"),
        ({"ca_file": "ca.pem"}, "jwks_uri"),
        ({"token_file": "t", "jwks_uri": "http://op.example/jwks"}, "jwks_uri"),
        ({"hosts": "op.example"}, "hosts"),
        ({"hosts": [""]}, "hosts"),
        ({"algorithms": {"RS256": 1}}, "algorithms"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {7: 1}}, "metadata"),
        ({"required_claims": {"groups": []}}, "groups"),
        ({"required_claims": {"groups": "admins"}}, "groups"),
        ({"roles_claim": [7]}, "roles_claim"),
        ({"notes": ["why"]}, "notes"),
    ],
)
def test_a_preset_that_makes_no_sense_is_refused_by_name(more: dict[str, Any], name: str) -> None:
    with refused(InvalidArgumentError, "invalid_argument") as caught:
        preset(**more)
    assert name in str(caught.value)
    assert "secret" not in str(caught.value)


def test_collections_are_frozen_in_an_order_of_their_own() -> None:
    made = preset(hosts={"b.example", "a.example"}, algorithms=["RS256", "ES256"])
    assert made.hosts == ("a.example", "b.example")
    assert made.algorithms == ("RS256", "ES256")
    assert hash(made) == hash(preset(hosts=["a.example", "b.example"]))


def test_mappings_are_copies() -> None:
    metadata = {"issuer": ISSUER}
    made = preset(metadata=metadata)
    metadata["issuer"] = "https://evil.example"
    assert made.metadata == {"issuer": ISSUER}


@pytest.mark.parametrize("iss", [ISSUER, "op.example"])
def test_a_literal_issuer_has_its_spellings(iss: str) -> None:
    made = preset(other_issuers=["op.example"])
    assert made.is_issuer_of({"iss": iss})
    for other in (f"{iss}/", "https://evil.example", None, 7):
        assert not made.is_issuer_of({"iss": other})


@pytest.mark.parametrize(
    ("claims", "matches"),
    [
        ({"iss": "https://op.example/a/v2", "tid": "a"}, True),
        ({"iss": "https://op.example/a/v2", "tid": "b"}, False),
        ({"iss": "https://op.example/a/v2"}, False),
        ({"iss": "https://op.example/{tenant}/v2", "tid": "{tenant}"}, False),
        ({"iss": "https://op.example/a/b/v2", "tid": "a/b"}, False),
        ({"iss": "https://op.example/../v2", "tid": ".."}, False),
        ({"tid": "a"}, False),
    ],
)
def test_a_template_is_bound_to_its_claim(claims: dict[str, Any], matches: bool) -> None:
    assert preset(**TEMPLATE).is_issuer_of(claims) is matches


def test_only_allowed_values_are_of_the_family() -> None:
    made = preset(**TEMPLATE, allowed_values=["a"])
    assert made.is_issuer_of({"iss": "https://op.example/a/v2", "tid": "a"})
    assert not made.is_issuer_of({"iss": "https://op.example/b/v2", "tid": "b"})


def test_the_document_is_below_the_issuer_unless_it_is_elsewhere_or_there_is_none() -> None:
    assert preset().document_address == f"{ISSUER}/.well-known/openid-configuration"
    elsewhere = "https://internal.example/.well-known/openid-configuration"
    assert preset(discovery_address=elsewhere).document_address == elsewhere
    assert preset(jwks_uri=f"{ISSUER}/jwks").document_address is None
    assert preset(metadata={"issuer": ISSUER}).document_address is None
    assert preset(issuer=None, **BY_KID).document_address is None


def test_a_document_elsewhere_may_name_that_address_too() -> None:
    elsewhere = "https://internal.example/.well-known/openid-configuration"
    made = preset(discovery_address=elsewhere, other_issuers=["op.example"])
    assert made.document_issuers == (ISSUER, "op.example", "https://internal.example")


def test_its_policy_knows_its_hosts() -> None:
    policy = preset(hosts=["keys.example"]).discovery_policy
    assert policy.additional_endpoint_base_addresses == ["https://keys.example"]
    assert policy.require_https
    assert not policy.allow_issuer_mismatch


def test_its_policy_accepts_the_second_name_of_a_provider() -> None:
    elsewhere = "http://keycloak:8080/.well-known/openid-configuration"
    made = preset(issuer="https://id.example/realms/a", discovery_address=elsewhere)
    policy = made.discovery_policy
    assert policy.additional_endpoint_base_addresses == ["https://id.example"]
    assert policy.allow_issuer_mismatch
    assert not policy.require_https


def test_a_preset_is_written_and_read_as_json() -> None:
    made = preset(
        hosts=["keys.example"],
        required_claims={"groups": ["admins"]},
        notes=[Note("why", "https://docs.example")],
        nonce=False,
    )
    written = made.to_dict()
    assert written.keys() == {"name", "issuer", "hosts", "required_claims", "notes", "nonce"}
    assert Provider.from_dict(json.loads(json.dumps(written))) == made


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"name": "ours"}, "missing members: issuer"),
        ({"name": "ours", "issuer": ISSUER, "isuer": 1}, "unknown members: isuer"),
        ({"name": "ours", "issuer": ISSUER, "pkce": "no"}, "pkce must be true or false"),
        ({"name": "ours", "issuer": ISSUER, "notes": ["why"]}, "notes"),
        ({"name": "ours", "issuer": ISSUER, "notes": [{"text": "why"}]}, "notes"),
        ([], "values"),
    ],
)
def test_what_was_written_by_hand_is_refused_by_name(values: Any, text: str) -> None:
    with refused(InvalidArgumentError, "invalid_argument") as caught:
        Provider.from_dict(values)
    assert text in str(caught.value)
