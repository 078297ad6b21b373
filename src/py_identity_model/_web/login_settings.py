"""Settings of logins by name, as files and frameworks have them: which argument each of them is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from inspect import Parameter, signature
from typing import Any

from ..exceptions import InvalidArgumentError


def sort_settings(
    settings: Mapping[str, Any], given: Mapping[str, Any], *takers: Callable[..., Any]
) -> list[dict[str, Any]]:
    """Return the arguments of each taker: the settings, and what the program gives, by name.

    Names are parameters, in letters of either case.  Raises InvalidArgumentError for a name that
    no taker has, and for one that the program gives itself.
    """
    parameters = [[*signature(taker).parameters] for taker in takers]
    known = set[str]().union(*parameters)
    named = {name.lower(): value for name, value in settings.items()}
    for name in settings:
        if name.lower() not in known:
            raise InvalidArgumentError(_unknown(name, known))
        if name.lower() in given:
            raise InvalidArgumentError(f"leave {name} out of the settings: the program decides it")
    for name in given:
        if name not in known:
            raise InvalidArgumentError(_unknown(name, known))
    arguments = {**named, **given}
    return [{one: arguments[one] for one in names if one in arguments} for names in parameters]


def check_complete(arguments: Mapping[str, Any], taker: Callable[..., Any]) -> None:
    """Raise InvalidArgumentError unless all parameters without a default are there."""
    needed = [
        name
        for name, one in signature(taker).parameters.items()
        if one.default is Parameter.empty and name not in arguments
    ]
    if needed:
        raise InvalidArgumentError(f"the settings lack {' and '.join(needed)}")


def _unknown(name: str, known: set[str]) -> str:
    near = get_close_matches(name.lower(), known, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}"
    return f"no setting of a login is called {name}: {hint}"
