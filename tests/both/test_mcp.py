"""MCP authorization where both APIs are concerned: clients of the other kind, and cancellation."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import webbrowser
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest

from py_identity_model import ConfigurationException, MCPAuth, MemoryTokenStore
from py_identity_model.aio import AsyncMCPAuth, AsyncMemoryTokenStore
from py_identity_model.exceptions import InvalidArgumentError
from py_identity_model.testing import EmbeddedProvider
from tests.mcp_world import REDIRECT, MCPServer, registering
from tests.support import refused

URL = "https://mcp.example/mcp"


def never(request: object) -> httpx.Response:
    raise AssertionError("a request was sent")


@pytest.mark.parametrize("library", [httpx, httpx2])
async def test_the_blocking_auth_in_an_awaitable_client_raises(library: Any) -> None:
    auth = MCPAuth(URL, str, redirect_uri=REDIRECT)
    chosen: Any = auth if library is httpx else auth.for_httpx2()
    transport = library.MockTransport(never)
    async with library.AsyncClient(auth=chosen, transport=transport) as client:
        with refused(ConfigurationException, "wrong_kind_of_auth") as caught:
            await client.get(URL)
    assert "py_identity_model.aio.AsyncMCPAuth" in str(caught.value)


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_the_awaitable_auth_in_a_blocking_client_raises(library: Any) -> None:
    auth = AsyncMCPAuth(URL, str, redirect_uri=REDIRECT)
    chosen: Any = auth if library is httpx else auth.for_httpx2()
    with (
        library.Client(auth=chosen, transport=library.MockTransport(never)) as client,
        refused(ConfigurationException, "wrong_kind_of_auth") as caught,
    ):
        client.get(URL)
    assert "py_identity_model.MCPAuth" in str(caught.value)


def test_a_store_of_the_other_api_is_refused() -> None:
    options: dict[str, Any] = {"redirect_uri": REDIRECT, "account": "alice"}
    stores: list[Any] = [AsyncMemoryTokenStore(), MemoryTokenStore()]
    with refused(InvalidArgumentError, "invalid_argument"):
        MCPAuth(URL, str, store=stores[0], **options)
    with refused(InvalidArgumentError, "invalid_argument"):
        AsyncMCPAuth(URL, str, store=stores[1], **options)


async def test_a_login_goes_on_when_the_request_that_began_it_is_cancelled() -> None:
    """Requests have short timeouts, and users take their time: they must not log in twice."""
    urls: list[str] = []
    began, consents = asyncio.Event(), asyncio.Event()

    async def log_in(url: str) -> str:
        urls.append(url)
        began.set()
        await consents.wait()
        async with httpx.AsyncClient() as browser:
            return str((await browser.get(url)).headers["location"])

    with EmbeddedProvider(scopes=("read",)) as op, MCPServer(op) as server:
        op.intercept = registering(op)
        auth = AsyncMCPAuth(server.url, log_in, redirect_uri=REDIRECT)
        async with httpx.AsyncClient(auth=auth) as api:
            request = asyncio.create_task(api.get(server.url))
            await began.wait()
            request.cancel()
            with pytest.raises(asyncio.CancelledError):
                await request
            consents.set()
            assert (await api.get(server.url)).status_code == 200
    assert len(urls) == 1


def test_the_program_of_the_page_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (Path(__file__).parents[2] / "docs/mcp.md").read_text()
    program, *_ = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    with EmbeddedProvider(scopes=("read",)) as op, MCPServer(op) as server:
        op.intercept = registering(op)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = str(probe.getsockname()[1])

        def browse(url: str) -> None:
            threading.Thread(
                target=httpx.get, args=(url,), kwargs={"follow_redirects": True}
            ).start()

        monkeypatch.setattr(webbrowser, "open", browse)
        exec(program.replace("https://mcp.example/mcp", server.url).replace("3000", port), {})
    assert capsys.readouterr().out == "200\n"
