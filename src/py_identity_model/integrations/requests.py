"""Tokens for ``requests``: an ``auth`` for a session or a call."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any
from urllib.parse import urljoin

from . import extra

with extra("requests"):
    from requests import PreparedRequest, Response
    from requests.auth import AuthBase

from ..sync.token_headers import RequestHeaders, TokenHeaders
from ..sync.token_source import TokenSource

__all__ = ["TokenAuth"]


class TokenAuth(AuthBase):
    """Puts a source's token on the requests to certain origins; others go without.

    :param source: provides the tokens
    :param origins: those that get the token, as ``https://host[:port]``
    :param allow_tokens_over_plain_http: permits ``http`` origins on other machines

    A 401 renews the token once, and the request is sent again if its body can be.  A redirect to
    another origin carries neither token nor proof.  Sending a request raises the exceptions of
    :meth:`TokenSource.get_token`.  RFC 6750 §2.1, RFC 9449 §7.1.

    Example::

        session = requests.Session()
        session.auth = TokenAuth(source, origins=["https://api.example"])
    """

    def __init__(
        self,
        source: TokenSource,
        *,
        origins: Collection[str],
        allow_tokens_over_plain_http: bool = False,
    ) -> None:
        self._headers = TokenHeaders(
            source, origins=origins, allow_tokens_over_plain_http=allow_tokens_over_plain_http
        )

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Put the token on a request that is being prepared."""
        if self._headers.covers(str(r.url)):
            request = self._headers.of_request(str(r.url), str(r.method))
            r.headers.update(request.first())
            r.hooks["response"].append(partial(self._answer, request))
        return r

    def _answer(self, request: RequestHeaders, response: Response, **options: Any) -> Response:
        """Return the response, or that to another attempt; ``options`` are those of the request."""
        # A redirected request has the hooks of the first, and no token at another origin: what is
        # in its Authorization there is from a .netrc file.
        asked = response.request
        if "Authorization" not in asked.headers or not request.is_same_origin(str(asked.url)):
            return response
        body = response.request.body
        is_repeatable = body is None or isinstance(body, (bytes, str))
        while again := request.again(
            response.status_code, response.headers, is_repeatable=is_repeatable
        ):
            response = _send_again(response, again, options)
        if response.is_redirect and not request.is_same_origin(_target(response)):
            for name in ("Authorization", "DPoP"):  # requests itself would leave the proof
                response.request.headers.pop(name, None)
        return response


def _target(response: Response) -> str:
    try:
        return urljoin(str(response.url), response.headers["location"])
    except ValueError:  # requests itself refuses it in a moment
        return ""


def _send_again(response: Response, fields: dict[str, str], options: dict[str, Any]) -> Response:
    response.content  # noqa: B018  read to its end, so that the connection can be used again
    response.close()
    request = response.request  # no copy: requests makes redirected ones of this object
    request.headers.update(fields)
    following: Response = response.connection.send(request, **options)
    following.history.append(response)
    following.request = request
    return following
