# Generated from aio/relying_party.py by scripts/make_sync.py; edit that file.
"""A relying party that is made of public objects alone."""

from __future__ import annotations

import queue
import secrets
from dataclasses import dataclass

import httpx

from py_identity_model.sync import (
    BackchannelAuthenticationResponse,
    ConfigurationException,
    OAuthClient,
    PyIdentityModelException,
    Session,
    TokenValidationConfig,
    build_session_check_page,
    collect_claims,
    discover_issuer,
    prime,
    validate_backchannel_notification,
    validate_frontchannel_logout_request,
    validate_initiate_login_request,
    validate_logout_token,
    validate_post_logout_state,
)
from py_identity_model.testing import Answer, Received
from tests.conformance.browser import addresses_in
from tests.conformance.party import (
    BACK_CHANNEL,
    FRONT_CHANNEL,
    LOGGED_OUT,
    NOTIFICATIONS,
)
from tests.conformance.sync.logins import Logins

_PATIENCE = 90  # seconds until a notification must have come
_AFTER_A_FORGERY = 5  # seconds until a sound one must have followed
_ANSWERS = {"Cache-Control": "no-store"}


@dataclass
class RelyingParty(Logins):
    """Plays one module; ``run`` calls what waits from the web server's threads."""

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
