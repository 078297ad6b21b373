# Generated from aio/test_flows.py by scripts/make_sync.py; edit that file.
"""Whole flows against the embedded provider, and answers that are signed."""

from __future__ import annotations

import secrets
import time
from typing import Any

import httpx
import pytest

from py_identity_model.exceptions import (
    ConfigurationException,
    InvalidAudienceException,
    InvalidIssuerException,
    JarmValidationException,
    KeysUnavailableException,
    SignatureVerificationException,
    TokenExpiredException,
    TokenValidationException,
)
from py_identity_model.sync import (
    AuthorizationCodeTokenRequest,
    BackchannelAuthenticationResponse,
    BackchannelTokenRequest,
    ClientSecretBasic,
    DeviceAuthorizationRequest,
    DeviceAuthorizationResponse,
    DeviceTokenRequest,
    DiscoveryDocumentRequest,
    ErrorKind,
    JwksResponse,
    NoClientAuthentication,
    ProtectedResourceMetadataRequest,
    RefreshTokenRequest,
    TokenIntrospectionRequest,
    TokenRevocationRequest,
    TokenValidationConfig,
    UserInfoRequest,
    build_authorization_url,
    build_end_session_url,
    extract_jarm_response_jwt,
    generate_pkce_pair,
    get_discovery_document,
    get_protected_resource_metadata,
    get_userinfo,
    introspect_token,
    is_jarm_response,
    parse_authorize_callback_response,
    poll_device_token,
    process_jarm_response,
    refresh_token,
    request_authorization_code_token,
    request_device_authorization,
    revoke_token,
    validate_authorize_callback_state,
    validate_id_token,
    wait_for_backchannel_token,
    wait_for_device_token,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.support import answering, refused

REDIRECT = "http://127.0.0.1:9/cb"


def location_of(url: str) -> str:
    """Return where a browser is sent."""
    return str(httpx.get(url, trust_env=False).headers["location"])


def log_in(
    provider: EmbeddedProvider, *, public: bool = False, **more: Any
) -> tuple[dict[str, Any], str, str]:
    """Return the tokens of a login, its nonce, and the client's name."""
    disco = get_discovery_document(DiscoveryDocumentRequest(provider.issuer))
    client_id = provider.public_client_id if public else provider.client_id
    state, nonce = secrets.token_urlsafe(), secrets.token_urlsafe()
    verifier, challenge = generate_pkce_pair()
    url = build_authorization_url(
        disco.authorization_endpoint or "",
        client_id,
        REDIRECT,
        "openid profile",
        state=state,
        nonce=nonce,
        code_challenge=challenge,
        code_challenge_method="S256",
        **more,
    )
    callback = parse_authorize_callback_response(location_of(url))
    assert validate_authorize_callback_state(callback, state).is_valid
    secret = ClientSecretBasic(provider.client_secret)
    response = request_authorization_code_token(
        AuthorizationCodeTokenRequest(
            provider.token_endpoint,
            client_id,
            callback.code or "",
            REDIRECT,
            verifier,
            client_authentication=NoClientAuthentication() if public else secret,
        )
    )
    assert response.is_successful, vars(response)
    assert response.token is not None
    return response.token, nonce, client_id


@pytest.mark.parametrize("public", [True, False])
def test_a_user_logs_in_and_is_known(public: bool) -> None:
    with EmbeddedProvider(user_claims={"email": "a@example.test"}) as provider:
        token, nonce, client_id = log_in(provider, public=public, login_hint="bob")
        config = TokenValidationConfig(perform_disco=True, audience=client_id)
        claims = validate_id_token(
            token["id_token"],
            config,
            provider.issuer,
            nonce=nonce,
            access_token=token["access_token"],
            max_age=60,
        )
        assert claims["sub"] == "bob"
        address = f"{provider.issuer}/userinfo"
        request = UserInfoRequest(address, token["access_token"], claims["sub"])
        userinfo = get_userinfo(request)
        assert userinfo.claims == {"sub": "bob", "email": "a@example.test"}


def test_a_refresh_token_is_rotated_and_ends_with_its_use(
    provider: EmbeddedProvider,
) -> None:
    token, _, _ = log_in(provider)
    request = RefreshTokenRequest(
        provider.token_endpoint,
        provider.client_id,
        token["refresh_token"],
        client_secret=provider.client_secret,
    )
    first = refresh_token(request)
    assert first.is_successful, vars(first)
    assert first.token is not None
    assert first.token["refresh_token"] != token["refresh_token"]
    assert (refresh_token(request)).oauth_error == "invalid_grant"


def test_a_token_ends_with_its_revocation(provider: EmbeddedProvider) -> None:
    token, _, client_id = log_in(provider)
    secret = provider.client_secret
    ask = TokenIntrospectionRequest(
        f"{provider.issuer}/introspect", token["access_token"], client_id, client_secret=secret
    )
    response = introspect_token(ask)
    assert response.claims is not None
    assert response.claims["active"] is True
    revoked = revoke_token(
        TokenRevocationRequest(
            f"{provider.issuer}/revoke", token["access_token"], client_id, client_secret=secret
        )
    )
    assert revoked.is_successful
    assert (introspect_token(ask)).claims == {"active": False}
    userinfo = get_userinfo(UserInfoRequest(f"{provider.issuer}/userinfo", token["access_token"]))
    assert userinfo.status_code == 401


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let polls follow each other at once."""
    monkeypatch.setattr("py_identity_model._wire.polling._SHORTEST", 0)


@pytest.mark.usefixtures("no_pause")
@pytest.mark.parametrize("agree", [True, False])
def test_a_device_waits_for_its_user(provider: EmbeddedProvider, agree: bool) -> None:
    device = request_device_authorization(
        DeviceAuthorizationRequest(f"{provider.issuer}/device_authorization", "native")
    )
    assert device.is_successful, vars(device)
    request = DeviceTokenRequest(provider.token_endpoint, "native", device.device_code or "")
    assert (poll_device_token(request)).error_code == "authorization_pending"
    provider.decide_device(device.user_code or "", agree=agree)
    device.interval = 0
    response = wait_for_device_token(request, device)
    if agree:
        assert response.is_successful, vars(response)
    else:
        assert response.error_code == "access_denied"


def test_waiting_ends_when_the_codes_have_expired(provider: EmbeddedProvider) -> None:
    device = DeviceAuthorizationResponse(True, device_code="d", expires_in=3, interval=5)
    request = DeviceTokenRequest(provider.token_endpoint, "native", "d")
    response = wait_for_device_token(request, device)
    assert response.error_code == "expired_token"
    assert response.error_kind is ErrorKind.EXPIRED
    started = BackchannelAuthenticationResponse(True, auth_req_id="a", expires_in=3, interval=5)
    ciba = BackchannelTokenRequest(provider.token_endpoint, "native", "a")
    assert (wait_for_backchannel_token(ciba, started)).oauth_error == "expired_token"
    assert provider.requests == []


@pytest.mark.usefixtures("no_pause")
def test_waiting_ends_with_the_providers_own_error(provider: EmbeddedProvider) -> None:
    answers = iter(
        [
            Answer.of_json({"error": "authorization_pending"}),
            Answer.of_json({"error": "server_error", "error_description": "out of order"}, 500),
        ]
    )
    provider.intercept = lambda received: next(answers)
    device = DeviceAuthorizationResponse(True, device_code="d", expires_in=60, interval=0)
    request = DeviceTokenRequest(provider.token_endpoint, "native", "d")
    response = wait_for_device_token(request, device)
    assert response.oauth_error == "server_error"
    assert response.oauth_error_description == "out of order"


@pytest.mark.usefixtures("no_pause")
@pytest.mark.parametrize("status", [400, 200])
def test_waiting_continues_until_there_is_a_response(
    provider: EmbeddedProvider, status: int
) -> None:
    pending = Answer.of_json({"error": "authorization_pending"}, status)
    granted = Answer.of_json({"access_token": "t", "token_type": "Bearer"})
    answers = iter([pending, pending, granted])
    provider.intercept = lambda received: next(answers)
    started = BackchannelAuthenticationResponse(True, auth_req_id="a", expires_in=60, interval=0)
    request = BackchannelTokenRequest(provider.token_endpoint, "native", "a")
    assert (wait_for_backchannel_token(request, started)).is_successful
    assert len(provider.requests) == 3


def test_a_logout_comes_back(provider: EmbeddedProvider) -> None:
    url = build_end_session_url(
        f"{provider.issuer}/end_session", post_logout_redirect_uri=REDIRECT, state="s"
    )
    assert location_of(url) == f"{REDIRECT}?state=s"


class Jarm:
    """Signed authorization responses of the embedded provider."""

    def __init__(self, provider: EmbeddedProvider) -> None:
        self.provider = provider
        self.jwks = JwksResponse(True, keys=provider.keys)

    def token(self, algorithm: str = "ES256", **claims: Any) -> str:
        usual: dict[str, Any] = {"aud": "web", "code": "c", "state": "s"}
        nothing: dict[str, Any] = dict.fromkeys(("sub", "client_id", "iat", "jti"))
        return self.provider.mint(algorithm=algorithm, **{**nothing, **usual, **claims})

    def process(self, token: str, **more: Any) -> Any:
        known: dict[str, Any] = {
            "issuer": self.provider.issuer,
            "jwks": self.jwks,
            "algorithms": ["ES256"],
            "client_id": "web",
            "is_jwt": True,
        }
        return process_jarm_response(token, **{**known, **more})


def test_a_signed_response_is_read_like_any_other(provider: EmbeddedProvider) -> None:
    jarm = Jarm(provider)
    token = jarm.token()
    callback = jarm.process(token)
    assert (callback.code, callback.state, callback.issuer) == ("c", "s", provider.issuer)
    assert callback.raw == token
    assert provider.requests == []
    refusal = jarm.process(jarm.token(code=None, error="access_denied"))
    assert refusal.error == "access_denied"
    number = jarm.process(jarm.token(code=None, access_token="t", expires_in=60))
    assert number.expires_in == 60


def test_missing_arguments_are_fetched(provider: EmbeddedProvider) -> None:
    jarm = Jarm(provider)
    url = f"{REDIRECT}?response={jarm.token()}"
    assert is_jarm_response(url)
    callback = process_jarm_response(url, client_id="web", disco_doc_address=provider.issuer)
    assert callback.code == "c"
    assert [received.path for received in provider.requests] == [
        "/.well-known/openid-configuration",
        "/jwks",
    ]
    with refused(ConfigurationException, "missing_discovery_address"):
        process_jarm_response(url, client_id="web", issuer=provider.issuer)
    provider.intercept = answering("/jwks", Answer(503))
    with refused(KeysUnavailableException, "keys_unavailable"):
        process_jarm_response(url, client_id="web", disco_doc_address=provider.issuer)
    provider.close()
    with refused(KeysUnavailableException, "keys_unavailable"):
        process_jarm_response(url, client_id="web", disco_doc_address=provider.issuer)


def test_a_signed_response_that_breaks_a_rule_is_refused(
    provider: EmbeddedProvider,
) -> None:
    jarm = Jarm(provider)
    foreign = EmbeddedProvider()
    foreign.close()
    cases: list[tuple[str, dict[str, Any], type[Exception]]] = [
        ("no token", {}, JarmValidationException),
        (jarm.token("RS256"), {}, JarmValidationException),
        (jarm.token(), {"algorithms": []}, JarmValidationException),
        (jarm.token(), {"algorithms": ["HS256"]}, JarmValidationException),
        (jarm.token(iss=None), {}, JarmValidationException),
        (jarm.token(aud=None), {}, JarmValidationException),
        (jarm.token(exp=None), {}, JarmValidationException),
        (jarm.token(code=None, state=None), {}, JarmValidationException),
        (jarm.token(iss="https://else"), {}, InvalidIssuerException),
        (jarm.token(aud="else"), {}, InvalidAudienceException),
        (jarm.token(exp=1), {}, TokenExpiredException),
        (jarm.token()[:-8] + "AAAAAAAA", {}, SignatureVerificationException),
        (Jarm(foreign).token(), {}, TokenValidationException),
        ("eyJhbGciOiJub25lIn0.e30.", {}, JarmValidationException),
        ("a.b.c.d.e", {}, JarmValidationException),
        ("a.b.c.d.e", {"decryption_keys": []}, TokenValidationException),
    ]
    for token, more, expected in cases:
        with pytest.raises(expected):
            jarm.process(token, **more)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        (f"{REDIRECT}?response=a.b.c", "a.b.c"),
        (f"{REDIRECT}#response=a.b.c", "a.b.c"),
        (f"{REDIRECT}?response=q#response=f", "f"),
        (f"{REDIRECT}?response=q#other=f", "q"),
    ],
)
def test_a_response_is_found_in_the_fragment_or_the_query(url: str, found: str) -> None:
    assert is_jarm_response(url)
    assert extract_jarm_response_jwt(url) == found


@pytest.mark.parametrize("url", ["", "/cb", "/cb?response=", "/cb?code=c", "https://["])
def test_a_redirect_without_a_response_is_reported(url: str) -> None:
    assert not is_jarm_response(url)
    with pytest.raises(JarmValidationException):
        extract_jarm_response_jwt(url)


def test_two_responses_are_one_too_many() -> None:
    assert is_jarm_response("/cb?response=a&response=b")
    with pytest.raises(JarmValidationException, match="more than one"):
        extract_jarm_response_jwt("/cb?response=a&response=b")


def signed(content_type: str, token: str) -> Any:
    """Return an interceptor whose answer is a signed token."""

    def respond(received: Received) -> Answer | None:
        if received.path != "/signed":
            return None
        return Answer(200, token.encode(), {"content-type": content_type})

    return respond


def test_signed_userinfo_is_verified(provider: EmbeddedProvider) -> None:
    config = TokenValidationConfig(perform_disco=True, audience="web")
    request = UserInfoRequest(
        f"{provider.issuer}/signed",
        "t",
        "alice",
        token_validation_config=config,
        disco_doc_address=provider.issuer,
    )
    for claims, successful in (
        ({"sub": "alice", "aud": "web"}, True),
        ({"sub": "bob", "aud": "web"}, False),
        ({"sub": "alice", "aud": "else"}, False),
        ({"sub": "alice", "aud": "web", "exp": 1}, False),
    ):
        minted: dict[str, Any] = {**claims}
        provider.intercept = signed("application/jwt", provider.mint(**minted))
        response = get_userinfo(request)
        assert response.is_successful is successful
        if not successful:
            another = claims["sub"] == "bob"
            kind = ErrorKind.SUBJECT_MISMATCH if another else ErrorKind.VERIFICATION_FAILED
            assert response.error_kind is kind


@pytest.mark.parametrize(
    ("typ", "claims", "text"),
    [
        ("token-introspection+jwt", {}, None),
        ("application/Token-Introspection+jwt", {}, None),  # the same: RFC 7515 §4.1.9
        ("at+jwt", {}, "unexpected type"),
        (None, {}, "unexpected type"),
        ("token-introspection+jwt", {"aud": "else"}, "Invalid audience"),
        ("token-introspection+jwt", {"token_introspection": None}, "missing"),
        ("token-introspection+jwt", {"token_introspection": "x"}, "missing"),
    ],
)
def test_a_signed_introspection_is_verified(
    provider: EmbeddedProvider, typ: str | None, claims: dict[str, Any], text: str | None
) -> None:
    usual: dict[str, Any] = {
        "aud": "api",
        "iat": int(time.time()),
        "exp": None,
        "sub": None,
        "token_introspection": {"active": True},
    }
    token = provider.mint(header={"typ": typ}, **{**usual, **claims})
    provider.intercept = signed("application/token-introspection+jwt", token)
    request = TokenIntrospectionRequest(
        f"{provider.issuer}/signed",
        "t",
        "api",
        token_validation_config=TokenValidationConfig(perform_disco=True, audience="api"),
        disco_doc_address=provider.issuer,
    )
    response = introspect_token(request)
    assert provider.requests[0].headers["accept"] == "application/token-introspection+jwt"
    if text is None:
        assert response.claims == {"active": True}
    else:
        assert text in str(response.error)


def test_an_unsigned_introspection_is_refused_where_a_signed_one_is_asked_for(
    provider: EmbeddedProvider,
) -> None:
    provider.intercept = lambda received: Answer.of_json({"active": True})
    request = TokenIntrospectionRequest(
        f"{provider.issuer}/x",
        "t",
        "api",
        token_validation_config=TokenValidationConfig(perform_disco=True, audience="api"),
    )
    assert "not signed" in str((introspect_token(request)).error)


def test_a_resource_is_described_where_it_says(provider: EmbeddedProvider) -> None:
    resource = f"{provider.issuer}/orders"
    provider.intercept = answering(
        "/.well-known/oauth-protected-resource/orders",
        Answer.of_json({"resource": resource, "authorization_servers": [provider.issuer]}),
    )
    for address in (resource, f"{provider.issuer}/.well-known/oauth-protected-resource/orders"):
        response = get_protected_resource_metadata(ProtectedResourceMetadataRequest(address))
        assert response.is_successful, vars(response)
        assert response.authorization_servers == [provider.issuer]
        assert response.document == {
            "resource": resource,
            "authorization_servers": [provider.issuer],
        }


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer.of_json({"resource": "https://else.example"}), ErrorKind.INVALID_DOCUMENT),
        (Answer.of_json({}), ErrorKind.INVALID_DOCUMENT),
        (Answer(200, b"{}", {"content-type": "text/html"}), ErrorKind.INVALID_DOCUMENT),
        (Answer(404), ErrorKind.UNEXPECTED_STATUS),
    ],
)
def test_a_description_of_something_else_is_refused(
    provider: EmbeddedProvider, answer: Answer, kind: ErrorKind
) -> None:
    provider.intercept = lambda received: answer
    request = ProtectedResourceMetadataRequest(provider.issuer)
    response = get_protected_resource_metadata(request)
    assert response.error_kind is kind
    with_http = ProtectedResourceMetadataRequest("http://api.example")
    response = get_protected_resource_metadata(with_http)
    assert response.error_kind is ErrorKind.HTTPS_REQUIRED
