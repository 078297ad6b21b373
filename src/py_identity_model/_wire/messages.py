"""The HTTP messages between pure code and the transport, and the kinds of failures."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from json import dumps as dump_json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from .._jose.encoding import header_text, parse_json
from .._logging import redact_url, scrub
from ..exceptions import (
    ConfigurationException,
    DiscoveryHTTPSRequiredError,
    InvalidArgumentError,
    NetworkException,
    ResponseRefusedException,
    TokenValidationException,
)

if TYPE_CHECKING:  # validating a token sends requests too, but needs none of these
    from .._jose.dpop_proof import DPoPKey
    from .certificate import MtlsClientAuth
    from .client_authentication import ClientAuthentication

MAX_BODY = 1024 * 1024
_MAX_QUOTED = 2048
_FORM = "application/x-www-form-urlencoded"
HTML = frozenset({"text/html", "application/xhtml+xml"})
_SECRET_HEADERS = frozenset({"authorization", "dpop", "cookie"})
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_PUBLIC_PARAMETERS = frozenset(
    {
        *("grant_type", "client_id", "scope", "redirect_uri", "resource", "audience"),
        *("response_type", "response_mode", "code_challenge", "code_challenge_method"),
        *("client_assertion_type", "subject_token_type", "actor_token_type"),
        *("requested_token_type", "token_type_hint", "acr_values", "requested_expiry"),
        *("prompt", "max_age", "display", "ui_locales", "claims_locales", "dpop_jkt"),
    }
)
"""Form parameters that may be quoted; all others, including new ones, may not."""

USUAL_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}
"""Default header fields of every request; our own clients set them themselves."""


class ErrorKind(Enum):
    """The reason why a response failed."""

    NETWORK_ERROR = "network_error"
    RESPONSE_REFUSED = "response_refused"
    UNEXPECTED_STATUS = "unexpected_status"
    INVALID_JSON = "invalid_json"
    INVALID_DOCUMENT = "invalid_document"
    HTTPS_REQUIRED = "https_required"
    INVALID_CONFIGURATION = "invalid_configuration"
    EXPIRED = "expired"
    VERIFICATION_FAILED = "verification_failed"
    SUBJECT_MISMATCH = "userinfo_subject_mismatch"
    UNEXPECTED_ERROR = "unexpected_error"


class Replay(Enum):
    """When the same request may be sent again."""

    SAFE = "safe"
    """After any transport error, 429 and 5xx: a repetition has no side effect."""

    UNSENT = "unsent"
    """Only if it was certainly not sent, and on 429: a code can be used only once."""


class EncodedRequest(NamedTuple):
    """Header fields and body of one attempt."""

    headers: dict[str, str]
    content: bytes | None

    def __repr__(self) -> str:
        return "EncodedRequest(...)"  # both hold credentials

    def secrets(self) -> Iterator[str]:
        """Return the values that must not be quoted if the server echoes them."""
        for name, value in self.headers.items():
            if name.lower() in _SECRET_HEADERS:
                yield from (value, value.rpartition(" ")[2])
        if self.headers.get("Content-Type") == _FORM and self.content is not None:
            for name, value in parse_qsl(self.content.decode()):
                if name not in _PUBLIC_PARAMETERS:
                    yield value


class HttpRequest(NamedTuple):
    """A request to send.  :meth:`encode` adds fresh credentials for each attempt."""

    method: str
    url: str
    headers: Mapping[str, str] = _NO_HEADERS
    form: Mapping[str, str | Sequence[str]] | None = None
    json: Mapping[str, Any] | None = None
    client_id: str | None = None
    authentication: "ClientAuthentication | None" = None
    access_token: str | None = None
    dpop_key: "DPoPKey | None" = None
    certificate: "MtlsClientAuth | None" = None
    ca_file: str | None = None
    replay: Replay = Replay.SAFE
    etag: str | None = None
    max_body: int = MAX_BODY

    def __repr__(self) -> str:
        return f"HttpRequest({self.method!r}, {redact_url(self.url)!r})"

    def encode(
        self,
        *,
        nonce: str | None = None,
        assertion: str | None = None,
        proof: Mapping[str, str] | None = None,
    ) -> EncodedRequest:
        """Return the header fields and body of one attempt.

        ``nonce`` is the server's nonce for DPoP proofs; ``assertion`` comes from the source of the
        client authentication, for this attempt; ``proof`` are the header fields of a proof that was
        made already.
        """
        headers = dict(self.headers)
        if self.etag is not None:
            headers["If-None-Match"] = self.etag
        headers |= self._token_headers(nonce) if proof is None else proof
        if self.json is not None:
            headers["Content-Type"] = "application/json"
            return EncodedRequest(headers, dump_json(self.json).encode())
        if self.form is None:
            return EncodedRequest(headers, None)
        form = dict(self.form)
        if self.authentication is not None and self.client_id is not None:
            credentials = self.authentication.credentials(self.client_id, self.url, assertion)
            headers |= credentials.headers
            form |= credentials.form
        headers["Content-Type"] = _FORM
        return EncodedRequest(headers, urlencode(form, doseq=True).encode())

    def _token_headers(self, nonce: str | None) -> dict[str, str]:
        if self.dpop_key is not None:
            from .._jose.dpop_proof import proof_headers

            return proof_headers(self.dpop_key, self.method, self.url, self.access_token, nonce)
        if self.access_token is None:
            return {}
        return {"Authorization": f"Bearer {header_text(self.access_token)}"}


class HttpResponse(NamedTuple):
    """A complete response: within its size limit, neither redirected nor encoded.

    A 304 is returned only if the request had an ``etag``.
    """

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    sent: EncodedRequest | None = None

    def __repr__(self) -> str:
        return f"HttpResponse({self.status_code}, {len(self.content)} bytes)"

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status_code < 300

    @property
    def media_type(self) -> str:
        """The media type, in lower case and without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self, *, unique: bool = False) -> Any:
        """Return the parsed body; raise ValueError, also for NaN and excessive nesting.

        ``unique`` refuses objects that have a member twice.
        """
        text = self.content.removeprefix(_BYTE_ORDER_MARK).decode()
        return parse_json(text, allow_duplicates=not unique)

    def quoted(self, *secrets: str | None) -> str:
        """Return the body for an error text: truncated, and without ``secrets``."""
        text = self.scrubbed(self.content.decode("utf-8", "replace"), secrets)
        return text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}...[TRUNCATED]"

    def scrubbed(self, text: str, secrets: Iterable[str | None]) -> str:
        """Return ``text`` of this response without ``secrets`` and without the values sent."""
        sent = () if self.sent is None else self.sent.secrets()
        return scrub(text, (*secrets, *sent))


class AssertionRequest(NamedTuple):
    """A request whose response contains the client's assertion for another request."""

    request: HttpRequest
    read: Callable[[HttpResponse], str]


class UnusableAnswer(Exception):
    """A 2xx response with a malformed body; never leaves the package."""

    def __init__(self, text: str, kind: ErrorKind = ErrorKind.INVALID_DOCUMENT) -> None:
        super().__init__(text)
        self.kind = kind


def failure_of(error: Exception, operation: str) -> dict[str, Any]:
    """Return the fields of a failed response for an exception raised while sending."""
    if isinstance(error, UnusableAnswer):
        return _failure(error, "Unexpected", operation, error.kind)
    if isinstance(error, TokenValidationException) and not isinstance(error, NetworkException):
        return _failure(error, "Unexpected", operation, ErrorKind.VERIFICATION_FAILED)
    if isinstance(error, ResponseRefusedException):
        return _failure(error, "Unexpected", operation, ErrorKind.RESPONSE_REFUSED)
    if isinstance(error, NetworkException):
        return _failure(error, "Network", operation, ErrorKind.NETWORK_ERROR)
    if isinstance(error, DiscoveryHTTPSRequiredError):
        return _failure(error, "Unexpected", operation, ErrorKind.HTTPS_REQUIRED)
    if isinstance(error, (ConfigurationException, InvalidArgumentError)):
        return _failure(error, "Unexpected", operation, ErrorKind.INVALID_CONFIGURATION)
    return _failure(error, "Unexpected", operation, ErrorKind.UNEXPECTED_ERROR)


def _failure(error: Exception, word: str, operation: str, kind: ErrorKind) -> dict[str, Any]:
    return {
        "is_successful": False,
        "error": f"{word} error during {operation}: {error}",
        "error_kind": kind,
    }


def oauth_error_of(response: HttpResponse, *secrets: str | None) -> dict[str, Any]:
    """Return the OAuth error members of a failed response (RFC 6749 §5.2), None where absent."""
    try:
        body = response.json()
    except ValueError:
        body = None
    members = body if isinstance(body, dict) else {}
    said = {name: members.get(name) for name in ("error", "error_description", "error_uri")}
    return {
        f"oauth_{name}": response.scrubbed(text, secrets) if isinstance(text, str) else None
        for name, text in said.items()
    }


def redirect_text(response_status: int, location: str | None) -> str:
    """Return the error text for a redirect that was not followed."""
    target = redact_url(location) if location else "nowhere"
    return f"redirect refused: status {response_status} points to {target}"
