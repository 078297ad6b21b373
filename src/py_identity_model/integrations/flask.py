"""Logins and access tokens in Flask programs; install the extra ``flask``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, cast, overload

from . import extra

with extra("flask"):
    from flask import Blueprint, Flask, Request, Response, after_this_request, g, request

from .._resource_server.verified_access_token import VerifiedAccessToken
from .._web.answers import WebAnswer, WebRefusedException
from .._web.options import acr_values_of
from .._web.places import misplaced_error
from .._web.requests import MOST_FORM_BYTES, WebRequest, brings_token, quoted_path
from .._wire.arguments import scopes_from
from ..sync.session import Session
from ..sync.web import BearerGuard as _Guard
from ..sync.web import WebLogin as _Login
from ._flask_views import P, T, View, check_order, guard_view

__all__ = ["BearerGuard", "WebLogin"]


class WebLogin(_Login):
    """Logs browsers in and out; the parameters are those of the engine's ``WebLogin``.

    Example::

        login = WebLogin(client, secret=os.environ["SESSION_SECRET"])
        login.init_app(app)

        @app.get("/me")
        @login.required
        def me() -> dict[str, str]:
            return {"sub": login.user.subject}
    """

    def init_app(self, app: Flask) -> None:
        """Answer the paths of the login in an application; any number of them may share it.

        Requests raise TypeError as long as a view is served without the check written above its
        route.
        """
        app.register_blueprint(self.blueprint)

    @property
    def blueprint(self) -> Blueprint:
        """The paths of the login, for an application or another blueprint."""
        place, _, _ = next(iter(self.paths)).rpartition("/")  # an application may have several
        blueprint = Blueprint(f"oidc{place}".replace("/", "-").replace(".", "-"), __name__)
        for path, name in self.paths.items():
            endpoint = f"{name}-{path.rpartition('/')[2]}"
            blueprint.add_url_rule(path, endpoint, self._answer, methods=["GET", "POST"])
        blueprint.app_errorhandler(WebRefusedException)(lambda error: response_of(error.answer))
        blueprint.before_app_request(check_order)
        return blueprint

    def _answer(self) -> Response:
        answer = self.handle(_described())
        if answer is None and request.path not in self.paths:
            raise misplaced_error(request.path)
        return Response(status=404) if answer is None else response_of(answer)

    @property
    def current(self) -> Session | None:
        """The session of this request, or None where nobody is logged in.

        Raises :class:`WebRefusedException` where the store does not answer; the application
        answers 503 then.
        """
        found: dict[object, Session | None] = g.setdefault("oidc_sessions", {})
        if self not in found:
            found[self] = self.session(_described())
            _keep_private()
        return found[self]

    @property
    def user(self) -> Session:
        """The session of this request, below :meth:`required`."""
        session = self.current
        if session is None:
            raise RuntimeError("nobody is logged in: decorate the view with @login.required")
        return session

    @overload
    def required(self, view: View[P, T]) -> View[P, T]: ...

    @overload
    def required(
        self, *, acr_values: str | Sequence[str] = (), max_age: int | None = None
    ) -> Callable[[View[P, T]], View[P, T]]: ...

    def required(
        self,
        view: Callable[..., Any] | None = None,
        *,
        acr_values: str | Sequence[str] = (),
        max_age: int | None = None,
    ) -> Any:
        """Decorate a view that needs a login; plain and with arguments, for both kinds of views.

        Others are led to the login, scripts get 401.  See :meth:`WebLogin.require`.
        """

        levels = acr_values_of(acr_values)

        def check() -> None:
            session = self.require(_described(), acr_values=levels, max_age=max_age)
            g.setdefault("oidc_sessions", {})[self] = session
            _keep_private()

        return _before(check) if view is None else _before(check)(view)


class BearerGuard(_Guard):
    """Judges requests by their access tokens; the parameters are those of the engine's.

    Example::

        guard = BearerGuard("https://op.example", "api")

        @app.get("/orders")
        @guard.required("read")
        def orders() -> dict[str, str | None]:
            return {"user": guard.token.subject}
    """

    @property
    def token(self) -> VerifiedAccessToken:
        """The access token of this request, below :meth:`required`."""
        found = self.current
        if found is None:
            raise RuntimeError("no token was verified: decorate the view with @guard.required()")
        return found

    @property
    def current(self) -> VerifiedAccessToken | None:
        """The access token of this request, below :meth:`optional`; None if none came."""
        return cast("VerifiedAccessToken | None", g.get("oidc_tokens", {}).get(self))

    def optional(self, scopes: str | Iterable[str] = ()) -> Callable[[View[P, T]], View[P, T]]:
        """Decorate a view that everyone may see, or that other credentials open.

        A token that is there is judged as below :meth:`required`.
        """
        judge = self._judge(scopes)
        return _before(
            lambda: judge() if brings_token(request.headers.get("Authorization")) else None
        )

    def required(
        self,
        scopes: str | Iterable[str] = (),
        *,
        acr_values: str | Sequence[str] = (),
        max_age: float | None = None,
    ) -> Callable[[View[P, T]], View[P, T]]:
        """Decorate a view that needs an access token with these scopes, of either kind of views."""
        return _before(self._judge(scopes, acr_values=acr_values_of(acr_values), max_age=max_age))

    def _judge(self, scopes: str | Iterable[str], **more: Any) -> Callable[[], None]:
        if callable(scopes):
            raise TypeError("write @guard.required(), with the scopes that the view needs")
        # Once, for all requests: an iterator would be used up by the first.
        wanted = scopes_from("scopes", scopes)

        def judge() -> None:
            token = self.check(_described(), wanted, **more)
            g.setdefault("oidc_tokens", {})[self] = token
            if token.dpop_nonce is not None:
                _add_header("DPoP-Nonce", token.dpop_nonce)

        return judge


def _before(check: Callable[[], None]) -> Callable[[View[P, T]], View[P, T]]:
    return partial(guard_view, partial(_answer_of, check))


def _answer_of(check: Callable[[], None]) -> Response | None:
    try:
        check()
    except WebRefusedException as error:
        return response_of(error.answer)
    return None


def response_of(answer: WebAnswer) -> Response:
    """Return Flask's form of an answer."""
    response = Response(answer.body, answer.status)
    response.headers.clear()
    response.headers.extend(answer.headers)
    return response


class _FlaskRequest(WebRequest):
    """Looks up what is asked for: Flask takes 20 microseconds to list all header fields."""

    def __init__(self, current: Request) -> None:
        members = vars(self)
        members["method"], members["headers"] = current.method, current.headers
        members["is_websocket"], members["native"] = False, current

    @cached_property
    def path(self) -> str:
        """The path below the mount path, percent-encoded."""
        current: Any = self.native
        return quoted_path(current.path)

    @cached_property
    def query(self) -> str:
        """The query, without ``?``."""
        current: Any = self.native
        return str(current.query_string.decode("latin-1"))

    @cached_property
    def form(self) -> Mapping[str, Sequence[str]]:
        """The fields of a posted form, unless it is too long."""
        current: Any = self.native
        is_form = current.method == "POST" and (current.content_length or 10**9) <= MOST_FORM_BYTES
        return current.form.to_dict(flat=False) if is_form else {}

    @cached_property
    def base_url(self) -> str:
        """Scheme, host and mount path, as the server saw them."""
        current: Any = self.native
        return f"{current.scheme}://{current.host}{quoted_path(current.root_path.rstrip('/'))}"

    def all_headers(self, name: str) -> list[str]:
        """Return the value of a header field, if it is there."""
        current: Any = self.native
        value = current.headers.get(name)  # WSGI servers join those that are repeated
        return [] if value is None else [value]


def _described() -> WebRequest:
    proxy: Any = request
    return _FlaskRequest(proxy._get_current_object())


def _keep_private() -> None:
    """Say that the page is one user's: caches, and the back button after a logout, ask again."""
    _add_header("Cache-Control", "private, no-store")


def _add_header(name: str, value: str) -> None:
    @after_this_request
    def add(response: Response) -> Response:
        response.headers.setdefault(name, value)
        return response
