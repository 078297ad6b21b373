"""Servers of the MCP SDK and of FastMCP, their tokens verified by this package."""

from __future__ import annotations

import inspect
import re
import socket
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
import uvicorn
from fastmcp import FastMCP
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.mcpserver import MCPServer

from py_identity_model import DPoPKey, parse_www_authenticate
from py_identity_model.aio import AsyncMCPAuth
from py_identity_model.mcp_server import MCPResource
from py_identity_model.testing import EmbeddedProvider
from tests.mcp_world import REDIRECT, registering
from tests.support import failing

Build = Callable[[MCPResource], Any]


def whoami() -> str:
    """Return the user of the request's token."""
    token = get_access_token()
    return "nobody" if token is None else str(token.subject)


def sdk(resource: MCPResource) -> Any:
    """Return a server of the SDK in two lines, and a tool."""
    server = MCPServer("orders", token_verifier=resource, auth=resource.auth_settings())
    server.tool()(whoami)
    return server.streamable_http_app()


def protected_sdk(resource: MCPResource) -> Any:
    """Return the same behind the complete check."""
    return resource.protect(sdk(resource))


def fastmcp(resource: MCPResource) -> Any:
    """Return a server of FastMCP."""
    server = FastMCP("orders", auth=resource.for_fastmcp())
    server.tool()(whoami)
    return server.http_app()


def protected_fastmcp(resource: MCPResource) -> Any:
    """Return the same behind the complete check."""
    return resource.protect(fastmcp(resource))


BUILDS = [sdk, protected_sdk, fastmcp, protected_fastmcp]


@contextmanager
def serving(build: Build) -> Iterator[tuple[MCPResource, EmbeddedProvider]]:
    """Serve what ``build`` makes, on a port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
        with EmbeddedProvider(audience=url, scopes=("read", "write")) as op:
            op.intercept = registering(op)
            resource = MCPResource(url, op.issuer, scopes=["read"])
            server = uvicorn.Server(uvicorn.Config(build(resource), log_level="error"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            while not server.started:
                time.sleep(0.01)
            yield resource, op
            server.should_exit = True
            thread.join()


def log_in(url: str) -> str:
    return str(httpx.get(url).headers["location"])


async def asked(resource: MCPResource, **options: Any) -> str:
    """Return what the server's tool says to a client of the SDK with our auth."""
    auth = AsyncMCPAuth(resource.url, log_in, redirect_uri=REDIRECT, **options)
    async with (
        httpx2.AsyncClient(auth=auth.for_httpx2()) as http,
        Client(streamable_http_client(url=resource.url, http_client=http)) as client,
    ):
        result: Any = await client.call_tool("whoami", {})
        return str(result.content[0].text)


@pytest.mark.parametrize("build", BUILDS)
async def test_a_client_logs_in_and_the_tool_knows_its_user(build: Build) -> None:
    with serving(build) as (resource, op):
        assert await asked(resource) == "alice"
        assert op.count("/authorize") == 1


@pytest.mark.parametrize("build", BUILDS)
async def test_tokens_for_others_and_forged_ones_are_refused(build: Build) -> None:
    with (
        serving(build) as (resource, op),
        EmbeddedProvider(audience=resource.url) as stranger,
        httpx.Client() as client,
    ):
        forged = stranger.mint(aud=resource.url, scope="read", iss=op.issuer)
        for token in (forged, op.mint(aud="https://bank.example", scope="read"), "x"):
            fields = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
            answer = client.post(resource.url, json={}, headers=fields)
            assert answer.status_code == 401
            (challenge,) = parse_www_authenticate(answer.headers["www-authenticate"])
            assert challenge.resource_metadata == resource.metadata_url


@pytest.mark.parametrize("build", BUILDS)
async def test_a_scope_that_is_missing_is_answered_with_403(build: Build) -> None:
    with serving(build) as (resource, op), httpx.Client() as client:
        fields = {"Authorization": f"Bearer {op.mint(aud=resource.url, scope='write')}"}
        answer = client.post(resource.url, json={}, headers=fields)
        assert answer.status_code == 403
        (challenge,) = parse_www_authenticate(answer.headers["www-authenticate"])
        assert challenge.error == "insufficient_scope"
        if build is not sdk:  # which names none
            assert challenge.scope == "read"


@pytest.mark.parametrize("build", BUILDS)
def test_the_metadata_is_served(build: Build) -> None:
    with serving(build) as (resource, op):
        document = httpx.get(resource.metadata_url).json()
        assert document["resource"] == resource.url
        assert [one.rstrip("/") for one in document["authorization_servers"]] == [op.issuer]
        assert document["scopes_supported"] == ["read"]


@pytest.mark.parametrize("build", BUILDS)
def test_an_outage_of_the_issuer_is_no_refusal(build: Build) -> None:
    status = 503 if build in {protected_sdk, protected_fastmcp} else 500
    with serving(build) as (resource, op):
        fields = {"Authorization": f"Bearer {op.mint(aud=resource.url, scope='read')}"}
        op.intercept = failing("/jwks")
        assert httpx.post(resource.url, json={}, headers=fields).status_code == status


@pytest.mark.parametrize("build", [protected_sdk, protected_fastmcp])
async def test_tokens_bound_to_a_key_reach_the_server(build: Build) -> None:
    with serving(build) as (resource, _):
        assert await asked(resource, dpop_key=DPoPKey("ES256")) == "alice"


@pytest.mark.parametrize("name", ["verify_token", "auth_settings", "for_fastmcp", "protect"])
def test_the_example_of_a_docstring_runs(name: str) -> None:
    doc = inspect.getdoc(getattr(MCPResource, name)) or ""
    resource = MCPResource("https://mcp.example/mcp", "https://op.example", scopes=["read"])
    space = {"resource": resource, "MCPServer": MCPServer, "FastMCP": FastMCP}
    space["server"] = MCPServer("x", token_verifier=resource, auth=resource.auth_settings())
    exec(textwrap.dedent(doc.partition("Example::")[2]), space)


async def test_the_program_of_the_page_lists_tools() -> None:
    page = (Path(__file__).parents[2] / "docs/mcp.md").read_text()
    program = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[1]
    space: dict[str, Any] = {"log_in": log_in}
    exec(program, space)
    with serving(sdk) as (resource, _):
        assert await space["list_tools"](resource.url) == ["whoami"]
