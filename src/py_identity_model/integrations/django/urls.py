"""The paths of a login; include them where you like."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from .conf import web_login
from .requests import described, response_of

app_name = "oidc"


def _answer(request: HttpRequest) -> HttpResponse:
    answer = web_login().handle(described(request, with_form=True))
    return HttpResponse(status=404) if answer is None else response_of(answer)


for _alias in connections:  # SQLite has one writer, and records are written beside it
    transaction.non_atomic_requests(using=_alias)(_answer)


def _public(view: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    return login_not_required(view)


# The provider posts to these, or another site by way of the browser: the login judges them itself.
_exempt = _public(csrf_exempt(_answer))

urlpatterns = [
    path("login", _exempt, name="login"),
    path("callback", _exempt, name="callback"),
    path("logout", _public(_answer), name="logout"),
    path("backchannel-logout", _exempt, name="backchannel"),
    path("frontchannel-logout", _exempt, name="frontchannel"),
]
