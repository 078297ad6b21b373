"""Detection of logouts at the provider, by iframe (OpenID Connect Session Management 1.0)."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from typing import NamedTuple
from urllib.parse import SplitResult

from .._jose.encoding import encode_base64url
from .._wire.compare import same_text
from .._wire.discovery_policy import DiscoveryPolicy
from .._wire.urls import origin_of, require_scheme
from ..exceptions import ConfigurationException, InvalidArgumentError

_NONCE = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_HOST = re.compile(r"[a-z0-9.:_-]+")  # used in a Content-Security-Policy
_PORTS = {"http": 80, "https": 443}
_LONGEST = 86400.0
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Session</title></head><body>
<iframe id="op" src="about:blank" title="Session of the provider"></iframe>
<script nonce="{nonce}">
"use strict";
const session = {values};
const op = document.getElementById("op");
let timer;
function check() {{
  op.contentWindow.postMessage(session.message, session.origin);
}}
window.addEventListener("message", (event) => {{
  if (event.origin !== session.origin || event.source !== op.contentWindow) return;
  if (event.data === "unchanged") return;
  if (event.data !== "changed" && event.data !== "error") return;
  clearInterval(timer);
  window.parent.postMessage("session_" + event.data, window.location.origin);
}});
op.addEventListener("load", () => {{
  if (timer !== undefined) return;
  check();
  timer = setInterval(check, session.interval);
}});
op.src = session.iframe;
</script></body></html>
"""


class SessionCheckPage(NamedTuple):
    """A page, and the header fields to serve it with."""

    headers: dict[str, str]
    html: str


def create_session_state(
    client_id: str, origin: str, browser_state: str, *, salt: str | None = None
) -> str:
    """Return the ``session_state`` of a login, as the provider and its iframe compute it.

    :param client_id: the client's identifier
    :param origin: the client's, as ``https://host[:port]``
    :param browser_state: the provider's state of the user's session in this browser
    :param salt: random if None

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for a value that is empty or contains
    spaces.  OpenID Connect Session Management §2 and §4.2.

    Example::

        create_session_state("web", "https://rp.example", "opaque-browser-state")
    """
    chosen = secrets.token_urlsafe(16) if salt is None else salt
    values = {"client_id": client_id, "origin": origin, "salt": chosen}
    for name, value in {**values, "browser_state": browser_state}.items():
        if not isinstance(value, str) or not value or " " in value:
            raise InvalidArgumentError(f"{name} must not be empty, nor contain spaces")
    if "." in chosen:
        raise InvalidArgumentError("salt must not contain dots")
    return f"{_digest(client_id, origin, browser_state, chosen).hex()}.{chosen}"


def _digest(client_id: str, origin: str, browser_state: str, salt: str) -> bytes:
    # No provider's hash covers a lone surrogate.
    text = f"{client_id} {origin} {browser_state} {salt}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def verify_session_state(
    session_state: str, client_id: str, origin: str, browser_state: str
) -> bool:
    """Return whether ``session_state`` belongs to this session, as the provider's iframe does.

    :param session_state: the client's value, with the hash in hexadecimal or base64url
    :param client_id: the client's identifier
    :param origin: the origin of the message
    :param browser_state: the provider's state of the user's session in this browser

    OpenID Connect Session Management §3.2 and §4.2.

    Example::

        session_state = create_session_state("web", "https://rp.example", "state")
        verify_session_state(session_state, "web", "https://rp.example", "state")
    """
    digest, _, salt = str(session_state).rpartition(".")
    if not digest or not salt:
        return False
    expected = _digest(client_id, origin, browser_state, salt)
    encoded = encode_base64url(expected).decode()
    return any([same_text(digest, one) for one in (expected.hex(), encoded)])  # noqa: C419


def build_session_check_page(
    check_session_iframe: str,
    client_id: str,
    session_state: str,
    *,
    interval: float = 5.0,
    csp_nonce: str | None = None,
    policy: DiscoveryPolicy | None = None,
) -> SessionCheckPage:
    """Return the client's page that monitors the user's session at the provider.

    Serve it at your own origin and load it in an iframe of your pages.  It posts
    ``session_changed`` to the enclosing page when the user logged out or in: then send a request
    with ``prompt=none``; and ``session_error`` when the provider reports an error.  With browsers
    that block third-party cookies, providers report ``changed`` each time.

    :param check_session_iframe: its URL in the provider's metadata
    :param client_id: the client's identifier
    :param session_state: that of the authorization response
    :param interval: seconds between two checks, at least 1
    :param csp_nonce: for the script, at least 16 characters of base64; random if None
    :param policy: says where plain http is accepted, as for discovery

    Returns the header fields (a Content-Security-Policy that allows this script and the
    provider's iframe, nothing else) and the page.  Raises :class:`InvalidArgumentError`
    (a ``ValueError``) for values that cannot be used.  OpenID Connect Session Management §3.1.

    Example::

        headers, html = build_session_check_page(
            "https://op.example/session/check", "web", "hash.salt"
        )
    """
    try:
        parts = require_scheme(check_session_iframe, policy or DiscoveryPolicy())
    except ConfigurationException as error:
        raise InvalidArgumentError(f"check_session_iframe cannot be used: {error}") from None
    for name, value in (("client_id", client_id), ("session_state", session_state)):
        if not isinstance(value, str) or not value or not value.isprintable() or " " in value:
            raise InvalidArgumentError(f"{name} must not be empty, nor contain spaces")
    if not isinstance(interval, (int, float)) or not 1 <= interval <= _LONGEST:
        raise InvalidArgumentError("interval must be between one second and one day")
    nonce = secrets.token_urlsafe(24) if csp_nonce is None else csp_nonce
    if not isinstance(nonce, str) or not _NONCE.fullmatch(nonce):
        raise InvalidArgumentError("csp_nonce must be at least 16 characters of base64")
    origin = _browser_origin(parts)
    values = {
        "iframe": check_session_iframe,
        "origin": origin,
        "message": f"{client_id} {session_state}",
        "interval": int(interval * 1000),
    }
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "Content-Security-Policy": (
            f"default-src 'none'; script-src 'nonce-{nonce}'; frame-src {origin}; "
            "frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return SessionCheckPage(headers, _PAGE.format(nonce=nonce, values=_script_value(values)))


def _browser_origin(parts: SplitResult) -> str:
    """Return the origin as browsers write it: without the default port."""
    scheme, host, port = origin_of(parts)
    if not _HOST.fullmatch(host):
        raise InvalidArgumentError("check_session_iframe cannot be used: its host is malformed")
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" + ("" if port == _PORTS[scheme] else f":{port}")


def _script_value(values: object) -> str:
    """Return JSON that is safe inside a script: ``</script>`` cannot end it."""
    text = json.dumps(values)  # ASCII: without line separators that scripts would interpret
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
