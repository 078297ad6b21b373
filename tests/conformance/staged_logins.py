"""Logins at the staged provider, as a module wants them: spoiled, signed, in any form."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from py_identity_model import compute_ath, generate_pkce_pair
from py_identity_model.testing import Answer, Received
from tests.conformance.expectations import spoiled_claims
from tests.conformance.staged_provider import INSIDE, StagedProvider, decoded
from tests.conformance.task import CLIENT_ID, CLIENT_SECRET


class StagedLogins(StagedProvider):
    """What leads to tokens, and what they are good for."""

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
        claims = self._verified(request) if signed else json.loads(decoded(request, 1))
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
        answer = self._inside.get(url, params=named, headers={INSIDE: "1"})
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
        token = self._inside.post(url, data=form, headers={INSIDE: "1"}).json()
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
        answer = self._authenticated(received)
        token = json.loads(answer.body)
        if answer.status != 200:
            return answer
        self.facts.add("renewed" if received.form["grant_type"] == "refresh_token" else "token")
        if "id_token" in token:
            before = json.loads(decoded(token["id_token"], 1))
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


def _half_hash(value: str) -> str:
    whole = urlsafe_b64decode(compute_ath(value) + "=")  # the whole hash
    return urlsafe_b64encode(whole[:16]).rstrip(b"=").decode()


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
