"""Pages of the embedded provider for people: who logs in, and which device is meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any

from ..exceptions import InvalidArgumentError
from .wire import Answer, Received

LOGIN_AS = "login_as"
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font-family: system-ui, sans-serif; }}
body {{ max-width: 24em; margin: 12vh auto; padding: 0 1em; }}
button, input {{ font: inherit; padding: .6em; margin: .3em 0; width: 100%; }}
button, input {{ box-sizing: border-box; }}
</style>
<h1>{title}</h1>
{body}
<p><small>The embedded provider of py-identity-model: for development alone.</small>
"""


def choose_user(received: Received, users: Iterable[str]) -> Answer:
    """Return the page that asks who logs in; the choice comes back as ``login_as``."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in received.query.items()
    )
    buttons = "".join(
        f'<button name="{LOGIN_AS}" value="{escape(user)}">{escape(user)}</button>'
        for user in users
    )
    deny = f'<button name="{LOGIN_AS}" value="">Cancel</button>'
    return _page("Who are you?", f'<form action="/authorize">{hidden}{buttons}{deny}</form>')


def device(received: Received, decide: Callable[..., None]) -> Answer:
    """Return the page on which a user lets a device in, or the answer to what was decided."""
    if received.method == "POST":
        agree = received.form.get("decision") == "allow"
        try:
            decide(received.form.get("user_code", ""), agree=agree)
        except InvalidArgumentError:
            return _page("No device waits with this code", "", 400)
        return _page("The device is logged in" if agree else "The device was refused", "")
    code = escape(received.query.get("user_code", ""))
    fields = (
        f'<input name="user_code" value="{code}" placeholder="code of the device" required>'
        '<button name="decision" value="allow">Allow</button>'
        '<button name="decision" value="deny">Refuse</button>'
    )
    return _page("Log a device in", f'<form method="post" action="/device">{fields}</form>')


def asks_for_user(received: Received, users: Mapping[str, Any]) -> bool:
    """Return whether a browser comes to log in, and nothing says yet who."""
    wants_page = "text/html" in received.headers.get("accept", "")
    return wants_page and bool(users) and not {LOGIN_AS, "login_hint"} & received.query.keys()


def _page(title: str, body: str, status: int = 200) -> Answer:
    text = _PAGE.format(title=escape(title), body=body)
    return Answer(status, text.encode(), {"content-type": "text/html; charset=utf-8"})
