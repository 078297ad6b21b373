"""The embedded provider on stage: what a module of the suite adds to it, spoils, and looks at."""

from __future__ import annotations

import json
import secrets
import ssl
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

from py_identity_model import compute_ath, generate_pkce_pair, jwks_from_dict, verify_jws
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.conformance.expectations import expectation_of, spoiled_claims
from tests.conformance.task import CLIENT_ID, CLIENT_SECRET
from tests.op.driver import Certificates

_INSIDE = "x-inside"  # marks what the stage itself asks the provider
_PASSED_ON = ("location", "content-type", "dpop-nonce", "www-authenticate")
_CIBA_GRANT = "urn:openid:params:grant-type:ciba"


class Stage:
    """One module: a provider, the facts that were seen there, and the verdict."""

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
        self.provider.intercept = self._intercept
        if module.endswith("-3rd-party-init-login"):
            issuer = urlencode({"iss": self.provider.issuer})
            self.urls.append(f"{self.client['initiate_login_uri']}?{issuer}")

    def close(self) -> None:
        """Stop the provider."""
        self._inside.close()
        self.provider.close()

    # The verdict.

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

    def _check(self, holds: bool, problem: str) -> None:
        if not holds:
            self.problems.append(problem)

    # What arrives.

    def _intercept(self, received: Received) -> Answer | None:
        if _INSIDE in received.headers:
            return None
        routes: dict[str, Callable[[Received], Answer | None]] = {
            "/.well-known/openid-configuration": self._document,
            "/jwks": self._keys,
            "/register": self._register,
            "/par": self._push,
            "/authorize": self._authorize,
            "/token": self._token,
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
            headers={**headers, _INSIDE: "1"},
        )
        passed = {name: answer.headers[name] for name in _PASSED_ON if name in answer.headers}
        return Answer(answer.status_code, answer.content, passed)

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

    # Logins.

    def _push(self, received: Received) -> Answer:
        form = received.form
        signed = self.variant.get("fapi_request_method") == "signed_non_repudiation"
        if self.plan.startswith("fapi2"):
            self._check(signed == ("request" in form), "the signature of the request")
        inside = self._in_request(form["request"]) if "request" in form else {}
        self._pushed = {**form, **inside}
        if self.variant.get("authorization_request_type") == "rar":
            self._check("payment_initiation" in self._pushed["authorization_details"], "details")
        return self._authenticated(received, **{**inside, "request": None, "response_type": "code"})

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
        header = json.loads(_decoded(token, 0))
        keys = {one["kid"]: one for one in self.client["jwks"]["keys"]}
        key = jwks_from_dict(keys[header["kid"]])
        verify_jws(token, key, ["RS256", "PS256"])
        claims: dict[str, Any] = json.loads(_decoded(token, 1))
        return claims

    def _authorize(self, received: Received) -> Answer:
        if "userinfo" in self.facts and self.module.endswith("-signing-key-rotation"):
            self.provider.rotate_keys()
        self.facts.add("authorize")
        asked = self._parameters(received.query)
        words = asked.get("response_type", "code").split()
        location = self._log_in(asked)
        values = dict(parse_qsl(urlsplit(location).query))
        if "token" in words:
            values |= self._front_token(asked)
        if "id_token" in words:
            values["id_token"] = self._id_token(
                {"sub": "alice", "nonce": asked.get("nonce")},
                state=asked["state"] if self.plan.startswith("fapi1") else None,
                code=values["code"] if "code" in words else None,
                access_token=values.get("access_token"),
            )
        if "code" not in words:
            del values["code"]
        if self.plan.startswith("fapi2"):
            values["iss"] = self.provider.issuer
        values["session_state"] = self._session_state
        back = location.partition("?")[0]
        if asked.get("response_mode") == "jwt":
            values = {"response": self._signed_response(values)}
        return _response(back, values, asked.get("response_mode"), in_fragment=words != ["code"])

    def _parameters(self, query: Mapping[str, str]) -> dict[str, str]:
        if "request" in query:
            return {**query, **self._in_request(query["request"])}
        if self.variant.get("request_type") != "request_uri":
            return {**self._pushed, **query}
        self._check(query["request_uri"] in self.client["request_uris"], "request_uri")
        return self._in_request(self._inside.get(query["request_uri"]).text)

    def _in_request(self, request: str) -> dict[str, str]:
        signed = not self.module.endswith("-signed-none")
        self._check(bool(request.split(".")[2]) == signed, "the signature of the request")
        claims = self._verified(request) if signed else json.loads(_decoded(request, 1))
        self._check(claims["iss"] == CLIENT_ID, "the issuer of the request")
        self._check(claims["aud"] == self.provider.issuer, "the audience of the request")
        return {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in claims.items()
            if name not in {"iss", "aud", "iat", "nbf", "exp", "jti"}
        }

    def _log_in(self, asked: Mapping[str, str]) -> str:
        """Return where the provider itself sends the browser, with a code."""
        named = {"code_challenge": generate_pkce_pair()[1], "code_challenge_method": "S256"}
        named |= {**asked, "response_type": "code"}
        if "request_uri" in asked:  # everything else was pushed
            named = {name: asked[name] for name in ("client_id", "request_uri")}
        for name in ("request", "response_mode"):
            named.pop(name, None)
        url = f"{self.provider.issuer}/authorize"
        answer = self._inside.get(url, params=named, headers={_INSIDE: "1"})
        return answer.headers["location"]

    def _front_token(self, asked: Mapping[str, str]) -> dict[str, str]:
        verifier, challenge = generate_pkce_pair()
        location = self._log_in({**asked, "code_challenge": challenge})
        form = {
            "grant_type": "authorization_code",
            "code": dict(parse_qsl(urlsplit(location).query))["code"],
            "redirect_uri": asked["redirect_uri"],
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "code_verifier": verifier,
        }
        url = f"{self.provider.issuer}/token"
        token = self._inside.post(url, data=form, headers={_INSIDE: "1"}).json()
        return {"access_token": token["access_token"], "token_type": "Bearer", "expires_in": "60"}

    def _id_token(self, claims: Mapping[str, Any], **values: str | None) -> str:
        header, spoiled = spoiled_claims(self.module, self.facts)
        if header or spoiled:
            self.facts.add("spoiled")
        algorithm = "ES256" if self.plan.startswith("fapi") else "RS256"
        hashes = {
            f"{name}_hash": _half_hash(value)
            for name, value in zip(
                ("c", "at", "s"), map(values.get, ("code", "access_token", "state")), strict=True
            )
            if value is not None
        }
        usual = {"aud": CLIENT_ID, "sid": "the-sid", **claims, **hashes}
        if "rotation-just-before" in self.module:
            self.provider.rotate_keys()
        token = self.provider.mint_id_token(
            algorithm=algorithm, header=header, **{**usual, **spoiled}
        )
        if not self.module.endswith("-idtoken-sig-none"):
            return token
        return f"eyJhbGciOiJub25lIn0.{token.split('.')[1]}."

    def _signed_response(self, values: Mapping[str, str]) -> str:
        claims: dict[str, Any] = {"aud": CLIENT_ID, "sub": None, **values}
        response = self.provider.mint_id_token(algorithm="ES256", **claims)
        if not self.module.endswith("-jarm-with-invalid-sig-fails"):
            return response
        self.facts.add("spoiled")
        return f"{response[:-8]}AAAAAAAA"

    def _token(self, received: Received) -> Answer:
        if received.form["grant_type"] == _CIBA_GRANT:
            return self._decided(received)
        answer = self._authenticated(received)
        token = json.loads(answer.body)
        if answer.status != 200:
            return answer
        self.facts.add("renewed" if received.form["grant_type"] == "refresh_token" else "token")
        if "id_token" in token:
            before = json.loads(_decoded(token["id_token"], 1))
            claims = {name: before.get(name) for name in ("sub", "nonce", "auth_time")}
            token["id_token"] = self._id_token(claims, access_token=token["access_token"])
        body = json.dumps(token).encode()
        return Answer(200, body, answer.headers)

    def _userinfo(self, received: Received) -> Answer:
        if "access_token" in received.form:
            self._check(self.module.endswith("-bearer-body"), "the token is in the body")
            headers = {"authorization": f"Bearer {received.form['access_token']}"}
            received = replace(received, headers=headers, body=b"")
        answer = self._forward(received)
        if answer.status == 200:
            self.facts.add("userinfo twice" if "userinfo" in self.facts else "userinfo")
        if self.module.endswith("-userinfo-invalid-sub"):
            self.facts.add("spoiled")
            return Answer.of_json({"sub": "mallory"})
        if self.module.endswith("-claims"):
            source = {"JWT": self._elsewhere()}
            if self.module.endswith("-distributed-claims"):
                endpoint = f"{self.provider.issuer}/claims"
                source = {"endpoint": endpoint, "access_token": "for-claims"}
            named = {"_claim_names": {"score": "src"}, "_claim_sources": {"src": source}}
            return Answer.of_json({"sub": "alice", **named})
        return answer

    def _elsewhere(self) -> str:
        return self.provider.mint(aud=None, sub=None, client_id=None, score=650)

    def _claims(self, received: Received) -> Answer:
        self._check(
            received.headers["authorization"] == "Bearer for-claims", "the token for claims"
        )
        self.facts.add("claims")
        return Answer(200, self._elsewhere().encode(), {"content-type": "application/jwt"})

    def _accounts(self, received: Received) -> Answer:
        bound = self.variant.get("sender_constrain") == "dpop"
        scheme = received.headers.get("authorization", "").partition(" ")[0]
        self._check(scheme == ("DPoP" if bound else "Bearer"), f"the scheme is {scheme}")
        self._check(bound == ("dpop" in received.headers), "the proof")
        self.facts.add("accounts")
        return Answer.of_json({"accounts": []})

    # The back channel.

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

    def _decided(self, received: Received) -> Answer:
        self._check(received.form["auth_req_id"] == "the-request", "auth_req_id")
        access_token = self.provider.mint(sub="alice")
        id_token = self._id_token({"sub": "alice"}, access_token=access_token)
        token = {"access_token": access_token, "token_type": "Bearer", "id_token": id_token}
        return Answer.of_json({**token, "expires_in": 60})

    # Logouts.

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


def _decoded(token: str, part: int) -> bytes:
    text = token.split(".")[part]
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _half_hash(value: str) -> str:
    whole = urlsafe_b64decode(compute_ath(value) + "=")  # the whole hash
    return urlsafe_b64encode(whole[:16]).rstrip(b"=").decode()


def _page(*lines: str) -> Answer:
    page = f"<html><script>{' '.join(lines)}</script></html>".encode()
    return Answer(200, page, {"content-type": "text/html"})


def _response(
    url: str, values: Mapping[str, str], mode: str | None, *, in_fragment: bool
) -> Answer:
    if mode != "form_post":
        return Answer(
            302, b"", {"location": f"{url}{'#' if in_fragment else '?'}{urlencode(values)}"}
        )
    inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in values.items())
    page = f'<form method="post" action="{url}">{inputs}</form>'.encode()
    return Answer(200, page, {"content-type": "text/html"})
