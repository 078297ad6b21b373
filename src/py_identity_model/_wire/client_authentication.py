"""Client authentication: one class per registered ``token_endpoint_auth_method``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, NamedTuple
from urllib.parse import quote

from ..exceptions import InvalidArgumentError
from .certificate import MtlsClientAuth

if TYPE_CHECKING:
    from .._jose.signer import Signer


class Credentials(NamedTuple):
    """The header fields and form parameters that authenticate one attempt."""

    headers: dict[str, str]
    form: dict[str, str]


class ClientAuthentication(ABC):
    """A way for a client to authenticate; RFC 6749 §2.3, RFC 7591 §2.

    Example::

        ClientCredentialsTokenRequest(
            address="https://op.example/token",
            client_id="machine",
            client_authentication=ClientSecretPost("s3cret"),
        )
    """

    method: ClassVar[str]
    """The registered name of the method."""

    @abstractmethod
    def credentials(
        self, client_id: str, address: str, assertion: str | None = None
    ) -> Credentials:
        """Return the header fields and form parameters of one attempt.

        :param client_id: the client's identifier
        :param address: the endpoint's URL
        :param assertion: the result of calling :meth:`source`
        """

    def source(self) -> Callable[[], object] | None:
        """Return a callable that makes an assertion before each attempt, or None; its result may be
        awaitable.
        """
        return None

    @property
    def blocks(self) -> bool:
        """Whether the callable may block, so that an event loop needs a thread for it."""
        return False

    @property
    def signer(self) -> Signer | None:
        """What signs the assertion of an attempt elsewhere: then it is made before the attempt."""
        return None

    @property
    def client_certificate(self) -> MtlsClientAuth | None:
        """The client certificate that a request must present."""
        return None

    def secrets(self) -> tuple[str, ...]:
        """Return the values that must not be quoted if a provider echoes them."""
        return ()


def check_secret(secret: object) -> None:
    """Raise InvalidArgumentError for anything but text, such as a variable that is not set.

    The form of a request would hold None as a word, and bytes as Python shows them.
    """
    if not isinstance(secret, str):
        raise InvalidArgumentError(f"client_secret must be text, not {type(secret).__name__}")


@dataclass(frozen=True)
class ClientSecretBasic(ClientAuthentication):
    """Send id and secret in the ``Authorization`` header; RFC 6749 §2.3.1.

    Both are form-encoded first, with a space as ``%20``, which every decoder reads.

    Example::

        ClientSecretBasic("s3cret")
    """

    method: ClassVar[str] = "client_secret_basic"

    client_secret: str = field(repr=False)

    def __post_init__(self) -> None:
        check_secret(self.client_secret)

    def credentials(
        self, client_id: str, address: str, assertion: str | None = None
    ) -> Credentials:
        """Return the ``Authorization`` header."""
        pair = f"{_form_encoded(client_id)}:{_form_encoded(self.client_secret)}"
        return Credentials({"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}, {})

    def secrets(self) -> tuple[str, ...]:
        """Return the secret."""
        return (self.client_secret,)


def _form_encoded(text: str) -> str:
    try:
        return text if text.isascii() and text.isalnum() else quote(text, safe="")
    except UnicodeEncodeError:  # the message of this error would quote the secret
        raise InvalidArgumentError("client_id and client_secret must be Unicode strings") from None


@dataclass(frozen=True)
class ClientSecretPost(ClientAuthentication):
    """Send id and secret in the body; RFC 6749 §2.3.1, which prefers the header.

    Example::

        ClientSecretPost("s3cret")
    """

    method: ClassVar[str] = "client_secret_post"

    client_secret: str = field(repr=False)

    def __post_init__(self) -> None:
        check_secret(self.client_secret)

    def credentials(
        self, client_id: str, address: str, assertion: str | None = None
    ) -> Credentials:
        """Return the two form parameters."""
        return Credentials({}, {"client_id": client_id, "client_secret": self.client_secret})

    def secrets(self) -> tuple[str, ...]:
        """Return the secret."""
        return (self.client_secret,)


@dataclass(frozen=True)
class NoClientAuthentication(ClientAuthentication):
    """Send the id alone, as a public client does; RFC 6749 §3.2.1.

    Example::

        NoClientAuthentication()
    """

    method: ClassVar[str] = "none"

    def credentials(
        self, client_id: str, address: str, assertion: str | None = None
    ) -> Credentials:
        """Return the ``client_id`` parameter."""
        return Credentials({}, {"client_id": client_id})
