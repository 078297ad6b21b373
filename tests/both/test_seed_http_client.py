"""The page on HTTP client management: each of its statements, in both APIs."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import httpx
import pytest

import py_identity_model
from py_identity_model import aio
from py_identity_model.http_client import get_async_http_client, get_http_client
from py_identity_model.testing import EmbeddedProvider

IO_FUNCTIONS = [
    name
    for name in aio.__all__
    if inspect.iscoroutinefunction(getattr(aio, name)) and not name.startswith("clear_")
    if name != "verify_dpop_proof"  # it waits for a replay store, and sends nothing itself
]
CLASSES: list[tuple[Any, Any, str]] = [
    (py_identity_model.HTTPClient, httpx.Client, "HTTPClient"),
    (aio.AsyncHTTPClient, httpx.AsyncClient, "AsyncHTTPClient"),
]


@pytest.mark.parametrize("name", IO_FUNCTIONS)
def test_all_io_functions_accept_an_optional_http_client(name: str) -> None:
    for package in (py_identity_model, aio):
        parameter = inspect.signature(getattr(package, name)).parameters["http_client"]
        assert parameter.default is None


@pytest.mark.parametrize("name", IO_FUNCTIONS)
def test_all_io_functions_accept_settings(name: str) -> None:
    for package in (py_identity_model, aio):
        parameter = inspect.signature(getattr(package, name)).parameters["settings"]
        assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
        assert parameter.default is None


def test_when_omitted_the_built_in_client_is_used(
    provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from py_identity_model import DiscoveryDocumentRequest

    used: list[httpx.Client | httpx.AsyncClient] = []
    for cls in (httpx.Client, httpx.AsyncClient):
        real = cls.send

        def note(self: Any, *a: Any, real: Any = real, **k: Any) -> Any:
            used.append(self)
            return real(self, *a, **k)

        monkeypatch.setattr(cls, "send", note)

    py_identity_model.get_discovery_document(DiscoveryDocumentRequest(provider.issuer))
    assert used.pop() is get_http_client()

    async def main() -> None:
        await aio.get_discovery_document(DiscoveryDocumentRequest(provider.issuer))
        assert used.pop() is get_async_http_client()

    asyncio.run(main())


def test_when_provided_the_injected_client_is_used_instead() -> None:
    from py_identity_model import JwksRequest

    def serve(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"keys": []})

    transport = httpx.MockTransport(serve)
    with httpx.Client(transport=transport) as inner:
        client = py_identity_model.HTTPClient(inner)
        answer = py_identity_model.get_jwks(
            JwksRequest("https://nowhere.invalid/jwks"), http_client=client
        )
    assert answer.is_successful

    async def main() -> bool:
        async with httpx.AsyncClient(transport=transport) as inner:
            answer = await aio.get_jwks(
                JwksRequest("https://nowhere.invalid/jwks"),
                http_client=aio.AsyncHTTPClient(inner),
            )
        return answer.is_successful

    assert asyncio.run(main())


def test_the_sync_program(provider: EmbeddedProvider) -> None:
    from py_identity_model import DiscoveryDocumentRequest, HTTPClient, get_discovery_document

    with HTTPClient() as client:
        disco = get_discovery_document(
            DiscoveryDocumentRequest(address=provider.issuer),
            http_client=client,
        )
    assert disco.is_successful


async def test_the_async_program(provider: EmbeddedProvider) -> None:
    from py_identity_model import DiscoveryDocumentRequest
    from py_identity_model.aio import AsyncHTTPClient, get_discovery_document

    async with AsyncHTTPClient() as client:
        disco = await get_discovery_document(
            DiscoveryDocumentRequest(address=provider.issuer),
            http_client=client,
        )
    assert disco.is_successful


@pytest.mark.parametrize(("cls", "inner", "name"), CLASSES)
def test_the_constructor_takes_client_timeout_and_verify(cls: Any, inner: Any, name: str) -> None:
    parameters = inspect.signature(cls).parameters.values()
    told = [one for one in parameters if one.kind is not inspect.Parameter.KEYWORD_ONLY]
    assert [(one.name, one.default) for one in told] == [
        ("client", None),
        ("timeout", None),
        ("verify", None),
    ]


async def finish(wrapper: Any) -> None:
    """Close a wrapper of either API."""
    result = wrapper.close()
    if inspect.isawaitable(result):
        await result


@pytest.mark.parametrize(("cls", "inner", "name"), CLASSES)
async def test_without_an_explicit_client_a_new_one_is_created_and_owned(
    cls: Any, inner: Any, name: str
) -> None:
    wrapper = cls(timeout=7.0)
    created = wrapper.client
    assert isinstance(created, inner)
    assert created.timeout == httpx.Timeout(7.0)
    assert not created.follow_redirects
    await finish(wrapper)
    assert created.is_closed
    usual = cls()
    assert usual.client.timeout == httpx.Timeout(30.0)
    await finish(usual)


def test_exiting_the_context_manager_closes_an_owned_client() -> None:
    with py_identity_model.HTTPClient() as client:
        created = client.client
    assert created.is_closed

    async def main() -> httpx.AsyncClient:
        async with aio.AsyncHTTPClient() as client:
            return client.client

    assert asyncio.run(main()).is_closed


@pytest.mark.parametrize(("cls", "inner", "name"), CLASSES)
async def test_with_an_existing_client_close_is_a_no_op_for_that_client(
    cls: Any, inner: Any, name: str
) -> None:
    existing = inner()
    wrapper = cls(existing)
    assert wrapper.client is existing
    await finish(wrapper)
    assert not existing.is_closed
    if inner is httpx.Client:
        existing.close()
    else:
        await existing.aclose()


@pytest.mark.parametrize(("cls", "inner", "name"), CLASSES)
@pytest.mark.parametrize("options", [{"timeout": 1.0}, {"verify": False}, {"verify": True}])
async def test_timeout_or_verify_with_an_existing_client_raise_value_error(
    cls: Any, inner: Any, name: str, options: dict[str, Any]
) -> None:
    existing = inner()
    with pytest.raises(ValueError, match="cannot be specified"):
        cls(client=existing, **options)
    if inner is httpx.Client:
        existing.close()
    else:
        await existing.aclose()


@pytest.mark.parametrize(("cls", "inner", "name"), CLASSES)
async def test_access_after_close_raises_runtime_error(cls: Any, inner: Any, name: str) -> None:
    wrapper = cls()
    await finish(wrapper)
    await finish(wrapper)
    with pytest.raises(RuntimeError, match=f"{name} has been closed"):
        _ = wrapper.client


async def test_the_async_wrappers_close_has_a_second_name() -> None:
    wrapper = aio.AsyncHTTPClient()
    await wrapper.aclose()
    assert wrapper.is_closed
