"""Logins and APIs behind a web framework that blocks; see :mod:`py_identity_model.aio.web`.

Example::

    from py_identity_model.web import WebLogin, WebRequest

    login = WebLogin(client, secret=os.environ["SESSION_SECRET"])
    answer = login.handle(WebRequest("GET", "https://app.example", "/login"))
"""

from .sync.web import (
    BearerGuard,
    PollOutcome,
    SignalReceiver,
    WebAnswer,
    WebLogin,
    WebRefusedException,
    WebRequest,
)

__all__ = [
    "BearerGuard",
    "PollOutcome",
    "SignalReceiver",
    "WebAnswer",
    "WebLogin",
    "WebRefusedException",
    "WebRequest",
]
