"""The pytest plugin: a provider for every test, its tokens, logins at it, and clocks.

Loaded by pytest where this package is installed; it loads nothing of it before a fixture is used.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, TypedDict, cast

import pytest

if TYPE_CHECKING:
    from .testing import Answer, EmbeddedProvider, FrozenClock, LoggedInClient, Received
    from .testing.clocks import Moment

_MARKER = (
    "oidc(outage=False, slow=0.0, rotated=False, clock=0.0, **settings): how the oidc_provider of "
    "this test behaves; settings are those of EmbeddedProvider, and give the test one of its own"
)


class _Behaviour(TypedDict, total=False):
    outage: bool | str
    slow: float
    rotated: bool
    clock: float


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture(scope="session")
def oidc_provider_settings() -> Mapping[str, Any]:
    """Arguments of the provider that tests share: override it in your ``conftest.py``."""
    return {}


@pytest.fixture(scope="session")
def _shared_oidc_provider(
    oidc_provider_settings: Mapping[str, Any],
) -> Iterator[EmbeddedProvider]:
    from . import prime
    from .testing import EmbeddedProvider

    with EmbeddedProvider(**oidc_provider_settings) as provider:
        prime(provider.issuer)  # so that no test's time goes into loading modules
        provider.reset()
        yield provider


@pytest.fixture
def oidc_provider(request: pytest.FixtureRequest) -> Iterator[EmbeddedProvider]:
    """An OpenID Provider on loopback: one for the session, reset for every test.

    What this package has cached of providers is forgotten before each test that uses it.

    The marker ``oidc`` says how it behaves in a test.
    """
    from .testing import EmbeddedProvider

    marker = request.node.get_closest_marker("oidc")
    named = {} if marker is None else dict(marker.kwargs)
    behaviour = {name: named.pop(name) for name in _Behaviour.__annotations__ if name in named}
    with ExitStack() as stack:
        if named:
            settings = {**request.getfixturevalue("oidc_provider_settings"), **named}
            provider = stack.enter_context(EmbeddedProvider(**settings))
        else:
            provider = request.getfixturevalue("_shared_oidc_provider")
            stack.callback(provider.reset)
        _forget_cached()  # failures are remembered as well, by the address that all tests share
        over = threading.Event()
        stack.callback(over.set)
        _behave(provider, cast("_Behaviour", behaviour), over)
        yield provider


def _forget_cached() -> None:
    from .aio._cache import provider_cache as awaitable
    from .sync._cache import provider_cache as blocking

    for caches in (awaitable, blocking):
        for cache in caches._all.listed():
            cache.clear(documents=True, keys=True)


def _behave(provider: EmbeddedProvider, behaviour: _Behaviour, over: threading.Event) -> None:
    provider.clock_offset = behaviour.get("clock", 0.0)
    outage, slow = behaviour.get("outage", False), behaviour.get("slow", 0.0)
    if not outage and not slow:
        return
    from .testing import Answer

    def intercept(received: Received) -> Answer | None:
        over.wait(slow)  # a test that is over waits for nothing
        down = outage is True or outage == received.path
        return Answer.of_json({"error": "temporarily_unavailable"}, 503) if down else None

    provider.intercept = intercept


@pytest.fixture
def mint_token(
    request: pytest.FixtureRequest, oidc_provider: EmbeddedProvider
) -> Callable[..., str]:
    """A function that returns an access token of ``oidc_provider``, with the claims it gets.

    With ``@pytest.mark.oidc(rotated=True)`` each token is signed by new keys.
    """
    marker = request.node.get_closest_marker("oidc")
    rotated = marker is not None and marker.kwargs.get("rotated", False)

    def mint(**claims: Any) -> str:
        if rotated:
            oidc_provider.rotate_keys()
        return oidc_provider.mint(**{"sub": oidc_provider.user, **claims})

    return mint


@pytest.fixture
def logged_in_client(oidc_provider: EmbeddedProvider) -> Iterator[LoggedInClient]:
    """A function that returns a test client logged in at ``oidc_provider``, by the callback.

    It takes an application of Flask, Starlette or FastAPI, or a test client (Django's, too), and
    what :func:`py_identity_model.testing.log_in` takes: user, claims, path.
    """
    from .testing.logins import client_of, log_in

    with ExitStack() as stack:

        def logged_in(
            program: Any,
            user: str | None = None,
            *,
            claims: Mapping[str, Any] | None = None,
            path: str | None = None,
        ) -> Any:
            client = client_of(program, stack)
            return log_in(client, oidc_provider, user, claims=claims, path=path)

        yield logged_in


@pytest.fixture
def freeze() -> Iterator[Callable[..., FrozenClock]]:
    """A function that freezes every clock of py_identity_model until the test is over.

    Without an argument they are set to the present time; what it returns lets the time pass.
    """
    with ExitStack() as stack:

        def freeze(moment: Moment | None = None) -> FrozenClock:
            from .testing import freeze_clocks

            stack.close()  # a second call replaces the first
            return stack.enter_context(freeze_clocks(moment))

        yield freeze
