"""A relying party that is made of public objects alone."""

from __future__ import annotations

import queue
import secrets
from dataclasses import dataclass

import httpx

from py_identity_model.aio import (
    AsyncOAuthClient,
    AsyncSession,
    BackchannelAuthenticationResponse,
    ConfigurationException,
    PyIdentityModelException,
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
from tests.conformance.aio.logins import Logins
from tests.conformance.browser import addresses_in
from tests.conformance.party import (
    BACK_CHANNEL,
    FRONT_CHANNEL,
    LOGGED_OUT,
    NOTIFICATIONS,
)

_PATIENCE = 90  # seconds until a notification must have come
_AFTER_A_FORGERY = 5  # seconds until a sound one must have followed
_ANSWERS = {"Cache-Control": "no-store"}


@dataclass
class RelyingParty(Logins):
    """Plays one module; ``run`` calls what waits from the web server's threads."""

    async def play(self) -> None:
        """Do what the module wants; what is refused ends it, as it should."""
        self.task.party.handlers.clear()
        try:
            await getattr(self, self.task.scenario)()
        except PyIdentityModelException as error:
            self.refusals.append(error.code)
        finally:
            if self.presenting is not None:
                await self.presenting.close()

    # What there is to be done, by the names in plans.py.

    async def find_issuer(self) -> None:
        found = await discover_issuer(self.task.identifier)
        await self._discover(str(found.issuer))

    async def read_metadata(self) -> None:
        await AsyncOAuthClient(self.task.issuer, self.task.client_id).metadata()

    async def read_keys(self) -> None:
        await prime(self.task.issuer)

    async def register(self) -> None:
        await self._client()

    async def log_in(self) -> None:
        client = await self._client()
        await self._use(client, await self._session(client))

    async def log_in_with_known_keys(self) -> None:
        await prime(self.task.issuer)
        await self.log_in()

    async def log_in_twice(self) -> None:
        client = await self._client()
        for _ in range(2):
            await self._use(client, await self._session(client))

    async def log_in_in_vain(self) -> None:
        client = await self._client()
        await self._session(client, max_age=0, prompt="none")

    async def log_in_from_elsewhere(self) -> None:
        client = await self._client()
        url = self.task.suite.visit(self.task.module_id)
        validate_initiate_login_request(url, issuers=[self.task.issuer])
        await self._use(client, await self._session(client))

    async def renew(self) -> None:
        client = await self._client()
        session = await self._session(client)
        await client.refresh(session)
        await self._use(client, session)

    async def renew_twice(self) -> None:
        client = await self._client()
        session = await self._session(client)
        for _ in range(2):
            await self._call_api(client, session)
            await client.refresh(session)
        await self._call_api(client, session)

    async def collect(self) -> None:
        client = await self._client()
        session = await self._session(client)
        about = await client.userinfo(session)
        keys = TokenValidationConfig(perform_disco=True)
        collected = await collect_claims(about.claims or {}, {self.task.issuer: keys})
        self.refusals += [str(error) for error in collected.failures.values()]

    async def act_alone(self) -> None:
        client = await self._client()
        await self._call_api(client, None)

    async def ask_the_user(self) -> None:
        client = await self._client()
        if self.task.variant["ciba_mode"] == "poll":
            started = await client.request_backchannel_login(login_hint="alice")
            session = await client.wait_for_backchannel_login(started)
        else:
            session = await self._notified(client)
        await self._call_api(client, session)

    async def log_out(self) -> None:
        client = await self._client()
        session = await self._session(client)
        self._serve_logouts(client)
        await self._end_session(client, session)

    async def log_out_in_front(self) -> None:
        client = await self._client()
        session = await self._session(client)
        url = await client.end_session_url(
            session, post_logout_redirect_uri=self.task.party.url + LOGGED_OUT, state="bye"
        )
        self._follow_frontchannel(session, self.task.browser.load(url))

    async def be_logged_out_in_front(self) -> None:
        client = await self._client()
        session = await self._session(client)
        page = self.task.browser.load(self.task.suite.visit(self.task.module_id))
        self._follow_frontchannel(session, page)

    async def watch_the_session(self) -> None:
        client = await self._client()
        session = await self._session(client)
        iframe = str((await client.metadata()).check_session_iframe)
        build_session_check_page(iframe, client.client_id, str(session.session_state))
        message = f"{client.client_id} {session.session_state}"
        assert self._posts(iframe, message) == "unchanged"
        await self._end_session(client, session)
        assert self._posts(iframe, message) == "changed"

    # The back channel.

    async def _notified(self, client: AsyncOAuthClient) -> AsyncSession:
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
        started = await client.request_backchannel_login(
            login_hint="alice", client_notification_token=token
        )
        return await self._once_notified(client, started, arrived)

    async def _once_notified(
        self,
        client: AsyncOAuthClient,
        started: BackchannelAuthenticationResponse,
        arrived: queue.Queue[str | None],
    ) -> AsyncSession:
        session, patience = None, _PATIENCE
        while session is None:
            try:
                name = arrived.get(timeout=patience)
            except queue.Empty:
                raise ConfigurationException("nobody notified", code="not_notified") from None
            patience = _PATIENCE if name is not None else _AFTER_A_FORGERY
            if name == started.auth_req_id:
                session = await client.poll_backchannel_login(started)
        return session

    # Logouts.

    def _serve_logouts(self, client: AsyncOAuthClient) -> None:
        def end(received: Received) -> Answer:
            status = self.run(self._end_by_token, client, received.form.get("logout_token", ""))
            return Answer(status, b"", _ANSWERS)

        self.task.party.handlers[BACK_CHANNEL] = end

    async def _end_by_token(self, client: AsyncOAuthClient, logout_token: str) -> int:
        config = TokenValidationConfig(
            perform_disco=True, audience=client.client_id, algorithms=["RS256"]
        )
        try:
            await validate_logout_token(logout_token, config, self.task.issuer)
        except PyIdentityModelException as error:
            self.refusals.append(error.code)
            return 400
        return 200

    async def _end_session(self, client: AsyncOAuthClient, session: AsyncSession) -> None:
        back, state = self.task.party.url + LOGGED_OUT, secrets.token_urlsafe()
        url = await client.end_session_url(session, post_logout_redirect_uri=back, state=state)
        landing = self.task.browser.go(url, back)
        validate_post_logout_state(state, landing.values.get("state"))

    def _follow_frontchannel(self, session: AsyncSession, page: str) -> None:
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
