"""Tokens for gRPC, with threads and on asyncio: call credentials, and a repetition.

gRPC sends call credentials only over TLS, and to the authority that its certificate was checked
for, so no token leaves by a plain channel.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Collection
from typing import Any

from . import extra

with extra("grpc"):
    import grpc
    from grpc.aio import ClientCallDetails, UnaryUnaryCall, UnaryUnaryClientInterceptor

from .._jose.dpop_proof import DPoPKey
from .._jose.encoding import header_text
from .._sessions.token_auth import origin_in, origins_from
from ..aio.token_source import AsyncTokenSource
from ..exceptions import ConfigurationException, InvalidArgumentError, PyIdentityModelException
from ..sync.token_source import TokenSource

__all__ = ["AsyncTokenCredentials", "TokenCredentials"]


class _Credentials(grpc.AuthMetadataPlugin):
    """What both kinds of credentials share: the origins, and the token that was sent last."""

    def __init__(self, source: object, kind: type[Any], origins: Collection[str]) -> None:
        if not isinstance(source, kind):
            raise InvalidArgumentError(
                f"source must be {kind.__name__}, not {type(source).__name__}"
            )
        dpop_key: DPoPKey | None = source.dpop_key
        if dpop_key is not None:
            raise InvalidArgumentError("gRPC has no proofs: the source must not have a dpop_key")
        self._origins = origins_from(origins)
        self._last: str | None = None
        self.renewals = 0

    def call_credentials(self) -> grpc.CallCredentials:
        """Return the credentials of calls, for ``grpc.composite_channel_credentials``."""
        return grpc.metadata_call_credentials(self)

    def __call__(
        self, context: grpc.AuthMetadataContext, callback: grpc.AuthMetadataPluginCallback
    ) -> None:
        """Hand a token to gRPC, or the reason why there is none."""
        if origin_in(context.service_url) in self._origins:
            self._provide(callback)
        else:
            self._fail(callback, "token_for_another_origin")

    @abstractmethod
    def _provide(self, callback: grpc.AuthMetadataPluginCallback) -> None: ...

    def _replaced(self, refused: str | None, token: str, seen: int) -> bool:
        """Return whether a call that was refused may be repeated, with another token.

        gRPC does not say which token a call had: it was an older one, if others got a new one since
        the call began, at ``seen`` renewals.
        """
        self.renewals += token != refused
        return self.renewals != seen

    # The details of a call often reach strangers; the log record of the source says more.
    def _fail(self, callback: grpc.AuthMetadataPluginCallback, code: str) -> None:
        callback((), ConfigurationException(f"no token: {code}", code=code))

    def _answer(self, callback: grpc.AuthMetadataPluginCallback, token: str) -> None:
        self._last = token
        callback((("authorization", f"Bearer {header_text(token)}"),), None)


class TokenCredentials(_Credentials):
    """The tokens of a source as call credentials of a channel.

    :param source: provides the tokens
    :param origins: those that get the token, as ``https://host[:port]``; calls of other channels
        with these credentials fail

    A call without a token fails with ``UNAVAILABLE``, and the code of the reason in its details.

    Example::

        tokens = TokenCredentials(source, origins=["https://api.example:50051"])
        channel = grpc.secure_channel(
            "api.example:50051",
            grpc.composite_channel_credentials(
                grpc.ssl_channel_credentials(), tokens.call_credentials()
            ),
        )
        channel = grpc.intercept_channel(channel, tokens.interceptor())
    """

    def __init__(self, source: TokenSource, *, origins: Collection[str]) -> None:
        super().__init__(source, TokenSource, origins)
        self._source = source

    def interceptor(self) -> grpc.UnaryUnaryClientInterceptor:
        """Return what repeats a unary call once with a new token, after ``UNAUTHENTICATED``.

        It waits for the end of each call, also of those that ``future`` started.
        """
        return _Repeating(self)

    # gRPC calls it in a thread of its own, so it may wait.
    def _provide(self, callback: grpc.AuthMetadataPluginCallback) -> None:
        try:
            self._answer(callback, self._source.get_token().access_token)
        except Exception as error:
            self._fail(callback, getattr(error, "code", type(error).__name__))

    def renew(self, seen: int) -> bool:
        """Return whether there is another token than that of a call that was refused.

        ``seen`` is the number of renewals when the call began.
        """
        refused = self._last
        if refused is None or self.renewals != seen:
            return refused is not None
        try:
            return self._replaced(refused, self._source.renew(refused).access_token, seen)
        except PyIdentityModelException:
            return False  # the source says why in its log record


class _Repeating(grpc.UnaryUnaryClientInterceptor):
    def __init__(self, tokens: TokenCredentials) -> None:
        self._tokens = tokens

    def intercept_unary_unary(
        self, continuation: Callable[[Any, Any], Any], client_call_details: Any, request: Any
    ) -> Any:
        seen = self._tokens.renewals
        call = continuation(client_call_details, request)
        if call.code() is grpc.StatusCode.UNAUTHENTICATED and self._tokens.renew(seen):
            call = continuation(client_call_details, request)
        return call


class AsyncTokenCredentials(_Credentials):
    """The same for channels of ``grpc.aio``; create it on the event loop of its source.

    :param source: provides the tokens
    :param origins: those that get the token, as ``https://host[:port]``; calls of other channels
        with these credentials fail

    Raises :class:`ConfigurationException` where no event loop runs.

    Example::

        tokens = AsyncTokenCredentials(source, origins=["https://api.example:50051"])
        channel = grpc.aio.secure_channel(
            "api.example:50051",
            grpc.composite_channel_credentials(
                grpc.ssl_channel_credentials(), tokens.call_credentials()
            ),
            interceptors=[tokens.interceptor()],
        )
    """

    def __init__(self, source: AsyncTokenSource, *, origins: Collection[str]) -> None:
        super().__init__(source, AsyncTokenSource, origins)
        self._source = source
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            raise ConfigurationException(
                "AsyncTokenCredentials must be created where its event loop runs"
            ) from None

    def interceptor(self) -> UnaryUnaryClientInterceptor:
        """Return what repeats a unary call once with a new token, after ``UNAUTHENTICATED``."""
        return _AsyncRepeating(self)

    # gRPC calls it in a thread of its own; the source's locks belong to the loop.
    def _provide(self, callback: grpc.AuthMetadataPluginCallback) -> None:
        waiting = self._wait(callback)
        try:
            asyncio.run_coroutine_threadsafe(waiting, self._loop)
        except RuntimeError:  # the loop has ended
            waiting.close()
            self._fail(callback, "event_loop_ended")

    async def _wait(self, callback: grpc.AuthMetadataPluginCallback) -> None:
        try:
            self._answer(callback, (await self._source.get_token()).access_token)
        except Exception as error:
            self._fail(callback, getattr(error, "code", type(error).__name__))

    async def renew(self, seen: int) -> bool:
        """Return whether there is another token than that of a call that was refused.

        ``seen`` is the number of renewals when the call began.
        """
        refused = self._last
        if refused is None or self.renewals != seen:
            return refused is not None
        try:
            return self._replaced(refused, (await self._source.renew(refused)).access_token, seen)
        except PyIdentityModelException:
            return False  # the source says why in its log record


class _AsyncRepeating(UnaryUnaryClientInterceptor):
    def __init__(self, tokens: AsyncTokenCredentials) -> None:
        self._tokens = tokens

    async def intercept_unary_unary(
        self,
        continuation: Callable[[ClientCallDetails, Any], Any],
        client_call_details: ClientCallDetails,
        request: Any,
    ) -> UnaryUnaryCall[Any, Any]:
        seen = self._tokens.renewals
        call: UnaryUnaryCall[Any, Any] = await continuation(client_call_details, request)
        if await call.code() is grpc.StatusCode.UNAUTHENTICATED and await self._tokens.renew(seen):
            call = await continuation(client_call_details, request)
        return call
