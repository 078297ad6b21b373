# Generated from aio/logins.py by scripts/make_sync.py; edit that file.
"""Logins, as they end: the answer is checked, and becomes a session."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .._jose.keys import KeySnapshot
from .._logging import log_failure, logger
from .._protocol.authorization_code import AuthorizationCodeTokenRequest
from .._protocol.callback import (
    AuthorizeCallbackResponse,
    callback_url,
    parse_authorize_callback_response,
)
from .._protocol.jarm import JarmCheck, extract_jarm_response_jwt, is_jarm_response
from .._protocol.token_endpoint import TokenResponse, check_token_answer, refused_by
from .._relying_party.client_profile import signing_algorithms
from .._relying_party.login import (
    AuthorizationRequest,
    check_begun,
    check_callback,
    check_unsigned,
    missing_id_token,
    replayed,
    store_unavailable,
    without_id_token,
)
from .._seam.sync import call
from .._settings import in_force
from ..exceptions import (
    AuthorizeCallbackException,
    InvalidArgumentError,
    PyIdentityModelException,
    TokenValidationException,
    UserInfoException,
)
from ._transport.opening import unwrapped
from .authorization_code import request_authorization_code_token
from .login_requests import LoginRequests
from .session import Session

_LOGIN_LIFETIME = 3600.0


class Logins(LoginRequests):
    """Finishes logins."""

    def callback(
        self,
        answer: str | Mapping[str, Any],
        begun: AuthorizationRequest,
        *,
        userinfo: bool = False,
    ) -> Session:
        """Finish a login: check everything, exchange the code, and return who logged in.

        ``answer``: the URL that was called, its query string, or the fields of a form that was
        posted to it.
        ``begun``: what :meth:`authorization_request` returned.
        ``userinfo``: ask for the user's claims as well; they must be about the same user.

        A login without ``openid`` in its scope leads to a session without claims.

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

            session = client.callback(str(request.url), begun)
            print(session.subject)
        """
        try:
            return self._finish(answer, begun, userinfo=userinfo)
        except PyIdentityModelException as error:
            log_failure("login", self.issuer, error)
            raise

    def _finish(
        self, answer: str | Mapping[str, Any], begun: AuthorizationRequest, *, userinfo: bool
    ) -> Session:
        check_begun(begun)
        if userinfo and not begun.has_id_token:  # before the code is spent
            raise InvalidArgumentError(
                "userinfo must be about the user of an ID token: ask for the scope openid"
            )
        metadata = self.metadata()
        if (begun.issuer, begun.client_id) != (metadata.issuer, self.client_id):
            raise AuthorizeCallbackException(
                "the login was begun at another provider, or by another client",
                code="issuer_mismatch",
            )
        callback = self._read(callback_url(answer), begun)
        supported = bool(metadata.authorization_response_iss_parameter_supported)
        answered = vars(callback)["issuer"]
        check_callback(
            callback,
            begun,
            supports_iss=supported or self.profile is not None,
            issuer=self._provider.expected_issuer(begun.issuer, answered),
        )
        with self._once(begun):
            front = self._front_channel_claims(callback, begun)
            response = self._exchange(callback, begun)
        token = self._provider.with_token_type(response.token or {})
        if callback.code is not None or "access_token" in token:
            check_token_answer(token, begun.issuer, bound=self._expects_bound(callback))
        if not begun.has_id_token:
            return self._begin(without_id_token(token), {}, response, callback, begun)
        claims = self._claims(
            token.get("id_token") or callback.identity_token, begun, token.get("access_token")
        )
        self._provider.check_tenant(begun.issuer, answered, claims)
        if front is not None and (front["iss"], front["sub"]) != (claims["iss"], claims["sub"]):
            raise AuthorizeCallbackException(
                "the two ID tokens are about different users", code="subject_mismatch"
            )
        about = self._about(token, claims) if userinfo else None
        return self._begin(token, claims, response, callback, begun, about)

    def _begin(
        self,
        token: Mapping[str, Any],
        claims: Mapping[str, Any],
        response: TokenResponse,
        callback: AuthorizeCallbackResponse,
        begun: AuthorizationRequest,
        about: Mapping[str, Any] | None = None,
    ) -> Session:
        session = Session(
            token,
            claims,
            response.expires_at,
            about,
            session_state=callback.session_state,
            resource=begun.resource,
        )
        self.bind(session)
        return session

    def _expects_bound(self, callback: AuthorizeCallbackResponse) -> bool:
        return self.dpop_key is not None and callback.code is not None

    def _about(
        self, token: Mapping[str, Any], claims: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        about = self.userinfo(str(token["access_token"]), expected_sub=str(claims["sub"]))
        if not about.is_successful:
            raise UserInfoException(str(about.error), None, about.status_code)
        return about.claims

    @contextmanager
    def _once(self, begun: AuthorizationRequest) -> Iterator[None]:
        """Use an answer in the block, once; forget it where the provider did not take it.

        Codes and verifiers work once anyway.  If refused ones were remembered, strangers with
        invented codes could fill the store, and then nobody could log in.
        """
        key = f"login:{begun.issuer}:{begun.state}"
        discard = getattr(self._replays, "discard", None)
        if discard is None:
            yield
            self._remember(key)
            return
        self._remember(key)
        try:
            yield
        except BaseException:
            self._forget(discard, key)
            raise

    def _remember(self, key: str) -> None:
        try:
            added = call(self._replays.add, key, time.time() + _LOGIN_LIFETIME)
        except Exception as error:
            raise store_unavailable(type(error).__name__) from error
        if not added:
            raise replayed()

    def _forget(self, discard: Callable[[str], object], key: str) -> None:
        try:
            call(discard, key)
        except Exception as error:  # why the login failed matters more, and entries expire
            logger.warning("an answer cannot be forgotten: %s", type(error).__name__)

    def _read(self, url: str, begun: AuthorizationRequest) -> AuthorizeCallbackResponse:
        if not begun.is_signed_response:
            return parse_authorize_callback_response(url)
        if not is_jarm_response(url):
            check_unsigned(url)
        return self._read_signed(extract_jarm_response_jwt(url), begun.issuer)

    def _read_signed(self, response: str, issuer: str) -> AuthorizeCallbackResponse:
        """Return what a signed response says, verified with the cached keys, or with newer ones."""
        metadata = self.metadata()
        supported = metadata.authorization_signing_alg_values_supported
        jwks_uri = self._usable(metadata, "jwks_uri", metadata.jwks_uri)
        cache, policy = self._cache(), self._policy
        decryption_keys = unwrapped(response, self._decryption_keys)

        def read(keys: KeySnapshot) -> AuthorizeCallbackResponse:
            return JarmCheck(
                self.client_id,
                issuer,
                keys.keys,
                signing_algorithms(self.profile, supported) or [],
                self._leeway,
                decryption_keys,
                self._client_secret,
                allow_unencrypted="response" not in self._encrypted,
                allow_weak_keys=self._allow_weak_keys,
            ).read(response)

        with in_force(self._settings):
            keys = cache.snapshot(self._http_client, jwks_uri, policy, self._provider.address)
            try:
                return read(keys)
            except TokenValidationException as error:
                if error.code not in {"no_matching_key", "invalid_signature"}:
                    raise
                newer = cache.newer(self._http_client, jwks_uri, policy, keys, None)
                if newer is None:
                    raise
            callback = read(newer)
        cache.reset_cooldown(jwks_uri, policy)
        return callback

    def _front_channel_claims(
        self, callback: AuthorizeCallbackResponse, begun: AuthorizationRequest
    ) -> dict[str, Any] | None:
        if callback.identity_token is None or not begun.has_id_token:
            return None
        return self._login_claims(
            callback.identity_token,
            begun.nonce,
            required=True,
            access_token=callback.access_token,
            code=callback.code,
            max_age=begun.max_age,
            response_type=begun.response_type,
        )

    def _exchange(
        self, callback: AuthorizeCallbackResponse, begun: AuthorizationRequest
    ) -> TokenResponse:
        if callback.code is None:
            if callback.identity_token is None and begun.has_id_token:
                raise missing_id_token()
            values = {name: value for name, value in callback.values.items() if name != "state"}
            return TokenResponse(True, token=values)
        request = AuthorizationCodeTokenRequest(
            self.endpoint("token_endpoint"),
            self.client_id,
            callback.code,
            begun.redirect_uri,
            code_verifier=begun.code_verifier,
            client_authentication=self._proof_of_identity(),
            dpop_key=self.dpop_key,
            resource=begun.resource,
        )
        response = request_authorization_code_token(
            request, self._http_client, settings=self._settings
        )
        if not response.is_successful:
            raise refused_by(request.address, response)
        return response

    def _claims(
        self, id_token: str | None, begun: AuthorizationRequest, access_token: str | None
    ) -> dict[str, Any]:
        if not id_token:
            raise missing_id_token()
        return self._login_claims(
            id_token,
            begun.nonce,
            required=self._require_nonce,
            access_token=access_token,
            max_age=begun.max_age,
        )
