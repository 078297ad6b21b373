"""Draw docs/pictures/*.d2 by D2, for light and for dark pages.

With --check, only say whether each drawing is of today's text; with --again, draw all and compare.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
TOOL = ROOT / "scripts" / "pictures"
THEMES = ("light", "dark")

sys.path.insert(0, str(ROOT))
from tests.op.node import find_node, install  # noqa: E402


def digest(source: Path) -> str:
    """Return what a drawing carries of the text and the tool it was made from."""
    tool = [TOOL / "draw.mjs", TOOL / "package-lock.json"]
    made_from = b"".join(path.read_bytes() for path in (source, *tool))
    return f"<!-- {hashlib.sha256(made_from).hexdigest()} -->"


def draw(sources: list[Path]) -> dict[Path, str]:
    """Return the content of each drawing."""
    node = find_node()
    install(node, TOOL, "@terrastruct/d2")
    texts = {source.stem: source.read_text("utf-8") for source in sources}
    command = [str(node), "draw.mjs"]
    ran = subprocess.run(
        command, input=json.dumps(texts), capture_output=True, encoding="utf-8", cwd=TOOL
    )
    if ran.returncode:
        sys.exit(ran.stderr)
    drawn = json.loads(ran.stdout)
    return {
        drawing(source, theme): f"{drawn[f'{source.stem}-{theme}']}\n{digest(source)}\n"
        for source in sources
        for theme in THEMES
    }


def drawing(source: Path, theme: str) -> Path:
    return source.with_name(f"{source.stem}-{theme}.svg")


def is_of_today(source: Path) -> bool:
    paths = [drawing(source, theme) for theme in THEMES]
    return all(path.exists() and digest(source) in path.read_text("utf-8") for path in paths)


def main(arguments: list[str]) -> int:
    sources = sorted(PICTURES.glob("*.d2"))
    if "--check" in arguments:
        stale = [source.name for source in sources if not is_of_today(source)]
    else:
        drawn = draw(sources)
        if "--again" in arguments:
            stale = [path.name for path, text in drawn.items() if path.read_text("utf-8") != text]
        else:
            stale = []
            for path, text in drawn.items():
                path.write_text(text, "utf-8")
    for name in stale:
        print(f"{name} is out of date: run scripts/draw_pictures.py")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
