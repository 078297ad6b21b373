"""A client of MCP servers for the official suite, authorized by this package alone.

Awaitable: the MCP SDK's client.  Blocking: a small one of our own, for the SDK has none.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from typing import Any

import httpx
import httpx2

from py_identity_model import (
    ClientSecretBasic,
    DPoPKey,
    MCPAuth,
    MCPTarget,
    NoClientAuthentication,
    PrivateKeyJwtAuthentication,
    ProtectedResourceMetadataRequest,
    TokenExchangeRequest,
    exchange_token,
    get_protected_resource_metadata,
)
from py_identity_model.aio import AsyncMCPAuth

SCENARIO = os.environ.get("MCP_CONFORMANCE_SCENARIO", "")
CONTEXT: dict[str, Any] = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}")
VERSION = os.environ.get("MCP_CONFORMANCE_PROTOCOL_VERSION")
REDIRECT = "http://localhost:3000/callback"
DOCUMENT = "https://conformance-test.local/client-metadata.json"


def browse(url: str) -> str:
    """Do what a browser does for a user who consents at once."""
    return str(httpx.get(url, follow_redirects=False).headers["location"])


def id_jag(target: MCPTarget) -> str:
    """Have the company's identity provider assert the user to the server."""
    response = exchange_token(
        TokenExchangeRequest(
            CONTEXT["idp_token_endpoint"],
            CONTEXT["idp_client_id"],
            CONTEXT["idp_id_token"],
            "urn:ietf:params:oauth:token-type:id_token",
            requested_token_type="urn:ietf:params:oauth:token-type:id-jag",
            audience=target.issuer,
            resource=target.resource,
        )
    )
    return str((response.token or {})["access_token"])


def issuer_of(server_url: str) -> str:
    """Return where the client was registered; some scenarios leave it to be looked up."""
    found = get_protected_resource_metadata(ProtectedResourceMetadataRequest(server_url))
    return str((found.authorization_servers or [""])[0])


def arguments(server_url: str) -> dict[str, Any]:
    """Return what the scenario says of the client."""
    if not CONTEXT.get("client_id"):
        key = DPoPKey("ES256") if "dpop" in SCENARIO else None
        shared = {"login": browse, "redirect_uri": REDIRECT}
        return {**shared, "client_metadata_url": DOCUMENT, "dpop_key": key}
    known = {
        "client_id": CONTEXT["client_id"],
        "issuer": CONTEXT.get("issuer") or issuer_of(server_url),
    }
    secret = CONTEXT.get("client_secret")
    by_secret = ClientSecretBasic(secret) if secret else NoClientAuthentication()
    if "private_key_pem" in CONTEXT:
        by_key = PrivateKeyJwtAuthentication(CONTEXT["private_key_pem"], "ES256")
        return {**known, "client_authentication": by_key}
    if "idp_token_endpoint" in CONTEXT:
        return {**known, "client_authentication": by_secret, "assertion": id_jag}
    if "valid_jwt" in CONTEXT:
        return {**known, "assertion": lambda target: CONTEXT["valid_jwt"]}
    if SCENARIO == "auth/pre-registration":
        known |= {"login": browse, "redirect_uri": REDIRECT}
    return {**known, "client_authentication": by_secret}


def calls() -> int:
    """Return how often to call the tool."""
    return 2 if "migration" in SCENARIO else 1


async def run_sdk(server_url: str) -> None:
    """Use the SDK's client."""
    from mcp.client.client import Client
    from mcp.client.streamable_http import streamable_http_client
    from mcp_types.version import MODERN_PROTOCOL_VERSIONS

    mode: Any = "auto" if VERSION is None or VERSION in MODERN_PROTOCOL_VERSIONS else "legacy"
    auth = AsyncMCPAuth(server_url, **arguments(server_url)).for_httpx2()
    async with (
        httpx2.AsyncClient(auth=auth, timeout=30) as http,
        Client(streamable_http_client(url=server_url, http_client=http), mode=mode) as client,
    ):
        tools = (await client.list_tools()).tools
        for _ in range(calls() if tools else 0):
            with contextlib.suppress(Exception):  # scenarios refuse calls
                await client.call_tool(tools[0].name, {})


class SmallClient:
    """Sends requests of the protocol, in the way of the revision that is asked for."""

    def __init__(self, server_url: str, http: httpx.Client) -> None:
        self.url = server_url
        self.http = http
        self.version = VERSION or "2025-11-25"
        self.is_stateless = self.version >= "2026"
        self.session: str | None = None
        self.count = 0

    def request(self, method: str, **params: Any) -> dict[str, Any]:
        """Return the result of a call."""
        self.count += 1
        if self.is_stateless:
            params["_meta"] = {
                "io.modelcontextprotocol/protocolVersion": self.version,
                "io.modelcontextprotocol/clientInfo": {"name": "small", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": {},
            }
        answer = self._post(
            {"jsonrpc": "2.0", "id": self.count, "method": method, "params": params}
        )
        answer.raise_for_status()
        text = answer.text
        if answer.headers["content-type"].startswith("text/event-stream"):
            text = next(line[5:] for line in text.splitlines() if line.startswith("data:"))
        return dict(json.loads(text)["result"])

    def begin(self) -> None:
        """Shake hands where the revision does."""
        if self.is_stateless:
            return
        self.request(
            "initialize",
            protocolVersion=self.version,
            capabilities={},
            clientInfo={"name": "small", "version": "1"},
        )
        self._post({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def _post(self, message: dict[str, Any]) -> httpx.Response:
        headers = {
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": self.version,
        }
        if self.is_stateless:
            headers["Mcp-Method"] = message["method"]
            if "name" in message.get("params", {}):
                headers["Mcp-Name"] = message["params"]["name"]
        if self.session is not None:
            headers["Mcp-Session-Id"] = self.session
        answer = self.http.post(self.url, json=message, headers=headers)
        self.session = answer.headers.get("mcp-session-id", self.session)
        return answer


def run_small(server_url: str) -> None:
    """Use our own client, blocking."""
    auth = MCPAuth(server_url, **arguments(server_url))
    with httpx.Client(auth=auth, timeout=30) as http:
        client = SmallClient(server_url, http)
        client.begin()
        tools = client.request("tools/list")["tools"]
        for _ in range(calls() if tools else 0):
            with contextlib.suppress(httpx.HTTPStatusError):
                client.request("tools/call", name=tools[0]["name"], arguments={})


if __name__ == "__main__":
    if sys.argv[1] == "blocking":
        run_small(sys.argv[2])
    else:
        asyncio.run(run_sdk(sys.argv[2]))
