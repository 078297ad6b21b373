"""Claims validators that must be waited for: run by one API, refused by the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from py_identity_model import (
    ClaimsValidationError,
    TokenValidationException,
    aio,
    combine_claims_validators,
    require_claims,
    validate_token,
)
from py_identity_model.testing import EmbeddedProvider
from tests.support import CONFIG, refused

Claims = dict[str, Any]
calls: list[Claims] = []


async def note(claims: Claims) -> None:
    await asyncio.sleep(0)
    calls.append(claims)


async def reject(claims: Claims) -> None:
    await asyncio.sleep(0)
    raise ClaimsValidationError("not today")


class Instance:
    async def __call__(self, claims: Claims) -> None:
        await note(claims)


class Method:
    async def check(self, claims: Claims) -> None:
        await note(claims)


class Bare:
    """An awaitable that is no coroutine."""

    def __init__(self, claims: Claims) -> None:
        self.claims = claims

    def __await__(self) -> Any:
        return note(self.claims).__await__()


SHAPES: dict[str, Callable[[Claims], object]] = {
    "coroutine function": note,
    "object with an awaitable call": Instance(),
    "method": Method().check,
    "lambda": lambda claims: note(claims),
    "partial": partial(note),
    "other awaitable": Bare,
    "task": lambda claims: asyncio.ensure_future(note(claims)),
    "all of several": combine_claims_validators([require_claims("sub"), note]),
    "any of several": combine_claims_validators([note, require_claims("nothing")], require="any"),
    "one behind another": combine_claims_validators([note, lambda claims: None, note]),
}


@pytest.fixture(autouse=True)
def forget() -> None:
    calls.clear()


@pytest.mark.parametrize("shape", SHAPES)
async def test_every_awaitable_shape_is_run(provider: EmbeddedProvider, shape: str) -> None:
    config = replace(CONFIG, claims_validator=SHAPES[shape])
    claims = await aio.validate_token(provider.mint(), config, provider.issuer)
    assert calls[0] == claims


@pytest.mark.parametrize("shape", sorted(SHAPES.keys() - {"task"}))
def test_no_awaitable_shape_is_silently_skipped_by_the_blocking_api(
    provider: EmbeddedProvider, shape: str
) -> None:
    config = replace(CONFIG, claims_validator=SHAPES[shape])
    with refused(TokenValidationException, "claims_validator_failed") as caught:
        validate_token(provider.mint(), config, provider.issuer)
    assert "only py_identity_model.aio can wait for" in str(caught.value)
    assert calls == []


@pytest.mark.parametrize(
    "validator",
    [
        reject,
        combine_claims_validators([require_claims("sub"), reject, note]),
        combine_claims_validators([note, reject]),
        combine_claims_validators([reject, require_claims("nothing")], require="any"),
    ],
)
async def test_an_awaitable_may_reject(
    provider: EmbeddedProvider, validator: Callable[[Claims], Awaitable[None]]
) -> None:
    config = replace(CONFIG, claims_validator=validator)
    with refused(ClaimsValidationError, "claims_rejected") as caught:
        await aio.validate_token(provider.mint(), config, provider.issuer)
    assert "not today" in str(caught.value)


async def test_any_of_several_is_content_with_a_later_one(provider: EmbeddedProvider) -> None:
    for members in (
        [reject, require_claims("sub")],
        [reject, reject, note],
        [require_claims("nothing"), reject, note],
    ):
        chosen = combine_claims_validators(members, require="any")
        config = replace(CONFIG, claims_validator=chosen)
        assert await aio.validate_token(provider.mint(), config, provider.issuer)


async def test_all_misses_are_reported_together(provider: EmbeddedProvider) -> None:
    chosen = combine_claims_validators([reject, require_claims("tid"), reject], require="any")
    with pytest.raises(ClaimsValidationError) as caught:
        await aio.validate_token(
            provider.mint(), replace(CONFIG, claims_validator=chosen), provider.issuer
        )
    assert str(caught.value) == "not today; the claim 'tid' is missing; not today"


async def test_another_error_of_any_of_several_is_not_a_miss(provider: EmbeddedProvider) -> None:
    async def broken(claims: Claims) -> None:
        raise LookupError("database")

    chosen = combine_claims_validators([broken, note], require="any")
    with refused(TokenValidationException, "claims_validator_failed"):
        await aio.validate_token(
            provider.mint(), replace(CONFIG, claims_validator=chosen), provider.issuer
        )
    assert calls == []


async def test_the_rest_of_a_combination_can_be_driven_manually() -> None:
    both = combine_claims_validators([note, note])
    rest: Any = both({"sub": "a"})
    await asyncio.create_task(rest)
    assert calls == [{"sub": "a"}] * 2
    stopped: Any = both({})
    with pytest.raises(LookupError):
        stopped.throw(LookupError())
    stopped.close()
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    waiting: Any = combine_claims_validators([lambda claims: future])({})
    waiting.close()
    assert future.cancelled()
    nothing: Any = combine_claims_validators([Bare])({})
    nothing.close()
