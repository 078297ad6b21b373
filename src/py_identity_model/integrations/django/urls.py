"""The paths of a login; include them where you like."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from ..._web.options import PATHS
from .conf import web_login
from .requests import described, response_of

app_name = "oidc"


def _answer(request: HttpRequest, **_: str) -> HttpResponse:
    answer = web_login().handle(described(request, with_form=True))
    return HttpResponse(status=404) if answer is None else response_of(answer)


for _alias in connections:  # SQLite has one writer, and records are written beside it
    transaction.non_atomic_requests(using=_alias)(_answer)


def _view(name: str) -> Callable[..., HttpResponse]:
    """Return the view of a path; the provider, and other sites, may post to all but the logout."""
    return login_not_required(_answer if name == "logout" else csrf_exempt(_answer))


urlpatterns = [path(route[1:], _view(name), name=name) for name, route in PATHS.items()]
# Each of several providers has a callback of its own.
urlpatterns.append(path("callback/<slug:provider>", _view("callback")))
