"""MCP servers: what they demand, whose metadata is theirs, and how often they may ask."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from py_identity_model import DiscoveryDocumentResponse, DiscoveryPolicy
from py_identity_model._protocol.protected_resource import (
    ProtectedResourceMetadataRequest,
    ProtectedResourceMetadataResponse,
)
from py_identity_model._relying_party.mcp import (
    AuthorizationLimits,
    Demand,
    bound_issuer,
    check_resource,
    check_server,
    check_stranger,
    checked_server_url,
    default_server,
    demand_of,
    document_policy,
    issuer_named_by,
    known_scopes,
    metadata_places,
    parse_metadata,
    require_pkce,
    resources_at,
    scopes_to_ask,
    server_documents,
    with_offline_access,
)
from py_identity_model._wire.messages import HttpResponse
from py_identity_model.exceptions import InvalidArgumentError, MCPAuthorizationException
from tests.support import refused

SERVER = "https://tools.example/mcp"
WELL_KNOWN = "https://tools.example/.well-known/oauth-protected-resource"
ISSUER = "https://op.example"
STRICT = DiscoveryPolicy()
READ = frozenset({"read"})


def refusal(status: int, *challenges: str) -> httpx.Response:
    return httpx.Response(status, headers=[("WWW-Authenticate", one) for one in challenges])


@pytest.mark.parametrize(
    ("response", "demand"),
    [
        (refusal(200), None),
        (refusal(401), Demand()),
        (refusal(401, "Basic"), None),
        (refusal(401, 'Bearer scope="read", resource_metadata="m"'), Demand(READ, "m")),
        (refusal(401, 'DPoP scope="read"'), Demand(READ)),
        (refusal(403), None),
        (refusal(403, "Bearer"), None),
        (refusal(403, 'Bearer error="insufficient_scope", scope="read"'), Demand(READ, None, True)),
    ],
)
def test_a_refusal_demands_what_its_challenge_names(
    response: httpx.Response, demand: Demand | None
) -> None:
    assert demand_of(response) == demand


def test_malformed_and_countless_scopes_are_ignored() -> None:
    assert known_scopes(["read", 7, 'a"b', "", "x" * 300]) == READ
    assert known_scopes("read") == known_scopes(None) == frozenset()
    assert known_scopes([f"s{number}" for number in range(101)]) == frozenset()


@pytest.mark.parametrize(
    "url", ["http://tools.example", "https://u@tools.example", f"{SERVER}#", "x", "", None, 7]
)
def test_a_server_url_that_cannot_be_used_is_refused(url: object) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        checked_server_url(url)
    assert checked_server_url("http://127.0.0.1:8000/mcp")


def test_metadata_is_looked_for_at_its_own_place_and_at_the_root() -> None:
    assert metadata_places(SERVER, None) == [f"{WELL_KNOWN}/mcp", WELL_KNOWN]
    named = "https://tools.example/m"
    assert metadata_places(SERVER, named) == [named, f"{WELL_KNOWN}/mcp", WELL_KNOWN]
    assert metadata_places("https://tools.example", None) == [WELL_KNOWN]


@pytest.mark.parametrize(
    ("place", "names"),
    [
        (f"{WELL_KNOWN}/mcp", {SERVER}),
        (WELL_KNOWN, {SERVER, "https://tools.example"}),
        ("https://tools.example/m", {SERVER}),
        ("https://evil.example/.well-known/oauth-protected-resource", {SERVER}),
        (f"{WELL_KNOWN}/mc", {SERVER}),
    ],
)
def test_metadata_may_name_the_server_or_what_it_lies_below(place: str, names: set[str]) -> None:
    assert set(resources_at(SERVER, place)) == names


def test_metadata_of_another_resource_is_refused() -> None:
    found = ProtectedResourceMetadataResponse(True, resource=f"{SERVER}/")
    assert check_resource(SERVER, f"{WELL_KNOWN}/mcp", found) is found
    for other in ("https://evil.example/mcp", f"{SERVER}/x", None):
        wrong = ProtectedResourceMetadataResponse(True, resource=other)
        with refused(MCPAuthorizationException, "resource_mismatch"):
            check_resource(SERVER, WELL_KNOWN, wrong)


def test_metadata_is_read_before_it_is_known_whose_it_is() -> None:
    body = json.dumps({"resource": "https://other.example"}).encode()
    answer = HttpResponse(200, {"content-type": "application/json"}, body)
    found = parse_metadata(ProtectedResourceMetadataRequest(SERVER), answer)
    assert found.resource == "https://other.example"
    gone = parse_metadata(ProtectedResourceMetadataRequest(SERVER), HttpResponse(404, {}, b""))
    assert gone.status_code == 404


def named(*servers: object) -> ProtectedResourceMetadataResponse:
    return ProtectedResourceMetadataResponse(True, authorization_servers=list(servers))  # type: ignore[arg-type]


def test_the_programs_issuer_comes_before_the_current_and_the_first() -> None:
    both = named("https://one.example", ISSUER)
    assert issuer_named_by(both, SERVER, f"{ISSUER}/", None, STRICT) == ISSUER
    assert issuer_named_by(both, SERVER, None, ISSUER, STRICT) == ISSUER
    assert issuer_named_by(both, SERVER, None, "https://gone.example", STRICT) == (
        "https://one.example"
    )


@pytest.mark.parametrize("servers", [(), (7, None)])
def test_a_server_without_an_authorization_server_is_refused(servers: tuple[object, ...]) -> None:
    with refused(MCPAuthorizationException, "no_authorization_server"):
        issuer_named_by(named(*servers), SERVER, None, None, STRICT)


@pytest.mark.parametrize(
    "server", ["http://op.example", "https://10.0.0.1", "https://localhost", "https://169.254.1.1"]
)
def test_an_authorization_server_that_a_stranger_must_not_name_is_refused(server: str) -> None:
    with refused(MCPAuthorizationException, "foreign_authorization_server"):
        issuer_named_by(named(server), SERVER, None, None, STRICT)
    with refused(MCPAuthorizationException, "foreign_authorization_server"):
        bound_issuer(ISSUER, [server])


def test_an_internal_server_may_name_itself() -> None:
    check_stranger("x", "https://10.0.0.1/as", "https://10.0.0.1/mcp", STRICT)


@pytest.mark.parametrize(
    ("issuer", "paths"),
    [
        (ISSUER, ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]),
        (
            f"{ISSUER}/a",
            [
                "/.well-known/oauth-authorization-server/a",
                "/.well-known/openid-configuration/a",
                "/a/.well-known/openid-configuration",
            ],
        ),
    ],
)
def test_documents_are_looked_for_in_the_order_of_the_specification(
    issuer: str, paths: list[str]
) -> None:
    assert server_documents(issuer) == [f"{ISSUER}{path}" for path in paths]


def test_a_server_whose_endpoints_are_elsewhere_is_refused() -> None:
    check_server(DiscoveryDocumentResponse(True, issuer=ISSUER), STRICT)
    wrong = DiscoveryDocumentResponse(
        True, issuer=ISSUER, token_endpoint="https://evil.example/token"
    )
    with refused(MCPAuthorizationException, "authorization_server_unusable"):
        check_server(wrong, STRICT)
    assert not document_policy(STRICT).validate_endpoints


@pytest.mark.parametrize("methods", [None, [], ["plain"], "S256"])
def test_a_server_without_pkce_is_refused(methods: Any) -> None:
    found = DiscoveryDocumentResponse(True, code_challenge_methods_supported=methods)
    with refused(MCPAuthorizationException, "pkce_not_supported"):
        require_pkce(found)


def test_a_server_of_the_first_revision_has_usual_endpoints() -> None:
    found = default_server(f"{SERVER}?a=1")
    assert (found.issuer, found.token_endpoint) == (
        "https://tools.example",
        "https://tools.example/token",
    )
    require_pkce(found)


def test_nothing_that_was_granted_is_lost_when_more_is_asked_for() -> None:
    own = frozenset({"own"})
    assert scopes_to_ask(Demand(READ), ["x"], frozenset({"b"}), own) == {"read", "b", "own"}
    assert scopes_to_ask(Demand(), ["x"], frozenset(), frozenset()) == {"x"}
    assert scopes_to_ask(Demand(), ["x"], frozenset({"b"}), frozenset()) == {"b"}
    many = frozenset(f"s{number}" for number in range(101))
    with refused(MCPAuthorizationException, "too_many_scopes"):
        scopes_to_ask(Demand(READ), None, many, frozenset())


def test_refresh_tokens_are_asked_for_where_the_server_knows_them() -> None:
    knows = DiscoveryDocumentResponse(True, scopes_supported=["offline_access"])
    assert with_offline_access(READ, knows) == {"read", "offline_access"}
    assert with_offline_access(frozenset(), knows) == frozenset()
    assert with_offline_access(READ, DiscoveryDocumentResponse(True)) == READ


def test_a_token_that_was_never_accepted_is_not_replaced_for_a_minute() -> None:
    limits = AuthorizationLimits(3)
    assert limits.allow(Demand(), None, 0)
    limits.note(Demand(), READ, "t", 0)
    assert not limits.allow(Demand(), "t", 59)
    assert limits.allow(Demand(), "t", 60)
    limits.note(Demand(), READ, "u", 100)
    limits.prove("u")
    assert limits.allow(Demand(), "u", 101)


@pytest.mark.parametrize("step_up", [True, False])
def test_ever_new_scopes_cause_a_few_logins_an_hour(step_up: bool) -> None:
    limits, token = AuthorizationLimits(2), "t0"
    limits.note(Demand(READ), READ, token, 0)
    limits.prove(token)
    for number in (1, 2):
        demand = Demand(frozenset({f"s{number}"}), None, step_up)
        assert limits.allow(demand, token, number)
        token = f"t{number}"
        limits.note(demand, READ | demand.scopes, token, number)
        limits.prove(token)
    more = Demand(frozenset({"more"}), None, step_up)
    assert not limits.allow(more, token, 100)
    assert limits.allow(more, token, 3700)


def test_the_same_scope_is_not_asked_for_twice_in_a_minute() -> None:
    limits = AuthorizationLimits(5)
    limits.note(Demand(READ, None, True), READ, "t", 0)
    limits.prove("t")
    assert not limits.allow(Demand(READ, None, True), "t", 59)
    assert limits.allow(Demand(READ, None, True), "t", 60)
