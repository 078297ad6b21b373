"""Security profiles of clients: what they refuse before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from py_identity_model import (
    ClientSecretBasic,
    DiscoveryDocumentResponse,
    DPoPKey,
    PrivateKeyJwtAuthentication,
    TlsClientAuth,
)
from py_identity_model._jose.sign import sign_compact
from py_identity_model._relying_party.client_profile import (
    SIGNED_MESSAGES,
    RequestSigning,
    check_profile,
    check_provider,
    check_request,
    check_signature,
    response_mode_of,
    signing_algorithms,
)
from py_identity_model.exceptions import ConfigurationException, TokenValidationException
from tests.support import refused

EC = ECKey.generate_key("P-256").as_pem(private=True).decode()
ED25519 = OKPKey.generate_key("Ed25519").as_pem(private=True).decode()
ED448 = OKPKey.generate_key("Ed448").as_pem(private=True).decode()
DPOP = DPoPKey()
BY_KEY = PrivateKeyJwtAuthentication(EC, "ES256")


def check(authentication: Any = BY_KEY, profile: Any = "fapi2", **more: Any) -> None:
    usual: dict[str, Any] = {"dpop_key": DPOP, "certificate_bound": False, "signing": None}
    check_profile(profile, authentication, **{**usual, **more})


def refuse(text: str, *arguments: Any, **more: Any) -> None:
    with refused(ConfigurationException, "profile_violated") as caught:
        check(*arguments, **more)
    assert text in str(caught.value)
    assert caught.value.details["violations"]


def test_without_a_profile_everything_goes() -> None:
    check(ClientSecretBasic("s"), None, dpop_key=None)
    check_provider(None, DiscoveryDocumentResponse(True))
    check_request(None, redirect_uri="", response_type="", use_par=False, code_challenge=None)


def test_a_profile_has_a_name() -> None:
    with refused(ConfigurationException, "configuration_error"):
        check(profile="fapi3")


@pytest.mark.parametrize("more", [{}, {"dpop_key": None, "certificate_bound": True}])
def test_a_client_with_a_key_and_bound_tokens_keeps_the_profile(more: dict[str, Any]) -> None:
    check(**more)
    check(TlsClientAuth("c.pem", "c.key"), **more)


def test_a_shared_secret_and_unbound_tokens_are_refused() -> None:
    refuse("client_secret_basic", ClientSecretBasic("s"))
    refuse("dpop", dpop_key=None)


@pytest.mark.parametrize(
    ("algorithm", "key", "allowed"),
    [
        ("ES256", EC, True),
        ("EdDSA", ED25519, True),
        ("Ed25519", ED25519, True),
        ("EdDSA", ED448, False),
        ("RS256", RSAKey.generate_key(2048).as_pem(private=True).decode(), False),
    ],
)
def test_assertions_and_requests_are_signed_by_the_profiles_algorithms(
    algorithm: str, key: str, allowed: bool
) -> None:
    by_key = PrivateKeyJwtAuthentication(key, algorithm)
    signing = RequestSigning(key, algorithm)
    if allowed:
        check(by_key, signing=signing)
        return
    refuse("assertions must", by_key)
    refuse("requests must", signing=signing)


def test_proofs_are_signed_by_the_profiles_algorithms() -> None:
    refuse("proofs must not be signed by RS256", dpop_key=DPoPKey("RS256"))


def test_signed_messages_need_a_key_for_requests() -> None:
    signing = RequestSigning(EC, "ES256")
    check(profile="fapi2-message-signing", signing=signing)
    check(profile="fapi2-message-signing", message_signing=["response"])
    refuse("requests must be signed", profile="fapi2-message-signing")


@pytest.mark.parametrize("wanted", [[], "request", ["requests"], ["request", "x"]])
def test_only_known_messages_can_be_signed(wanted: Any) -> None:
    signing = RequestSigning(EC, "ES256")
    refuse(
        "message_signing", profile="fapi2-message-signing", signing=signing, message_signing=wanted
    )


def test_without_a_key_there_is_no_signing() -> None:
    assert RequestSigning.of(None, "ES256", None) is None
    assert RequestSigning.of(EC, "ES256", "k") == RequestSigning(EC, "ES256", "k")


def test_a_provider_of_machines_needs_no_login_members() -> None:
    metadata = DiscoveryDocumentResponse(
        True,
        token_endpoint_auth_methods_supported=["private_key_jwt"],
        grant_types_supported=["client_credentials"],
        id_token_signing_alg_values_supported=["RS256"],
    )
    check_provider("fapi2", metadata)
    with refused(ConfigurationException, "profile_violated") as caught:
        check_provider("fapi2", metadata, login_scope="orders")
    assert "authorization_code" in str(caught.value)
    assert "id_token" not in str(caught.value)
    with refused(ConfigurationException, "profile_violated") as caught:
        check_provider("fapi2", metadata, login_scope="openid orders")
    assert "id_token_signing_alg_values_supported" in str(caught.value)


@pytest.mark.parametrize(
    "changed", [{"use_par": False}, {"code_challenge": None}, {"response_type": "code id_token"}]
)
def test_a_login_that_violates_the_profile_is_refused(changed: dict[str, Any]) -> None:
    sound: dict[str, Any] = {
        "redirect_uri": "https://rp.example/cb",
        "response_type": "code",
        "use_par": True,
        "code_challenge": "c",
    }
    check_request("fapi2", **sound)
    with refused(ConfigurationException, "profile_violated"):
        check_request("fapi2", **{**sound, **changed})


def test_signed_responses_have_a_mode_that_signs() -> None:
    both = SIGNED_MESSAGES
    assert response_mode_of("fapi2-message-signing", both, None) == "jwt"
    assert response_mode_of("fapi2-message-signing", both, "form_post.jwt") == "form_post.jwt"
    assert response_mode_of("fapi2-message-signing", ["request"], "query") == "query"
    assert response_mode_of("fapi2", both, None) is None
    for mode in ("query", "form_post"):
        with refused(ConfigurationException, "profile_violated"):
            response_mode_of("fapi2-message-signing", both, mode)


def test_tokens_are_signed_by_the_profiles_algorithms_and_those_chosen() -> None:
    assert signing_algorithms(None, None) is None
    assert signing_algorithms(None, ["RS256"]) == ["RS256"]
    assert signing_algorithms("fapi2", ["RS256", "PS256"]) == ["PS256"]
    assert set(signing_algorithms("fapi2", None) or ()) >= {"ES256", "PS256", "EdDSA"}


def test_eddsa_on_another_curve_is_refused() -> None:
    def signed(curve: str) -> str:
        key = OKPKey.generate_key(curve)  # type: ignore[arg-type]
        return sign_compact({"alg": "EdDSA"}, {}, key, "EdDSA")

    check_signature("fapi2", signed("Ed25519"))
    check_signature(None, signed("Ed448"))
    with refused(TokenValidationException, "algorithm_not_allowed"):
        check_signature("fapi2", signed("Ed448"))
