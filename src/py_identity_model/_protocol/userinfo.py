"""UserInfo requests (OpenID Connect Core §5.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from .._jose.dpop_proof import DPoPKey
from .._jose.encoding import header_text
from .._validation.config import TokenValidationConfig
from .._wire.certificate import MtlsClientAuth
from .._wire.compare import same_text
from .._wire.endpoint import Endpoint, json_object, refusal
from .._wire.messages import ErrorKind, HttpRequest, HttpResponse, Replay
from .._wire.models import BaseRequest, BaseResponse
from ..exceptions import InvalidArgumentError, UserInfoException

SIGNED = "application/jwt"


@dataclass(repr=False)
class UserInfoRequest(BaseRequest):
    """A request for the user's claims at ``address``, with an access token.

    ``expected_sub`` is the ``sub`` of the ID token: always pass it, OpenID Connect Core §5.3.2
    requires the comparison.  ``dpop_key`` is the key that the token is bound to, ``mtls`` the
    certificate.  A signed response is verified by ``token_validation_config`` (its ``audience`` is
    the client) and ``disco_doc_address``; without them it is only returned as ``raw``.  ``method``
    may be ``POST``; with ``token_in_body`` the token is a parameter of its form instead of a header
    field, for providers that accept it only there (RFC 6750 §2.2).

    Example::

        UserInfoRequest("https://op.example/me", access_token, expected_sub=claims["sub"])
    """

    _secret_fields: ClassVar[frozenset[str]] = frozenset({"token"})

    token: str
    expected_sub: str | None = None
    dpop_key: DPoPKey | None = None
    mtls: MtlsClientAuth | None = None
    token_validation_config: TokenValidationConfig | None = field(default=None, kw_only=True)
    disco_doc_address: str | None = field(default=None, kw_only=True)
    method: Literal["GET", "POST"] = field(default="GET", kw_only=True)
    token_in_body: bool = field(default=False, kw_only=True)


@dataclass(eq=False, repr=False)
class UserInfoResponse(BaseResponse):
    """The user's ``claims``; ``raw`` is a signed response as received."""

    _guarded_fields: ClassVar[frozenset[str]] = frozenset({"claims", "raw"})
    _secret_fields: ClassVar[frozenset[str]] = frozenset({"claims", "raw"})

    claims: dict[str, Any] | None = None
    raw: str | None = None


def build(request: UserInfoRequest) -> HttpRequest:
    """Return the HTTP request (OpenID Connect Core §5.3.1)."""
    if request.method not in ("GET", "POST"):
        raise InvalidArgumentError("method must be GET or POST")
    form: dict[str, str] | None = {} if request.method == "POST" else None
    if request.token_in_body:
        form = _form_with_token(request)
    return HttpRequest(
        request.method,
        request.address,
        headers={"Accept": "application/json, application/jwt"},
        form=form,
        access_token=None if request.token_in_body else request.token,
        dpop_key=request.dpop_key,
        certificate=request.mtls,
        replay=Replay.SAFE,
    )


def _form_with_token(request: UserInfoRequest) -> dict[str, str]:
    if request.method != "POST" or request.dpop_key is not None:
        raise InvalidArgumentError(
            "token_in_body needs method='POST', and no dpop_key: proofs need the header"
        )
    return {"access_token": header_text(request.token)}


def parse(request: UserInfoRequest, response: HttpResponse) -> UserInfoResponse:
    """Return the claims; a signed response still has to be verified."""
    if not response.is_success:
        return refusal(UserInfoResponse, "UserInfo request", request, response)
    if response.media_type == SIGNED:
        return UserInfoResponse(True, raw=response.content.decode("ascii", "replace"))
    return with_claims(request, json_object(response))


def with_claims(
    request: UserInfoRequest, claims: Mapping[str, Any], raw: str | None = None
) -> UserInfoResponse:
    """Return the claims if they are about the expected user (§5.3.2)."""
    expected, actual = request.expected_sub, claims.get("sub")
    if expected is None:
        return UserInfoResponse(True, claims=dict(claims), raw=raw)
    if not isinstance(actual, str) or not actual:
        return _mismatch_response("the sub claim is missing from the userinfo response")
    if not same_text(expected, actual):
        return _mismatch_response(
            f"sub mismatch: expected {expected}, the userinfo response has {actual}"
        )
    return UserInfoResponse(True, claims=dict(claims), raw=raw)


def _mismatch_response(text: str) -> UserInfoResponse:
    return UserInfoResponse(False, text, error_kind=ErrorKind.SUBJECT_MISMATCH)


def userinfo_error(address: str, response: UserInfoResponse) -> UserInfoException:
    """Return what to raise for a failed response: its code says whether it is about another."""
    stored = vars(response)
    said = stored["oauth_error"]
    code = (
        ErrorKind.SUBJECT_MISMATCH.value
        if stored["error_kind"] is ErrorKind.SUBJECT_MISMATCH
        else None
    )
    details = {} if said is None else {"oauth_error": said}
    return UserInfoException(
        str(stored["error"]), address, response.status_code, details, code=code
    )


ENDPOINT = Endpoint("UserInfo request", UserInfoResponse, build, parse)
