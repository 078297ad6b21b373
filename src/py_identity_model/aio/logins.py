"""Logins, from their beginning to their end."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Unpack

from .._jose.keys import KeySnapshot
from .._logging import log_failure, logger
from .._protocol.authorization import (
    build_authorization_url,
    build_pushed_authorization_url,
    extra_pairs,
)
from .._protocol.authorization_code import AuthorizationCodeTokenRequest
from .._protocol.callback import (
    AuthorizeCallbackResponse,
    callback_url,
    parse_authorize_callback_response,
)
from .._protocol.client_parameters import AuthorizationParameters
from .._protocol.client_profile import (
    check_provider,
    check_request,
    response_mode_of,
    signing_algorithms,
)
from .._protocol.discovery import DiscoveryDocumentResponse
from .._protocol.jar import build_jar_authorization_url, create_request_object
from .._protocol.jarm import JarmCheck, extract_jarm_response_jwt, is_jarm_response
from .._protocol.login import (
    AuthorizationRequest,
    Secrets,
    check_begun,
    check_callback,
    check_unsigned,
    missing_id_token,
    replayed,
    store_unavailable,
)
from .._protocol.par import PushedAuthorizationRequest
from .._protocol.request_object import build_request_uri_authorization_url
from .._protocol.token_endpoint import (
    Scope,
    TokenResponse,
    check_token_answer,
    refused_by,
    scope_text,
)
from .._seam.aio import call
from .._settings import in_force
from ..exceptions import (
    AuthorizeCallbackException,
    ConfigurationException,
    InvalidArgumentError,
    PyIdentityModelException,
    TokenValidationException,
    UserInfoException,
)
from .authorization_code import request_authorization_code_token
from .id_token import validate_id_token
from .par import push_authorization_request
from .session import AsyncSession
from .session_access import AsyncSessionAccess

_LOGIN_LIFETIME = 3600.0
_OURS = frozenset({"request", "request_uri", "dpop_jkt"})


class AsyncLogins(AsyncSessionAccess):
    """Begins logins, and finishes them."""

    async def authorization_request(
        self,
        *,
        redirect_uri: str | None = None,
        scope: Scope | None = None,
        response_type: str = "code",
        response_mode: str | None = None,
        max_age: int | None = None,
        extra_parameters: Mapping[str, Any] | None = None,
        **parameters: Unpack[AuthorizationParameters],
    ) -> AuthorizationRequest:
        """Begin a login: send the browser to its ``url``, keep it in the user's session.

        ``max_age``: seconds since the user last typed a password.
        ``extra_parameters``: what only this provider knows (``access_type``, ``kc_idp_hint``).
        ``parameters``: further ones by their registered names, as for
        :func:`build_authorization_url`; type checkers know them.

        Raises :class:`ConfigurationException`, :class:`DiscoveryException`,
        :class:`TokenRequestException` when the provider refuses a pushed request, and
        :class:`InvalidArgumentError` for a parameter that the login sets itself.

        Example::

            begun = await client.authorization_request(login_hint="alice")
            print(begun.url)
        """
        metadata = await self.metadata()
        target = redirect_uri or self._redirect_uri
        if not target:
            raise ConfigurationException("a redirect_uri must be given, here or to the client")
        pushed = self._use_par or bool(metadata.require_pushed_authorization_requests)
        check_request(
            self.profile, redirect_uri=target, response_type=response_type, use_par=pushed
        )
        wanted = self._scope if scope is None else scope_text(scope) or ""
        check_provider(self.profile, metadata, login_scope=wanted)
        response_mode = response_mode_of(self.profile, self._message_signing, response_mode)
        made = Secrets.fresh()
        named = {
            "redirect_uri": target,
            "scope": wanted,
            "response_type": response_type,
            "state": made.state,
            "nonce": made.nonce,
            "code_challenge": made.code_challenge,
            "code_challenge_method": "S256",
        }
        more: dict[str, Any] = {**parameters, **(extra_parameters or {})}
        taken = sorted(({*named, "client_id"} | _OURS) & {*more})
        if taken:
            raise InvalidArgumentError(f"parameters must not name {', '.join(taken)}")
        extra = {"response_mode": response_mode, "max_age": max_age, **more}
        if self.dpop_key is not None:
            extra["dpop_jkt"] = self.dpop_key.jwk_thumbprint
        extra = {name: value for name, value in extra.items() if value is not None}
        url = await self._url_of(metadata, named, extra, pushed=pushed)
        return AuthorizationRequest(
            url,
            str(metadata.issuer),
            self.client_id,
            target,
            made.state,
            made.nonce,
            made.code_verifier,
            response_type,
            response_mode,
            max_age,
        )

    async def _url_of(
        self,
        metadata: DiscoveryDocumentResponse,
        named: dict[str, Any],
        extra: dict[str, Any],
        *,
        pushed: bool,
    ) -> str:
        endpoint = self._usable(metadata, "authorization_endpoint", metadata.authorization_endpoint)
        signed = self._signed(str(metadata.issuer), named, extra)
        if pushed:
            reference = await self._pushed(named, extra, signed)
            return build_pushed_authorization_url(endpoint, self.client_id, reference)
        scope, response_type = named["scope"], named["response_type"]
        if signed is not None and self._publish is not None:
            published = await call(self._publish, signed)
            return build_request_uri_authorization_url(
                endpoint, self.client_id, str(published), scope, response_type
            )
        if signed is not None:
            return build_jar_authorization_url(
                endpoint, self.client_id, signed, scope, response_type
            )
        return build_authorization_url(endpoint, self.client_id, **named, **extra)

    def _signed(self, issuer: str, named: dict[str, Any], extra: dict[str, Any]) -> str | None:
        key, algorithm, kid = self._signing
        if key is None:
            return None
        return create_request_object(
            key, algorithm, self.client_id, issuer, **named, kid=kid, **extra
        )

    async def _pushed(
        self, named: dict[str, Any], extra: dict[str, Any], signed: str | None
    ) -> str:
        repeated: dict[str, list[str]] = {}
        for name, value in extra_pairs(extra):
            repeated.setdefault(name, []).append(value)
        repeated.pop("dpop_jkt", None)  # the proof's key says so already
        request = PushedAuthorizationRequest(
            await self.endpoint("pushed_authorization_request_endpoint"),
            self.client_id,
            **named,
            client_authentication=await self._proof_of_identity(),
            dpop_key=self.dpop_key,
            extra_parameters=None if signed is not None else repeated,
            request=signed,
        )
        response = await push_authorization_request(
            request, self._http_client, settings=self._settings
        )
        if not response.is_successful:
            raise refused_by(request.address, response)
        return str(response.request_uri)

    async def callback(
        self,
        answer: str | Mapping[str, Any],
        begun: AuthorizationRequest,
        *,
        userinfo: bool = False,
    ) -> AsyncSession:
        """Finish a login: check everything, exchange the code, and return who logged in.

        ``answer``: the URL that was called, its query string, or the fields of a form that was
        posted to it.
        ``begun``: what :meth:`authorization_request` returned.
        ``userinfo``: ask for the user's claims as well; they must be about the same user.

        Raises :class:`AuthorizeCallbackException` with a ``code`` that says why
        (``missing_login``, ``missing_state``, ``state_mismatch``, ``missing_issuer``,
        ``issuer_mismatch``, ``callback_replayed``, ``store_unavailable``, ``authorization_refused``
        with the provider's ``error`` in its details, ``incomplete_callback``,
        ``unsigned_response``),
        :class:`TokenRequestException` when the code is refused or the token that came is not one
        that was asked for (``token_not_bound_to_key``, ``unsupported_token_type``,
        ``invalid_access_token``, ``invalid_expires_in``),
        :class:`IdTokenValidationException` and the other exceptions of :func:`validate_token`
        for the ID token, :class:`UserInfoException` for userinfo.  Each failure leaves one record
        in the log.  OpenID Connect Core §3.1.2.7, RFC 9207 §2.4.

        Example::

            session = await client.callback(str(request.url), begun)
            print(session.subject)
        """
        try:
            return await self._finish(answer, begun, userinfo=userinfo)
        except PyIdentityModelException as error:
            log_failure("login", self.issuer, error)
            raise

    async def _finish(
        self, answer: str | Mapping[str, Any], begun: AuthorizationRequest, *, userinfo: bool
    ) -> AsyncSession:
        check_begun(begun)
        metadata = await self.metadata()
        if (begun.issuer, begun.client_id) != (metadata.issuer, self.client_id):
            raise AuthorizeCallbackException(
                "the login was begun at another provider, or by another client",
                code="issuer_mismatch",
            )
        callback = await self._read(callback_url(answer), begun)
        supported = bool(metadata.authorization_response_iss_parameter_supported)
        check_callback(callback, begun, supports_iss=supported or self.profile is not None)
        async with self._once(begun):
            front = await self._front_channel_claims(callback, begun)
            response = await self._exchange(callback, begun)
        token = response.token or {}
        if callback.code is not None or "access_token" in token:
            check_token_answer(token, begun.issuer, bound=self._expects_bound(callback))
        claims = await self._claims(
            token.get("id_token") or callback.identity_token, begun, token.get("access_token")
        )
        if front is not None and (front["iss"], front["sub"]) != (claims["iss"], claims["sub"]):
            raise AuthorizeCallbackException(
                "the two ID tokens are about different users", code="subject_mismatch"
            )
        about = await self._about(token, claims) if userinfo else None
        session = AsyncSession(
            token, claims, response.expires_at, about, session_state=callback.session_state
        )
        await self.bind(session)
        return session

    def _expects_bound(self, callback: AuthorizeCallbackResponse) -> bool:
        return self.dpop_key is not None and callback.code is not None

    async def _about(
        self, token: Mapping[str, Any], claims: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        about = await self.userinfo(str(token["access_token"]), expected_sub=str(claims["sub"]))
        if not about.is_successful:
            raise UserInfoException(str(about.error), None, about.status_code)
        return about.claims

    @asynccontextmanager
    async def _once(self, begun: AuthorizationRequest) -> AsyncIterator[None]:
        """Use an answer in the block, once; forget it where the provider did not take it.

        Codes and verifiers work once anyway.  If refused ones were remembered, strangers with
        invented codes could fill the store, and then nobody could log in.
        """
        key = f"login:{begun.issuer}:{begun.state}"
        discard = getattr(self._replays, "discard", None)
        if discard is None:
            yield
            await self._remember(key)
            return
        await self._remember(key)
        try:
            yield
        except BaseException:
            await self._forget(discard, key)
            raise

    async def _remember(self, key: str) -> None:
        try:
            added = await call(self._replays.add, key, time.time() + _LOGIN_LIFETIME)
        except Exception as error:
            raise store_unavailable(type(error).__name__) from error
        if not added:
            raise replayed()

    async def _forget(self, discard: Callable[[str], object], key: str) -> None:
        try:
            await call(discard, key)
        except Exception as error:  # why the login failed matters more, and entries expire
            logger.warning("an answer cannot be forgotten: %s", type(error).__name__)

    async def _read(self, url: str, begun: AuthorizationRequest) -> AuthorizeCallbackResponse:
        if not begun.is_signed_response:
            return parse_authorize_callback_response(url)
        if not is_jarm_response(url):
            check_unsigned(url)
        return await self._read_signed(extract_jarm_response_jwt(url), begun.issuer)

    async def _read_signed(self, response: str, issuer: str) -> AuthorizeCallbackResponse:
        """Return what a signed response says, verified with the cached keys, or with newer ones."""
        metadata = await self.metadata()
        supported = metadata.authorization_signing_alg_values_supported
        jwks_uri = self._usable(metadata, "jwks_uri", metadata.jwks_uri)
        cache, policy = self._cache(), self._policy

        def read(keys: KeySnapshot) -> AuthorizeCallbackResponse:
            return JarmCheck(
                self.client_id,
                issuer,
                keys.keys,
                signing_algorithms(self.profile, supported) or [],
                self._leeway,
                self._decryption_keys,
                self._client_secret,
            ).read(response)

        with in_force(self._settings):
            keys = await cache.snapshot(self._http_client, jwks_uri, policy, self.issuer)
            try:
                return read(keys)
            except TokenValidationException as error:
                if error.code not in {"no_matching_key", "invalid_signature"}:
                    raise
                newer = await cache.newer(self._http_client, jwks_uri, policy, keys, None)
                if newer is None:
                    raise
            callback = read(newer)
        cache.reset_cooldown(jwks_uri, policy)
        return callback

    async def _front_channel_claims(
        self, callback: AuthorizeCallbackResponse, begun: AuthorizationRequest
    ) -> dict[str, Any] | None:
        if callback.identity_token is None:
            return None
        claims = await validate_id_token(
            callback.identity_token,
            self._id_token_config(),
            self.issuer,
            self._http_client,
            nonce=begun.nonce,
            access_token=callback.access_token,
            code=callback.code,
            max_age=begun.max_age,
            response_type=begun.response_type,
            settings=self._settings,
        )
        self._check_id_token(callback.identity_token, claims)
        return claims

    async def _exchange(
        self, callback: AuthorizeCallbackResponse, begun: AuthorizationRequest
    ) -> TokenResponse:
        if callback.code is None:
            if callback.identity_token is None:
                raise missing_id_token()
            values = {name: value for name, value in callback.values.items() if name != "state"}
            return TokenResponse(True, token=values)
        request = AuthorizationCodeTokenRequest(
            await self.endpoint("token_endpoint"),
            self.client_id,
            callback.code,
            begun.redirect_uri,
            code_verifier=begun.code_verifier,
            client_authentication=await self._proof_of_identity(),
            dpop_key=self.dpop_key,
        )
        response = await request_authorization_code_token(
            request, self._http_client, settings=self._settings
        )
        if not response.is_successful:
            raise refused_by(request.address, response)
        return response

    async def _claims(
        self, id_token: str | None, begun: AuthorizationRequest, access_token: str | None
    ) -> dict[str, Any]:
        if not id_token:
            raise missing_id_token()
        claims = await validate_id_token(
            id_token,
            self._id_token_config(),
            self.issuer,
            self._http_client,
            nonce=begun.nonce,
            access_token=access_token,
            max_age=begun.max_age,
            settings=self._settings,
        )
        self._check_id_token(id_token, claims)
        return claims
