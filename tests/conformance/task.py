"""What a relying party knows of the module that it is to play."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from joserfc.jwk import RSAKey

from tests.conformance.browser import Browser
from tests.conformance.party import (
    BACK_CHANNEL,
    CALLBACK,
    FRONT_CHANNEL,
    INITIATE_LOGIN,
    LOGGED_OUT,
    NOTIFICATIONS,
    REQUEST,
    Party,
)
from tests.conformance.plans import scenario_of
from tests.conformance.suite import Suite
from tests.op.driver import Certificates

CLIENT_ID, CLIENT_SECRET = "conformance-rp", "a-secret-for-conformance-that-is-long-enough"
PAYMENT = "payment_initiation"
_BY_CERTIFICATE = ("mtls", "tls_client_auth", "self_signed_tls_client_auth")


def _key(kid: str, algorithm: str, use: str = "sig") -> dict[str, Any]:
    key = RSAKey.generate_key(2048, private=True)
    return {**key.as_dict(private=True), "kid": kid, "alg": algorithm, "use": use}


def _public(*keys: Mapping[str, Any]) -> dict[str, Any]:
    return {"keys": [{n: one[n] for n in ("kty", "n", "e", "kid", "alg", "use")} for one in keys]}


@dataclass
class Equipment:
    """What all modules share: keys, certificates, web server and browser of the relying party."""

    certificates: Certificates
    party: Party
    browser: Browser = field(default_factory=Browser)
    fapi_key: dict[str, Any] = field(default_factory=lambda: _key("fapi", "PS256"), repr=False)
    core_key: dict[str, Any] = field(default_factory=lambda: _key("core", "RS256"), repr=False)
    other_key: dict[str, Any] = field(default_factory=lambda: _key("other", "PS256"), repr=False)
    opening_key: dict[str, Any] = field(
        default_factory=lambda: _key("opening", "RSA-OAEP", "enc"), repr=False
    )
    server_key: dict[str, Any] = field(default_factory=lambda: _key("server", "PS256"), repr=False)

    def close(self) -> None:
        """End what runs."""
        self.browser.close()
        self.party.close()

    def configuration(self, alias: str) -> dict[str, Any]:
        """Return what the suite is told of the relying party."""
        certificate = Path(self.certificates.folder, "client.pem").read_text("ascii")
        client = {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "client_name": "py_identity_model",
            "scope": "openid accounts",
            "redirect_uri": self.party.url + CALLBACK,
            "certificate": certificate,
            "jwks": _public(self.fapi_key, self.core_key),
            "post_logout_redirect_uri": self.party.url + LOGGED_OUT,
            "backchannel_logout_uri": self.party.url + BACK_CHANNEL,
            "frontchannel_logout_uri": self.party.url + FRONT_CHANNEL,
            "initiate_login_uri": self.party.url + INITIATE_LOGIN,
            "backchannel_client_notification_endpoint": self.party.url + NOTIFICATIONS,
        }
        second = {
            **client,
            "client_id": f"{CLIENT_ID}-2",
            "jwks": _public(self.other_key, self.opening_key),
            "id_token_encrypted_response_alg": "RSA-OAEP",
            "id_token_encrypted_response_enc": "A256GCM",
        }
        return {
            "alias": alias,
            "description": "py_identity_model, made of public objects alone",
            "server": {"jwks": {"keys": [self.server_key]}},
            "client": client,
            "client2": second,
            "resource": {"authorization_details_types_supported": [PAYMENT]},
        }


@dataclass
class Task:
    """A module that waits."""

    suite: Suite
    equipment: Equipment
    plan: str
    module: str
    module_id: str
    variant: Mapping[str, str]
    alias: str

    @cached_property
    def exposed(self) -> dict[str, str]:
        """What the module says of itself."""
        return self.suite.exposed(self.module_id)

    @property
    def scenario(self) -> str:
        """What is to be done."""
        return scenario_of(self.module, self.variant)

    @property
    def issuer(self) -> str:
        """Who logs users in."""
        return self.exposed["issuer"]

    @property
    def party(self) -> Party:
        """The relying party's web server."""
        return self.equipment.party

    @property
    def browser(self) -> Browser:
        """The user's browser."""
        return self.equipment.browser

    @property
    def accounts_endpoint(self) -> str | None:
        """The API that is called with the token, if the module has one."""
        return self.exposed.get("accounts_endpoint")

    @property
    def identifier(self) -> str:
        """The user whose issuer is asked for (WebFinger), in the form that the module wants."""
        host = urlsplit(self.suite.url).netloc
        if self.module.endswith("-acct"):
            return f"acct:{self.alias}.{self.module}@{host}"
        return f"https://{host}/{self.alias}/{self.module}"

    @property
    def is_fapi(self) -> bool:
        """Whether a profile of FAPI is spoken."""
        return self.plan.startswith("fapi")

    @property
    def is_fapi2(self) -> bool:
        """Whether it is FAPI 2.0."""
        return self.plan.startswith("fapi2")

    @property
    def is_dynamic(self) -> bool:
        """Whether the client registers itself."""
        return self._says("client_registration", "dynamic_client")

    @property
    def response_type(self) -> str:
        """What a login asks for."""
        if self.plan.startswith("fapi1") and self._says("fapi_response_mode", "plain_response"):
            return "code id_token"
        return self.variant.get("response_type", "code")

    @property
    def response_mode(self) -> str | None:
        """How it comes back; None leaves it to the client."""
        if self._says("fapi_response_mode", "jarm"):
            return "jwt"
        return "form_post" if self._says("response_mode", "form_post") else None

    @property
    def scope(self) -> str:
        """What is asked for."""
        if not self.is_fapi:
            return "openid profile email"
        return "accounts" if self._says("fapi_client_type", "plain_oauth") else "openid accounts"

    @property
    def authorization_details(self) -> list[dict[str, Any]] | None:
        """What a rich request asks for."""
        if not self._says("authorization_request_type", "rar"):
            return None
        return [{"type": PAYMENT, "actions": ["initiate"]}]

    @property
    def is_second_client(self) -> bool:
        """Whether the module is about the client whose ID tokens are encrypted."""
        return "encrypted" in self.module

    @property
    def client_id(self) -> str:
        """The static client's name."""
        return f"{CLIENT_ID}-2" if self.is_second_client else CLIENT_ID

    @property
    def signing_key(self) -> dict[str, Any]:
        """What assertions and requests are signed with."""
        if not self.is_fapi:
            return self.equipment.core_key
        return self.equipment.other_key if self.is_second_client else self.equipment.fapi_key

    @property
    def request_form(self) -> Literal["plain", "signed", "published", "published unsigned"]:
        """In which form authorization requests are sent."""
        if self.module.endswith("-request-uri-signed-none"):
            return "published unsigned"
        if self._says("request_type", "request_uri") or "-dynamic-" in self.plan:
            return "published"
        signed = (
            self.plan.startswith(("fapi1", "fapi-ciba"))
            or self._says("fapi_request_method", "signed_non_repudiation")
            or self._says("request_type", "request_object")
        )
        return "signed" if signed else "plain"

    @property
    def authenticates_by_certificate(self) -> bool:
        """Whether the certificate says who the client is."""
        return self.variant.get("client_auth_type") in _BY_CERTIFICATE

    @property
    def binds_to_certificate(self) -> bool:
        """Whether tokens are bound to the client's certificate."""
        if self._says("sender_constrain", "mtls"):
            return True
        return self.is_fapi and not self.is_fapi2

    @property
    def binds_to_key(self) -> bool:
        """Whether tokens are bound by DPoP."""
        return self._says("sender_constrain", "dpop")

    @property
    def presents_certificate(self) -> bool:
        """Whether connections present the client's certificate."""
        return self.authenticates_by_certificate or self.binds_to_certificate

    @property
    def certificate_files(self) -> tuple[str, str]:
        """The client's certificate, and its key."""
        folder = self.equipment.certificates.folder
        return str(folder / "client.pem"), str(folder / "client.key")

    def tls(self) -> ssl.SSLContext:
        """Return what a client of an API needs: trust, and the certificate if there is one."""
        context = ssl.create_default_context()
        if self.presents_certificate:
            context.load_cert_chain(*self.certificate_files)
        return context

    def _says(self, name: str, value: str) -> bool:
        return self.variant.get(name) == value

    def metadata(self) -> dict[str, Any]:
        """Return what the client registers of itself."""
        url, unsigned = self.party.url, self.request_form == "published unsigned"
        method = self.variant.get("client_auth_type", "client_secret_basic")
        signed = self.request_form in {"signed", "published"}
        return {
            "client_name": "py_identity_model",
            "contacts": ["conformance@rp.example"],
            "redirect_uris": [url + CALLBACK],
            "response_types": [self.response_type],
            "grant_types": _grant_types(self.response_type, self.scenario),
            "scope": self.scope,
            "token_endpoint_auth_method": method,
            "id_token_signed_response_alg": "RS256",
            "userinfo_signed_response_alg": "RS256" if "userinfo-signed" in self.module else None,
            "jwks": _public(self.equipment.core_key),
            "request_object_signing_alg": "RS256" if signed else "none" if unsigned else None,
            "request_uris": [url + REQUEST] if "published" in self.request_form else None,
            "initiate_login_uri": url + INITIATE_LOGIN,
            "post_logout_redirect_uris": [url + LOGGED_OUT],
            "backchannel_logout_uri": url + BACK_CHANNEL if "back-channel" in self.plan else None,
            "frontchannel_logout_uri": (
                url + FRONT_CHANNEL if "front-channel" in self.plan else None
            ),
        }


def _grant_types(response_type: str, scenario: str) -> list[str]:
    words = response_type.split()
    found = ["authorization_code"] if "code" in words else []
    if words != ["code"]:
        found.append("implicit")
    return found + (["refresh_token"] if scenario.startswith("renew") else [])
