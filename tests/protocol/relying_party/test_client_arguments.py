"""Arguments of a client, grouped by what reads them."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model._relying_party.client_arguments import (
    AuthorizationOptions,
    UserTokenRules,
    check_further_parameters,
)
from py_identity_model._relying_party.client_profile import ClientProfile, RequestSigning
from py_identity_model._relying_party.client_provider import ClientProvider
from py_identity_model.exceptions import ConfigurationException, InvalidArgumentError
from py_identity_model.providers import Provider
from tests.support import refused

ISSUER = "https://op.example"


def options(
    issuer: str | Provider = ISSUER, profile: ClientProfile | None = None, **more: Any
) -> AuthorizationOptions:
    usual: dict[str, Any] = {
        "redirect_uri": None,
        "scope": None,
        "use_par": False,
        "signing": None,
        "publish_request_object": None,
        "message_signing": (),
        "expect_id_token": False,
        "require_nonce": True,
    }
    return AuthorizationOptions.of(ClientProvider.of(issuer), profile, **{**usual, **more})


def rules(**more: Any) -> UserTokenRules:
    usual: dict[str, Any] = {
        "algorithms": None,
        "trusted_audiences": (),
        "max_age": None,
        "leeway": None,
        "allow_weak_keys": False,
        "decryption_keys": None,
        "require_encrypted": (),
        "client_secret": None,
    }
    return UserTokenRules.of("web", **{**usual, **more})


def test_keys_and_secrets_of_a_client_are_in_no_repr() -> None:
    signed = options(signing=RequestSigning("hidden-key", "ES256"))
    ruled = rules(client_secret="hidden-secret", decryption_keys="hidden-key")
    assert "hidden" not in repr(signed) + repr(ruled)


def test_a_leeway_lengthens_ages_only_where_it_was_given() -> None:
    assert (rules().leeway, rules().age_leeway) == (60.0, 0.0)
    assert (rules(leeway=5).leeway, rules(leeway=5).age_leeway) == (5, 5)


def test_id_tokens_may_always_be_for_the_client_itself() -> None:
    assert rules(trusted_audiences=["other"]).trusted_audiences == {"web", "other"}
    with refused(ConfigurationException, "configuration_error"):
        rules(trusted_audiences="other")


def test_algorithms_of_id_tokens_are_stored_as_they_were() -> None:
    listed = ["ES256"]
    one_pass = iter(listed)
    of_list, of_pass = rules(algorithms=listed), rules(algorithms=one_pass)
    listed.append("RS256")
    assert of_list.algorithms == of_pass.algorithms == ("ES256",)


@pytest.mark.parametrize(
    ("wanted", "scope"), [(None, "openid mail"), ("", ""), (["a", "b"], "a b"), ("a", "a")]
)
def test_a_login_asks_for_what_it_names_or_for_what_the_client_does(
    wanted: Any, scope: str
) -> None:
    assert options(scope=["openid", "mail"]).wanted_scope(wanted) == scope


def test_a_login_must_know_where_the_browser_comes_back_to() -> None:
    assert options(redirect_uri="https://rp/cb").target(None) == "https://rp/cb"
    assert options(redirect_uri="https://rp/cb").target("https://rp/2") == "https://rp/2"
    with refused(ConfigurationException, "configuration_error"):
        options().target(None)


@pytest.mark.parametrize(
    ("scope", "response_type", "expected", "comes"),
    [
        ("openid", "code", False, True),
        ("read openid", "code", False, True),
        ("read", "code", False, False),
        ("read", "code id_token", False, True),
        ("read", "code", True, True),
        ("openidx", "code", False, False),
    ],
)
def test_an_id_token_comes_where_it_is_asked_for(
    scope: str, response_type: str, expected: bool, comes: bool
) -> None:
    assert options(expect_id_token=expected).has_id_token(scope, response_type) is comes


def test_a_login_is_bound_by_a_nonce_and_a_challenge() -> None:
    made = options().secrets("openid", "code", "default")
    assert None not in {made.nonce, made.code_verifier, made.code_challenge}


def test_a_login_without_openid_is_bound_by_its_challenge_alone() -> None:
    made = options().secrets("read", "code", "S256")
    assert made.nonce is None
    assert made.code_challenge is not None
    with refused(ConfigurationException, "unprotected_login"):
        options().secrets("read", "code", None)


def test_a_login_whose_nonce_nobody_checks_needs_a_challenge() -> None:
    with refused(ConfigurationException, "unprotected_login"):
        options(require_nonce=False).secrets("openid", "code", None)
    assert options(require_nonce=False).secrets("openid", "code", "default").nonce is not None


def test_a_challenge_of_another_method_is_refused() -> None:
    method: Any = "plain"
    with refused(InvalidArgumentError, "invalid_argument"):
        options().secrets("openid", "code", method)


def test_a_profile_pushes_every_request() -> None:
    assert options(profile="fapi2").use_par
    assert not options().use_par


def test_what_is_published_is_signed() -> None:
    with refused(ConfigurationException, "configuration_error"):
        options(publish_request_object=str)
    signing = RequestSigning("key", "ES256")
    assert options(publish_request_object=str, signing=signing).publish is str


def test_what_a_login_sets_itself_is_no_further_parameter() -> None:
    check_further_parameters({"prompt": "login"})
    with pytest.raises(InvalidArgumentError, match="must not name nonce, state"):
        check_further_parameters({"state": "s", "nonce": "n"})
