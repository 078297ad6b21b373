"""One module of the stand-in: a provider, the facts that were seen there, and the verdict."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from py_identity_model.testing import Answer, Received
from tests.conformance.expectations import expectation_of
from tests.conformance.staged_logins import StagedLogins
from tests.conformance.staged_provider import INSIDE
from tests.conformance.task import CLIENT_ID, CLIENT_SECRET

_CIBA_GRANT = "urn:openid:params:grant-type:ciba"


class Stage(StagedLogins):
    """Discovery, registration, the back channel and logouts; and what came of everything."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.provider.intercept = self._intercept

    @property
    def status(self) -> str:
        """Whether everything was seen that the module waits for."""
        needed = expectation_of(self.module, self.variant).needed
        return "FINISHED" if needed <= self.facts or self.problems else "WAITING"

    @property
    def result(self) -> str:
        """What came of it."""
        expected = expectation_of(self.module, self.variant)
        return "FAILED" if self.problems or expected.forbidden & self.facts else expected.result

    @property
    def exposed(self) -> dict[str, str]:
        """What the relying party is told."""
        accounts = f"{self.provider.issuer}/accounts"
        api = {"accounts_endpoint": accounts} if self.plan.startswith("fapi") else {}
        return {"issuer": self.provider.issuer, **api}

    def _intercept(self, received: Received) -> Answer | None:
        if INSIDE in received.headers:
            return None
        routes: dict[str, Callable[[Received], Answer | None]] = {
            "/.well-known/openid-configuration": self._document,
            "/jwks": self._keys,
            "/register": self._register,
            "/par": self._push,
            "/authorize": self._authorize,
            "/token": self._any_token,
            "/userinfo": self._userinfo,
            "/claims": self._claims,
            "/accounts": self._accounts,
            "/end_session": self._end_session,
            "/backchannel": self._ask_user,
            "/check_session_iframe": self._iframe,
            "/get_session_state": self._iframe_asks,
            "/frontchannel_logout_callback": self._loaded,
        }
        route = routes.get(received.path)
        try:
            return None if route is None else route(received)
        except Exception as error:  # judged like the suite's own conditions
            self.problems.append(f"{received.path}: {type(error).__name__}: {error}")
            return Answer.of_json({"error": "invalid_request"}, 400)

    def _document(self, received: Received) -> Answer:
        self.facts.add("document")
        issuer = self.provider.issuer
        more: dict[str, Any] = {
            "registration_endpoint": f"{issuer}/register",
            "check_session_iframe": f"{issuer}/check_session_iframe",
            "backchannel_authentication_endpoint": f"{issuer}/backchannel",
            "backchannel_authentication_request_signing_alg_values_supported": ["PS256"],
            "response_types_supported": ["code", "id_token", "id_token token", "code id_token"],
        }
        if self.plan.startswith("fapi"):
            more["token_endpoint_auth_methods_supported"] = ["private_key_jwt", "tls_client_auth"]
            more["id_token_signing_alg_values_supported"] = ["ES256"]
        if self.plan.startswith("fapi2"):
            more["authorization_response_iss_parameter_supported"] = True
            more["require_pushed_authorization_requests"] = True
        if self.module.endswith("-discovery-issuer-mismatch"):
            self.facts.add("spoiled")
            more["issuer"] = "https://other.example"
        return Answer.of_json({**self.provider.document(), **more})

    def _keys(self, received: Received) -> None:
        self.facts.add("jwks")

    def _register(self, received: Received) -> Answer:
        self.facts.add("registered")
        asked = json.loads(received.body)
        self._check(bool(asked.get("contacts")), "contacts")
        self.client = {**asked, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        if self.module.endswith("-idtoken-sig-none"):
            self.client["id_token_signed_response_alg"] = "none"
        return Answer.of_json(self.client, 201)

    def _ask_user(self, received: Received) -> Answer:
        beside = received.form.keys() - {"client_id", "client_assertion", "client_assertion_type"}
        self._check(beside == {"request"}, f"outside of the JWT: {beside}")
        claims = self._verified(received.form["request"])
        self._check((claims["iss"], claims["login_hint"]) == (CLIENT_ID, "alice"), "the request")
        self._check(claims["aud"] == self.provider.issuer, "the audience of the request")
        if self.variant["ciba_mode"] == "ping":
            token = claims["client_notification_token"]
            for seconds, presented in ((0.05, "forged"), (0.1, token)):
                threading.Timer(seconds, self._notify, [presented]).start()
        return Answer.of_json({"auth_req_id": "the-request", "expires_in": 60, "interval": 1})

    def _notify(self, token: str) -> None:
        answer = self._inside.post(
            self.client["backchannel_client_notification_endpoint"],
            json={"auth_req_id": "the-request"},
            headers={"Authorization": f"Bearer {token}"},
        )
        self._check((answer.status_code == 204) == (token != "forged"), "the notification")

    def _any_token(self, received: Received) -> Answer:
        ciba = received.form["grant_type"] == _CIBA_GRANT
        return self._decided(received) if ciba else self._token(received)

    def _decided(self, received: Received) -> Answer:
        self._check(received.form["auth_req_id"] == "the-request", "auth_req_id")
        access_token = self.provider.mint(sub="alice")
        id_token = self._id_token({"sub": "alice"}, access_token=access_token)
        token = {"access_token": access_token, "token_type": "Bearer", "id_token": id_token}
        return Answer.of_json({**token, "expires_in": 60})

    def _end_session(self, received: Received) -> Answer:
        self._check("id_token_hint" in received.query, "id_token_hint")
        answer = self._forward(received)
        location = answer.headers["location"]
        if self.module.endswith("-other-state"):
            location = f"{location.partition('?')[0]}?state=another"
        self.facts.add("end_session")
        if "backchannel" in self.module:
            self._send_logout_token()
        self._session_state = "another.salt"
        if "frontchannel" not in self.module:
            return Answer(302, b"", {"location": location})
        issuer = urlencode({"iss": self.provider.issuer, "sid": "the-sid"})
        return _page(
            f"frame.src = '{self.client['frontchannel_logout_uri']}?{issuer}';",
            f"let url = '{self.provider.issuer}/frontchannel_logout_callback';",
        )

    def _send_logout_token(self) -> None:
        audience = "another" if self.module.endswith("-wrong-aud") else CLIENT_ID
        algorithm = "ES256" if self.module.endswith("-wrong-alg") else "RS256"
        token = self.provider.mint_logout_token(
            algorithm=algorithm, aud=audience, sub="alice", sid="the-sid"
        )
        wanted = 400 if "-wrong-" in self.module else 200
        uri = self.client["backchannel_logout_uri"]
        answer = self._inside.post(uri, data={"logout_token": token})
        self._check(answer.status_code == wanted, f"a logout token: {answer.status_code}")
        self._check(answer.headers["cache-control"] == "no-store", "a logout is not cached")
        self.facts.add("logout token")

    def _iframe(self, received: Received) -> Answer:
        return _page(f"var checkUrl = '{self.provider.issuer}/get_session_state';")

    def _iframe_asks(self, received: Received) -> Answer:
        message = received.query["receivedMessage"]
        self._check(message.startswith(f"{CLIENT_ID} "), "the message")
        same = message.endswith(self._session_state)
        self.facts.add("unchanged" if same else "changed")
        return Answer.of_json({"session_state": self._session_state})

    def _loaded(self, received: Received) -> Answer:
        self.facts.add("loaded")
        return Answer.of_json({"ok": True})


def _page(*lines: str) -> Answer:
    page = f"<html><script>{' '.join(lines)}</script></html>".encode()
    return Answer(200, page, {"content-type": "text/html"})
