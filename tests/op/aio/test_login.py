"""Logins against a certified provider: every way of authenticating, every kind of ID token."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from py_identity_model._jose.algorithms import ML_DSA, is_usable
from py_identity_model.aio import (
    AuthorizationCodeTokenRequest,
    ClientAuthentication,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    NoClientAuthentication,
    PrivateKeyJwtAuthentication,
    TokenValidationConfig,
    UserInfoRequest,
    get_userinfo,
    parse_authorize_callback_response,
    request_authorization_code_token,
    validate_authorize_callback_state,
    validate_id_token,
)
from py_identity_model.exceptions import (
    IdTokenValidationException,
    InvalidAudienceException,
    TokenValidationException,
)
from tests.op.aio.login import REDIRECT, SECRET, Attempt, discover, exchange, log_in
from tests.op.browser import Browser
from tests.op.driver import RealProvider
from tests.support import refused

Make = Callable[[RealProvider], ClientAuthentication]
AUTHENTICATIONS: dict[str, Make] = {
    "web": lambda op: ClientSecretBasic(SECRET),
    "web-post": lambda op: ClientSecretPost(SECRET),
    "web-secret-jwt": lambda op: ClientSecretJwt(SECRET, audience=op.issuer),
    "web-pkjwt": lambda op: PrivateKeyJwtAuthentication(
        op.key("es"), "ES256", "client-es256", op.issuer
    ),
    "spa": lambda op: NoClientAuthentication(),
}
ASYMMETRIC = [
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"),
    *("EdDSA", "Ed25519", *ML_DSA),
]


@pytest.mark.parametrize("client_id", AUTHENTICATIONS)
async def test_a_user_logs_in(op: RealProvider, browser: Browser, client_id: str) -> None:
    make = AUTHENTICATIONS[client_id]
    login = await log_in(op, browser, client_id, authentication=make(op), login_hint="bob")
    assert login.claims["sub"] == "bob"
    (sent,) = [
        entry
        for entry in op.take_log()
        if entry.get("path") == "/token" and entry.get("method") == "POST"
    ]
    assert ("authorization" in sent["headers"]) == (client_id == "web")


def require_post_quantum(op: RealProvider, algorithm: str) -> None:
    """Skip where the provider's Node, or the installed cryptography, lacks the algorithm."""
    if algorithm in ML_DSA and not (algorithm in op.post_quantum and is_usable(algorithm)):
        pytest.skip(f"{algorithm} is not available here")


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA", "ML-DSA-44"])
async def test_a_client_signs_its_assertions_by(
    op: RealProvider, browser: Browser, algorithm: str
) -> None:
    require_post_quantum(op, algorithm)
    key = {"RS256": "rs", "PS256": "ps", "ES256": "es", "EdDSA": "ed", "ML-DSA-44": "pq"}[algorithm]
    signed = PrivateKeyJwtAuthentication(op.key(key), algorithm, f"client-{algorithm.lower()}")
    login = await log_in(op, browser, "web-pkjwt", authentication=signed)
    assert login.claims["sub"] == "alice"


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
async def test_an_id_token_is_signed_by(op: RealProvider, browser: Browser, algorithm: str) -> None:
    require_post_quantum(op, algorithm)
    client_id = f"web-{algorithm.lower()}"
    config = TokenValidationConfig(
        perform_disco=True, audience=client_id, algorithms=[algorithm, "EdDSA"]
    )
    login = await log_in(op, browser, client_id, config=config)
    assert login.claims["sub"] == "alice"
    userinfo = await get_userinfo(
        UserInfoRequest(
            login.disco.userinfo_endpoint or "",
            login.token["access_token"],
            expected_sub="alice",
            token_validation_config=config,
            disco_doc_address=op.issuer,
        )
    )
    assert userinfo.is_successful, vars(userinfo)
    assert userinfo.raw is not None
    assert userinfo.claims is not None
    assert userinfo.claims["sub"] == "alice"


@pytest.mark.parametrize(("algorithm", "secret"), [("HS256", SECRET), ("HS512", SECRET * 2)])
async def test_an_id_token_is_signed_with_the_clients_secret(
    op: RealProvider, browser: Browser, algorithm: str, secret: str
) -> None:
    client_id = f"web-{algorithm.lower()}"
    config = TokenValidationConfig(
        perform_disco=True, audience=client_id, algorithms=[algorithm], client_secret=secret
    )
    login = await log_in(
        op, browser, client_id, config=config, authentication=ClientSecretBasic(secret)
    )
    assert login.claims["sub"] == "alice"
    config.client_secret = secret[::-1]
    with pytest.raises(TokenValidationException):
        await validate_id_token(login.token["id_token"], config, op.issuer)


@pytest.mark.parametrize("client_id", ["web-enc-rsa", "web-enc-ec", "web-enc-dir"])
async def test_an_encrypted_id_token_is_opened(
    op: RealProvider, browser: Browser, client_id: str
) -> None:
    config = TokenValidationConfig(
        perform_disco=True,
        audience=client_id,
        decryption_keys=[op.key("encEc"), op.key("encRsa")],
        client_secret=SECRET,
    )
    login = await log_in(op, browser, client_id, config=config)
    assert login.claims["sub"] == "alice"
    config.decryption_keys = None
    with refused(TokenValidationException, "malformed_token"):
        await validate_id_token(login.token["id_token"], config, op.issuer)


async def test_encrypted_userinfo_is_opened_and_verified(
    op: RealProvider, browser: Browser
) -> None:
    config = TokenValidationConfig(
        perform_disco=True, audience="web-enc-rsa", decryption_keys=[op.key("encRsa")]
    )
    login = await log_in(op, browser, "web-enc-rsa", config=config, scope="openid email")
    request = UserInfoRequest(
        login.disco.userinfo_endpoint or "",
        login.token["access_token"],
        expected_sub="alice",
        token_validation_config=config,
        disco_doc_address=op.issuer,
    )
    userinfo = await get_userinfo(request)
    assert userinfo.claims is not None
    assert userinfo.claims["email"] == "alice@example.test"
    request.expected_sub = "bob"
    assert "sub mismatch" in str((await get_userinfo(request)).error)


async def test_plain_userinfo_is_about_the_same_user(op: RealProvider, browser: Browser) -> None:
    login = await log_in(op, browser, scope="openid profile email")
    request = UserInfoRequest(
        login.disco.userinfo_endpoint or "", login.token["access_token"], "alice"
    )
    userinfo = await get_userinfo(request)
    assert userinfo.claims is not None
    assert userinfo.claims["name"] == "Alice Adams"
    request.token = "unknown"
    refusal = await get_userinfo(request)
    assert refusal.status_code == 401
    assert refusal.oauth_error == "invalid_token"


@pytest.mark.parametrize(
    "response_type",
    ["id_token", "id_token token", "code id_token", "code token", "code id_token token"],
)
async def test_hybrid_and_implicit_responses_are_bound_together(
    op: RealProvider, browser: Browser, response_type: str
) -> None:
    attempt = Attempt("web-hybrid", await discover(op.issuer))
    url = attempt.url(response_type=response_type, response_mode="fragment")
    callback = parse_authorize_callback_response(browser.go(url, until=REDIRECT).url)
    attempt.check(callback)
    config = TokenValidationConfig(perform_disco=True, audience="web-hybrid")
    words = response_type.split()
    if "id_token" in words:
        assert callback.identity_token is not None
        claims = await validate_id_token(
            callback.identity_token,
            config,
            op.issuer,
            nonce=attempt.nonce,
            access_token=callback.access_token,
            code=callback.code,
            response_type=response_type,
        )
        assert claims["sub"] == "alice"
        with refused(
            IdTokenValidationException, "hash_mismatch" if "code" in words else "missing_hash"
        ):
            await validate_id_token(callback.identity_token, config, op.issuer, code="another")
    if "code" in words:
        token = await exchange(attempt, callback)
        assert token["access_token"]


async def test_a_response_may_come_as_a_posted_form(op: RealProvider, browser: Browser) -> None:
    attempt = Attempt("web", await discover(op.issuer))
    landing = browser.go(attempt.url(response_mode="form_post"), until=REDIRECT)
    assert landing.posted is not None
    body = "&".join(f"{name}={value}" for name, value in landing.posted.items())
    callback = parse_authorize_callback_response(f"?{body}")
    assert callback.state == attempt.state
    assert callback.code == landing.posted["code"]


async def test_a_refusal_by_the_user_is_reported(op: RealProvider, browser: Browser) -> None:
    attempt = Attempt("web", await discover(op.issuer))
    landing = browser.go(attempt.url(login_hint="deny"), until=REDIRECT)
    callback = parse_authorize_callback_response(landing.url)
    assert not callback.is_successful
    assert callback.error == "access_denied"
    checked = validate_authorize_callback_state(callback, attempt.state)
    assert checked.error == "access_denied"


async def test_a_code_works_once(op: RealProvider, browser: Browser) -> None:
    attempt = Attempt("web", await discover(op.issuer))
    callback = parse_authorize_callback_response(browser.go(attempt.url(), until=REDIRECT).url)
    await exchange(attempt, callback)
    again = await request_authorization_code_token(
        AuthorizationCodeTokenRequest(
            attempt.disco.token_endpoint or "",
            "web",
            callback.code or "",
            REDIRECT,
            attempt.pair[0],
            SECRET,
        )
    )
    assert again.oauth_error == "invalid_grant"


@pytest.mark.parametrize("verifier", [None, "x" * 43])
async def test_a_stolen_code_is_worthless_without_its_verifier(
    op: RealProvider, browser: Browser, verifier: str | None
) -> None:
    attempt = Attempt("web", await discover(op.issuer))
    callback = parse_authorize_callback_response(browser.go(attempt.url(), until=REDIRECT).url)
    response = await request_authorization_code_token(
        AuthorizationCodeTokenRequest(
            attempt.disco.token_endpoint or "",
            "web",
            callback.code or "",
            REDIRECT,
            verifier,
            SECRET,
        )
    )
    assert response.oauth_error in {"invalid_grant", "invalid_request"}


async def test_an_id_token_answers_one_request_only(op: RealProvider, browser: Browser) -> None:
    login = await log_in(op, browser, max_age=1000)
    token = login.token["id_token"]
    config = TokenValidationConfig(perform_disco=True, audience="web")
    assert await validate_id_token(token, config, op.issuer, nonce=login.nonce, max_age=1000)
    with refused(IdTokenValidationException, "nonce_mismatch"):
        await validate_id_token(token, config, op.issuer, nonce="another")
    config.audience = "spa"
    with refused(InvalidAudienceException, "invalid_audience"):
        await validate_id_token(token, config, op.issuer)


async def test_a_pairwise_subject_differs_from_the_public_one(
    op: RealProvider, browser: Browser
) -> None:
    login = await log_in(op, browser, "web-pairwise")
    assert login.claims["sub"] != "alice"
    userinfo = await get_userinfo(
        UserInfoRequest(
            login.disco.userinfo_endpoint or "",
            login.token["access_token"],
            expected_sub=login.claims["sub"],
        )
    )
    assert userinfo.is_successful


async def test_claims_and_levels_are_asked_for(op: RealProvider, browser: Browser) -> None:
    login = await log_in(
        op,
        browser,
        acr_values="urn:test:silver",
        claims={"id_token": {"email": {"essential": True}}},
        prompt="login",
        ui_locales="fr en",
    )
    assert login.claims["acr"] == "urn:test:silver"
    assert login.claims["email"] == "alice@example.test"


async def test_a_login_over_https(trusted: RealProvider, browser: Browser) -> None:
    login = await log_in(trusted, browser, issuer=trusted.https_issuer)
    assert login.claims["iss"] == trusted.https_issuer
