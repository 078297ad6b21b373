"""The example for Flask: ``gunicorn --workers 3 tests.servers.wsgi:app``."""

from __future__ import annotations

from functools import partial
from os import environ
from typing import Any

import redis
from sqlalchemy import create_engine

import py_identity_model
from py_identity_model import OAuthClient, RedisSessionStore, SessionStore, SQLSessionStore

from .served import LOCK, note, run


def store() -> SessionStore:
    """Return the store that the environment names."""
    url = environ["STORE"]
    if url.startswith("redis:"):
        return RedisSessionStore(redis.Redis.from_url(url), lock_timeout=LOCK)
    return SQLSessionStore(create_engine(url), lock_timeout=LOCK)


vars(py_identity_model)["OAuthClient"] = partial(OAuthClient, session_store=store())
example = run("flask_web")


def app(environment: dict[str, Any], start_response: Any) -> Any:
    """Serve a request."""
    note(environment["QUERY_STRING"])
    return example(environment, start_response)
