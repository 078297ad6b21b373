"""State that a forked child must not inherit: sockets, and locks held by the parent's threads."""

from __future__ import annotations

import os
import warnings
import weakref
from typing import Protocol


class _Forgetful(Protocol):
    def _forget_parent(self) -> None: ...


_forgetful: weakref.WeakSet[_Forgetful] = weakref.WeakSet()


def forget_in_child(thing: _Forgetful) -> None:
    """Call ``thing._forget_parent()`` in every process forked from now on."""
    _forgetful.add(thing)


def _after_fork_in_child() -> None:
    with warnings.catch_warnings():
        # The parent's sockets are dropped unclosed on purpose: the parent still uses them.
        warnings.simplefilter("ignore", ResourceWarning)
        for thing in list(_forgetful):
            thing._forget_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
