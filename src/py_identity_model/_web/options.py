"""What a program decides about its logins, and the paths that follow from it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .._relying_party.client_parameters import AuthorizationParameters
from .._wire.arguments import check_given, check_kind, check_switches, names_of
from ..exceptions import ConfigurationException, InvalidArgumentError
from .answers import WebRefusedException, json_answer
from .cookies import CookieJar
from .places import Place
from .requests import WebRequest
from .targets import local_target

Sessions = Literal["stored", "sealed"]
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
PATHS = {
    "login": "/login",
    "callback": "/callback",
    "logout": "/logout",
    "backchannel": "/backchannel-logout",
    "frontchannel": "/frontchannel-logout",
}
"""Where a login answers, below its prefix."""

_MODES = frozenset({None, "query", "form_post", "jwt", "query.jwt", "form_post.jwt"})
PENDING_SECONDS = 3600
"""How long a login may take: passwords are forgotten, and second factors are in another room."""


@dataclass(frozen=True)
class LoginOptions:
    """Addresses, cookies and parameters of logins."""

    public_url: str | None
    prefix: str
    after_login: str
    after_logout: str
    cookie_name: str
    userinfo: bool
    response_mode: str | None
    parameters: AuthorizationParameters
    extra_parameters: Mapping[str, Any]
    allow_plain_http: bool
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in ("prefix", "after_login", "after_logout", "cookie_name"):
            check_given(name, getattr(self, name), str)
        for name in ("public_url", "response_mode"):
            check_kind(name, getattr(self, name), str)
        check_switches(userinfo=self.userinfo, allow_logins_over_plain_http=self.allow_plain_http)
        for name in ("parameters", "extra_parameters"):
            check_kind(name, getattr(self, name), Mapping)
        if self.response_mode not in _MODES:
            raise InvalidArgumentError(
                f"response_mode must be one of {', '.join(sorted(filter(None, _MODES)))}: "
                "browsers send no fragment to a server"
            )
        if not _PREFIX.fullmatch(self.prefix):
            raise InvalidArgumentError("prefix must be empty, or a path such as /auth")
        if not self.names or not all(_NAME.fullmatch(name) for name in self.names):
            raise InvalidArgumentError(
                "clients must be a client, or clients by names of letters, digits, _ and -"
            )
        for name in ("after_login", "after_logout"):
            if local_target(getattr(self, name)) is None:
                raise InvalidArgumentError(f"{name} must be a path of this site, such as /")
        CookieJar(self.cookie_name)
        if self.public_url is not None:
            self.place_of(self.public_url)

    def place(self, request: WebRequest) -> Place:
        """Return where browsers find the program.

        Raises ConfigurationException for plain http, and WebRefusedException for a ``Host`` that
        is not one.
        """
        if self.public_url is not None:
            return self.place_of(self.public_url)
        try:
            return self.place_of(request.base_url)
        except InvalidArgumentError:
            answer = json_answer(400, "invalid_host")
            raise WebRefusedException("the request names no host", answer) from None

    def place_of(self, url: str) -> Place:
        """Return the place of an address that logins may use."""
        place = Place.of(url)
        place.check_secure(allow_plain_http=self.allow_plain_http)
        return place

    def callback_path(self, provider: str) -> str:
        """Return the path that the browser comes back to.

        Each of several providers has its own, so that none can pass for another (RFC 9700 §4.4).
        """
        return self.prefix + PATHS["callback"] + (f"/{provider}" if len(self.names) > 1 else "")

    def target(self, place: Place, wanted: str | None) -> str:
        """Return where a login leads: ``wanted`` if that is another page of this site."""
        target = local_target(wanted)
        if target is None:
            return place.root + self.after_login
        path = target.partition("?")[0].partition("#")[0].removeprefix(place.root)
        own = path in self.paths() or path.startswith(self.prefix + PATHS["callback"])
        return place.root + self.after_login if own else target

    def paths(self) -> dict[str, str]:
        """Return the name of what answers at each path."""
        callbacks = {self.callback_path(name): "callback" for name in self.names}
        fixed = {self.prefix + path: name for name, path in PATHS.items() if name != "callback"}
        return fixed | callbacks


def check_sealed(sessions: Sessions, **orders: bool | None) -> dict[str, bool]:
    """Return which logouts by the provider are on; raise for those that sealed sessions exclude.

    Nobody can end a session that only a cookie holds but the browser that has it.
    """
    if sessions not in ("stored", "sealed"):  # a list cannot be looked up in a set
        raise InvalidArgumentError("sessions must be 'stored' or 'sealed'")
    for name, on in orders.items():
        check_kind(name, on, bool)
    asked = [name for name, on in orders.items() if on]
    if sessions == "sealed" and asked:
        raise ConfigurationException(
            f"{' and '.join(asked)} cannot end sessions that are sealed into cookies: leave it "
            "out, or use sessions='stored'",
            code="sealed_sessions_cannot_end",
        )
    return {name: on is not False and sessions == "stored" for name, on in orders.items()}


def acr_values_of(values: str | Sequence[str]) -> tuple[str, ...]:
    """Return acr values: a text is split at spaces."""
    return tuple(values.split() if isinstance(values, str) else names_of("acr_values", values))
