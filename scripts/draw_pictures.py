"""Draw the pictures of docs/ from text; with --check, only say whether they are up to date.

A picture is a sequence: who takes part, and what goes from whom to whom.  They are drawn for light
and for dark pages.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).resolve().parents[1] / "docs"
BETWEEN, STEP, TOP, MARGIN = 250, 44, 58, 90


class Picture(NamedTuple):
    """A sequence; a step goes from one to another, or is a note of one of them."""

    title: str
    parts: tuple[str, ...]
    steps: tuple[tuple[int, int, str], ...]


PICTURES = {
    "login": Picture(
        "A login: authorization code with PKCE",
        ("browser", "your application", "provider"),
        (
            (0, 1, "GET /login"),
            (1, 1, "authorization_request(): state, nonce, PKCE"),
            (1, 0, "redirect to begun.url"),
            (0, 2, "the user logs in and agrees"),
            (2, 0, "redirect back with code and state"),
            (0, 1, "GET /callback?code=…&state=…"),
            (1, 1, "callback(): is it the answer to this login?"),
            (1, 2, "code and PKCE verifier"),
            (2, 1, "access, refresh and ID token"),
            (1, 1, "ID token: signature, issuer, audience, nonce"),
            (1, 0, "session.subject is logged in"),
        ),
    ),
    "request": Picture(
        "A request to an API: what is fetched, and when",
        ("caller", "your API", "provider"),
        (
            (0, 1, "Authorization: Bearer …"),
            (1, 1, "verify(): keys cached and fresh? nothing is fetched"),
            (1, 2, "else, once for all: metadata, keys"),
            (2, 1, "cached, and refreshed behind"),
            (1, 1, "signature, issuer, audience, times, scopes, binding"),
            (1, 0, "200, or 401, 403 or 503"),
        ),
    ),
}
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f; }
text.on { paint-order: stroke; stroke: #ffffff; stroke-width: 5px; }
.page { fill: #ffffff; }
.part { font-weight: 600; }
.line, .arrow { stroke: #57606a; }
.line { stroke-dasharray: 3 4; }
.arrow { stroke-width: 1.5; }
.head { fill: #57606a; }
.box { fill: #f6f8fa; stroke: #57606a; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  text.on { stroke: #0d1117; }
  .page { fill: #0d1117; }
  .line, .arrow { stroke: #9198a1; }
  .head { fill: #9198a1; }
  .box { fill: #21262d; stroke: #9198a1; }
}
"""


def place(part: int) -> int:
    return MARGIN + part * BETWEEN


def draw(picture: Picture) -> str:
    return "\n".join([*lines(picture), "</svg>", ""])


def lines(picture: Picture) -> Iterator[str]:
    width = place(len(picture.parts) - 1) + MARGIN
    height = TOP + STEP * len(picture.steps) + 10
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img">'
    )
    yield f"<title>{escape(picture.title)}</title>\n<style>{STYLE}</style>"
    yield f'<rect class="page" width="{width}" height="{height}" rx="8"/>'
    for part, name in enumerate(picture.parts):
        middle = place(part)
        yield f'<line class="line" x1="{middle}" y1="36" x2="{middle}" y2="{height}"/>'
        yield f'<rect class="box" x="{middle - 70}" y="8" width="140" height="28" rx="6"/>'
        yield f'<text class="part" x="{middle}" y="27" text-anchor="middle">{escape(name)}</text>'
    for number, (start, end, text) in enumerate(picture.steps):
        yield from step(TOP + STEP * number, start, end, text)


def step(y: int, start: int, end: int, text: str) -> Iterator[str]:
    if start == end:
        yield from note(y, start, text)
        return
    left, right, way = place(start), place(end), 1 if end > start else -1
    middle = (left + right) // 2
    yield f'<text class="on" x="{middle}" y="{y + 8}" text-anchor="middle">{escape(text)}</text>'
    yield f'<line class="arrow" x1="{left}" y1="{y + 16}" x2="{right - 6 * way}" y2="{y + 16}"/>'
    points = f"{right},{y + 16} {right - 9 * way},{y + 12} {right - 9 * way},{y + 20}"
    yield f'<polygon class="head" points="{points}"/>'


def note(y: int, part: int, text: str) -> Iterator[str]:
    half = 4 * len(text) - len(text) // 3 + 8
    middle = place(part)
    yield (
        f'<rect class="box" x="{middle - half}" y="{y - 8}" width="{2 * half}" height="28" rx="3"/>'
    )
    yield f'<text x="{middle}" y="{y + 11}" text-anchor="middle">{escape(text)}</text>'


def main(arguments: list[str]) -> int:
    stale = 0
    for name, picture in PICTURES.items():
        path, drawn = DOCS / f"{name}.svg", draw(picture)
        if "--check" not in arguments:
            path.write_text(drawn, "utf-8")
        elif not path.exists() or path.read_text("utf-8") != drawn:
            print(f"{path} is out of date: run scripts/draw_pictures.py")
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
