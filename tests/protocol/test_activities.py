"""Activities by themselves."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from py_identity_model import ActivityEvent, ActivityOutcome, set_activity_hook
from py_identity_model._activities import Activity, activities
from py_identity_model.exceptions import ConfigurationException, TokenRequestException
from py_identity_model.telemetry import instrument


@pytest.fixture
def events() -> Iterator[list[ActivityEvent]]:
    seen: list[ActivityEvent] = []
    set_activity_hook(seen.append)
    yield seen
    set_activity_hook(None)


def test_a_caller_that_stops_waiting_cancels(events: list[ActivityEvent]) -> None:
    with pytest.raises(KeyboardInterrupt), Activity("login", "device"):
        raise KeyboardInterrupt
    assert [(one.outcome, one.code) for one in events] == [(ActivityOutcome.CANCELLED, None)]


def test_a_foreign_exception_is_named_by_its_class(events: list[ActivityEvent]) -> None:
    with pytest.raises(LookupError), Activity("request", "token request"):
        raise LookupError("alice")
    assert [(one.outcome, one.code) for one in events] == [(ActivityOutcome.FAILED, "LookupError")]


def test_a_discarded_activity_that_fails_is_reported(events: list[ActivityEvent]) -> None:
    running = Activity("renewal", "login")
    running.discard()
    with pytest.raises(TokenRequestException), running:
        raise TokenRequestException("no")
    assert [one.code for one in events] == ["token_request_error"]


def test_an_address_is_shown_without_what_may_name_a_user(events: list[ActivityEvent]) -> None:
    for kind in ("request", "login"):
        with Activity(kind, "x", "https://alice:pw@op.example:8443/users/alice?sub=alice#alice"):
            pass
    shown = ["https://op.example:8443", "https://op.example:8443/users/alice"]
    assert [one.url for one in events] == shown


def test_a_failed_login_or_renewal_is_logged_although_nothing_listens(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    for kind in ("login", "renewal", "request"):
        with pytest.raises(TokenRequestException), Activity(kind, "x", "https://op.example"):
            raise TokenRequestException("no")
    logged = "{} failed: code=token_request_error issuer=https://op.example reason=TokenRequest"
    assert [record.message[: len(logged) + 2] for record in caplog.records] == [
        logged.format("login")[: len(logged) + 2],
        logged.format("renewal")[: len(logged) + 2],
    ]


def test_nothing_of_it_is_loaded_before_a_hook_needs_it() -> None:
    program = (
        "import sys\n"
        "from py_identity_model import TokenValidationConfig, validate_token\n"
        "from py_identity_model.testing import EmbeddedProvider\n"
        "with EmbeddedProvider() as provider:\n"
        "    config = TokenValidationConfig(perform_disco=True, audience='api')\n"
        "    validate_token(provider.mint(), config, provider.issuer)\n"
        "loaded = {'opentelemetry', 'py_identity_model._activity_events'} & {*sys.modules}\n"
        "print(sorted(loaded))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stdout + done.stderr


def test_without_the_extra_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "py_identity_model._otel", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(ConfigurationException, match=r"\[otel\]") as raised:
        instrument()
    assert raised.value.code == "missing_extra"
    assert not activities.are_observed
