"""The client that is kept: logins from beginning to end, and why they fail."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from py_identity_model.aio import (
    AsyncOAuthClient,
    AsyncSession,
    AuthorizationRequest,
    ClientSecretBasic,
    ClientSecretJwt,
    DiscoveryDocumentRequest,
    DPoPKey,
    NoClientAuthentication,
    PrivateKeyJwtAuthentication,
    SelfSignedTlsClientAuth,
    get_discovery_document,
)
from py_identity_model.exceptions import (
    AuthorizeCallbackException,
    ConfigurationException,
    DiscoveryException,
    IdTokenValidationException,
    InvalidArgumentError,
    KeysUnavailableException,
    TokenRequestException,
    UserInfoException,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.support import answering, refused

REDIRECT = "https://rp.example/cb"
KEY = DPoPKey().private_key_pem.decode()


def client_of(provider: EmbeddedProvider, **more: Any) -> AsyncOAuthClient:
    usual: dict[str, Any] = {
        "client_authentication": ClientSecretBasic(provider.client_secret),
        "redirect_uri": REDIRECT,
        "scope": ["openid", "profile"],
    }
    return AsyncOAuthClient(provider.issuer, provider.client_id, **{**usual, **more})


def browsed(url: str) -> str:
    """Return where a browser ends."""
    return str(httpx.get(url, trust_env=False).headers["location"])


async def test_a_login_takes_two_calls(provider: EmbeddedProvider) -> None:
    provider.user_claims = {"name": "Alice"}
    client = client_of(provider)
    begun = await client.authorization_request(login_hint="bob", max_age=60)
    kept = begun.to_json()
    session = await client.callback(
        browsed(begun.url), AuthorizationRequest.from_json(kept), userinfo=True
    )
    assert session.subject == "bob"
    assert session.userinfo == {"sub": "bob", "name": "Alice"}
    assert session.expires_at is not None
    assert session.claims["nonce"] == begun.nonce
    for secret in (begun.state, begun.nonce, begun.code_verifier):
        assert secret not in repr(begun)
    assert session.access_token not in repr(session)


async def test_a_public_client_logs_in(provider: EmbeddedProvider) -> None:
    client = AsyncOAuthClient(provider.issuer, "native", redirect_uri=REDIRECT)
    begun = await client.authorization_request()
    assert (await client.callback(browsed(begun.url), begun)).subject == "alice"


async def test_every_login_makes_its_own_secrets(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    first, second = [await client.authorization_request() for _ in range(2)]
    assert first.state != second.state
    assert first.nonce != second.nonce
    assert first.code_verifier != second.code_verifier
    assert provider.count("/.well-known/openid-configuration") == 1
    sent = parse_qs(urlsplit(first.url).query)
    assert sent["code_challenge_method"] == ["S256"]
    assert first.code_verifier not in first.url


async def test_a_posted_form_is_an_answer_too(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = await client.authorization_request()
    fields = dict(httpx.QueryParams(urlsplit(browsed(begun.url)).query))
    assert (await client.callback(fields, begun)).subject == "alice"


CALLBACKS: list[tuple[str, str]] = [
    ("?code=c", "missing_state"),
    ("?code=c&state=", "missing_state"),
    ("?code=c&state=other", "state_mismatch"),
    ("?code=c&state={state}&iss=https://else", "issuer_mismatch"),
    ("?state={state}", "incomplete_callback"),
    ("?error=access_denied&state={state}", "authorization_refused"),
    ("?error=access_denied", "missing_state"),
    ("?error=access_denied&state=other", "state_mismatch"),
    ("?nothing=here", "no_parameters"),
    ("", "invalid_callback"),
]


@pytest.mark.parametrize(("answer", "code"), CALLBACKS)
async def test_why_a_callback_fails_is_told(
    provider: EmbeddedProvider, answer: str, code: str
) -> None:
    client = client_of(provider)
    begun = await client.authorization_request()
    with refused(AuthorizeCallbackException, code) as caught:
        await client.callback(answer.format(state=begun.state), begun)
    assert provider.count("/token") == 0
    if code == "authorization_refused":
        assert caught.value.details["error"] == "access_denied"


async def test_a_callback_works_once(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = await client.authorization_request()
    url = browsed(begun.url)
    await client.callback(url, begun)
    with refused(AuthorizeCallbackException, "callback_replayed"):
        await client.callback(url, begun)
    assert provider.count("/token") == 1


async def test_a_provider_that_names_itself_must(provider: EmbeddedProvider) -> None:
    document = {**provider.document(), "authorization_response_iss_parameter_supported": True}
    provider.intercept = answering("/.well-known/openid-configuration", Answer.of_json(document))
    client = client_of(provider)
    begun = await client.authorization_request()
    url = browsed(begun.url)
    with refused(AuthorizeCallbackException, "missing_issuer"):
        await client.callback(url, begun)
    session = await client.callback(f"{url}&{urlencode({'iss': provider.issuer})}", begun)
    assert session.subject == "alice"


async def test_a_code_that_is_refused_is_told(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = await client.authorization_request()
    with refused(TokenRequestException, "token_request_error") as caught:
        await client.callback(f"?code=guessed&state={begun.state}", begun)
    assert caught.value.details["oauth_error"] == "invalid_grant"


async def test_an_id_token_for_another_login_is_refused(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = await client.authorization_request()
    stolen = provider.mint(aud=provider.client_id, nonce="other", header={"typ": "JWT"})
    body = {"access_token": "t", "token_type": "Bearer", "id_token": stolen}
    provider.intercept = answering("/token", Answer.of_json(body))
    with refused(IdTokenValidationException, "nonce_mismatch"):
        await client.callback(browsed(begun.url), begun)
    begun = await client.authorization_request()
    provider.intercept = answering("/token", Answer.of_json({"access_token": "t"}))
    with refused(AuthorizeCallbackException, "missing_id_token"):
        await client.callback(browsed(begun.url), begun)


async def test_userinfo_about_somebody_else_ends_the_login(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = await client.authorization_request()
    provider.intercept = answering("/userinfo", Answer.of_json({"sub": "mallory"}))
    with refused(UserInfoException, "userinfo_error"):
        await client.callback(browsed(begun.url), begun, userinfo=True)


def hybrid(provider: EmbeddedProvider, begun: AuthorizationRequest, **claims: Any) -> str:
    """Return the answer of a hybrid login."""
    from py_identity_model._protocol.id_token import half_hash

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


async def test_a_hybrid_login_checks_both_id_tokens(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = await client.authorization_request(response_type="code id_token")
    assert (await client.callback(hybrid(provider, begun), begun)).subject == "alice"
    begun = await client.authorization_request(response_type="code id_token")
    with refused(AuthorizeCallbackException, "subject_mismatch"):
        await client.callback(hybrid(provider, begun, sub="mallory"), begun)
    begun = await client.authorization_request(response_type="code id_token")
    with refused(IdTokenValidationException, "hash_mismatch"):
        await client.callback(hybrid(provider, begun, c_hash="x"), begun)
    begun = await client.authorization_request(response_type="code id_token")
    with refused(AuthorizeCallbackException, "incomplete_callback"):
        await client.callback(f"?code=c&state={begun.state}", begun)


async def test_a_response_that_must_be_signed_is(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = await client.authorization_request(response_mode="jwt")
    with refused(AuthorizeCallbackException, "unsigned_response"):
        await client.callback(f"?code=c&state={begun.state}", begun)
    code = parse_qs(urlsplit(browsed(begun.url)).query)["code"][0]
    signed = provider.mint(aud=provider.client_id, code=code, state=begun.state)
    session = await client.callback(f"{REDIRECT}?response={signed}", begun)
    assert session.subject == "alice"


async def test_a_session_lives_and_ends(provider: EmbeddedProvider) -> None:
    async with client_of(provider) as client:
        begun = await client.authorization_request()
        session = await client.callback(browsed(begun.url), begun)
        spent = session.refresh_token or ""
        refreshed = await client.refresh(session)
        assert refreshed.is_successful, vars(refreshed)
        assert session.token["access_token"] == (refreshed.token or {})["access_token"]
        assert session.refresh_token not in {None, spent}
        again = await client.refresh(spent)
        assert again.oauth_error == "invalid_grant"
        answer = await client.introspect(session.access_token, "access_token")
        assert answer.claims is not None
        assert answer.claims["active"] is True
        assert (await client.revoke(session.access_token)).is_successful
        assert (await client.introspect(session.access_token)).claims == {"active": False}
        url = await client.end_session_url(
            session, post_logout_redirect_uri="https://rp.example/bye", state="s"
        )
        assert browsed(url) == "https://rp.example/bye?state=s"


async def test_tokens_of_a_machine_and_of_a_session_renew_themselves(
    provider: EmbeddedProvider,
) -> None:
    client = client_of(provider)
    own = await client.token_source(scope="read")
    again = await client.token_source(scope="read")
    assert (await own.get_token()).access_token == (await again.get_token()).access_token
    begun = await client.authorization_request()
    session = await client.callback(browsed(begun.url), begun)
    source = await client.token_source(session=session)
    token = await source.get_token()
    assert token.access_token == session.access_token
    before = provider.count("/token")
    renewed = await source.renew(token.access_token)
    assert session.access_token == renewed.access_token != token.access_token
    assert session.refresh_token == renewed.refresh_token
    assert provider.count("/token") == before + 1
    assert await client.auth(scope="read", origins=["https://api.example"])


async def test_the_metadata_is_fetched_anew_each_hour_and_survives_an_outage(
    provider: EmbeddedProvider,
) -> None:
    client = client_of(provider)
    first = await client.metadata()
    now = client.clock()
    client.clock = lambda: now + 3599
    assert await client.metadata() is first
    client.clock = lambda: now + 3601
    second = await client.metadata()
    assert second is not first
    provider.close()
    client.clock = lambda: now + 9000
    assert await client.metadata() is second
    with refused(DiscoveryException, "discovery_error"):
        await client_of(provider).metadata()


async def test_metadata_may_be_given(provider: EmbeddedProvider) -> None:
    metadata = await get_discovery_document(DiscoveryDocumentRequest(provider.issuer))
    before = len(provider.requests)
    client = client_of(provider, metadata=metadata)
    assert await client.endpoint("token_endpoint") == provider.token_endpoint
    assert len(provider.requests) == before
    begun = await client.authorization_request()
    assert (await client.callback(browsed(begun.url), begun)).subject == "alice"
    assert provider.count("/.well-known/openid-configuration") == 1
    with refused(ConfigurationException, "missing_endpoint"):
        await client.endpoint("pushed_authorization_request_endpoint")


async def test_a_login_needs_somewhere_to_come_back_to(provider: EmbeddedProvider) -> None:
    client = client_of(provider, redirect_uri=None)
    with pytest.raises(ConfigurationException, match="redirect_uri"):
        await client.authorization_request()
    assert (await client.authorization_request(redirect_uri=REDIRECT)).redirect_uri == REDIRECT


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


async def test_a_request_is_pushed_where_the_provider_demands_it(
    provider: EmbeddedProvider,
) -> None:
    pushing(provider)
    key = DPoPKey()
    client = client_of(provider, dpop_key=key)
    begun = await client.authorization_request(
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


async def test_a_pushed_request_that_is_refused_is_told(provider: EmbeddedProvider) -> None:
    pushing(provider)
    taking = provider.intercept
    assert taking is not None
    provider.intercept = lambda received: (
        Answer.of_json({"error": "invalid_request"}, 400)
        if received.path == "/par"
        else taking(received)
    )
    with refused(TokenRequestException, "token_request_error"):
        await client_of(provider).authorization_request()


async def test_a_request_is_signed_where_there_is_a_key(provider: EmbeddedProvider) -> None:
    client = client_of(provider, request_signing_key=KEY, request_signing_kid="k")
    begun = await client.authorization_request()
    query = parse_qs(urlsplit(begun.url).query)
    assert query["request"][0].count(".") == 2
    assert "state" not in query
    pushing(provider)
    client = client_of(provider, request_signing_key=KEY)
    await client.authorization_request(login_hint="alice")
    form = provider.requests[-1].form
    assert set(form) == {"request", "client_id"}


@pytest.mark.parametrize(
    "made",
    [PrivateKeyJwtAuthentication(KEY, "ES256"), ClientSecretJwt("s" * 32)],
)
async def test_an_assertion_is_for_the_issuer(provider: EmbeddedProvider, made: Any) -> None:
    from py_identity_model._jose.encoding import decode_base64url, parse_object

    provider.intercept = answering("/token", Answer.of_json({"access_token": "t"}))
    client = client_of(provider, client_authentication=made)
    await client.refresh("r")
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
        AsyncOAuthClient("https://op.example", "web", **{"profile": "fapi2", **arguments})


async def test_a_provider_or_a_login_that_violates_the_profile_is_refused(
    provider: EmbeddedProvider,
) -> None:
    client = client_of(provider, client_authentication=SIGNED, profile="fapi2", **BOUND)
    with refused(ConfigurationException, "profile_violated"):
        await client.authorization_request()
    pushing(provider, token_endpoint_auth_methods_supported=["private_key_jwt"])
    wrongs: list[dict[str, Any]] = [
        {"redirect_uri": "http://rp.example"},
        {"response_type": "code id_token"},
    ]
    for wrong in wrongs:
        with refused(ConfigurationException, "profile_violated"):
            await client.authorization_request(**wrong)
    assert provider.count("/par") == 0
    begun = await client.authorization_request()
    assert provider.count("/par") == 1
    with refused(AuthorizeCallbackException, "missing_issuer"):
        await client.callback(f"?code=c&state={begun.state}", begun)


async def test_a_certificate_leads_to_the_aliases(provider: EmbeddedProvider) -> None:
    aliases = {"token_endpoint": "https://mtls.example/token"}
    document = {**provider.document(), "mtls_endpoint_aliases": aliases}
    provider.intercept = answering("/.well-known/openid-configuration", Answer.of_json(document))
    client = client_of(provider, client_authentication=SelfSignedTlsClientAuth("c.pem"))
    assert await client.endpoint("token_endpoint") == "https://mtls.example/token"
    assert await client.endpoint("revocation_endpoint") == f"{provider.issuer}/revoke"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"url": "u"}', "null"])
def test_what_is_no_login_that_was_begun_is_refused(text: str) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        AuthorizationRequest.from_json(text)


def test_a_session_has_what_the_provider_gave() -> None:
    session = AsyncSession({"access_token": "a", "id_token": "i"}, {"sub": "alice"})
    assert session.refresh_token is None
    assert (session.access_token, session.id_token, session.subject) == ("a", "i", "alice")


async def test_a_token_is_exchanged(provider: EmbeddedProvider) -> None:
    provider.intercept = answering(
        "/token", Answer.of_json({"access_token": "t", "token_type": "Bearer"})
    )
    response = await client_of(provider).exchange("subject", audience="orders")
    assert response.is_successful
    assert provider.requests[-1].form["audience"] == "orders"


@pytest.mark.parametrize(
    "name", ["state", "nonce", "client_id", "code_challenge", "request", "request_uri", "dpop_jkt"]
)
async def test_what_a_login_makes_up_cannot_be_given(provider: EmbeddedProvider, name: str) -> None:
    given: dict[str, Any] = {name: "mine"}
    with refused(InvalidArgumentError, "invalid_argument"):
        await client_of(provider).authorization_request(**given)


async def test_a_login_that_was_begun_elsewhere_is_refused(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = await client.authorization_request()
    url = browsed(begun.url)
    with EmbeddedProvider() as other:
        foreign = await client_of(other).authorization_request()
        with refused(AuthorizeCallbackException, "issuer_mismatch"):
            await client.callback(url, foreign)
    public = AsyncOAuthClient(provider.issuer, "native", redirect_uri=REDIRECT)
    with refused(AuthorizeCallbackException, "issuer_mismatch"):
        await public.callback(url, begun)
    assert provider.count("/token") == 0
    metadata = await client.metadata()
    with refused(ConfigurationException, "issuer_not_configured"):
        AsyncOAuthClient("https://else.example", "web", metadata=metadata)


async def test_a_profile_does_not_take_a_token_that_is_bound_to_nothing(
    provider: EmbeddedProvider,
) -> None:
    pushing(provider, token_endpoint_auth_methods_supported=["private_key_jwt"])
    taking = provider.intercept
    assert taking is not None
    bearer = Answer.of_json({"access_token": "t", "token_type": "Bearer"})
    provider.intercept = lambda received: bearer if received.path == "/token" else taking(received)
    client = client_of(provider, client_authentication=SIGNED, profile="fapi2", **BOUND)
    begun = await client.authorization_request()
    answer = urlencode({"code": "c", "state": begun.state, "iss": provider.issuer})
    with refused(TokenRequestException, "token_not_bound_to_key"):
        await client.callback(f"?{answer}", begun)


async def test_an_implicit_login_ends_with_what_the_browser_brought(
    provider: EmbeddedProvider,
) -> None:
    from py_identity_model._protocol.id_token import half_hash

    client = client_of(provider)
    begun = await client.authorization_request(response_type="id_token token")
    token = provider.mint(
        aud=provider.client_id,
        nonce=begun.nonce,
        sub="alice",
        at_hash=half_hash("t", "RS256"),
        header={"typ": "JWT"},
    )
    values = {"access_token": "t", "id_token": token, "state": begun.state, "expires_in": "60"}
    session = await client.callback("#" + urlencode(values), begun)
    assert (session.subject, session.access_token) == ("alice", "t")
    assert provider.count("/token") == 0
    begun = await client.authorization_request(response_type="id_token token")
    values |= {"state": begun.state, "access_token": "swapped"}
    with refused(IdTokenValidationException, "nonce_mismatch"):
        await client.callback("#" + urlencode(values), begun)


async def test_an_audience_of_ones_own_is_kept(provider: EmbeddedProvider) -> None:
    from py_identity_model._jose.encoding import decode_base64url, parse_object

    provider.intercept = answering("/token", Answer.of_json({"access_token": "t"}))
    mine = PrivateKeyJwtAuthentication(KEY, "ES256", audience="https://mine.example")
    await client_of(provider, client_authentication=mine).refresh("r")
    assertion = provider.requests[-1].form["client_assertion"]
    claims = parse_object(decode_base64url(assertion.split(".")[1].encode()))
    assert claims["aud"] == "https://mine.example"


async def test_a_signed_response_needs_keys(provider: EmbeddedProvider) -> None:
    client = client_of(provider)
    begun = await client.authorization_request(response_mode="jwt")
    provider.intercept = answering("/jwks", Answer(500))
    with refused(KeysUnavailableException, "keys_unavailable"):
        await client.callback("?response=a.b.c", begun)
