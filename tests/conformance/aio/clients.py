"""The clients of the relying party, static and registered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from py_identity_model.aio import (
    AsyncHTTPClient,
    AsyncOAuthClient,
    ClientAuthentication,
    ClientRegistrationRequest,
    ClientSecretBasic,
    ConfigurationException,
    DiscoveryDocumentRequest,
    DPoPKey,
    MtlsClientAuth,
    PrivateKeyJwtAuthentication,
    TlsClientAuth,
    get_discovery_document,
    register_client,
    request_object_response,
)
from tests.conformance.party import CALLBACK
from tests.conformance.task import CLIENT_SECRET, Task


@dataclass
class Clients:
    """Makes the clients that modules want."""

    task: Task
    run: Callable[..., Any]
    refusals: list[str] = field(default_factory=list)
    presenting: AsyncHTTPClient | None = None

    async def _client(self) -> AsyncOAuthClient:
        if self.task.is_dynamic:
            return await self._registered()
        return AsyncOAuthClient(
            self.task.issuer,
            self.task.client_id,
            self._authentication(),
            redirect_uri=self.task.party.url + CALLBACK,
            scope=self.task.scope,
            tls_client_certificate_bound_access_tokens=self.task.binds_to_certificate,
            **self._signing(),
            **self._profile(),
        )

    async def _discover(self, issuer: str) -> str:
        """Return where clients are registered."""
        disco = await get_discovery_document(DiscoveryDocumentRequest(issuer))
        if not disco.is_successful:
            raise ConfigurationException(str(disco.error), code="discovery_failed")
        return str(disco.registration_endpoint)

    async def _registered(self) -> AsyncOAuthClient:
        endpoint = await self._discover(self.task.issuer)
        metadata = {name: one for name, one in self.task.metadata().items() if one is not None}
        registered = await register_client(ClientRegistrationRequest(endpoint, **metadata))
        signs = self.task.request_form in {"signed", "published"}
        try:
            return AsyncOAuthClient.from_registration(
                registered,
                self.task.issuer,
                private_key=self.task.signing_key if signs else None,
                kid="core" if signs else None,
                scope=self.task.scope,
                publish_request_object=(
                    self._publish if self.task.request_form == "published" else None
                ),
            )
        except ConfigurationException as error:  # unsigned ID tokens: see what comes of others
            self.refusals.append(error.code)
        return AsyncOAuthClient(
            self.task.issuer,
            str(registered.client_id),
            ClientSecretBasic(str(registered.client_secret)),
            redirect_uri=self.task.party.url + CALLBACK,
            scope=self.task.scope,
            **self._signing(),
        )

    def _authentication(self) -> ClientAuthentication:
        if self.task.authenticates_by_certificate:
            return TlsClientAuth()
        if self.task.is_fapi:
            key = self.task.signing_key
            return PrivateKeyJwtAuthentication(key, key["alg"], key["kid"])
        return ClientSecretBasic(CLIENT_SECRET)

    def _signing(self) -> dict[str, Any]:
        if self.task.request_form not in {"signed", "published"}:
            return {}
        key = self.task.signing_key
        published = self._publish if self.task.request_form == "published" else None
        return {
            "request_signing_key": key,
            "request_signing_algorithm": key["alg"],
            "request_signing_kid": key["kid"],
            "publish_request_object": published,
        }

    def _profile(self) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if self.task.presents_certificate:
            files = MtlsClientAuth(*self.task.certificate_files)
            self.presenting = options["http_client"] = AsyncHTTPClient(certificate=files)
        if self.task.binds_to_key:
            options["dpop_key"] = DPoPKey()
        if self.task.variant.get("fapi_auth_request_method") == "pushed":
            options["use_par"] = True
        if self.task.is_second_client:
            options["decryption_keys"] = [self.task.equipment.opening_key]
            options["require_encrypted"] = ["id_token"]
        if self.task.is_fapi and not self.task.is_fapi2:
            options["max_id_token_age"] = 3600
        signed = [
            *(["request"] if self.task.request_form == "signed" else []),
            *(["response"] if self.task.response_mode == "jwt" else []),
        ]
        if self.task.is_fapi2:
            options["profile"] = "fapi2-message-signing" if signed else "fapi2"
            options["message_signing"] = signed or ["request"]
        return options

    def _publish(self, request_object: str) -> str:
        return self.task.party.publish(*request_object_response(request_object))
