# Generated from aio/relying_party.py by scripts/make_sync.py; edit that file.
"""A relying party that is made of public objects alone."""

from __future__ import annotations

import queue
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from py_identity_model.sync import (
    AuthorizationRequest,
    BackchannelAuthenticationResponse,
    ClientAuthentication,
    ClientRegistrationRequest,
    ClientSecretBasic,
    ConfigurationException,
    DiscoveryDocumentRequest,
    DPoPKey,
    HTTPClient,
    MtlsClientAuth,
    OAuthClient,
    PrivateKeyJwtAuthentication,
    PyIdentityModelException,
    Session,
    TlsClientAuth,
    TokenValidationConfig,
    UserInfoRequest,
    UserInfoResponse,
    build_request_uri_authorization_url,
    build_session_check_page,
    collect_claims,
    create_unsigned_request_object,
    discover_issuer,
    get_discovery_document,
    get_userinfo,
    prime,
    register_client,
    request_object_response,
    validate_backchannel_notification,
    validate_frontchannel_logout_request,
    validate_id_token,
    validate_initiate_login_request,
    validate_logout_token,
    validate_post_logout_state,
)
from py_identity_model.testing import Answer, Received
from tests.conformance.browser import addresses_in
from tests.conformance.party import (
    BACK_CHANNEL,
    CALLBACK,
    FRONT_CHANNEL,
    LOGGED_OUT,
    NOTIFICATIONS,
)
from tests.conformance.task import CLIENT_SECRET, Task
from tests.op.browser import Landing

_PATIENCE = 90  # seconds until a notification must have come
_AFTER_A_FORGERY = 5  # seconds until a sound one must have followed
_ANSWERS = {"Cache-Control": "no-store"}


@dataclass
class RelyingParty:
    """Plays one module; ``run`` calls what waits from the web server's threads."""

    task: Task
    run: Callable[..., Any]
    refusals: list[str] = field(default_factory=list)
    presenting: HTTPClient | None = None

    def play(self) -> None:
        """Do what the module wants; what is refused ends it, as it should."""
        self.task.party.handlers.clear()
        try:
            getattr(self, self.task.scenario)()
        except PyIdentityModelException as error:
            self.refusals.append(error.code)
        finally:
            if self.presenting is not None:
                self.presenting.close()

    # What there is to be done, by the names in plans.py.

    def find_issuer(self) -> None:
        found = discover_issuer(self.task.identifier)
        self._discover(str(found.issuer))

    def read_metadata(self) -> None:
        OAuthClient(self.task.issuer, self.task.client_id).metadata()

    def read_keys(self) -> None:
        prime(self.task.issuer)

    def register(self) -> None:
        self._client()

    def log_in(self) -> None:
        client = self._client()
        self._use(client, self._session(client))

    def log_in_with_known_keys(self) -> None:
        prime(self.task.issuer)
        self.log_in()

    def log_in_twice(self) -> None:
        client = self._client()
        for _ in range(2):
            self._use(client, self._session(client))

    def log_in_in_vain(self) -> None:
        client = self._client()
        self._session(client, max_age=0, prompt="none")

    def log_in_from_elsewhere(self) -> None:
        client = self._client()
        url = self.task.suite.visit(self.task.module_id)
        validate_initiate_login_request(url, issuers=[self.task.issuer])
        self._use(client, self._session(client))

    def renew(self) -> None:
        client = self._client()
        session = self._session(client)
        client.refresh(session)
        self._use(client, session)

    def renew_twice(self) -> None:
        client = self._client()
        session = self._session(client)
        for _ in range(2):
            self._call_api(client, session)
            client.refresh(session)
        self._call_api(client, session)

    def collect(self) -> None:
        client = self._client()
        session = self._session(client)
        about = client.userinfo(session)
        keys = TokenValidationConfig(perform_disco=True)
        collected = collect_claims(about.claims or {}, {self.task.issuer: keys})
        self.refusals += [str(error) for error in collected.failures.values()]

    def act_alone(self) -> None:
        client = self._client()
        self._call_api(client, None)

    def ask_the_user(self) -> None:
        client = self._client()
        if self.task.variant["ciba_mode"] == "poll":
            started = client.request_backchannel_login(login_hint="alice")
            session = client.wait_for_backchannel_login(started)
        else:
            session = self._notified(client)
        self._call_api(client, session)

    def log_out(self) -> None:
        client = self._client()
        session = self._session(client)
        self._serve_logouts(client)
        self._end_session(client, session)

    def log_out_in_front(self) -> None:
        client = self._client()
        session = self._session(client)
        url = client.end_session_url(
            session, post_logout_redirect_uri=self.task.party.url + LOGGED_OUT, state="bye"
        )
        self._follow_frontchannel(session, self.task.browser.load(url))

    def be_logged_out_in_front(self) -> None:
        client = self._client()
        session = self._session(client)
        page = self.task.browser.load(self.task.suite.visit(self.task.module_id))
        self._follow_frontchannel(session, page)

    def watch_the_session(self) -> None:
        client = self._client()
        session = self._session(client)
        iframe = str((client.metadata()).check_session_iframe)
        build_session_check_page(iframe, client.client_id, str(session.session_state))
        message = f"{client.client_id} {session.session_state}"
        assert self._posts(iframe, message) == "unchanged"
        self._end_session(client, session)
        assert self._posts(iframe, message) == "changed"

    # A client.

    def _client(self) -> OAuthClient:
        if self.task.is_dynamic:
            return self._registered()
        return OAuthClient(
            self.task.issuer,
            self.task.client_id,
            self._authentication(),
            redirect_uri=self.task.party.url + CALLBACK,
            scope=self.task.scope,
            tls_client_certificate_bound_access_tokens=self.task.binds_to_certificate,
            **self._signing(),
            **self._profile(),
        )

    def _discover(self, issuer: str) -> str:
        """Return where clients are registered."""
        disco = get_discovery_document(DiscoveryDocumentRequest(issuer))
        if not disco.is_successful:
            raise ConfigurationException(str(disco.error), code="discovery_failed")
        return str(disco.registration_endpoint)

    def _registered(self) -> OAuthClient:
        endpoint = self._discover(self.task.issuer)
        metadata = {name: one for name, one in self.task.metadata().items() if one is not None}
        registered = register_client(ClientRegistrationRequest(endpoint, **metadata))
        signs = self.task.request_form in {"signed", "published"}
        try:
            return OAuthClient.from_registration(
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
        return OAuthClient(
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
            self.presenting = options["http_client"] = HTTPClient(certificate=files)
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

    # Logins.

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

    # The back channel.

    def _notified(self, client: OAuthClient) -> Session:
        token = secrets.token_urlsafe(32)
        arrived: queue.Queue[str | None] = queue.Queue()

        def notify(received: Received) -> Answer:
            try:
                arrived.put(
                    validate_backchannel_notification(
                        received.headers.get("authorization"), received.body, token
                    )
                )
            except PyIdentityModelException as error:
                self.refusals.append(error.code)
                arrived.put(None)
                return Answer(401)
            return Answer(204)

        self.task.party.handlers[NOTIFICATIONS] = notify
        started = client.request_backchannel_login(
            login_hint="alice", client_notification_token=token
        )
        return self._once_notified(client, started, arrived)

    def _once_notified(
        self,
        client: OAuthClient,
        started: BackchannelAuthenticationResponse,
        arrived: queue.Queue[str | None],
    ) -> Session:
        session, patience = None, _PATIENCE
        while session is None:
            try:
                name = arrived.get(timeout=patience)
            except queue.Empty:
                raise ConfigurationException("nobody notified", code="not_notified") from None
            patience = _PATIENCE if name is not None else _AFTER_A_FORGERY
            if name == started.auth_req_id:
                session = client.poll_backchannel_login(started)
        return session

    # Logouts.

    def _serve_logouts(self, client: OAuthClient) -> None:
        def end(received: Received) -> Answer:
            status = self.run(self._end_by_token, client, received.form.get("logout_token", ""))
            return Answer(status, b"", _ANSWERS)

        self.task.party.handlers[BACK_CHANNEL] = end

    def _end_by_token(self, client: OAuthClient, logout_token: str) -> int:
        config = TokenValidationConfig(
            perform_disco=True, audience=client.client_id, algorithms=["RS256"]
        )
        try:
            validate_logout_token(logout_token, config, self.task.issuer)
        except PyIdentityModelException as error:
            self.refusals.append(error.code)
            return 400
        return 200

    def _end_session(self, client: OAuthClient, session: Session) -> None:
        back, state = self.task.party.url + LOGGED_OUT, secrets.token_urlsafe()
        url = client.end_session_url(session, post_logout_redirect_uri=back, state=state)
        landing = self.task.browser.go(url, back)
        validate_post_logout_state(state, landing.values.get("state"))

    def _follow_frontchannel(self, session: Session, page: str) -> None:
        """Do what the page's scripts do: load our page, and say that it was loaded."""
        ours = self.task.party.url + FRONT_CHANNEL
        url, loaded = addresses_in(page, ours, "frontchannel_logout_callback")
        validate_frontchannel_logout_request(
            url, issuer=str(session.claims["iss"]), sid=session.claims.get("sid")
        )
        self.task.browser.load(f"{loaded}{'&' if '?' in loaded else '?'}loaded=true")

    def _posts(self, iframe: str, message: str) -> str:
        """Do what the provider's iframe does with a message; return its answer to our page."""
        (address,) = addresses_in(self.task.browser.load(iframe), "get_session_state")
        query = httpx.QueryParams({"receivedMessage": message, "origin": self.task.party.url})
        known = self.task.browser.json(f"{address}?{query}").get("session_state")
        return "unchanged" if message.endswith(f" {known}") else "changed"
