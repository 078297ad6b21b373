"""A client that is kept: everything that a relying party does at one provider."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from .._protocol.client_credentials import ClientCredentialsTokenRequest
from .._protocol.introspection import TokenIntrospectionRequest, TokenIntrospectionResponse
from .._protocol.logout import build_end_session_url
from .._protocol.refresh_grant import RefreshTokenResponse
from .._protocol.revocation import TokenRevocationRequest, TokenRevocationResponse
from .._protocol.token_exchange import TokenExchangeRequest, TokenExchangeResponse, judged_exchange
from .._protocol.userinfo import UserInfoResponse
from .._relying_party.client_parameters import ExchangeParameters, TokenParameters
from .._sessions.session_record import target_name
from .._wire.models import Scope
from ..exceptions import InvalidArgumentError, TokenRequestException
from .introspection import introspect_token
from .registered_client import AsyncRegisteredClient
from .revocation import revoke_token
from .session import AsyncSession, state_of
from .session_access import AsyncSessionRenewal, AsyncSessionTokenSource
from .token_exchange import exchange_token
from .token_source import AsyncTokenSource

if TYPE_CHECKING:
    from .token_auth import AsyncTokenAuth

_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


class AsyncOAuthClient(AsyncRegisteredClient):
    """A client of one provider: made once, kept for the life of the program.

    ``issuer`` is where the metadata is discovered (and checked again each hour), unless
    ``metadata`` gives it; or a preset of ``py_identity_model.providers``, which knows the habits
    of its provider.  ``client_authentication`` says how the client proves who it is;
    assertions are made for the issuer, and certificates lead to the provider's aliases for them.
    A ``client_secret`` verifies and opens tokens made with it, and where there is no
    ``client_authentication`` it is the authentication: by :class:`ClientSecretBasic`.
    ``redirect_uri`` and ``scope`` are those of logins (``openid`` by default; without it a login
    is plain OAuth 2.0, unless ``expect_id_token``); they are pushed where the provider
    demands it or ``use_par`` does, and signed with ``request_signing_key`` (by
    ``request_signing_algorithm``, named ``request_signing_kid``) if it is given;
    ``publish_request_object`` serves a signed request, and returns the URL where the provider
    finds it.  ``dpop_key`` binds every token to a key: one that is not bound is refused.

    ``id_token_algorithms`` are those that were registered, by default the provider's asymmetric
    ones.  ``leeway`` is how many seconds clocks may differ (60 by default),
    ``trusted_audiences`` are further clients that ID tokens may be for besides this one, and
    ``max_id_token_age`` is how many seconds ago they may have been issued (by default any).
    ``require_nonce=False`` accepts ID tokens without the nonce that was sent, and never with
    another one; ``allow_weak_keys`` accepts RSA keys under 2048 bits and secrets shorter than
    their hash.  ``decryption_keys`` open encrypted tokens and responses; ``require_encrypted``
    names what was registered to be encrypted (``id_token``, ``userinfo``, ``response``), and
    must be.  Private keys are PEM, a JWK, a JWKS,
    or key objects of cryptography.

    ``profile`` is None, ``fapi2`` or ``fapi2-message-signing``: what violates it is refused
    before anything is sent.  ``message_signing`` names what the latter signs: requests (JAR),
    responses (JARM), by default both.  ``tls_client_certificate_bound_access_tokens`` says that
    ``http_client`` was made elsewhere and presents a certificate, to which tokens are bound
    however the client authenticates.  ``token_store`` keeps the machine's tokens of
    :meth:`token_source`, ``session_store`` the logins (an :class:`AsyncSessionStore`; in this
    process by default, which forgets them with it), for ``session_lifetime`` seconds after their
    last use unless the provider says; ``replay_store`` the logins that were finished.
    ``http_client``, ``discovery_policy`` and ``settings`` are those of the functions.

    Raises :class:`ConfigurationException` for a client that violates its profile, and
    :class:`InvalidArgumentError` (a ``ValueError``) for an argument that cannot be used.

    Example::

        client = AsyncOAuthClient(
            "https://op.example",
            "web",
            ClientSecretBasic("s3cret"),
            redirect_uri="https://rp.example/cb",
        )
    """

    async def refresh(
        self, session: AsyncSession | str, scope: Scope | None = None
    ) -> RefreshTokenResponse:
        """Exchange the refresh token of a session, or one by itself, for new tokens.

        Those of a session are stored in its record.  A text is presented as it is: never pass
        the one of a session.  Nothing is raised for what the provider refuses, see
        :func:`refresh_token`.  An ID token in the answer is validated, that of a session against
        the first one; if it is refused, a session keeps its new refresh token alone, and what
        came for a text is discarded.

        Raises :class:`TokenRequestException` (``login_required``, ``store_unavailable``, or
        another code for an answer that cannot be used), :class:`IdTokenValidationException` and
        what else :func:`validate_id_token` raises.  RFC 6749 §6, OpenID Connect Core §12.2.

        Example::

            response = await client.refresh(session)
        """
        parameters = {} if scope is None else {"scope": scope}
        if isinstance(session, str):
            return await self._refresh_text(session, parameters)
        renewal = AsyncSessionRenewal(self, session, target_name(parameters), parameters, 60.0)
        try:
            await renewal.token(object(), None, lambda record: bool(renewal.responses))
        except TokenRequestException:
            if not renewal.responses or renewal.responses[-1].is_successful:
                raise
        return renewal.responses[-1]

    async def _refresh_text(self, token: str, parameters: dict[str, Any]) -> RefreshTokenResponse:
        response = await self.present(await self.refresh_request(token, parameters))
        answer = (response.token or {}) if response.is_successful else {}
        if answer.get("id_token"):
            await self._id_token_claims(answer["id_token"], access_token=answer.get("access_token"))
        return response

    async def userinfo(
        self,
        access_token: AsyncSession | str,
        *,
        expected_sub: str | None = None,
        method: Literal["GET", "POST"] = "GET",
    ) -> UserInfoResponse:
        """Ask for the claims of a session's user, or of the ``sub`` expected for an access token.

        See :func:`get_userinfo`.  Raises :class:`InvalidArgumentError` for a token without
        ``expected_sub``, and what :meth:`AsyncSession.get_access_token` does.

        Example::

            response = await client.userinfo(session.access_token, expected_sub=session.subject)
        """
        if not isinstance(access_token, str):
            known = state_of(access_token).record.subject or expected_sub
            expected_sub = known or access_token.subject
            source = await self.token_source(session=access_token)
            access_token = (await source.get_token()).access_token
        if expected_sub is None:
            raise InvalidArgumentError("expected_sub says whose claims the access token is for")
        return await super().userinfo(access_token, expected_sub=expected_sub, method=method)

    async def introspect(self, token: str, hint: str | None = None) -> TokenIntrospectionResponse:
        """Ask what a token is worth; see :func:`introspect_token`.

        Example::

            response = await client.introspect(session.access_token)
        """
        request = TokenIntrospectionRequest(
            await self.endpoint("introspection_endpoint"),
            token,
            self.client_id,
            hint,
            client_authentication=await self._proof_of_identity(),
        )
        return await introspect_token(request, self._http_client, settings=self._settings)

    async def revoke(
        self, token: AsyncSession | str, hint: str | None = None
    ) -> TokenRevocationResponse:
        """Tell the provider that a token, or a session's tokens, are not needed any more.

        The record of a session is deleted first, whatever the provider says; then its refresh
        token is revoked, or its access token if it has none.  See :func:`revoke_token`.

        Raises :class:`TokenRequestException` (``store_unavailable``): then the session lives on.

        Example::

            response = await client.revoke(session)
        """
        if not isinstance(token, str):
            token, hint = await self._end(token)
        request = TokenRevocationRequest(
            await self.endpoint("revocation_endpoint"),
            token,
            self.client_id,
            hint,
            client_authentication=await self._proof_of_identity(),
        )
        return await revoke_token(request, self._http_client, settings=self._settings)

    async def _end(self, session: AsyncSession) -> tuple[str, str]:
        """Delete the record of a session; return which token to revoke, and its kind."""
        records = await self.bind(session)
        state = state_of(session)
        record = await records.remove(str(state.name), state.record.version) or state.record
        state.ended = True
        if record.refresh_token is not None:
            return record.refresh_token, "refresh_token"
        return str(session.token.get("access_token", "")), "access_token"

    async def exchange(
        self,
        subject_token: str,
        subject_token_type: str = _ACCESS_TOKEN,
        **more: Unpack[ExchangeParameters],
    ) -> TokenExchangeResponse:
        """Exchange a token for another; ``more`` is as for :class:`TokenExchangeRequest`.

        Nothing is raised: an access token that this client could not use, such as one that is
        not bound to its ``dpop_key``, is a failed response as well.  RFC 8693 §2.

        Example::

            response = await client.exchange(session.access_token, audience="orders")
        """
        request = TokenExchangeRequest(
            await self.endpoint("token_endpoint"),
            self.client_id,
            subject_token,
            subject_token_type,
            client_authentication=await self._proof_of_identity(),
            dpop_key=self.dpop_key,
            **more,
        )
        response = await exchange_token(request, self._http_client, settings=self._settings)
        return judged_exchange(response, request.address, bound=self.dpop_key is not None)

    async def token_source(
        self,
        *,
        session: AsyncSession | None = None,
        margin: float = 60.0,
        **more: Unpack[TokenParameters],
    ) -> AsyncTokenSource:
        """Return tokens that renew themselves: this machine's own, or those of a session.

        ``more`` (``scope``, ``resource``, ``audience``...) is as for
        :class:`ClientCredentialsTokenRequest` or :class:`RefreshTokenRequest`.  A session has an
        access token for each, and one refresh token for all of them.

        Example::

            source = await client.token_source(scope="read")
        """
        if session is not None:
            return AsyncSessionTokenSource(self, session, dict(more), margin)
        common: dict[str, Any] = {
            "client_authentication": await self._proof_of_identity(),
            "dpop_key": self.dpop_key,
            **more,
        }
        address = await self.endpoint("token_endpoint")
        return AsyncTokenSource(
            ClientCredentialsTokenRequest(address, self.client_id, **common),
            self._http_client,
            store=self._store,
            margin=margin,
            settings=self._settings,
        )

    async def auth(
        self,
        *,
        session: AsyncSession | None = None,
        origins: Collection[str] | None = None,
        allow_tokens_over_plain_http: bool = False,
        **more: Unpack[TokenParameters],
    ) -> AsyncTokenAuth:
        """Return an ``auth`` for an HTTP client of yours; see :class:`AsyncTokenAuth`.

        The other arguments are those of :meth:`token_source`.

        Example::

            auth = await client.auth(scope="read", origins=["https://api.example"])
        """
        from .token_auth import AsyncTokenAuth

        return AsyncTokenAuth(
            await self.token_source(session=session, **more),
            origins=origins,
            allow_tokens_over_plain_http=allow_tokens_over_plain_http,
        )

    @overload
    async def end_session_url(
        self,
        session: AsyncSession,
        *,
        post_logout_redirect_uri: str | None = None,
        state: str | None = None,
        logout_hint: str | None = None,
        ui_locales: str | None = None,
        extra_parameters: Mapping[str, str] | None = None,
    ) -> str: ...

    @overload
    async def end_session_url(
        self,
        session: None = None,
        *,
        id_token_hint: str | None = None,
        post_logout_redirect_uri: str | None = None,
        state: str | None = None,
        logout_hint: str | None = None,
        ui_locales: str | None = None,
        extra_parameters: Mapping[str, str] | None = None,
    ) -> str: ...

    async def end_session_url(
        self,
        session: AsyncSession | None = None,
        *,
        id_token_hint: str | None = None,
        post_logout_redirect_uri: str | None = None,
        state: str | None = None,
        logout_hint: str | None = None,
        ui_locales: str | None = None,
        extra_parameters: Mapping[str, str] | None = None,
    ) -> str:
        """Return where to send the browser for a logout at the provider.

        ``session``: who logs out; its ID token is the hint.
        ``id_token_hint``: the ID token itself, where there is no session any more.
        ``extra_parameters``: what only this provider knows.

        The others are those of :func:`build_end_session_url`.  Raises
        :class:`ConfigurationException` when the provider has no such endpoint, and
        :class:`InvalidArgumentError` when the hint is given twice.
        OpenID Connect RP-Initiated Logout §2.

        Example::

            url = await client.end_session_url(session)
        """
        if session is not None and id_token_hint is not None:
            raise InvalidArgumentError(
                "id_token_hint is the session's ID token: give the session, or the hint"
            )
        return build_end_session_url(
            await self.endpoint("end_session_endpoint"),
            id_token_hint=id_token_hint if session is None else state_of(session).record.id_token,
            client_id=self.client_id,
            post_logout_redirect_uri=post_logout_redirect_uri,
            state=state,
            logout_hint=logout_hint,
            ui_locales=ui_locales,
            **extra_parameters or {},
        )

    async def close(self) -> None:
        """Forget the metadata; an HTTP client that was passed in stays open.

        Example::

            await client.close()
        """
        self._metadata = None

    async def __aenter__(self) -> AsyncOAuthClient:
        return self

    async def __aexit__(self, *details: object) -> None:
        await self.close()
