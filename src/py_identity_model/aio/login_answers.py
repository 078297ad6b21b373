"""Completion of logins: checks of the response, and the new session."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from .._activities import Activity
from .._protocol.authorization_code import AuthorizationCodeTokenRequest
from .._protocol.callback import (
    AuthorizeCallbackResponse,
    callback_url,
    parse_authorize_callback_response,
)
from .._protocol.jarm import extract_jarm_response_jwt, is_jarm_response
from .._protocol.token_endpoint import TokenResponse, check_token_answer, token_request_error
from .._protocol.userinfo import userinfo_error
from .._relying_party.client_arguments import AuthorizationOptions
from .._relying_party.login import (
    AuthorizationRequest,
    check_begun,
    check_callback,
    check_unsigned,
    missing_id_token_error,
    replayed_error,
    store_error,
    without_id_token,
)
from .._resource_server.replay import ReplayStore
from .._seam.aio import call, deadline
from .._settings import STORE_SECONDS
from ..exceptions import AuthorizeCallbackException, InvalidArgumentError
from .authorization_code import request_authorization_code_token
from .provider_client import AsyncProviderClient
from .provider_tokens import AsyncProviderTokens
from .replay_store import forget_use, knows
from .session import AsyncSession
from .session_access import AsyncSessionAccess

_LOGIN_LIFETIME = 3600.0


class AsyncLoginAnswers:
    """Completes logins.

    :param client: the client at the provider
    :param tokens: validates ID tokens and responses
    :param sessions: creates sessions
    :param options: how logins start, and so what their responses must contain
    :param replays: remembers the responses of completed logins
    """

    def __init__(
        self,
        client: AsyncProviderClient,
        tokens: AsyncProviderTokens,
        sessions: AsyncSessionAccess,
        options: AuthorizationOptions,
        replays: ReplayStore,
    ) -> None:
        self._client = client
        self._tokens = tokens
        self._sessions = sessions
        self._require_nonce = options.require_nonce
        self._replays = replays

    async def finish(
        self,
        answer: str | Mapping[str, Any],
        begun: AuthorizationRequest,
        *,
        userinfo: bool,
    ) -> AsyncSession:
        """Return the session of the user; see :meth:`AsyncOAuthClient.callback`."""
        with Activity("login", "authorization code", self._client.issuer):
            return await self._finish(answer, begun, userinfo=userinfo)

    async def _finish(
        self, answer: str | Mapping[str, Any], begun: AuthorizationRequest, *, userinfo: bool
    ) -> AsyncSession:
        check_begun(begun)
        if userinfo and not begun.has_id_token:  # before the code is used
            raise InvalidArgumentError("userinfo requires an ID token: request the scope openid")
        metadata = await self._client.metadata()
        if (begun.issuer, begun.client_id) != (metadata.issuer, self._client.client_id):
            raise AuthorizeCallbackException(
                "the login was started at another provider, or by another client",
                code="issuer_mismatch",
            )
        callback = await self._read(callback_url(answer), begun)
        supported = bool(metadata.authorization_response_iss_parameter_supported)
        answered = vars(callback)["issuer"]
        check_callback(
            callback,
            begun,
            supports_iss=supported or self._client.profile is not None,
            issuer=self._client.provider.expected_issuer(begun.issuer, answered),
        )
        async with self._use_once(begun):
            front = await self._validate_front_channel(callback, begun)
            response = await self._exchange(callback, begun)
        token = self._client.provider.with_token_type(response.token or {})
        if callback.code is not None or "access_token" in token:
            check_token_answer(token, begun.issuer, bound=self._expects_bound(callback))
        if not begun.has_id_token:
            return await self._begin(without_id_token(token), {}, response, callback, begun)
        claims = await self._validate_id_token(
            token.get("id_token") or callback.identity_token, begun, token.get("access_token")
        )
        self._client.provider.check_tenant(begun.issuer, answered, claims)
        if front is not None and (front["iss"], front["sub"]) != (claims["iss"], claims["sub"]):
            raise AuthorizeCallbackException(
                "the two ID tokens are about different users", code="subject_mismatch"
            )
        about = await self._fetch_userinfo(token, claims) if userinfo else None
        return await self._begin(token, claims, response, callback, begun, about)

    async def _begin(
        self,
        token: Mapping[str, Any],
        claims: Mapping[str, Any],
        response: TokenResponse,
        callback: AuthorizeCallbackResponse,
        begun: AuthorizationRequest,
        about: Mapping[str, Any] | None = None,
    ) -> AsyncSession:
        return await self._sessions.begin(
            AsyncSession(
                token,
                claims,
                response.expires_at,
                about,
                session_state=callback.session_state,
                resource=begun.resource,
            )
        )

    def _expects_bound(self, callback: AuthorizeCallbackResponse) -> bool:
        return self._client.dpop_key is not None and callback.code is not None

    async def _fetch_userinfo(
        self, token: Mapping[str, Any], claims: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        about = await self._tokens.userinfo(
            str(token["access_token"]), expected_sub=str(claims["sub"])
        )
        if not about.is_successful:
            raise userinfo_error(await self._client.endpoint("userinfo_endpoint"), about)
        return about.claims

    @asynccontextmanager
    async def _use_once(self, begun: AuthorizationRequest) -> AsyncIterator[None]:
        """Use a response once, in the block; forget it if the provider refused it.

        Codes and verifiers can be used only once anyway.  If refused ones were remembered,
        strangers could fill the store with invented codes, and then nobody could log in.
        """
        key = f"login:{begun.issuer}:{begun.state}"
        if not hasattr(self._replays, "discard"):
            yield
            await self._remember(key)
            return
        await self._remember(key)
        try:
            yield
        except BaseException:
            await forget_use(self._replays, key)
            raise

    async def _remember(self, key: str) -> None:
        try:
            with deadline(STORE_SECONDS):
                added = await call(self._replays.add, key, time.time() + _LOGIN_LIFETIME)
                is_known = added or await knows(self._replays, key)
        except Exception as error:
            raise store_error(type(error).__name__) from error
        if not is_known:
            raise store_error("no room")
        if not added:
            raise replayed_error()

    async def _read(self, url: str, begun: AuthorizationRequest) -> AuthorizeCallbackResponse:
        if not begun.is_signed_response:
            return parse_authorize_callback_response(url)
        if not is_jarm_response(url):
            check_unsigned(url)
        return await self._tokens.authorization_response(
            extract_jarm_response_jwt(url), begun.issuer
        )

    async def _validate_front_channel(
        self, callback: AuthorizeCallbackResponse, begun: AuthorizationRequest
    ) -> dict[str, Any] | None:
        if callback.identity_token is None or not begun.has_id_token:
            return None
        return await self._tokens.login_claims(
            callback.identity_token,
            begun.nonce,
            required=True,
            access_token=callback.access_token,
            code=callback.code,
            max_age=begun.max_age,
            response_type=begun.response_type,
        )

    async def _exchange(
        self, callback: AuthorizeCallbackResponse, begun: AuthorizationRequest
    ) -> TokenResponse:
        if callback.code is None:
            if callback.identity_token is None and begun.has_id_token:
                raise missing_id_token_error()
            values = {name: value for name, value in callback.values.items() if name != "state"}
            return TokenResponse(True, token=values)
        request = AuthorizationCodeTokenRequest(
            await self._client.endpoint("token_endpoint"),
            self._client.client_id,
            callback.code,
            begun.redirect_uri,
            code_verifier=begun.code_verifier,
            resource=begun.resource,
        )
        response = await self._client.ask(request_authorization_code_token, request)
        if not response.is_successful:
            raise token_request_error(request.address, response)
        return response

    async def _validate_id_token(
        self, id_token: str | None, begun: AuthorizationRequest, access_token: str | None
    ) -> dict[str, Any]:
        if not id_token:
            raise missing_id_token_error()
        return await self._tokens.login_claims(
            id_token,
            begun.nonce,
            required=self._require_nonce,
            access_token=access_token,
            max_age=begun.max_age,
        )
