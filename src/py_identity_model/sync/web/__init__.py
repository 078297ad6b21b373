# Generated from aio/web/__init__.py by scripts/make_sync.py; edit that file.
"""Logins and APIs behind a web framework: the engine that the adapters share.

What a program uses is in ``py_identity_model.integrations``; this is for writing another adapter.

Example::

    from py_identity_model.web import WebLogin, WebRequest

    login = WebLogin(client, secret=os.environ["SESSION_SECRET"])
    answer = login.handle(WebRequest("GET", "https://app.example", "/login"))
"""

from ..._web.answers import WebAnswer, WebRefusedException
from ..._web.requests import WebRequest
from .bearer_guard import BearerGuard
from .signal_receiver import PollOutcome, SignalReceiver
from .web_login import WebLogin

__all__ = [
    "BearerGuard",
    "PollOutcome",
    "SignalReceiver",
    "WebAnswer",
    "WebLogin",
    "WebRefusedException",
    "WebRequest",
]
