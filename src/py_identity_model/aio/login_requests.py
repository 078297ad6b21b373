"""Logins, as they begin: what the browser is sent to the provider with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Unpack

from .._jose.jwk import PrivateKey
from .._jose.signer import Signer
from .._protocol.authorization import (
    build_authorization_url,
    build_pushed_authorization_url,
    extra_pairs,
)
from .._protocol.discovery import DiscoveryDocumentResponse
from .._protocol.jar import build_jar_authorization_url, create_request_object
from .._protocol.par import PushedAuthorizationRequest
from .._protocol.request_object import build_request_uri_authorization_url
from .._protocol.token_endpoint import refused_by
from .._relying_party.client_parameters import AuthorizationParameters
from .._relying_party.client_profile import check_provider, check_request, response_mode_of
from .._relying_party.login import AuthorizationRequest, Secrets, check_protection
from .._seam.aio import call
from .._wire.models import Scope, scope_text
from ..exceptions import ConfigurationException, InvalidArgumentError
from ._transport.signing import signed_by
from .par import push_authorization_request
from .session_access import AsyncSessionAccess

_OURS = frozenset(
    {
        *("client_id", "redirect_uri", "scope", "response_type", "state", "nonce"),
        *("code_challenge", "code_challenge_method", "request", "request_uri", "dpop_jkt"),
    }
)
ChallengeMethod = Literal["default", "S256"] | None


class AsyncLoginRequests(AsyncSessionAccess):
    """Begins logins."""

    async def authorization_request(
        self,
        *,
        redirect_uri: str | None = None,
        scope: Scope | None = None,
        response_type: str = "code",
        response_mode: str | None = None,
        max_age: int | None = None,
        code_challenge: ChallengeMethod = "default",
        extra_parameters: Mapping[str, Any] | None = None,
        **parameters: Unpack[AuthorizationParameters],
    ) -> AuthorizationRequest:
        """Begin a login: send the browser to its ``url``, keep it in the user's session.

        With ``openid`` in the scope an ID token must come, bound to this login by a nonce; without
        it the login is plain OAuth 2.0, and its session has tokens and no claims.

        Parameters:
            redirect_uri: where the browser comes back to; the client's own by default.
            scope: what is asked for; the client's own by default.
            response_type: what must come back; ``code`` by default.
            response_mode: how it comes back.
            max_age: seconds since the user last typed a password.
            code_challenge: ``S256`` makes one for this login, as the default does unless a preset
                says that its provider fails then; None switches PKCE off for this login.
            extra_parameters: what only this provider knows (``access_type``, ``kc_idp_hint``).
            parameters: further ones by their registered names, as for
                :func:`build_authorization_url`; type checkers know them.  ``resource`` goes to
                the token endpoint as well, and to every renewal (RFC 8707 §2).

        Raises :class:`ConfigurationException`, also for a login that neither a nonce nor PKCE
        binds to its code (``unprotected_login``), :class:`DiscoveryException`,
        :class:`TokenRequestException` when the provider refuses a pushed request, and
        :class:`InvalidArgumentError` for a parameter that the login sets itself.
        RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1.

        Example::

            begun = await client.authorization_request(login_hint="alice")
            print(begun.url)
        """
        metadata = await self.metadata()
        target = redirect_uri or self._redirect_uri
        if not target:
            raise ConfigurationException("a redirect_uri must be given, here or to the client")
        wanted = self._scope if scope is None else scope_text(scope) or ""
        more: dict[str, Any] = {**parameters, **(extra_parameters or {})}
        taken = sorted(_OURS & {*more})
        if taken:
            raise InvalidArgumentError(f"parameters must not name {', '.join(taken)}")
        made = self._secrets(wanted, response_type, code_challenge)
        pushed = self._use_par or bool(metadata.require_pushed_authorization_requests)
        check_request(
            self.profile,
            redirect_uri=target,
            response_type=response_type,
            use_par=pushed,
            code_challenge=made.code_challenge,
        )
        check_provider(self.profile, metadata, login_scope=wanted)
        extra = self._provider.authorization_parameters(response_mode)
        mode = response_mode_of(self.profile, self._message_signing, extra["response_mode"])
        extra |= {"max_age": max_age, **more, "response_mode": mode}
        if self.dpop_key is not None:
            extra["dpop_jkt"] = self.dpop_key.jwk_thumbprint
        named = {
            "redirect_uri": target,
            "scope": wanted or None,
            "response_type": response_type,
            "state": made.state,
            "nonce": made.nonce,
            "code_challenge": made.code_challenge,
            "code_challenge_method": made.challenge_method,
        }
        extra = {name: value for name, value in extra.items() if value is not None}
        return AuthorizationRequest(
            await self._url_of(metadata, named, extra, pushed=pushed),
            str(metadata.issuer),
            self.client_id,
            target,
            made.state,
            made.nonce,
            made.code_verifier,
            response_type,
            mode,
            max_age,
            self._has_id_token(wanted, response_type),
            more.get("resource"),
        )

    def _has_id_token(self, scope: str, response_type: str = "code") -> bool:
        """Return whether an ID token must come."""
        asked = "openid" in scope.split() or "id_token" in response_type.split()
        return asked or self._expect_id_token

    def _secrets(self, scope: str, response_type: str, method: ChallengeMethod) -> Secrets:
        """Return what binds the answer to this login; raise for a login that nothing binds."""
        if method not in {"default", "S256", None}:
            raise InvalidArgumentError(
                "code_challenge must be S256, or None for a login without PKCE: the login makes it"
            )
        challenge = self._provider.has_challenge if method == "default" else method is not None
        words = response_type.split()
        in_front = "id_token" in words  # where a nonce is never optional
        nonce = self._has_id_token(scope, response_type)
        check_protection(
            nonce=nonce and (self._require_nonce or in_front),
            challenge=challenge and "code" in words,
            excused=self._provider.is_unprotected_for_a_reason and "code" in words,
        )
        sent = nonce and (self._provider.has_nonce or in_front)
        return Secrets.fresh(nonce=sent, challenge=challenge)

    async def _url_of(
        self,
        metadata: DiscoveryDocumentResponse,
        named: dict[str, Any],
        extra: dict[str, Any],
        *,
        pushed: bool,
    ) -> str:
        endpoint = self._usable(metadata, "authorization_endpoint", metadata.authorization_endpoint)
        signed = await self._signed(str(metadata.issuer), named, extra)
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

    async def _signed(
        self, issuer: str, named: dict[str, Any], extra: dict[str, Any]
    ) -> str | None:
        key, algorithm, kid = self._signing
        if key is None:
            return None

        def build(key: PrivateKey | Signer) -> str:
            return create_request_object(
                key, algorithm, self.client_id, issuer, **named, kid=kid, **extra
            )

        return await signed_by(key, build)

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
