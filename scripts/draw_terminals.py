"""Draw docs/pictures/terminal-*.svg: commands that are really run, for light and for dark pages.

With --check, only say whether each drawing shows what its command prints today.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME, TerminalTheme
from rich.text import Text

from py_identity_model.testing import EmbeddedProvider

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
COLUMNS = 96
# As long as the address of the provider, so that nothing moves when it takes its place.
SHOWN_ISSUER = "https://id.example.com"
LIGHT = TerminalTheme(
    (246, 248, 250),
    (36, 41, 47),
    [
        *((36, 41, 47), (207, 34, 46), (17, 99, 41), (125, 78, 0)),
        *((9, 105, 218), (130, 80, 223), (27, 124, 131), (87, 96, 106)),
    ],
)
THEMES = {"light": LIGHT, "dark": SVG_EXPORT_THEME}
# Names of keys, times, numbers, and where lines break.
_VARYING = re.compile(
    r"(?:rs256|es256|eddsa)-[0-9a-f]{8}|[0-9a-f-]*\d[0-9a-f-]*|seconds?|minutes?|\s+"
)
_WEB_FONT = re.compile(r"@font-face \{.*?\}\n", re.DOTALL)


def scenes(provider: EmbeddedProvider) -> Iterator[tuple[str, str, str]]:
    """Yield the name of each picture, the command, and what is piped into it."""
    issuer = provider.issuer
    foreign = provider.mint(sub="alice", aud="orders", scope="read")
    yield "verify", f"verify -i {issuer} -a my-api -s write", foreign
    yield "decode", "decode", provider.mint(sub="alice", scope="read")
    yield "discover", f"discover -i {issuer}", ""


def run(command: str, piped: str) -> str:
    """Return what a terminal shows of a command, without what it showed while waiting."""
    size = {"COLUMNS": str(COLUMNS), "TERMINAL_WIDTH": str(COLUMNS)}
    ran = subprocess.run(
        [sys.executable, "-m", "py_identity_model", *command.split()],
        input=piped,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        env={**os.environ, **size, "FORCE_COLOR": "1"},
        check=False,
    )
    shown = ran.stdout.rpartition("\x1b[1A\x1b[2K")[2]
    before = "pbpaste | " if piped else ""
    return f"$ {before}py-identity-model {command}\n{shown}"


def recorded() -> dict[str, str]:
    """Return what each picture shows, with the codes of the terminal."""
    with EmbeddedProvider(audience="my-api") as provider:
        if len(provider.issuer) != len(SHOWN_ISSUER):
            return recorded()
        return {
            name: run(command, piped).replace(provider.issuer, SHOWN_ISSUER)
            for name, command, piped in scenes(provider)
        }


def digest(shown: str) -> str:
    """Return what a drawing carries of the output: of all that is the same in each run."""
    same = _VARYING.sub(" ", Text.from_ansi(shown).plain)
    return f"<!-- {hashlib.sha256(same.encode()).hexdigest()} -->"


def draw(name: str, shown: str, theme: TerminalTheme) -> str:
    console = Console(
        record=True, width=COLUMNS, file=StringIO(), force_terminal=True, color_system="standard"
    )
    console.print(Text.from_ansi(shown))
    title = f"py-identity-model {name}"
    drawn = console.export_svg(title=title, theme=theme, unique_id=f"terminal-{name}")
    return f"{_WEB_FONT.sub('', drawn)}\n{digest(shown)}\n"


def main(arguments: list[str]) -> int:
    stale = []
    for name, shown in recorded().items():
        for theme, colours in THEMES.items():
            path = PICTURES / f"terminal-{name}-{theme}.svg"
            if "--check" not in arguments:
                path.write_text(draw(name, shown, colours), "utf-8")
            elif not path.exists() or digest(shown) not in path.read_text("utf-8"):
                stale.append(path.name)
    for name in stale:
        print(f"{name} is out of date: run scripts/draw_terminals.py")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
