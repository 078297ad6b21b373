# Generated from aio/web/bearer_guard.py by scripts/make_sync.py; edit that file.
"""Access tokens of HTTP requests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..._resource_server.verified_access_token import VerifiedAccessToken
from ..._web.answers import WebRefusedException, json_answer
from ..._web.certificates import certificate_of
from ..._web.places import Place
from ..._web.requests import WebRequest
from ..._wire.arguments import check_text
from ...exceptions import AccessTokenRefusedException, InvalidArgumentError
from ..access_token_verifier import AccessTokenVerifier
from ..trusted_issuers import Issuers


class BearerGuard:
    """Judges requests by their access tokens, behind any framework.

    :param issuers: who is trusted, as :class:`AccessTokenVerifier` takes it; or a verifier
    :param audience: this API, by one or several names that tokens have in ``aud``
    :param public_url: the address that clients use, where a proxy hands requests on to another one;
        proofs of possession (DPoP) name it.  By default it is what the server saw
    :param certificate_header: the field in which a proxy hands on the client's certificate, for
        tokens bound to one: RFC 9440, or PEM.  The proxy must remove it from requests that
        bring it along; without this name no field is believed

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for an address that is not one, and
    for an audience beside a verifier, which has its own.

    Example::

        guard = BearerGuard("https://op.example", "api")
    """

    def __init__(
        self,
        issuers: Issuers | AccessTokenVerifier,
        audience: str | Sequence[str] | None = None,
        *,
        public_url: str | None = None,
        certificate_header: str | None = None,
    ) -> None:
        if isinstance(issuers, AccessTokenVerifier):
            if audience is not None:
                raise InvalidArgumentError("audience belongs to the verifier: name it there")
            self.verifier = issuers
        else:
            self.verifier = AccessTokenVerifier(issuers, audience)
        self._public = None if public_url is None else Place.of(public_url).url
        check_text("certificate_header", certificate_header)
        self._certificate_header = certificate_header

    def check(
        self,
        request: WebRequest,
        scopes: str | Iterable[str] = (),
        *,
        acr_values: str | Sequence[str] = (),
        max_age: float | None = None,
    ) -> VerifiedAccessToken:
        """Return the access token of a request, if it grants what is needed.

        The parameters are those of :meth:`AccessTokenVerifier.verify`.  Raises
        :class:`WebRefusedException`, which knows its answer: status, challenge, and the code as
        ``{"error": …}``.  RFC 6750 §3.

        Example::

            token = guard.check(request, ["read"])
        """
        header, authorization = self._certificate_header, request.header("authorization")
        try:
            return self.verifier.verify(
                authorization,
                method=request.method,
                uri=self._uri(request, authorization),
                dpop=request.all_headers("dpop") or None,
                certificate=None if header is None else certificate_of(request.all_headers(header)),
                scopes=scopes,
                acr_values=acr_values,
                max_age=max_age,
            )
        except AccessTokenRefusedException as error:
            answer = json_answer(error.status_code, error.code, *error.headers.items())
            raise WebRefusedException(error.message, answer, code=error.code) from error

    def _uri(self, request: WebRequest, authorization: str | None) -> str | None:
        """Return the URI of a request, unless no proof of possession may name it."""
        if authorization is not None and authorization.startswith("Bearer "):
            return None
        return (self._public or request.base_url.rstrip("/")) + request.path
