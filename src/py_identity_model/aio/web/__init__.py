"""Logins and APIs behind a web framework: the engine that the adapters share.

What a program uses is in ``py_identity_model.integrations``; this is for writing another adapter.

Example::

    from py_identity_model.aio.web import AsyncWebLogin, WebRequest

    login = AsyncWebLogin(client, secret=os.environ["SESSION_SECRET"])
    answer = await login.handle(WebRequest("GET", "https://app.example", "/login"))
"""

from ..._web.answers import WebAnswer, WebRefusedException
from ..._web.requests import WebRequest
from .bearer_guard import AsyncBearerGuard
from .signal_receiver import AsyncSignalReceiver, PollOutcome
from .web_login import AsyncWebLogin

__all__ = [
    "AsyncBearerGuard",
    "AsyncSignalReceiver",
    "AsyncWebLogin",
    "PollOutcome",
    "WebAnswer",
    "WebRefusedException",
    "WebRequest",
]
