"""Client authentication by assertions that a platform issues: workload identity federation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import time
from typing import ClassVar

from .._wire.arguments import check_text
from .._wire.client_authentication import ClientAuthentication, Credentials
from .._wire.messages import AssertionRequest
from ..exceptions import ConfigurationException, InvalidArgumentError
from .assertion import JWT_BEARER, assertion_form
from .platform_tokens import TokenCommand, check_platform_token, read_replaced_token

AssertionSource = (
    Callable[[], str] | Callable[[], Awaitable[str]] | Callable[[], AssertionRequest] | Path
)
"""The source of an assertion: a callable, or a file that is read for each attempt."""

JWT_SPIFFE = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe"


@dataclass(frozen=True)
class FederatedAssertion(ClientAuthentication):
    """Authenticate by an assertion issued by a platform: workload identity federation.

    :param assertion: the path of a file, which is read for each attempt, since platforms replace
        it before it expires (Kubernetes, Microsoft Entra); a :class:`TokenCommand`; a
        :class:`GitHubActionsToken`; or a callable, which may be awaitable in the awaitable API
    :param audience: what the assertion must be for; one that is for another server, that has
        expired or that is not a JWT, is not sent then

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for another source, such as a path that
    is text.  :func:`workload_identity` finds the source by itself.  RFC 7523 §2.2, RFC 7521 §4.2.

    Example::

        FederatedAssertion(Path("/var/run/secrets/tokens/op"), audience="https://op.example")
    """

    method: ClassVar[str] = "private_key_jwt"
    assertion_type: ClassVar[str] = JWT_BEARER

    assertion: AssertionSource = field(repr=False)
    audience: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.assertion, Path) and not callable(self.assertion):
            raise InvalidArgumentError(
                "assertion must be a callable or a pathlib.Path, not "
                f"{type(self.assertion).__name__}"
            )
        check_text("audience", self.audience)

    def source(self) -> Callable[[], object]:
        """Return the callable that provides the assertion of an attempt."""
        if isinstance(self.assertion, Path):
            return partial(read_replaced_token, self.assertion)
        return self.assertion

    @property
    def blocks(self) -> bool:
        """Whether reading the assertion may block: a file, or a command."""
        return isinstance(self.assertion, (Path, TokenCommand))

    def credentials(
        self, client_id: str, address: str, assertion: str | None = None
    ) -> Credentials:
        """Return the form parameters, with the assertion of the source."""
        if not isinstance(assertion, str) or not assertion.strip():
            raise ConfigurationException("the client assertion source returned nothing")
        token = assertion.strip()
        if self.audience is not None:
            check_platform_token(token, self.audience, time())
        return assertion_form(client_id, token, self.assertion_type)


@dataclass(frozen=True)
class SpiffeJwt(FederatedAssertion):
    """Authenticate by a JWT-SVID, as SPIFFE's helpers write it to a file.

    The arguments are those of :class:`FederatedAssertion`.  The ``client_id`` of the request is the
    SPIFFE ID, or what the provider registered it as.  draft-ietf-oauth-spiffe-client-auth §3.1.

    Example::

        SpiffeJwt(Path("/run/spiffe/jwt_svid.token"), audience="https://op.example")
    """

    method: ClassVar[str] = "spiffe_jwt"
    assertion_type: ClassVar[str] = JWT_SPIFFE
