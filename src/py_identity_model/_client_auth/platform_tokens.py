"""Tokens that platforms issue to workloads: files, commands, GitHub Actions."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote

from .._jose.claims import numeric_date
from .._jose.encoding import decode_base64url, parse_object
from .._jose.excerpt import found
from .._wire.arguments import names_of, seconds_of
from .._wire.messages import AssertionRequest, HttpRequest, HttpResponse
from .._wire.urls import is_loopback, split_url
from ..exceptions import ConfigurationException, InvalidArgumentError

GITHUB_URL = "ACTIONS_ID_TOKEN_REQUEST_URL"
GITHUB_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
_LONGEST = 64 * 1024  # bytes of a token
_PAUSES = (0.05, 0.1)  # seconds in which a helper completes a file


def read_token(path: Path) -> str:
    """Return the token in a file; raises ConfigurationException without quoting it.

    The file is opened for each attempt: a platform replaces it, and what was read before may have
    expired meanwhile.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _unusable_error(f"the token file {path} is not a file")  # a pipe would wait
        with path.open("rb") as file:
            return _text(file.read(_LONGEST + 1), f"the token file {path}")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise _unusable_error(f"the token file {path} cannot be read: {reason}") from None


def read_replaced_token(path: Path) -> str:
    """Return the token in a file that a platform replaces, also if it is being written just now.

    Not every helper replaces files as a whole: some truncate and write again, and where a directory
    is exchanged, the old one may be gone between two steps of the way to the file.  So what is not
    a whole JWT is read again, twice; then it is returned, or its error raised.
    """
    for pause in _PAUSES:
        try:
            token = read_token(path)
            if _is_whole(token):
                return token
        except ConfigurationException:
            pass
        sleep(pause)
    return read_token(path)


def _is_whole(token: str) -> bool:
    try:
        header, payload, signature = token.split(".")
        for part in (header, payload):
            parse_object(decode_base64url(part.encode()))
    except ValueError:
        return False
    return bool(signature)


def _text(content: bytes, origin: str) -> str:
    if len(content) > _LONGEST:
        raise _unusable_error(f"{origin} has more than {_LONGEST} bytes")
    if not content.isascii():
        raise _unusable_error(f"{origin} does not hold a token")
    token = content.decode().strip()
    if not token or not token.isprintable():
        raise _unusable_error(f"{origin} does not hold a token" if token else f"{origin} is empty")
    return token


@dataclass(frozen=True)
class TokenCommand:
    """A command that prints a token.

    It runs without a shell for each attempt, in a thread where an event loop must not wait for it.
    What it writes to its standard error is not read.

    :param arguments: the program, and its arguments
    :param timeout: after how many seconds it is killed

    Raises :class:`InvalidArgumentError` for a single string, which a shell would have to split.

    Example::

        FederatedAssertion(TokenCommand(["vault", "read", "-field=token", "oidc/token/op"]))
    """

    arguments: Sequence[str] = field(repr=False)
    timeout: float = 10.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "arguments", names_of("arguments", self.arguments))
        if not self.arguments or not seconds_of("timeout", self.timeout):
            raise InvalidArgumentError("a command needs a program, and a timeout above zero")

    def __call__(self) -> str:
        """Run the command; raises ConfigurationException without quoting what it prints."""
        origin = f"the command {Path(self.arguments[0]).name}"
        try:
            content, status = _run(self.arguments, self.timeout)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise _unusable_error(f"{origin} cannot be run: {reason}") from None
        if status is None:
            raise _unusable_error(f"{origin} took more than {self.timeout:g} s")
        if status != 0 and len(content) <= _LONGEST:
            raise _unusable_error(f"{origin} failed with status {status}")
        return _text(content, origin)


def _run(arguments: Sequence[str], timeout: float) -> tuple[bytes, int | None]:
    """Return what a command prints, cut, and its status; None if it was killed for its slowness.

    Not ``subprocess.run``, which would read without a limit, and wait for the pipe as long as a
    child of the command has it: one in a session of its own is not killed with the command.
    """
    due = monotonic() + timeout
    process = subprocess.Popen(  # noqa: S603 - the program itself names the command
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        received = _read(process, timeout)
        if received is not None and len(received) <= _LONGEST:
            return received, process.wait(max(0.0, due - monotonic()))
    except subprocess.TimeoutExpired:
        received = None
    finally:
        if process.returncode is None:
            _kill(process)
    return received or b"", None if received is None else process.wait()


def _read(process: subprocess.Popen[bytes], timeout: float) -> bytes | None:
    """Return what a command prints, cut; None if it does not end in time."""
    received: list[bytes] = []

    def read() -> None:
        if process.stdout is not None:
            with process.stdout as pipe:
                received.append(pipe.read(_LONGEST + 1))

    # A thread, since Windows cannot wait for a pipe.  It ends with the last one that has the pipe.
    reader = threading.Thread(target=read, name="py_identity_model.command", daemon=True)
    reader.start()
    reader.join(min(timeout, threading.TIMEOUT_MAX))
    return received[0] if received else None


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a command, and its children where they are a group; wait for its end."""
    with suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@dataclass(frozen=True)
class GitHubActionsToken:
    """The token that GitHub Actions issues to a job with the permission ``id-token: write``.

    It is requested for each attempt, from the URL that the job's environment names.

    :param audience: what the token is for

    Example::

        FederatedAssertion(GitHubActionsToken("https://op.example"))
    """

    audience: str

    def __post_init__(self) -> None:
        if not isinstance(self.audience, str) or not self.audience.strip():
            raise InvalidArgumentError("audience must be a non-blank string")

    def __call__(self) -> AssertionRequest:
        """Return the request for a token; raises ConfigurationException outside such a job."""
        url, token = github_variables(os.environ)
        separator = "&" if "?" in url else "?"
        target = f"{url}{separator}audience={quote(self.audience, safe='')}"
        return AssertionRequest(HttpRequest("GET", target, access_token=token), _github_token)


def github_variables(environment: Mapping[str, str]) -> tuple[str, str]:
    """Return where a job requests tokens, and by which; raises ConfigurationException."""
    missing = [name for name in (GITHUB_URL, GITHUB_TOKEN) if not environment.get(name)]
    if missing:
        raise _unusable_error(f"{' and '.join(missing)} not set: is id-token: write permitted?")
    parts = split_url(environment[GITHUB_URL])
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise _unusable_error(f"{GITHUB_URL} is not https")
    return environment[GITHUB_URL], environment[GITHUB_TOKEN]


def _github_token(response: HttpResponse) -> str:
    where = "GitHub Actions"
    if not response.is_success:
        raise _unusable_error(f"{where} issues no token: status {response.status_code}")
    try:
        body = response.json()
    except ValueError:
        body = None
    value = body.get("value") if isinstance(body, dict) else None
    if not isinstance(value, str):
        raise _unusable_error(f"{where} answers without a token")
    return _text(value.encode(), f"the token of {where}")


def check_platform_token(token: str, audience: str, now: float) -> None:
    """Raise ConfigurationException unless ``token`` is a JWT for ``audience`` that is still valid.

    Its signature is the server's business.  But a token for another server, such as the one with
    which a pod talks to its Kubernetes, must not be handed to this server.
    """
    claims = _claims_of(token)
    named = claims.get("aud")
    audiences = named if isinstance(named, list) else [named]
    if audience not in audiences:
        raise ConfigurationException(
            "the platform's token is for another audience",
            {"audience": found(named), "expected": audience},
            code="wrong_workload_audience",
        )
    expires = numeric_date(claims.get("exp"))
    if expires is None:
        raise _unusable_error("the platform's token does not say when it expires")
    if expires <= now:
        raise ConfigurationException(
            f"the platform's token expired {now - expires:.0f} s ago: is it still renewed?",
            code="workload_token_expired",
        )


def _claims_of(token: str) -> dict[str, Any]:
    parts = token.split(".")
    try:
        if len(parts) == 3:
            return parse_object(decode_base64url(parts[1].encode()))
    except ValueError:
        pass
    raise _unusable_error("the platform's token is not a signed JWT")


def _unusable_error(text: str) -> ConfigurationException:
    return ConfigurationException(text, code="unusable_workload_token")
