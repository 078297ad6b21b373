"""Logins, from their beginning to their end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from .._protocol.authorization import (
    build_authorization_url,
    build_pushed_authorization_url,
    extra_pairs,
)
from .._protocol.authorization_code import AuthorizationCodeTokenRequest
from .._protocol.callback import AuthorizeCallbackResponse, parse_authorize_callback_response
from .._protocol.client_profile import (
    check_request,
    signing_algorithms,
)
from .._protocol.discovery import DiscoveryDocumentResponse
from .._protocol.jar import build_jar_authorization_url, create_request_object
from .._protocol.jarm import is_jarm_response
from .._protocol.jwks import JwksRequest
from .._protocol.login import AuthorizationRequest, Secrets, check_callback, replayed
from .._protocol.par import PushedAuthorizationRequest
from .._protocol.token_endpoint import Scope, TokenResponse, refused_by, scope_text
from .._protocol.token_validation import unavailable
from .._seam.aio import call
from ..exceptions import (
    AuthorizeCallbackException,
    ConfigurationException,
    InvalidArgumentError,
    TokenRequestException,
    UserInfoException,
)
from .authorization_code import request_authorization_code_token
from .id_token import validate_id_token
from .jarm import process_jarm_response
from .jwks import get_jwks
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
        **parameters: Any,
    ) -> AuthorizationRequest:
        """Begin a login: send the browser to its ``url``, keep it in the user's session.

        ``parameters`` are further ones by their registered names, as for
        :func:`build_authorization_url`; ``max_age`` is in seconds.  Raises
        :class:`ConfigurationException`, :class:`DiscoveryException`, and
        :class:`TokenRequestException` when the provider refuses a pushed request.

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
        if self.profile == "fapi2-message-signing" and response_mode is None:
            response_mode = "jwt"
        made = Secrets.fresh()
        named = {
            "redirect_uri": target,
            "scope": self._scope if scope is None else scope_text(scope),
            "response_type": response_type,
            "state": made.state,
            "nonce": made.nonce,
            "code_challenge": made.code_challenge,
            "code_challenge_method": "S256",
        }
        taken = sorted(({*named, "client_id"} | _OURS) & {*parameters})
        if taken:
            raise InvalidArgumentError(f"parameters must not name {', '.join(taken)}")
        extra = {"response_mode": response_mode, "max_age": max_age, **parameters}
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
        endpoint = str(metadata.authorization_endpoint or "")
        signed = self._signed(str(metadata.issuer), named, extra)
        if pushed:
            reference = await self._pushed(named, extra, signed)
            return build_pushed_authorization_url(endpoint, self.client_id, reference)
        if signed is not None:
            scope, response_type = named["scope"], named["response_type"]
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
        answer: str | Mapping[str, str],
        begun: AuthorizationRequest,
        *,
        userinfo: bool = False,
    ) -> AsyncSession:
        """Finish a login: check everything, exchange the code, and return who logged in.

        ``answer`` is the URL that was called, or the fields of a form that was posted to it;
        ``begun`` is what :meth:`authorization_request` returned.  With ``userinfo`` the user's
        claims are asked for, and must be about the same user.

        Raises :class:`AuthorizeCallbackException` with a ``code`` that says why
        (``missing_state``, ``state_mismatch``, ``missing_issuer``, ``issuer_mismatch``,
        ``callback_replayed``, ``authorization_refused``, ``incomplete_callback``,
        ``unsigned_response``), :class:`TokenRequestException` when the code is refused or the
        session cannot be stored (``store_unavailable``),
        :class:`IdTokenValidationException` and the other exceptions of :func:`validate_token`
        for the ID token, :class:`UserInfoException` for userinfo.
        OpenID Connect Core §3.1.2.7, RFC 9207 §2.4.

        Example::

            session = await client.callback(str(request.url), begun)
            print(session.subject)
        """
        metadata = await self.metadata()
        if (begun.issuer, begun.client_id) != (metadata.issuer, self.client_id):
            raise AuthorizeCallbackException(
                "the login was begun at another provider, or by another client",
                code="issuer_mismatch",
            )
        callback = await self._read(answer, begun)
        supported = bool(metadata.authorization_response_iss_parameter_supported)
        check_callback(callback, begun, supports_iss=supported or self.profile is not None)
        until = time.time() + _LOGIN_LIFETIME
        if not await call(self._replays.add, f"login:{begun.issuer}:{begun.state}", until):
            raise replayed()
        front = await self._front_channel_claims(callback, begun)
        response = await self._exchanged(callback, begun)
        token = response.token or {}
        claims = await self._claims(
            token.get("id_token") or callback.identity_token, begun, token.get("access_token")
        )
        if front is not None and (front["iss"], front["sub"]) != (claims["iss"], claims["sub"]):
            raise AuthorizeCallbackException(
                "the two ID tokens are about different users", code="subject_mismatch"
            )
        about = None
        if userinfo:
            found = await self.userinfo(str(token["access_token"]), expected_sub=str(claims["sub"]))
            if not found.is_successful:
                raise UserInfoException(str(found.error), None, found.status_code)
            about = found.claims
        session = AsyncSession(token, claims, response.expires_at, about)
        await self.bind(session)
        return session

    async def _read(
        self, answer: str | Mapping[str, str], begun: AuthorizationRequest
    ) -> AuthorizeCallbackResponse:
        url = answer if isinstance(answer, str) else f"?{urlencode(dict(answer))}"
        if not begun.is_signed_response:
            return parse_authorize_callback_response(url)
        if not is_jarm_response(url):
            raise AuthorizeCallbackException(
                "the response is not signed although it must be", code="unsigned_response"
            )
        metadata = await self.metadata()
        jwks = await get_jwks(
            JwksRequest(str(metadata.jwks_uri or ""), self._policy),
            self._http_client,
            settings=self._settings,
        )
        if not jwks.is_successful:
            raise unavailable(jwks, "jwks_failed")
        supported = metadata.authorization_signing_alg_values_supported
        return await process_jarm_response(
            url,
            client_id=self.client_id,
            issuer=begun.issuer,
            jwks=jwks,
            algorithms=signing_algorithms(self.profile, supported) or [],
            leeway=self._leeway,
            decryption_keys=self._decryption_keys,
            client_secret=self._client_secret,
        )

    async def _front_channel_claims(
        self, callback: AuthorizeCallbackResponse, begun: AuthorizationRequest
    ) -> dict[str, Any] | None:
        if callback.identity_token is None:
            return None
        return await validate_id_token(
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

    async def _exchanged(
        self, callback: AuthorizeCallbackResponse, begun: AuthorizationRequest
    ) -> TokenResponse:
        if callback.code is None:
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
        kind = str((response.token or {}).get("token_type")).lower()
        if self.profile is not None and self.dpop_key is not None and kind != "dpop":
            raise TokenRequestException(
                "the token is not bound to the key, as the profile demands",
                request.address,
                code="token_not_bound_to_key",
            )
        return response

    async def _claims(
        self, id_token: str | None, begun: AuthorizationRequest, access_token: str | None
    ) -> dict[str, Any]:
        if not id_token:
            raise AuthorizeCallbackException(
                "the provider gave no ID token: is openid in the scope?", code="missing_id_token"
            )
        return await validate_id_token(
            id_token,
            self._id_token_config(),
            self.issuer,
            self._http_client,
            nonce=begun.nonce,
            access_token=access_token,
            max_age=begun.max_age,
            settings=self._settings,
        )
