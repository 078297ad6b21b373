"""The migration guide: its statements, and its programs as they stand there."""

from __future__ import annotations

import asyncio
import gc
import inspect
import textwrap
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

import py_identity_model
from py_identity_model import aio
from py_identity_model.http_client import (
    close_async_http_client,
    close_http_client,
    get_async_http_client,
    get_http_client,
)
from py_identity_model.testing import EmbeddedProvider

ADDRESS = "https://auth.example.com"
FUNCTIONS = [
    "get_discovery_document",
    "get_jwks",
    "validate_token",
    "request_client_credentials_token",
]


@pytest.fixture
def provider() -> Iterator[EmbeddedProvider]:
    """A provider that knows the guide's client."""
    with EmbeddedProvider(client_id="my-client", client_secret="my-secret") as running:
        yield running


def program(text: str, provider: EmbeddedProvider, **names: Any) -> dict[str, Any]:
    """Run one of the guide's programs; return what it defined."""
    space = {"__name__": "guide", **names}
    exec(textwrap.dedent(text).replace(ADDRESS, provider.issuer), space)
    return space


def test_functions_are_imported_from_the_root_or_from_aio_and_models_from_the_root() -> None:
    from py_identity_model import (
        ClientCredentialsTokenRequest,
        DiscoveryDocumentRequest,
        TokenValidationConfig,
        get_discovery_document,
        get_jwks,
        request_client_credentials_token,
        validate_token,
    )
    from py_identity_model.aio import get_discovery_document as later

    assert later is not get_discovery_document
    for model in (ClientCredentialsTokenRequest, DiscoveryDocumentRequest, TokenValidationConfig):
        assert inspect.isclass(model)
    for function in (get_jwks, request_client_credentials_token, validate_token):
        assert inspect.isfunction(function)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_regular_function_calls_become_await_function_calls(name: str) -> None:
    assert not inspect.iscoroutinefunction(getattr(py_identity_model, name))
    assert inspect.iscoroutinefunction(getattr(aio, name))


def test_only_the_functions_change() -> None:
    for name in aio.__all__:
        ours = getattr(aio, name)
        owns_something = name.startswith("Async") or name == "health"
        if not inspect.iscoroutinefunction(ours) and not owns_something:
            assert getattr(py_identity_model, name) is ours
    for name in py_identity_model.__all__:
        thing = getattr(py_identity_model, name)
        if inspect.isclass(thing) and issubclass(thing, Exception):
            assert getattr(aio, name, thing) is thing


def test_the_http_library_is_httpx() -> None:
    assert isinstance(get_http_client(), httpx.Client)

    async def main() -> None:
        assert isinstance(await get_async_http_client(), httpx.AsyncClient)

    asyncio.run(main())


def test_step_2_before_and_after(provider: EmbeddedProvider) -> None:
    before = program(
        """
        def get_token():
            disco_request = DiscoveryDocumentRequest(address=DISCO_ADDRESS)
            disco_response = get_discovery_document(disco_request)
            if disco_response.is_successful:
                # ... use discovery document
                return disco_response
        """,
        provider,
        DISCO_ADDRESS=provider.issuer,
        DiscoveryDocumentRequest=py_identity_model.DiscoveryDocumentRequest,
        get_discovery_document=py_identity_model.get_discovery_document,
    )
    after = program(
        """
        async def get_token():
            disco_request = DiscoveryDocumentRequest(address=DISCO_ADDRESS)
            disco_response = await get_discovery_document(disco_request)
            if disco_response.is_successful:
                # ... use discovery document
                return disco_response
        """,
        provider,
        DISCO_ADDRESS=provider.issuer,
        DiscoveryDocumentRequest=py_identity_model.DiscoveryDocumentRequest,
        get_discovery_document=aio.get_discovery_document,
    )
    assert before["get_token"]() == asyncio.run(after["get_token"]())


def test_step_4_a_sync_validator_works_with_both(provider: EmbeddedProvider) -> None:
    space = program(
        """
        def my_claims_validator(claims: dict) -> None:
            if "custom_claim" not in claims:
                raise ValueError("Missing custom_claim")

        # Works with both sync and async validate_token
        config = TokenValidationConfig(
            perform_disco=True,
            claims_validator=my_claims_validator,
        )
        """,
        provider,
        TokenValidationConfig=py_identity_model.TokenValidationConfig,
    )
    config = space["config"]
    good = provider.mint(aud=None, custom_claim=1)
    assert py_identity_model.validate_token(good, config, provider.issuer)
    assert asyncio.run(aio.validate_token(good, config, provider.issuer))
    bad = provider.mint(aud=None)
    with pytest.raises(py_identity_model.TokenValidationException, match="Missing custom_claim"):
        py_identity_model.validate_token(bad, config, provider.issuer)
    with pytest.raises(py_identity_model.TokenValidationException, match="Missing custom_claim"):
        asyncio.run(aio.validate_token(bad, config, provider.issuer))


def test_step_4_an_async_validator_only_works_with_async(provider: EmbeddedProvider) -> None:
    async def check_user_in_database(user_id: str) -> bool:
        await asyncio.sleep(0)
        return user_id == "alice"

    space = program(
        """
        async def my_async_claims_validator(claims: dict) -> None:
            # Can make async calls here
            user_id = claims.get("sub")
            is_valid = await check_user_in_database(user_id)
            if not is_valid:
                raise ValueError("User not found in database")

        # Only works with async validate_token
        config = TokenValidationConfig(
            perform_disco=True,
            claims_validator=my_async_claims_validator,
        )
        """,
        provider,
        TokenValidationConfig=py_identity_model.TokenValidationConfig,
        check_user_in_database=check_user_in_database,
    )
    config = space["config"]
    alice, bob = provider.mint(aud=None, sub="alice"), provider.mint(aud=None, sub="bob")
    assert asyncio.run(aio.validate_token(alice, config, provider.issuer))["sub"] == "alice"
    with pytest.raises(py_identity_model.TokenValidationException, match="User not found"):
        asyncio.run(aio.validate_token(bob, config, provider.issuer))
    with pytest.raises(py_identity_model.TokenValidationException, match="can wait for"):
        py_identity_model.validate_token(alice, config, provider.issuer)


def test_pattern_1_discovery_document(provider: EmbeddedProvider) -> None:
    before = program(
        """
        from py_identity_model import DiscoveryDocumentRequest, get_discovery_document

        def get_endpoints():
            request = DiscoveryDocumentRequest(address="https://auth.example.com")
            response = get_discovery_document(request)

            if response.is_successful:
                return {
                    "issuer": response.issuer,
                    "token_endpoint": response.token_endpoint,
                    "jwks_uri": response.jwks_uri,
                }
            else:
                raise Exception(response.error)
        """,
        provider,
    )
    after = program(
        """
        from py_identity_model import DiscoveryDocumentRequest
        from py_identity_model.aio import get_discovery_document

        async def get_endpoints():
            request = DiscoveryDocumentRequest(address="https://auth.example.com")
            response = await get_discovery_document(request)

            if response.is_successful:
                return {
                    "issuer": response.issuer,
                    "token_endpoint": response.token_endpoint,
                    "jwks_uri": response.jwks_uri,
                }
            else:
                raise Exception(response.error)
        """,
        provider,
    )
    wanted = {
        "issuer": provider.issuer,
        "token_endpoint": provider.token_endpoint,
        "jwks_uri": provider.jwks_uri,
    }
    assert before["get_endpoints"]() == asyncio.run(after["get_endpoints"]()) == wanted
    provider.close()
    with pytest.raises(Exception, match="Network error"):
        before["get_endpoints"]()
    with pytest.raises(Exception, match="Network error"):
        asyncio.run(after["get_endpoints"]())


def test_pattern_2_token_validation(
    provider: EmbeddedProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    before = program(
        """
        from py_identity_model import TokenValidationConfig, validate_token

        def validate_request_token(token: str):
            config = TokenValidationConfig(
                perform_disco=True,
                audience="api",
            )

            try:
                claims = validate_token(
                    jwt=token,
                    token_validation_config=config,
                    disco_doc_address="https://auth.example.com",
                )
                return claims
            except PyIdentityModelException as e:
                print(f"Validation failed: {e}")
                return None
        """,
        provider,
        PyIdentityModelException=py_identity_model.PyIdentityModelException,
    )
    after = program(
        """
        from py_identity_model import TokenValidationConfig
        from py_identity_model.aio import validate_token

        async def validate_request_token(token: str):
            config = TokenValidationConfig(
                perform_disco=True,
                audience="api",
            )

            try:
                claims = await validate_token(
                    jwt=token,
                    token_validation_config=config,
                    disco_doc_address="https://auth.example.com",
                )
                return claims
            except PyIdentityModelException as e:
                print(f"Validation failed: {e}")
                return None
        """,
        provider,
        PyIdentityModelException=py_identity_model.PyIdentityModelException,
    )
    good, bad = provider.mint(), provider.mint(exp=1)
    assert before["validate_request_token"](good)["aud"] == "api"
    assert asyncio.run(after["validate_request_token"](good))["aud"] == "api"
    assert before["validate_request_token"](bad) is None
    assert asyncio.run(after["validate_request_token"](bad)) is None
    assert capsys.readouterr().out == "Validation failed: Token has expired\n" * 2


PATTERN_3 = """
        {a}def get_access_token():
            # Get token endpoint from discovery
            disco_response = {b}get_discovery_document(
                DiscoveryDocumentRequest(address="https://auth.example.com")
            )

            if not disco_response.is_successful:
                return None

            # Request token
            token_response = {b}request_client_credentials_token(
                ClientCredentialsTokenRequest(
                    address=disco_response.token_endpoint,
                    client_id="my-client",
                    client_secret="my-secret",
                    scope="api",
                )
            )

            if token_response.is_successful:
                return token_response.token["access_token"]
            return None
"""


def test_pattern_3_client_credentials_flow(provider: EmbeddedProvider) -> None:
    before = program(
        """
        from py_identity_model import (
            DiscoveryDocumentRequest,
            ClientCredentialsTokenRequest,
            get_discovery_document,
            request_client_credentials_token,
        )
        """
        + PATTERN_3.format(a="", b=""),
        provider,
    )
    after = program(
        """
        from py_identity_model import (
            DiscoveryDocumentRequest,
            ClientCredentialsTokenRequest,
        )
        from py_identity_model.aio import (
            get_discovery_document,
            request_client_credentials_token,
        )
        """
        + PATTERN_3.format(a="async ", b="await "),
        provider,
    )
    config = py_identity_model.TokenValidationConfig(perform_disco=True, audience="api")
    for token in (before["get_access_token"](), asyncio.run(after["get_access_token"]())):
        claims = py_identity_model.validate_token(token, config, provider.issuer)
        assert claims["client_id"] == "my-client"


def test_incremental_migration_uses_both_under_other_names(provider: EmbeddedProvider) -> None:
    space = program(
        """
        # Import both sync and async versions with aliases
        from py_identity_model import (
            DiscoveryDocumentRequest,
            get_discovery_document as sync_get_discovery,
            validate_token as sync_validate_token,
        )
        from py_identity_model.aio import (
            get_discovery_document as async_get_discovery,
            validate_token as async_validate_token,
        )

        # Use sync in background jobs
        def background_job():
            disco = sync_get_discovery(DiscoveryDocumentRequest(address="https://auth.example.com"))
            return disco

        # Use async in API endpoints
        async def api_endpoint(token: str):
            claims = await async_validate_token(token, config, "https://auth.example.com")
            return claims
        """,
        provider,
        config=py_identity_model.TokenValidationConfig(perform_disco=True, audience="api"),
    )
    assert space["background_job"]().is_successful
    assert asyncio.run(space["api_endpoint"](provider.mint()))


def test_each_thread_gets_its_own_client_with_its_own_pool() -> None:
    # Each thread automatically gets its own client
    client = get_http_client()  # Thread-local client
    found: list[httpx.Client] = []
    thread = threading.Thread(target=lambda: found.append(get_http_client()))
    thread.start()
    thread.join()
    assert found[0] is not client
    assert found[0]._transport is not client._transport


def test_closing_closes_the_client_for_the_current_thread_only() -> None:
    held, looked = threading.Event(), threading.Event()
    still_open: list[bool] = []

    def other() -> None:
        client = get_http_client()
        held.set()
        looked.wait(5)
        still_open.append(not client.is_closed)

    thread = threading.Thread(target=other)
    thread.start()
    held.wait(5)
    client = get_http_client()
    # Optional cleanup (usually not needed)
    close_http_client()  # Closes client for current thread only
    looked.set()
    thread.join()
    assert client.is_closed
    assert still_open == [True]


def test_all_async_operations_share_one_client_that_can_be_closed() -> None:
    async def main() -> None:
        # All async operations share this client
        client = await get_async_http_client()  # Singleton
        others = await asyncio.gather(*[asyncio.to_thread(lambda: None), one(), one()])
        assert others[1] is others[2] is client
        # Optional cleanup
        await close_async_http_client()  # Closes the shared client
        assert client.is_closed

    async def one() -> httpx.AsyncClient:
        return await get_async_http_client()

    asyncio.run(main())


def test_sync_and_async_clients_are_completely_separate() -> None:
    mine = get_http_client()

    async def main() -> None:
        client = await get_async_http_client()
        await close_async_http_client()
        assert client.is_closed

    asyncio.run(main())
    assert not mine.is_closed


def test_many_tokens_are_validated_concurrently(provider: EmbeddedProvider) -> None:
    space = program(
        """
        import asyncio
        from py_identity_model.aio import validate_token

        async def validate_many_tokens(tokens: list[str]):
            config = TokenValidationConfig(perform_disco=True, audience="api")

            # Validate all tokens concurrently
            results = await asyncio.gather(
                *[validate_token(token, config, disco_address) for token in tokens],
                return_exceptions=True
            )

            return results
        """,
        provider,
        TokenValidationConfig=py_identity_model.TokenValidationConfig,
        disco_address=provider.issuer,
    )
    tokens = [provider.mint(sub=str(number)) for number in range(20)]
    results = asyncio.run(space["validate_many_tokens"]([*tokens, "nonsense"]))
    assert [claims["sub"] for claims in results[:-1]] == [str(number) for number in range(20)]
    assert isinstance(results[-1], py_identity_model.TokenValidationException)
    assert len(provider.requests) == 2


def test_a_forgotten_await_gives_a_warning(provider: EmbeddedProvider) -> None:
    config = py_identity_model.TokenValidationConfig(perform_disco=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        claims = aio.validate_token("token", config, provider.issuer)
        assert inspect.iscoroutine(claims)
        del claims
        gc.collect()
    assert any("was never awaited" in str(warning.message) for warning in caught)


def test_a_sync_function_wraps_the_call_in_asyncio_run(provider: EmbeddedProvider) -> None:
    space = program(
        """
        # Correct - wrap in asyncio.run
        def my_function():
            async def _async_operation():
                claims = await validate_token(token, config, "https://auth.example.com")
                return claims

            return asyncio.run(_async_operation())
        """,
        provider,
        asyncio=asyncio,
        validate_token=aio.validate_token,
        token=provider.mint(),
        config=py_identity_model.TokenValidationConfig(perform_disco=True, audience="api"),
    )
    for _ in range(3):
        assert space["my_function"]()["aud"] == "api"


def test_a_factory_method_takes_the_place_of_an_async_init(provider: EmbeddedProvider) -> None:
    space = program(
        """
        class MyClass:
            def __init__(self):
                self.claims = None

            @classmethod
            async def create(cls):
                instance = cls()
                instance.claims = await validate_token(token, config, "https://auth.example.com")
                return instance

        # Usage
        async def usage():
            my_obj = await MyClass.create()
            return my_obj
        """,
        provider,
        validate_token=aio.validate_token,
        token=provider.mint(),
        config=py_identity_model.TokenValidationConfig(perform_disco=True, audience="api"),
    )
    assert asyncio.run(space["usage"]()).claims["aud"] == "api"


def test_the_certificate_program_runs(provider: EmbeddedProvider) -> None:
    """What the three variables do is tested in ``tests/aio/test_tls.py``, over real TLS."""
    space = program(
        """
        # The library will automatically use the appropriate certificate
        from py_identity_model.aio import get_discovery_document
        from py_identity_model import DiscoveryDocumentRequest

        async def main():
            request = DiscoveryDocumentRequest(
                address="https://auth.example.com/.well-known/openid-configuration")
            response = await get_discovery_document(request)
            # SSL certificates will be used automatically
            return response
        """,
        provider,
    )
    assert asyncio.run(space["main"]()).is_successful


async def test_async_discovery(provider: EmbeddedProvider) -> None:
    """The guide's own test, under pytest-asyncio."""
    from py_identity_model import DiscoveryDocumentRequest
    from py_identity_model.aio import get_discovery_document

    request = DiscoveryDocumentRequest(address=provider.issuer)
    response = await get_discovery_document(request)
    assert response.is_successful
    assert response.issuer is not None


def test_the_fastapi_program_before(provider: EmbeddedProvider) -> None:
    space = program(
        """
        from fastapi import FastAPI, Depends, HTTPException
        from py_identity_model import validate_token, TokenValidationConfig

        app = FastAPI()

        def verify_token(token: str = Depends(oauth2_scheme)):
            config = TokenValidationConfig(perform_disco=True, audience="api")
            try:
                claims = validate_token(
                    jwt=token,
                    token_validation_config=config,
                    disco_doc_address="https://auth.example.com",
                )
                return claims
            except Exception:
                raise HTTPException(status_code=401, detail="Invalid token")

        @app.get("/protected")
        def protected_route(claims: dict = Depends(verify_token)):
            return {"user": claims["sub"]}
        """,
        provider,
        oauth2_scheme=scheme(),
    )
    drive_fastapi(space["app"], provider)


def test_the_fastapi_program_after(provider: EmbeddedProvider) -> None:
    space = program(
        """
        from fastapi import FastAPI, Depends, HTTPException
        from py_identity_model import TokenValidationConfig
        from py_identity_model.aio import validate_token

        app = FastAPI()

        async def verify_token(token: str = Depends(oauth2_scheme)):
            config = TokenValidationConfig(perform_disco=True, audience="api")
            try:
                claims = await validate_token(
                    jwt=token,
                    token_validation_config=config,
                    disco_doc_address="https://auth.example.com",
                )
                return claims
            except Exception:
                raise HTTPException(status_code=401, detail="Invalid token")

        @app.get("/protected")
        async def protected_route(claims: dict = Depends(verify_token)):
            return {"user": claims["sub"]}
        """,
        provider,
        oauth2_scheme=scheme(),
    )
    drive_fastapi(space["app"], provider)


def scheme() -> Any:
    """The name that the guide's FastAPI programs leave out."""
    from fastapi.security import OAuth2PasswordBearer

    return OAuth2PasswordBearer(tokenUrl="token")


def drive_fastapi(app: Any, provider: EmbeddedProvider) -> None:
    async def main() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return [
                await client.get("/protected", headers={"authorization": f"Bearer {token}"})
                for token in (provider.mint(sub="alice"), provider.mint(exp=1), "nonsense")
            ]

    good, *bad = asyncio.run(main())
    assert (good.status_code, good.json()) == (200, {"user": "alice"})
    assert [answer.status_code for answer in bad] == [401, 401]


def test_the_flask_program(provider: EmbeddedProvider) -> None:
    space = program(
        """
        # Flask example - keep using sync API
        from flask import Flask, request, jsonify
        from py_identity_model import validate_token, TokenValidationConfig

        app = Flask(__name__)

        @app.route("/protected")
        def protected_route():
            token = request.headers.get("Authorization", "").replace("Bearer ", "")

            config = TokenValidationConfig(perform_disco=True, audience="api")

            try:
                claims = validate_token(
                    jwt=token,
                    token_validation_config=config,
                    disco_doc_address="https://auth.example.com",
                )
                return jsonify({"user": claims["sub"]})
            except Exception as e:
                return jsonify({"error": str(e)}), 401
        """,
        provider,
    )
    client = space["app"].test_client()

    def ask(token: str) -> Any:
        return client.get("/protected", headers={"Authorization": f"Bearer {token}"})

    assert ask(provider.mint(sub="alice")).get_json() == {"user": "alice"}
    refused = ask(provider.mint(exp=1))
    assert (refused.status_code, refused.get_json()) == (401, {"error": "Token has expired"})
    assert ask("nonsense").status_code == 401
