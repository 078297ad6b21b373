# Generated from aio/test_altered.py by scripts/make_sync.py; edit that file.
"""Every member of every token and answer: dropped, and of every wrong type."""

from __future__ import annotations

import contextlib
import time
from functools import partial
from typing import Any

import pytest

from py_identity_model import AccessTokenRefusedException, DPoPKey
from py_identity_model._validation.id_token import half_hash
from py_identity_model.exceptions import PyIdentityModelException
from py_identity_model.sync import (
    AccessTokenVerifier,
    AuthorizationRequest,
    BackchannelAuthenticationRequest,
    ClientCredentialsTokenRequest,
    ClientReadRequest,
    DeviceAuthorizationRequest,
    DiscoveryDocumentRequest,
    HTTPClient,
    JwksResponse,
    OAuthClient,
    PrivateKeyJwtAuthentication,
    PushedAuthorizationRequest,
    TokenExchangeRequest,
    TokenValidationConfig,
    UserInfoRequest,
    exchange_token,
    get_discovery_document,
    get_userinfo,
    process_jarm_response,
    push_authorization_request,
    read_client,
    request_backchannel_authentication,
    request_client_credentials_token,
    request_device_authorization,
    validate_id_token,
    validate_logout_token,
    validate_token,
)
from py_identity_model.testing import Answer, EmbeddedProvider
from tests.support import DISCOVERY, answering

EVENT = "http://schemas.openid.net/event/backchannel-logout"
PEM = DPoPKey().private_key_pem.decode()
MISSING: Any = None
WRONG: list[Any] = [MISSING, True, 7, -1.5, "", "odd", [], ["odd"], {}, {"odd": 1}, [None], 10**400]
NOW = int(time.time())
ACCEPTABLE: dict[tuple[str, str], list[Any]] = {
    ("id_token", "auth_time"): [],
    ("id_token", "iat"): [7, -1.5],
    ("access_token", "iat"): [7, -1.5],
    ("logout_token", "iat"): [7, -1.5],
    ("logout_token", "exp"): [MISSING],  # older providers give none
    ("access_token", "sub"): ["odd"],
    ("access_token", "client_id"): [True, 7, -1.5, "odd", ["odd"], {"odd": 1}, [None], 10**400],
    ("access_token", "jti"): ["odd"],
    ("id_token", "sub"): ["odd"],
    ("logout_token", "sub"): [MISSING, "", "odd"],
    ("logout_token", "sid"): [MISSING, "", "odd"],
    ("logout_token", "jti"): ["", "odd"],
}
ID_TOKEN: dict[str, Any] = {
    "iss": "",
    "aud": "web",
    "sub": "alice",
    "iat": NOW,
    "exp": NOW + 10**6,
    "nonce": "n",
    "auth_time": NOW,
    "at_hash": half_hash("t", "RS256"),
    "c_hash": half_hash("c", "RS256"),
}
ACCESS_TOKEN: dict[str, Any] = {
    "iss": "",
    "aud": "api",
    "sub": "alice",
    "client_id": "web",
    "iat": NOW,
    "exp": NOW + 10**6,
    "jti": "1",
    "scope": "read",
}
LOGOUT_TOKEN: dict[str, Any] = {
    "iss": "",
    "aud": "web",
    "sub": "alice",
    "sid": "1",
    "iat": NOW,
    "exp": NOW + 10**6,
    "jti": "1",
    "events": {EVENT: {}},
}
JARM: dict[str, Any] = {"iss": "", "aud": "web", "exp": NOW + 10**6, "state": "s"}


def judge(kind: str, provider: EmbeddedProvider, claims: dict[str, Any]) -> None:
    """Give a token of this kind to whoever judges it."""
    claims = {**claims}
    if claims.get("iss") == "" and not claims.pop("altered_iss", False):
        claims["iss"] = provider.issuer
    nothing: dict[str, Any] = dict.fromkeys(("client_id", "jti", "sub", "iat", "exp"))
    token = provider.mint(
        header={"typ": {"access_token": "at+jwt", "logout_token": "logout+jwt"}.get(kind, "JWT")},
        **{**nothing, **claims},
    )
    config = TokenValidationConfig(perform_disco=True, audience="web")
    if kind == "id_token":
        validate_id_token(
            token,
            config,
            provider.issuer,
            nonce="n",
            access_token="t",
            code="c",
            max_age=10**6,
        )
    elif kind == "logout_token":
        validate_logout_token(token, config, provider.issuer, require_typ=True)
    elif kind == "access_token":
        verifier = AccessTokenVerifier(
            provider.issuer, "api", profile="rfc9068", required_scopes=["read"]
        )
        verifier.verify(f"Bearer {token}")
    else:
        process_jarm_response(
            token,
            client_id="web",
            issuer=provider.issuer,
            jwks=JwksResponse(True, keys=provider.keys),
            algorithms=["RS256"],
            is_jwt=True,
        )


def refusal_of(
    kind: str, provider: EmbeddedProvider, claims: dict[str, Any]
) -> PyIdentityModelException | None:
    """Return why a token is refused, None if it is taken; another exception is a defect."""
    try:
        judge(kind, provider, claims)
    except PyIdentityModelException as error:
        return error
    return None


TOKENS = {
    "id_token": ID_TOKEN,
    "access_token": ACCESS_TOKEN,
    "logout_token": LOGOUT_TOKEN,
    "jarm": {name: value for name, value in JARM.items() if name != "state"} | {"code": "c"},
}


@pytest.mark.parametrize("kind", TOKENS)
def test_a_valid_token_is_accepted(provider: EmbeddedProvider, kind: str) -> None:
    judge(kind, provider, TOKENS[kind])


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, claims in TOKENS.items() for name in claims]
)
def test_a_token_with_one_claim_altered_is_refused(
    provider: EmbeddedProvider, kind: str, name: str
) -> None:
    fine = ACCEPTABLE.get((kind, name), [])
    for wrong in WRONG:
        if any(type(one) is type(wrong) and one == wrong for one in fine):
            continue
        if kind == "jarm" and name == "code" and wrong is not MISSING:
            continue  # the code is the provider's own affair
        claims = {**TOKENS[kind], name: wrong, "altered_iss": name == "iss"}
        if name != "iss":
            del claims["altered_iss"]
        refusal = refusal_of(kind, provider, claims)
        assert refusal is not None, (name, wrong)
        assert (type(refusal) is AccessTokenRefusedException) is (kind == "access_token")


@pytest.mark.parametrize("name", ["alg", "typ", "kid", "crit", "b64", "jwk", "jku", "x5u", "zip"])
def test_a_header_with_one_member_altered_does_no_harm(
    provider: EmbeddedProvider, name: str
) -> None:
    config = TokenValidationConfig(perform_disco=True, audience="api")
    for wrong in WRONG[1:]:
        token = provider.mint(header={name: wrong})
        ignored = name in {"typ", "jwk", "jku", "x5u", "zip"}
        if ignored:
            assert validate_token(token, config, provider.issuer)
            continue
        with pytest.raises(PyIdentityModelException):
            validate_token(token, config, provider.issuer)


LISTS = (
    *("authorization_signing_alg_values_supported", "id_token_signing_alg_values_supported"),
    *("token_endpoint_auth_methods_supported", "code_challenge_methods_supported"),
    *("response_types_supported", "grant_types_supported"),
)


@pytest.mark.parametrize("profile", [None, "fapi2"])
@pytest.mark.parametrize("name", LISTS)
def test_a_client_raises_nothing_untyped_for_metadata_with_an_altered_list(
    provider: EmbeddedProvider, name: str, profile: Any
) -> None:
    known = get_discovery_document(DiscoveryDocumentRequest(provider.issuer))
    begun = AuthorizationRequest(
        "", provider.issuer, "web", "https://rp", "s", "n", "v", response_mode="jwt"
    )
    nothing: dict[str, Any] = dict.fromkeys(("client_id", "jti", "sub", "iat"))
    answer = f"?response={provider.mint(aud='web', state='s', code='c', **nothing)}"
    fapi: dict[str, Any] = {"dpop_key": DPoPKey(), "profile": profile} if profile else {}
    for wrong in [*WRONG, [[]], [{}], [["ES256"], "ES256"]]:
        document = {**(known.document or {}), name: wrong}
        provider.intercept = answering(DISCOVERY, Answer.of_json(document))
        with HTTPClient() as http_client:
            key = PrivateKeyJwtAuthentication(PEM, "ES256")
            client = OAuthClient(provider.issuer, "web", key, http_client=http_client, **fapi)
            for call in (
                partial(client.authorization_request, redirect_uri="https://rp"),
                partial(client.callback, answer, begun),
                partial(client.accept_logout_token, provider.mint_logout_token(aud="web")),
            ):
                with contextlib.suppress(PyIdentityModelException):
                    call()


ANSWERS: dict[str, tuple[Any, Any, dict[str, Any], set[str]]] = {
    "token": (
        request_client_credentials_token,
        lambda url: ClientCredentialsTokenRequest(url, "web"),
        {"access_token": "t", "token_type": "Bearer", "expires_in": 60, "scope": "a"},
        set(),
    ),
    "exchange": (
        exchange_token,
        lambda url: TokenExchangeRequest(url, "web", "s", "urn:t"),
        {"access_token": "t", "token_type": "Bearer", "issued_token_type": "urn:t"},
        {"access_token", "token_type"},
    ),
    "device": (
        request_device_authorization,
        lambda url: DeviceAuthorizationRequest(url, "tv"),
        {
            "device_code": "d",
            "user_code": "u",
            "verification_uri": "https://v",
            "verification_uri_complete": "https://v?u",
            "expires_in": 60,
            "interval": 5,
        },
        {"device_code", "user_code", "verification_uri", "expires_in"},
    ),
    "par": (
        push_authorization_request,
        lambda url: PushedAuthorizationRequest(url, "web", "https://rp"),
        {"request_uri": "urn:1", "expires_in": 60},
        {"request_uri", "expires_in"},
    ),
    "ciba": (
        request_backchannel_authentication,
        lambda url: BackchannelAuthenticationRequest(url, "web", login_hint="a"),
        {"auth_req_id": "a", "expires_in": 60, "interval": 5},
        {"auth_req_id", "expires_in"},
    ),
    "registration": (
        read_client,
        lambda url: ClientReadRequest(url, "t"),
        {
            "client_id": "c",
            "client_secret": "s",
            "client_id_issued_at": 1,
            "client_secret_expires_at": 0,
            "registration_access_token": "t",
            "registration_client_uri": "https://r",
        },
        {"client_id"},
    ),
    "userinfo": (
        get_userinfo,
        lambda url: UserInfoRequest(url, "t", "alice"),
        {"sub": "alice", "email": "a"},
        {"sub"},
    ),
}
FITTING: dict[str, list[Any]] = {
    "expires_in": [7, 10**400],
    **{name: ["odd"] for name in ("access_token", "token_type", "device_code", "user_code")},
    **{name: ["odd"] for name in ("verification_uri", "request_uri", "auth_req_id", "client_id")},
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_with_one_member_altered_is_refused_or_has_none(
    provider: EmbeddedProvider, kind: str
) -> None:
    function, make, good, needed = ANSWERS[kind]
    for name in good:
        for wrong in WRONG:
            altered = {**good, name: wrong}
            if wrong is MISSING:
                del altered[name]
            provider.intercept = answering("/x", Answer.of_json(altered))
            response = function(make(provider.issuer + "/x"))
            fits = any(type(one) is type(wrong) and one == wrong for one in FITTING.get(name, []))
            if name in needed and not fits:
                assert not response.is_successful, (name, wrong)
                assert response.error_kind is not None
            elif name not in needed:
                assert response.is_successful, (name, wrong)
                assert repr(response)
