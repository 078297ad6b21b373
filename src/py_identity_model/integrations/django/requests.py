"""Requests and answers, as Django has them and as the engine does."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from ..._web.answers import WebAnswer
from ..._web.requests import MOST_FORM_BYTES, WebRequest, quoted_path


def described(request: HttpRequest, *, with_form: bool = False) -> WebRequest:
    """Return what the engine needs to know of a request; bodies are read where it wants them."""
    script = request.path.removesuffix(request.path_info)
    is_form = with_form and request.method == "POST" and len(request.body) <= MOST_FORM_BYTES
    return WebRequest(
        request.method or "GET",
        f"{request.scheme}://{request.get_host()}{quoted_path(script)}",
        quoted_path(request.path_info),
        request.META.get("QUERY_STRING", ""),
        list(request.headers.items()),
        dict(request.POST.lists()) if is_form else {},
        native=request,
    )


def django_of(request: WebRequest) -> HttpRequest:
    """Return Django's form of a request."""
    assert isinstance(request.native, HttpRequest)
    return request.native


def response_of(answer: WebAnswer) -> HttpResponse:
    """Return Django's form of an answer."""
    response = HttpResponse(answer.body, status=answer.status)
    for name, value in answer.headers:
        if name == "Set-Cookie":
            response.cookies.load(value)
        else:
            response[name] = value
    return response
