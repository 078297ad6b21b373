"""Clients as they were registered."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Self, TypedDict, Unpack

from .._jose.dpop_proof import DPoPKey
from .._jose.jwk import DecryptionKeys, PrivateKey
from .._jose.signer import Signer
from .._protocol.discovery import DiscoveryDocumentResponse
from .._protocol.registration import ClientRegistrationResponse
from .._relying_party.client_profile import ClientProfile, SignedMessage
from .._relying_party.encrypted_answers import registered_artefacts
from .._relying_party.registered_client import (
    SigningKey,
    authentication_of,
    check_dpop,
    id_token_algorithms_of,
    redirect_uri_of,
    request_algorithm_of,
    shared_secret_of,
)
from .._resource_server.replay import ReplayStore
from .._settings import Settings
from .._validation.provider_preset import Provider
from .._wire.client_authentication import ClientAuthentication
from .._wire.discovery_policy import DiscoveryPolicy
from .._wire.models import Scope
from ._transport.http import AsyncHTTPClient
from ._transport.stores import AsyncTokenStore
from .other_device_logins import AsyncOtherDeviceLogins


class ClientOptions(TypedDict, total=False):
    """What a registration does not decide: further arguments of :class:`AsyncOAuthClient`."""

    scope: Scope
    metadata: DiscoveryDocumentResponse | None
    profile: ClientProfile | None
    publish_request_object: Callable[[str], object] | None
    message_signing: Collection[SignedMessage]
    trusted_audiences: Collection[str]
    max_id_token_age: float | None
    require_nonce: bool
    expect_id_token: bool
    leeway: float | None
    allow_weak_keys: bool
    decryption_keys: DecryptionKeys | None
    token_store: AsyncTokenStore | None
    replay_store: ReplayStore | None
    http_client: AsyncHTTPClient | None
    discovery_policy: DiscoveryPolicy | None
    settings: Settings | None


class AsyncRegisteredClient(AsyncOtherDeviceLogins):
    """Made of a registration."""

    @classmethod
    def from_registration(
        cls,
        registered: ClientRegistrationResponse,
        issuer: str | Provider,
        *,
        redirect_uri: str | None = None,
        client_authentication: ClientAuthentication | None = None,
        private_key: PrivateKey | Signer | None = None,
        kid: str | None = None,
        dpop_key: DPoPKey | None = None,
        **options: Unpack[ClientOptions],
    ) -> Self:
        """Return a client that acts as it was registered.

        Its authentication, the algorithms of its ID tokens and of its requests, pushed requests
        and bindings are those of the registration, or the defaults of the specifications.

        Parameters:
            registered: what :func:`register_client` or :func:`read_client` returned.
            issuer: the provider's, or a preset.
            redirect_uri: where logins come back to; the registered one where it is only one.
            client_authentication: needed where the registration does not hold it, as for
                certificate files; it must be of the registered method.
            private_key: PEM, a JWK, or a :class:`Signer`, for ``private_key_jwt`` and signed
                requests.
            kid: the name of that key.
            dpop_key: the key that tokens are bound to.
            options: further arguments of :class:`AsyncOAuthClient`.

        Raises :class:`FailedResponseAccessError` for a registration that failed, and
        :class:`ConfigurationException` where it and the arguments do not fit together.
        RFC 7591 §3.2.1, OpenID Connect Registration §2.

        Example::

            client = AsyncOAuthClient.from_registration(
                registered, "https://op.example", redirect_uri="https://rp.example/cb"
            )
        """
        signing = None if private_key is None else SigningKey(private_key, kid)
        algorithm = request_algorithm_of(registered, signing)
        check_dpop(registered, has_key=dpop_key is not None)
        return cls(
            issuer,
            str(registered.client_id),
            authentication_of(registered, client_authentication, signing),
            redirect_uri=redirect_uri_of(registered, redirect_uri),
            use_par=bool(registered.require_pushed_authorization_requests),
            request_signing_key=None if algorithm is None else private_key,
            request_signing_algorithm=algorithm or "ES256",
            request_signing_kid=kid,
            tls_client_certificate_bound_access_tokens=bool(
                registered.tls_client_certificate_bound_access_tokens
            ),
            dpop_key=dpop_key,
            id_token_algorithms=id_token_algorithms_of(registered),
            client_secret=shared_secret_of(registered),
            require_encrypted=registered_artefacts(
                registered.id_token_encrypted_response_alg,
                registered.userinfo_encrypted_response_alg,
                registered.authorization_encrypted_response_alg,
            ),
            **options,
        )
