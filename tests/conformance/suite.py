"""A conformance suite, by its REST API."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

GOOD_RESULTS = frozenset({"PASSED", "WARNING", "REVIEW", "SKIPPED"})
ENDED = frozenset({"FINISHED", "INTERRUPTED"})


class SuiteError(Exception):
    """What the suite did not do."""


@dataclass(frozen=True)
class Module:
    """A module of a plan, and the part of the variant that it fixes."""

    name: str
    variant: Mapping[str, str]


@dataclass(frozen=True)
class CreatedPlan:
    """A plan that waits in the suite for its modules to be run."""

    id: str
    modules: Sequence[Module]


@dataclass(frozen=True)
class Outcome:
    """What the suite says of a module."""

    status: str
    result: str

    @property
    def is_good(self) -> bool:
        """Whether the module ended, and not as a failure."""
        return self.status == "FINISHED" and self.result in GOOD_RESULTS


class Suite:
    """A suite at ``url``; ``token`` is for hosted ones; ``pause`` (seconds) is between polls."""

    def __init__(self, url: str, token: str | None = None, *, pause: float = 0.5) -> None:
        self.url = url.rstrip("/")
        self._pause = pause
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def close(self) -> None:
        """End the connections."""
        self._client.close()

    def variants_of(self, plan: str) -> Mapping[str, Any]:
        """Return what the suite lets one choose for a plan; raises SuiteError if it has none."""
        for one in self._ask("GET", "/api/plan/available"):
            if one["planName"] == plan:
                return dict(one.get("variants") or {})
        raise SuiteError(f"the suite at {self.url} has no plan {plan}")

    def create(
        self, plan: str, variant: Mapping[str, str], configuration: Mapping[str, Any]
    ) -> CreatedPlan:
        """Create a plan."""
        query = {"planName": plan, "variant": json.dumps(variant)}
        answer = self._ask("POST", "/api/plan", query, configuration)
        modules = [Module(one["testModule"], one.get("variant") or {}) for one in answer["modules"]]
        return CreatedPlan(answer["id"], modules)

    def start(self, plan: CreatedPlan, module: Module) -> str:
        """Start a module; return its id once it waits for the relying party."""
        query = {"test": module.name, "plan": plan.id}
        if module.variant:
            query["variant"] = json.dumps(module.variant)
        name = str(self._ask("POST", "/api/runner", query)["id"])
        self.wait(name, {"WAITING"} | ENDED, 60)
        return name

    def wait(self, module: str, statuses: Collection[str], seconds: float) -> Outcome:
        """Wait until a module is in one of ``statuses``, or ``seconds`` are over."""
        until = time.monotonic() + seconds
        while True:
            info = self._ask("GET", f"/api/info/{module}")
            outcome = Outcome(info["status"], info.get("result") or "UNKNOWN")
            if outcome.status in statuses or time.monotonic() > until:
                return outcome
            time.sleep(self._pause)

    def exposed(self, module: str) -> dict[str, str]:
        """Return what a module says of itself: its issuer, its endpoints."""
        return dict(self._ask("GET", f"/api/runner/{module}")["exposed"])

    def visit(self, module: str, seconds: float = 30) -> str:
        """Return the URL that a module sends the browser to, once there is one."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            asked = self._ask("GET", f"/api/runner/{module}").get("browser") or {}
            if asked.get("urls"):
                url = str(asked["urls"][0])
                self._ask("POST", f"/api/runner/browser/{module}/visit", {"url": url})
                return url
            time.sleep(self._pause)
        raise SuiteError("the suite sends the browser nowhere")

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        headers = {"Content-Type": "application/json"}
        content = None if body is None else json.dumps(body)
        answer = self._client.request(method, path, params=query, content=content, headers=headers)
        if not answer.is_success:
            raise SuiteError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None
