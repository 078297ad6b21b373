"""Tokens on requests of a user's own HTTP client: the parts that need no waiting."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from .._jose.encoding import header_text
from .._logging import logger, redact_url
from .._wire.urls import fold_host, is_loopback, origin_of, split_url
from .._wire.www_authenticate import parse_www_authenticate
from ..exceptions import ConfigurationException, InvalidArgumentError, PyIdentityModelException

_MOST_ORIGINS = 1000
_TAKES = {
    "MCPAuth": "a blocking client; an awaitable one takes py_identity_model.aio.AsyncMCPAuth",
    "AsyncMCPAuth": "an awaitable client; a blocking one takes py_identity_model.MCPAuth",
    "TokenAuth": "a blocking client; an awaitable one takes py_identity_model.aio.AsyncTokenAuth",
    "AsyncTokenAuth": "an awaitable client; a blocking one takes py_identity_model.TokenAuth",
}
Origin = tuple[str, str, int | None]


def wrong_client_error(name: str) -> ConfigurationException:
    """Return the exception for an auth object called ``name`` and the other API's client."""
    return ConfigurationException(f"{name} is for {_TAKES[name]}", code="wrong_kind_of_auth")


class RefusedTokens:
    """The last token of each origin that was refused although it was new.

    For an API that refuses every token, a token must not be renewed at each call.
    """

    def __init__(self) -> None:
        self._last: dict[Origin, str] = {}

    def add(self, origin: Origin, token: str) -> None:
        """Remember that ``origin`` refused a token that was renewed for it."""
        if len(self._last) >= _MOST_ORIGINS:
            self._last.clear()
        self._last[origin] = token

    def forget(self, origin: Origin) -> None:
        """Forget what ``origin`` refused: it accepted a token."""
        self._last.pop(origin, None)

    def __contains__(self, item: tuple[Origin, str]) -> bool:
        origin, token = item
        return self._last.get(origin) == token


def origin_of_url(url: Any) -> Origin:
    """Return scheme, host and port of an httpx URL, with the default port filled in."""
    usual = {"http": 80, "https": 443}.get(url.scheme)
    return url.scheme, url.host, url.port if url.port is not None else usual


def named_origin(url: Any) -> Origin:
    """Return the origin that a program gives; raise InvalidArgumentError for anything else."""
    if url.scheme not in {"http", "https"} or not url.host or url.path != "/" or url.query:
        raise InvalidArgumentError(
            f"each of the origins must be https://host[:port], not {redact_url(str(url))!r}"
        )
    return origin_of_url(url)


def answers_for(origin: Origin, response: Any) -> bool:
    """Return whether an httpx response comes from ``origin`` itself.

    A request after a redirect had no token, even if it came back through another origin: its
    refusal and its nonce say nothing about this origin.
    """
    way = (*response.history, response)
    return all(origin_of_url(one.request.url) == origin for one in way)


def origin_in(url: str) -> Origin:
    """Return scheme, host and port of a URL, as a resolver reads the host.

    Raises ConfigurationException for a malformed URL.
    """
    scheme, host, port = origin_of(split_url(url))
    host = fold_host(host)
    return scheme, host if host.isascii() else _encoded(host), port


def _encoded(host: str) -> str:
    """Return an internationalized host as it is sent.

    Hosts that the older IDNA maps to others are refused: the newer one, which clients use, takes
    ``faß.example`` for a domain of its own, not for ``fass.example``.
    """
    try:
        encoded = host.encode("idna")
        is_mapped = encoded.decode("idna") != host.lower()
    except UnicodeError:
        is_mapped = True
    if is_mapped:
        raise ConfigurationException(
            "the host of the URL cannot be encoded: name it as xn--…", code="invalid_url"
        )
    return encoded.decode()


def origins_from(named: Collection[str]) -> frozenset[Origin]:
    """Return the origins that a program names; raise InvalidArgumentError for anything else."""
    if isinstance(named, str) or not isinstance(named, Collection) or not named:
        raise InvalidArgumentError("origins must be a list of https://host[:port]")
    origins = set()
    for one in named:
        try:
            parts, origin = split_url(one), origin_in(one)
        except ConfigurationException:
            raise InvalidArgumentError("each of the origins must be https://host[:port]") from None
        if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
            raise InvalidArgumentError(
                f"each of the origins must be https://host[:port], not {redact_url(one)!r}"
            )
        origins.add(origin)
    return frozenset(origins)


def check_plain_http(origins: Iterable[Origin]) -> None:
    """Raise InvalidArgumentError if tokens would be sent to another machine without TLS."""
    for scheme, host, _ in origins:
        if scheme != "https" and not is_loopback(host):
            raise InvalidArgumentError(
                f"a token must not be sent over plain http to {host}",
                code="https_required_for_tokens",
            )


def header_values(headers: Mapping[str, str], name: str) -> list[str]:
    """Return all values of a header field, which a mapping has in any case."""
    return [value for key, value in headers.items() if key.lower() == name]


def errors_of_challenges(values: Sequence[str]) -> set[str | None]:
    """Return the errors of the challenges in ``WWW-Authenticate``."""
    return {one.error for one in parse_www_authenticate(values)}


def challenge_errors(response: Any) -> set[str | None]:
    """Return the errors of the challenges of an httpx response."""
    return errors_of_challenges(response.headers.get_list("WWW-Authenticate"))


def asks_for_another_token(errors: set[str | None]) -> bool:
    """Return whether the challenges of a 401 ask for another token."""
    return not errors or "invalid_token" in errors or errors == {None}


def refuses_the_token(response: Any) -> bool:
    """Return whether an httpx response asks for another token."""
    return response.status_code == 401 and asks_for_another_token(challenge_errors(response))


def put_bearer(headers: Any, token: str) -> None:
    """Put a bearer token into the ``headers`` of httpx."""
    headers["Authorization"] = f"Bearer {header_text(token)}"


class _LeavesWithTheToken(bytes):
    """A field name that is deleted together with ``Authorization``."""

    def lower(self) -> bytes:
        return b"authorization"


def put_proof(headers: Any, fields: dict[str, str]) -> None:
    """Put a bound token and its proof into the ``headers`` of httpx.

    A redirect to another origin must not carry the proof. httpx removes only ``Authorization``
    there, by comparing lower-cased names, and runs no hook of an ``auth`` in between.
    """
    for name, value in fields.items():  # `update` would delete first, by the name below
        headers[name] = value
    with suppress(AttributeError, TypeError, ValueError):  # retained otherwise: see the tests
        headers._list = [
            (raw, _LeavesWithTheToken(name) if name == b"dpop" else name, value)
            for raw, name, value in headers._list
        ]


def log_unrepeated(error: PyIdentityModelException) -> None:
    """Say why a refused request is not repeated: the caller has the API's own response."""
    logger.info("a refused request is not repeated: %s", error.code)
