"""``explain``: what an error code means, and what to do about it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated

import typer

from ..exceptions import InvalidArgumentError
from .error_codes import EXPLANATIONS
from .inputs import Json
from .output import Output


def explanation(code: str) -> dict[str, str]:
    """Return the code with its cause and remedy; raises InvalidArgumentError if it is unknown."""
    if code not in EXPLANATIONS:
        close = get_close_matches(code, EXPLANATIONS, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise InvalidArgumentError(f"no error has the code {code!r}{hint}")
    found = EXPLANATIONS[code]
    return {"code": code, "cause": found.cause, "remedy": found.remedy}


def command(
    code: Annotated[str, typer.Argument(help="The code of an exception, or of a log record.")],
    as_json: Json = False,
) -> None:
    """Say what an error code means, and what to do about it."""
    with Output(as_json) as out:
        out.members(explanation(code))
