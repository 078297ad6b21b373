# Generated from aio/test_access_token_kinds.py by scripts/make_sync.py; edit that file.
"""Which tokens are access tokens: those of the field's servers, and their forged neighbours."""

from __future__ import annotations

import time
from typing import Any

import pytest

from py_identity_model._resource_server.access_token_policy import Profile
from py_identity_model.sync import AccessTokenVerifier, TrustedIssuer
from py_identity_model.testing import EmbeddedProvider
from tests.support import answered, bearer

GONE = dict.fromkeys(("client_id", "jti"))
NO_CLIENT: dict[str, Any] = {"client_id": None}
ACCEPTED: dict[str, tuple[str | None, dict[str, Any]]] = {
    "Auth0 default": ("JWT", {**GONE, "azp": "c", "scope": "a"}),
    "Auth0 rfc9068 dialect": ("at+jwt", {}),
    "Okta": (None, {**NO_CLIENT, "cid": "c", "scp": ["a"]}),
    "Entra v1": ("JWT", {**GONE, "appid": "c", "scp": "a", "tid": "t"}),
    "Entra v2": ("JWT", {**GONE, "azp": "c", "scp": "a", "tid": "t"}),
    "Keycloak": ("JWT", {**NO_CLIENT, "azp": "c", "typ": "Bearer"}),
    "Keycloak before 25": (
        "JWT",
        {**NO_CLIENT, "azp": "c", "typ": "Bearer", "nonce": "n", "sid": "s", "auth_time": 1},
    ),
    "Zitadel": ("JWT", {}),
    "Duende": ("at+jwt", {}),
    "Ory Hydra": ("JWT", {"scp": ["a"]}),
    "Authentik": ("JWT", {**GONE, "azp": "c"}),
    "Kubernetes service account": (None, NO_CLIENT),
    "PingFederate": (None, {"sub": None, "iat": None}),
    "ADFS": ("JWT", {**GONE, "appid": "c"}),
    "Spring Authorization Server": (None, NO_CLIENT),
    "upper case": ("AT+JWT", {}),
    "with application/": ("application/at+jwt", {}),
    "in lower case": ("jwt", {}),
    "application/jwt": ("application/JWT", {}),
    "a nonce beside a scope": ("JWT", {"nonce": "n", "scope": "openid"}),
    "a nonce beside scp": ("JWT", {"nonce": "n", "scp": ["a"]}),
    "a nonce beside token_use": ("JWT", {"nonce": "n", "token_use": "access"}),
    "sid and auth_time": ("JWT", {"sid": "s", "auth_time": 1}),
    "simplejwt": ("JWT", {"token_type": "access"}),
}
REFUSED: dict[str, tuple[Any, dict[str, Any]]] = {
    "at_hash": ("JWT", {"at_hash": "x", "scope": "a"}),
    "c_hash": ("JWT", {"c_hash": "x", "scope": "a"}),
    "s_hash": ("at+jwt", {"s_hash": "x", "scope": "a"}),
    "a nonce alone": ("JWT", {"nonce": "n", "auth_time": 1}),
    "a nonce beside an empty scope": ("JWT", {"nonce": "n", "scope": ""}),
    "Keycloak's ID token": ("JWT", {"typ": "ID", "azp": "c"}),
    "Keycloak's ID token with a scope": ("JWT", {"typ": "ID", "scope": "openid"}),
    "Keycloak's refresh token": ("JWT", {"typ": "Refresh", "scope": "openid"}),
    "Keycloak's offline token": ("JWT", {"typ": "Offline", "scope": "openid"}),
    "Cognito's ID token": (None, {"token_use": "id"}),
    "simplejwt's refresh token": ("JWT", {"token_type": "refresh"}),
    "ID token by its URN": ("JWT", {"token_type": "urn:ietf:params:oauth:token-type:id_token"}),
    "refresh token by its URN": (
        "JWT",
        {"token_use": "urn:ietf:params:oauth:token-type:refresh_token"},
    ),
    "ID token by header": ("id_token+jwt", {}),
    "logout token": ("logout+jwt", {"events": {}}),
    "logout token without typ": (None, {"events": {}, "scope": "a"}),
    "logout token called at+jwt": ("at+jwt", {"events": {}}),
    "DPoP proof": ("dpop+jwt", {"htm": "GET", "htu": "https://api.example/"}),
    "DPoP proof called JWT": ("JWT", {"htm": "GET", "htu": "https://api.example/"}),
    "introspection": ("token-introspection+jwt", {"token_introspection": {"active": True}}),
    "introspection called JWT": ("JWT", {"token_introspection": {"active": True}}),
    "security event": ("secevent+jwt", {}),
    "request object": ("oauth-authz-req+jwt", {}),
    "any other type": ("application/other", {}),
    "an empty typ": ("", {}),
    "a number": (5, {}),
    "a list": (["JWT"], {}),
    "an object": ({"typ": "JWT"}, {}),
    "false": (False, {}),
}
FOR_ID_TOKENS = [
    "ID token by its URN",
    *("at_hash", "c_hash", "s_hash", "a nonce alone", "a nonce beside an empty scope"),
    *("Keycloak's ID token", "Keycloak's ID token with a scope", "Cognito's ID token"),
    "ID token by header",
]
DEFAULTS: tuple[Profile, ...] = ("access-token", "lenient")


@pytest.mark.parametrize("shape", ACCEPTED)
def test_the_access_tokens_of_every_server_are_accepted(
    provider: EmbeddedProvider, shape: str
) -> None:
    typ, claims = ACCEPTED[shape]
    for profile in DEFAULTS:
        verifier = AccessTokenVerifier(provider.issuer, "api", profile=profile)
        for _ in range(2):
            token = verifier.verify(bearer(provider.mint(header={"typ": typ}, **claims)))
        if claims.get("client_id", "") is None and shape not in {
            "Kubernetes service account",
            "Spring Authorization Server",
        }:
            assert token.client_id == "c"
        for change, code in (
            ({"aud": "else"}, "invalid_audience"),
            ({"exp": None}, "missing_claim"),
            ({"exp": 1}, "token_expired"),
        ):
            forged = provider.mint(header={"typ": typ}, **{**claims, **change})
            with answered(401, code):
                verifier.verify(bearer(forged))


@pytest.mark.parametrize("shape", REFUSED)
def test_other_kinds_of_tokens_are_refused(provider: EmbeddedProvider, shape: str) -> None:
    typ, claims = REFUSED[shape]
    for profile in DEFAULTS:
        verifier = AccessTokenVerifier(provider.issuer, "api", profile=profile)
        verifier.verify(bearer(provider.mint(header={"typ": "JWT"})))  # a warm verifier
        for _ in range(2):
            with answered(401, "wrong_typ", "invalid_token"):
                verifier.verify(bearer(provider.mint(header={"typ": typ}, **claims)))


@pytest.mark.parametrize("shape", REFUSED)
def test_id_tokens_alone_are_accepted_by_a_long_name(
    provider: EmbeddedProvider, shape: str
) -> None:
    typ, claims = REFUSED[shape]
    token = bearer(provider.mint(header={"typ": typ}, **claims))
    own = TrustedIssuer(provider.issuer, accept_id_tokens_as_access_tokens=True)
    for verifier in (
        AccessTokenVerifier(provider.issuer, "api", accept_id_tokens_as_access_tokens=True),
        AccessTokenVerifier(own, "api"),
    ):
        if shape in FOR_ID_TOKENS:
            assert verifier.verify(token)
            continue
        with answered(401, "wrong_typ"):
            verifier.verify(token)


def test_the_refusal_of_an_id_token_names_the_option(provider: EmbeddedProvider) -> None:
    verifier = AccessTokenVerifier(provider.issuer, "api")
    cases: list[tuple[str, dict[str, Any]]] = [("JWT", {"at_hash": "x"}), ("id_token+jwt", {})]
    for typ, claims in cases:
        with answered(401, "wrong_typ") as caught:
            verifier.verify(bearer(provider.mint(header={"typ": typ}, **claims)))
        assert "accept_id_tokens_as_access_tokens=True" in str(caught.value)
        assert "accept_id" not in caught.value.www_authenticate
    strict = AccessTokenVerifier(provider.issuer, "api", profile="rfc9068")
    with answered(401, "wrong_typ") as caught:
        strict.verify(bearer(provider.mint(header={"typ": "JWT"})))
    assert 'profile="access-token"' in str(caught.value)
    assert caught.value.details == {"typ": "JWT", "expected": "at+jwt"}


@pytest.mark.parametrize("shape", ["ID token by header", "a nonce alone"])
def test_permissions_of_one_issuer_do_not_apply_to_another(
    provider: EmbeddedProvider, shape: str
) -> None:
    typ, claims = REFUSED[shape]
    with EmbeddedProvider() as second:
        lenient = TrustedIssuer(provider.issuer, accept_id_tokens_as_access_tokens=True)
        verifier = AccessTokenVerifier([lenient, second.issuer], "api")
        for _ in range(2):
            verifier.verify(bearer(provider.mint(header={"typ": typ}, **claims)))
            with answered(401, "wrong_typ"):
                verifier.verify(bearer(second.mint(header={"typ": typ}, **claims)))


COGNITO: dict[str, Any] = {"aud": None, "token_use": "access"}


def test_client_ids_replace_the_audience_where_tokens_have_none(
    provider: EmbeddedProvider,
) -> None:
    plain = AccessTokenVerifier(provider.issuer, "api")
    with answered(401, "missing_claim") as caught:
        plain.verify(bearer(provider.mint(**COGNITO)))
    assert "client_ids=[...]" in str(caught.value)
    own = TrustedIssuer(provider.issuer, client_ids=["web", "app"])
    for verifier in (
        AccessTokenVerifier(provider.issuer, client_ids=["web", "app"]),
        AccessTokenVerifier(own, client_ids=["else"]),
    ):
        for name in ("client_id", "azp", "cid", "appid"):
            named = {**NO_CLIENT, name: "web"}
            assert verifier.verify(bearer(provider.mint(**COGNITO, **named)))
        cases: list[tuple[dict[str, Any], str]] = [
            ({"client_id": "else"}, "invalid_client_id"),
            ({"client_id": None}, "invalid_client_id"),
            ({"client_id": ["web"]}, "invalid_client_id"),
            ({"client_id": "else", "azp": "web"}, "invalid_client_id"),
            ({"client_id": "web", "aud": "another-api"}, "invalid_audience"),
            ({"client_id": "web", "aud": ["another-api"]}, "invalid_audience"),
            ({"client_id": "web", "token_use": "id"}, "wrong_typ"),
            ({"client_id": "web", "iss": "https://evil.example"}, "invalid_issuer"),
        ]
        for claims, code in cases:
            with answered(401, code):
                verifier.verify(bearer(provider.mint(**{**COGNITO, **claims})))


def test_an_issuers_clients_take_the_place_of_the_verifiers_audience(
    provider: EmbeddedProvider,
) -> None:
    without = TrustedIssuer(provider.issuer, client_ids=["web"])
    narrowed = TrustedIssuer(provider.issuer, client_ids=["web"], audience="api")
    with EmbeddedProvider() as second:
        several = AccessTokenVerifier([without, second.issuer], "api")
        for verifier in (AccessTokenVerifier(without), several):
            assert verifier.verify(bearer(provider.mint(**COGNITO, client_id="web")))
            with answered(401, "invalid_client_id"):
                verifier.verify(bearer(provider.mint(**COGNITO, client_id="else")))
        with answered(401, "missing_claim"):
            several.verify(bearer(second.mint(aud=None, client_id="web")))
        assert several.verify(bearer(second.mint(client_id="else")))
    both = AccessTokenVerifier(narrowed)
    assert both.verify(bearer(provider.mint(client_id="web")))
    with answered(401, "missing_claim"):
        both.verify(bearer(provider.mint(aud=None, client_id="web")))


def test_client_ids_beside_an_audience_narrow_it(provider: EmbeddedProvider) -> None:
    verifier = AccessTokenVerifier(provider.issuer, "api", client_ids={"web"})
    assert verifier.verify(bearer(provider.mint(client_id="web")))
    cases: list[tuple[dict[str, Any], str]] = [
        ({"client_id": "else"}, "invalid_client_id"),
        ({"client_id": "web", "aud": "else"}, "invalid_audience"),
        ({"client_id": "web", "aud": None}, "missing_claim"),
    ]
    for claims, code in cases:
        with answered(401, code) as caught:
            verifier.verify(bearer(provider.mint(**claims)))
    assert caught.value.details["claim"] == "aud"


def test_a_numeric_subject_is_converted_to_a_string(provider: EmbeddedProvider) -> None:
    verifier = AccessTokenVerifier(provider.issuer, "api")
    for number in (0, 7, 2**70):
        token = verifier.verify(bearer(provider.mint(sub=number)))
        assert token.subject == token.claims["sub"] == str(number)
    for wrong in (True, 7.5, ["7"], {"sub": 7}):
        with answered(401, "invalid_claim"):
            verifier.verify(bearer(provider.mint(sub=wrong)))
    strict = AccessTokenVerifier(provider.issuer, "api", profile="rfc9068")
    for number in (0, 7):
        with answered(401, "invalid_claim") as caught:
            strict.verify(bearer(provider.mint(sub=number)))
        assert "missing" not in str(caught.value)


def test_the_strict_profile_stays_strict(provider: EmbeddedProvider) -> None:
    verifier = AccessTokenVerifier(provider.issuer, "api", profile="rfc9068")
    assert verifier.verify(bearer(provider.mint()))
    for name in ("client_id", "jti", "iat", "exp", "sub"):
        without: dict[str, Any] = {name: None}
        with answered(401, "missing_claim"):
            verifier.verify(bearer(provider.mint(**without)))


ROLES: list[tuple[Any, dict[str, Any], set[str]]] = [
    ("roles", {"roles": ["a", "b", 7]}, {"a", "b"}),
    ("roles", {"roles": "a b"}, {"a b"}),
    ("roles", {}, set()),
    ("realm_access.roles", {"realm_access": {"roles": ["a"]}}, {"a"}),
    ("realm_access.roles", {"realm_access.roles": ["b"], "realm_access": {"roles": ["a"]}}, {"b"}),
    ("realm_access.roles", {"realm_access": ["roles"]}, set()),
    ("https://api.example/roles", {"https://api.example/roles": ["a"]}, {"a"}),
    (
        ("resource_access", "my.client", "roles"),
        {"resource_access": {"my.client": {"roles": ["a"]}}},
        {"a"},
    ),
    (("realm_access.roles",), {"realm_access": {"roles": ["a"]}}, set()),
    ("urn:zitadel:roles", {"urn:zitadel:roles": {"a": {"1": "x"}, "b": False}}, {"a"}),
    ("roles", {"roles": 7}, set()),
]


@pytest.mark.parametrize(("path", "claims", "roles"), ROLES)
def test_roles_are_found_where_the_issuer_puts_them(
    provider: EmbeddedProvider, path: Any, claims: dict[str, Any], roles: set[str]
) -> None:
    token = bearer(provider.mint(**claims))
    own = TrustedIssuer(provider.issuer, roles=path)
    for verifier in (
        AccessTokenVerifier(provider.issuer, "api", roles=path),
        AccessTokenVerifier(own, "api", roles="else"),
    ):
        assert (verifier.verify(token)).roles == roles


def test_clocks_may_differ_by_a_minute_unless_a_leeway_is_given(
    provider: EmbeddedProvider,
) -> None:
    now = int(time.time())
    cases: list[tuple[float | None, dict[str, Any], str | None]] = [
        (None, {"exp": now - 30}, None),
        (None, {"exp": now - 90}, "token_expired"),
        (None, {"iat": now + 30}, None),
        (None, {"iat": now + 90}, "issued_in_future"),
        (None, {"nbf": now + 30}, None),
        (None, {"nbf": now + 90}, "not_yet_valid"),
        (0, {"exp": now - 30}, "token_expired"),
        (0, {"iat": now + 30}, "issued_in_future"),
        (0, {"nbf": now + 30}, "not_yet_valid"),
        (120, {"exp": now - 90}, None),
        (120, {"iat": now + 90}, None),
        (120, {"nbf": now + 90}, None),
    ]
    for leeway, claims, code in cases:
        verifier = AccessTokenVerifier(provider.issuer, "api", leeway=leeway)
        token = bearer(provider.mint(**claims))
        if code is None:
            assert verifier.verify(token)
            continue
        with answered(401, code):
            verifier.verify(token)


def test_only_a_leeway_that_was_given_lengthens_max_age(provider: EmbeddedProvider) -> None:
    token = bearer(provider.mint(auth_time=int(time.time()) - 90))
    with answered(401, "insufficient_user_authentication"):
        AccessTokenVerifier(provider.issuer, "api").verify(token, max_age=60)
    generous = AccessTokenVerifier(provider.issuer, "api", leeway=60)
    assert generous.verify(token, max_age=60)
