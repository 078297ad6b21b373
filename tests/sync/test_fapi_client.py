# Generated from aio/test_fapi_client.py by scripts/make_sync.py; edit that file.
"""Clients by FAPI 2.0: what they sign with, what binds their tokens, which messages are signed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from joserfc.jwk import OKPKey, RSAKey

from py_identity_model._jose.encoding import decode_base64url, parse_object
from py_identity_model._jose.sign import sign_compact
from py_identity_model.exceptions import (
    AuthorizeCallbackException,
    ConfigurationException,
    JarmValidationException,
    TokenRequestException,
    TokenValidationException,
)
from py_identity_model.sync import (
    DiscoveryDocumentResponse,
    DPoPKey,
    HTTPClient,
    MtlsClientAuth,
    OAuthClient,
    PrivateKeyJwtAuthentication,
    Session,
    TlsClientAuth,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.support import answering, refused

REDIRECT = "https://rp.example/cb"
KEY = DPoPKey().private_key_pem.decode()
ED25519 = OKPKey.generate_key("Ed25519", private=True).as_dict(private=True)
ED448 = OKPKey.generate_key("Ed448", private=True).as_dict(private=True)
SIGNED = PrivateKeyJwtAuthentication(KEY, "ES256")
ALIAS = "https://mtls.op.example/token"
DISCOVERY = "/.well-known/openid-configuration"


def fapi(issuer: str = "https://op.example", **more: Any) -> OAuthClient:
    usual: dict[str, Any] = {
        "client_authentication": SIGNED,
        "dpop_key": DPoPKey(),
        "redirect_uri": REDIRECT,
        "profile": "fapi2",
    }
    return OAuthClient(issuer, "web", **{**usual, **more})


def providing(
    provider: EmbeddedProvider, seen: list[Received], **more: Any
) -> Callable[[Received], Answer | None]:
    document = {
        **provider.document(),
        "pushed_authorization_request_endpoint": f"{provider.issuer}/par",
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        **more,
    }
    document = {name: value for name, value in document.items() if value is not None}

    def respond(received: Received) -> Answer | None:
        if received.path == "/par":
            seen.append(received)
            return Answer.of_json({"request_uri": "urn:1", "expires_in": 60}, 201)
        return Answer.of_json(document) if received.path == DISCOVERY else None

    return respond


def header_of(token: str) -> dict[str, Any]:
    return parse_object(decode_base64url(token.split(".")[0].encode()))


@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519"])
def test_everything_may_be_signed_by_ed25519(provider: EmbeddedProvider, algorithm: str) -> None:
    seen: list[Received] = []
    provider.intercept = providing(
        provider, seen, id_token_signing_alg_values_supported=[algorithm]
    )
    client = fapi(
        provider.issuer,
        client_authentication=PrivateKeyJwtAuthentication(ED25519, algorithm),
        dpop_key=DPoPKey("EdDSA"),
        profile="fapi2-message-signing",
        request_signing_key=ED25519,
        request_signing_algorithm=algorithm,
    )
    client.authorization_request()
    (pushed,) = seen
    assert header_of(pushed.form["client_assertion"])["alg"] == algorithm
    assert header_of(pushed.form["request"])["alg"] == algorithm
    assert header_of(pushed.headers["dpop"])["alg"] == "EdDSA"


def test_a_profile_has_no_login_without_pkce(provider: EmbeddedProvider) -> None:
    seen: list[Received] = []
    provider.intercept = providing(provider, seen)
    with refused(ConfigurationException, "profile_violated") as caught:
        fapi(provider.issuer).authorization_request(code_challenge=None)
    assert "code_challenge is required" in str(caught.value)
    assert seen == []


def log_in(provider: EmbeddedProvider, id_token_key: Any, algorithm: str) -> Session:
    """Log in by FAPI 2.0 at a provider that signs by this key."""
    seen: list[Received] = []
    rest = providing(provider, seen, jwks_uri=f"{provider.issuer}/own-keys")
    client = fapi(provider.issuer)

    def respond(received: Received) -> Answer | None:
        if received.path == "/own-keys":
            public = {**id_token_key.as_dict(private=False), "kid": "k", "use": "sig"}
            return Answer.of_json({"keys": [public]})
        if received.path == "/token":
            now = int(time.time())
            claims = {"iss": provider.issuer, "aud": "web", "sub": "alice", "iat": now}
            claims |= {"exp": now + 60, "nonce": seen[0].form["nonce"]}
            header = {"alg": algorithm, "kid": "k"}
            id_token = sign_compact(header, claims, id_token_key, algorithm)
            token = {"access_token": "t", "token_type": "DPoP", "id_token": id_token}
            return Answer.of_json(token)
        return rest(received)

    provider.intercept = respond
    begun = client.authorization_request()
    answer = {"code": "c", "state": begun.state, "iss": provider.issuer}
    return client.callback(answer, begun)


@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519"])
def test_id_tokens_may_be_signed_by_ed25519(provider: EmbeddedProvider, algorithm: str) -> None:
    key = OKPKey.generate_key("Ed25519", private=True)
    assert (log_in(provider, key, algorithm)).subject == "alice"


def test_id_tokens_of_another_curve_are_refused(provider: EmbeddedProvider) -> None:
    key = OKPKey.generate_key("Ed448", private=True)
    with refused(TokenValidationException, "algorithm_not_allowed"):
        log_in(provider, key, "EdDSA")
    with refused(TokenValidationException, "algorithm_not_allowed"):
        log_in(provider, RSAKey.generate_key(2048, private=True), "RS256")


def test_a_response_may_be_signed_by_ed25519(provider: EmbeddedProvider) -> None:
    seen: list[Received] = []
    provider.intercept = providing(
        provider, seen, authorization_signing_alg_values_supported=["EdDSA"]
    )
    client = fapi(provider.issuer, profile="fapi2-message-signing", message_signing=["response"])
    begun = client.authorization_request()
    signed: dict[str, Any] = {"aud": "web", "code": "c", "state": begun.state}
    for algorithm in ("EdDSA", "RS256"):
        response = provider.mint(algorithm=algorithm, **signed)
        expected = TokenRequestException if algorithm == "EdDSA" else JarmValidationException
        with pytest.raises(expected):  # the embedded provider does not know the code
            client.callback(f"{REDIRECT}?response={response}", begun)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (
            {"client_authentication": PrivateKeyJwtAuthentication(ED448, "EdDSA")},
            "assertions must be signed by an Ed25519 key",
        ),
        (
            {"client_authentication": PrivateKeyJwtAuthentication(ED448, "Ed448")},
            "assertions must not be signed by Ed448",
        ),
        (
            {"request_signing_key": ED448, "request_signing_algorithm": "EdDSA"},
            "requests must be signed by an Ed25519 key",
        ),
        ({"dpop_key": DPoPKey("RS256")}, "proofs must not be signed by RS256"),
    ],
)
def test_other_keys_are_refused_before_anything_is_sent(wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigurationException, match=text):
        fapi(**wrong)


@pytest.fixture
def certificate(tmp_path: Path) -> MtlsClientAuth:
    issued = trustme.CA().issue_cert("client.test")
    names = str(tmp_path / "client.pem"), str(tmp_path / "client.key")
    issued.cert_chain_pems[0].write_to_path(names[0])
    issued.private_key_pem.write_to_path(names[1])
    return MtlsClientAuth(*names)


METADATA = DiscoveryDocumentResponse(
    True,
    issuer="https://op.example",
    token_endpoint="https://op.example/token",
    token_endpoint_auth_methods_supported=["private_key_jwt"],
    mtls_endpoint_aliases={"token_endpoint": ALIAS},
)


def test_the_binding_chooses_the_alias_not_the_authentication(
    certificate: MtlsClientAuth,
) -> None:
    with HTTPClient(certificate=certificate) as http_client:
        client = fapi(http_client=http_client, dpop_key=None, metadata=METADATA)
        assert client.endpoint("token_endpoint") == ALIAS
        plain = OAuthClient("https://op.example", "web", SIGNED, metadata=METADATA)
        assert plain.endpoint("token_endpoint") == METADATA.token_endpoint


def test_a_client_made_elsewhere_is_said_to_present_a_certificate() -> None:
    with HTTPClient() as http_client:
        with pytest.raises(ConfigurationException, match="client_certificate_bound_access_tokens"):
            fapi(http_client=http_client, dpop_key=None)
        client = fapi(
            http_client=http_client,
            dpop_key=None,
            metadata=METADATA,
            tls_client_certificate_bound_access_tokens=True,
        )
        assert client.endpoint("token_endpoint") == ALIAS


def test_certificates_that_could_not_be_presented_are_refused_at_once(
    certificate: MtlsClientAuth,
) -> None:
    files = TlsClientAuth(certificate.certificate, certificate.private_key)
    with HTTPClient() as http_client:
        with refused(ConfigurationException, "mtls_with_client"):
            OAuthClient("https://op.example", "web", files, http_client=http_client)
    with refused(ConfigurationException, "missing_client_certificate"):
        OAuthClient("https://op.example", "web", TlsClientAuth())
    with refused(ConfigurationException, "missing_client_certificate"):
        fapi(tls_client_certificate_bound_access_tokens=True)
    assert fapi(client_authentication=files, dpop_key=None)


def test_requests_alone_may_be_signed(provider: EmbeddedProvider) -> None:
    seen: list[Received] = []
    provider.intercept = providing(provider, seen)
    client = fapi(
        provider.issuer,
        profile="fapi2-message-signing",
        message_signing=["request"],
        request_signing_key=KEY,
    )
    begun = client.authorization_request()
    assert begun.response_mode is None
    assert "request" in seen[0].form


def test_responses_alone_may_be_signed(provider: EmbeddedProvider) -> None:
    seen: list[Received] = []
    provider.intercept = providing(provider, seen)
    client = fapi(provider.issuer, profile="fapi2-message-signing", message_signing=["response"])
    begun = client.authorization_request()
    assert seen[0].form["response_mode"] == "jwt"
    assert "request" not in seen[0].form
    with refused(AuthorizeCallbackException, "unsigned_response"):
        client.callback(f"{REDIRECT}?code=c&state={begun.state}", begun)


def test_a_login_cannot_leave_the_response_unsigned(provider: EmbeddedProvider) -> None:
    seen: list[Received] = []
    provider.intercept = providing(provider, seen)
    client = fapi(provider.issuer, profile="fapi2-message-signing", request_signing_key=KEY)
    with refused(ConfigurationException, "profile_violated"):
        client.authorization_request(response_mode="query")
    assert (client.authorization_request(response_mode="form_post.jwt")).is_signed_response
    assert len(seen) == 1


@pytest.mark.parametrize("named", [[], ["requests"], "request", ["request", "token"]])
def test_signed_messages_must_be_named_validly(named: Any) -> None:
    with pytest.raises(ConfigurationException, match="message_signing must name"):
        fapi(profile="fapi2-message-signing", message_signing=named, request_signing_key=KEY)


def test_signed_messages_that_can_be_read_once_stay_signed(
    provider: EmbeddedProvider,
) -> None:
    seen: list[Received] = []
    provider.intercept = providing(provider, seen)
    named: Any = iter(["request", "response"])
    client = fapi(
        provider.issuer,
        profile="fapi2-message-signing",
        message_signing=named,
        request_signing_key=KEY,
    )
    assert (client.authorization_request()).is_signed_response
    assert "request" in seen[0].form


def test_a_server_for_machines_names_no_login_members(provider: EmbeddedProvider) -> None:
    document = {
        "issuer": provider.issuer,
        "token_endpoint": provider.token_endpoint,
        "jwks_uri": provider.jwks_uri,
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
    }
    provider.intercept = answering(DISCOVERY, Answer.of_json(document))
    client = fapi(provider.issuer)
    assert client.endpoint("token_endpoint") == provider.token_endpoint
    assert client.token_source(scope="read")
    with pytest.raises(ConfigurationException, match="authorization_code"):
        client.authorization_request()
    assert provider.count("/par") == 0


def test_a_server_for_machines_must_authenticate_them_soundly(
    provider: EmbeddedProvider,
) -> None:
    document = {"issuer": provider.issuer, "token_endpoint": provider.token_endpoint}
    document |= {"jwks_uri": provider.jwks_uri}
    provider.intercept = answering(DISCOVERY, Answer.of_json(document))
    with refused(ConfigurationException, "profile_violated"):
        fapi(provider.issuer).token_source(scope="read")


def test_a_login_without_openid_needs_no_algorithms_of_id_tokens(
    provider: EmbeddedProvider,
) -> None:
    seen: list[Received] = []
    provider.intercept = providing(
        provider, seen, id_token_signing_alg_values_supported=None, subject_types_supported=None
    )
    client = fapi(provider.issuer)
    assert client.authorization_request(scope="payments")
    with pytest.raises(ConfigurationException, match="id_token_signing_alg"):
        client.authorization_request(scope="openid payments")


def test_a_login_without_openid_ends_with_an_access_token(provider: EmbeddedProvider) -> None:
    seen: list[Received] = []
    tokens: list[Received] = []
    rest = providing(
        provider, seen, id_token_signing_alg_values_supported=None, subject_types_supported=None
    )

    def respond(received: Received) -> Answer | None:
        if received.path == "/token":
            tokens.append(received)
            return Answer.of_json({"access_token": "t", "token_type": "DPoP", "expires_in": 60})
        return rest(received)

    provider.intercept = respond
    client = fapi(provider.issuer)
    begun = client.authorization_request(scope="payments")
    answer = {"code": "c", "state": begun.state, "iss": provider.issuer}
    with refused(AuthorizeCallbackException, "issuer_mismatch"):
        client.callback({**answer, "iss": "https://other.example"}, begun)
    session = client.callback(answer, begun)
    assert (session.access_token, session.claims) == ("t", {})
    assert "nonce" not in seen[0].form
    assert "code_challenge" in seen[0].form
    (sent,) = tokens
    assert "dpop" in sent.headers
    assert "client_assertion" in sent.form


def test_a_login_without_an_authorization_endpoint_is_refused(
    provider: EmbeddedProvider,
) -> None:
    document = {**provider.document(), "authorization_endpoint": None}
    provider.intercept = answering(DISCOVERY, Answer.of_json(document))
    client = OAuthClient(provider.issuer, "native", redirect_uri=REDIRECT)
    with refused(ConfigurationException, "missing_endpoint"):
        client.authorization_request()
