# Generated from aio/provider_tokens.py by scripts/make_sync.py; edit that file.
"""What a client's provider says of users: ID tokens and userinfo, as they were registered."""

from __future__ import annotations

from typing import Any, Literal

from .._protocol.discovery import DiscoveryDocumentResponse
from .._protocol.userinfo import UserInfoRequest, UserInfoResponse
from .._relying_party.client_profile import check_signature, signing_algorithms
from .._relying_party.encrypted_answers import EncryptedArtefact
from .._validation.config import TokenValidationConfig
from .._validation.id_token import check_auth_time
from .._validation.id_token_limits import (
    check_age,
    check_audiences,
    check_nonce,
    check_registered_algorithm,
)
from .._wire.messages import ErrorKind
from ._transport.opening import open_token
from .id_token import validate_id_token
from .provider_access import ProviderAccess
from .userinfo import get_userinfo


class ProviderTokens(ProviderAccess):
    """Judges what the provider says of users."""

    def _token_config(self, artefact: EncryptedArtefact) -> TokenValidationConfig:
        """Return how a token is validated that says who a user is.

        The same object while the metadata says the same: so what is worked out for it serves again.
        """
        metadata = self.metadata()
        known = self._token_configs.get(artefact)
        if known is None or not _are_same(known[0], metadata):
            known = self._token_configs[artefact] = metadata, self._make_config(artefact, metadata)
        return known[1]

    def _make_config(
        self, artefact: EncryptedArtefact, metadata: DiscoveryDocumentResponse
    ) -> TokenValidationConfig:
        issuer, given = str(metadata.issuer), self._given
        check_issuer = self._provider.issuer_check(issuer)
        algorithms = self._id_tokens
        if artefact == "id_token":
            algorithms = self._provider.algorithms(algorithms, metadata)
        return TokenValidationConfig(
            perform_disco=True,
            audience=self.client_id,
            algorithms=signing_algorithms(self.profile, algorithms),
            options=None if check_issuer is None else {"verify_iss": False},
            claims_validator=check_issuer,
            leeway=self._leeway,
            discovery_policy=self._policy,
            allow_weak_keys=self._allow_weak_keys,
            decryption_keys=self._decryption_keys,
            allow_unencrypted=artefact not in self._encrypted,
            client_secret=self._client_secret,
            issuer=None if given is None else issuer,
            jwks_uri=None if given is None else given.jwks_uri,
        )

    def _id_token_claims(
        self,
        id_token: str,
        *,
        access_token: str | None = None,
        code: str | None = None,
        max_age: int | None = None,
        response_type: str | None = None,
    ) -> dict[str, Any]:
        """Return the claims of an ID token for this client, whatever brought it.

        The nonce is judged by :meth:`_login_claims`: refreshed tokens may have none.
        """
        signed, config = open_token(id_token, self._token_config("id_token"))
        check_registered_algorithm(signed, config.algorithms)
        claims = validate_id_token(
            signed,
            config,
            self._provider.address,
            self._http_client,
            access_token=access_token,
            code=code,
            response_type=response_type,
            settings=self._settings,
        )
        if max_age is not None:
            check_auth_time(claims, max_age, self._age_leeway)
        check_signature(self.profile, signed)
        check_audiences(claims, self._trusted_audiences)
        check_age(claims, self._max_id_token_age, self._age_leeway)
        self._provider.check_required_claims(claims)
        return claims

    def _login_claims(
        self, id_token: str, nonce: str | None, *, required: bool, **expected: Any
    ) -> dict[str, Any]:
        """Return the claims of the ID token that answers a login with this nonce."""
        claims = self._id_token_claims(id_token, **expected)
        check_nonce(claims, nonce, required=required)
        return claims

    def userinfo(
        self,
        access_token: str,
        *,
        expected_sub: str,
        method: Literal["GET", "POST"] = "GET",
    ) -> UserInfoResponse:
        """Ask for the claims of the user whose ``sub`` is expected; see :func:`get_userinfo`.

        Example::

            response = client.userinfo(session.access_token, expected_sub=session.subject)
        """
        request = UserInfoRequest(
            self.endpoint("userinfo_endpoint"),
            access_token,
            expected_sub,
            dpop_key=self.dpop_key,
            mtls=self._authentication.client_certificate,
            token_validation_config=self._token_config("userinfo"),
            disco_doc_address=self._provider.address,
            method=method,
        )
        response = get_userinfo(request, self._http_client, settings=self._settings)
        if response.is_successful and response.raw is None and "userinfo" in self._encrypted:
            return UserInfoResponse(
                False,
                "userinfo is not encrypted although it must be",
                error_kind=ErrorKind.VERIFICATION_FAILED,
            )
        return response


def _are_same(one: DiscoveryDocumentResponse, other: DiscoveryDocumentResponse) -> bool:
    """Return whether two say the same; each caller has a copy of what is cached."""
    document = vars(one).get("document")
    return one is other or (document is not None and document == vars(other).get("document"))
