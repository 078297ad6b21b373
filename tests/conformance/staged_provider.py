"""The embedded provider of a module: what was seen there, and how requests are passed on."""

from __future__ import annotations

import json
import secrets
import ssl
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx

from py_identity_model import jwks_from_dict, verify_jws
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.conformance.task import CLIENT_ID, CLIENT_SECRET
from tests.op.driver import Certificates

INSIDE = "x-inside"  # marks what the stage itself asks the provider
_PASSED_ON = ("location", "content-type", "dpop-nonce", "www-authenticate")


class StagedProvider:
    """The provider, the client that is registered there, and the facts that were seen."""

    def __init__(
        self,
        certificates: Certificates,
        plan: str,
        module: str,
        variant: Mapping[str, str],
        configuration: Mapping[str, Any],
    ) -> None:
        self.plan, self.module, self.variant = plan, module, variant
        self.configuration = configuration
        self.client: dict[str, Any] = dict(configuration["client"])
        self.urls: list[str] = []
        self.visited: list[str] = []
        self.facts: set[str] = set()
        self.problems: list[str] = []
        self._trust = ssl.create_default_context(cafile=str(certificates.authority))
        self._inside = httpx.Client(verify=self._trust, timeout=10)
        self._session_state = f"{secrets.token_hex(8)}.salt"
        self._pushed: dict[str, str] = {}
        self.provider = EmbeddedProvider(
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            scopes=["openid", "profile", "email", "accounts"],
            users={"alice": {"sid": "the-sid"}},
            tls=certificates.server_context(),
            host="localhost",
            dpop_nonce=variant.get("sender_constrain") == "dpop",
            quirks=["refreshed-id-token"],
        )
        if module.endswith("-3rd-party-init-login"):
            issuer = urlencode({"iss": self.provider.issuer})
            self.urls.append(f"{self.client['initiate_login_uri']}?{issuer}")

    def close(self) -> None:
        """Stop the provider."""
        self._inside.close()
        self.provider.close()

    def _check(self, holds: bool, problem: str) -> None:
        if not holds:
            self.problems.append(problem)

    def _forward(self, received: Received, **form: str | None) -> Answer:
        """Ask the provider itself, with members of the form replaced (or removed: None)."""
        names = ("dpop", "authorization", "content-type")
        headers = {name: received.headers[name] for name in names if name in received.headers}
        changed = {**received.form, **form}
        sent = {name: value for name, value in changed.items() if value is not None}
        answer = self._inside.request(
            received.method,
            f"{self.provider.issuer}{received.path}",
            params=received.query,
            content=urlencode(sent) if received.body else None,
            headers={**headers, INSIDE: "1"},
        )
        passed = {name: answer.headers[name] for name in _PASSED_ON if name in answer.headers}
        return Answer(answer.status_code, answer.content, passed)

    def _authenticated(self, received: Received, **more: str | None) -> Answer:
        form = received.form
        if "client_assertion" in form:
            claims = self._verified(form["client_assertion"])
            self._check(claims["iss"] == claims["sub"] == CLIENT_ID, "client_assertion: iss")
            self._check(claims["aud"] == self.provider.issuer, "client_assertion: aud")
        elif "authorization" not in received.headers:
            self._check(form.get("client_id") == CLIENT_ID, "client_id")
        if "authorization" in received.headers:
            return self._forward(received)
        assertion = dict.fromkeys(("client_assertion", "client_assertion_type"))
        known = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        return self._forward(received, **{**more, **assertion, **known})

    def _verified(self, token: str) -> dict[str, Any]:
        header = json.loads(decoded(token, 0))
        keys = {one["kid"]: one for one in self.client["jwks"]["keys"]}
        key = jwks_from_dict(keys[header["kid"]])
        verify_jws(token, key, ["RS256", "PS256"])
        claims: dict[str, Any] = json.loads(decoded(token, 1))
        return claims


def decoded(token: str, part: int) -> bytes:
    """Return a part of a token, unverified."""
    text = token.split(".")[part]
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
