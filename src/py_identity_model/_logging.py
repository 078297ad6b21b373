"""The package's logger, and the redaction of what must not reach it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from .exceptions import NetworkException, PyIdentityModelException

logger = logging.getLogger("py_identity_model")
logger.addHandler(logging.NullHandler())

REDACTED = "***REDACTED***"
_LONG = 100
_MOST_LOGGED = 200
_MOST_SCRUBBED = 8192
_COME_AGAIN = frozenset({"authorization_pending", "slow_down"})
_SECRET_NAMES = frozenset(
    {
        "accesstoken", "actortoken", "assertion", "authorization", "authreqid", "clientassertion",
        "clientnotificationtoken", "clientsecret", "code", "codeverifier", "cookie", "devicecode",
        "dpop", "idtoken", "idtokenhint", "initialaccesstoken", "jwt", "loginhinttoken",
        "logouttoken", "password", "privatekey", "refreshtoken", "registrationaccesstoken",
        "request", "requesturi", "secret", "setcookie", "softwarestatement", "subjecttoken",
        "token", "usercode",
    }
)  # fmt: skip
_SECRET_MEMBER = (  # compiled when first used: few processes ever log a response
    r'("(?:access_token|refresh_token|id_token|client_secret|client_assertion|assertion'
    r"|code_verifier|device_code|user_code|subject_token|actor_token|password"
    r'|registration_access_token|auth_req_id|request_uri)"\s*:\s*)"(?:[^"\\]|\\.)*"?'
)
_JWT = r"(?<![A-Za-z0-9_=-])eyJ[A-Za-z0-9_=-]+(?:\.[A-Za-z0-9_=-]*){1,4}"
_CREDENTIALS = r"(?i)\b(basic|bearer|dpop)(\s+)[A-Za-z0-9+/=._~-]{8,}"


def redact_sensitive(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of ``values`` that is safe to log.

    Values under known secret names become ``***REDACTED***`` (case, ``-`` and ``_`` do not
    matter), inside of mappings and lists as well; other strings of more than 100 characters are cut
    to 20.

    Example::

        redact_sensitive({"client_secret": "s3cret", "scope": "api"})
    """
    return {name: _redact(name, value) for name, value in values.items()}


def _redact(name: str, value: Any) -> Any:
    if re.sub("[-_]", "", str(name)).lower() in _SECRET_NAMES:
        return value if value is None else REDACTED
    if isinstance(value, Mapping):
        return redact_sensitive(value)
    if isinstance(value, (list, tuple)):
        inside = [_redact("", one) for one in value]
        return tuple(inside) if isinstance(value, tuple) else inside
    if isinstance(value, str) and len(value) > _LONG:
        return f"{value[:20]}...[TRUNCATED]"
    return value


def redact_token(token: str) -> str:
    """Return the first and last four characters of ``token``; none if it is shorter than 20.

    Example::

        redact_token("eyJhbGciOiJSUzI1NiJ9.e30.c2ln")  # eyJh...c2ln
    """
    return f"{token[:4]}...{token[-4:]}" if len(token) >= 20 else "***"


def redact_url(url: str) -> str:
    """Return ``url`` without user information, query and fragment, which may hold secrets.

    Example::

        redact_url("https://u:p@op.example/cb?code=1")  # https://op.example/cb
    """
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        plain = urlunsplit((parts.scheme, host, parts.path, "", ""))
        # Half of a surrogate pair would break any log handler that encodes it.
        return plain.encode("utf-8", "backslashreplace").decode()
    except (ValueError, TypeError, AttributeError):
        return "<unreadable URL>"


def scrub(text: str, secrets: Iterable[str | None] = ()) -> str:
    """Return ``text`` without ``secrets``, in any form in which they were sent, and without tokens.

    Short secrets are removed only as whole words: otherwise they may be part of another ("no" in
    "cannot").
    """
    known = [secret for secret in secrets if secret]
    if known:
        text = _without_echoes(text, known)
    text = re.sub(_SECRET_MEMBER, rf'\1"{REDACTED}"', text)
    text = re.sub(_CREDENTIALS, rf"\1\2{REDACTED}", text)
    return re.sub(_JWT, REDACTED, text)


def _without_echoes(text: str, secrets: Iterable[str]) -> str:
    """Return the beginning of ``text`` without ``secrets``.

    What follows is read only to recognize echoes that begin before: no server may decide how long
    its text keeps this process busy.
    """
    from ._echoes import echoes_in  # failures are rare

    pieces: list[str] = []
    last = 0
    for begin, end in echoes_in(text[: 2 * _MOST_SCRUBBED], secrets):
        if begin >= _MOST_SCRUBBED:
            break
        if begin > last or not pieces:  # those that overlap are one
            pieces += (text[last:begin], REDACTED)
        last = max(last, end)
    pieces.append(text[last:_MOST_SCRUBBED])
    if len(text) > _MOST_SCRUBBED:
        pieces.append("...[TRUNCATED]")
    return "".join(pieces)


def without_values(error: object) -> str:
    """Return a parser's error text without the pieces of input that it quotes."""
    return re.sub(r"(?:b?'[^']*'|b?\"[^\"]*\")", "...", str(error))


def log_failed_request(
    operation: str, address: object, kind: Enum | None, oauth_error: str | None = None
) -> None:
    """Log a failed request: its destination, and the reason.

    A poll that is asked to come again has not failed.
    """
    logger.log(
        logging.INFO if oauth_error in _COME_AGAIN else logging.ERROR,
        "%s failed: %s at %s%s",
        operation,
        "unknown" if kind is None else kind.value,
        redact_url(address) if isinstance(address, str) else "no address",
        "" if oauth_error is None else f", {one_line(oauth_error)}",
    )


def log_failure(event: str, where: str, error: PyIdentityModelException) -> None:
    """Log a failed login or renewal: its code, place, and reason.

    The text of a network exception may quote a response with personal data, so only the provider's
    registered error code is taken from it.
    """
    said = error.details.get("oauth_error")
    reason = said if isinstance(error, NetworkException) else str(error)
    logging.getLogger(f"{logger.name}.{event}").info(
        "%s failed: code=%s issuer=%s reason=%s",
        event,
        error.code,
        redact_url(where),
        one_line(scrub(str(reason or type(error).__name__))),
    )


def one_line(text: str) -> str:
    """Return the beginning of ``text``, without characters that could forge a log line."""
    return text.encode("unicode_escape").decode("ascii")[:_MOST_LOGGED]
