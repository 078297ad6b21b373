"""A client's validation of ID tokens and userinfo, as registered."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal, Unpack

from .._jose.jwk import DecryptionKeys
from .._jose.keys import KeySnapshot
from .._jose.tokens import header_members
from .._protocol.callback import AuthorizeCallbackResponse
from .._protocol.discovery import DiscoveryDocumentResponse
from .._protocol.jarm import JarmCheck
from .._protocol.userinfo import UserInfoRequest, UserInfoResponse
from .._relying_party.client_arguments import UserTokenRules
from .._relying_party.client_parameters import IdTokenContext
from .._relying_party.client_profile import check_signature, signing_algorithms
from .._relying_party.encrypted_answers import EncryptedArtefact
from .._settings import in_force
from .._validation.config import TokenValidationConfig
from .._validation.id_token import check_auth_time
from .._validation.id_token_limits import (
    check_age,
    check_audiences,
    check_nonce,
    check_registered_algorithm,
    check_token_kind,
)
from .._wire.messages import ErrorKind
from ..exceptions import TokenValidationException
from ._transport.opening import open_token, unwrap_keys
from .id_token import validate_id_token
from .provider_client import AsyncProviderClient
from .userinfo import get_userinfo


class AsyncProviderTokens:
    """Validates the provider's statements about users.

    :param client: the client at the provider
    :param rules: what is registered, and what is accepted
    """

    def __init__(self, client: AsyncProviderClient, rules: UserTokenRules) -> None:
        self._client = client
        self._rules = rules
        self._configs: dict[str, tuple[DiscoveryDocumentResponse, TokenValidationConfig]] = {}

    async def config(self, artefact: EncryptedArtefact) -> TokenValidationConfig:
        """Return the configuration for validating a token about a user.

        The same object while the metadata is unchanged, so that validators prepared for it are
        reused.
        """
        metadata = await self._client.metadata()
        known = self._configs.get(artefact)
        if known is None or not _are_same(known[0], metadata):
            known = self._configs[artefact] = metadata, self._make_config(artefact, metadata)
        return known[1]

    def _make_config(
        self, artefact: EncryptedArtefact, metadata: DiscoveryDocumentResponse
    ) -> TokenValidationConfig:
        client, rules = self._client, self._rules
        issuer, given = str(metadata.issuer), client.given_metadata
        check_issuer = client.provider.issuer_check(issuer)
        algorithms = rules.algorithms
        if artefact == "id_token":
            algorithms = client.provider.algorithms(algorithms, metadata)
        return TokenValidationConfig(
            perform_disco=True,
            audience=client.client_id,
            algorithms=signing_algorithms(client.profile, algorithms),
            options=None if check_issuer is None else {"verify_iss": False},
            claims_validator=check_issuer,
            leeway=rules.leeway,
            discovery_policy=client.policy,
            allow_weak_keys=rules.allow_weak_keys,
            decryption_keys=rules.decryption_keys,
            allow_unencrypted=artefact not in rules.encrypted,
            client_secret=rules.client_secret,
            issuer=None if given is None else issuer,
            jwks_uri=None if given is None else given.jwks_uri,
        )

    async def id_token_claims(
        self,
        id_token: str,
        *,
        access_token: str | None = None,
        code: str | None = None,
        max_age: int | None = None,
        response_type: str | None = None,
    ) -> dict[str, Any]:
        """Return the claims of an ID token for this client, from any response.

        The nonce is judged by :meth:`login_claims`: refreshed tokens may have none.
        """
        client, rules = self._client, self._rules
        signed, config = await open_token(id_token, await self.config("id_token"))
        check_registered_algorithm(signed, config.algorithms)
        claims = await validate_id_token(
            signed,
            config,
            client.provider.address,
            client.http_client,
            access_token=access_token,
            code=code,
            response_type=response_type,
            settings=client.settings,
        )
        if max_age is not None:
            check_auth_time(claims, max_age, rules.age_leeway, ahead=rules.leeway)
        check_token_kind(claims, header_members(signed).get("typ"))
        check_signature(client.profile, signed)
        check_audiences(claims, rules.trusted_audiences)
        check_age(claims, rules.max_age, rules.age_leeway)
        client.provider.check_required_claims(claims)
        return claims

    async def login_claims(
        self,
        id_token: str,
        nonce: str | None,
        *,
        required: bool,
        **context: Unpack[IdTokenContext],
    ) -> dict[str, Any]:
        """Return the claims of the ID token of the login with this nonce."""
        claims = await self.id_token_claims(id_token, **context)
        check_nonce(claims, nonce, required=required)
        return claims

    async def authorization_response(self, response: str, issuer: str) -> AuthorizeCallbackResponse:
        """Return what a signed response says, verified with the cached keys, or with newer ones.

        JARM §2.4.
        """
        client, policy = self._client, self._client.policy
        metadata = await client.metadata()
        jwks_uri = client.usable(metadata, "jwks_uri", metadata.jwks_uri)
        cache = client.cache()
        read = partial(
            self._read_response,
            response,
            issuer,
            metadata.authorization_signing_alg_values_supported,
            await unwrap_keys(response, self._rules.decryption_keys),
        )
        with in_force(client.settings):
            keys = await cache.snapshot(
                client.http_client, jwks_uri, policy, client.provider.address
            )
            try:
                return read(keys)
            except TokenValidationException as error:
                if error.code not in {"no_matching_key", "invalid_signature"}:
                    raise
                newer = await cache.newer(client.http_client, jwks_uri, policy, keys, None)
                if newer is None:
                    raise
            callback = read(newer)
        cache.reset_cooldown(jwks_uri, policy)
        return callback

    def _read_response(
        self,
        response: str,
        issuer: str,
        supported: list[str] | None,
        decryption_keys: DecryptionKeys | None,
        keys: KeySnapshot,
    ) -> AuthorizeCallbackResponse:
        rules = self._rules
        return JarmCheck(
            self._client.client_id,
            issuer,
            keys.keys,
            signing_algorithms(self._client.profile, supported) or [],
            rules.leeway,
            decryption_keys,
            rules.client_secret,
            allow_unencrypted="response" not in rules.encrypted,
            allow_weak_keys=rules.allow_weak_keys,
        ).read(response)

    async def userinfo(
        self, access_token: str, *, expected_sub: str, method: Literal["GET", "POST"] = "GET"
    ) -> UserInfoResponse:
        """Request the claims of the user whose ``sub`` is expected; see :func:`get_userinfo`."""
        client = self._client
        request = UserInfoRequest(
            await client.endpoint("userinfo_endpoint"),
            access_token,
            expected_sub,
            dpop_key=client.dpop_key,
            mtls=client.authentication.client_certificate,
            token_validation_config=await self.config("userinfo"),
            disco_doc_address=client.provider.address,
            method=method,
        )
        response = await client.ask(get_userinfo, request)
        unsigned = response.is_successful and response.raw is None
        if unsigned and "userinfo" in self._rules.encrypted:
            return UserInfoResponse(
                False,
                "userinfo must be encrypted",
                error_kind=ErrorKind.VERIFICATION_FAILED,
            )
        return response


def _are_same(one: DiscoveryDocumentResponse, other: DiscoveryDocumentResponse) -> bool:
    """Return whether two metadata objects are equal; each caller has a copy of the cached one."""
    document = vars(one).get("document")
    return one is other or (document is not None and document == vars(other).get("document"))
