"""Locks in files, and children that are forked while they are held."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from py_identity_model._files import FileLock

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


def test_a_forked_child_does_not_open_the_lock_of_its_parent(tmp_path: Path) -> None:
    held = FileLock(tmp_path / "lock")
    assert held.try_acquire()
    child = os.fork()
    if child == 0:
        held.release()  # as where it leaves the block
        os._exit(0)
    os.waitpid(child, 0)
    assert not FileLock(tmp_path / "lock").try_acquire()
    held.release()


def test_the_lock_of_a_process_that_ended_is_open_although_its_child_lives(tmp_path: Path) -> None:
    held = FileLock(tmp_path / "lock")
    (ready, say), (wait, end) = os.pipe(), os.pipe()
    parent = os.fork()
    if parent == 0:
        os.close(end)
        held.try_acquire()
        if os.fork() == 0:
            os.close(say)
            os.read(wait, 1)  # until the test is over
        os._exit(0)
    os.close(say)
    try:
        os.waitpid(parent, 0)
        os.read(ready, 1)
        again = FileLock(tmp_path / "lock")
        assert again.try_acquire()
        again.release()
    finally:
        for one in (end, wait, ready):
            os.close(one)
