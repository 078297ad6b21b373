"""Compare how the suites cover each generated module and its source; a difference fails."""

from __future__ import annotations

import json
import sys
from pathlib import Path

AIO, SYNC = "py_identity_model/aio/", "py_identity_model/sync/"
COUNTS = ("num_statements", "covered_lines", "num_branches", "covered_branches")


def counts(report: Path) -> dict[str, dict[str, int]]:
    """Return the counts of every module, by its path below the package's parent."""
    files = json.loads(report.read_text("utf-8"))["files"]
    return {
        name.replace("\\", "/").partition("src/")[2]: {
            count: data["summary"].get(count, 0) for count in COUNTS
        }
        for name, data in files.items()
    }


def main(report: Path) -> int:
    found = counts(report)
    sources = sorted(name for name in found if name.startswith(AIO))
    if not sources:
        sys.exit(f"{report} has no module of {AIO}")
    different = 0
    for source in sources:
        generated = source.replace(AIO, SYNC, 1)
        if found[source] != found.get(generated):
            different += 1
            print(f"{source}: {found[source]}\n{generated}: {found.get(generated)}")
    print(f"{len(sources)} modules compared, {different} covered differently in the two APIs")
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
