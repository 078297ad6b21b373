"""The rules for one issuer's tokens: where its keys come from, and what its tokens must name."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model import DiscoveryPolicy, TokenValidationConfig, TrustedIssuer
from py_identity_model._resource_server.access_token_policy import AccessTokenPolicy
from py_identity_model._resource_server.access_token_refusals import AccessTokenRefusals
from py_identity_model._resource_server.issuer_rules import IssuerRules
from py_identity_model.exceptions import (
    InvalidArgumentError,
    InvalidIssuerException,
    TokenValidationException,
)
from py_identity_model.providers import Provider
from tests.support import refused

ISSUER = "https://op.example"
OPTIONS = {"require": ["exp"], "verify_sub": False}
CONFIG = TokenValidationConfig(perform_disco=True, audience="api", options=OPTIONS, leeway=60.0)
POLICY = AccessTokenPolicy(audience=frozenset({"api"}))
REFUSALS = AccessTokenRefusals()
TEMPLATE = TrustedIssuer(f"{ISSUER}/{{tenant}}/v2", bound_claim="tid")
MISMATCH = DiscoveryPolicy(allow_issuer_mismatch=True)
LENIENT = DiscoveryPolicy(require_https=False)


def rules_of(
    trusted: TrustedIssuer,
    issuer: str | None = None,
    policy: AccessTokenPolicy = POLICY,
    **options: Any,
) -> IssuerRules:
    return IssuerRules(trusted, issuer or trusted.identifier, CONFIG, policy, REFUSALS, **options)


def discovery_policy(rules: IssuerRules) -> DiscoveryPolicy:
    assert rules.config.discovery_policy is not None
    return rules.config.discovery_policy


def test_a_document_must_name_the_issuer_with_or_without_a_slash_and_tokens_the_same() -> None:
    rules = rules_of(TrustedIssuer(ISSUER))
    assert (rules.address, rules.config.issuer) == (ISSUER, [ISSUER, f"{ISSUER}/"])
    assert rules.config.token_issuers is None
    assert discovery_policy(rules).expected_issuer is None


def test_a_program_that_names_an_issuer_believes_it_where_its_endpoints_are() -> None:
    assert discovery_policy(rules_of(TrustedIssuer(ISSUER))).allow_endpoints_on_other_hosts
    for rules in (
        rules_of(TEMPLATE, f"{ISSUER}/one/v2"),
        rules_of(TrustedIssuer(ISSUER), named_by_tokens=True),
    ):
        assert rules.named_by_tokens
        assert rules.config.discovery_policy is None


def test_an_issuer_has_a_policy_of_its_own() -> None:
    assert discovery_policy(rules_of(TrustedIssuer(ISSUER))).require_https
    lenient = rules_of(TrustedIssuer(ISSUER, discovery_policy=LENIENT))
    assert not discovery_policy(lenient).require_https


def test_a_document_that_is_elsewhere_must_name_the_issuer() -> None:
    elsewhere = TrustedIssuer(ISSUER, disco_doc_address="https://internal.example/config")
    rules = rules_of(elsewhere)
    assert rules.address == "https://internal.example/config"
    assert discovery_policy(rules).expected_issuer == ISSUER
    assert rules.config.issuer == [ISSUER, f"{ISSUER}/"]


def test_the_issuer_of_a_document_is_ignored_where_that_was_chosen() -> None:
    address = "https://internal.example/config"
    rules = rules_of(TrustedIssuer(ISSUER, disco_doc_address=address, discovery_policy=MISMATCH))
    assert (rules.config.issuer, rules.config.token_issuers) == (None, [ISSUER])
    assert discovery_policy(rules).expected_issuer is None
    at_home = rules_of(TrustedIssuer(ISSUER, discovery_policy=MISMATCH))
    assert at_home.config.issuer == [ISSUER, f"{ISSUER}/"]
    assert at_home.config.token_issuers is None


def test_a_preset_says_which_issuers_its_document_may_name() -> None:
    preset = Provider(name="ours", issuer=ISSUER, other_issuers=["op.example"])
    config = rules_of(TrustedIssuer(preset)).config
    assert config.issuer == [ISSUER, f"{ISSUER}/", "op.example"]
    assert config.token_issuers == [ISSUER, "op.example"]


def test_tokens_know_how_their_api_refuses_and_where_roles_are() -> None:
    context = rules_of(TrustedIssuer(ISSUER)).context
    assert context.refusals is REFUSALS
    assert (context.roles, context.scopes) == ("roles", None)
    assert rules_of(TrustedIssuer(ISSUER, roles="groups")).context.roles == "groups"


def test_a_tenant_has_a_document_of_its_own_or_that_of_the_template() -> None:
    tenant = f"{ISSUER}/one/v2"
    rules = rules_of(TEMPLATE, tenant)
    names = [tenant, f"{ISSUER}/{{tenant}}/v2", f"{ISSUER}/{{tenantid}}/v2"]
    assert rules.config.issuer == [each for name in names for each in (name, f"{name}/")]
    assert (rules.address, rules.config.token_issuers) == (tenant, [tenant])


def test_keys_without_a_document_are_fetched_where_the_program_says() -> None:
    rules = rules_of(TrustedIssuer(ISSUER, jwks_uri=f"{ISSUER}/keys"))
    assert (rules.config.jwks_uri, rules.config.issuer) == (f"{ISSUER}/keys", ISSUER)
    assert rules.config.token_issuers == [ISSUER]


def test_an_issuer_may_have_an_audience_and_clients_and_algorithms_of_its_own() -> None:
    rules = rules_of(TrustedIssuer(ISSUER, "own", ["ES256"], roles="groups"))
    assert (rules.config.audience, rules.policy.audience) == ("own", frozenset({"own"}))
    assert (rules.config.algorithms, rules.policy.roles) == (["ES256"], "groups")
    assert rules.config.options == {**OPTIONS, "verify_aud": True}
    by_client = rules_of(TrustedIssuer(ISSUER, client_ids=["web"]))
    assert (by_client.config.audience, by_client.policy.audience) == (None, None)
    assert by_client.policy.client_ids == frozenset({"web"})
    assert by_client.config.options == {**OPTIONS, "verify_aud": False}
    both = rules_of(TrustedIssuer(ISSUER, ["a", "b"], client_ids=["web"]))
    assert both.policy.audience == frozenset({"a", "b"})
    usual = rules_of(TrustedIssuer(ISSUER))
    assert (usual.config.audience, usual.policy, usual.config.options) == ("api", POLICY, OPTIONS)


@pytest.mark.parametrize("accepts", [True, False])
def test_an_issuer_may_have_id_tokens_as_access_tokens(accepts: bool) -> None:
    trusted = TrustedIssuer(ISSUER, accept_id_tokens_as_access_tokens=accepts)
    for usual in (True, False):
        policy = AccessTokenPolicy(audience=frozenset({"api"}), accept_id_tokens=usual)
        assert rules_of(trusted, policy=policy).policy.accept_id_tokens is accepts
        assert rules_of(TrustedIssuer(ISSUER), policy=policy).policy.accept_id_tokens is usual


def test_an_issuer_without_whom_tokens_are_for_is_refused() -> None:
    with refused(InvalidArgumentError, "invalid_argument") as caught:
        rules_of(TrustedIssuer(ISSUER), policy=AccessTokenPolicy())
    assert "preset" not in str(caught.value)
    preset = Provider(name="ours", issuer=ISSUER)
    with pytest.raises(InvalidArgumentError, match="the preset ours defines neither"):
        rules_of(TrustedIssuer(preset), policy=AccessTokenPolicy())


PER_KEY = Provider(
    name="ours",
    issuer=None,
    key_url_template=f"{ISSUER}/{{kid}}",
    key_id_pattern="[a-z]+",
    required_header={"signer": "us"},
)
SOUND = {"signer": "us", "exp": 200, "iss": "https://login.example"}


def test_where_each_key_has_an_address_tokens_carry_their_times_in_the_header() -> None:
    rules = rules_of(TrustedIssuer(PER_KEY))
    assert rules.named_by_tokens
    assert rules.config.options == {"require": [], "verify_sub": False} | {
        "verify_iss": False,
        "verify_aud": False,
    }
    claims: dict[str, Any] = {"sub": "s"}
    rules.check_header(SOUND, claims, 100.0)
    assert claims == {"sub": "s", "exp": 200, "iss": "https://login.example"}
    for header in ({**SOUND, "exp": 30}, {"signer": "us"}):
        with pytest.raises(TokenValidationException):
            rules.check_header(header, {"sub": "s"}, 100.0)
    with pytest.raises(TokenValidationException):
        rules.check_header(SOUND, {"sub": "s", "exp": 30}, 100.0)
    with refused(TokenValidationException, "wrong_header"):
        rules.check_header({**SOUND, "signer": "them"}, {"sub": "s"}, 100.0)


def test_a_header_with_times_is_judged_each_time() -> None:
    rules, usual = rules_of(TrustedIssuer(PER_KEY)), rules_of(TrustedIssuer(ISSUER))
    for one in (rules, usual):
        one.remember("header")
    assert (rules.headers, usual.headers) == (set(), {"header"})


def test_the_header_of_other_issuers_carries_no_claims() -> None:
    claims: dict[str, Any] = {"sub": "s"}
    rules_of(TrustedIssuer(ISSUER)).check_header({"typ": "JWT", **SOUND}, claims, 100.0)
    assert claims == {"sub": "s"}


INTROSPECTED: dict[str, Any] = {"sub": "s", "aud": "api", "client_id": "web"}


def test_introspected_tokens_may_lack_what_the_issuer_itself_says() -> None:
    rules = rules_of(TrustedIssuer(ISSUER))
    for claims in (
        INTROSPECTED,
        {**INTROSPECTED, "iss": ISSUER},
        {**INTROSPECTED, "iss": None, "exp": 200},
    ):
        rules.check_introspected({**claims}, 100.0, without_audience=False)
    for claims in (
        {**INTROSPECTED, "iss": "https://other.example"},
        {**INTROSPECTED, "exp": 30},
        {**INTROSPECTED, "aud": "other"},
    ):
        for without_audience in (True, False):
            with pytest.raises(TokenValidationException):
                rules.check_introspected({**claims}, 100.0, without_audience=without_audience)


def test_an_introspected_issuer_is_compared_to_the_letter_as_in_jwts() -> None:
    for configured, other in ((ISSUER, f"{ISSUER}/"), (f"{ISSUER}/", ISSUER)):
        rules = rules_of(TrustedIssuer(configured), configured)
        named = {**INTROSPECTED, "iss": configured}
        rules.check_introspected(named, 100.0, without_audience=False)
        with pytest.raises(InvalidIssuerException):
            rules.check_introspected({**named, "iss": other}, 100.0, without_audience=False)


def test_introspected_tokens_lack_an_audience_only_where_that_was_chosen() -> None:
    rules = rules_of(TrustedIssuer(ISSUER))
    claims = {"sub": "s", "client_id": "web"}
    rules.check_introspected({**claims}, 100.0, without_audience=True)
    with refused(TokenValidationException, "missing_claim"):
        rules.check_introspected({**claims}, 100.0, without_audience=False)


def test_a_tenants_tokens_are_bound_to_it_introspected_or_not() -> None:
    rules = rules_of(TEMPLATE, f"{ISSUER}/one/v2")
    claims = {**INTROSPECTED, "iss": f"{ISSUER}/one/v2"}
    rules.check({**claims, "tid": "one"})
    rules.check_introspected({**claims, "tid": "one"}, 100.0, without_audience=False)
    with refused(InvalidIssuerException, "issuer_claim_mismatch"):
        rules.check({**claims, "tid": "two"})
    with refused(InvalidIssuerException, "issuer_claim_mismatch"):
        rules.check_introspected({**claims, "tid": "two"}, 100.0, without_audience=False)
