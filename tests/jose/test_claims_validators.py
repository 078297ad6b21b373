"""Ready-made claims validators."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import Any

import pytest

from py_identity_model import (
    ClaimsValidationError,
    ClaimsValidator,
    InvalidArgumentError,
    combine_claims_validators,
    require_claim_value,
    require_claims,
    require_scopes,
)


def rejected(validator: ClaimsValidator, claims: dict[str, Any]) -> ClaimsValidationError:
    with pytest.raises(ClaimsValidationError) as caught:
        validator(claims)
    assert caught.value.token_part == "payload"
    assert caught.value.details == {"reason": caught.value.reason, "claim": caught.value.claim}
    return caught.value


def test_claims_must_be_there_and_not_null() -> None:
    validator = require_claims("sub", "tid")
    validator({"sub": "a", "tid": 0})
    assert rejected(validator, {"sub": "a"}).claim == "tid"
    assert rejected(validator, {"sub": None, "tid": "t"}).claim == "sub"


def test_a_claim_must_have_its_value() -> None:
    validator = require_claim_value("email_verified", True)
    validator({"email_verified": True})
    for claims in ({"email_verified": False}, {"email_verified": 1}, {}):
        assert rejected(validator, claims).claim == "email_verified"
    assert rejected(require_claim_value("a", None), {}).claim == "a"
    require_claim_value("a", None)({"a": None})


@pytest.mark.parametrize(
    "claims",
    [
        {"scope": "read write"},
        {"scope": ["write", "read"]},
        {"scope": "", "scp": "read write"},
        {"scp": ["read", "write", "more"]},
        {"scope": [], "scp": "write read"},
    ],
)
def test_scopes_are_read_from_every_usual_place(claims: dict[str, Any]) -> None:
    require_scopes("read", "write")(claims)


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"scope": "read"},
        {"scope": 5},
        {"scope": ["read", 5]},
        {"scope": "read", "scp": "write"},
    ],
)
def test_missing_scopes_are_named(claims: dict[str, Any]) -> None:
    error = rejected(require_scopes("read", "write"), claims)
    assert error.claim == "scope"
    assert "write" in error.reason


def test_several_scopes_in_a_string_are_required_one_by_one() -> None:
    both = require_scopes("read write")
    both({"scope": "write admin read"})
    assert "write" in rejected(both, {"scope": "read"}).reason


def test_hopeless_arguments_are_refused_at_once() -> None:
    several: Any = ["read", "write"]
    nothing: Any = None
    hopeless: list[Callable[[], ClaimsValidator]] = [
        require_claims,
        require_scopes,
        lambda: require_scopes(" "),  # which every token would grant
        lambda: require_scopes(several),
        lambda: require_scopes(nothing),
        lambda: require_claims(several),
        lambda: require_claim_value(several, "read"),
        lambda: combine_claims_validators([nothing]),
        lambda: combine_claims_validators(several),
        lambda: combine_claims_validators([], require="any"),
        lambda: combine_claims_validators([], require="some"),
    ]
    for make in hopeless:
        with pytest.raises(InvalidArgumentError):
            make()


def test_all_are_asked_in_order_and_the_first_rejection_counts() -> None:
    asked: list[str] = []

    def reject(claims: dict[str, Any]) -> None:
        asked.append("reject")
        raise ClaimsValidationError("no")

    both = combine_claims_validators([lambda claims: asked.append("first"), reject, asked.extend])
    assert rejected(both, {}).reason == "no"
    assert asked == ["first", "reject"]
    combine_claims_validators([])({})


def test_any_is_content_with_the_first_that_accepts() -> None:
    either = combine_claims_validators(
        [require_claims("a"), require_claims("b"), require_claims("c")], require="any"
    )
    either({"b": 1})
    assert rejected(either, {}).reason == (
        "the claim 'a' is missing; the claim 'b' is missing; the claim 'c' is missing"
    )


def test_any_lets_other_errors_through() -> None:
    def broken(claims: dict[str, Any]) -> None:
        raise LookupError("database")

    with pytest.raises(LookupError):
        combine_claims_validators([broken, require_claims("a")], require="any")({"a": 1})


def test_a_validator_is_recognised_by_being_called() -> None:
    assert isinstance(require_claims("a"), ClaimsValidator)
    assert not isinstance("a", ClaimsValidator)


class Later:
    """Something to wait for that waits once, then calls back; it can be closed."""

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        self.then, self.closed = then, False

    def __await__(self) -> Generator[str, None, object]:
        yield "waiting"
        return self.then()

    def close(self) -> None:
        self.closed = True


def reject(reason: str) -> Callable[[], object]:
    def then() -> object:
        raise ClaimsValidationError(reason)

    return then


def drive(result: object) -> int:
    """Wait for ``result`` without an event loop; return how often it waited."""
    assert isinstance(result, Coroutine)
    waits = 0
    while True:
        try:
            assert result.send(None) == "waiting"
        except StopIteration:
            return waits
        waits += 1


def test_all_of_several_wait_in_turn() -> None:
    seen: list[str] = []
    first, second = Later(lambda: seen.append("first")), Later(lambda: seen.append("second"))
    combined = combine_claims_validators(
        [lambda claims: first, lambda claims: seen.append("between"), lambda claims: second]
    )
    assert drive(combined({})) == 2
    assert seen == ["first", "between", "second"]


def test_all_of_several_end_with_the_first_rejection() -> None:
    seen: list[str] = []
    combined = combine_claims_validators(
        [lambda claims: Later(reject("no")), lambda claims: seen.append("later")]
    )
    with pytest.raises(ClaimsValidationError, match=r"^no$"):
        drive(combined({}))
    assert not seen


def test_any_of_several_waits_until_one_accepts() -> None:
    seen: list[str] = []
    misses: list[Any] = [lambda claims: reject("one")(), lambda claims: Later(reject("two"))]
    accepting = [*misses, lambda claims: Later(), lambda claims: seen.append("later")]
    assert drive(combine_claims_validators(accepting, require="any")({})) == 2
    plain = [*misses, lambda claims: None, lambda claims: seen.append("later")]
    assert drive(combine_claims_validators(plain, require="any")({})) == 1
    first = [lambda claims: Later(), lambda claims: seen.append("later")]
    assert drive(combine_claims_validators(first, require="any")({})) == 1
    assert not seen


def test_any_of_several_names_all_misses() -> None:
    misses: list[Any] = [
        lambda claims: reject("one")(),
        lambda claims: Later(reject("two")),
        lambda claims: reject("three")(),
        lambda claims: Later(reject("four")),
    ]
    with pytest.raises(ClaimsValidationError) as caught:
        drive(combine_claims_validators(misses, require="any")({}))
    assert caught.value.reason == "one; two; three; four"


def test_any_of_several_lets_errors_through_that_came_later() -> None:
    def broken() -> object:
        raise LookupError("broken")

    for members in (
        [lambda claims: Later(broken), lambda claims: None],
        [lambda claims: Later(reject("no")), lambda claims: broken(), lambda claims: None],
    ):
        with pytest.raises(LookupError):
            drive(combine_claims_validators(members, require="any")({}))


@pytest.mark.parametrize("require", ["all", "any"])
def test_an_unawaited_combination_is_closed_with_its_awaitable(
    require: str,
) -> None:
    later = Later()
    result = combine_claims_validators([lambda claims: later], require=require)({})
    assert isinstance(result, Coroutine)
    result.close()
    assert later.closed


class Cancellable:
    """A future: it is cancelled, not closed."""

    cancelled = False

    def __await__(self) -> Generator[str, None, None]:
        yield "waiting"

    def cancel(self) -> None:
        self.cancelled = True


class Bare:
    def __await__(self) -> Generator[str, None, None]:
        yield "waiting"


def test_a_connection_that_cannot_be_closed_is_cancelled_or_left_alone() -> None:
    future = Cancellable()
    for later in (future, Bare()):
        result = combine_claims_validators([partial(lambda later, claims: later, later)])({})
        assert isinstance(result, Coroutine)
        result.close()
    assert future.cancelled


def test_an_error_is_thrown_into_a_combination() -> None:
    result = combine_claims_validators([lambda claims: Later()])({})
    assert isinstance(result, Coroutine)
    assert result.send(None) == "waiting"
    with pytest.raises(KeyError):
        result.throw(KeyError("x"))
    result.close()


def test_a_value_sent_into_a_combination_reaches_its_awaitable() -> None:
    class Asking:
        received: object = None

        def __await__(self) -> Generator[str, object, None]:
            self.received = yield "waiting"

    asking = Asking()
    result = combine_claims_validators([lambda claims: asking])({})
    assert isinstance(result, Coroutine)
    assert result.send(None) == "waiting"
    with pytest.raises(StopIteration):
        result.send("answer")
    assert asking.received == "answer"


@pytest.mark.parametrize("require", ["all", "any"])
def test_every_member_sees_the_claims(require: str) -> None:
    seen: list[object] = []

    def look(claims: dict[str, Any]) -> object:
        seen.append(claims)
        miss = require == "any" and len(seen) < 3
        return Later(reject("no")) if miss else Later()

    claims = {"sub": "a"}
    result = combine_claims_validators([look, look, look], require=require)(claims)
    drive(result)
    assert seen == [claims, claims, claims]
