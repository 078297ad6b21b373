"""MCP servers as resource servers: what any ASGI application gets.  `tests/mcp` has the SDKs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from py_identity_model import DPoPKey, TrustedIssuer, create_dpop_proof, parse_www_authenticate
from py_identity_model.aio import AsyncHTTPClient, AsyncMCPAuth
from py_identity_model.mcp_server import MCPResource, Receive, Scope, Send
from py_identity_model.providers import entra_multi_tenant
from py_identity_model.testing import EmbeddedProvider
from tests.mcp_world import REDIRECT, registering
from tests.support import failing

URL = "http://127.0.0.1:8000/mcp"
METADATA = "http://127.0.0.1:8000/.well-known/oauth-protected-resource/mcp"


@pytest.fixture
def op() -> Iterator[EmbeddedProvider]:
    with EmbeddedProvider(audience=URL, scopes=("read", "write")) as provider:
        provider.intercept = registering(provider)
        yield provider


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what the application sees."""
    token = scope.get("state", {}).get("access_token")
    seen = dict(scope["headers"]).get(b"authorization", b"").partition(b" ")[0]
    body = b"%s %s" % (seen, (token.subject if token else "nobody").encode())
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def client_of(op: EmbeddedProvider, **options: Any) -> httpx.AsyncClient:
    resource = MCPResource(URL, op.issuer, scopes=["read"])
    return httpx.AsyncClient(transport=httpx.ASGITransport(resource.protect(echo)), **options)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_client_of_ours_is_led_from_the_refusal_to_a_login(op: EmbeddedProvider) -> None:
    async def log_in(url: str) -> str:
        return str(httpx.get(url).headers["location"])

    class Network(httpx.AsyncBaseTransport):
        """The server in this process, and the provider beside it."""

        def __init__(self) -> None:
            resource = MCPResource(URL, op.issuer, scopes=["read"])
            self.server = httpx.ASGITransport(resource.protect(echo))
            self.others = httpx.AsyncHTTPTransport()

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            own = str(request.url).startswith("http://127.0.0.1:8000/")
            return await (self.server if own else self.others).handle_async_request(request)

        async def aclose(self) -> None:
            await self.others.aclose()

    network = Network()
    async with httpx.AsyncClient(transport=network) as inner:
        http_client = AsyncHTTPClient(inner)
        auth = AsyncMCPAuth(URL, log_in, redirect_uri=REDIRECT, http_client=http_client)
        async with httpx.AsyncClient(transport=network, auth=auth) as api:
            assert (await api.get(URL)).text == "Bearer alice"


async def test_a_request_without_a_token_is_told_where_to_get_one(op: EmbeddedProvider) -> None:
    async with client_of(op) as client:
        answer = await client.get(URL)
        assert answer.status_code == 401
        (challenge,) = parse_www_authenticate(answer.headers["www-authenticate"])
        assert (challenge.scope, challenge.resource_metadata) == ("read", METADATA)
        metadata = await client.get(METADATA)
        assert metadata.json() == {
            "resource": URL,
            "authorization_servers": [op.issuer],
            "scopes_supported": ["read"],
            "bearer_methods_supported": ["header"],
        }
        assert metadata.headers["access-control-allow-origin"] == "*"


async def test_a_token_that_lacks_a_scope_is_answered_with_403(op: EmbeddedProvider) -> None:
    async with client_of(op) as client:
        answer = await client.get(URL, headers=bearer(op.mint(aud=URL, scope="write")))
        assert answer.status_code == 403
        (challenge,) = parse_www_authenticate(answer.headers["www-authenticate"])
        assert (challenge.error, challenge.scope) == ("insufficient_scope", "read")


async def test_tokens_for_others_and_forged_ones_are_refused(op: EmbeddedProvider) -> None:
    with EmbeddedProvider(audience=URL) as stranger:
        forged = stranger.mint(aud=URL, scope="read", iss=op.issuer)
        foreign = stranger.mint(aud=URL, scope="read")
    tokens = [op.mint(aud="https://bank.example", scope="read"), forged, foreign, "x", ""]
    async with client_of(op) as client:
        for token in tokens:
            for url in (URL, f"{URL}/", f"{URL}/deeper"):
                assert (await client.get(url, headers=bearer(token))).status_code == 401
        twice = [("Authorization", f"Bearer {op.mint(aud=URL, scope='read')}")] * 2
        assert (await client.get(URL, headers=twice)).status_code == 401


async def test_paths_beside_the_server_and_preflights_are_the_applications(
    op: EmbeddedProvider,
) -> None:
    async with client_of(op) as client:
        assert (await client.get("http://127.0.0.1:8000/mcp-not")).text == " nobody"
        assert (await client.options(URL)).status_code == 200


async def test_a_bound_token_is_a_bearer_token_inside(op: EmbeddedProvider) -> None:
    key = DPoPKey("ES256")
    token = op.mint(aud=URL, scope="read", sub="alice", cnf={"jkt": key.jwk_thumbprint})
    fields = {"Authorization": f"DPoP {token}"}
    proof = {"DPoP": create_dpop_proof(key, "GET", URL, token)}
    async with client_of(op) as client:
        assert (await client.get(URL, headers={**fields, **proof})).text == "Bearer alice"
        assert (await client.get(URL, headers={**fields, **proof})).status_code == 401
        assert (await client.get(URL, headers=bearer(token))).status_code == 401


async def test_an_outage_of_the_issuer_is_no_refusal(op: EmbeddedProvider) -> None:
    token = op.mint(aud=URL, scope="read")
    op.intercept = failing("/jwks")
    async with client_of(op) as client:
        answer = await client.get(URL, headers=bearer(token))
        assert answer.status_code == 503
        assert "retry-after" in answer.headers


async def test_other_kinds_of_connections_are_passed_on(op: EmbeddedProvider) -> None:
    kinds: list[str] = []

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        kinds.append(scope["type"])

    async def nothing(*message: object) -> Any:
        raise AssertionError

    await MCPResource(URL, op.issuer).protect(note)({"type": "lifespan"}, nothing, nothing)
    assert kinds == ["lifespan"]


@pytest.mark.parametrize("path", ["/mcp", "/mcp/feed"])
async def test_a_socket_needs_a_token_as_every_request_does(
    op: EmbeddedProvider, path: str
) -> None:
    async def nothing() -> Any:
        raise AssertionError

    async def opened(*headers: tuple[bytes, bytes]) -> list[Any]:
        seen: list[Any] = []

        async def note(scope: Scope, receive: Receive, send: Send) -> None:
            seen.append(scope["state"]["access_token"].subject)

        async def send(message: Any) -> None:
            seen.append(message)

        scope = {"type": "websocket", "path": path, "headers": list(headers)}
        await MCPResource(URL, op.issuer, scopes=["read"]).protect(note)(scope, nothing, send)
        return seen

    closed = {"type": "websocket.close", "code": 1008}
    assert await opened() == [closed]
    for scopes, expected in (("write", closed), ("read", "alice")):
        token = op.mint(aud=URL, scope=scopes, sub="alice")
        assert await opened((b"authorization", f"Bearer {token}".encode())) == [expected]


@pytest.mark.parametrize(
    ("root", "path", "status"),
    [
        ("", "/tenant/mcp", 401),
        ("", "/mcp", 401),  # a proxy has cut the prefix off
        ("", "/mcp/deeper", 401),
        ("/tenant", "/mcp", 401),  # the scope of older servers
        ("", "/", 200),
        ("", "/health", 200),
        ("", "/mcp-not", 200),
        ("", "/tenant/other", 200),
    ],
)
async def test_a_server_below_a_prefix_is_protected_without_it_as_well(
    op: EmbeddedProvider, root: str, path: str, status: int
) -> None:
    resource = MCPResource("https://mcp.example/tenant/mcp", op.issuer)
    transport = httpx.ASGITransport(resource.protect(echo), root_path=root)
    async with httpx.AsyncClient(transport=transport) as client:
        assert (await client.get(f"http://10.0.0.7{path}")).status_code == status


async def test_a_proof_names_the_address_that_clients_use(op: EmbeddedProvider) -> None:
    url, key = "https://mcp.example/tenant/mcp", DPoPKey("ES256")
    token = op.mint(aud=url, sub="alice", cnf={"jkt": key.jwk_thumbprint})
    transport = httpx.ASGITransport(MCPResource(url, op.issuer).protect(echo))
    async with httpx.AsyncClient(transport=transport) as client:
        for path, sent in (("/mcp", url), ("/mcp/a", f"{url}/a"), ("/tenant/mcp", url)):
            proof = create_dpop_proof(key, "GET", sent, token)
            fields = {"Authorization": f"DPoP {token}", "DPoP": proof}
            assert (await client.get(f"http://10.0.0.7{path}", headers=fields)).text == (
                "Bearer alice"
            )


def test_the_metadata_names_every_issuer() -> None:
    trusted = TrustedIssuer("https://two.example", "api")
    resource = MCPResource("https://mcp.example/mcp", ["https://one.example", trusted])
    assert resource.authorization_servers == ["https://one.example", "https://two.example"]


def test_arguments_that_cannot_work_are_refused() -> None:
    many = entra_multi_tenant(allowed=["11111111-2222-3333-4444-555555555555"])
    for url, issuer in (
        ("http://mcp.example/mcp", "https://op.example"),
        ("https://mcp.example/mcp#x", "https://op.example"),
        ("https://mcp.example/mcp", many),
    ):
        with pytest.raises(ValueError, match=r"\w"):
            MCPResource(url, issuer)
