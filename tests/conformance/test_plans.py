"""The relying party of the conformance suite's plans, played to a stand-in by both APIs."""

from __future__ import annotations

import pytest

from tests.conformance import driver as driving
from tests.conformance.__main__ import main
from tests.conformance.aio.relying_party import RelyingParty as AwaitableRelyingParty
from tests.conformance.driver import Api, Driver
from tests.conformance.expectations import expectation_of
from tests.conformance.plans import PLANS, fitted, plan_named, scenario_of
from tests.conformance.standin import PLANS as PLAYED
from tests.conformance.standin import StandIn
from tests.conformance.sync.relying_party import RelyingParty

APIS: tuple[Api, ...] = ("sync", "aio")
BASIC = "oidcc-client-basic-certification-test-plan"
FRONT_CHANNEL = "oidcc-client-front-channel-logout-rp-basic"


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("name", PLAYED)
def test_every_module_ends_well(driver: Driver, standin: StandIn, name: str, api: Api) -> None:
    played = list(driver.play(plan_named(name), api))
    assert played
    bad = [
        f"{one}: {sorted(stage.facts)} {stage.problems}"
        for one, stage in zip(played, standin.stages, strict=True)
        if not one.outcome.is_good
        or one.outcome.result != expectation_of(one.module, one.variant).result
        or (one.module.endswith("-claims") and one.refusals)
    ]
    assert bad == []


@pytest.mark.parametrize("api", APIS)
def test_a_relying_party_that_does_nothing_leaves_modules_waiting(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, api: Api
) -> None:
    monkeypatch.setattr(driving, "play", lambda task, api: [])
    driver.patience = 0
    played = list(driver.play(plan_named(BASIC), api))
    assert {one.outcome.status for one in played} == {"WAITING"}
    assert not any(one.outcome.is_good for one in played)


@pytest.mark.parametrize("api", APIS)
def test_a_relying_party_that_does_not_check_fails(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, api: Api
) -> None:
    checked = f"py_identity_model.{api}.provider_tokens.check_nonce"
    monkeypatch.setattr(checked, lambda *claims, **rules: None)
    (played,) = driver.play(plan_named(BASIC), api, lambda module: module.endswith("nonce-invalid"))
    assert (played.outcome.status, played.outcome.result) == ("FINISHED", "FAILED")


def test_the_command_runs_a_plan_in_both_apis(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONFORMANCE_SUITE", standin.url)
    assert main([FRONT_CHANNEL]) == 0
    said = capsys.readouterr().out
    for api in APIS:
        assert f"REVIEW      {api:5}oidcc-client-test-rp-frontchannel-rpinitlogout" in said
    assert "0 failed or were left waiting" in said


def test_the_command_fails_where_a_module_was_left_waiting(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONFORMANCE_SUITE", standin.url)
    monkeypatch.setattr(driving, "play", lambda task, api: ["refused"])
    assert main([FRONT_CHANNEL, "--api", "sync", "--patience", "0"]) == 1
    assert "1 failed or were left waiting" in capsys.readouterr().out


def test_the_list_names_every_plan_and_what_does_not_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--list"]) == 0
    said = capsys.readouterr().out
    assert all(f"{plan.name}: " in said for plan in PLANS)
    assert "oidcc-client-test-idtoken-sig-none is SKIPPED" in said


def test_a_plan_of_another_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["oidcc-basic"])
    assert BASIC in capsys.readouterr().err


def test_a_plan_that_the_suite_lacks_is_a_failure(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONFORMANCE_SUITE", standin.url)
    assert main(["oidcc-client-hybrid-certification-test-plan"]) == 1
    assert "has no plan oidcc-client-hybrid-certification-test-plan" in capsys.readouterr().out


def test_parameters_that_a_suite_does_not_know_are_left_out() -> None:
    variant = {"response_type": "code", "unheard_of": "yes"}
    assert fitted(variant, {"response_type"}) == {"response_type": "code"}
    known = {"response_type", "grant_management"}
    assert fitted(variant, known) == {"response_type": "code", "grant_management": "disabled"}


def test_every_scenario_is_played_by_both_apis() -> None:
    modules = [one["testModule"] for _, modules in PLAYED.values() for one in modules]
    machine = {"fapi_profile": "fapi_client_credentials_grant"}
    scenarios = {scenario_of(one, {}) for one in modules} | {scenario_of("fapi2-x", machine)}
    for party in (RelyingParty, AwaitableRelyingParty):
        assert all(callable(getattr(party, one)) for one in scenarios)
