# Generated from aio/test_login_presets.py by scripts/make_sync.py; edit that file.
"""Logins by presets: each with the shape of its provider's document, and forged ones refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from py_identity_model.exceptions import (
    AuthorizeCallbackException,
    ConfigurationException,
    DiscoveryException,
    IdTokenValidationException,
    InvalidArgumentError,
    InvalidAudienceException,
    InvalidIssuerException,
    PyIdentityModelException,
    TokenValidationException,
)
from py_identity_model.providers import (
    Note,
    Provider,
    adfs,
    apple,
    atproto,
    auth0,
    authentik,
    aws_alb,
    cognito,
    dex,
    discord,
    entra,
    entra_b2c,
    entra_external,
    entra_multi_tenant,
    facebook,
    github,
    gitlab,
    google,
    keycloak,
    linkedin,
    mastodon,
    okta,
    ping_federate,
    salesforce,
    slack,
    twitch,
    zitadel,
)
from py_identity_model.sync import (
    AuthorizationRequest,
    DPoPKey,
    HTTPClient,
    OAuthClient,
    PrivateKeyJwtAuthentication,
    TrustedIssuer,
)
from py_identity_model.testing import EmbeddedProvider
from tests.support import published, refused

REDIRECT = "https://rp.example/cb"
SECRET = "a secret of the client"
TENANT = "11111111-2222-3333-4444-555555555555"
OTHER_TENANT = "99999999-2222-3333-4444-555555555555"
DOCUMENTS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "providers" / "documents.json").read_text("utf-8")
)
OPENID = [
    *(adfs("adfs.corp.example"), apple(), auth0("acme.eu.auth0.com")),
    authentik("https://auth.example", "app"),
    cognito("us-east-1", "us-east-1_AbCdEf", client_ids=["web"], domain="acme"),
    *(dex("https://dex.example"), discord(), entra(TENANT)),
    entra_b2c("contoso", TENANT, "B2C_1_si"),
    entra_external(TENANT, "contoso"),
    entra_multi_tenant(allowed=[TENANT]),
    *(gitlab(), google(), google(hosted_domain="corp.example")),
    keycloak("https://id.example", "main"),
    keycloak("https://id.example", "main", internal_url="http://keycloak:8080"),
    *(linkedin(), okta("dev-1.okta.com"), ping_federate("https://sso.corp.example")),
    *(salesforce(), slack(), twitch(), zitadel("acme.zitadel.cloud")),
]
PLAIN = [github(), mastodon("https://mastodon.example"), atproto("https://bsky.social")]


def named(preset: Provider) -> str:
    more = [*preset.extra_authorization_parameters] + ["internal"] * bool(preset.internal_url)
    return "-".join([preset.name, *more])


class World:
    """The provider of a preset, as far as a login goes; its ID tokens can be forged."""

    def __init__(self, signer: EmbeddedProvider, preset: Provider) -> None:
        self.signer = signer
        self.keys = published(signer)
        self.preset = preset
        self.forged: dict[str, Any] = {}
        self.answer: dict[str, Any] = {}
        self.sent: dict[str, str] = {}
        self.forms: list[dict[str, str]] = []
        self.headers: list[Mapping[str, str]] = []
        self.document = self._document()
        self.http_client = HTTPClient(httpx.Client(transport=httpx.MockTransport(self._serve)))

    def _document(self) -> dict[str, Any]:
        if self.preset.document_address is None:
            return {**self.preset.metadata}
        base = str(self.preset.issuer).removesuffix("/")
        usual = {
            "issuer": self.preset.issuer,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{self.preset.internal_url or base}/token",
            "jwks_uri": f"{self.preset.internal_url or base}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        return DOCUMENTS.get(self.preset.name, usual)

    def _serve(self, request: httpx.Request) -> httpx.Response:
        url, document = str(request.url), self.document
        if url == self.preset.document_address:
            return httpx.Response(200, json=document)
        if url == document.get("jwks_uri"):
            return httpx.Response(200, json={"keys": self.keys})
        form = {name: one for name, (one,) in parse_qs(request.content.decode()).items()}
        if url == document.get("pushed_authorization_request_endpoint"):
            self.sent = form
            return httpx.Response(201, json={"request_uri": "urn:pushed", "expires_in": 60})
        assert url == document.get("token_endpoint"), url
        self.forms.append(form)
        self.headers.append(request.headers)
        token = {"access_token": "t", "expires_in": 60, "id_token": self._id_token()}
        return httpx.Response(200, json=present({**token, **self.answer}))

    def _id_token(self) -> str:
        preset = self.preset
        claims: dict[str, Any] = {
            "iss": str(preset.issuer).replace("{tenantid}", TENANT),
            "sub": "alice",
            "aud": "web",
            "tid": TENANT,
            "nonce": self.sent.get("nonce"),
            **{name: next(iter(one)) for name, one in preset.required_id_token_claims.items()},
        }
        return self.signer.mint_id_token(**{**claims, **self.forged})

    def client(self, **more: Any) -> OAuthClient:
        usual: dict[str, Any] = {
            "client_secret": SECRET,
            "redirect_uri": REDIRECT,
            "http_client": self.http_client,
        }
        return OAuthClient(self.preset, "web", **{**usual, **more})

    def begin(self, client: OAuthClient, **more: Any) -> AuthorizationRequest:
        begun = client.authorization_request(**more)
        asked = {name: one for name, (one,) in parse_qs(urlsplit(begun.url).query).items()}
        self.sent = self.sent if "request_uri" in asked else asked
        return begun


def present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


@pytest.mark.parametrize("preset", OPENID, ids=named)
def test_a_user_logs_in(provider: EmbeddedProvider, preset: Provider) -> None:
    world = World(provider, preset)
    client = world.client()
    begun = world.begin(client)
    session = client.callback({"code": "c", "state": begun.state}, begun)
    assert session.subject == "alice"
    assert world.sent["scope"] == "openid"
    assert ("nonce" in world.sent) is preset.nonce
    assert ("code_challenge" in world.sent) is preset.pkce
    assert world.sent.get("response_mode") == preset.response_mode
    for name, value in preset.extra_authorization_parameters.items():
        assert world.sent[name] == value
    form, by_form = world.forms[0], preset.client_authentication == "client_secret_post"
    assert ("code_verifier" in form) is preset.pkce
    assert (form.get("client_secret") == SECRET) is by_form
    assert ("authorization" in world.headers[0]) is not by_form


FORGED: list[tuple[dict[str, Any], type[PyIdentityModelException]]] = [
    ({"iss": "https://evil.example"}, InvalidIssuerException),
    ({"iss": "https://evil.example/v2.0", "tid": "evil"}, InvalidIssuerException),
    ({"iss": None}, TokenValidationException),
    ({"iss": ["https://accounts.google.com"]}, InvalidIssuerException),
    ({"aud": "other"}, InvalidAudienceException),
    ({"aud": ["web", "other"], "azp": "web"}, IdTokenValidationException),
    ({"nonce": "of another login"}, IdTokenValidationException),
    ({"sub": None}, IdTokenValidationException),
    ({"exp": 1}, TokenValidationException),
]


@pytest.mark.parametrize("preset", OPENID, ids=named)
def test_a_forged_id_token_leads_to_no_session(
    provider: EmbeddedProvider, preset: Provider
) -> None:
    world = World(provider, preset)
    client = world.client()
    for forged, kind in FORGED:
        world.forged = forged
        begun = world.begin(client)
        with pytest.raises(kind):
            client.callback({"code": "c", "state": begun.state}, begun)
    world.forged = {}
    if preset.nonce:
        world.forged = {"nonce": None}
        begun = world.begin(client)
        with refused(IdTokenValidationException, "nonce_mismatch"):
            client.callback({"code": "c", "state": begun.state}, begun)
    for name in preset.required_id_token_claims:
        world.forged = {name: "another"}
        begun = world.begin(client)
        with refused(IdTokenValidationException, "claim_not_accepted"):
            client.callback({"code": "c", "state": begun.state}, begun)


@pytest.mark.parametrize("preset", OPENID, ids=named)
def test_an_id_token_signed_by_a_stranger_leads_to_no_session(
    provider: EmbeddedProvider, preset: Provider
) -> None:
    world = World(provider, preset)
    client = world.client()
    begun = world.begin(client)
    client.callback({"code": "c", "state": begun.state}, begun)
    with EmbeddedProvider() as stranger:
        stranger.rotate_keys()
        world.signer = stranger
        begun = world.begin(client)
        with pytest.raises(TokenValidationException):
            client.callback({"code": "c", "state": begun.state}, begun)


@pytest.mark.parametrize("preset", PLAIN, ids=named)
def test_a_login_without_openid_brings_tokens(provider: EmbeddedProvider, preset: Provider) -> None:
    world = World(provider, preset)
    is_bound = preset.name == "atproto"
    client = world.client(scope="repo", dpop_key=DPoPKey() if is_bound else None)
    world.answer = {"token_type": "DPoP" if is_bound else None, "id_token": None}
    begun = world.begin(client)
    session = client.callback({"code": "c", "state": begun.state}, begun)
    assert session.access_token == "t"
    assert "nonce" not in world.sent
    assert world.sent["code_challenge_method"] == "S256"
    with refused(AuthorizeCallbackException, "state_mismatch"):
        client.callback({"code": "c", "state": "other"}, begun)


ENTRA_FORGED: list[dict[str, Any]] = [
    {"tid": OTHER_TENANT},
    {"iss": f"https://login.microsoftonline.com/{OTHER_TENANT}/v2.0"},
    {"iss": f"https://login.microsoftonline.com/{OTHER_TENANT}/v2.0", "tid": OTHER_TENANT},
    {"iss": "https://login.microsoftonline.com/{tenantid}/v2.0", "tid": "{tenantid}"},
    {"tid": None},
    {"tid": [TENANT]},
]


@pytest.mark.parametrize("forged", ENTRA_FORGED)
def test_another_tenant_cannot_log_in(provider: EmbeddedProvider, forged: dict[str, Any]) -> None:
    world = World(provider, entra_multi_tenant(allowed=[TENANT]))
    client = world.client()
    begun = world.begin(client)
    world.forged = forged
    with refused(InvalidIssuerException, "invalid_issuer"):
        client.callback({"code": "c", "state": begun.state}, begun)


def test_an_answer_and_its_id_token_are_of_one_tenant(provider: EmbeddedProvider) -> None:
    world = World(provider, entra_multi_tenant(allowed=[TENANT, OTHER_TENANT]))
    client = world.client()
    of_tenant = "https://login.microsoftonline.com/{}/v2.0"
    begun = world.begin(client)
    answer = {"code": "c", "state": begun.state, "iss": of_tenant.format(OTHER_TENANT)}
    with refused(InvalidIssuerException, "invalid_issuer"):
        client.callback(answer, begun)
    begun = world.begin(client)
    answer = {"code": "c", "state": begun.state, "iss": of_tenant.format("evil")}
    with refused(AuthorizeCallbackException, "issuer_mismatch"):
        client.callback(answer, begun)
    begun = world.begin(client)
    answer = {"code": "c", "state": begun.state, "iss": of_tenant.format(TENANT)}
    assert (client.callback(answer, begun)).subject == "alice"


@pytest.mark.parametrize("path", ["common", "organizations"])
def test_the_document_of_all_tenants_needs_no_preset(provider: EmbeddedProvider, path: str) -> None:
    world = World(provider, entra_multi_tenant(allowed=[TENANT]))
    address = f"https://login.microsoftonline.com/{path}/v2.0"
    world.preset = Provider(
        name="any",
        issuer=world.preset.issuer,
        bound_claim="tid",
        discovery_address=f"{address}/.well-known/openid-configuration",
        hosts=["graph.microsoft.com"],
    )
    policy = world.preset.discovery_policy
    client = OAuthClient(
        address,
        "web",
        client_secret=SECRET,
        redirect_uri=REDIRECT,
        http_client=world.http_client,
        discovery_policy=policy,
    )
    begun = world.begin(client)
    assert (client.callback({"code": "c", "state": begun.state}, begun)).subject == "alice"
    for forged in ENTRA_FORGED[:2]:
        world.forged = forged
        begun = world.begin(client)
        with refused(InvalidIssuerException, "invalid_issuer"):
            client.callback({"code": "c", "state": begun.state}, begun)


def test_a_strangers_template_is_not_trusted(provider: EmbeddedProvider) -> None:
    template = "https://login.microsoftonline.com/{tenantid}/v2.0"
    for issuer in ("https://evil.example/{tenantid}/v2.0", template):
        preset = Provider(name="evil", issuer="https://evil.example/common/v2.0")
        world = World(provider, preset)
        world.document = {**world.document, "issuer": issuer}
        client = OAuthClient(
            "https://evil.example/common/v2.0",
            "web",
            client_secret=SECRET,
            redirect_uri=REDIRECT,
            http_client=world.http_client,
            discovery_policy=entra_multi_tenant(allowed=[TENANT]).discovery_policy,
        )
        world.forged = {"iss": issuer.replace("{tenantid}", TENANT)}

        def log_in(client: OAuthClient = client, world: World = world) -> None:
            begun = world.begin(client)
            client.callback({"code": "c", "state": begun.state}, begun)

        with pytest.raises((DiscoveryException, InvalidIssuerException)):
            log_in()


def test_google_answers_by_either_of_its_names(provider: EmbeddedProvider) -> None:
    world = World(provider, google())
    client = world.client()
    for name in ("accounts.google.com", "https://accounts.google.com"):
        world.forged = {"iss": name}
        begun = world.begin(client)
        answer = {"code": "c", "state": begun.state, "iss": "https://accounts.google.com"}
        assert (client.callback(answer, begun)).subject == "alice"
    begun = world.begin(client)
    with refused(AuthorizeCallbackException, "issuer_mismatch"):
        client.callback({"code": "c", "state": begun.state, "iss": "https://evil"}, begun)


def test_a_document_of_another_issuer_is_refused(provider: EmbeddedProvider) -> None:
    for preset in (
        keycloak("https://id.example", "main", internal_url="http://keycloak:8080"),
        entra_multi_tenant(allowed=[TENANT]),
        entra_b2c("contoso", TENANT, "B2C_1_si"),
    ):
        world = World(provider, preset)
        world.document = {**world.document, "issuer": "https://evil.example"}
        with refused(ConfigurationException, "issuer_not_configured"):
            world.client().authorization_request()


def test_a_preset_says_what_a_document_lacks(provider: EmbeddedProvider) -> None:
    preset = Provider(
        name="ours",
        issuer="https://op.example",
        metadata={"revocation_endpoint": "https://op.example/revoke", "token_endpoint": "no"},
        token_type="DPoP",
    )
    client = World(provider, preset).client()
    assert client.endpoint("revocation_endpoint") == "https://op.example/revoke"
    assert client.endpoint("token_endpoint") == "https://op.example/token"


def test_the_token_type_of_a_preset_is_meant_where_none_is_named(
    provider: EmbeddedProvider,
) -> None:
    world = World(provider, Provider(name="ours", issuer="https://op.example", token_type="DPoP"))
    client = world.client(dpop_key=DPoPKey())
    begun = world.begin(client)
    session = client.callback({"code": "c", "state": begun.state}, begun)
    assert session.token["token_type"] == "DPoP"


def test_neither_nonce_nor_pkce_needs_a_preset_that_says_why(
    provider: EmbeddedProvider,
) -> None:
    usual: dict[str, Any] = {"name": "ours", "issuer": "https://op.example"}
    silent = Provider(**usual, nonce=False, pkce=False)
    cases: list[tuple[Provider, dict[str, Any], dict[str, Any]]] = [
        (silent, {}, {}),
        (Provider(**usual), {"require_nonce": False}, {"code_challenge": None}),
        (Provider(**usual), {"scope": "read"}, {"code_challenge": None}),
        (github(), {}, {"code_challenge": None}),
    ]
    for preset, options, request in cases:
        client = World(provider, preset).client(**options)
        with refused(ConfigurationException, "unprotected_login"):
            client.authorization_request(**request)
    reasoned = Provider(**usual, nonce=False, pkce=False, notes=[Note("why", "https://doc")])
    begun = World(provider, reasoned).client().authorization_request()
    assert (begun.nonce, begun.code_verifier) == (None, None)


def test_pkce_can_be_enabled_where_a_preset_disables_it(provider: EmbeddedProvider) -> None:
    world = World(provider, linkedin())
    client = world.client()
    begun = world.begin(client, code_challenge="S256")
    kept = AuthorizationRequest.from_json(begun.to_json())
    assert (client.callback({"code": "c", "state": begun.state}, kept)).subject == "alice"
    assert world.forms[0]["code_verifier"] == begun.code_verifier


def test_a_provider_of_many_tenants_gets_assertions_for_its_endpoint(
    provider: EmbeddedProvider,
) -> None:
    from py_identity_model._jose.encoding import decode_base64url, parse_object

    key = DPoPKey().private_key_pem.decode()
    world = World(provider, entra_multi_tenant(allowed=[TENANT]))
    client = world.client(
        client_secret=None, client_authentication=PrivateKeyJwtAuthentication(key, "ES256")
    )
    begun = world.begin(client)
    client.callback({"code": "c", "state": begun.state}, begun)
    payload = world.forms[0]["client_assertion"].split(".")[1]
    claims = parse_object(decode_base64url(payload.encode()))
    assert claims["aud"] == world.document["token_endpoint"]


def test_facebook_has_no_token_endpoint(provider: EmbeddedProvider) -> None:
    client = World(provider, facebook()).client()
    with refused(ConfigurationException, "missing_endpoint"):
        client.endpoint("token_endpoint")


def test_presets_without_logins_are_refused() -> None:
    arn = "arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/app/w/5".replace(
        ":1:", ":123456789012:"
    )
    for issuer in (aws_alb("eu-central-1", arn, "c"), None, "", 7, TrustedIssuer("https://op")):
        with refused(InvalidArgumentError, "invalid_argument"):
            OAuthClient(issuer, "web")  # type: ignore[arg-type]
