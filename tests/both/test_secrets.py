"""No secret, and nothing personal, in reprs, errors and logs, whoever puts it there."""

from __future__ import annotations

import base64
import dataclasses
import json
import logging
import pickle
import re
import textwrap
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest

import py_identity_model as root
from py_identity_model import (
    AuthorizationCodeTokenRequest,
    BackchannelAuthenticationRequest,
    BackchannelTokenRequest,
    ClientCredentialsTokenRequest,
    ClientDeleteRequest,
    ClientMetadata,
    ClientReadRequest,
    ClientRegistrationRequest,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    ClientUpdateRequest,
    DeviceAuthorizationRequest,
    DeviceTokenRequest,
    DPoPKey,
    ExtensionTokenRequest,
    FederatedAssertion,
    HTTPClient,
    JwtBearerTokenRequest,
    PrivateKeyJwt,
    PrivateKeyJwtAuthentication,
    PushedAuthorizationRequest,
    RefreshTokenRequest,
    StoredToken,
    TokenAuth,
    TokenExchangeRequest,
    TokenIntrospectionRequest,
    TokenRevocationRequest,
    TokenSource,
    TokenValidationConfig,
    UserInfoRequest,
    aio,
    create_client_assertion,
    delete_client,
    exchange_token,
    get_userinfo,
    introspect_token,
    poll_backchannel_token,
    poll_device_token,
    push_authorization_request,
    read_client,
    refresh_token,
    register_client,
    request_authorization_code_token,
    request_backchannel_authentication,
    request_client_credentials_token,
    request_device_authorization,
    request_extension_token,
    request_jwt_bearer_token,
    revoke_token,
    update_client,
    validate_token,
)
from py_identity_model._logging import REDACTED, scrub
from py_identity_model.exceptions import PyIdentityModelException

URL = "https://op.example/x"
MARK = "MARKER/of+a secret-4711"
KEY = DPoPKey()
PEM = DPoPKey().private_key_pem.decode()

# What a repr may show.  A new field that holds text is hidden, or is named here on purpose.
PUBLIC = {
    *("address", "client_id", "issuer", "scope", "redirect_uri", "resource", "audience"),
    *("error", "error_kind", "error_code", "status_code", "oauth_error", "is_successful"),
    *("oauth_error_description", "oauth_error_uri", "error_description", "result", "is_valid"),
    *("expires_at", "expires_in", "interval", "renew_at", "token_type", "issued_token_type"),
    *("grant_type", "subject_token_type", "actor_token_type", "requested_token_type"),
    *("token_type_hint", "response_type", "response_mode", "max_age", "policy"),
    *("has_id_token", "allow_unencrypted"),
    *("code_challenge", "code_challenge_method", "acr_values", "binding_message"),
    *("requested_expiry", "user_code", "verification_uri", "verification_uri_complete"),
    *("client_authentication", "private_key_jwt", "mtls", "dpop_key", "algorithm", "kid"),
    *(
        "typ",
        "timeout",
        "lifetime",
        "certificate",
        "certificate_file",
        "auth_method",
        "state",
        "session_state",
    ),
    *("disco_doc_address", "token_validation_config", "dpop_nonce", "sid", "target_link_uri"),
    *("client_id_issued_at", "client_secret_expires_at", "registration_client_uri"),
}
# Of a provider, a key or this process; nobody's secrets.
OPEN = {
    *("DiscoveryDocumentResponse", "ProtectedResourceMetadataResponse", "JwksResponse"),
    *("DiscoveryPolicy", "Settings", "Config", "ConfigIssue", "CacheEvent", "CacheStatistics"),
    "ActivityEvent",
    *("CacheCounters", "CachedState", "ProviderHealth", "Challenge", "FAPIValidationResult"),
    *("DPoPProof", "TrustedIssuer", "MCPTarget"),
}
METADATA = {one.name for one in dataclasses.fields(ClientMetadata)}
KEYS = {
    *(
        "kty",
        "use",
        "key_ops",
        "alg",
        "x5u",
        "x5c",
        "x5t",
        "x5t_s256",
        "crv",
        "x",
        "y",
        "n",
        "e",
        "pub",
    ),
}
CONFIG = {
    *("perform_disco", "algorithms", "options", "claims_validator", "require_https", "leeway"),
    *("allowed_issuers", "discovery_policy", "max_token_size", "allow_weak_keys", "token_cache"),
    *("jwks_uri", "allow_padded_base64url", "token_issuers"),
}
ALLOWED = {
    "ClientMetadata": METADATA,
    "ClientRegistrationRequest": METADATA,
    "ClientRegistrationResponse": METADATA | {"metadata"},
    "CollectedClaims": {"issuers", "failures"},
    "SecurityEvent": {"jti", "issued_at"},
    "SecurityEventPollRequest": {"max_events", "return_immediately", "ack", "set_errors"},
    "SecurityEventPollResponse": {"more_available"},
    "SessionRecord": {"version", "refresh_expires_at", "refused", "written_at"},
    "StoredToken": {"replaced_refused_at"},
    "UserInfoRequest": {"method", "token_in_body"},
    "ClientUpdateRequest": METADATA,
    "JsonWebKey": KEYS,
    "ProtectedResourceMetadataRequest": {"url"},
    "TokenValidationConfig": CONFIG,
}


def dataclasses_of(module: Any) -> list[type]:
    found = (getattr(module, name) for name in module.__all__)
    return [one for one in found if isinstance(one, type) and dataclasses.is_dataclass(one)]


EVERY = sorted({*dataclasses_of(root), *dataclasses_of(aio)}, key=lambda one: one.__name__)


@pytest.mark.parametrize("kind", [one for one in EVERY if one.__name__ not in OPEN])
def test_a_repr_shows_no_field_that_may_hold_a_secret(kind: Any) -> None:
    fields = [one.name for one in dataclasses.fields(kind)]
    for name in {*fields} - PUBLIC - ALLOWED.get(kind.__name__, set()):
        for value in (MARK, {"a": MARK}, [MARK], MARK.encode()):
            made = object.__new__(kind)
            for other in fields:
                object.__setattr__(made, other, None)
            object.__setattr__(made, name, value)
            assert MARK not in f"{made!r} {made} {[made]}", name


def test_the_lists_of_what_is_shown_name_nothing_that_is_gone() -> None:
    names = {one.__name__: {field.name for field in dataclasses.fields(one)} for one in EVERY}
    assert names.keys() >= OPEN | ALLOWED.keys()
    assert set().union(*names.values()) >= PUBLIC
    for kind, allowed in ALLOWED.items():
        assert allowed <= names[kind]


HINTS: list[dict[str, Any]] = [
    *({"login_hint": MARK}, {"id_token_hint": MARK}, {"login_hint_token": MARK})
]
CALLS: list[tuple[Any, Any]] = [
    (request_client_credentials_token, ClientCredentialsTokenRequest(URL, "c", MARK)),
    (
        request_client_credentials_token,
        ClientCredentialsTokenRequest(URL, "c", extra_parameters={"x": MARK, "y": ["1", MARK]}),
    ),
    *(
        (request_client_credentials_token, ClientCredentialsTokenRequest(URL, "c", **more))
        for more in (
            {"client_authentication": ClientSecretBasic(MARK)},
            {"client_authentication": ClientSecretPost(MARK)},
            {"client_authentication": ClientSecretJwt(MARK * 2)},
            {"client_authentication": FederatedAssertion(lambda: MARK)},
            {"client_authentication": PrivateKeyJwtAuthentication(PEM, "ES256")},
        )
    ),
    (request_authorization_code_token, AuthorizationCodeTokenRequest(URL, "c", MARK, URL, MARK)),
    (refresh_token, RefreshTokenRequest(URL, "c", MARK, dpop_key=KEY)),
    (exchange_token, TokenExchangeRequest(URL, "c", MARK, "t", MARK, "t")),
    (request_jwt_bearer_token, JwtBearerTokenRequest(URL, "c", MARK)),
    (request_extension_token, ExtensionTokenRequest(URL, "c", "urn:g", {"a": MARK, "b": [MARK]})),
    (introspect_token, TokenIntrospectionRequest(URL, MARK, "c", client_secret=MARK)),
    (revoke_token, TokenRevocationRequest(URL, MARK, "c")),
    (
        request_device_authorization,
        DeviceAuthorizationRequest(URL, "c", extra_parameters={"x": MARK}),
    ),
    (poll_device_token, DeviceTokenRequest(URL, "c", MARK)),
    *(
        (
            request_backchannel_authentication,
            BackchannelAuthenticationRequest(URL, "c", client_notification_token=MARK, **hint),
        )
        for hint in HINTS
    ),
    (poll_backchannel_token, BackchannelTokenRequest(URL, "c", MARK)),
    (
        push_authorization_request,
        PushedAuthorizationRequest(URL, "c", URL, state=MARK, nonce=MARK),
    ),
    (push_authorization_request, PushedAuthorizationRequest(URL, "c", URL, request=MARK)),
    (register_client, ClientRegistrationRequest(URL, [], software_statement=MARK)),
    (register_client, ClientRegistrationRequest(URL, [], extra_metadata={"a": MARK, "b": [MARK]})),
    (update_client, ClientUpdateRequest(URL, "a.b", "c", [], client_secret=MARK)),
    (update_client, ClientUpdateRequest(URL, "a.b", "c", [], extra_metadata={"a": {"b": MARK}})),
]


class Echo:
    """A server that says back all that it got, in every way that a server does."""

    def __init__(self) -> None:
        self.echoes: list[Any] = []
        self.said: set[str] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = request.content.decode()
        fields = dict(httpx.QueryParams(body)) if "json" not in str(request.headers) else {}
        heard = [body, *fields.values(), *request.headers.values()]
        self.said = {value for name, value in fields.items() if name == "client_assertion"}
        self.said |= {request.headers["dpop"]} if "dpop" in request.headers else set()
        echoed = f"you sent '{' '.join(heard)}' and \"{quote(' '.join(heard), safe='')}\""
        if len(self.echoes) % 2:
            return httpx.Response(400, text=echoed)
        return httpx.Response(
            400, json={"error": "invalid_request", "error_description": echoed, "error_uri": echoed}
        )


@pytest.mark.parametrize(("call", "request_"), CALLS)
def test_echoes_of_a_provider_are_in_no_error_and_no_log(
    call: Any, request_: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "py_identity_model")
    echo = Echo()
    for _ in range(2):
        with httpx.Client(transport=httpx.MockTransport(echo)) as client:
            response = call(request_, HTTPClient(client))
        echo.echoes.append(response)
        assert not response.is_successful
        shown = json.dumps([str(one) for one in vars(response).values()]) + repr(request_)
        shown += repr(response) + caplog.text
        for secret in (MARK, quote(MARK, safe=""), MARK.replace(" ", "+"), *echo.said):
            assert secret not in shown
        assert "4711" not in shown


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


ENCODINGS: list[Callable[[str], str]] = [
    in_base64,
    lambda text: in_base64(f"x{text}"),
    lambda text: in_base64(f"xy{text}"),
    lambda text: in_base64(f"web:{quote(text, safe='')}"),
    lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    lambda text: quote(in_base64(text), safe=""),
    lambda text: in_base64(text).replace("/", r"\/"),
    lambda text: text.encode().hex(),
    lambda text: re.sub("%..", lambda one: one[0].lower(), quote(text, safe="")),
    lambda text: "".join(f"&#{ord(one)};" for one in text),
    lambda text: "".join(f"&#x{ord(one):x};" for one in text),
    lambda text: "".join(f"\\u{ord(one):04x}" for one in text),
    lambda text: "".join(f"%{one:02X}" for one in text.encode()),
    lambda text: "".join(f"\\x{one:02x}" for one in text.encode()),
    lambda text: "".join(f"%u{ord(one):04X}" for one in text),
    lambda text: "".join(f"\\u{{{ord(one):x}}}" for one in text),
    lambda text: "".join(f"\\U{ord(one):08x}" for one in text),
    lambda text: re.sub(r"[^\w ]", lambda one: f"\\x{ord(one[0]):02X}", text),
    quote,  # leaves the slash
    lambda text: quote(quote(quote(text, safe=""), safe=""), safe=""),
    lambda text: text.replace("+", " "),
    lambda text: json.dumps(json.dumps(text)),
    lambda text: re.sub(r"[^\w ]", lambda one: f"\\u{ord(one[0]):04X}", text),
    lambda text: re.sub(r"[^\w ]", lambda one: f"&#{ord(one[0])};", text),
    lambda text: re.sub(r"[^\w ]", lambda one: f"&#x{ord(one[0]):X};", text),
    lambda text: "\\n".join(textwrap.wrap(in_base64(f"xyz{text}"), 8)),
    lambda text: text.encode().hex(":").upper(),
    lambda text: ", ".join(f'"{text[at : at + 3]}"' for at in range(0, len(text), 3)),
]


@pytest.mark.parametrize("encode", ENCODINGS)
@pytest.mark.parametrize("secret", ["s3cr3t/+?~ value>4711", "abc47-xy"])
def test_an_encoded_echo_is_masked_in_a_text(encode: Callable[[str], str], secret: str) -> None:
    shown = scrub(f"<p>{encode(secret)}</p>", [secret])
    assert REDACTED in shown
    assert len(shown.replace(REDACTED, "")) <= len("<p></p>") + len("d2ViO...==")


TOKEN = f"eyJhbGciOiJub25lIn0.{in_base64('a user named 4711').rstrip('=')}.{'sig-' * 12}"


@pytest.mark.parametrize(
    "echo",
    [
        *TOKEN.split("."),
        "\n".join(TOKEN.split(".")),
        json.dumps(TOKEN.split(".")[1:]),
        "\r\n".join(textwrap.wrap(TOKEN, 40)),
        TOKEN[20:50],
        TOKEN[-30:],
        quote(quote(TOKEN[25:], safe=""), safe=""),
    ],
)
def test_parts_of_a_token_are_masked(echo: str) -> None:
    shown = scrub(f"bad token: {echo}!", [TOKEN])
    assert re.findall(r"\w+", shown.replace(REDACTED, "")) == ["bad", "token"]


@pytest.mark.parametrize("secret", ["p\u00e4ssw\u00f6rd-4711", "\U0001f511-p\u00e4ss-4711"])
def test_a_secret_in_another_character_set_is_masked(secret: str) -> None:
    latin = secret.encode("latin-1", "replace")
    for echo in (
        secret.encode().decode("latin-1"),
        latin.decode("utf-8", "replace"),
        json.dumps(secret),
        quote(secret),
        repr(secret.encode()),
        ascii(secret),
    ):
        assert "4711" not in scrub(f"{echo} is wrong", [secret])
    assert "4711" not in scrub(quote("p\u00e4ss-4711".encode("latin-1")), ["p\u00e4ss-4711"])


def test_a_mask_covers_the_secret_alone() -> None:
    odd = r"&Nope; %ff % \x \xg \U \Uffffffff \u{ffffff} \u{} %u \x00"
    text = f'a "S3cr3t%2f4711" is&nbsp;not \\"S3cr3t\\u002f4711\\", S3cr3t\\x2f4711 {odd}'
    shown = f'a "{REDACTED}" is&nbsp;not \\"{REDACTED}\\", {REDACTED} {odd}'
    assert scrub(text, ["S3cr3t/4711"]) == shown


def test_of_an_endless_text_the_beginning_is_enough() -> None:
    secret = "S3cr3t/4711"
    shown = scrub("x" * 8190 + secret + secret * 1000, [secret])
    assert shown == "x" * 8190 + REDACTED + "...[TRUNCATED]"
    assert scrub("x" * 8192, [secret]) == "x" * 8192
    assert scrub(f"{secret * 2000}", [secret]) == REDACTED + "...[TRUNCATED]"


@pytest.mark.parametrize("name", ["access_token", "client_secret", "auth_req_id", "request_uri"])
def test_a_secret_member_of_a_quoted_response_is_masked(name: str) -> None:
    shown = scrub(json.dumps({"error": "oops", name: 'a"4711'}))
    assert shown == json.dumps({"error": "oops", name: REDACTED})


@pytest.mark.parametrize("word", ["cannot", "invalid_client", "bm90IGZvdW5k"])
def test_a_short_secret_is_looked_for_in_no_encoding(word: str) -> None:
    assert scrub(word, ["not"]) == word


@pytest.mark.parametrize("end", ["\n", "\r\nX-Injected: 1", "\u00e9", "\x00", "\ud800"])
@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (get_userinfo, lambda text: UserInfoRequest(URL, text)),
        (get_userinfo, lambda text: UserInfoRequest(URL, text, dpop_key=KEY)),
        (read_client, lambda text: ClientReadRequest(URL, text)),
        (delete_client, lambda text: ClientDeleteRequest(URL, text)),
        (
            request_client_credentials_token,
            lambda text: ClientCredentialsTokenRequest(URL, "c", text),
        ),
        (refresh_token, lambda text: RefreshTokenRequest(URL, "c", text)),
    ],
)
def test_a_secret_that_cannot_be_sent_is_in_no_error(
    call: Any, kind: Any, end: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "py_identity_model")
    transport = httpx.MockTransport(lambda request: httpx.Response(400, text="no"))
    with httpx.Client(transport=transport) as client:
        response = call(kind(MARK + end), HTTPClient(client))
    assert "4711" not in f"{vars(response)} {response!r} {caplog.text}"


@pytest.mark.parametrize("dpop_key", [None, KEY])
def test_a_token_that_no_header_can_carry_is_not_in_what_is_raised(dpop_key: Any) -> None:
    kind = "DPoP" if dpop_key else "Bearer"
    request = ClientCredentialsTokenRequest(URL, "c", dpop_key=dpop_key)
    source = TokenSource(request)
    source._current = StoredToken(MARK + "\n", kind)
    with (
        httpx.Client(auth=TokenAuth(source)) as client,
        pytest.raises(PyIdentityModelException) as caught,
    ):
        client.get(URL)
    raised = "".join(traceback.format_exception(caught.value))
    assert "4711" not in raised
    assert b"4711" not in pickle.dumps(caught.value)


@pytest.mark.parametrize(
    "key",
    [
        *(MARK, f"-----BEGIN PRIVATE KEY-----\n{MARK}\n-----END PRIVATE KEY-----"),
        *(json.dumps({"kty": "EC", "crv": "P-256", "d": MARK}), json.dumps({"kty": MARK})),
    ],
)
def test_a_key_that_cannot_be_read_is_not_in_what_is_raised(key: str) -> None:
    config = TokenValidationConfig(
        perform_disco=False, key={"kty": "oct", "k": "x"}, algorithms=["HS256"]
    )
    config.decryption_keys = [key]
    calls: list[Callable[[], object]] = [
        lambda: create_client_assertion(PrivateKeyJwt(key, "ES256"), "c", URL),
        lambda: DPoPKey.from_pem(key),
        lambda: DPoPKey.from_jwk(key),
        lambda: validate_token("a.b.c.d.e", config),
    ]
    for call in calls:
        with pytest.raises(PyIdentityModelException) as caught:
            call()
        assert "4711" not in "".join(traceback.format_exception(caught.value))
        assert b"4711" not in pickle.dumps(caught.value)


def test_an_address_that_cannot_be_read_keeps_its_password() -> None:
    for url in ("https://op.example:4711pass", "https://u:4711@op.example:x/"):
        response = request_client_credentials_token(ClientCredentialsTokenRequest(url, "c"))
        assert "4711" not in str(response.error)


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("no", "the client cannot do this", "the client cannot do this"),
        ("no", "secret 'no' is wrong", "secret '***REDACTED***' is wrong"),
        ("no", "client_secret=no&x=1", "client_secret=***REDACTED***&x=1"),
        ("no", "client_secret%3Dno%26x", "client_secret%3D***REDACTED***%26x"),
        ("no", r"wrong:\nno", r"wrong:\n***REDACTED***"),
        ("client", "invalid_client: client", "invalid_client: ***REDACTED***"),
        ("password", "passwords are long", "passwords are long"),
        ("password", "password", "***REDACTED***"),
        ("s3cret-value", "xs3cret-valuex", "x***REDACTED***x"),
        ('a/b"c', r'"a\/b\"c"', '"***REDACTED***"'),
        ('a/b"c', r'"a/b\"c"', '"***REDACTED***"'),
        ("<tag>&more", "&lt;tag&gt;&amp;more", "***REDACTED***"),
        ("\u00e9t\u00e9-4711", r"\u00e9t\u00e9-4711", "***REDACTED***"),
        ("x", "got eyJhbGciOiJub25lIn0.e30.c2ln!", "got ***REDACTED***!"),
    ],
)
def test_secrets_are_masked_and_words_remain(secret: str, text: str, shown: str) -> None:
    from py_identity_model._logging import scrub

    assert scrub(text, [secret]) == shown
