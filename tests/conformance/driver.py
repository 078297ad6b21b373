"""Runs plans: creates them in the suite, and has a relying party of either API play each module."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from py_identity_model import clear_discovery_cache, clear_jwks_cache
from tests.conformance.aio.relying_party import RelyingParty as AwaitableRelyingParty
from tests.conformance.plans import Plan, fitted
from tests.conformance.suite import ENDED, CreatedPlan, Module, Outcome, Suite
from tests.conformance.sync.relying_party import RelyingParty
from tests.conformance.task import Equipment, Task

Api = Literal["sync", "aio"]


@dataclass(frozen=True)
class Played:
    """What came of a module."""

    plan: str
    variant: Mapping[str, str]
    module: str
    api: Api
    outcome: Outcome
    refusals: tuple[str, ...]

    def __str__(self) -> str:
        refused = f" (refused: {', '.join(self.refusals)})" if self.refusals else ""
        verdict = self.outcome.result if self.outcome.status == "FINISHED" else self.outcome.status
        return f"{verdict:12}{self.api:5}{self.module}{refused}"


@dataclass
class Driver:
    """Plays plans with one equipment; ``patience`` (seconds) is how long a module may go on."""

    suite: Suite
    equipment: Equipment
    patience: float = 60

    def play(
        self, plan: Plan, api: Api, only: Callable[[str], bool] = lambda module: True
    ) -> Iterator[Played]:
        """Play every variant of a plan."""
        known = self.suite.variants_of(plan.name)
        for variant in plan.variants:
            chosen = fitted(variant, known)
            alias = f"rp-{secrets.token_hex(4)}"
            created = self.suite.create(plan.name, chosen, self.equipment.configuration(alias))
            for module in created.modules:
                if only(module.name):
                    yield self._play(
                        plan, created, module, {**variant, **module.variant}, alias, api
                    )

    def _play(
        self,
        plan: Plan,
        created: CreatedPlan,
        module: Module,
        variant: Mapping[str, str],
        alias: str,
        api: Api,
    ) -> Played:
        name = self.suite.start(created, module)
        task = Task(self.suite, self.equipment, plan.name, module.name, name, variant, alias)
        refusals = play(task, api)
        outcome = self.suite.wait(name, ENDED, self.patience)
        return Played(plan.name, variant, module.name, api, outcome, tuple(refusals))


def play(task: Task, api: Api) -> list[str]:
    """Play a module; return why the relying party refused, if it did.

    What was fetched in other modules is forgotten: they share an issuer.
    """
    clear_discovery_cache()
    clear_jwks_cache()
    party: AwaitableRelyingParty | RelyingParty
    try:
        if api == "aio":
            party = AwaitableRelyingParty(task, _in_a_loop)
            asyncio.run(party.play())
        else:
            party = RelyingParty(task, _at_once)
            party.play()
    except Exception as error:  # the suite says what it makes of it
        return [*party.refusals, f"{type(error).__name__}: {error}"[:300]]
    return party.refusals


def _in_a_loop(call: Callable[..., Any], *arguments: Any) -> Any:
    return asyncio.run(call(*arguments))


def _at_once(call: Callable[..., Any], *arguments: Any) -> Any:
    return call(*arguments)
