"""Cookies: their names, attributes and sizes (RFC 6265bis)."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..exceptions import InvalidArgumentError

_PIECE = 3500  # browsers keep 4096 bytes of a cookie, its name and attributes included
_MOST_PIECES = 2  # servers refuse headers beyond 8 KB
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
MOST_PENDING = 6
"""Logins that a browser may have under way: each is a cookie, and servers limit their sum."""


@dataclass(frozen=True)
class CookieJar:
    """The cookies of a login: ``name`` for the session, others for logins under way.

    ``is_secure`` is False for plain http on this machine alone: then the names lack the prefix
    ``__Host-``, which keeps cookies of other subdomains out.
    """

    name: str
    is_secure: bool = True

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InvalidArgumentError("cookie_name must be 1 to 40 letters, digits, _ or -")

    @property
    def session(self) -> str:
        """The name of the session's cookie."""
        # Flask and Starlette call a cookie of theirs ``session``: each would replace the other.
        return f"__Host-{self.name}" if self.is_secure else f"{self.name}-http"

    def pending(self, state: str) -> str:
        """Return the name of the cookie of the login with this state."""
        digest = hashlib.sha256(state.encode("utf-8", "replace")).digest()[:6]
        return f"{self.session}-login-{base64.urlsafe_b64encode(digest).decode()}"

    def all_pending(self, cookies: Mapping[str, str]) -> list[str]:
        """Return the names of the cookies of logins under way."""
        return [name for name in cookies if name.startswith(f"{self.session}-login-")]

    def pending_cookie(self, state: str, sealed: str, *, seconds: int, cross_site: bool) -> str:
        """Return the ``Set-Cookie`` of a login under way; ``cross_site`` if a form is posted."""
        return self._set(self.pending(state), sealed, seconds, cross_site=cross_site)

    def forget(self, name: str) -> str:
        """Return the ``Set-Cookie`` that removes a cookie."""
        return self._set(name, "", 0)

    def session_cookies(self, sealed: str, seconds: int | None) -> list[str] | None:
        """Return the fields ``Set-Cookie`` of a session; None for one that is too large.

        What may be left of a larger session is removed.  The request does not say whether there is
        something: a form that another site posts comes without the cookies of a session.
        """
        pieces = [sealed[at : at + _PIECE] for at in range(0, len(sealed), _PIECE)]
        if len(pieces) > _MOST_PIECES:
            return None
        names = self._pieces()
        fields = [self._set(name, one, seconds) for name, one in zip(names, pieces, strict=False)]
        return fields + [self.forget(name) for name in names[len(pieces) :]]

    def sealed_session(self, cookies: Mapping[str, str]) -> str | None:
        """Return the sealed session of a request."""
        first = cookies.get(self.session)
        if not first:
            return None
        more = [cookies.get(f"{self.session}.{n}", "") for n in range(1, _MOST_PIECES)]
        whole = first + "".join(more)
        return whole if len(whole) <= _PIECE * _MOST_PIECES else None

    def forget_session(self, cookies: Mapping[str, str]) -> list[str]:
        """Return the fields ``Set-Cookie`` that remove a session."""
        return [self.forget(name) for name in self._pieces() if name in {self.session, *cookies}]

    def _pieces(self) -> list[str]:
        return [self.session, *[f"{self.session}.{n}" for n in range(1, _MOST_PIECES)]]

    def _set(self, name: str, value: str, seconds: int | None, *, cross_site: bool = False) -> str:
        fields = [f"{name}={value}", "Path=/", "HttpOnly"]
        if seconds is not None:
            fields.append(f"Max-Age={seconds}")
        if self.is_secure or cross_site:
            fields.append("Secure")
        fields.append("SameSite=None" if cross_site else "SameSite=Lax")
        return "; ".join(fields)
