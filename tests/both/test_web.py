"""The web engine in both APIs: the same names, the same words, examples that run."""

from __future__ import annotations

import asyncio
import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import pytest

import py_identity_model
from py_identity_model import aio, web
from py_identity_model.aio import web as aio_web
from py_identity_model.sync import web as sync_web
from py_identity_model.testing import Answer, EmbeddedProvider
from tests.browsers import SECRET
from tests.support import refused

from .test_parity import plain, shape


def test_both_apis_have_the_same_engine() -> None:
    assert {plain(name) for name in aio_web.__all__} == {*sync_web.__all__} == {*web.__all__}
    for name in web.__all__:
        assert getattr(web, name) is getattr(sync_web, name)
    for name in aio_web.__all__:
        ours, theirs = getattr(aio_web, name), getattr(sync_web, plain(name))
        if ours is theirs:
            continue
        assert plain(inspect.getdoc(ours) or "") == inspect.getdoc(theirs)
        for member, (mine, yours) in members_of(ours, theirs).items():
            assert shape(mine) == shape(yours), member
            assert plain(inspect.getdoc(mine) or "") == inspect.getdoc(yours), member


def members_of(ours: type, theirs: type) -> dict[str, tuple[Any, Any]]:
    """Return the public methods of a class and of its twin."""
    names = [name for name, _ in inspect.getmembers(ours, inspect.isfunction) if name[0] != "_"]
    return {name: (getattr(ours, name), getattr(theirs, plain(name))) for name in names}


def examples_of(module: Any) -> Iterator[tuple[str, str]]:
    for name in module.__all__:
        kind = getattr(module, name)
        methods = inspect.getmembers(kind, inspect.isfunction)
        public = [(f"{name}.{one}", method) for one, method in methods if one[0] != "_"]
        for path, thing in [(name, kind), *public]:
            _, found, example = (inspect.getdoc(thing) or "").partition("Example::\n\n")
            if found:
                yield path, textwrap.dedent(example)


CASES = [("aio", *case) for case in examples_of(aio_web)]
CASES += [("sync", *case) for case in examples_of(sync_web)]


@pytest.mark.parametrize(("api", "name", "example"), CASES, ids=[f"{a}-{n}" for a, n, _ in CASES])
def test_the_example_of_a_docstring_runs(
    provider: EmbeddedProvider,
    monkeypatch: pytest.MonkeyPatch,
    api: str,
    name: str,
    example: str,
) -> None:
    monkeypatch.setenv("SESSION_SECRET", SECRET)
    modules = (aio, aio_web) if api == "aio" else (py_identity_model, sync_web)
    space: dict[str, Any] = {
        word: getattr(module, word) for module in modules for word in module.__all__
    }
    prefix = "Async" if api == "aio" else ""
    client: Callable[..., Any] = space[f"{prefix}OAuthClient"]
    space["os"] = __import__("os")
    space["client"] = client(provider.issuer, "native", redirect_uri="https://app.example/cb")
    space["login"] = space[f"{prefix}WebLogin"](space["client"], secret=SECRET)
    space["guard"] = space[f"{prefix}BearerGuard"](provider.issuer, "api")
    token = provider.mint(scope="read")
    about: dict[str, Any] = {
        "events": {"urn:example:event": {}},
        "aud": "https://app.example/events",
    }
    space["token"] = provider.mint(header={"typ": "secevent+jwt"}, **about)
    space["body"], space["access_token"] = space["token"].encode(), "t"
    space["replays"] = py_identity_model.MemoryReplayStore()
    receiver = space[f"{prefix}SignalReceiver"]
    space["receiver"] = receiver(space["client"], about["aud"], space["replays"])
    provider.intercept = lambda received: (
        Answer.of_json({"sets": {}}) if received.path == "/events" else None
    )
    headers = [("Authorization", f"Bearer {token}")]
    space["request"] = web.WebRequest("GET", "https://app.example", "/login", headers=headers)
    body = textwrap.indent(example.replace("https://op.example", provider.issuer), "    ")
    opened = "async def" if api == "aio" else "def"
    exec(f"{opened} run():\n{body}\n", space)
    refuses = refused(web.WebRefusedException, "login_required")
    with refuses if name.endswith(".require") else nullcontext():
        result = space["run"]()
        if api == "aio":
            asyncio.run(result)


def test_every_public_method_of_the_engine_has_an_example() -> None:
    named = {name for _, name, _ in CASES}
    for kind in (aio_web.AsyncWebLogin, aio_web.AsyncBearerGuard, aio_web.AsyncSignalReceiver):
        for name, _ in inspect.getmembers(kind, inspect.isfunction):
            assert name[0] == "_" or f"{kind.__name__}.{name}" in named
