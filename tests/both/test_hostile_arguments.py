"""Whatever an argument contains, what a public callable raises is an exception of this package.

The rule: an argument of the right type, however hostile, raises nothing else.  One of a wrong type
may raise a TypeError, and out of functions an AttributeError, as Python's own functions do; objects
that are kept refuse it when they are made.  The functions in ``FILES`` open files as ``open`` does.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import httpx
import httpx2
import pytest

import py_identity_model
from py_identity_model import (
    AccessTokenVerifier,
    AuthorizationRequest,
    BackchannelAuthenticationResponse,
    BaseRequest,
    BaseResponse,
    ClientSecretBasic,
    DeviceAuthorizationResponse,
    DiscoveryDocumentResponse,
    DiscoveryPolicy,
    DPoPKey,
    DPoPNonceIssuer,
    OAuthClient,
    PrivateKeyJwt,
    Session,
    TokenAuth,
    TokenIntrospector,
    TokenResponse,
    TokenSource,
    TokenStoreReplayStore,
    TokenValidationConfig,
    aio,
    parse_authorize_callback_response,
    set_cache_event_hook,
)
from py_identity_model.aio.web import AsyncBearerGuard, AsyncWebLogin
from py_identity_model.exceptions import (
    ConfigurationException,
    InvalidArgumentError,
    PyIdentityModelException,
)
from py_identity_model.integrations.asgi import BearerMiddleware, LoginMiddleware
from py_identity_model.mcp_server import MCPResource
from py_identity_model.providers import Provider
from py_identity_model.web import BearerGuard, SignalReceiver, WebLogin
from tests.support import refused

KEY = DPoPKey()
NOWHERE = "http://127.0.0.1:1/x"
ISSUER = "https://op.example"
FILES = {"certificate_thumbprint_from_file"}

Circle: dict[str, Any] = {}
Circle["a"] = Circle
Deep: list[Any] = []
for _ in range(5000):
    Deep = [Deep]

TEXTS = [
    "",
    " ",
    "\0",
    "a\nb",
    "é",
    "\ud800",
    "x\ud800y",
    "%ud800",
    "Bearer \ud800",
    "https://[::",
    "https://\ud800/",
    "https://\u3002/",
    "https://xn--a/",
    "https://a:b@c/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:1/\ud800",
    "?code=\ud800&state=\ud800",
    "." * 70_000,
    "[" * 20_000,
    "9" * 6000,
    "{",
    "a.b.c",
    "eyJhbGciOiJub25lIn0.e30.",
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
]
NUMBERS = [float("nan"), float("inf"), -float("inf"), -1, 0, 10**400, 1e300]
MAPPINGS: list[Any] = [
    {},
    Circle,
    {"a": Deep},
    {"\ud800": "\ud800"},
    {"a": float("nan")},
    {"keys": [Circle]},
    {"kty": "EC", "crv": "P-256", "x": "\ud800", "y": 5},
    {"cnf": {"jkt": "\ud800"}},
    {"iss": ["x"], "exp": float("nan")},
]
COLLECTIONS: list[Any] = [[], [""], ["\ud800"], ["a"] * 3, ("\ud800",)]
WRONG: list[Any] = [
    None,
    5,
    b"x",
    object(),
    [],
    {},
    [None],
    [[]],
    True,
    1.5,
    type,
    [Circle],
    Circle,
]

SOUND: dict[str, Any] = {
    "address": NOWHERE,
    "algorithm": "ES256",
    "algorithms": ["ES256"],
    "authorization_endpoint": f"{ISSUER}/authorize",
    "check_session_iframe": f"{ISSUER}/check",
    "client_authentication": ClientSecretBasic("s3cret"),
    "config": PrivateKeyJwt("file", "ES256"),
    "device": DeviceAuthorizationResponse(True, device_code="d", expires_in=1),
    "disco": DiscoveryDocumentResponse(True, issuer=ISSUER),
    "disco_doc_address": f"{NOWHERE}/.well-known/openid-configuration",
    "discovery": DiscoveryDocumentResponse(True, issuer=ISSUER),
    "encryption": "A256GCM",
    "expected_state": "s",
    "issuer": ISSUER,
    "issuers": ISSUER,
    "key": KEY,
    "keys": {"keys": []},
    "origin": "https://rp.example",
    "profile": "access-token",
    "redirect_uri": "https://rp.example/cb",
    "require": "all",
    "resource": "https://api.example/",
    "response_type": "code",
    "started": BackchannelAuthenticationResponse(True, auth_req_id="a", expires_in=1),
    "token_validation_config": TokenValidationConfig(perform_disco=True, audience="api"),
    "uri": "https://api.example/x",
    "validators": [],
}


@pytest.fixture(autouse=True)
def no_retries(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HTTP_RETRY_MAX_ATTEMPTS", "0")
    monkeypatch.setenv("HTTP_TIMEOUT", "1")
    yield
    set_cache_event_hook(None)


def parameters(thing: Callable[..., Any]) -> list[inspect.Parameter]:
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [one for one in inspect.signature(thing).parameters.values() if one.kind in kinds]


def sound(one: inspect.Parameter) -> Any:
    """Return a value that fits a parameter."""
    kind = str(one.annotation)
    named = getattr(py_identity_model, kind.partition(" | ")[0], None)
    if inspect.isclass(named) and issubclass(named, BaseRequest):
        return named(**sound_arguments(named))
    if one.name == "response" and kind != "str":
        callback = kind == "AuthorizeCallbackResponse"
        return parse_authorize_callback_response("?code=c") if callback else TokenResponse(True)
    if one.name in SOUND:
        return SOUND[one.name]
    if kind.startswith(("bool", "int", "float")):
        return False if kind.startswith("bool") else 5
    if kind.startswith(("Mapping", "dict", "ClaimsProviders")):
        return {}
    return ["x"] if "[str]" in kind else "x"


def sound_arguments(thing: Callable[..., Any]) -> dict[str, Any]:
    return {one.name: sound(one) for one in parameters(thing) if one.default is one.empty}


def hostile(one: inspect.Parameter) -> Iterator[Any]:
    """Yield values of a parameter's own type."""
    for kind in map(str.strip, str(one.annotation).split(" | ")):
        if kind in {"str", "Scope", "PrivateKey", "Keys", "KeyMaterial"}:
            yield from TEXTS
        elif kind == "bytes":
            yield from (b"", b"\xff\xfe", b"x" * 100)
        elif kind in {"int", "float"}:
            yield from NUMBERS
        elif kind.startswith(("Mapping[str, Any", "dict[str, Any")):
            yield from MAPPINGS
        elif kind.startswith(("Sequence[str", "Collection[str", "Iterable[str", "list[str")):
            yield from COLLECTIONS


def is_made(thing: Any) -> bool:
    """Whether a public name is called with values by programs."""
    if not inspect.isclass(thing):
        return callable(thing) and not getattr(thing, "_is_protocol", False)
    left_out = (BaseException, BaseResponse, tuple, str, int)
    return not issubclass(thing, left_out) and Protocol not in thing.__mro__


CALLED = sorted(
    name
    for name in py_identity_model.__all__
    if is_made(getattr(py_identity_model, name)) and name not in FILES and "wait_for" not in name
)


def outcome(call: Callable[[], object], *allowed: type[Exception]) -> str | None:
    """Return what was raised that must not be."""
    try:
        call()
    except Exception as error:
        typed = isinstance(error, (PyIdentityModelException, *allowed))
        return None if typed else type(error).__name__
    return None


def calls(
    thing: Callable[..., Any], values: Callable[[inspect.Parameter], Iterator[Any]]
) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield calls with one argument changed, also inside of a request."""
    usual = sound_arguments(thing)

    def with_made(name: str, make: Callable[[], object]) -> object:
        return thing(**{**usual, name: make()})

    for one in parameters(thing):
        for value in values(one):
            yield one.name, partial(thing, **{**usual, one.name: value})
        request = usual.get(one.name)
        if isinstance(request, BaseRequest):
            for name, make in calls(type(request), values):
                yield f"{one.name}.{name}", partial(with_made, one.name, make)


@pytest.mark.parametrize("name", CALLED)
def test_the_content_of_an_argument_raises_nothing_untyped(name: str) -> None:
    found = {(one, outcome(call)) for one, call in calls(getattr(py_identity_model, name), hostile)}
    assert {one for one in found if one[1] is not None} == set()


KEPT = [
    AccessTokenVerifier,
    OAuthClient,
    TokenIntrospector,
    Session,
    TokenStoreReplayStore,
    TokenAuth,
]


@pytest.mark.parametrize("thing", [*KEPT, TokenSource, DPoPNonceIssuer])
def test_a_long_lived_object_refuses_arguments_of_a_wrong_type(
    thing: Callable[..., Any],
) -> None:
    found = {
        (name, outcome(call, TypeError)) for name, call in calls(thing, lambda one: iter(WRONG))
    }
    assert {one for one in found if one[1] is not None} == set()


@pytest.mark.parametrize("name", [name for name in CALLED if name.islower()])
def test_a_function_takes_a_wrong_type_as_python_does(name: str) -> None:
    function = getattr(py_identity_model, name)
    found = {
        (one, outcome(call, TypeError, AttributeError))
        for one, call in calls(function, lambda one: iter([None, 5, b"x", object(), [], type]))
    }
    assert {one for one in found if one[1] is not None} == set()


@pytest.mark.parametrize("text", TEXTS)
def test_no_stored_text_raises_anything_untyped(text: str) -> None:
    client = OAuthClient(ISSUER, "web")
    assert outcome(lambda: AuthorizationRequest.from_json(text)) is None
    assert outcome(lambda: client.session(text)) is None


STORES = [
    ("session_store", py_identity_model.MemorySessionStore, aio.AsyncMemorySessionStore),
    ("token_store", py_identity_model.MemoryTokenStore, aio.AsyncMemoryTokenStore),
]


@pytest.mark.parametrize(("name", "blocking", "awaitable"), STORES)
def test_a_store_of_the_other_api_is_refused(name: str, blocking: Any, awaitable: Any) -> None:
    cases: list[tuple[Any, Any, Any]] = [
        (OAuthClient, blocking, awaitable),
        (aio.AsyncOAuthClient, awaitable, blocking),
    ]
    for client, right, wrong in cases:
        client(ISSUER, "web", **{name: right()})
        for store in (wrong(), object(), "text"):
            with refused(InvalidArgumentError, "invalid_argument"):
                client(ISSUER, "web", **{name: store})


def test_each_object_that_takes_a_store_looks_at_it() -> None:
    store: Any = aio.AsyncMemoryTokenStore()
    request = py_identity_model.ClientCredentialsTokenRequest(NOWHERE, "machine", "s3cret")
    makers: list[Callable[[], object]] = [
        lambda: TokenSource(request, store=store),
        lambda: TokenStoreReplayStore(store),
        lambda: TokenIntrospector(ISSUER, "api", ClientSecretBasic("s3cret"), store=store),
        lambda: py_identity_model.HTTPClient(document_store=store),
    ]
    for make in makers:
        with refused(InvalidArgumentError, "invalid_argument"):
            make()


def test_keys_that_cannot_decrypt_are_refused_by_each_object() -> None:
    keys: list[Any] = ["x", {"kty": "oct"}, b"\xff"]
    for one in keys:
        with pytest.raises(ConfigurationException):
            AccessTokenVerifier(ISSUER, "api", decryption_keys=one)
        with pytest.raises(ConfigurationException):
            OAuthClient(ISSUER, "web", decryption_keys=one)


def test_a_source_of_the_other_api_is_refused() -> None:
    request = py_identity_model.ClientCredentialsTokenRequest(NOWHERE, "machine", "s3cret")
    ours, theirs = TokenSource(request), aio.AsyncTokenSource(request)
    wrong: list[Any] = [theirs, "text", None]
    for one in wrong:
        with refused(InvalidArgumentError, "invalid_argument"):
            TokenAuth(one)
    wrong = [ours, "text", None]
    for one in wrong:
        with refused(InvalidArgumentError, "invalid_argument"):
            aio.AsyncTokenAuth(one)


STORE = py_identity_model.MemoryReplayStore()
CLIENT, SECRET = OAuthClient(ISSUER, "web"), "x" * 32
AWAITABLE = aio.AsyncOAuthClient(ISSUER, "web")
GUARD, LOGIN = AsyncBearerGuard(ISSUER, "api"), AsyncWebLogin(AWAITABLE, secret=SECRET)
AWAITABLE_HTTP = aio.AsyncHTTPClient()
AWAITABLE_INTROSPECTOR = aio.AsyncTokenIntrospector(ISSUER, "api", ClientSecretBasic("s3cret"))
MACHINE = py_identity_model.ClientCredentialsTokenRequest(NOWHERE, "m", "s")
APP: Any = None
SERVER = "https://mcp.example/mcp"
LOCAL: Any = {"redirect_uri": "http://127.0.0.1:3000/cb"}
Wrong = tuple[str, list[Any], Callable[..., object]]


class Sender:
    """A client of another library: it sends, too, but something else."""

    send = print


def each(make: Callable[..., object], **values: list[Any]) -> list[Wrong]:
    return [(name, several, make) for name, several in values.items()]


def log_in(url: str) -> str:
    return url


WRONG_ARGUMENTS: list[Wrong] = [
    ("secret", [None, 5, [], ["short"], [5], "x" * 31], partial(WebLogin, CLIENT)),
    *each(
        partial(WebLogin, CLIENT, secret=SECRET),
        prefix=[None, 5, b"/x", "x", "/x/"],
        public_url=[5, "", "/path"],
        after_login=[5, "https://evil.example"],
        cookie_name=[None, 5, "a b"],
        cookie_seconds=["5; Domain=x", -1, 0, 1.5, True],
        session_seconds=["60", 0, -1, float("nan"), float("inf")],
        response_mode=["fragment", "formpost", 5, [], {}],
        sessions=[[], {}, None, 5, "memory"],
        parameters=["x", [1]],
        extra_parameters=["x"],
        replay_store=["redis", object()],
    ),
    ("certificate_header", [5, "", " "], partial(BearerGuard, ISSUER, "api")),
    *each(
        partial(SignalReceiver, CLIENT, "aud", STORE),
        transmitter=["", 5],
        authorization=["", " ", 5],
        on_event=["print"],
        http_client=["x"],
    ),
    (
        "client",
        ["web", AWAITABLE],
        partial(SignalReceiver, audience="a", replay_store=STORE),
    ),
    ("replay_store", [None, "redis"], partial(SignalReceiver, CLIENT, "aud")),
    ("replay_store", ["redis", object()], partial(OAuthClient, ISSUER, "web")),
    ("replay_store", ["redis", object()], partial(AccessTokenVerifier, ISSUER, "api")),
    *each(
        partial(AccessTokenVerifier, ISSUER, "api"),
        dpop_nonces=["nonce"],
        discovery_policy=["strict"],
        opaque_tokens=["x", AWAITABLE_INTROSPECTOR],
        claims_validator=["x"],
        http_client=["x", AWAITABLE_HTTP],
        settings=["x", {}],
        realm=[5, b"x", ["x"]],
        roles=[5, [5], True, object()],
        resource_metadata=[5, b"x", ["x"]],
        cold_timeout=["2", None, [2], float("nan"), 0],
    ),
    (
        "client_authentication",
        ["s3cret", None, ClientSecretBasic],
        partial(TokenIntrospector, ISSUER, "api"),
    ),
    (
        "client_id",
        [None, 5, "", ["api"]],
        partial(TokenIntrospector, ISSUER, client_authentication=ClientSecretBasic("s3cret")),
    ),
    *(
        (
            "client_secret",
            [None, 5, b"s3cret", ["s3cret"], py_identity_model.Secret("s3cret")],
            kind,
        )
        for kind in (
            ClientSecretBasic,
            py_identity_model.ClientSecretPost,
            py_identity_model.ClientSecretJwt,
        )
    ),
    *(
        ("assertion", ["eyJ.s3cret.assertion", "/run/token", None, b"x", 5], kind)
        for kind in (py_identity_model.FederatedAssertion, py_identity_model.SpiffeJwt)
    ),
    (
        "audience",
        [5, " ", [ISSUER]],
        partial(py_identity_model.FederatedAssertion, lambda: "eyJ"),
    ),
    ("audience", [None, 5, " "], py_identity_model.GitHubActionsToken),
    *each(
        partial(TokenIntrospector, ISSUER, "api", ClientSecretBasic("s3cret")),
        token_validation_config=["x", {}],
        max_entries=["9", None, 1.5, 0],
        disco_doc_address=[5, [ISSUER]],
        http_client=["x", AWAITABLE_HTTP],
        settings=["x", {}],
    ),
    *each(
        partial(OAuthClient, ISSUER, "web"),
        redirect_uri=[5, ""],
        id_token_algorithms=["RS256", 5, [5]],
        trusted_audiences=[5, [5]],
        max_id_token_age=["60", -1, float("nan")],
        scope=[5, [5], b"openid"],
        session_lifetime=["60", None, [60], float("nan"), 0],
        discovery_policy=["strict", {}],
        settings=["x", {}],
    ),
    ("discovery_policy", ["strict"], partial(py_identity_model.TrustedIssuer, ISSUER)),
    ("margin", ["60", None, -1, [60]], partial(TokenSource, MACHINE)),
    (
        "client",
        [
            *(httpx.AsyncClient(), httpx2.AsyncClient(), httpx.HTTPTransport()),
            *(AWAITABLE_HTTP.client, 10, "http://proxy", object(), Sender()),
        ],
        py_identity_model.HTTPClient,
    ),
    ("client", [httpx.Client(), httpx2.Client(), 10, Sender()], aio.AsyncHTTPClient),
    ("public", ["/health", 5, [5]], partial(LoginMiddleware, APP, LOGIN)),
    ("login", [None, "login", GUARD], partial(LoginMiddleware, APP)),
    ("public", ["/health"], partial(BearerMiddleware, APP, GUARD)),
    ("scopes", [5, [5], ["a b"]], partial(BearerMiddleware, APP, GUARD)),
    ("guard", [None, "guard"], partial(BearerMiddleware, APP)),
    ("login", ["open"], partial(py_identity_model.MCPAuth, SERVER, **LOCAL)),
    ("redirect_uri", [5, [5], b"x", ""], partial(py_identity_model.MCPAuth, SERVER, log_in)),
    *each(
        partial(py_identity_model.MCPAuth, SERVER, log_in, **LOCAL),
        assertion=["jwt"],
        dpop_key=["key"],
        discovery_policy=["strict"],
        client_metadata=["x"],
        most_step_ups=[-1, "5", 1.5],
        login_timeout=["5", 0, float("nan")],
        account=[5, " "],
        issuer=[5, [ISSUER], " "],
        settings=["x", {}],
    ),
    (
        "http_client",
        ["x"],
        partial(TokenSource, MACHINE),
    ),
    ("hook", ["print", 5], py_identity_model.set_activity_hook),
    ("hook", ["print", 5], set_cache_event_hook),
    (
        "engine",
        ["sqlite://", object()],
        py_identity_model.SQLSessionStore,
    ),
    ("max_entries", ["5", 2.5, 0], py_identity_model.MemoryReplayStore),
    (
        "issuers",
        [None, 5, b"x", [], [5], [None], iter([ISSUER]), {"a": 1}],
        partial(MCPResource, SERVER),
    ),
    *each(
        partial(MCPResource, SERVER, ISSUER),
        verifier=["x", 5, AccessTokenVerifier(ISSUER, SERVER)],
        resource_name=[5, b"x", " "],
    ),
    ("url", [5, None, b"x", "", "mcp"], partial(MCPResource, issuers=ISSUER)),
    *(
        (
            "public_url",
            [5, b"https://a", ["https://a"], {}, "", "/path"],
            partial(guard, ISSUER, "api"),
        )
        for guard in (BearerGuard, AsyncBearerGuard)
    ),
    *each(
        partial(Session, {"access_token": "a"}, {"sub": "alice"}),
        expires_at=[5, "2030-01-01", [1]],
        session_state=[5, b"x"],
        resource=[5, [5], b"x"],
    ),
    ("origins", [5, [], b"https://a", iter([ISSUER])], partial(TokenAuth, TokenSource(MACHINE))),
    *each(partial(TokenSource, MACHINE), settings=["x", {}], key=[5, " "]),
    ("disco_doc_address", [5, b"x", [ISSUER]], partial(py_identity_model.TrustedIssuer, ISSUER)),
    *each(
        partial(Provider, name="ours", issuer=ISSUER),
        issuer=[5, [ISSUER], b"x"],
        key_url_template=[5, b"x"],
        profile=[[], {}, 5],
        scope_claim=[5],
    ),
    ("issuers", [ISSUER, 5], partial(py_identity_model.validate_initiate_login_request, "?iss=h")),
    *(
        (f"{name}_file", [5, b"x"], partial(py_identity_model.workload_identity, "api"))
        for name in ("kubernetes_token", "spiffe_jwt", "spiffe_certificate", "spiffe_key", "token")
    ),
]


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (
            partial(OAuthClient, ISSUER, "web"),
            [
                *("use_par", "tls_client_certificate_bound_access_tokens", "expect_id_token"),
                *("require_nonce", "allow_weak_keys"),
            ],
        ),
        (
            partial(AccessTokenVerifier, ISSUER, "api"),
            ["accept_id_tokens_as_access_tokens", "introspect_jwts"],
        ),
        (
            partial(TokenIntrospector, ISSUER, "api", ClientSecretBasic("s3cret")),
            ["accept_tokens_without_audience", "require_https"],
        ),
        (
            partial(py_identity_model.TrustedIssuer, ISSUER),
            ["accept_id_tokens_as_access_tokens"],
        ),
        (
            partial(TokenAuth, TokenSource(MACHINE)),
            ["allow_tokens_over_plain_http"],
        ),
        (
            partial(py_identity_model.TokenHeaders, TokenSource(MACHINE), origins=[ISSUER]),
            ["allow_tokens_over_plain_http"],
        ),
        (
            partial(WebLogin, CLIENT, secret=SECRET),
            [
                *("userinfo", "allow_logins_over_plain_http"),
                *("backchannel_logout", "frontchannel_logout"),
            ],
        ),
        (
            partial(Provider, name="ours", issuer=ISSUER),
            [
                *("access_tokens_are_id_tokens", "allow_padded_base64url"),
                *("openid", "nonce", "pkce"),
            ],
        ),
    ],
)
def test_a_switch_is_true_or_false(make: Callable[..., object], names: list[str]) -> None:
    for name in names:
        for value in ("false", "", 0, 1, "0", b"", [True]):
            with refused(InvalidArgumentError, "invalid_argument") as caught:
                make(**{name: value})
            assert name in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        partial(OAuthClient, ISSUER, "web"),
        partial(AccessTokenVerifier, ISSUER, "api"),
        partial(py_identity_model.TrustedIssuer, ISSUER),
        partial(py_identity_model.MCPAuth, SERVER, log_in, **LOCAL),
    ],
)
def test_the_switches_of_a_policy_are_looked_at_where_it_is_passed(
    make: Callable[..., object],
) -> None:
    usual = DiscoveryPolicy()
    for name in (one for one in vars(usual) if isinstance(getattr(usual, one), bool)):
        for value in ("false", None, 0):
            wrong: Any = {name: value}
            with refused(InvalidArgumentError, "invalid_argument") as caught:
                make(discovery_policy=DiscoveryPolicy(**wrong))
            assert f"discovery_policy.{name} must be" in str(caught.value)


def test_a_policy_of_a_program_may_have_slots() -> None:
    @dataclass(slots=True)
    class Slotted(DiscoveryPolicy):
        team: str = "ours"

    AccessTokenVerifier(ISSUER, "api", discovery_policy=Slotted())
    wrong: Any = Slotted()
    wrong.require_https = "false"
    with refused(InvalidArgumentError, "invalid_argument"):
        AccessTokenVerifier(ISSUER, "api", discovery_policy=wrong)


@pytest.mark.parametrize(("name", "values", "make"), WRONG_ARGUMENTS)
def test_a_mistake_is_raised_where_it_is_made(
    name: str, values: list[object], make: Callable[..., object]
) -> None:
    for value in values:
        with refused(InvalidArgumentError, "invalid_argument") as caught:
            make(**{name: value})
        assert "s3cret" not in str(caught.value)
