# Generated from aio/test_presets.py by scripts/make_sync.py; edit that file.
"""Presets wherever a verifier takes an issuer: their tokens, and the forged ones beside them."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import trustme

from py_identity_model import (
    AccessTokenRefusedException,
    ConfigurationException,
    InvalidArgumentError,
    InvalidIssuerException,
)
from py_identity_model._seam.sync import gather, sleep
from py_identity_model.providers import (
    Provider,
    adfs,
    auth0,
    aws_alb,
    cognito,
    dex,
    entra,
    entra_multi_tenant,
    github,
    github_actions,
    gitlab_ci,
    google,
    google_iap,
    keycloak,
    kubernetes,
    okta,
)
from py_identity_model.sync import (
    AccessTokenVerifier,
    ClientSecretBasic,
    DiscoveryPolicy,
    HTTPClient,
    TokenIntrospector,
    TokenValidationConfig,
    TrustedIssuer,
    clear_jwks_cache,
    validate_token,
)
from py_identity_model.sync._cache import provider_cache
from py_identity_model.testing import EmbeddedProvider
from py_identity_model.testing.wire import Answer
from tests.providers.test_providers import PRESETS, SCRIPT, TENANT, TOKENS
from tests.support import Gate, answered, bearer, published, refused
from tests.world import World, page

OTHER_TENANT = "99999999-2222-3333-4444-555555555555"
MARKED = {"google", "slack"}  # what their presets have are ID tokens of logins
ARN: str = SCRIPT.ARN
ALB_KEYS = "https://public-keys.auth.elb.eu-central-1.amazonaws.com"


@pytest.fixture
def world(provider: EmbeddedProvider) -> World:
    return World(provider)


@pytest.fixture
def forger(provider: EmbeddedProvider) -> Iterator[EmbeddedProvider]:
    """Another provider, whose keys have the names of the first one's."""
    with EmbeddedProvider() as running:
        running._kids = dict(provider._kids)
        yield running


def led_to(world: World) -> HTTPClient:
    """Return a client whose every request comes to the server of ``world``."""
    base = httpx.URL(world.server.issuer)

    def lead(request: httpx.Request) -> None:
        target = page(str(request.url))
        request.url = base.copy_with(path=target)
        request.headers["host"] = urlsplit(world.server.issuer).netloc

    alone = httpx.Limits(max_keepalive_connections=0)  # so that nothing is left to be closed
    return HTTPClient(httpx.Client(event_hooks={"request": [lead]}, limits=alone, trust_env=False))


def verifier_of(world: World, issuers: Any, audience: Any = None, **options: Any) -> Any:
    return AccessTokenVerifier(issuers, audience, http_client=led_to(world), **options)


def minted(server: EmbeddedProvider, name: str, **changes: Any) -> str:
    """Return a token of a known provider; ``header`` among the ``changes`` is its header's."""
    known = TOKENS[name]
    header = {"typ": None, **known["header"], **changes.pop("header", {})}
    algorithm = known["header"]["alg"]
    usual = dict.fromkeys(("aud", "client_id", "jti"))
    header.pop("alg")
    return bearer(
        server.mint(algorithm=algorithm, header=header, **{**usual, **known["claims"], **changes})
    )


def usual_verifier(world: World, name: str) -> Any:
    preset, claims = PRESETS[name], TOKENS[name]["claims"]
    if name == "kubernetes":
        preset = replace(preset, token_file=None)  # there is no pod here
    world.add(preset)
    options: dict[str, Any] = {"accept_id_tokens_as_access_tokens": name in MARKED}
    if preset.audience is None and preset.client_ids is None:
        options["audience"] = claims.get("aud")
        if "aud" not in claims:
            options["client_ids"] = [claims["client_id"]]
    return verifier_of(world, preset, **options)


WITH_KEY_SETS = [name for name in TOKENS if name != "aws_alb"]


@pytest.mark.parametrize("name", WITH_KEY_SETS)
def test_a_preset_takes_its_tokens_and_none_beside_them(
    world: World, forger: EmbeddedProvider, name: str
) -> None:
    verifier, known = usual_verifier(world, name), TOKENS[name]
    for changes in ({}, *known.get("others", ())):
        for _ in range(2):
            token = verifier.verify(minted(world.server, name, **changes))
            assert token.issuer == (known["claims"] | changes)["iss"]
    forged: list[tuple[str, dict[str, Any]]] = [
        ("token_expired", {"exp": 1}),
        ("missing_claim", {"exp": None}),
    ]
    for code, changes in forged:
        with answered(401, code):
            verifier.verify(minted(world.server, name, **changes))
    with answered(401, "invalid_signature"):
        verifier.verify(minted(forger, name))
    for changes in known["forged"]:
        with pytest.raises(AccessTokenRefusedException) as caught:
            verifier.verify(minted(world.server, name, **changes))
        assert caught.value.status_code == 401


@pytest.mark.parametrize("name", WITH_KEY_SETS)
def test_a_preset_refuses_another_algorithm_or_audience(world: World, name: str) -> None:
    verifier, preset = usual_verifier(world, name), PRESETS[name]
    verifier.verify(minted(world.server, name))
    if preset.algorithms is not None:
        token = world.server.mint(algorithm="EdDSA", **TOKENS[name]["claims"])
        with answered(401, "algorithm_not_allowed"):
            verifier.verify(bearer(token))
    with answered(401, "invalid_audience"):
        verifier.verify(minted(world.server, name, aud="https://another.example"))


def test_issuers_of_every_form_can_be_combined(world: World) -> None:
    realm, tenant = keycloak("https://id.example", "main"), entra(TENANT)
    for preset in (realm, tenant):
        world.add(preset)
    issuers = [realm, TrustedIssuer(tenant, audience="api2"), world.server.issuer]
    verifier = verifier_of(world, issuers, "api")
    token = verifier.verify(minted(world.server, "keycloak"))
    assert token.roles == {"admin"}
    verifier.verify(minted(world.server, "entra", aud="api2"))
    for name, audience in (("entra", "api"), ("keycloak", "api2")):
        with answered(401, "invalid_audience"):
            verifier.verify(minted(world.server, name, aud=audience))


def test_a_resolver_may_return_a_preset_or_a_url(world: World) -> None:
    realm, plain = keycloak("https://id.example", "main"), okta("dev-1.okta.com")
    for preset in (realm, plain):
        world.add(preset)
    known: dict[str, Any] = {str(realm.issuer): realm, str(plain.issuer): plain.issuer}
    verifier = verifier_of(world, known.get, "api")
    for _ in range(2):
        assert (verifier.verify(minted(world.server, "keycloak"))).roles == {"admin"}
    verifier.verify(minted(world.server, "okta"))
    with answered(401, "untrusted_issuer"):
        verifier.verify(minted(world.server, "google"))


def test_the_keys_of_one_preset_never_vouch_for_the_second_name_of_another(
    world: World, forger: EmbeddedProvider
) -> None:
    ours = "https://own.example"  # a provider that the program trusts as well
    world.add(google())
    world.add(Provider(name="own", issuer=ours))
    keys = [{**key, "kid": forger._kids[key["alg"]]} for key in published(forger)]
    world.pages[page(f"{ours}/keys")] = Answer.of_json({"keys": keys})
    verifier = verifier_of(world, [google(), ours], "api")
    verifier.verify(bearer(forger.mint(iss=ours)))
    for issuer in ("accounts.google.com", "https://accounts.google.com"):
        verifier.verify(bearer(world.server.mint(iss=issuer)))
        with answered(401, "invalid_signature"):
            verifier.verify(bearer(forger.mint(iss=issuer)))
    with answered(401, "invalid_signature"):
        verifier.verify(bearer(world.server.mint(iss=ours)))


def test_a_document_that_names_another_issuer_than_the_preset_is_not_used(
    world: World,
) -> None:
    preset = keycloak("https://id.example", "main", internal_url="http://keycloak:8080")
    for issuer, good in (
        ("https://id.example/realms/main", True),
        ("https://id.example/realms/main/", True),
        ("http://keycloak:8080/realms/main", True),
        ("https://id.example/realms/other", False),
        ("https://evil.example", False),
    ):
        world.pages.clear()
        world.add(preset, issuer=issuer, jwks_uri="http://keycloak:8080/keys")
        verifier = verifier_of(world, preset, "api")
        if good:
            verifier.verify(minted(world.server, "keycloak"))
            with answered(401, "invalid_issuer"):
                verifier.verify(
                    minted(world.server, "keycloak", iss="http://keycloak:8080/realms/main")
                )
            continue
        with answered(503, "issuer_not_configured"):
            verifier.verify(minted(world.server, "keycloak"))


def test_the_slash_at_an_issuers_end_is_the_documents(world: World) -> None:
    world.add(auth0("acme.eu.auth0.com"))
    verifier = verifier_of(world, "https://acme.eu.auth0.com", "api")
    for _ in range(2):
        verifier.verify(minted(world.server, "auth0"))
    with answered(401, "invalid_issuer"):
        verifier.verify(minted(world.server, "auth0", iss="https://acme.eu.auth0.com"))
    several = verifier_of(world, ["https://acme.eu.auth0.com", "https://else.example"], "api")
    several.verify(minted(world.server, "auth0"))
    with answered(401, "invalid_issuer"):
        several.verify(minted(world.server, "auth0", iss="https://acme.eu.auth0.com"))


def test_a_template_has_one_document_for_all_its_tenants(world: World) -> None:
    preset = entra_multi_tenant(allowed=[TENANT, OTHER_TENANT])
    world.add(preset)
    verifier = verifier_of(world, preset, "api")
    for tenant in (TENANT, OTHER_TENANT, TENANT):
        issuer = f"https://login.microsoftonline.com/{tenant}/v2.0"
        verifier.verify(minted(world.server, "entra_multi_tenant", iss=issuer, tid=tenant))
    assert preset.discovery_address is not None
    assert len(world.asked(preset.discovery_address)) == 1
    with answered(401, "issuer_claim_mismatch"):
        verifier.verify(minted(world.server, "entra_multi_tenant", tid=OTHER_TENANT))
    third = OTHER_TENANT.replace("9", "8")
    with answered(401, "untrusted_issuer"):
        verifier.verify(
            minted(
                world.server,
                "entra_multi_tenant",
                iss=f"https://login.microsoftonline.com/{third}/v2.0",
                tid=third,
            )
        )


def test_the_verifiers_own_audience_wins_over_the_presets(world: World) -> None:
    preset = google_iap("/projects/1/apps/my-proj")
    world.add(preset)
    mine, theirs = "/projects/1/apps/my-proj", "/projects/2/apps/else"
    cases: list[tuple[Any, str, str]] = [
        (verifier_of(world, preset), mine, theirs),
        (verifier_of(world, preset, theirs), theirs, mine),
        (verifier_of(world, TrustedIssuer(preset, audience=theirs), mine), theirs, mine),
        (verifier_of(world, TrustedIssuer(preset)), mine, theirs),
    ]
    for verifier, good, bad in cases:
        verifier.verify(minted(world.server, "google_iap", aud=good))
        with answered(401, "invalid_audience"):
            verifier.verify(minted(world.server, "google_iap", aud=bad))


def test_clients_take_the_place_of_an_audience_that_tokens_lack(world: World) -> None:
    pool = cognito("us-east-1", "us-east-1_AbCdEf", client_ids=["web"], domain="acme")
    world.add(pool)
    alone, beside = verifier_of(world, pool), verifier_of(world, [pool, dex("https://d")], "api")
    for verifier in (alone, beside):
        verifier.verify(minted(world.server, "cognito"))
        with answered(401, "invalid_client_id"):
            verifier.verify(minted(world.server, "cognito", client_id="theirs"))
        with answered(401, "invalid_audience"):
            verifier.verify(minted(world.server, "cognito", aud="another API"))
    beside.verify(minted(world.server, "cognito", aud="api"))
    own = verifier_of(world, pool, client_ids=["app"])
    own.verify(minted(world.server, "cognito", client_id="app"))
    with answered(401, "invalid_client_id"):
        own.verify(minted(world.server, "cognito"))
    strict = verifier_of(world, TrustedIssuer(pool, audience="api"))
    with answered(401, "missing_claim"):
        strict.verify(minted(world.server, "cognito"))


@pytest.mark.parametrize(
    ("issuers", "named"),
    [
        (keycloak("https://id.example", "main"), "keycloak"),
        ([google_iap("x"), github_actions(owner_ids=["1"])], "github_actions"),
        (TrustedIssuer(entra(TENANT)), "entra"),
        (gitlab_ci(project_ids=["1"]), "gitlab_ci"),
    ],
)
def test_a_preset_that_knows_no_audience_needs_one(issuers: Any, named: str) -> None:
    with refused(InvalidArgumentError, "invalid_argument") as caught:
        AccessTokenVerifier(issuers)
    assert "audience" in str(caught.value)
    assert f"preset {named}" in str(caught.value)
    AccessTokenVerifier(issuers, "api")


def test_unworkable_arguments_are_refused_at_construction() -> None:
    realm = keycloak("https://id.example", "main")
    with pytest.raises(InvalidArgumentError, match="github defines neither"):
        AccessTokenVerifier(github(), "api")
    with pytest.raises(InvalidArgumentError, match="twice"):
        AccessTokenVerifier([realm, TrustedIssuer(realm, audience="other")], "api")
    with pytest.raises(InvalidArgumentError, match="twice"):
        AccessTokenVerifier([google(), "accounts.google.com"], "api")
    AccessTokenVerifier([realm, TrustedIssuer(realm)], "api")
    with pytest.raises(InvalidArgumentError, match="contradicts profile"):
        AccessTokenVerifier(dex("https://dex.example"), "api", profile="rfc9068")
    with pytest.raises(InvalidArgumentError, match="preset keycloak"):
        TrustedIssuer(realm, bound_claim="tid")
    with pytest.raises(InvalidArgumentError, match="mutually exclusive"):
        TrustedIssuer("https://a", disco_doc_address="https://b", jwks_uri="https://c")
    with pytest.raises(InvalidArgumentError, match="jwks_uri"):
        TrustedIssuer("https://a", jwks_uri="keys")


def test_a_copy_of_a_trusted_preset_keeps_its_rules(world: World) -> None:
    preset = github_actions(repositories=["octo-org/octo-repo"])
    world.add(preset)
    copied = replace(TrustedIssuer(preset, audience="old"), audience="https://github.com/octo-org")
    verifier = verifier_of(world, copied)
    verifier.verify(minted(world.server, "github_actions"))
    for changes in ({"repository": "evil/octo-repo"}, {"repository": None}):
        with answered(401, "claim_not_accepted"):
            verifier.verify(minted(world.server, "github_actions", **changes))


def test_roles_and_scopes_are_where_the_preset_says(world: World) -> None:
    preset = Provider(
        name="ours",
        issuer="https://ours.example",
        roles_claim=("access", "my.roles"),
        scope_claim="permissions",
    )
    world.add(preset)
    verifier = verifier_of(world, preset, "api")
    claims: dict[str, Any] = {
        "iss": preset.issuer,
        "permissions": ["read"],
        "scope": "write",
        "access": {"my.roles": ["a"]},
        "roles": ["b"],
    }
    token = verifier.verify(bearer(world.server.mint(**claims)), scopes=["read"])
    assert (token.roles, token.scopes) == ({"a"}, {"read"})
    token.require_scopes("read")
    with answered(403, "insufficient_scope"):
        verifier.verify(bearer(world.server.mint(**claims)), scopes=["write"])
    own = verifier_of(world, preset, "api", roles="roles")
    assert (own.verify(bearer(world.server.mint(**claims)))).roles == {"b"}


def test_a_preset_may_have_custom_required_values_and_headers(world: World) -> None:
    preset = Provider(
        name="ours",
        issuer="https://ours.example",
        required_claims={"groups": ["admins", "ops"]},
        required_header={"tenant": "mine"},
        audience=["api"],
        profile="rfc9068",
    )
    world.add(preset)
    verifier = verifier_of(world, preset)

    def token(groups: Any, tenant: str | None = "mine", typ: str = "at+jwt") -> str:
        header = {"tenant": tenant, "typ": typ}
        return bearer(world.server.mint(header=header, iss=preset.issuer, groups=groups))

    good: list[Any] = ["ops", ["x", "admins"]]
    for groups in good:
        verifier.verify(token(groups))
    for groups in ("x", ["x"], [], None, {"ops": 1}, 7):
        with answered(401, "claim_not_accepted"):
            verifier.verify(token(groups))
    for tenant in ("theirs", None):
        with answered(401, "wrong_header"):
            verifier.verify(token("ops", tenant))
    with answered(401, "wrong_typ"):
        verifier.verify(token("ops", typ="JWT"))
    usual: dict[str, Any] = {"iss": preset.issuer, "groups": "ops", "header": {"tenant": "mine"}}
    with answered(401, "invalid_claim"):
        verifier.verify(bearer(world.server.mint(**usual, sub=4)))
    other = verifier_of(world, replace(preset, audience=None, profile=None), "api")
    with answered(401, "missing_claim"):  # a header takes no audience's place
        other.verify(bearer(world.server.mint(**usual, aud=None)))


def test_keys_by_their_address_need_no_document(world: World, forger: EmbeddedProvider) -> None:
    world.add_keys("https://keys.example/jwks")
    trusted = TrustedIssuer("https://cloud.example", jwks_uri="https://keys.example/jwks")
    verifier = verifier_of(world, trusted, "api")
    for _ in range(3):
        verifier.verify(bearer(world.server.mint(iss="https://cloud.example")))
    assert len(world.server.requests) == 1
    for token, code in (
        (forger.mint(iss="https://cloud.example"), "invalid_signature"),
        (world.server.mint(iss="https://cloud.example/"), "invalid_issuer"),
        (world.server.mint(iss="https://cloud.example", aud="x"), "invalid_audience"),
    ):
        with answered(401, code):
            verifier.verify(bearer(token))


def test_a_document_elsewhere_may_name_any_issuer_if_its_policy_says_so(
    world: World, forger: EmbeddedProvider
) -> None:
    preset = adfs("adfs.corp.example")
    world.add(preset)
    name = preset.other_issuers[0]  # type: ignore[index]
    elsewhere = TrustedIssuer(
        name,
        disco_doc_address=preset.issuer,
        discovery_policy=DiscoveryPolicy(allow_issuer_mismatch=True),
    )
    verifier = verifier_of(world, elsewhere, "api")
    verifier.verify(minted(world.server, "adfs"))
    with answered(401, "invalid_issuer"):
        verifier.verify(minted(world.server, "adfs", iss=preset.issuer))
    with answered(401, "invalid_signature"):
        verifier.verify(minted(forger, "adfs"))
    strict = verifier_of(world, TrustedIssuer(name, disco_doc_address=preset.issuer), "api")
    with answered(503, "issuer_mismatch"):
        strict.verify(minted(world.server, "adfs"))


def test_the_verifiers_policy_is_joined_with_the_presets(world: World) -> None:
    preset = google()
    world.add(preset, device_authorization_endpoint="https://else.example/device")
    policy = DiscoveryPolicy(additional_endpoint_base_addresses=["https://else.example"])
    verifier = verifier_of(
        world, preset, "c", discovery_policy=policy, accept_id_tokens_as_access_tokens=True
    )
    verifier.verify(minted(world.server, "google"))


def test_introspected_tokens_keep_the_rules_of_a_preset(provider: EmbeddedProvider) -> None:
    ours = Provider(
        name="ours",
        issuer=provider.issuer,
        required_claims={"client_id": ["someone else"]},
        client_ids=["machine"],
    )
    by_header = replace(ours, required_claims={}, required_header={"a": "b"})
    tokens = TokenIntrospector(
        f"{provider.issuer}/introspect",
        provider.client_id,
        ClientSecretBasic(provider.client_secret),
        accept_tokens_without_audience=True,
    )
    for preset, code in ((ours, "claim_not_accepted"), (by_header, "wrong_header")):
        verifier = AccessTokenVerifier(preset, opaque_tokens=tokens, introspect_jwts=True)
        provider.intercept = lambda received: (
            Answer.of_json(
                {"active": True, "client_id": "machine", "iss": provider.issuer, "sub": "u"}
            )
            if received.path == "/introspect"
            else None
        )
        with answered(401, code):
            verifier.verify("Bearer opaque")


def balancer(**changes: Any) -> Provider:
    return aws_alb("eu-central-1", ARN, "my-client", **changes)


def of_balancer(
    server: EmbeddedProvider, header: dict[str, Any] | None = None, **claims: Any
) -> str:
    usual = {
        "typ": "JWT",
        "kid": "k-1",
        "iss": "https://pool.example",
        "signer": ARN,
        "client": "my-client",
        "exp": int(time.time()) + 120,
    }
    gone = dict.fromkeys(("iss", "aud", "client_id", "iat", "exp", "jti"))
    return bearer(
        server.mint(
            algorithm="ES256", header=usual | (header or {}), **{**gone, "sub": "u", **claims}
        )
    )


@pytest.fixture
def padding() -> Iterator[EmbeddedProvider]:
    """A signer whose tokens are padded, as a load balancer's."""
    with EmbeddedProvider(quirks={"padded-tokens"}) as running:
        yield running


def test_the_claims_of_a_load_balancer_are_accepted_padded_or_not(
    world: World, padding: EmbeddedProvider
) -> None:
    padding._keys = world.server._keys
    world.add_pem(f"{ALB_KEYS}/k-1")
    verifier = verifier_of(world, balancer())
    for server in (padding, world.server):
        for length in range(1, 5):
            token = verifier.verify(of_balancer(server, sub="u" * length))
            assert token.subject == "u" * length
            assert token.issuer == "https://pool.example"
            assert token.expires_at is not None
    assert len(world.asked(f"{ALB_KEYS}/k-1")) == 1
    plain = verifier_of(world, "https://pool.example", "api")
    issuer = "https://pool.example"
    tokens = [of_balancer(padding, iss=issuer, sub="u" * length) for length in range(1, 5)]
    padded = next(token for token in tokens if "=" in token)
    world.add(Provider(name="pool", issuer="https://pool.example"))
    with answered(401, "malformed_token") as caught:
        plain.verify(padded)
    assert "allow_padded_base64url=True" in str(caught.value)


@pytest.mark.parametrize(
    ("header", "claims", "code"),
    [
        ({"signer": ARN.replace("123456789012", "666666666666")}, {}, "wrong_header"),
        ({"signer": None}, {}, "wrong_header"),
        ({"client": "theirs"}, {}, "wrong_header"),
        ({"client": None}, {}, "wrong_header"),
        ({"signer": None, "client": None}, {}, "untrusted_issuer"),
        ({"exp": None}, {}, "missing_claim"),
        ({"exp": 1}, {}, "token_expired"),
        ({"exp": 1}, {"exp": 2**40}, "token_expired"),
        ({}, {"exp": 1}, "token_expired"),
        ({"exp": "soon"}, {}, "invalid_claim"),
        ({"kid": "../k-1"}, {}, "invalid_kid"),
        ({"kid": "a/b"}, {}, "invalid_kid"),
        ({"kid": "a.b"}, {}, "invalid_kid"),
        ({"kid": "k-1?x"}, {}, "invalid_kid"),
        ({"kid": "%2e%2e"}, {}, "invalid_kid"),
        ({"kid": "k" * 65}, {}, "invalid_kid"),
        ({"kid": ""}, {}, "invalid_kid"),
        ({"kid": None}, {}, "invalid_kid"),
        ({"kid": "k-1\n"}, {}, "invalid_kid"),
        ({"kid": "unknown"}, {}, "no_matching_key"),
    ],
)
def test_a_forged_token_beside_a_load_balancers_is_refused(
    world: World, header: dict[str, Any], claims: dict[str, Any], code: str
) -> None:
    world.add_pem(f"{ALB_KEYS}/k-1")
    verifier = verifier_of(world, balancer())
    verifier.verify(of_balancer(world.server))
    before = len(world.server.requests)
    with answered(401, code):
        verifier.verify(of_balancer(world.server, header, **claims))
    assert len(world.server.requests) - before == (code == "no_matching_key")


def test_a_load_balancers_signature_and_algorithm_are_checked(
    world: World, forger: EmbeddedProvider
) -> None:
    world.add_pem(f"{ALB_KEYS}/k-1")
    verifier = verifier_of(world, balancer())
    with answered(401, "invalid_signature"):
        verifier.verify(of_balancer(forger))
    token = world.server.mint(header={"kid": "k-1", "signer": ARN, "client": "my-client"})
    with answered(401, "algorithm_not_allowed"):
        verifier.verify(bearer(token))


def test_the_issuer_of_a_load_balancers_users_may_be_demanded(world: World) -> None:
    world.add_pem(f"{ALB_KEYS}/k-1")
    verifier = verifier_of(world, balancer(issuer="https://pool.example"))
    verifier.verify(of_balancer(world.server))
    verifier.verify(of_balancer(world.server, iss="https://pool.example"))
    for header, claims in (
        ({"iss": "https://evil.example"}, {}),
        ({}, {"iss": "https://evil.example"}),
        ({"iss": "https://evil.example"}, {"iss": "https://pool.example"}),
    ):
        with answered(401, "invalid_issuer"):
            verifier.verify(of_balancer(world.server, header, **claims))
    with answered(401, "missing_claim"):
        verifier.verify(of_balancer(world.server, {"iss": None}))


def test_a_load_balancer_and_the_pool_behind_it_are_distinguished(world: World) -> None:
    pool = cognito("us-east-1", "us-east-1_AbCdEf", client_ids=["web"], domain="acme")
    world.add(pool)
    world.add_pem(f"{ALB_KEYS}/k-1")
    other = ARN.replace("/web/", "/other/")
    second = aws_alb("eu-central-1", other, "my-client")
    verifier = verifier_of(world, [pool, balancer(), second], "api")
    for _ in range(2):
        verifier.verify(minted(world.server, "cognito"))
        verifier.verify(of_balancer(world.server, iss=pool.issuer))
        verifier.verify(of_balancer(world.server, {"signer": other}))
    with answered(401, "wrong_header"):
        verifier.verify(of_balancer(world.server, {"signer": ARN.replace("/web/", "/x/")}))
    with answered(401, "invalid_audience"):
        verifier.verify(of_balancer(world.server, aud="another API"))


def test_unknown_keys_of_a_load_balancer_are_remembered_for_a_while(world: World) -> None:
    verifier = verifier_of(world, balancer())
    for _ in range(3):
        with answered(401, "no_matching_key"):
            verifier.verify(of_balancer(world.server, {"kid": "made-up"}))
    assert len(world.asked(f"{ALB_KEYS}/made-up")) == 1


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer(503), 503),
        (Answer(200, b"<html>"), 503),
        (Answer(200, b"-----BEGIN PRIVATE KEY-----\n"), 503),
        (Answer(200, b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), 503),
        (Answer(302, b"", {"location": f"{ALB_KEYS}/else"}), 503),
        (Answer(403), 401),
        (Answer(404), 401),
    ],
)
def test_an_answer_that_is_not_a_key_accepts_nothing(
    world: World, answer: Answer, status: int
) -> None:
    world.pages[page(f"{ALB_KEYS}/k-1")] = answer
    verifier = verifier_of(world, balancer())
    with pytest.raises(AccessTokenRefusedException) as caught:
        verifier.verify(of_balancer(world.server))
    assert caught.value.status_code == status


def test_the_pods_token_goes_to_the_key_set_alone_and_is_read_again(
    world: World, tmp_path: Path
) -> None:
    token_file = tmp_path / "token"
    token_file.write_text("first\n", "ascii")
    preset = replace(
        kubernetes("my-service", jwks_uri="https://10.0.0.1:6443/openid/v1/jwks"),
        token_file=str(token_file),
    )
    world.add(preset)
    assert preset.jwks_uri is not None
    verifier = verifier_of(world, preset)
    verifier.verify(minted(world.server, "kubernetes"))
    token_file.write_text("second", "ascii")
    world.server.rotate_keys()
    world.add(preset)
    verifier.verify(minted(world.server, "kubernetes"))
    sent = [one.headers.get("authorization") for one in world.asked(preset.jwks_uri)]
    assert sent == ["Bearer first", "Bearer second"]
    plain = verifier_of(world, TrustedIssuer(str(preset.issuer), jwks_uri=preset.jwks_uri), "x")
    with answered(401, "invalid_audience"):
        plain.verify(minted(world.server, "kubernetes"))
    assert "authorization" not in world.server.requests[-1].headers


def test_the_pods_token_does_not_follow_a_redirect(world: World, tmp_path: Path) -> None:
    token_file = tmp_path / "token"
    token_file.write_text("secret", "ascii")
    preset = replace(kubernetes("my-service"), token_file=str(token_file))
    assert preset.jwks_uri is not None
    elsewhere = {"location": "https://evil.example/keys"}
    world.pages[page(preset.jwks_uri)] = Answer(302, b"", elsewhere)
    with answered(503, "jwks_failed") as caught:
        verifier_of(world, preset).verify(minted(world.server, "kubernetes"))
    assert not world.asked("https://evil.example/keys")
    assert "secret" not in repr(caught.value.details)


@pytest.mark.parametrize("content", [None, b"", b" \n", "tökén".encode(), b"a\nb"])
def test_a_token_file_that_cannot_be_used_stops_the_request(
    world: World, tmp_path: Path, content: bytes | None
) -> None:
    token_file = tmp_path / "token"
    if content is not None:
        token_file.write_bytes(content)
    preset = replace(kubernetes("my-service"), token_file=str(token_file))
    world.add(preset)
    with answered(503, "jwks_failed"):
        verifier_of(world, preset).verify(minted(world.server, "kubernetes"))
    assert not world.server.requests


def test_the_key_set_of_a_cluster_is_fetched_by_its_own_authority(tmp_path: Path) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    ca_file, token_file = tmp_path / "ca.crt", tmp_path / "token"
    token_file.write_text("pod", "ascii")
    with EmbeddedProvider(tls=context, host="localhost") as server:
        issuer, keys = "https://cluster.example", server.jwks_uri
        preset = replace(
            kubernetes("api", issuer=issuer, jwks_uri=keys),
            ca_file=str(ca_file),
            token_file=str(token_file),
        )
        verifier = AccessTokenVerifier(preset)
        trustme.CA().cert_pem.write_to_path(str(ca_file))
        with answered(503, "keys_unavailable"):
            verifier.verify(bearer(server.mint(iss=issuer)))
        assert not server.requests
        authority.cert_pem.write_to_path(str(ca_file))
        clear_jwks_cache()  # the failure is forgotten
        verifier.verify(bearer(server.mint(iss=issuer)))
        assert [one.headers["authorization"] for one in server.requests] == ["Bearer pod"]
        plain = AccessTokenVerifier(TrustedIssuer(issuer, jwks_uri=keys), "api")
        with answered(503, "keys_unavailable"):  # another authority vouches for those keys
            plain.verify(bearer(server.mint(iss=issuer)))


def test_one_request_fetches_a_load_balancers_key_however_many_wait(
    provider: EmbeddedProvider,
) -> None:
    world = World(provider)
    world.add_pem("http://keys/k-1")
    gate = Gate(page("http://keys/k-1"), world.pages[page("http://keys/k-1")])
    provider.intercept = gate
    preset = replace(
        balancer(), key_url_template=f"{provider.issuer}/keys/{{kid}}", name="balancer"
    )
    verifier = AccessTokenVerifier(preset, cold_timeout=10)
    keys = provider_cache.default_cache.keys
    key = (f"{provider.issuer}/keys/k-1", True, True, None, None, True)

    def one() -> str:
        return str((verifier.verify(of_balancer(provider))).subject)

    def open_gate() -> str:
        while keys.single_flight.waiting(key) < 10:
            sleep(0.001)
        gate.open.set()
        return "opened"

    assert (gather([*[one] * 10, open_gate])).count("u") == 10
    assert provider.count(gate.path) == 1


def test_a_custom_policy_does_not_change_where_a_presets_keys_are(world: World) -> None:
    world.add_pem(f"{ALB_KEYS}/k-1")
    trusted = TrustedIssuer(balancer(), discovery_policy=DiscoveryPolicy())
    verifier_of(world, trusted).verify(of_balancer(world.server))


@pytest.mark.parametrize("preset", [balancer(), kubernetes("api")])
@pytest.mark.parametrize("name", ["jwks_uri", "disco_doc_address"])
def test_credentials_for_keys_are_never_led_to_another_address(preset: Any, name: str) -> None:
    elsewhere: dict[str, Any] = {name: "https://else.example/keys"}
    with pytest.raises(InvalidArgumentError, match="says where its keys are"):
        TrustedIssuer(preset, **elsewhere)


def test_a_single_validation_may_bind_further_names_to_a_document(
    provider: EmbeddedProvider,
) -> None:
    config = TokenValidationConfig(
        perform_disco=True,
        audience="api",
        issuer=provider.issuer,
        token_issuers=["second", provider.issuer],
    )
    for _ in range(2):
        for issuer in ("second", provider.issuer):
            assert validate_token(provider.mint(iss=issuer), config, provider.issuer)
        with refused(InvalidIssuerException, "invalid_issuer"):
            validate_token(provider.mint(iss="third"), config, provider.issuer)
    other = replace(config, issuer="https://else.example")
    with refused(InvalidIssuerException, "issuer_not_configured"):
        validate_token(provider.mint(iss="second"), other, provider.issuer)
    mistaken: Any = "second"
    with pytest.raises(ConfigurationException, match="token_issuers"):
        validate_token(provider.mint(), replace(config, token_issuers=mistaken), provider.issuer)
