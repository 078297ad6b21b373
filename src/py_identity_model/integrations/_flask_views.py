"""Checks in front of Flask's views, and the mistake of putting them behind."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, ParamSpec, TypeVar
from weakref import WeakSet

from flask import current_app

P = ParamSpec("P")
T = TypeVar("T")
View = Callable[P, T]

_CHECKED = "py_identity_model"
_guarded: WeakSet[Callable[..., Any]] = WeakSet()


def guard_view(check: Callable[[], Any], view: View[P, T]) -> View[P, T]:
    """Return a view, of either kind, that answers what ``check`` does unless that is None."""
    waits = iscoroutinefunction(view)

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
        check_order()
        refused = check()
        if refused is not None:
            return refused
        found: Callable[..., Any] = current_app.ensure_sync(view) if waits else view
        return found(*args, **kwargs)

    _guarded.add(guarded)
    return guarded


def check_order() -> None:
    """Raise TypeError for a view that is served without the check that was written above its route.

    The decorator of a route registers the function that it gets, and what other decorators make of
    that afterwards is never called.
    """
    app = current_app
    if _CHECKED in app.extensions:  # no view is added after the first request
        return
    served = {id(view) for view in app.view_functions.values()}
    for one in [*_guarded]:
        bare: Any = vars(one)["__wrapped__"]
        if id(bare) in served and id(one) not in served:
            raise TypeError(
                f"{bare.__module__}.{bare.__qualname__} is served without its check: write "
                "@login.required or @guard.required(…) below the decorator of its route"
            )
    app.extensions[_CHECKED] = True
