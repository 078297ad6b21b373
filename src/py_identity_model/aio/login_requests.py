"""Start of logins: the requests that the browser takes to the provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
from .._protocol.token_endpoint import token_request_error
from .._relying_party.client_arguments import (
    AuthorizationOptions,
    ChallengeMethod,
    check_further_parameters,
)
from .._relying_party.client_profile import check_provider, check_request, response_mode_of
from .._relying_party.login import AuthorizationRequest
from .._seam.aio import call
from .._wire.arguments import whole_seconds
from .._wire.models import Scope, repeatable
from ._transport.signing import sign
from .par import push_authorization_request
from .provider_client import AsyncProviderClient


class AsyncLoginRequests:
    """Starts logins.

    :param client: the client at the provider
    :param options: how logins start
    """

    def __init__(self, client: AsyncProviderClient, options: AuthorizationOptions) -> None:
        self._client = client
        self._options = options

    async def begin(
        self,
        *,
        redirect_uri: str | None,
        scope: Scope | None,
        response_type: str,
        response_mode: str | None,
        max_age: int | None,
        code_challenge: ChallengeMethod,
        further: Mapping[str, Any],
    ) -> AuthorizationRequest:
        """Return a started login; see :meth:`AsyncOAuthClient.authorization_request`.

        :param further: further parameters by their registered names
        """
        if max_age is not None:
            whole_seconds("max_age", max_age)
        further = {name: repeatable(one) for name, one in further.items()}
        client, options = self._client, self._options
        metadata = await client.metadata()
        target = options.target(redirect_uri)
        wanted = options.wanted_scope(scope)
        check_further_parameters(further)
        made = options.secrets(wanted, response_type, code_challenge)
        pushed = options.use_par or bool(metadata.require_pushed_authorization_requests)
        check_request(
            client.profile,
            redirect_uri=target,
            response_type=response_type,
            use_par=pushed,
            code_challenge=made.code_challenge,
        )
        check_provider(client.profile, metadata, login_scope=wanted)
        extra = self._extra(response_mode, max_age, further)
        named = {
            "redirect_uri": target,
            "scope": wanted or None,
            "response_type": response_type,
            "state": made.state,
            "nonce": made.nonce,
            "code_challenge": made.code_challenge,
            "code_challenge_method": made.challenge_method,
        }
        return AuthorizationRequest(
            await self._build_url(metadata, named, extra, pushed=pushed),
            str(metadata.issuer),
            client.client_id,
            target,
            made.state,
            made.nonce,
            made.code_verifier,
            response_type,
            extra.get("response_mode"),
            max_age,
            options.has_id_token(wanted, response_type),
            further.get("resource"),
        )

    def _extra(
        self, response_mode: str | None, max_age: int | None, further: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the parameters of a request beyond those of every login."""
        client, options = self._client, self._options
        extra = options.provider.authorization_parameters(response_mode)
        mode = response_mode_of(client.profile, options.message_signing, extra["response_mode"])
        extra |= {"max_age": max_age, **further, "response_mode": mode}
        if client.dpop_key is not None:
            extra["dpop_jkt"] = client.dpop_key.jwk_thumbprint
        return {name: value for name, value in extra.items() if value is not None}

    async def _build_url(
        self,
        metadata: DiscoveryDocumentResponse,
        named: dict[str, Any],
        extra: dict[str, Any],
        *,
        pushed: bool,
    ) -> str:
        client_id = self._client.client_id
        endpoint = self._client.usable(
            metadata, "authorization_endpoint", metadata.authorization_endpoint
        )
        signed = await self._sign(str(metadata.issuer), named, extra)
        if pushed:
            reference = await self._push(named, extra, signed)
            return build_pushed_authorization_url(endpoint, client_id, reference)
        scope, response_type = named["scope"], named["response_type"]
        if signed is not None and self._options.publish is not None:
            published = await call(self._options.publish, signed)
            return build_request_uri_authorization_url(
                endpoint, client_id, str(published), scope, response_type
            )
        if signed is not None:
            return build_jar_authorization_url(endpoint, client_id, signed, scope, response_type)
        return build_authorization_url(endpoint, client_id, **named, **extra)

    async def _sign(self, issuer: str, named: dict[str, Any], extra: dict[str, Any]) -> str | None:
        signing, client_id = self._options.signing, self._client.client_id
        if signing is None:
            return None

        def build(key: PrivateKey | Signer) -> str:
            return create_request_object(
                key, signing.algorithm, client_id, issuer, **named, kid=signing.kid, **extra
            )

        return await sign(signing.key, build)

    async def _push(self, named: dict[str, Any], extra: dict[str, Any], signed: str | None) -> str:
        repeated: dict[str, list[str]] = {}
        for name, value in extra_pairs(extra):
            repeated.setdefault(name, []).append(value)
        repeated.pop("dpop_jkt", None)  # the proof's key determines it already
        request = PushedAuthorizationRequest(
            await self._client.endpoint("pushed_authorization_request_endpoint"),
            self._client.client_id,
            **named,
            extra_parameters=None if signed is not None else repeated,
            request=signed,
        )
        response = await self._client.ask(push_authorization_request, request)
        if not response.is_successful:
            raise token_request_error(request.address, response)
        return str(response.request_uri)
