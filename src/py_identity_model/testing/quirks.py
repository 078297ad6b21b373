"""Behaviours of real providers that the embedded provider can imitate."""

from __future__ import annotations

import json
import secrets
import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..exceptions import InvalidArgumentError
from .wire import Answer

TENANT = "11111111-2222-3333-4444-555555555555"
QUIRKS = frozenset(
    {
        *("no-store", "no-cache", "text-media-type", "oauth-document", "foreign-hosts"),
        *("trailing-slash", "issuer-template", "access-token-issuer", "no-subject-types"),
        *("unknown-response-types", "empty-endpoints", "no-kid", "no-kid-in-keys"),
        *(
            "no-kid-in-tokens",
            "ml-dsa-keys",
            "padded-tokens",
            "typ-jwt",
            "no-typ",
            "payload-typ",
            "token-use",
        ),
        *("no-aud", "no-jti", "client-as-azp", "client-as-cid", "client-as-appid"),
        *("scope-as-scp", "scope-as-scp-text", "nested-roles", "cognito-groups", "integer-sub"),
        *("lightweight-tokens", "opaque-tokens", "five-part-tokens", "login-claims"),
        *("id-token-marks", "no-id-token-marks", "no-nonce", "no-id-token", "refreshed-id-token"),
        *("clock-ahead", "error-with-200", "numbers-as-text", "lowercase-bearer"),
        *("no-token-type", "no-expires-in", "verification-url", "pkce-refused"),
        "no-state-in-errors",
    }
)
LIKENESSES: dict[str, frozenset[str]] = {
    "adfs": frozenset({"access-token-issuer", "typ-jwt", "client-as-appid", "no-jti"}),
    "auth0": frozenset({"trailing-slash", "typ-jwt", "client-as-azp", "no-jti"}),
    "authentik": frozenset({"trailing-slash", "typ-jwt", "client-as-azp", "no-jti"}),
    "cognito": frozenset({"foreign-hosts", "no-typ", "no-aud", "token-use", "cognito-groups"}),
    "dex": frozenset({"no-typ", "id-token-marks"}),
    "entra": frozenset(
        {*("foreign-hosts", "typ-jwt", "client-as-azp", "scope-as-scp-text", "no-jti")}
    ),
    "entra-multi-tenant": frozenset(
        {
            *("issuer-template", "foreign-hosts", "typ-jwt", "client-as-azp"),
            *("scope-as-scp-text", "no-jti"),
        }
    ),
    "github": frozenset(
        {*("error-with-200", "no-id-token", "opaque-tokens", "lowercase-bearer", "no-expires-in")}
    ),
    "google": frozenset({"foreign-hosts", "opaque-tokens", "verification-url"}),
    "keycloak": frozenset({"no-store", "typ-jwt", "payload-typ", "client-as-azp", "nested-roles"}),
    "keycloak-24": frozenset(
        {
            *("no-store", "typ-jwt", "payload-typ", "client-as-azp", "nested-roles"),
            "login-claims",
        }
    ),
    "linkedin": frozenset({"no-nonce", "pkce-refused", "opaque-tokens"}),
    "okta": frozenset({"no-typ", "client-as-cid", "scope-as-scp"}),
    "slack": frozenset({"error-with-200"}),
    "spring": frozenset({"no-store", "no-typ"}),
    "zitadel": frozenset({"five-part-tokens"}),
}
_CLIENT_NAMES = {"client-as-azp": "azp", "client-as-cid": "cid", "client-as-appid": "appid"}
_AHEAD = 2  # seconds


@dataclass(frozen=True)
class Quirks:
    """A set of quirks; each method adapts one artefact."""

    names: frozenset[str] = frozenset()

    @staticmethod
    def of(quirks: Collection[str], like: str | None) -> Quirks:
        """Return the quirks named and those of a likeness; raise InvalidArgumentError otherwise."""
        named = {quirks} if isinstance(quirks, str) else set(quirks)
        if unknown := named - QUIRKS:
            raise InvalidArgumentError(
                f"quirks: unknown {_listed(unknown)}; known are {_listed(QUIRKS)}"
            )
        if like is not None and like not in LIKENESSES:
            raise InvalidArgumentError(f"like must be one of {_listed(LIKENESSES)}")
        return Quirks(frozenset(named) | (LIKENESSES[like] if like else frozenset()))

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def public(self, value: Any) -> Answer:
        """Return the response with the document or the key set."""
        headers = {}
        if cached := {"no-cache", "no-store"} & self.names:
            headers["cache-control"] = ", ".join(sorted(cached))
        if "text-media-type" in self:
            headers["content-type"] = "text/plain"
        answer = Answer.of_json(value)
        return replace(answer, headers={**answer.headers, **headers})

    def document(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the adapted discovery document."""
        shaped = dict(document)
        if "foreign-hosts" in self:
            shaped |= _on_another_host(shaped)
        if "empty-endpoints" in self:
            shaped |= dict.fromkeys(("userinfo_endpoint", "end_session_endpoint"), "")
        if "no-subject-types" in self:
            del shaped["subject_types_supported"]
        if "unknown-response-types" in self:
            shaped["response_types_supported"] = ["code", "device", "subject_token"]
        if "trailing-slash" in self:
            shaped["issuer"] += "/"
        if "access-token-issuer" in self:
            shaped["access_token_issuer"] = access_token_issuer(document["issuer"])
        return shaped

    def keys(self, keys: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the adapted published keys."""
        hidden = {"kid"} if {"no-kid", "no-kid-in-keys"} & self.names else set()
        return [{name: key[name] for name in key if name not in hidden} for key in keys]

    def issuer(self, issuer: str) -> str:
        """Return the ``iss`` of ID tokens."""
        if "issuer-template" in self:
            return f"{issuer}/{TENANT}/v2.0"
        return issuer + "/" if "trailing-slash" in self else issuer

    def header(self, header: Mapping[str, Any]) -> dict[str, Any]:
        """Return the header of a token, access token or not."""
        hidden = {"kid"} if {"no-kid", "no-kid-in-tokens"} & self.names else set()
        return {name: header[name] for name in header if name not in hidden}

    def access_header(self, header: Mapping[str, Any]) -> dict[str, Any]:
        """Return the usual header of an access token."""
        shaped = self.header(header)
        if "typ-jwt" in self:
            shaped["typ"] = "JWT"
        if "no-typ" in self:
            del shaped["typ"]
        return shaped

    def access_claims(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        """Return the usual claims of an access token: some are dropped, some are added."""
        shaped = self._moved(claims)
        hidden = {name for name in ("no-aud", "no-jti") if name in self}
        dropped = {name.removeprefix("no-") for name in hidden}
        if "lightweight-tokens" in self:
            dropped |= {"aud", "sub"}
        if "access-token-issuer" in self:
            shaped["iss"] = access_token_issuer(claims["iss"])
        if "payload-typ" in self:
            shaped["typ"] = "Bearer"
        if "token-use" in self:
            shaped["token_use"] = "access"
        if {"login-claims", "id-token-marks"} & self.names:
            shaped |= {"nonce": secrets.token_urlsafe(8), "auth_time": claims["iat"]}
        if "login-claims" in self:
            shaped["sid"] = secrets.token_urlsafe(8)
        if "id-token-marks" in self:
            shaped["at_hash"] = secrets.token_urlsafe(16)
        return {name: shaped[name] for name in shaped if name not in dropped}

    def id_claims(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        """Return the usual claims of an ID token."""
        shaped = self._moved(claims)
        dropped = {"nonce"} if "no-nonce" in self else set()
        if "no-id-token-marks" in self:
            dropped |= {"at_hash"}
        if "payload-typ" in self:
            shaped["typ"] = "ID"
        if "token-use" in self:
            shaped["token_use"] = "id"
        return {name: shaped[name] for name in shaped if name not in dropped}

    def _moved(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        tenant = {"tid": TENANT} if "issuer-template" in self else {}
        ahead = _AHEAD if "clock-ahead" in self else 0
        return {**claims, **tenant, "iat": claims["iat"] + ahead}

    def renamed(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        """Return the claims with the provider's names and types."""
        shaped = dict(claims)
        for quirk, name in _CLIENT_NAMES.items():
            if quirk in self and "client_id" in shaped:
                shaped[name] = shaped.pop("client_id")
        if (
            isinstance(shaped.get("scope"), str)
            and {"scope-as-scp", "scope-as-scp-text"} & self.names
        ):
            scope = shaped.pop("scope")
            shaped["scp"] = scope.split() if "scope-as-scp" in self else scope
        if "roles" in shaped and "nested-roles" in self:
            shaped["realm_access"] = {"roles": shaped.pop("roles")}
        if "roles" in shaped and "cognito-groups" in self:
            shaped["cognito:groups"] = shaped.pop("roles")
        if "sub" in shaped:
            shaped["sub"] = self.subject(shaped["sub"])
        return shaped

    def subject(self, sub: Any) -> Any:
        """Return a user's identifier."""
        if "integer-sub" not in self or not isinstance(sub, str):
            return sub
        return int(sub) if sub.isdecimal() else zlib.crc32(sub.encode())

    def opaque(self) -> str | None:
        """Return an opaque access token, None if they are JWTs."""
        if "opaque-tokens" in self:
            return secrets.token_urlsafe(32)
        if "five-part-tokens" in self:
            return ".".join(secrets.token_urlsafe(12) for _ in range(5))
        return None

    def token(self, token: Mapping[str, Any]) -> dict[str, Any]:
        """Return the members of a token response."""
        shaped = dict(token)
        if "lowercase-bearer" in self:
            shaped["token_type"] = token["token_type"].lower()
        for quirk in ("no-token-type", "no-expires-in"):
            if quirk in self:
                del shaped[quirk.removeprefix("no-").replace("-", "_")]
        return shaped

    def answer(self, answer: Answer) -> Answer:
        """Return the response of the token or the device endpoint."""
        if answer.status >= 400 and "error-with-200" in self:
            answer = replace(answer, status=200)
        members = json.loads(answer.body)
        if "verification-url" in self and "verification_uri" in members:
            members["verification_url"] = members.pop("verification_uri")
            members.pop("verification_uri_complete", None)
        if "numbers-as-text" in self:
            members = {
                name: str(value) if isinstance(value, int) else value
                for name, value in members.items()
            }
        return replace(answer, body=json.dumps(members).encode())


def access_token_issuer(issuer: str) -> str:
    """Return the second name of the issuer, used in access tokens like those of ADFS."""
    return f"{issuer}/services/trust"


def _on_another_host(document: Mapping[str, Any]) -> dict[str, str]:
    issuer = document["issuer"]
    one, other = "127.0.0.1", "localhost"
    if f"//{other}" in issuer:
        one, other = other, one
    moved = {"issuer", "authorization_endpoint"}
    return {
        name: value.replace(f"//{one}:", f"//{other}:", 1)
        for name, value in document.items()
        if isinstance(value, str) and name not in moved
    }


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
