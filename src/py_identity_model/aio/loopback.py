"""Logins of programs on the user's own machine, in the system's browser."""

from __future__ import annotations

import re
import time
import webbrowser
from collections.abc import Callable
from types import TracebackType
from typing import Self

from .._loopback import LoopbackServer, state_of
from .._relying_party.client_parameters import AuthorizationParameters
from .._seam.aio import sleep
from .._wire.compare import same_text
from .._wire.models import Scope
from ..exceptions import DeadlineExceededException, InvalidArgumentError
from .oauth_client import AsyncOAuthClient
from .session import AsyncSession

_POLL = 0.05
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")


class AsyncLoopbackListener:
    """Listens on loopback for the browser that comes back from a login.

    What does not carry the ``state`` that is waited for is answered by an error and changes
    nothing, so neither another program nor a page in the browser can end the login.

    :param port: where to listen; 0 is any free port, which RFC 8252 lets clients choose
    :param path: the path of the redirect URI

    Raises :class:`InvalidArgumentError` (a ``ValueError``) for a port or path that cannot be used.
    RFC 8252 §7.3, §8.3.

    Example::

        async with AsyncLoopbackListener() as listener:
            begun = await client.authorization_request(redirect_uri=listener.redirect_uri)
            print("open", begun.url)
    """

    def __init__(self, port: int = 0, path: str = "/callback") -> None:
        if type(port) is not int or not 0 <= port < 65536:
            raise InvalidArgumentError("port must be a number from 0 to 65535")
        if not isinstance(path, str) or _PATH.fullmatch(path) is None:
            raise InvalidArgumentError("path must begin with a slash, without query or fragment")
        self._expected: str | None = None
        self._answer: str | None = None
        try:
            self._server = LoopbackServer(port, path, self._take)
        except OSError as error:
            raise InvalidArgumentError(f"port {port} cannot be used: {error}") from None

    @property
    def redirect_uri(self) -> str:
        """The redirect URI; providers must let the port of such a URI differ (RFC 8252 §7.3)."""
        return f"http://{self._server.authority}{self._server.path}"

    def _expect(self, state: str) -> None:
        self._answer, self._expected = None, state

    def _take(self, url: str) -> bool:
        expected = self._expected
        if expected is None or not same_text(state_of(url), expected):
            return False
        self._answer = self._answer or url
        return True

    async def wait(self, state: str, timeout: float = 300.0) -> str:
        """Return the URL that the browser came back with: what ``callback`` takes.

        :param state: that of the login, ``begun.state``
        :param timeout: for how many seconds to wait

        Raises :class:`DeadlineExceededException` when nobody came back in that time.

        Example::

            async with AsyncLoopbackListener() as listener:
                try:
                    url = await listener.wait(begun.state, timeout=0.1)
                except DeadlineExceededException:
                    print("nobody logged in")
        """
        if self._expected != state:
            self._expect(state)
        ends = time.monotonic() + timeout
        try:
            while self._answer is None:
                if time.monotonic() >= ends:
                    raise DeadlineExceededException(
                        f"no browser came back from the login within {timeout:g} s"
                    )
                await sleep(_POLL)
            return self._answer
        finally:
            self._expected = None

    async def log_in(
        self,
        client: AsyncOAuthClient,
        *,
        open_browser: Callable[[str], object] = webbrowser.open,
        scope: Scope | None = None,
        login_hint: str | None = None,
        resource: str | None = None,
        timeout: float = 300.0,
    ) -> AsyncSession:
        """Log the user of this machine in, and return the session.

        :param client: the client, usually a public one
        :param open_browser: is called with the URL to open, by default the system's browser; on a
            machine without one, print it
        :param scope: the requested scopes, by default those of the client
        :param login_hint: the user who is expected to log in
        :param resource: the API that the access token is for (RFC 8707)
        :param timeout: for how many seconds to wait for the user

        Raises :class:`DeadlineExceededException` when the user does not come back, and what
        :meth:`AsyncOAuthClient.authorization_request` and :meth:`AsyncOAuthClient.callback` do.
        RFC 8252, RFC 7636.

        Example::

            async with AsyncLoopbackListener() as listener:
                session = await listener.log_in(client, open_browser=open_browser)
                print(session.subject)
        """
        parameters: AuthorizationParameters = {}
        if resource is not None:
            parameters["resource"] = resource
        if login_hint is not None:
            parameters["login_hint"] = login_hint
        begun = await client.authorization_request(
            redirect_uri=self.redirect_uri, scope=scope, **parameters
        )
        # A browser that runs in the terminal has come back when its opening returns.
        self._expect(begun.state)
        open_browser(begun.url)
        return await client.callback(await self.wait(begun.state, timeout), begun)

    async def close(self) -> None:
        """Stop listening.

        Example::

            await AsyncLoopbackListener().close()
        """
        self._server.stop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
