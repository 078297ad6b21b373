"""Run plans of the conformance suite: ``CONFORMANCE_SUITE=https://… python -m tests.conformance``.

``--list`` names every plan and what of it runs.  Environment:

CONFORMANCE_SUITE      where the suite is; SSL_CERT_FILE names whose certificates are trusted
CONFORMANCE_TOKEN      an API token, for hosted suites
CONFORMANCE_RP         under which URL the suite reaches this program's web server
CONFORMANCE_RP_PORT    the port of 127.0.0.1 that it listens on
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.conformance.driver import Api, Driver
from tests.conformance.party import Party
from tests.conformance.plans import PLANS, Plan, plan_named
from tests.conformance.suite import Suite, SuiteError
from tests.conformance.task import Equipment
from tests.op.driver import Certificates


def main(arguments: Sequence[str]) -> int:
    """Run what the arguments name; return 0 if nothing failed or was left waiting."""
    parser = argparse.ArgumentParser("python -m tests.conformance")
    parser.add_argument("plans", nargs="*", metavar="PLAN", help="by default all")
    parser.add_argument("--list", action="store_true", help="name the plans")
    parser.add_argument("--api", choices=["sync", "aio", "both"], default="both")
    parser.add_argument("--module", default="", help="only modules whose name contains this")
    parser.add_argument("--patience", type=float, default=60, help="seconds until a module ended")
    chosen = parser.parse_args(arguments)
    if chosen.list:
        return show_plans()
    try:
        plans = [plan_named(name) for name in chosen.plans] or list(PLANS)
    except LookupError as error:
        parser.error(str(error))
    if "CONFORMANCE_SUITE" not in os.environ:
        parser.error("CONFORMANCE_SUITE must say where the suite is")
    apis: tuple[Api, ...] = ("sync", "aio") if chosen.api == "both" else (chosen.api,)
    with tempfile.TemporaryDirectory() as folder:
        equipment = _equipment(Path(folder))
        suite = Suite(os.environ["CONFORMANCE_SUITE"], os.environ.get("CONFORMANCE_TOKEN"))
        driver = Driver(suite, equipment, chosen.patience)
        bad = sum(play(driver, plan, api, chosen.module) for plan in plans for api in apis)
        equipment.close()
        suite.close()
    print(f"{bad} failed or were left waiting")
    return 1 if bad else 0


def play(driver: Driver, plan: Plan, api: Api, part: str) -> int:
    """Play the modules of a plan that have ``part`` in their names; return how many failed."""
    print(plan.name)
    bad = 0
    try:
        for played in driver.play(plan, api, lambda module: part in module):
            bad += not played.outcome.is_good
            print(f"  {played}", flush=True)
    except SuiteError as error:
        print(f"  {error}", flush=True)
        return bad + 1
    return bad


def show_plans() -> int:
    """Name each plan, how many variants of it run, and what does not."""
    for plan in PLANS:
        count = len(plan.variants)
        print(f"{plan.name}: {count} variant{'s' * (count > 1)}, every module is played")
        if plan.remark:
            print(f"    {plan.remark}")
    print("The tests play parts to a stand-in (standin.py); none of it has met a suite itself.")
    return 0


def _equipment(folder: Path) -> Equipment:
    certificates = Certificates(folder)
    port = int(os.environ.get("CONFORMANCE_RP_PORT", "0"))
    return Equipment(certificates, Party(certificates, port, os.environ.get("CONFORMANCE_RP")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
