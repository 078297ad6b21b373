# Generated from aio/test_endpoints.py by scripts/make_sync.py; edit that file.
"""Every endpoint in the same situations: what is sent, and what becomes of odd answers."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from py_identity_model._protocol.claim_sources import ClaimSourceRequest
from py_identity_model.sync import (
    AuthorizationCodeTokenRequest,
    BackchannelAuthenticationRequest,
    BackchannelTokenRequest,
    ChainedGrantRequest,
    ClientCredentialsTokenRequest,
    ClientDeleteRequest,
    ClientReadRequest,
    ClientRegistrationRequest,
    ClientSecretPost,
    ClientUpdateRequest,
    DeviceAuthorizationRequest,
    DeviceTokenRequest,
    ErrorKind,
    ExtensionTokenRequest,
    HTTPClient,
    IdentityAssertionGrantRequest,
    JwtBearerTokenRequest,
    MtlsClientAuth,
    ProtectedResourceMetadataRequest,
    PushedAuthorizationRequest,
    RefreshTokenRequest,
    SecurityEventPollRequest,
    TokenExchangeRequest,
    TokenIntrospectionRequest,
    TokenRevocationRequest,
    UserInfoRequest,
    delete_client,
    discover_issuer,
    exchange_token,
    get_protected_resource_metadata,
    get_userinfo,
    introspect_token,
    poll_backchannel_token,
    poll_device_token,
    poll_security_events,
    push_authorization_request,
    read_client,
    refresh_token,
    register_client,
    request_authorization_code_token,
    request_backchannel_authentication,
    request_chained_grant,
    request_client_credentials_token,
    request_device_authorization,
    request_extension_token,
    request_identity_assertion_grant,
    request_jwt_bearer_token,
    revoke_token,
    update_client,
)
from py_identity_model.sync.claim_sources import fetch_claims
from py_identity_model.testing import Answer, EmbeddedProvider, Received

PATH = "/endpoint"
SECRET = "a-client-secret"
TYPE = "urn:ietf:params:oauth:token-type:access_token"


FORMS: dict[str, tuple[Any, Any, dict[str, str]]] = {
    "token request": (
        request_client_credentials_token,
        lambda url, **k: ClientCredentialsTokenRequest(url, "web", **k),
        {"grant_type": "client_credentials"},
    ),
    "authorization code token exchange": (
        request_authorization_code_token,
        lambda url, **k: AuthorizationCodeTokenRequest(
            url, "web", "the-code", "https://rp.example/cb", "verifier", **k
        ),
        {
            "grant_type": "authorization_code",
            "code": "the-code",
            "redirect_uri": "https://rp.example/cb",
            "code_verifier": "verifier",
        },
    ),
    "token refresh": (
        refresh_token,
        lambda url, **k: RefreshTokenRequest(url, "web", "the-refresh-token", "a b", **k),
        {"grant_type": "refresh_token", "refresh_token": "the-refresh-token", "scope": "a b"},
    ),
    "device authorization": (
        request_device_authorization,
        lambda url, **k: DeviceAuthorizationRequest(url, "web", **k),
        {"scope": "openid", "client_id": "web"},
    ),
    "device token poll": (
        poll_device_token,
        lambda url, **k: DeviceTokenRequest(url, "web", "the-device-code", **k),
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "device_code": "the-device-code",
            "client_id": "web",
        },
    ),
    "token exchange": (
        exchange_token,
        lambda url, **k: TokenExchangeRequest(url, "web", "the-subject", TYPE, **k),
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": "the-subject",
            "subject_token_type": TYPE,
        },
    ),
    "identity assertion grant": (
        request_identity_assertion_grant,
        lambda url, **k: IdentityAssertionGrantRequest(
            url, "web", "the-subject", "https://as.example", **k
        ),
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "requested_token_type": "urn:ietf:params:oauth:token-type:id-jag",
            "subject_token": "the-subject",
            "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
            "audience": "https://as.example",
        },
    ),
    "identity chaining": (
        request_chained_grant,
        lambda url, **k: ChainedGrantRequest(url, "web", "the-subject", "https://as.example", **k),
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": "the-subject",
            "subject_token_type": TYPE,
            "audience": "https://as.example",
        },
    ),
    "token introspection": (
        introspect_token,
        lambda url, **k: TokenIntrospectionRequest(url, "the-token", "web", "access_token", **k),
        {"token": "the-token", "token_type_hint": "access_token"},
    ),
    "token revocation": (
        revoke_token,
        lambda url, **k: TokenRevocationRequest(url, "the-token", "web", **k),
        {"token": "the-token"},
    ),
    "PAR": (
        push_authorization_request,
        lambda url, **k: PushedAuthorizationRequest(url, "web", "https://rp.example/cb", **k),
        {
            "client_id": "web",
            "redirect_uri": "https://rp.example/cb",
            "scope": "openid",
            "response_type": "code",
        },
    ),
    "extension token request": (
        request_extension_token,
        lambda url, **k: ExtensionTokenRequest(url, "web", "urn:example", {"proof": "1"}, **k),
        {"grant_type": "urn:example", "proof": "1"},
    ),
    "JWT bearer token request": (
        request_jwt_bearer_token,
        lambda url, **k: JwtBearerTokenRequest(url, "web", "the-assertion", **k),
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": "the-assertion",
        },
    ),
    "backchannel authentication request": (
        request_backchannel_authentication,
        lambda url, **k: BackchannelAuthenticationRequest(url, "web", login_hint="alice", **k),
        {"login_hint": "alice", "scope": "openid"},
    ),
    "backchannel token poll": (
        poll_backchannel_token,
        lambda url, **k: BackchannelTokenRequest(url, "web", "the-request", **k),
        {"grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": "the-request"},
    ),
}
BEARERS: dict[str, tuple[Any, Any]] = {
    "client registration": (
        register_client,
        lambda url: ClientRegistrationRequest(
            url, ["https://rp.example/cb"], initial_access_token="the-bearer"
        ),
    ),
    "client registration (read)": (read_client, lambda url: ClientReadRequest(url, "the-bearer")),
    "client registration (update)": (
        update_client,
        lambda url: ClientUpdateRequest(url, "the-bearer", "c", ["https://rp.example/cb"]),
    ),
    "client delete": (delete_client, lambda url: ClientDeleteRequest(url, "the-bearer")),
    "UserInfo request": (get_userinfo, lambda url: UserInfoRequest(url, "the-bearer")),
    "security event poll": (
        poll_security_events,
        lambda url: SecurityEventPollRequest(url, "the-bearer"),
    ),
    "distributed claims request": (
        fetch_claims,
        lambda url: ClaimSourceRequest(url, "the-bearer"),
    ),
}
OPEN: dict[str, tuple[Any, Any]] = {
    "WebFinger request": (discover_issuer, lambda url: url + "?who=alice"),
    "protected resource metadata request": (
        get_protected_resource_metadata,
        ProtectedResourceMetadataRequest,
    ),
}
GRANT = (
    "eyJ0eXAiOiJvYXV0aC1pZC1qYWcrand0IiwiYWxnIjoiRVMyNTYifQ"
    ".eyJhdWQiOiJodHRwczovL2FzLmV4YW1wbGUifQ.c2ln"
)
"""Has the type and the audience of an identity assertion grant."""

ANSWERS: dict[str, dict[str, Any]] = {
    "identity assertion grant": {
        "access_token": GRANT,
        "token_type": "N_A",
        "issued_token_type": "urn:ietf:params:oauth:token-type:id-jag",
    },
    "identity chaining": {
        "access_token": GRANT,
        "token_type": "N_A",
        "issued_token_type": "urn:ietf:params:oauth:token-type:jwt",
    },
    "device authorization": {
        "device_code": "d",
        "user_code": "u",
        "verification_uri": "https://op.example/device",
        "expires_in": 60,
    },
    "security event poll": {"sets": {}},
    "PAR": {"request_uri": "urn:1", "expires_in": 60},
    "backchannel authentication request": {"auth_req_id": "a", "expires_in": 60},
    "client registration": {"client_id": "c"},
    "client registration (read)": {"client_id": "c"},
    "client registration (update)": {"client_id": "c"},
    "UserInfo request": {"sub": "alice"},
    "WebFinger request": {
        "links": [
            {
                "rel": "http://openid.net/specs/connect/1.0/issuer",
                "href": "https://op.example",
            }
        ]
    },
}
USUAL = {"access_token": "t", "token_type": "Bearer", "expires_in": 60}


def answer_to(operation: str) -> Answer:
    if operation == "distributed claims request":
        return Answer(200, b"a.signed.jwt")
    return Answer.of_json(ANSWERS.get(operation, USUAL))


def calls(operation: str) -> tuple[Any, Any]:
    """Return function and request maker."""
    return FORMS[operation][:2] if operation in FORMS else (BEARERS | OPEN)[operation]


ALL = [*FORMS, *BEARERS, *OPEN]


@pytest.mark.parametrize("operation", FORMS)
def test_a_form_is_sent_with_the_secret_in_the_header(
    provider: EmbeddedProvider, operation: str
) -> None:
    function, make, form = FORMS[operation]
    provider.intercept = lambda received: answer_to(operation)
    response = function(make(provider.issuer + PATH, client_secret=SECRET))
    assert response.is_successful, vars(response)
    (received,) = provider.requests
    assert received.method == "POST"
    assert received.headers["content-type"] == "application/x-www-form-urlencoded"
    assert received.headers["authorization"].startswith("Basic ")
    assert received.form == form


@pytest.mark.parametrize("operation", FORMS)
def test_a_public_client_sends_its_name_alone(provider: EmbeddedProvider, operation: str) -> None:
    function, make, form = FORMS[operation]
    provider.intercept = lambda received: answer_to(operation)
    function(make(provider.issuer + PATH))
    (received,) = provider.requests
    assert "authorization" not in received.headers
    assert received.form == form | {"client_id": "web"}


@pytest.mark.parametrize("operation", FORMS)
def test_an_address_is_used_as_it_was_given(operation: str) -> None:
    function, make, _ = FORMS[operation]
    asked: list[str] = []

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json={})

    address = "http://op.example/token?tenant=a"  # plain http too: the program says so itself
    with httpx.Client(transport=httpx.MockTransport(serve)) as client:
        function(make(address, client_secret=SECRET), HTTPClient(client))
    assert asked == [address]


@pytest.mark.parametrize("operation", FORMS)
def test_the_class_that_is_chosen_wins(provider: EmbeddedProvider, operation: str) -> None:
    function, make, form = FORMS[operation]
    provider.intercept = lambda received: answer_to(operation)
    function(
        make(
            provider.issuer + PATH,
            client_secret="older",
            client_authentication=ClientSecretPost(SECRET),
        )
    )
    (received,) = provider.requests
    assert received.form == form | {"client_id": "web", "client_secret": SECRET}


@pytest.mark.parametrize("operation", FORMS)
def test_further_parameters_are_sent_but_may_not_replace(
    provider: EmbeddedProvider, operation: str
) -> None:
    function, make, form = FORMS[operation]
    provider.intercept = lambda received: answer_to(operation)
    if operation == "extension token request":
        response = function(
            ExtensionTokenRequest(provider.issuer + PATH, "web", "g", {"grant_type": "h"})
        )
        assert "grant_type" in str(response.error)
        return
    function(make(provider.issuer + PATH, extra_parameters={"more": ["1", "2"]}))
    assert parse_qs(provider.requests[0].body.decode())["more"] == ["1", "2"]
    for name in ("client_id", "client_assertion", *form):
        response = function(make(provider.issuer + PATH, extra_parameters={name: "x"}))
        assert response.error_kind is ErrorKind.INVALID_CONFIGURATION
        assert name in str(response.error)
    assert len(provider.requests) == 1


@pytest.mark.parametrize("operation", BEARERS)
def test_a_bearer_token_is_sent(provider: EmbeddedProvider, operation: str) -> None:
    function, make = BEARERS[operation]
    provider.intercept = lambda received: answer_to(operation)
    response = function(make(provider.issuer + PATH))
    assert response.is_successful, vars(response)
    assert provider.requests[0].headers["authorization"] == "Bearer the-bearer"


@pytest.mark.parametrize("operation", ALL)
def test_a_refusal_says_what_the_provider_said_and_no_secret(
    provider: EmbeddedProvider, operation: str
) -> None:
    function, make = calls(operation)
    secrets = ["the-code", "the-refresh-token", "the-device-code", "the-subject", "the-token"]
    secrets += ["the-assertion", "the-request", "the-bearer", SECRET]

    def refuse(received: Received) -> Answer:
        body = {"error": "invalid_thing", "error_description": f"no: {' '.join(secrets)}"}
        return Answer.of_json(body | {"error_uri": "https://op.example/help"}, 400)

    provider.intercept = refuse
    response = function(make(provider.issuer + PATH))
    assert not response.is_successful
    assert response.error_kind is ErrorKind.UNEXPECTED_STATUS
    assert response.status_code == 400
    assert response.oauth_error == "invalid_thing"
    assert response.oauth_error_uri == "https://op.example/help"
    assert "invalid_thing" in response.error
    sent = provider.requests[0]
    known = sent.body.decode() + sent.headers.get("authorization", "")
    own = [secret for secret in secrets if secret in known]
    assert own or operation in {
        *("token request", "device authorization", "PAR", "extension token request"),
        *("backchannel authentication request", *OPEN),
    }
    for text in (response.error, repr(response), response.oauth_error_description):
        for secret in own:
            assert secret not in text


@pytest.mark.parametrize("operation", ALL)
def test_an_unreachable_provider_is_a_network_error(
    provider: EmbeddedProvider, operation: str
) -> None:
    function, make = calls(operation)
    request = make(provider.issuer + PATH)
    provider.close()
    response = function(request)
    assert response.error_kind is ErrorKind.NETWORK_ERROR
    label = operation.partition(" (")[0]
    assert str(response.error).startswith(f"Network error during {label}: ")


@pytest.mark.parametrize("operation", ALL)
def test_a_redirect_is_not_followed(provider: EmbeddedProvider, operation: str) -> None:
    function, make = calls(operation)
    provider.intercept = lambda received: Answer(307, b"", {"location": "/elsewhere"})
    response = function(make(provider.issuer + PATH))
    assert response.error_kind is ErrorKind.RESPONSE_REFUSED
    assert len(provider.requests) == 1


@pytest.mark.parametrize("operation", ALL)
def test_a_closed_client_is_named_in_the_error(provider: EmbeddedProvider, operation: str) -> None:
    function, make = calls(operation)
    http_client = HTTPClient()
    http_client.close()
    response = function(make(provider.issuer + PATH), http_client=http_client)
    assert "has been closed" in response.error


READS_NO_OBJECT = {"token revocation", "client delete", "distributed claims request"}
READS_AN_OBJECT = [name for name in ALL if name not in READS_NO_OBJECT]


@pytest.mark.parametrize("operation", READS_AN_OBJECT)
@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        (b"<html>", ErrorKind.INVALID_JSON, "invalid JSON"),
        (b"[1]", ErrorKind.INVALID_DOCUMENT, "not a JSON object"),
        (b'{"a": NaN}', ErrorKind.INVALID_JSON, "invalid JSON"),
    ],
)
def test_a_response_that_is_not_an_object_is_refused(
    provider: EmbeddedProvider, operation: str, body: bytes, kind: ErrorKind, text: str
) -> None:
    function, make = calls(operation)
    provider.intercept = lambda received: Answer(200, body, {"Content-Type": "application/json"})
    response = function(make(provider.issuer + PATH))
    assert response.error_kind is kind
    assert text in response.error


@pytest.mark.parametrize("operation", ["token revocation", "client delete"])
def test_the_content_of_an_unneeded_body_is_ignored(
    provider: EmbeddedProvider, operation: str
) -> None:
    function, make = calls(operation)
    provider.intercept = lambda received: Answer(200, b"<html>")
    assert (function(make(provider.issuer + PATH))).is_successful


@pytest.mark.parametrize("operation", ALL)
def test_a_single_use_credential_is_not_sent_twice(
    provider: EmbeddedProvider, operation: str
) -> None:
    function, make = calls(operation)
    provider.intercept = lambda received: Answer(503, b"down")
    response = function(make(provider.issuer + PATH))
    assert response.status_code == 503
    repeatable = {
        *("token request", "token introspection", "token revocation", "UserInfo request"),
        *("client registration (read)", "client registration (update)", "client delete"),
        *("distributed claims request", *OPEN),
    }
    assert len(provider.requests) == (4 if operation in repeatable else 1)


@pytest.mark.parametrize("operation", FORMS)
def test_a_certificate_and_an_injected_client_exclude_each_other(
    provider: EmbeddedProvider, operation: str
) -> None:
    function, make, _ = FORMS[operation]
    try:
        request = make(provider.issuer + PATH, mtls=MtlsClientAuth("c.pem", "c.key"))
    except TypeError:
        return  # newer requests have client_authentication alone
    http_client = HTTPClient()
    response = function(request, http_client=http_client)
    assert "cannot be combined" in response.error
    response = function(request)
    assert response.error_kind is ErrorKind.INVALID_CONFIGURATION
    assert "client certificate" in response.error
    http_client.close()


@pytest.mark.parametrize(
    ("operation", "missing"),
    [
        *(
            ("device authorization", name)
            for name in ("device_code", "user_code", "verification_uri", "expires_in")
        ),
        *(("PAR", name) for name in ("request_uri", "expires_in")),
        *(("token exchange", name) for name in ("access_token", "token_type")),
        *(("backchannel authentication request", n) for n in ("auth_req_id", "expires_in")),
        ("client registration", "client_id"),
    ],
)
@pytest.mark.parametrize("value", [None, "", 0, True, [], {}])
def test_an_answer_without_what_matters_is_refused(
    provider: EmbeddedProvider, operation: str, missing: str, value: object
) -> None:
    function, make = calls(operation)
    whole = ANSWERS.get(operation, USUAL)
    provider.intercept = lambda received: Answer.of_json({**whole, missing: value})
    response = function(make(provider.issuer + PATH))
    assert response.error_kind is ErrorKind.INVALID_DOCUMENT
    assert missing in response.error


@pytest.mark.parametrize(
    "code", ["authorization_pending", "slow_down", "expired_token", "access_denied"]
)
@pytest.mark.parametrize("described", [True, False])
def test_a_poll_reports_why_there_is_no_token(
    provider: EmbeddedProvider, code: str, described: bool
) -> None:
    body: dict[str, Any] = {"error": code, "interval": 7}
    body |= {"error_description": "in words"} if described else {}
    provider.intercept = lambda received: Answer.of_json(body, 400)
    response = poll_device_token(DeviceTokenRequest(provider.issuer + PATH, "tv", "code"))
    assert response.error_code == code
    assert response.interval == 7
    assert response.error == ("in words" if described else f"Device flow: {code}")


def test_another_error_of_a_poll_has_no_code(provider: EmbeddedProvider) -> None:
    provider.intercept = lambda received: Answer.of_json({"error": "invalid_grant"}, 400)
    response = poll_device_token(DeviceTokenRequest(provider.issuer + PATH, "tv", "code"))
    assert response.error_code is None
    assert "status code: 400" in str(response.error)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"client_id": ""}, "client_id must not be empty"),
        ({"subject_token": ""}, "subject_token must not be empty"),
        ({"subject_token_type": ""}, "subject_token_type must not be empty"),
        ({"actor_token": ""}, "actor_token must not be empty"),
        ({"actor_token": "a"}, "actor_token_type is REQUIRED"),
        ({"actor_token_type": TYPE}, "actor_token_type has no meaning without actor_token"),
    ],
)
def test_an_invalid_exchange_is_not_sent(
    provider: EmbeddedProvider, arguments: dict[str, str], text: str
) -> None:
    usual: dict[str, Any] = {"client_id": "web", "subject_token": "s", "subject_token_type": TYPE}
    request = TokenExchangeRequest(provider.issuer + PATH, **(usual | arguments))
    response = exchange_token(request)
    assert str(response.error).startswith("Validation error during token exchange: ")
    assert text in str(response.error)
    assert provider.requests == []


def test_an_exchange_names_all_that_it_is_for(provider: EmbeddedProvider) -> None:
    provider.intercept = lambda received: Answer.of_json(USUAL | {"issued_token_type": TYPE})
    response = exchange_token(
        TokenExchangeRequest(
            provider.issuer + PATH,
            "web",
            "subject",
            TYPE,
            "actor",
            TYPE,
            resource=["https://a.example", "https://b.example"],
            audience="orders",
            scope=["a", "b"],
            requested_token_type=TYPE,
            authorization_details=[{"type": "payment"}],
        )
    )
    assert response.issued_token_type == TYPE
    sent = parse_qs(provider.requests[0].body.decode())
    assert sent["resource"] == ["https://a.example", "https://b.example"]
    assert sent["audience"] == ["orders"]
    assert sent["scope"] == ["a b"]
    assert sent["actor_token"] == ["actor"]
    assert json.loads(sent["authorization_details"][0]) == [{"type": "payment"}]


@pytest.mark.parametrize(
    ("described", "words"),
    [
        ({"error": "invalid_target", "error_description": "no"}, "Error: invalid_target — no"),
        ({"error": "invalid_target"}, "Error: invalid_target"),
        ({"message": "x" * 5000}, "xxx"),
    ],
)
def test_a_refused_exchange_has_words_of_its_own(
    provider: EmbeddedProvider, described: dict[str, str], words: str
) -> None:
    provider.intercept = lambda received: Answer.of_json(described, 400)
    request = TokenExchangeRequest(provider.issuer + PATH, "web", "subject", TYPE)
    text = str((exchange_token(request)).error)
    assert "failed with status code: 400. " in text
    assert words in text
    assert len(text) < 1200


@pytest.mark.parametrize(
    ("hints", "text"),
    [({}, "exactly one"), ({"login_hint": "a", "id_token_hint": "b"}, "exactly one")],
)
def test_exactly_one_hint_says_who_is_asked(
    provider: EmbeddedProvider, hints: dict[str, Any], text: str
) -> None:
    response = request_backchannel_authentication(
        BackchannelAuthenticationRequest(provider.issuer + PATH, "web", **hints)
    )
    assert response.error_kind is ErrorKind.INVALID_CONFIGURATION
    assert text in str(response.error)
    assert provider.requests == []


def test_all_that_may_be_asked_on_the_backchannel_is_sent(
    provider: EmbeddedProvider,
) -> None:
    provider.intercept = lambda received: answer_to("backchannel authentication request")
    request_backchannel_authentication(
        BackchannelAuthenticationRequest(
            provider.issuer + PATH,
            "web",
            login_hint="alice",
            binding_message="W4SCT",
            user_code="1234",
            acr_values="gold",
            requested_expiry=30,
            client_notification_token="n",
        )
    )
    assert provider.requests[0].form == {
        "client_id": "web",
        "login_hint": "alice",
        "scope": "openid",
        "user_code": "1234",
        "binding_message": "W4SCT",
        "acr_values": "gold",
        "requested_expiry": "30",
        "client_notification_token": "n",
    }


def test_a_registration_sends_what_is_given(provider: EmbeddedProvider) -> None:
    provider.intercept = lambda received: Answer.of_json(
        {
            "client_id": "c",
            "client_secret": "hidden-secret",
            "client_id_issued_at": 1.0,
            "client_secret_expires_at": 0,
            "registration_access_token": "hidden-token",
            "registration_client_uri": "https://op.example/reg/c",
        },
        201,
    )
    response = register_client(
        ClientRegistrationRequest(
            provider.issuer + PATH,
            ["https://rp.example/cb"],
            client_name="One",
            extra_metadata={"client_name": "Two", "dpop_bound_access_tokens": True},
            software_statement="a.b.c",
        )
    )
    assert json.loads(provider.requests[0].body) == {
        "redirect_uris": ["https://rp.example/cb"],
        "client_name": "Two",
        "dpop_bound_access_tokens": True,
        "software_statement": "a.b.c",
    }
    assert "authorization" not in provider.requests[0].headers
    assert response.client_secret_expires_at == 0
    assert response.client_id_issued_at == 1
    assert "hidden" not in repr(response)


def test_an_update_replaces_what_is_registered(provider: EmbeddedProvider) -> None:
    provider.intercept = lambda received: answer_to("client registration")
    update_client(
        ClientUpdateRequest(provider.issuer + PATH, "t", "c", ["https://n"], client_secret="s")
    )
    (received,) = provider.requests
    assert received.method == "PUT"
    assert json.loads(received.body) == {
        "client_id": "c",
        "client_secret": "s",
        "redirect_uris": ["https://n"],
    }


@pytest.mark.parametrize("odd", [True, "soon", None, 1e300])
def test_odd_times_of_a_registration_are_omitted(provider: EmbeddedProvider, odd: object) -> None:
    provider.intercept = lambda received: Answer.of_json(
        {"client_id": "c", "client_id_issued_at": odd, "client_secret": 7}
    )
    response = read_client(ClientReadRequest(provider.issuer + PATH, "t"))
    assert response.client_id_issued_at is None
    assert response.client_secret is None


@pytest.mark.parametrize("token", ["", "  ", "tökén", "a\r\nb: c"])
def test_a_token_that_a_header_cannot_contain_is_not_sent(
    provider: EmbeddedProvider, token: str
) -> None:
    response = get_userinfo(UserInfoRequest(provider.issuer + PATH, token))
    assert response.error_kind is ErrorKind.INVALID_CONFIGURATION
    assert provider.requests == []


@pytest.mark.parametrize(
    ("claims", "text"),
    [({}, "missing"), ({"sub": ""}, "missing"), ({"sub": "bob"}, "sub mismatch"), ({"sub": 1}, "")],
)
def test_userinfo_about_another_user_is_refused(
    provider: EmbeddedProvider, claims: dict[str, Any], text: str
) -> None:
    provider.intercept = lambda received: Answer.of_json(claims)
    response = get_userinfo(UserInfoRequest(provider.issuer + PATH, "t", "alice"))
    assert response.error_kind is ErrorKind.SUBJECT_MISMATCH
    assert text in str(response.error)


def test_signed_userinfo_is_handed_over_but_not_believed(
    provider: EmbeddedProvider,
) -> None:
    provider.intercept = lambda received: Answer(
        200, b"e30.e30.e30", {"content-type": "application/jwt"}
    )
    response = get_userinfo(UserInfoRequest(provider.issuer + PATH, "t", "alice"))
    assert response.is_successful
    assert response.raw == "e30.e30.e30"
    assert response.claims is None


def test_expiry_is_returned_as_a_point_in_time(provider: EmbeddedProvider) -> None:
    request = ClientCredentialsTokenRequest(provider.issuer + PATH, "web")
    for seconds, known in ((60, True), ("60", True), ("soon", False), (-1, False), (1e300, False)):
        body = {**USUAL, "expires_in": seconds}
        provider.intercept = lambda received, body=body: Answer.of_json(body)
        response = request_client_credentials_token(request)
        assert (response.expires_at is not None) is known
        if response.expires_at is not None:
            assert response.expires_at.tzinfo is not None


@pytest.mark.parametrize(("challenge", "method"), [("c" * 43, None), (None, "S256"), ("", "S256")])
def test_a_challenge_and_its_method_are_pushed_together(
    provider: EmbeddedProvider, challenge: str | None, method: str | None
) -> None:
    response = push_authorization_request(
        PushedAuthorizationRequest(
            provider.issuer + PATH,
            "web",
            "https://rp.example/cb",
            code_challenge=challenge,
            code_challenge_method=method,
        )
    )
    assert "given together" in str(response.error)
    assert provider.requests == []


@pytest.mark.parametrize("details", [["payment"], [{"amount": 1}], "payment", [{"type": ""}]])
def test_details_that_have_no_type_are_not_sent(provider: EmbeddedProvider, details: Any) -> None:
    response = request_client_credentials_token(
        ClientCredentialsTokenRequest(provider.issuer + PATH, "web", authorization_details=details)
    )
    assert "authorization_details" in str(response.error)
    assert provider.requests == []


def test_a_resource_must_be_text(provider: EmbeddedProvider) -> None:
    resource: Any = ["https://a.example", 7]
    response = request_client_credentials_token(
        ClientCredentialsTokenRequest(provider.issuer + PATH, "web", resource=resource)
    )
    assert "resource must be a string or a list of strings" in str(response.error)


def test_a_signed_introspection_that_was_not_asked_for_is_refused(
    provider: EmbeddedProvider,
) -> None:
    signed = {"content-type": "application/token-introspection+jwt"}
    provider.intercept = lambda received: Answer(200, b"e30.e30.e30", signed)
    request = TokenIntrospectionRequest(provider.issuer + PATH, "t", "web")
    response = introspect_token(request)
    assert "token_validation_config" in str(response.error)


def test_a_grant_must_have_a_name(provider: EmbeddedProvider) -> None:
    response = request_extension_token(ExtensionTokenRequest(provider.issuer + PATH, "web", ""))
    assert "grant_type must not be empty" in str(response.error)
