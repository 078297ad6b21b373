"""The embedded provider binds tokens to keys (RFC 9449)."""

from __future__ import annotations

import pytest

from py_identity_model import (
    ClientCredentialsTokenRequest,
    ClientSecretBasic,
    DPoPKey,
    HTTPClient,
    OAuthClient,
    UserInfoRequest,
    create_dpop_proof,
    generate_pkce_pair,
    get_userinfo,
    request_client_credentials_token,
)
from py_identity_model.testing import EmbeddedProvider
from tests.testing.support import (
    CALLBACK,
    authorize,
    get,
    log_in,
    parts,
    post,
    redeem,
    renew,
    request,
    userinfo,
)

KEY = DPoPKey()
OTHER = DPoPKey("EdDSA")
MACHINE = {"grant_type": "client_credentials"}


def test_a_token_is_bound_to_the_key_of_the_proof(provider: EmbeddedProvider) -> None:
    answer = post(provider, MACHINE, key=KEY).json()
    assert answer["token_type"] == "DPoP"
    assert parts(answer["access_token"])[1]["cnf"] == {"jkt": KEY.jwk_thumbprint}


def test_a_token_is_a_bearer_token_without_a_proof(provider: EmbeddedProvider) -> None:
    answer = post(provider, MACHINE).json()
    assert answer["token_type"] == "Bearer"
    assert "cnf" not in parts(answer["access_token"])[1]


def test_the_document_names_the_algorithms_of_proofs(provider: EmbeddedProvider) -> None:
    assert "ES256" in provider.document()["dpop_signing_alg_values_supported"]


@pytest.mark.parametrize("uri", ["https://evil.example/token", "/userinfo"])
def test_a_proof_for_another_place_is_refused(provider: EmbeddedProvider, uri: str) -> None:
    target = uri if uri.startswith("https") else provider.issuer + uri
    proof = {"dpop": create_dpop_proof(KEY, "POST", target)}
    auth = (provider.client_id, provider.client_secret)
    answer = request("POST", provider.token_endpoint, data=MACHINE, auth=auth, headers=proof)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


def test_a_proof_is_accepted_once(provider: EmbeddedProvider) -> None:
    proof = {"dpop": create_dpop_proof(KEY, "POST", provider.token_endpoint)}
    auth = (provider.client_id, provider.client_secret)
    answers = [
        request("POST", provider.token_endpoint, data=MACHINE, auth=auth, headers=proof)
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 400]


def test_two_proofs_in_one_request_are_refused(provider: EmbeddedProvider) -> None:
    proofs = [("dpop", create_dpop_proof(KEY, "POST", provider.token_endpoint)) for _ in range(2)]
    auth = (provider.client_id, provider.client_secret)
    answer = request("POST", provider.token_endpoint, data=MACHINE, auth=auth, headers=proofs)
    assert answer.json() == {"error": "invalid_dpop_proof"}


def test_userinfo_takes_a_bound_token_with_its_proof_alone(provider: EmbeddedProvider) -> None:
    token = log_in(provider, key=KEY).json()["access_token"]
    assert userinfo(provider, token, scheme="DPoP", key=KEY).json() == {"sub": "alice"}
    for answer in (
        userinfo(provider, token),
        userinfo(provider, token, key=KEY),
        userinfo(provider, token, scheme="DPoP"),
        userinfo(provider, token, scheme="DPoP", key=OTHER),
    ):
        assert answer.status_code == 401
        assert "error=" in answer.headers["www-authenticate"]


def test_userinfo_takes_no_bearer_token_by_the_other_scheme(provider: EmbeddedProvider) -> None:
    token = log_in(provider).json()["access_token"]
    assert userinfo(provider, token, scheme="DPoP", key=KEY).status_code == 401


def test_a_proof_of_another_token_is_refused(provider: EmbeddedProvider) -> None:
    one, two = (log_in(provider, key=KEY).json()["access_token"] for _ in range(2))
    url = f"{provider.issuer}/userinfo"
    headers = {"authorization": f"DPoP {one}", "dpop": create_dpop_proof(KEY, "GET", url, two)}
    answer = get(url, headers=headers)
    assert answer.json() == {"error": "invalid_dpop_proof"}


def test_the_refresh_token_of_a_public_client_is_bound(provider: EmbeddedProvider) -> None:
    token = log_in(provider, key=KEY, public=True).json()["refresh_token"]
    for wrong in (None, OTHER):
        answer = renew(provider, token, key=wrong, public=True)
        assert answer.json()["error"] == "invalid_grant"
    assert renew(provider, token, key=KEY, public=True).json()["token_type"] == "DPoP"


def test_the_refresh_token_of_a_confidential_client_is_not(provider: EmbeddedProvider) -> None:
    token = log_in(provider, key=KEY).json()["refresh_token"]
    answer = renew(provider, token, key=OTHER).json()
    assert parts(answer["access_token"])[1]["cnf"] == {"jkt": OTHER.jwk_thumbprint}


def test_a_code_may_be_bound_to_a_key(provider: EmbeddedProvider) -> None:
    verifier, challenge = generate_pkce_pair()
    pkce = {"code_challenge": challenge, "code_challenge_method": "S256"}
    found = authorize(provider, scope="openid", dpop_jkt=KEY.jwk_thumbprint, **pkce)
    for wrong in (None, OTHER):
        answer = redeem(provider, found["code"], verifier, key=wrong)
        assert answer.json()["error"] == "invalid_grant"
    assert redeem(provider, found["code"], verifier, key=KEY).status_code == 200


def test_introspection_says_to_which_key_a_token_is_bound(provider: EmbeddedProvider) -> None:
    token = post(provider, MACHINE, key=KEY).json()["access_token"]
    answer = post(provider, {"token": token}, path="/introspect").json()
    assert answer["cnf"] == {"jkt": KEY.jwk_thumbprint}
    assert answer["token_type"] == "DPoP"


def test_a_pushed_request_binds_its_code_to_the_key(provider: EmbeddedProvider) -> None:
    verifier, challenge = generate_pkce_pair()
    pkce = {"code_challenge": challenge, "code_challenge_method": "S256"}
    form = {"response_type": "code", "redirect_uri": CALLBACK, "scope": "openid", **pkce}
    reference = post(provider, form, key=KEY, path="/par").json()["request_uri"]
    found = authorize(provider, request_uri=reference)
    refused = redeem(provider, found["code"], verifier, key=OTHER)
    assert refused.json()["error"] == "invalid_grant"
    assert redeem(provider, found["code"], verifier, key=KEY).status_code == 200


def test_a_pushed_request_with_two_keys_or_a_bad_proof_is_refused(
    provider: EmbeddedProvider,
) -> None:
    form = {"response_type": "code", "redirect_uri": CALLBACK, "dpop_jkt": OTHER.jwk_thumbprint}
    answer = post(provider, form, key=KEY, path="/par")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    proof = {"dpop": create_dpop_proof(KEY, "GET", f"{provider.issuer}/par")}
    answer = request("POST", f"{provider.issuer}/par", data=form, headers=proof)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


def test_a_client_with_a_key_logs_in_to_a_bound_token(provider: EmbeddedProvider) -> None:
    client = OAuthClient(
        provider.issuer,
        provider.client_id,
        ClientSecretBasic(provider.client_secret),
        redirect_uri=CALLBACK,
        dpop_key=KEY,
    )
    begun = client.authorization_request()
    session = client.callback(get(begun.url).headers["location"], begun)
    assert parts(session.access_token)[1]["cnf"] == {"jkt": KEY.jwk_thumbprint}


def test_a_nonce_is_demanded_where_that_is_switched_on() -> None:
    with EmbeddedProvider(dpop_nonce=True) as provider:
        first = post(provider, MACHINE, key=KEY)
        assert (first.status_code, first.json()["error"]) == (400, "use_dpop_nonce")
        nonce = first.headers["dpop-nonce"]
        assert post(provider, MACHINE, key=KEY, nonce="stale").json()["error"] == "use_dpop_nonce"
        assert post(provider, MACHINE, key=KEY, nonce=nonce).status_code == 200


def test_an_old_nonce_is_replaced_by_the_current_one() -> None:
    with EmbeddedProvider(dpop_nonce=True) as provider:
        nonces = provider.dpop_nonces
        assert nonces is not None
        old = nonces.current()
        nonces.clock = lambda: 4102444800.0
        answer = post(provider, MACHINE, key=KEY, nonce=old)
        assert answer.json()["error"] == "use_dpop_nonce"
        assert answer.headers["dpop-nonce"] == nonces.current() != old


def test_the_library_follows_the_nonces_of_both_endpoints() -> None:
    with EmbeddedProvider(dpop_nonce=True) as provider, HTTPClient() as http_client:
        request = ClientCredentialsTokenRequest(
            provider.token_endpoint,
            provider.client_id,
            provider.client_secret,
            "openid",
            dpop_key=KEY,
        )
        answer = request_client_credentials_token(request, http_client)
        assert answer.token is not None
        token = answer.token["access_token"]
        assert userinfo(provider, token, scheme="DPoP", key=KEY).json() == {
            "error": "use_dpop_nonce"
        }
        asked = UserInfoRequest(f"{provider.issuer}/userinfo", token, dpop_key=KEY)
        assert get_userinfo(asked, http_client).is_successful
