# Generated from aio/test_oauth_client.py by scripts/make_sync.py; edit that file.
"""The client that is kept: logins from beginning to end, and why they fail."""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from py_identity_model.exceptions import (
    AuthorizeCallbackException,
    ConfigurationException,
    DiscoveryException,
    IdTokenValidationException,
    InvalidArgumentError,
    KeysUnavailableException,
    TokenRequestException,
    TokenValidationException,
    UserInfoException,
)
from py_identity_model.sync import (
    AuthorizationRequest,
    ClientSecretBasic,
    ClientSecretJwt,
    DiscoveryDocumentRequest,
    DPoPKey,
    HTTPClient,
    MemoryReplayStore,
    MemoryTokenStore,
    MtlsClientAuth,
    NoClientAuthentication,
    OAuthClient,
    PrivateKeyJwt,
    PrivateKeyJwtAuthentication,
    SelfSignedTlsClientAuth,
    Session,
    TokenStoreReplayStore,
    clear_discovery_cache,
    get_discovery_document,
)
from py_identity_model.sync._cache import provider_cache
from py_identity_model.testing import Answer, EmbeddedProvider, Received, freeze_clocks
from tests.support import DISCOVERY, Clock, answering, failing, refused

REDIRECT = "https://rp.example/cb"
KEY = DPoPKey().private_key_pem.decode()


def client_of(provider: EmbeddedProvider, **more: Any) -> OAuthClient:
    usual: dict[str, Any] = {
        "client_authentication": ClientSecretBasic(provider.client_secret),
        "redirect_uri": REDIRECT,
        "scope": ["openid", "profile"],
    }
    return OAuthClient(provider.issuer, provider.client_id, **{**usual, **more})


def browsed(url: str) -> str:
    """Return where a browser ends."""
    return str(httpx.get(url, trust_env=False).headers["location"])


def test_a_login_takes_two_calls(provider: EmbeddedProvider) -> None:
    provider.user_claims = {"name": "Alice"}
    client = client_of(provider)
    begun = client.authorization_request(login_hint="bob", max_age=60)
    kept = begun.to_json()
    session = client.callback(
        browsed(begun.url), AuthorizationRequest.from_json(kept), userinfo=True
    )
    assert session.subject == "bob"
    assert session.userinfo == {"sub": "bob", "name": "Alice"}
    assert session.expires_at is not None
    assert session.claims["nonce"] == begun.nonce
    for secret in (begun.state, begun.nonce, begun.code_verifier):
        assert secret
        assert secret not in repr(begun)
    assert session.access_token not in repr(session)


def test_a_public_client_logs_in(provider: EmbeddedProvider) -> None:
    client = OAuthClient(provider.issuer, "native", redirect_uri=REDIRECT)
    begun = client.authorization_request()
    assert (client.callback(browsed(begun.url), begun)).subject == "alice"


def test_every_login_makes_its_own_secrets(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    first, second = [client.authorization_request() for _ in range(2)]
    assert first.state != second.state
    assert first.nonce != second.nonce
    assert first.code_verifier != second.code_verifier
    assert provider.count("/.well-known/openid-configuration") == 1
    sent = parse_qs(urlsplit(first.url).query)
    assert sent["code_challenge_method"] == ["S256"]
    assert first.code_verifier
    assert first.code_verifier not in first.url


def test_a_posted_form_is_an_answer_too(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = client.authorization_request()
    fields = dict(httpx.QueryParams(urlsplit(browsed(begun.url)).query))
    assert (client.callback(fields, begun)).subject == "alice"


CALLBACKS: list[tuple[str, str]] = [
    ("?code=c", "missing_state"),
    ("?code=c&state=", "missing_state"),
    ("?code=c&state=other", "state_mismatch"),
    ("?code=c&state={state}&iss=https://else", "issuer_mismatch"),
    ("?state={state}", "incomplete_callback"),
    ("?error=access_denied&state={state}", "authorization_refused"),
    ("?error=access_denied", "authorization_refused"),
    ("?error=access_denied&state=other", "state_mismatch"),
    ("?nothing=here", "no_parameters"),
    ("", "invalid_callback"),
]


@pytest.mark.parametrize(("answer", "code"), CALLBACKS)
def test_the_reason_of_a_failed_callback_is_reported(
    provider: EmbeddedProvider, answer: str, code: str
) -> None:
    client = client_of(provider)
    begun = client.authorization_request()
    with refused(AuthorizeCallbackException, code) as caught:
        client.callback(answer.format(state=begun.state), begun)
    assert provider.count("/token") == 0
    if code == "authorization_refused":
        assert caught.value.details["error"] == "access_denied"


def test_a_callback_works_once(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = client.authorization_request()
    url = browsed(begun.url)
    client.callback(url, begun)
    with refused(AuthorizeCallbackException, "callback_replayed"):
        client.callback(url, begun)
    assert provider.count("/token") == 1


def test_a_provider_that_names_itself_must(provider: EmbeddedProvider) -> None:
    document = {**provider.document(), "authorization_response_iss_parameter_supported": True}
    provider.intercept = answering("/.well-known/openid-configuration", Answer.of_json(document))
    client = client_of(provider)
    begun = client.authorization_request()
    url = browsed(begun.url)
    with refused(AuthorizeCallbackException, "missing_issuer"):
        client.callback(url, begun)
    session = client.callback(f"{url}&{urlencode({'iss': provider.issuer})}", begun)
    assert session.subject == "alice"


def test_a_refused_code_is_reported(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = client.authorization_request()
    with refused(TokenRequestException, "token_request_error") as caught:
        client.callback(f"?code=guessed&state={begun.state}", begun)
    assert caught.value.details["oauth_error"] == "invalid_grant"
    assert caught.value.url == provider.token_endpoint


def test_an_id_token_for_another_login_is_refused(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = client.authorization_request()
    stolen = provider.mint(aud=provider.client_id, nonce="other", header={"typ": "JWT"})
    body = {"access_token": "t", "token_type": "Bearer", "id_token": stolen}
    provider.intercept = answering("/token", Answer.of_json(body))
    with refused(IdTokenValidationException, "nonce_mismatch"):
        client.callback(browsed(begun.url), begun)
    begun = client.authorization_request()
    provider.intercept = answering("/token", Answer.of_json({"access_token": "t"}))
    with refused(AuthorizeCallbackException, "missing_id_token"):
        client.callback(browsed(begun.url), begun)


def test_userinfo_about_another_user_ends_the_login(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = client.authorization_request()
    provider.intercept = answering("/userinfo", Answer.of_json({"sub": "mallory"}))
    with refused(UserInfoException, "userinfo_subject_mismatch"):
        client.callback(browsed(begun.url), begun, userinfo=True)
    begun = client.authorization_request()
    refusal = Answer.of_json({"error": "insufficient_scope"}, 403)
    provider.intercept = answering("/userinfo", refusal)
    with refused(UserInfoException, "userinfo_error") as caught:
        client.callback(browsed(begun.url), begun, userinfo=True)
    assert (caught.value.details, caught.value.url) == (
        {"oauth_error": "insufficient_scope"},
        f"{provider.issuer}/userinfo",
    )


def test_userinfo_that_is_refused_ends_the_login(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = client.authorization_request()
    provider.intercept = answering("/userinfo", Answer.of_json({"error": "no_access"}, 403))
    with refused(UserInfoException, "userinfo_error") as caught:
        client.callback(browsed(begun.url), begun, userinfo=True)
    assert caught.value.status_code == 403
    assert "status code: 403" in str(caught.value)


def hybrid(provider: EmbeddedProvider, begun: AuthorizationRequest, **claims: Any) -> str:
    """Return the answer of a hybrid login."""
    from py_identity_model._validation.id_token import half_hash

    callback = parse_qs(urlsplit(browsed(begun.url.replace("code+id_token", "code"))).query)
    code = callback["code"][0]
    usual: dict[str, Any] = {
        "aud": provider.client_id,
        "nonce": begun.nonce,
        "sub": "alice",
        "c_hash": half_hash(code, "RS256"),
    }
    token = provider.mint(header={"typ": "JWT"}, **{**usual, **claims})
    return "#" + urlencode({"code": code, "state": begun.state, "id_token": token})


def test_a_hybrid_login_checks_both_id_tokens(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = client.authorization_request(response_type="code id_token")
    assert (client.callback(hybrid(provider, begun), begun)).subject == "alice"
    begun = client.authorization_request(response_type="code id_token")
    with refused(AuthorizeCallbackException, "subject_mismatch"):
        client.callback(hybrid(provider, begun, sub="mallory"), begun)
    begun = client.authorization_request(response_type="code id_token")
    with refused(IdTokenValidationException, "hash_mismatch"):
        client.callback(hybrid(provider, begun, c_hash="x"), begun)
    begun = client.authorization_request(response_type="code id_token")
    with refused(AuthorizeCallbackException, "incomplete_callback"):
        client.callback(f"?code=c&state={begun.state}", begun)


def test_a_response_that_must_be_signed_is(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = client.authorization_request(response_mode="jwt")
    with refused(AuthorizeCallbackException, "unsigned_response"):
        client.callback(f"?code=c&state={begun.state}", begun)
    code = parse_qs(urlsplit(browsed(begun.url)).query)["code"][0]
    signed = provider.mint(aud=provider.client_id, code=code, state=begun.state)
    session = client.callback(f"{REDIRECT}?response={signed}", begun)
    assert session.subject == "alice"


def test_a_session_lives_and_ends(provider: EmbeddedProvider) -> None:
    with client_of(provider) as client:
        begun = client.authorization_request()
        session = client.callback(browsed(begun.url), begun)
        spent = session.refresh_token or ""
        refreshed = client.refresh(session)
        assert refreshed.is_successful, vars(refreshed)
        assert session.token["access_token"] == (refreshed.token or {})["access_token"]
        assert session.refresh_token not in {None, spent}
        again = client.refresh(spent)
        assert again.oauth_error == "invalid_grant"
        answer = client.introspect(session.access_token, "access_token")
        assert answer.claims is not None
        assert answer.claims["active"] is True
        assert (client.revoke(session.access_token)).is_successful
        assert (client.introspect(session.access_token)).claims == {"active": False}
        url = client.end_session_url(
            session, post_logout_redirect_uri="https://rp.example/bye", state="s"
        )
        assert browsed(url) == "https://rp.example/bye?state=s"


def test_a_source_that_is_kept_follows_its_provider_to_another_endpoint(
    provider: EmbeddedProvider,
) -> None:
    document = {**provider.document(), "token_endpoint": f"{provider.issuer}/token2"}
    answers = {
        DISCOVERY: Answer.of_json(document),
        "/token2": Answer.of_json({"access_token": "a2", "token_type": "Bearer"}),
    }
    source = client_of(provider).token_source()
    with freeze_clocks() as clock:
        source.get_token()
        provider.intercept = lambda received: answers.get(received.path)
        clock.tick(90_000)
        assert (source.get_token()).access_token == "a2"
    assert (provider.count("/token"), provider.count("/token2")) == (1, 1)


def test_tokens_of_a_machine_and_of_a_session_renew_themselves(
    provider: EmbeddedProvider,
) -> None:
    client = client_of(provider)
    own = client.token_source(scope="read")
    again = client.token_source(scope="read")
    assert (own.get_token()).access_token == (again.get_token()).access_token
    begun = client.authorization_request()
    session = client.callback(browsed(begun.url), begun)
    source = client.token_source(session=session)
    token = source.get_token()
    assert token.access_token == session.access_token
    before = provider.count("/token")
    renewed = source.renew(token.access_token)
    assert session.access_token == renewed.access_token != token.access_token
    assert session.refresh_token == renewed.refresh_token
    assert provider.count("/token") == before + 1
    assert client.auth(scope="read", origins=["https://api.example"])


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The monotonic clock of the default cache's documents and keys."""
    clock = Clock()
    monkeypatch.setattr(provider_cache.default_cache.documents, "clock", clock)
    monkeypatch.setattr(provider_cache.default_cache.keys, "clock", clock)
    return clock


def test_the_metadata_is_cached_as_long_as_it_is_fresh_and_survives_an_outage(
    provider: EmbeddedProvider, clock: Clock
) -> None:
    client = client_of(provider)
    first = client.metadata()
    clock.now += 3000
    assert vars(client.metadata()) == vars(first)
    assert provider.count(DISCOVERY) == 1
    document = provider.document() | {"claims_supported": ["sub"]}
    provider.intercept = answering(DISCOVERY, Answer.of_json(document))
    clock.now += 601
    assert (client.metadata()).claims_supported == ["sub"]
    assert provider.count(DISCOVERY) == 2
    provider.intercept = failing(DISCOVERY)
    clock.now += 3601
    for _ in range(5):
        assert (client.metadata()).claims_supported == ["sub"]
    assert provider.count(DISCOVERY) == 3  # one attempt per gap
    clock.now += 86401
    for _ in range(5):
        with refused(DiscoveryException, "discovery_error") as caught:
            client.metadata()
        assert (caught.value.status_code, caught.value.url) == (503, provider.issuer)
    assert provider.count(DISCOVERY) == 3 + 4  # one ladder per gap


def test_a_login_fetches_the_document_and_the_keys_once(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = client.authorization_request()
    client.callback(browsed(begun.url), begun)
    for _ in range(2):
        begun = client_of(provider).authorization_request()
        client.callback(browsed(begun.url), begun)
    assert (provider.count(DISCOVERY), provider.count("/jwks")) == (1, 1)
    clear_discovery_cache()
    client.metadata()
    assert (provider.count(DISCOVERY), provider.count("/jwks")) == (2, 1)


def test_signed_responses_are_verified_with_cached_keys_that_follow_a_rotation(
    provider: EmbeddedProvider,
) -> None:
    client = client_of(provider)

    def log_in() -> None:
        begun = client.authorization_request(response_mode="jwt")
        code = parse_qs(urlsplit(browsed(begun.url)).query)["code"][0]
        signed = provider.mint(aud=provider.client_id, code=code, state=begun.state)
        client.callback(f"{REDIRECT}?response={signed}", begun)

    for _ in range(3):
        log_in()
    assert provider.count("/jwks") == 1
    for count in (2, 3):
        provider.rotate_keys()
        log_in()
        assert provider.count("/jwks") == count
    begun = client.authorization_request(response_mode="jwt")
    forged = provider.mint(aud=provider.client_id, header={"kid": "forged"})
    for _ in range(3):
        with refused(TokenValidationException, "no_matching_key"):
            client.callback(f"{REDIRECT}?response={forged}", begun)
    assert provider.count("/jwks") == 4


def test_an_injected_client_has_its_own_cache(provider: EmbeddedProvider) -> None:
    client_of(provider).metadata()
    with HTTPClient() as http_client:
        client = client_of(provider, http_client=http_client)
        for _ in range(2):
            client.metadata()
    assert provider.count(DISCOVERY) == 2
    with refused(DiscoveryException, "discovery_error"):
        client.metadata()


def test_the_document_of_another_issuer_has_a_code_of_its_own(
    provider: EmbeddedProvider,
) -> None:
    document = {**provider.document(), "issuer": "https://else.example"}
    provider.intercept = answering(DISCOVERY, Answer.of_json(document))
    with refused(DiscoveryException, "issuer_mismatch") as caught:
        client_of(provider).metadata()
    assert "https://else.example" in str(caught.value)


def test_metadata_may_be_given(provider: EmbeddedProvider) -> None:
    metadata = get_discovery_document(DiscoveryDocumentRequest(provider.issuer))
    before = len(provider.requests)
    client = client_of(provider, metadata=metadata)
    assert client.endpoint("token_endpoint") == provider.token_endpoint
    assert len(provider.requests) == before
    begun = client.authorization_request()
    assert (client.callback(browsed(begun.url), begun)).subject == "alice"
    assert provider.count("/.well-known/openid-configuration") == 1
    with refused(ConfigurationException, "missing_endpoint"):
        client.endpoint("registration_endpoint")


def test_a_login_needs_somewhere_to_come_back_to(provider: EmbeddedProvider) -> None:
    client = client_of(provider, redirect_uri=None)
    with pytest.raises(ConfigurationException, match="redirect_uri"):
        client.authorization_request()
    assert (client.authorization_request(redirect_uri=REDIRECT)).redirect_uri == REDIRECT


def pushing(provider: EmbeddedProvider, **more: Any) -> None:
    """Let the provider demand pushed requests, and take them."""
    document = {
        **provider.document(),
        "pushed_authorization_request_endpoint": f"{provider.issuer}/par",
        "require_pushed_authorization_requests": True,
        **more,
    }

    def respond(received: Received) -> Answer | None:
        if received.path == "/par":
            return Answer.of_json({"request_uri": "urn:1", "expires_in": 60}, 201)
        if received.path == "/.well-known/openid-configuration":
            return Answer.of_json(document)
        return None

    provider.intercept = respond


def test_a_request_is_pushed_where_the_provider_demands_it(
    provider: EmbeddedProvider,
) -> None:
    pushing(provider)
    key = DPoPKey()
    client = client_of(provider, dpop_key=key)
    begun = client.authorization_request(
        login_hint="alice", resource=["https://a.example", "https://b.example"]
    )
    query = parse_qs(urlsplit(begun.url).query)
    assert query == {"client_id": [provider.client_id], "request_uri": ["urn:1"]}
    pushed = parse_qs(provider.requests[-1].body.decode())
    assert pushed["login_hint"] == ["alice"]
    assert pushed["resource"] == ["https://a.example", "https://b.example"]
    assert pushed["state"] == [begun.state]
    assert pushed["dpop_jkt"] == [key.jwk_thumbprint]
    assert "dpop" in provider.requests[-1].headers


def test_a_refused_pushed_request_is_reported(provider: EmbeddedProvider) -> None:
    pushing(provider)
    taking = provider.intercept
    assert taking is not None
    provider.intercept = lambda received: (
        Answer.of_json({"error": "invalid_request"}, 400)
        if received.path == "/par"
        else taking(received)
    )
    with refused(TokenRequestException, "token_request_error") as caught:
        client_of(provider).authorization_request()
    assert caught.value.url == f"{provider.issuer}/par"


def test_a_request_is_signed_where_there_is_a_key(provider: EmbeddedProvider) -> None:
    client = client_of(provider, request_signing_key=KEY, request_signing_kid="k")
    begun = client.authorization_request()
    query = parse_qs(urlsplit(begun.url).query)
    assert query["scope"] == ["openid profile"]  # OpenID Connect Core §6.1: beside the object too
    assert query["response_type"] == ["code"]
    assert query["request"][0].count(".") == 2
    assert "state" not in query
    pushing(provider)
    clear_discovery_cache()
    client = client_of(provider, request_signing_key=KEY)
    client.authorization_request(login_hint="alice")
    form = provider.requests[-1].form
    assert set(form) == {"request", "client_id"}


@pytest.mark.parametrize(
    "made",
    [PrivateKeyJwtAuthentication(KEY, "ES256"), ClientSecretJwt("s" * 32)],
)
def test_an_assertion_is_for_the_issuer(provider: EmbeddedProvider, made: Any) -> None:
    from py_identity_model._jose.encoding import decode_base64url, parse_object

    provider.intercept = answering("/token", Answer.of_json({"access_token": "t"}))
    client = client_of(provider, client_authentication=made)
    client.refresh("r")
    assertion = provider.requests[-1].form["client_assertion"]
    claims = parse_object(decode_base64url(assertion.split(".")[1].encode()))
    assert claims["aud"] == provider.issuer


SIGNED = PrivateKeyJwtAuthentication(KEY, "ES256")
BOUND = {"dpop_key": DPoPKey()}
VIOLATIONS: list[tuple[dict[str, Any], str]] = [
    ({"client_authentication": ClientSecretBasic("s"), **BOUND}, "client_secret_basic"),
    ({"client_authentication": NoClientAuthentication(), **BOUND}, "none"),
    ({"client_authentication": SIGNED}, "sender-constrained"),
    ({"client_authentication": PrivateKeyJwtAuthentication(KEY, "RS256"), **BOUND}, "RS256"),
    (
        {"client_authentication": SIGNED, **BOUND, "profile": "fapi2-message-signing"},
        "requests must be signed",
    ),
    (
        {
            "client_authentication": SIGNED,
            **BOUND,
            "request_signing_key": KEY,
            "request_signing_algorithm": "RS256",
        },
        "RS256",
    ),
    ({"profile": "fapi1"}, "profile must be one of"),
]


@pytest.mark.parametrize(("arguments", "text"), VIOLATIONS)
def test_a_client_that_violates_its_profile_is_not_made(
    arguments: dict[str, Any], text: str
) -> None:
    with pytest.raises(ConfigurationException, match=text):
        OAuthClient("https://op.example", "web", **{"profile": "fapi2", **arguments})


def test_a_provider_or_a_login_that_violates_the_profile_is_refused(
    provider: EmbeddedProvider,
) -> None:
    client = client_of(provider, client_authentication=SIGNED, profile="fapi2", **BOUND)
    with refused(ConfigurationException, "profile_violated"):
        client.authorization_request()
    pushing(provider, token_endpoint_auth_methods_supported=["private_key_jwt"])
    clear_discovery_cache()
    wrongs: list[dict[str, Any]] = [
        {"redirect_uri": "http://rp.example"},
        {"response_type": "code id_token"},
    ]
    for wrong in wrongs:
        with refused(ConfigurationException, "profile_violated"):
            client.authorization_request(**wrong)
    assert provider.count("/par") == 0
    begun = client.authorization_request()
    assert provider.count("/par") == 1
    with refused(AuthorizeCallbackException, "missing_issuer"):
        client.callback(f"?code=c&state={begun.state}", begun)


LOGIN_LOGGER = "py_identity_model.login"


def failed_logins(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.name == LOGIN_LOGGER]


def test_strangers_cannot_prevent_the_logins_of_others(
    provider: EmbeddedProvider,
) -> None:
    class Adds:
        """A store of somebody else's, which cannot forget."""

        def __init__(self) -> None:
            self.known: list[str] = []

        def add(self, key: str, expires_at: float) -> bool:
            self.known.append(key)
            return self.known.count(key) == 1

    stores: list[Any] = [MemoryReplayStore(20), Adds()]
    stores.append(TokenStoreReplayStore(MemoryTokenStore()))
    for store in stores:
        client = OAuthClient(provider.issuer, "native", redirect_uri=REDIRECT, replay_store=store)
        for _ in range(40):
            begun = client.authorization_request()
            with refused(TokenRequestException, "token_request_error"):
                client.callback(f"?code=garbage&state={begun.state}", begun)
        begun = client.authorization_request()
        answer = browsed(begun.url)
        assert (client.callback(answer, begun)).subject == "alice"
        asked = provider.count("/token")
        if isinstance(store, Adds):
            assert len(store.known) == 1
            continue
        with refused(AuthorizeCallbackException, "callback_replayed"):
            client.callback(answer, begun)
        assert provider.count("/token") == asked  # a spent code must not reach the provider


def test_a_replay_store_that_is_down_is_a_typed_refusal(provider: EmbeddedProvider) -> None:
    class Down:
        def __init__(self, *, takes: bool) -> None:
            self.takes = takes

        def add(self, key: str, expires_at: float) -> bool:
            if not self.takes:
                raise ConnectionError("redis://user:hidden@host")
            return True

        def discard(self, key: str) -> None:
            raise ConnectionError("redis://user:hidden@host")

    client = client_of(provider, replay_store=Down(takes=False))
    begun = client.authorization_request()
    with refused(AuthorizeCallbackException, "store_unavailable") as caught:
        client.callback(browsed(begun.url), begun)
    assert "hidden" not in str(caught.value)
    client = client_of(provider, replay_store=Down(takes=True))
    begun = client.authorization_request()
    with refused(TokenRequestException, "token_request_error"):
        client.callback(f"?code=garbage&state={begun.state}", begun)


def test_an_answer_may_come_again_when_the_provider_could_not_be_reached(
    provider: EmbeddedProvider,
) -> None:
    client = client_of(provider)
    begun = client.authorization_request()
    answer = browsed(begun.url)
    provider.intercept = failing("/token", 400)
    with refused(TokenRequestException, "token_request_error"):
        client.callback(answer, begun)
    provider.intercept = None
    assert (client.callback(answer, begun)).subject == "alice"


@pytest.mark.parametrize(
    ("token", "key", "code"),
    [
        ({"token_type": "Bearer"}, True, "token_not_bound_to_key"),
        ({}, True, "token_not_bound_to_key"),
        ({"token_type": "DPoP"}, False, "unsupported_token_type"),
        ({"token_type": "mac"}, False, "unsupported_token_type"),
        ({"token_type": "Bearer", "expires_in": 0}, False, "invalid_expires_in"),
        ({"token_type": "Bearer", "access_token": 5}, False, "invalid_access_token"),
        ({"token_type": "Bearer", "access_token": None}, False, "invalid_access_token"),
    ],
)
def test_a_token_that_was_not_asked_for_ends_the_login(
    provider: EmbeddedProvider, token: dict[str, Any], key: bool, code: str
) -> None:
    client = client_of(provider, dpop_key=DPoPKey() if key else None)
    begun = client.authorization_request()
    answer = browsed(begun.url)
    provider.intercept = answering(
        "/token", Answer.of_json({"access_token": "hidden-token", "id_token": "x", **token})
    )
    with refused(TokenRequestException, code) as caught:
        client.callback(answer, begun)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(("kind", "good"), [("DPoP", True), ("Bearer", False), ("N_A", False)])
def test_an_exchanged_token_is_checked_like_others(
    provider: EmbeddedProvider, kind: str, good: bool
) -> None:
    token = {"access_token": "t", "token_type": kind}
    provider.intercept = answering("/token", Answer.of_json(token))
    client = client_of(provider, dpop_key=DPoPKey())
    assert (client.exchange("subject", audience="orders")).is_successful is good
    issued = {"issued_token_type": "urn:ietf:params:oauth:token-type:saml2"}
    provider.intercept = answering("/token", Answer.of_json({**token, **issued}))
    assert (client.exchange("subject")).is_successful


def test_the_providers_own_error_is_reported_and_spends_nothing(
    provider: EmbeddedProvider,
) -> None:
    client = client_of(provider)
    begun = client.authorization_request()
    for answer in (
        "?error=access_denied&error_description=no",
        f"?error=access_denied&error_description=no&state={begun.state}&iss={provider.issuer}",
        f"error=access_denied&error_description=no&state={begun.state}",
        {"error": "access_denied", "error_description": "no", "state": None},
        {"error": ["access_denied"], "error_description": ["no"], "state": [begun.state]},
    ):
        with refused(AuthorizeCallbackException, "authorization_refused") as caught:
            client.callback(answer, begun)
        assert caught.value.details == {"error": "access_denied", "error_description": "no"}
    for code, other in (("state_mismatch", "state=other"), ("issuer_mismatch", "iss=https://e")):
        with refused(AuthorizeCallbackException, code):
            client.callback(f"?error=access_denied&{other}", begun)
    assert (client.callback(browsed(begun.url), begun)).subject == "alice"


def test_an_unsigned_error_is_reported_where_answers_must_be_signed(
    provider: EmbeddedProvider,
) -> None:
    client = client_of(provider)
    begun = client.authorization_request(response_mode="jwt")
    with refused(AuthorizeCallbackException, "authorization_refused"):
        client.callback("?error=invalid_request", begun)
    with refused(AuthorizeCallbackException, "unsigned_response"):
        client.callback(f"?code=c&state={begun.state}", begun)


def test_an_answer_is_a_url_a_query_or_a_form(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    for shape in ("url", "query", "?query", "form", "lists"):
        begun = client.authorization_request()
        url = browsed(begun.url)
        query = urlsplit(url).query
        form = {name: values[0] for name, values in parse_qs(query).items()}
        answer: Any = {
            "url": url,
            "query": query,
            "?query": f"?{query}",
            "form": form,
            "lists": parse_qs(query),
        }[shape]
        assert (client.callback(answer, begun)).subject == "alice"
    wrongs: list[Any] = [None, 5, b"code=c"]
    for wrong in wrongs:
        with refused(InvalidArgumentError, "invalid_argument"):
            client.callback(wrong, begun)
    empty: list[Any] = ["", " ", {}]
    for nothing in empty:
        with pytest.raises(AuthorizeCallbackException):
            client.callback(nothing, begun)


def test_a_lost_login_has_its_own_code(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun: Any = None
    with refused(AuthorizeCallbackException, "missing_login"):
        client.callback("?code=c&state=s", begun)
    begun = (client.authorization_request()).to_json()
    with refused(InvalidArgumentError, "invalid_argument"):
        client.callback("?code=c&state=s", begun)


@pytest.mark.parametrize("name", ["state", "nonce", "code_verifier", "issuer", "client_id"])
@pytest.mark.parametrize("value", [None, "", 5])
def test_a_login_without_its_secrets_is_refused(name: str, value: object) -> None:
    begun = AuthorizationRequest("u", "i", "c", "r", "s", "n", "v")
    members = {**json.loads(begun.to_json()), name: value}
    if value is None:  # which says of the last two that none was sent; see the test below
        del members[name]
    with refused(InvalidArgumentError, "invalid_argument"):
        AuthorizationRequest.from_json(json.dumps(members))


def test_a_login_that_says_it_sent_no_nonce_gets_no_session(
    provider: EmbeddedProvider,
) -> None:
    client = client_of(provider)
    begun = client.authorization_request()
    members = {**json.loads(begun.to_json()), "nonce": None}
    kept = AuthorizationRequest.from_json(json.dumps(members))
    with refused(IdTokenValidationException, "nonce_mismatch"):
        client.callback(browsed(begun.url), kept)


def test_a_failed_login_leaves_one_record_without_secrets(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "py_identity_model")
    client = client_of(provider)
    begun = client.authorization_request()
    with pytest.raises(AuthorizeCallbackException):
        client.callback(f"?code=hidden-code&state={'x' * 43}", begun)
    (record,) = failed_logins(caplog)
    assert f"code=state_mismatch issuer={provider.issuer} reason=" in record
    caplog.clear()
    with pytest.raises(AuthorizeCallbackException):
        client.callback("?error=no%0AINFO%20forged", begun)
    (record,) = failed_logins(caplog)
    assert "\n" not in record
    caplog.clear()
    with pytest.raises(TokenRequestException):
        client.callback(f"?code=hidden-code&state={begun.state}", begun)
    (record,) = failed_logins(caplog)
    assert record.endswith("reason=invalid_grant")
    (request,) = [one for one in caplog.records if one.levelname == "ERROR"]
    assert request.getMessage() == (
        "authorization code token exchange failed: unexpected_status "
        f"at {provider.token_endpoint}, invalid_grant"
    )
    caplog.clear()
    provider.user_claims = {"sub": "mallory@example.com"}
    provider.intercept = answering("/userinfo", Answer.of_json({"sub": "mallory@example.com"}))
    with pytest.raises(UserInfoException):
        client.callback(browsed(begun.url), begun, userinfo=True)
    assert len(failed_logins(caplog)) == 1
    for secret in ("hidden-code", begun.state, "mallory", "alice"):
        assert secret not in caplog.text


def test_a_failed_renewal_leaves_one_record(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "py_identity_model")
    client = client_of(provider, scope="read")
    source = client.token_source()
    source.get_token()
    provider.intercept = failing("/token", 400)
    with pytest.raises(TokenRequestException):
        source.renew((source.get_token()).access_token)
    records = [one for one in caplog.records if one.name == "py_identity_model.renewal"]
    assert [one.getMessage() for one in records] == [
        f"renewal failed: code=token_request_error issuer={provider.token_endpoint} reason=down"
    ]


def test_the_hint_of_a_logout_is_given_once(provider: EmbeddedProvider) -> None:
    client: Any = client_of(provider)
    session = Session({"access_token": "a", "id_token": "i"}, {"sub": "alice"})
    url = client.end_session_url(id_token_hint="i", ui_locales="de", extra_parameters={"x": "1"})
    assert "id_token_hint=i" in url
    assert "ui_locales=de" in url
    assert "x=1" in url
    with refused(InvalidArgumentError, "invalid_argument"):
        client.end_session_url(session, id_token_hint="i")


def test_provider_specific_parameters_are_sent_along(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = client.authorization_request(extra_parameters={"access_type": "offline"})
    assert parse_qs(urlsplit(begun.url).query)["access_type"] == ["offline"]
    with refused(InvalidArgumentError, "invalid_argument"):
        client.authorization_request(extra_parameters={"nonce": "mine"})


def test_a_client_secret_is_the_default_authentication(
    provider: EmbeddedProvider,
) -> None:
    client = OAuthClient(
        provider.issuer,
        provider.client_id,
        client_secret=provider.client_secret,
        redirect_uri=REDIRECT,
    )
    begun = client.authorization_request()
    assert (client.callback(browsed(begun.url), begun)).subject == "alice"
    (request,) = [one for one in provider.requests if one.path == "/token"]
    assert request.headers["authorization"].startswith("Basic ")
    public = OAuthClient(
        provider.issuer,
        "native",
        NoClientAuthentication(),
        client_secret="for tokens alone",
        redirect_uri=REDIRECT,
    )
    begun = public.authorization_request()
    public.callback(browsed(begun.url), begun)
    assert "authorization" not in provider.requests[-1].headers


EC_KEY = ec.generate_private_key(ec.SECP256R1())
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"client_authentication": "s3cret-value"}, "ClientSecretBasic"),
    ({"client_authentication": ClientSecretBasic}, "not the class"),
    ({"client_authentication": PrivateKeyJwt(KEY)}, "PrivateKeyJwtAuthentication.of"),
    ({"client_authentication": MtlsClientAuth("c", "k")}, "TlsClientAuth"),
    ({"client_authentication": 5}, "ClientAuthentication"),
    ({"client_authentication": PrivateKeyJwtAuthentication("s3cret-value")}, "private key"),
    ({"client_authentication": PrivateKeyJwtAuthentication(KEY, "none")}, "algorithm"),
    ({"client_authentication": ClientSecretJwt("s3cret-value")}, "too short"),
    ({"client_secret": ""}, "client_secret"),
    ({"client_secret": 5}, "client_secret"),
    ({"dpop_key": KEY}, "DPoPKey.from_pem"),
    ({"id_token_algorithms": "RS256"}, "id_token_algorithms"),
    ({"request_signing_key": "s3cret-value"}, "request_signing_key"),
    ({"request_signing_key": EC_KEY.public_key()}, "request_signing_key"),
    ({"request_signing_key": KEY, "request_signing_algorithm": "HS256"}, "request_signing"),
    ({"request_signing_key": {"keys": [{}, {}]}}, "request_signing_key has no usable key"),
    ({"decryption_keys": ["s3cret-value"]}, "decryption_keys"),
    ({"decryption_keys": 5}, "decryption_keys"),
    ({"http_client": "https://op.example"}, "HTTPClient"),
]


@pytest.mark.parametrize(("arguments", "text"), WRONG)
def test_a_wrong_argument_is_refused_while_the_client_is_made(
    arguments: dict[str, Any], text: str
) -> None:
    with pytest.raises((InvalidArgumentError, ConfigurationException), match=text) as caught:
        OAuthClient("https://op.example", "web", **arguments)
    assert "s3cret" not in str(caught.value)


def test_a_certificate_and_an_http_client_are_not_combined() -> None:
    with HTTPClient() as http_client:
        with refused(ConfigurationException, "mtls_with_client"):
            OAuthClient(
                "https://op.example",
                "web",
                SelfSignedTlsClientAuth("c.pem"),
                http_client=http_client,
            )
        assert OAuthClient(
            "https://op.example", "web", SelfSignedTlsClientAuth(), http_client=http_client
        )


@pytest.mark.parametrize(("issuer", "client_id"), [("", "web"), (None, "web"), ("https://x", " ")])
def test_a_client_needs_an_issuer_and_a_name(issuer: Any, client_id: str) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        OAuthClient(issuer, client_id)


def test_a_certificate_leads_to_the_aliases(provider: EmbeddedProvider) -> None:
    aliases = {"token_endpoint": "https://mtls.example/token"}
    document = {**provider.document(), "mtls_endpoint_aliases": aliases}
    provider.intercept = answering("/.well-known/openid-configuration", Answer.of_json(document))
    client = client_of(provider, client_authentication=SelfSignedTlsClientAuth("c.pem"))
    assert client.endpoint("token_endpoint") == "https://mtls.example/token"
    assert client.endpoint("revocation_endpoint") == f"{provider.issuer}/revoke"


def test_an_alias_in_disguise_stops_only_who_would_use_it(
    provider: EmbeddedProvider,
) -> None:
    aliases = {"token_endpoint": "https://127\u30020\u30020\u30021:8443/token"}
    metadata = get_discovery_document(DiscoveryDocumentRequest(provider.issuer))
    metadata.mtls_endpoint_aliases = aliases
    plain = client_of(provider, metadata=metadata)
    assert plain.endpoint("token_endpoint") == provider.token_endpoint
    certified = client_of(
        provider, metadata=metadata, client_authentication=SelfSignedTlsClientAuth("c.pem")
    )
    with refused(ConfigurationException, "internal_address"):
        certified.endpoint("token_endpoint")
    assert certified.endpoint("revocation_endpoint") == f"{provider.issuer}/revoke"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"url": "u"}', "null"])
def test_anything_but_a_started_login_is_refused(text: str) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        AuthorizationRequest.from_json(text)


def test_a_session_has_what_the_provider_gave() -> None:
    session = Session({"access_token": "a", "id_token": "i"}, {"sub": "alice"})
    assert session.refresh_token is None
    assert (session.access_token, session.id_token, session.subject) == ("a", "i", "alice")


def test_a_token_is_exchanged(provider: EmbeddedProvider) -> None:
    provider.intercept = answering(
        "/token", Answer.of_json({"access_token": "t", "token_type": "Bearer"})
    )
    response = client_of(provider).exchange("subject", audience="orders")
    assert response.is_successful
    assert provider.requests[-1].form["audience"] == "orders"


@pytest.mark.parametrize(
    "name", ["state", "nonce", "client_id", "code_challenge", "request", "request_uri", "dpop_jkt"]
)
def test_the_random_values_of_a_login_cannot_be_given(
    provider: EmbeddedProvider, name: str
) -> None:
    given: dict[str, Any] = {name: "mine"}
    with refused(InvalidArgumentError, "invalid_argument"):
        client_of(provider).authorization_request(**given)


def test_a_login_that_was_begun_elsewhere_is_refused(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = client.authorization_request()
    url = browsed(begun.url)
    with EmbeddedProvider() as other:
        foreign = client_of(other).authorization_request()
        with refused(AuthorizeCallbackException, "issuer_mismatch"):
            client.callback(url, foreign)
    public = OAuthClient(provider.issuer, "native", redirect_uri=REDIRECT)
    with refused(AuthorizeCallbackException, "issuer_mismatch"):
        public.callback(url, begun)
    assert provider.count("/token") == 0
    metadata = client.metadata()
    with refused(ConfigurationException, "issuer_not_configured"):
        OAuthClient("https://else.example", "web", metadata=metadata)


def test_a_profile_does_not_take_a_token_that_is_bound_to_nothing(
    provider: EmbeddedProvider,
) -> None:
    pushing(provider, token_endpoint_auth_methods_supported=["private_key_jwt"])
    taking = provider.intercept
    assert taking is not None
    bearer = Answer.of_json({"access_token": "t", "token_type": "Bearer"})
    provider.intercept = lambda received: bearer if received.path == "/token" else taking(received)
    client = client_of(provider, client_authentication=SIGNED, profile="fapi2", **BOUND)
    begun = client.authorization_request()
    answer = urlencode({"code": "c", "state": begun.state, "iss": provider.issuer})
    with refused(TokenRequestException, "token_not_bound_to_key"):
        client.callback(f"?{answer}", begun)


def test_an_implicit_login_ends_with_what_the_browser_brought(
    provider: EmbeddedProvider,
) -> None:
    from py_identity_model._validation.id_token import half_hash

    client = client_of(provider)
    begun = client.authorization_request(response_type="id_token token")
    token = provider.mint(
        aud=provider.client_id,
        nonce=begun.nonce,
        sub="alice",
        at_hash=half_hash("t", "RS256"),
        header={"typ": "JWT"},
    )
    values = {"access_token": "t", "id_token": token, "state": begun.state, "expires_in": "60"}
    session = client.callback("#" + urlencode(values), begun)
    assert (session.subject, session.access_token) == ("alice", "t")
    assert provider.count("/token") == 0
    begun = client.authorization_request(response_type="id_token token")
    values |= {"state": begun.state}
    with refused(IdTokenValidationException, "nonce_mismatch"):
        client.callback("#" + urlencode(values), begun)
    values |= {"access_token": "swapped"}
    with refused(IdTokenValidationException, "hash_mismatch"):
        client.callback("#" + urlencode(values), begun)


def test_a_given_audience_is_retained(provider: EmbeddedProvider) -> None:
    from py_identity_model._jose.encoding import decode_base64url, parse_object

    provider.intercept = answering("/token", Answer.of_json({"access_token": "t"}))
    mine = PrivateKeyJwtAuthentication(KEY, "ES256", audience="https://mine.example")
    client_of(provider, client_authentication=mine).refresh("r")
    assertion = provider.requests[-1].form["client_assertion"]
    claims = parse_object(decode_base64url(assertion.split(".")[1].encode()))
    assert claims["aud"] == "https://mine.example"


def test_a_signed_response_needs_keys(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = client.authorization_request(response_mode="jwt")
    provider.intercept = answering("/jwks", Answer(500))
    with refused(KeysUnavailableException, "keys_unavailable"):
        client.callback("?response=a.b.c", begun)
