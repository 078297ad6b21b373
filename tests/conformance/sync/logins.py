# Generated from aio/logins.py by scripts/make_sync.py; edit that file.
"""Logins of the relying party, and what their tokens are used for."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from py_identity_model.sync import (
    AuthorizationRequest,
    OAuthClient,
    Session,
    TokenValidationConfig,
    UserInfoRequest,
    UserInfoResponse,
    build_request_uri_authorization_url,
    create_unsigned_request_object,
    get_userinfo,
    validate_id_token,
)
from tests.conformance.party import CALLBACK
from tests.conformance.sync.clients import Clients
from tests.op.browser import Landing


class Logins(Clients):
    """Logs users in, and uses what comes of it."""

    def _session(self, client: OAuthClient, **parameters: Any) -> Session:
        begun = client.authorization_request(
            response_type=self.task.response_type,
            response_mode=self.task.response_mode,
            authorization_details=self.task.authorization_details,
            **parameters,
        )
        landing = self.task.browser.go(self._url(client, begun), self.task.party.url + CALLBACK)
        self._check_detached_signature(client, begun, landing)
        answer = landing.url if landing.posted is None else landing.posted
        return client.callback(answer, begun)

    def _url(self, client: OAuthClient, begun: AuthorizationRequest) -> str:
        if self.task.request_form != "published unsigned":
            return begun.url
        parameters = dict(parse_qsl(urlsplit(begun.url).query))
        request = create_unsigned_request_object(
            parameters.pop("client_id"), self.task.issuer, **parameters
        )
        return build_request_uri_authorization_url(
            begun.url.partition("?")[0],
            client.client_id,
            self._publish(request),
            parameters["scope"],
            parameters["response_type"],
        )

    def _check_detached_signature(
        self, client: OAuthClient, begun: AuthorizationRequest, landing: Landing
    ) -> None:
        """Check what FAPI 1.0 binds to the ID token of the front channel: the state as well."""
        if not self.task.plan.startswith("fapi1") or "id_token" not in landing.values:
            return
        keys = self.task.equipment.opening_key if self.task.is_second_client else None
        validate_id_token(
            landing.values["id_token"],
            TokenValidationConfig(
                perform_disco=True,
                audience=client.client_id,
                algorithms=["PS256", "ES256"],
                decryption_keys=keys,
            ),
            self.task.issuer,
            nonce=begun.nonce,
            code=landing.values["code"],
            state=begun.state,
        )

    def _use(self, client: OAuthClient, session: Session) -> None:
        """Ask who the user is, and call the API, as far as there is an access token."""
        if "access_token" not in session.token:
            return
        userinfo = (client.metadata()).userinfo_endpoint
        if session.claims and userinfo and not self.task.is_fapi:
            about = self._about(client, session, userinfo)
            if not about.is_successful:
                self.refusals.append(str(about.error))
        self._call_api(client, session)

    def _about(self, client: OAuthClient, session: Session, userinfo: str) -> UserInfoResponse:
        if "bearer-body" not in self.task.module:
            return client.userinfo(session)
        request = UserInfoRequest(
            userinfo,
            session.access_token,
            session.subject,
            method="POST",
            token_in_body=True,
        )
        return get_userinfo(request)

    def _call_api(self, client: OAuthClient, session: Session | None) -> None:
        endpoint = self.task.accounts_endpoint
        if endpoint is None:
            return
        parts = urlsplit(endpoint)
        origins = [f"{parts.scheme}://{parts.netloc}"]
        if session is None:
            auth = client.auth(origins=origins, scope=self.task.scope)
        else:
            auth = client.auth(session=session, origins=origins)
        with httpx.Client(auth=auth, verify=self.task.tls()) as api:
            api.get(endpoint)
