"""What is trusted of discovery documents, and whose tokens their keys vouch for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from py_identity_model import (
    AccessTokenRefusedException,
    InvalidIssuerException,
    ProviderUnusableException,
    SignatureVerificationException,
    TokenValidationException,
)
from py_identity_model._wire.discovery_policy import DiscoveryPolicy
from py_identity_model.aio import (
    AsyncAccessTokenVerifier,
    AsyncHTTPClient,
    AsyncOAuthClient,
    ClientSecretPost,
    DiscoveryDocumentRequest,
    DiscoveryErrorKind,
    JwksRequest,
    ProtectedResourceMetadataRequest,
    TrustedIssuer,
    get_discovery_document,
    get_jwks,
    get_protected_resource_metadata,
    prime,
    validate_token,
)
from py_identity_model.exceptions import ConfigurationException
from py_identity_model.testing import EmbeddedProvider
from tests.support import CONFIG, DISCOVERY, World, answered, bearer, refused

ISSUER = "https://op.example"
GOOGLE = "https://accounts.google.com"
ENTRA = "https://login.microsoftonline.com"
TENANT = "11111111-2222-3333-4444-555555555555"
OTHER_TENANT = "99999999-2222-3333-4444-555555555555"
MISMATCH = DiscoveryPolicy(allow_issuer_mismatch=True)


@pytest.fixture(scope="module")
def keys() -> Iterator[EmbeddedProvider]:
    with EmbeddedProvider() as provider:
        yield provider


@pytest.fixture(scope="module")
def other_keys() -> Iterator[EmbeddedProvider]:
    """Another provider, whose keys have the same names."""
    with EmbeddedProvider() as provider:
        yield provider


@pytest.fixture
def world(keys: EmbeddedProvider) -> World:
    return World(keys)


def client_of(world: World) -> AsyncHTTPClient:
    return AsyncHTTPClient(httpx.AsyncClient(transport=world.transport))


async def validated(world: World, token: str, address: str = ISSUER, **config: Any) -> Any:
    return await validate_token(token, replace(CONFIG, **config), address, client_of(world))


async def verified(world: World, token: str, issuers: Any, **options: Any) -> Any:
    client = client_of(world)
    verifier = AsyncAccessTokenVerifier(issuers, "api", http_client=client, **options)
    return (await verifier.verify(bearer(token))).claims


def login(world: World, issuer: str = ISSUER, **options: Any) -> AsyncOAuthClient:
    client = client_of(world)
    authentication = ClientSecretPost("s")
    return AsyncOAuthClient(issuer, "web", authentication, http_client=client, **options)


# Members that a call does not need


@pytest.mark.parametrize(
    "odd",
    [
        {"subject_types_supported": None, "response_types_supported": None},
        {"response_types_supported": ["code", "device", 5], "subject_types_supported": "x"},
        {"userinfo_endpoint": "https://graph.example/u", "token_endpoint": "http://else.example"},
        {"authorization_endpoint": "", "token_endpoint": "", "userinfo_endpoint": "/relative"},
        {"mtls_endpoint_aliases": {"token_endpoint": "https://10.0.0.1/t"}},
        {"mtls_endpoint_aliases": 7, "registration_endpoint": ["x"]},
    ],
)
async def test_members_that_validation_does_not_need_never_stop_it(
    world: World, odd: dict[str, Any]
) -> None:
    world.publish(ISSUER, **odd)
    token = world.mint(ISSUER)
    assert (await validated(world, token))["iss"] == ISSUER
    assert (await verified(world, token, ISSUER))["iss"] == ISSUER
    assert (await login(world).metadata()).issuer == ISSUER


async def test_the_public_function_names_all_that_is_wrong_and_the_policy_that_accepts_it(
    world: World,
) -> None:
    world.publish(
        ISSUER,
        issuer="https://else.example",
        subject_types_supported=None,
        response_types_supported=["device"],
        token_endpoint="https://auth.example:8443/t",
        userinfo_endpoint="https://graph.example/u",
        revocation_endpoint="https://graph.example/r",
    )
    request, client = DiscoveryDocumentRequest(ISSUER), client_of(world)
    failure = await get_discovery_document(request, client)
    assert failure.error_kind is DiscoveryErrorKind.MISSING_FIELDS
    assert failure.missing_fields == ("subject_types_supported",)
    text = str(failure.error)
    for part in ("'device'", "https://auth.example:8443", "userinfo_endpoint", "revocation_"):
        assert part in text
    line = text[text.rindex("DiscoveryPolicy(") :]
    request.policy = eval(line, {"DiscoveryPolicy": DiscoveryPolicy})
    assert (await get_discovery_document(request, client)).is_successful
    world.publish(ISSUER, issuer="https://else.example", jwks_uri="https://evil.example/k")
    request.policy.allow_missing_login_members = False
    again = await get_discovery_document(request, client)
    assert "jwks_uri is on another authority than the issuer (https://evil.exa" in str(again.error)


# Endpoints on other hosts


async def test_an_issuer_that_the_program_names_may_say_where_its_keys_are(world: World) -> None:
    world.publish(ISSUER, jwks_uri="https://keys.example/k")
    assert (await verified(world, world.mint(ISSUER), ISSUER))["sub"]
    health = await prime(ISSUER, http_client=client_of(world))
    assert health.ready


async def test_validate_token_keeps_keys_on_the_issuers_authority(world: World) -> None:
    world.publish(ISSUER, jwks_uri="https://keys.example/k")
    token = world.mint(ISSUER)
    with refused(ProviderUnusableException, "discovery_failed") as caught:
        await validated(world, token)
    line = "DiscoveryPolicy(additional_endpoint_base_addresses=['https://keys.example'])"
    assert line in str(caught.value)
    assert world.count("https://keys.example/k") == 0
    policy = DiscoveryPolicy(additional_endpoint_base_addresses=["https://keys.example"])
    assert (await validated(world, token, discovery_policy=policy))["iss"] == ISSUER


@pytest.mark.parametrize(
    "host", ["www.googleapis.com:444", "www.googleapis.com.evil.example", "www.googleapis。com"]
)
async def test_the_table_lends_its_hosts_to_the_letter(world: World, host: str) -> None:
    world.publish(GOOGLE, jwks_uri="https://www.googleapis.com/k")
    assert (await validated(world, world.mint(GOOGLE), GOOGLE))["iss"] == GOOGLE
    world.publish(GOOGLE, jwks_uri=f"https://{host}/k")
    with refused(ProviderUnusableException, "discovery_failed"):
        await validated(world, world.mint(GOOGLE), GOOGLE)


async def test_an_issuer_that_a_resolver_names_keeps_its_keys_at_home(world: World) -> None:
    world.publish(ISSUER, jwks_uri="https://keys.example/k")
    with answered(503, "discovery_failed"):
        await verified(world, world.mint(ISSUER), TrustedIssuer)


INTERNAL = [
    *(
        "https://10.0.0.1/k",
        "https://localhost/k",
        "https://127。0。0。1/k",
        "https://100.64.0.1/k",
    ),
    *("https://169.254.169.254/k", "https://2130706433/k", "https://vault.internal/k"),
    *("https://[fd00::1]/k", "http://127.0.0.1/k"),
]


@pytest.mark.parametrize("address", INTERNAL)
async def test_a_public_issuer_does_not_lead_into_internal_networks(
    world: World, address: str
) -> None:
    world.publish(ISSUER, jwks_uri=address, token_endpoint=address)
    with answered(503, "discovery_failed"):
        await verified(world, world.mint(ISSUER), ISSUER)
    with refused(ConfigurationException, "internal_address"):
        await login(world).endpoint("token_endpoint")
    assert world.count(address) == 0


@pytest.mark.parametrize("address", ["http://keys.example/k", "ftp://keys.example/k", "keys", 7])
async def test_keys_come_by_https(world: World, address: object) -> None:
    world.publish(ISSUER, jwks_uri=address)
    with answered(503, "discovery_failed"):
        await verified(world, world.mint(ISSUER), ISSUER)


async def test_the_issuer_that_a_document_names_unchecked_opens_no_way_inside(
    world: World,
) -> None:
    world.publish(ISSUER, issuer="https://10.0.0.1", jwks_uri="https://10.0.0.2/k")
    with answered(503, "discovery_failed"):
        await verified(world, world.mint(ISSUER), ISSUER, discovery_policy=MISMATCH)
    aliases = {"token_endpoint": "https://10.0.0.2/t"}
    world.publish(ISSUER, issuer="https://10.0.0.1", mtls_endpoint_aliases=aliases)
    request = DiscoveryDocumentRequest(ISSUER, DiscoveryPolicy(allow_issuer_mismatch=True))
    response = await get_discovery_document(request, client_of(world))
    assert "mtls_endpoint_aliases.token_endpoint" in str(response.error)


async def test_an_internal_address_is_accepted_where_the_program_names_it(world: World) -> None:
    world.publish(ISSUER, jwks_uri="https://10.0.0.1/k")
    policy = DiscoveryPolicy(additional_endpoint_base_addresses=["https://10.0.0.1"])
    assert await verified(world, world.mint(ISSUER), ISSUER, discovery_policy=policy)


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:8180/realms/x", "https://10.1.2.3/realms/x"])
async def test_an_issuer_on_an_internal_address_may_name_others(world: World, issuer: str) -> None:
    keys = "https://kubernetes.default.svc.cluster.local/k"
    alias = {"token_endpoint": f"{issuer}/token"}
    world.publish(issuer, mtls_endpoint_aliases=alias)
    response = await get_discovery_document(DiscoveryDocumentRequest(issuer), client_of(world))
    assert response.is_successful
    world.publish(issuer, jwks_uri=keys)
    assert await verified(world, world.mint(issuer), issuer)


async def test_an_endpoint_is_checked_when_it_is_used(world: World) -> None:
    world.publish(
        ISSUER, token_endpoint="https://api.example/t", introspection_endpoint="http://api.example"
    )
    client = login(world)
    assert await client.endpoint("token_endpoint") == "https://api.example/t"
    with pytest.raises(ConfigurationException):
        await client.endpoint("introspection_endpoint")


# Another issuer's document


async def test_another_issuers_document_is_refused_and_the_way_named(world: World) -> None:
    world.publish(ISSUER, issuer="https://else.example")
    with refused(ProviderUnusableException, "issuer_mismatch") as caught:
        await validated(world, world.mint("https://else.example"))
    assert "DiscoveryPolicy(allow_issuer_mismatch=True)" in str(caught.value)
    with answered(503, "issuer_mismatch"):
        await verified(world, world.mint(ISSUER), ISSUER)


@pytest.mark.parametrize(
    "issuer", ["https://\u043ep.example", "https://op\u3002example", "https://OP.example"]
)
async def test_an_issuer_that_only_looks_similar_is_another(world: World, issuer: str) -> None:
    world.publish(ISSUER, issuer=issuer)
    with answered(503, "issuer_mismatch"):
        await verified(world, world.mint(ISSUER), ISSUER)


@pytest.mark.parametrize("named", [ISSUER, f"{ISSUER}/"])
@pytest.mark.parametrize("configured", [ISSUER, f"{ISSUER}/"])
async def test_a_final_slash_is_ignored_in_configurations_and_never_in_tokens(
    world: World, named: str, configured: str
) -> None:
    world.publish(ISSUER, issuer=named)
    wrong = ISSUER if named.endswith("/") else f"{ISSUER}/"
    sound, forged = world.mint(named), world.mint(wrong)
    assert await validated(world, sound, configured, issuer=configured)
    assert await validated(world, sound, allowed_issuers=[configured])
    assert await verified(world, sound, configured)
    assert (await login(world, configured).metadata()).issuer == named
    with refused(InvalidIssuerException, "invalid_issuer"):
        await validated(world, forged, configured)
    with answered(401, "invalid_issuer"):
        await verified(world, forged, configured)


async def test_metadata_that_is_given_may_differ_in_a_slash_alone(world: World) -> None:
    world.publish(ISSUER, issuer=f"{ISSUER}/")
    metadata = await login(world).metadata()
    assert (await login(world, metadata=metadata).metadata()).issuer == f"{ISSUER}/"
    with refused(ConfigurationException, "issuer_not_configured"):
        login(world, "https://else.example", metadata=metadata)


async def test_a_second_spelling_is_accepted_for_the_issuer_that_has_it(world: World) -> None:
    world.publish(GOOGLE)
    short = world.mint("accounts.google.com")
    both = [GOOGLE, "accounts.google.com"]
    assert await validated(world, short, GOOGLE, issuer=both, allowed_issuers=both)
    assert await validated(world, short, GOOGLE)
    assert await verified(world, short, GOOGLE)
    assert await verified(world, short, both[:1])
    with refused(InvalidIssuerException, "invalid_issuer"):
        await validated(world, short, GOOGLE, allowed_issuers=[GOOGLE])
    world.publish(ISSUER)
    with refused(InvalidIssuerException, "invalid_issuer"):
        await validated(world, world.mint("op.example"))


async def test_a_list_of_issuers_lets_no_keys_vouch_for_another_name(
    world: World, other_keys: EmbeddedProvider
) -> None:
    world.publish(ISSUER)
    world.publish("https://other.example", keys=other_keys)
    both = [ISSUER, "https://other.example"]
    assert await verified(world, world.mint(ISSUER), both)
    assert await verified(world, world.mint("https://other.example", other_keys), both)
    forged = world.mint(ISSUER, other_keys)
    with answered(401, "invalid_signature"):
        await verified(world, forged, both)
    with refused(SignatureVerificationException, "invalid_signature"):
        await validated(world, forged, issuer=both)
    with refused(InvalidIssuerException, "invalid_issuer"):
        await validated(world, world.mint("https://other.example"), issuer=both)
    with refused(InvalidIssuerException, "issuer_not_configured"):
        await validated(world, forged, issuer=both[1:], discovery_policy=MISMATCH)


# Templates


async def test_a_template_in_the_table_binds_the_tenant_to_its_claim(world: World) -> None:
    common = f"{ENTRA}/common/v2.0"
    world.publish(
        common,
        issuer=f"{ENTRA}/{{tenantid}}/v2.0",
        userinfo_endpoint="https://graph.microsoft.com/u",
    )
    issuer = f"{ENTRA}/{TENANT}/v2.0"
    token = world.mint(issuer, tid=TENANT)
    response = await get_discovery_document(DiscoveryDocumentRequest(common), client_of(world))
    assert response.is_successful
    assert await validated(world, token, common)
    assert await validated(world, token, common, issuer=issuer)
    assert await verified(world, token, common)
    family = TrustedIssuer(
        f"{ENTRA}/{{tenantid}}/v2.0", bound_claim="tid", disco_doc_address=common
    )
    assert await verified(world, token, family)
    for forged in (
        world.mint(issuer, tid=OTHER_TENANT),
        world.mint(issuer),
        world.mint(issuer, tid=[TENANT]),
        world.mint(f"{ENTRA}/{{tenantid}}/v2.0", tid="{tenantid}"),
        world.mint(f"{ENTRA}/common/v2.0", tid="common"),
        world.mint(f"{ENTRA}/{TENANT}/v2.0/", tid=TENANT),
        world.mint(f"https://sts.windows.net/{TENANT}/", tid=TENANT),
        world.mint(None, tid=TENANT),
    ):
        with pytest.raises(TokenValidationException):
            await validated(world, forged, common)
        with pytest.raises(AccessTokenRefusedException) as caught:
            await verified(world, forged, common)
        assert caught.value.status_code == 401
    other = world.mint(f"{ENTRA}/{OTHER_TENANT}/v2.0", tid=OTHER_TENANT)
    assert await validated(world, other, common)
    for limits in ({"issuer": issuer}, {"issuer": [issuer]}, {"allowed_issuers": [issuer]}):
        with refused(InvalidIssuerException, "invalid_issuer"):
            await validated(world, other, common, **limits)
        assert await validated(world, token, common, **limits)


async def test_an_unknown_key_of_a_tenant_is_not_a_foreign_issuer(
    world: World, other_keys: EmbeddedProvider
) -> None:
    common = f"{ENTRA}/common/v2.0"
    world.publish(common, issuer=f"{ENTRA}/{{tenantid}}/v2.0")
    for issuer, code in (
        (f"{ENTRA}/{TENANT}/v2.0", "no_matching_key"),
        (ISSUER, "invalid_issuer"),
    ):
        token = other_keys.mint(iss=issuer, aud="api", header={"kid": "unknown"})
        with pytest.raises(TokenValidationException) as caught:
            await validated(world, token, common)
        assert caught.value.code == code
        assert caught.value.details["kid"] == "unknown"
        assert caught.value.details["available_kids"]


async def test_a_template_of_an_unknown_issuer_counts_for_nothing(world: World) -> None:
    template = f"{ISSUER}/{{tenantid}}/v2.0"
    world.publish(f"{ISSUER}/common/v2.0", issuer=template)
    token = world.mint(f"{ISSUER}/{TENANT}/v2.0", tid=TENANT)
    with refused(ProviderUnusableException, "issuer_mismatch"):
        await validated(world, token, f"{ISSUER}/common/v2.0")
    with refused(InvalidIssuerException, "invalid_issuer"):
        await validated(world, token, f"{ISSUER}/common/v2.0", discovery_policy=MISMATCH)


async def test_a_template_in_the_document_of_a_stranger_counts_for_nothing(world: World) -> None:
    world.publish(ISSUER, issuer=f"{ENTRA}/{{tenantid}}/v2.0")
    token = world.mint(f"{ENTRA}/{TENANT}/v2.0", tid=TENANT)
    for policy in (None, MISMATCH):
        with refused(ProviderUnusableException, "issuer_mismatch"):
            await validated(world, token, discovery_policy=policy)


# Documents that are found elsewhere, or not at all


async def test_a_document_found_elsewhere_must_name_the_issuer(world: World) -> None:
    inside = "https://keycloak.internal/realms/x"
    world.publish(inside, issuer=ISSUER)
    trusted = TrustedIssuer(ISSUER, disco_doc_address=inside)
    assert await verified(world, world.mint(ISSUER), trusted)
    with answered(401, "untrusted_issuer"):
        await verified(world, world.mint("https://keycloak.internal/realms/x"), trusted)
    world.publish(inside, issuer="https://else.example")
    for issuer in (ISSUER, "https://else.example"):
        with pytest.raises(AccessTokenRefusedException):
            await verified(world, world.mint(issuer), trusted)


async def test_a_program_may_bind_a_document_to_the_issuer_of_its_tokens(world: World) -> None:
    adfs, issuer = "https://adfs.example/adfs", "http://adfs.example/adfs/services/trust"
    world.publish(adfs, access_token_issuer=issuer)
    bound = TrustedIssuer(issuer, disco_doc_address=adfs, discovery_policy=MISMATCH)
    assert await verified(world, world.mint(issuer), bound)
    options = {"issuer": issuer, "discovery_policy": MISMATCH}
    assert await validated(world, world.mint(issuer), adfs, **options)
    for other in (adfs, f"{issuer}/", ISSUER):
        with pytest.raises(AccessTokenRefusedException) as caught:
            await verified(world, world.mint(other), bound)
        assert caught.value.status_code == 401
    with answered(503, "issuer_mismatch"):
        await verified(world, world.mint(issuer), TrustedIssuer(issuer, disco_doc_address=adfs))


@pytest.mark.parametrize("named", [ISSUER, "https://10.0.0.7/realm"])
async def test_keys_may_be_inside_if_the_program_names_an_issuer_inside(
    world: World, named: str
) -> None:
    inside, gateway = "https://10.0.0.7/realm", "https://gateway.example/realm"
    world.publish(gateway, issuer=named, jwks_uri="https://10.0.0.7/keys")
    world.add("https://10.0.0.7/keys", world.key_set())

    def from_gateway(issuer: str) -> TrustedIssuer:
        return TrustedIssuer(issuer, disco_doc_address=gateway, discovery_policy=MISMATCH)

    assert await verified(world, world.mint(inside), from_gateway(inside))
    with answered(503, "discovery_failed"):
        await verified(world, world.mint(ISSUER), from_gateway(ISSUER))


async def test_no_policy_binds_a_document_to_what_tokens_name(world: World) -> None:
    world.publish(f"{ISSUER}/a")
    family = TrustedIssuer(
        f"{ISSUER}/{{tenant}}",
        bound_claim="tid",
        disco_doc_address=f"{ISSUER}/a",
        discovery_policy=MISMATCH,
    )
    assert await verified(world, world.mint(f"{ISSUER}/a", tid="a"), family)
    with answered(503, "issuer_not_configured"):
        await verified(world, world.mint(f"{ISSUER}/b", tid="b"), family)


async def test_keys_may_be_named_without_a_document(world: World) -> None:
    world.add(f"{ISSUER}/keys", world.key_set())
    trusted = TrustedIssuer(ISSUER, jwks_uri=f"{ISSUER}/keys")
    assert await verified(world, world.mint(ISSUER), trusted)
    with answered(401, "untrusted_issuer"):
        await verified(world, world.mint("https://else.example"), trusted)
    assert world.count(f"{ISSUER}{DISCOVERY}") == 0


# Where RFC 8414 puts documents


@pytest.mark.parametrize("path", ["", "/t1", "/t1/"])
async def test_a_document_is_found_where_rfc_8414_puts_it(world: World, path: str) -> None:
    address, issuer = f"{ISSUER}{path}", f"{ISSUER}{path}".rstrip("/")
    below = f"{ISSUER}/.well-known/oauth-authorization-server{path}".rstrip("/")
    world.publish(issuer, address=below, subject_types_supported=None)
    response = await get_discovery_document(DiscoveryDocumentRequest(address), client_of(world))
    assert response.issuer == issuer
    assert await verified(world, world.mint(issuer), issuer)
    assert await validated(world, world.mint(issuer), address)


async def test_the_first_failure_is_returned_whatever_the_second_is(world: World) -> None:
    below = f"{ISSUER}/.well-known/oauth-authorization-server"
    request, client = DiscoveryDocumentRequest(ISSUER), client_of(world)
    first = await get_discovery_document(request, client)
    assert (first.status_code, world.count(below)) == (404, 1)
    for broken in (httpx.Response(500), httpx.ReadTimeout("late"), httpx.Response(200, text="{")):
        world.add(below, broken)
        again = await get_discovery_document(request, client)
        assert (again.error, again.error_kind) == (first.error, first.error_kind)
    assert world.count(below) == 4
    world.publish("https://else.example", address=below)
    assert (await get_discovery_document(request, client)).error == first.error


async def test_only_a_missing_document_is_looked_for_elsewhere(world: World) -> None:
    below = f"{ISSUER}/.well-known/oauth-authorization-server"
    world.publish(ISSUER, address=below)
    client = client_of(world)
    own = DiscoveryDocumentRequest(f"{ISSUER}{DISCOVERY}")
    assert (await get_discovery_document(own, client)).status_code == 404
    world.add(f"{ISSUER}{DISCOVERY}", httpx.Response(403))
    response = await get_discovery_document(DiscoveryDocumentRequest(ISSUER), client)
    assert response.status_code == 403
    assert world.count(below) == 0


# Media types


@pytest.mark.parametrize("media_type", ["text/plain", "application/octet-stream", "", "x/y+json"])
async def test_long_lived_objects_accept_any_json_and_functions_the_registered_types(
    world: World, media_type: str
) -> None:
    world.publish(ISSUER, media_type=media_type)
    assert await verified(world, world.mint(ISSUER), ISSUER)
    assert (await login(world).metadata()).issuer == ISSUER
    client = client_of(world)
    response = await get_discovery_document(DiscoveryDocumentRequest(ISSUER), client)
    assert str(response.error).startswith("Invalid content type")
    assert not (await get_jwks(JwksRequest(f"{ISSUER}/jwks"), client)).is_successful
    with refused(ProviderUnusableException, "discovery_failed"):
        await validated(world, world.mint(ISSUER))
    world.publish(ISSUER)
    world.add(f"{ISSUER}/jwks", world.key_set(), media_type)
    with refused(ProviderUnusableException, "jwks_failed"):
        await validated(world, world.mint(ISSUER))


@pytest.mark.parametrize("media_type", ["text/html; charset=utf-8", "application/xhtml+xml"])
async def test_a_web_page_is_refused(world: World, media_type: str) -> None:
    world.publish(ISSUER, media_type=media_type)
    with answered(503, "discovery_failed"):
        await verified(world, world.mint(ISSUER), ISSUER)
    world.publish(ISSUER)
    world.add(f"{ISSUER}/jwks", world.key_set(), media_type)
    with answered(503, "jwks_failed"):
        await verified(world, world.mint(ISSUER), ISSUER)


# Metadata that a program completes, and metadata that a challenge names


async def test_metadata_can_be_completed(world: World) -> None:
    world.publish(ISSUER)
    metadata = await login(world).metadata()
    complete = replace(metadata, introspection_endpoint="http://inside:8080/introspect")
    assert complete.is_successful
    assert complete.token_endpoint == metadata.token_endpoint
    client = login(world, metadata=complete)
    assert await client.endpoint("introspection_endpoint") == "http://inside:8080/introspect"


async def test_metadata_named_by_a_challenge_must_be_of_the_resource(world: World) -> None:
    resource, url = "https://api.example/mcp", "https://meta.example/m"
    world.add(url, {"resource": resource, "authorization_servers": [ISSUER]})
    request, client = ProtectedResourceMetadataRequest(resource, url=url), client_of(world)
    response = await get_protected_resource_metadata(request, client)
    assert response.authorization_servers == [ISSUER]
    for other in (
        "https://api.example",
        "https://evil.example/mcp",
        "https://\u0430pi.example/mcp",
    ):
        world.add(url, {"resource": other, "authorization_servers": [ISSUER]})
        assert not (await get_protected_resource_metadata(request, client)).is_successful


@pytest.mark.parametrize(
    "url", [*INTERNAL, "http://meta.example/m", "https://u:p@meta.example/m", "file:///m", ""]
)
async def test_a_challenge_does_not_lead_into_internal_networks(world: World, url: str) -> None:
    request = ProtectedResourceMetadataRequest("https://api.example/mcp", url=url)
    response = await get_protected_resource_metadata(request, client_of(world))
    assert response.is_successful is False
    assert world.seen == []


async def test_a_resource_on_loopback_may_name_its_metadata_there(world: World) -> None:
    resource, url = "http://localhost:8000/mcp", "http://localhost:8000/m"
    world.add(url, {"resource": resource})
    request = ProtectedResourceMetadataRequest(resource, url=url)
    response = await get_protected_resource_metadata(request, client_of(world))
    assert response.is_successful
    assert json.loads(json.dumps(response.document)) == {"resource": resource}
