"""``WWW-Authenticate`` challenges (RFC 9110 §11.6.1, 6750, 9449, 9470, 9728)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..exceptions import InvalidArgumentError
from .models import Scope, scope_text

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_PLAIN = (
    r"""'[^',"]*'|[^\s,"]+"""  # more than a token: URLs may come without quotes, or with wrong ones
)
_PIECE = re.compile(
    rf'(?:(?P<name>{_TOKEN})\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>{_PLAIN}))'
    rf"|(?P<scheme>{_TOKEN})(?:[ \t]+(?P<token68>[A-Za-z0-9\-._~+/]+=*)(?=\s*(?:,|$)))?"
    rf"(?=\s|,|$))"
)
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_MOST = 16 * 1024


@dataclass(frozen=True)
class Challenge:
    """A challenge of a server: a ``scheme``, in lower case, and its ``parameters``."""

    scheme: str
    parameters: Mapping[str, str]

    @property
    def error(self) -> str | None:
        """The reason of the refusal: ``invalid_token``, ``insufficient_scope``..."""
        return self.parameters.get("error")

    @property
    def scope(self) -> str | None:
        """The scope that the request needs (RFC 6750 §3)."""
        return self.parameters.get("scope")

    @property
    def resource_metadata(self) -> str | None:
        """The URL of the resource's metadata (RFC 9728 §5.1)."""
        return self.parameters.get("resource_metadata")

    @property
    def acr_values(self) -> str | None:
        """The authentication levels that would be accepted (RFC 9470 §3)."""
        return self.parameters.get("acr_values")

    @property
    def max_age(self) -> int | None:
        """The maximum age of the login, in seconds (RFC 9470 §3)."""
        text = self.parameters.get("max_age", "")
        return int(text[:12]) if text.isascii() and text.isdigit() else None


def parse_www_authenticate(header: str | Iterable[str]) -> list[Challenge]:
    """Return the challenges in a ``WWW-Authenticate`` header, or in several.

    :param header: the value of the header, or all its values

    Schemes and names of parameters are returned in lower case; of two equal parameters the first
    counts.  Malformed input ends the list: it never raises.  RFC 9110 §11.6.1, RFC 6750 §3, RFC
    9449 §7.1, RFC 9470 §3, RFC 9728 §5.1.

    Example::

        for challenge in parse_www_authenticate('Bearer error="invalid_token"'):
            print(challenge.scheme, challenge.error)
    """
    lines = [header] if isinstance(header, str) else list(header)
    return [challenge for line in lines for challenge in _parse(line[:_MOST])]


def _parse(text: str) -> list[Challenge]:
    found: list[tuple[str, dict[str, str]]] = []
    place = _after_separators(text, 0)
    while piece := _PIECE.match(text, place):
        if piece["scheme"] is not None:
            token68 = {"token68": piece["token68"]} if piece["token68"] else {}
            found.append((piece["scheme"].lower(), token68))
        elif not found:
            break
        else:
            found[-1][1].setdefault(piece["name"].lower(), _value(piece))
        place = _after_separators(text, piece.end())
    return [Challenge(scheme, parameters) for scheme, parameters in found]


def _value(piece: re.Match[str]) -> str:
    quoted, plain = piece["quoted"], piece["plain"]
    if quoted is not None:
        return re.sub(r"\\(.)", r"\1", quoted)
    in_quotes = len(plain) > 1 and plain[0] == plain[-1] == "'"
    return plain[1:-1] if in_quotes else plain


def _after_separators(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t,":
        place += 1
    return place


def build_www_authenticate(
    scheme: str = "Bearer",
    *,
    realm: str | None = None,
    error: str | None = None,
    error_description: str | None = None,
    error_uri: str | None = None,
    scope: Scope | None = None,
    acr_values: str | None = None,
    max_age: int | None = None,
    resource_metadata: str | None = None,
    algs: str | None = None,
) -> str:
    """Return a ``WWW-Authenticate`` header for a refused request.

    :param scheme: ``Bearer`` or ``DPoP``
    :param realm: the name of the protected area
    :param error: the error code
    :param error_description: a text for developers
    :param error_uri: a page about the error
    :param scope: the scope that the request needs
    :param acr_values: acceptable authentication levels, space-separated
    :param max_age: the maximum age of the login, in seconds
    :param resource_metadata: the URL of the API's metadata
    :param algs: with ``DPoP``, the signature algorithms, space-separated

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for values that a header cannot contain.
    RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3, RFC 9728 §5.1.

    Example::

        build_www_authenticate(error="insufficient_scope", scope=["orders:write"])
    """
    values = {
        "realm": realm,
        "error": error,
        "error_description": error_description,
        "error_uri": error_uri,
        "scope": scope_text(scope),
        "acr_values": acr_values,
        "max_age": None if max_age is None else str(max_age),
        "resource_metadata": resource_metadata,
        "algs": algs,
    }
    if not re.fullmatch(_TOKEN, scheme):
        raise InvalidArgumentError("scheme must be a token (RFC 9110 §5.6.2)")
    given = [f"{name}={_quoted(name, text)}" for name, text in values.items() if text is not None]
    return f"{scheme} {', '.join(given)}" if given else scheme


def _quoted(name: str, text: str) -> str:
    if not _PRINTABLE.fullmatch(text):
        raise InvalidArgumentError(f"{name} must be printable ASCII")
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
