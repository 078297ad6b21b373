"""Sessions that end when the provider, or the token's end, says so."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from django.contrib import auth
from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from ..._web.answers import WebRefusedException
from .conf import web_login
from .login import KEY
from .requests import described, response_of


@receiver(user_logged_out)
def _end(*, request: HttpRequest | None, **_: object) -> None:
    if request is not None and KEY in request.session:
        with suppress(WebRefusedException):  # the user leaves all the same
            web_login().end(request)


class OIDCMiddleware:
    """Logs users out whose login has ended, and renews those whose access token has expired.

    It reads the record once for each request of a user who logged in by the provider, who is
    then ``request.oidc_session``; others cost nothing.  Put it after AuthenticationMiddleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve a request."""
        session = None
        if KEY in request.session:
            try:
                session = web_login().session(described(request))
            except WebRefusedException as error:
                return response_of(error.answer)
            if session is None:
                del request.session[KEY]  # it has ended: nothing is left to revoke
                auth.logout(request)
        vars(request)["oidc_session"] = session
        response = self._get_response(request)
        if session is not None:
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response
