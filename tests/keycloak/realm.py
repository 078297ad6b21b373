"""The realm of the tests, as Keycloak's admin API takes it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from joserfc.jwk import ECKey, RSAKey

from tests.keycloak.admin import Admin
from tests.keycloak.browser import PASSWORD

REALM = "tests"
BEHIND = "behind"  # its public name is not the one by which programs reach it
API = "api"
SECRET = "a-secret-that-is-long-enough-for-HS256-and-then-some"
REDIRECT = "https://rp.example.test/cb"
BYE = "https://rp.example.test/bye"
FAPI = {
    "fapi2-dpop": "fapi-2-dpop-security-profile",
    "fapi2-mtls": "fapi-2-security-profile",
    "fapi2-signed": "fapi-2-dpop-message-signing",
}


@dataclass(frozen=True)
class Keys:
    """Private keys of the clients."""

    signing: dict[str, Any] = field(repr=False)
    encryption: dict[str, Any] = field(repr=False)
    public: str

    @staticmethod
    def generate() -> Keys:
        """Return new ones."""
        signing = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256", "kid": "signing"})
        encryption = RSAKey.generate_key(
            2048, {"use": "enc", "alg": "RSA-OAEP-256", "kid": "encryption"}
        )
        public = {"keys": [key.as_dict(private=False) for key in (signing, encryption)]}
        return Keys(
            dict(signing.as_dict(private=True)),
            dict(encryption.as_dict(private=True)),
            json.dumps(public),
        )


def set_up(admin: Admin, keys: Keys, party: str, public_url: str) -> None:
    """Create both realms.

    :param admin: the administrator
    :param keys: those of the clients
    :param party: URL of the relying party that is called back
    :param public_url: the base URL that the second realm gives as its own
    """
    clients = clients_of(keys, party)
    admin.create_realm(realm_of(REALM), clients)
    admin.create_realm(realm_of(BEHIND, frontendUrl=public_url), clients[:4])
    policies = [
        {
            "name": profile,
            "enabled": True,
            "conditions": [
                {"condition": "client-roles", "configuration": {"roles": [client_id]}},
            ],
            "profiles": [profile],
        }
        for client_id, profile in FAPI.items()
    ]
    for client in admin.get(REALM, "clients"):
        if client["clientId"] in FAPI:
            admin.post(REALM, f"clients/{client['id']}/roles", {"name": client["clientId"]})
    admin.put(REALM, "client-policies/policies", {"policies": policies})


def realm_of(name: str, **attributes: str) -> dict[str, Any]:
    """Return a realm whose refresh tokens work once, with two users."""
    return {
        "realm": name,
        "enabled": True,
        "sslRequired": "none",
        "revokeRefreshToken": True,
        "refreshTokenMaxReuse": 0,
        "attributes": {"cibaInterval": "1", "oauth2DevicePollingInterval": "1", **attributes},
        "roles": {"realm": [{"name": "reader"}]},
        "users": [_user("alice"), _user("bob")],
    }


def _user(name: str) -> dict[str, Any]:
    return {
        "username": name,
        "email": f"{name}@example.test",
        "emailVerified": True,
        "firstName": name.title(),
        "lastName": "Tester",
        "enabled": True,
        "credentials": [{"type": "password", "value": PASSWORD}],
        "realmRoles": ["reader", "offline_access"],
    }


def audience(client_id: str) -> dict[str, Any]:
    """Return the mapper that makes access tokens be for a client."""
    return {
        "name": f"audience {client_id}",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-audience-mapper",
        "config": {
            "included.client.audience": client_id,
            "access.token.claim": "true",
            "introspection.token.claim": "true",
        },
    }


def _client(client_id: str, *, public: bool = False, **members: Any) -> dict[str, Any]:
    attributes = {"post.logout.redirect.uris": BYE, **members.pop("attributes", {})}
    return {
        "clientId": client_id,
        "secret": SECRET,
        "publicClient": public,
        "serviceAccountsEnabled": not public,
        "standardFlowEnabled": True,
        "redirectUris": [REDIRECT],
        "protocolMappers": [audience(API)],
        "attributes": attributes,
        **members,
    }


def _encrypted(what: str) -> dict[str, str]:
    algorithm = f"{what}.encrypted.response"
    return {f"{algorithm}.alg": "RSA-OAEP-256", f"{algorithm}.enc": "A256GCM"}


def clients_of(keys: Keys, party: str) -> list[dict[str, Any]]:
    """Return all clients: the API comes first, then those that the second realm has too."""
    published = {"use.jwks.string": "true", "jwks.string": keys.public}
    signed = {**published, "token.endpoint.auth.signing.alg": "ES256"}
    certified = {
        "x509.subjectdn": ".*CN=client.test.*",
        "x509.allow.regex.pattern.comparison": "true",
        "tls.client.certificate.bound.access.tokens": "true",
    }
    bound = {"dpop.bound.access.tokens": "true"}
    jwt = "client-jwt"
    strict = {
        "id.token.signed.response.alg": "ES256",
        "access.token.signed.response.alg": "ES256",
        "user.info.response.signature.alg": "ES256",
        "authorization.signed.response.alg": "ES256",
        "request.object.signature.alg": "ES256",
        "pkce.code.challenge.method": "S256",
        "require.pushed.authorization.requests": "true",
    }
    fapi: dict[str, Any] = {"consentRequired": True, "fullScopeAllowed": False}
    return [
        {"clientId": API, "secret": SECRET, "bearerOnly": True},
        _client("web"),
        _client("spa", public=True, attributes={"pkce.code.challenge.method": "S256"}),
        _client("web-key", clientAuthenticatorType=jwt, attributes=signed),
        _client("web-secret-jwt", clientAuthenticatorType="client-secret-jwt"),
        _client("web-certificate", clientAuthenticatorType="client-x509", attributes=certified),
        _client("web-pushed", attributes={"require.pushed.authorization.requests": "true"}),
        _client(
            "web-signed",
            attributes={
                **published,
                "request.object.signature.alg": "ES256",
                "request.object.required": "request or request_uri",
            },
        ),
        _client("web-jarm", attributes={"authorization.signed.response.alg": "PS256"}),
        _client("web-jarm-encrypted", attributes={**published, **_encrypted("authorization")}),
        _client("web-encrypted", attributes={**published, **_encrypted("id.token")}),
        _client(
            "web-all-encrypted",
            attributes={**published, **_encrypted("authorization"), **_encrypted("id.token")},
        ),
        _client("web-rfc9068", attributes={"access.token.header.type.rfc9068": "true"}),
        _client("web-hybrid", implicitFlowEnabled=True),
        _client("web-bound", attributes=bound),
        _client("web-light", attributes={"client.use.lightweight.access.token.enabled": "true"}),
        _client(
            "web-logout",
            attributes={
                "backchannel.logout.url": party,
                "backchannel.logout.session.required": "true",
            },
        ),
        _client("web-exchanged", protocolMappers=[audience(API), audience("exchange")]),
        _client("exchange", attributes={"standard.token.exchange.enabled": "true"}),
        _client(
            "device",
            public=True,
            attributes={
                "oauth2.device.authorization.grant.enabled": "true",
            },
        ),
        _client(
            "ciba",
            attributes={
                "oidc.ciba.grant.enabled": "true",
                "ciba.backchannel.token.delivery.mode": "poll",
            },
        ),
        _client(
            "ciba-signed",
            attributes={
                **published,
                "oidc.ciba.grant.enabled": "true",
                "ciba.backchannel.auth.request.signing.alg": "ES256",
            },
        ),
        _client(
            "fapi2-dpop",
            clientAuthenticatorType=jwt,
            attributes={**strict, **signed, **bound},
            **fapi,
        ),
        _client(
            "fapi2-mtls",
            clientAuthenticatorType="client-x509",
            attributes={**strict, **certified},
            **fapi,
        ),
        _client(
            "fapi2-signed",
            clientAuthenticatorType=jwt,
            attributes={**strict, **signed, **bound},
            **fapi,
        ),
    ]
