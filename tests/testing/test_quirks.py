"""The embedded provider takes on the habits of real ones, seen over HTTP."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

from py_identity_model import InvalidArgumentError, JsonWebKeySet, verify_jws
from py_identity_model.testing import EmbeddedProvider
from py_identity_model.testing.quirks import LIKENESSES, QUIRKS, TENANT
from tests.support import needs_ml_dsa, refused
from tests.testing.support import authorize, get, log_in, parts, post, renew, userinfo

MACHINE = {"grant_type": "client_credentials", "scope": "read"}
Seen = Callable[[EmbeddedProvider], Any]


def document(provider: EmbeddedProvider) -> dict[str, Any]:
    found: dict[str, Any] = get(provider.discovery_endpoint).json()
    return found


def cached_as(provider: EmbeddedProvider) -> tuple[str | None, str | None]:
    one, two = (
        get(url).headers.get("cache-control")
        for url in (provider.discovery_endpoint, provider.jwks_uri)
    )
    return one, two


def media_type(provider: EmbeddedProvider) -> str:
    return get(provider.jwks_uri).headers["content-type"]


def token(provider: EmbeddedProvider) -> Any:
    return post(provider, MACHINE).json()


def header(provider: EmbeddedProvider) -> dict[str, Any]:
    return parts(token(provider)["access_token"])[0]


def claims(provider: EmbeddedProvider) -> dict[str, Any]:
    return parts(token(provider)["access_token"])[1]


def minted(provider: EmbeddedProvider) -> dict[str, Any]:
    return parts(provider.mint(roles=["admin"], scope="a b"))[1]


def login(provider: EmbeddedProvider) -> Any:
    return log_in(provider, nonce="n").json()


def id_claims(provider: EmbeddedProvider) -> dict[str, Any]:
    return parts(login(provider)["id_token"])[1]


def kids(provider: EmbeddedProvider) -> tuple[bool, bool]:
    keys = get(provider.jwks_uri).json()["keys"]
    return any("kid" in key for key in keys), "kid" in header(provider)


def device(provider: EmbeddedProvider) -> Any:
    return post(provider, {"scope": "read"}, public=True, path="/device_authorization").json()


def ahead(provider: EmbeddedProvider) -> int:
    read = claims(provider)
    return 3600 - int(read["exp"] - read["iat"])


def renewed(provider: EmbeddedProvider) -> bool:
    return "id_token" in renew(provider, login(provider)["refresh_token"]).json()


def denied(provider: EmbeddedProvider) -> set[str]:
    provider.user = None
    found = authorize(provider, scope="openid", state="s")
    return {*found} - {"error_description"}


def refusal(provider: EmbeddedProvider) -> tuple[int, str]:
    answer = post(provider, {"grant_type": "refresh_token", "refresh_token": "x"})
    return answer.status_code, answer.json()["error"]


def redeemed_with_pkce(provider: EmbeddedProvider) -> str:
    return str(log_in(provider).json().get("error", "none"))


HABITS: dict[str, tuple[Seen, Any, Any]] = {  # what is looked at, usually, with the habit
    "no-store": (cached_as, (None, None), ("no-store", "no-store")),
    "no-cache": (cached_as, (None, None), ("no-cache", "no-cache")),
    "text-media-type": (media_type, "application/json", "text/plain"),
    "oauth-document": (
        lambda p: get(f"{p.issuer}/.well-known/openid-configuration").status_code,
        200,
        404,
    ),
    "foreign-hosts": (lambda p: "//localhost:" in document(p)["token_endpoint"], False, True),
    "trailing-slash": (
        lambda p: (document(p)["issuer"][-1], claims(p)["iss"][-1]) == ("/", "/"),
        False,
        True,
    ),
    "issuer-template": (
        lambda p: (document(p)["issuer"].endswith("/{tenantid}/v2.0"), claims(p).get("tid")),
        (False, None),
        (True, TENANT),
    ),
    "access-token-issuer": (
        lambda p: document(p).get("access_token_issuer", p.issuer) == claims(p)["iss"] != p.issuer,
        False,
        True,
    ),
    "no-subject-types": (lambda p: "subject_types_supported" in document(p), True, False),
    "unknown-response-types": (
        lambda p: "device" in document(p)["response_types_supported"],
        False,
        True,
    ),
    "empty-endpoints": (lambda p: document(p)["userinfo_endpoint"] == "", False, True),
    "no-kid": (kids, (True, True), (False, False)),
    "no-kid-in-keys": (kids, (True, True), (False, True)),
    "no-kid-in-tokens": (kids, (True, True), (True, False)),
    "padded-tokens": (lambda p: "=" in p.mint(x="x" * 2) + p.mint(x="x"), False, True),
    "typ-jwt": (lambda p: header(p)["typ"], "at+jwt", "JWT"),
    "no-typ": (lambda p: "typ" in header(p), True, False),
    "payload-typ": (
        lambda p: (claims(p).get("typ"), id_claims(p).get("typ")),
        (None, None),
        ("Bearer", "ID"),
    ),
    "token-use": (
        lambda p: (claims(p).get("token_use"), id_claims(p).get("token_use")),
        (None, None),
        ("access", "id"),
    ),
    "no-aud": (lambda p: ("aud" in claims(p), "aud" in id_claims(p)), (True, True), (False, True)),
    "no-jti": (lambda p: "jti" in claims(p), True, False),
    "client-as-azp": (lambda p: claims(p).get("azp"), None, "machine"),
    "client-as-cid": (lambda p: claims(p).get("cid"), None, "machine"),
    "client-as-appid": (lambda p: claims(p).get("appid"), None, "machine"),
    "scope-as-scp": (lambda p: minted(p).get("scp"), None, ["a", "b"]),
    "scope-as-scp-text": (lambda p: minted(p).get("scp"), None, "a b"),
    "nested-roles": (lambda p: minted(p).get("realm_access"), None, {"roles": ["admin"]}),
    "cognito-groups": (lambda p: minted(p).get("cognito:groups"), None, ["admin"]),
    "integer-sub": (
        lambda p: {type(one["sub"]) for one in (claims(p), id_claims(p))},
        {str},
        {int},
    ),
    "lightweight-tokens": (lambda p: {"aud", "sub"} & claims(p).keys(), {"aud", "sub"}, set()),
    "opaque-tokens": (lambda p: "." in token(p)["access_token"], True, False),
    "five-part-tokens": (lambda p: token(p)["access_token"].count("."), 2, 4),
    "login-claims": (
        lambda p: {"nonce", "sid", "auth_time"} <= claims(p).keys(),
        False,
        True,
    ),
    "id-token-marks": (lambda p: {"nonce", "at_hash"} <= claims(p).keys(), False, True),
    "no-id-token-marks": (lambda p: "at_hash" in id_claims(p), True, False),
    "no-nonce": (lambda p: id_claims(p).get("nonce"), "n", None),
    "no-id-token": (lambda p: "id_token" in login(p), True, False),
    "refreshed-id-token": (renewed, False, True),
    "clock-ahead": (ahead, 0, 2),
    "error-with-200": (refusal, (400, "invalid_grant"), (200, "invalid_grant")),
    "numbers-as-text": (
        lambda p: (token(p)["expires_in"], device(p)["interval"]),
        (3600, 1),
        ("3600", "1"),
    ),
    "lowercase-bearer": (lambda p: token(p)["token_type"], "Bearer", "bearer"),
    "no-token-type": (lambda p: "token_type" in token(p), True, False),
    "no-expires-in": (lambda p: "expires_in" in token(p), True, False),
    "verification-url": (
        lambda p: {one for one in device(p) if one.startswith("verif")},
        {"verification_uri", "verification_uri_complete"},
        {"verification_url"},
    ),
    "ml-dsa-keys": (
        lambda p: [name for name in p.algorithms if name.startswith("ML-DSA")],
        [],
        ["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"],
    ),
    "pkce-refused": (redeemed_with_pkce, "none", "invalid_client"),
    "no-state-in-errors": (denied, {"error", "state"}, {"error"}),
}


def test_every_habit_is_looked_at_and_described() -> None:
    assert HABITS.keys() == QUIRKS
    described = inspect.getdoc(EmbeddedProvider) or ""
    lines = [line for line in described.splitlines() if line.startswith("- ``")]
    named = [name for line in lines for name in re.findall(r"``([\w-]+)``", line.partition(":")[0])]
    assert sorted(named) == sorted(QUIRKS)
    listed = described[described.index(":param like:") : described.index("``requests``")]
    assert set(LIKENESSES) <= set(re.findall(r"[\w-]+", listed))


@pytest.mark.parametrize(
    "name",
    [pytest.param(one, marks=needs_ml_dsa if one == "ml-dsa-keys" else ()) for one in HABITS],
)
def test_a_habit_is_seen_where_it_is_switched_on_alone(
    name: str, provider: EmbeddedProvider
) -> None:
    look, usually, with_habit = HABITS[name]
    with EmbeddedProvider(quirks={name}) as other:
        assert (look(provider), look(other)) == (usually, with_habit)


@pytest.mark.parametrize("name", LIKENESSES)
def test_a_likeness_logs_users_in_and_serves_its_keys(name: str) -> None:
    with EmbeddedProvider(like=name, users={"alice": {"roles": ["admin"]}}) as provider:
        answer = log_in(provider, nonce="n").json()
        if "pkce-refused" in LIKENESSES[name]:
            assert answer == {"error": "invalid_client"}
            return
        assert userinfo(provider, answer["access_token"]).json()["sub"] == "alice"
        keys = get(document(provider)["jwks_uri"]).json()["keys"]
        verify_jws(provider.mint(), JsonWebKeySet(keys), ["RS256"])


def test_a_likeness_may_have_more_habits() -> None:
    with EmbeddedProvider(like="okta", quirks={"trailing-slash"}) as provider:
        read = claims(provider)
        assert read["cid"] == "machine"
        assert read["iss"] == f"{provider.issuer}/"


def test_a_tests_own_claims_take_precedence_over_quirks() -> None:
    with EmbeddedProvider(quirks={"no-aud", "typ-jwt", "no-kid"}) as provider:
        head, read = parts(provider.mint(aud="x", header={"typ": "at+jwt", "kid": "k"}))
        assert (head["typ"], head["kid"], read["aud"]) == ("at+jwt", "k", "x")


def test_a_tenants_own_document_names_its_issuer() -> None:
    with EmbeddedProvider(like="entra-multi-tenant") as provider:
        issuer = f"{provider.issuer}/{TENANT}/v2.0"
        found = get(f"{issuer}/.well-known/openid-configuration")
        assert found.json()["issuer"] == issuer == claims(provider)["iss"]


def test_the_document_of_rfc_8414_is_at_its_address() -> None:
    with EmbeddedProvider(quirks={"oauth-document"}) as provider:
        url = f"{provider.issuer}/.well-known/oauth-authorization-server"
        assert get(url).json()["issuer"] == provider.issuer


def test_a_user_with_a_number_is_that_number() -> None:
    with EmbeddedProvider(quirks={"integer-sub"}, user="42") as provider:
        access_token = log_in(provider).json()["access_token"]
        assert userinfo(provider, access_token).json() == {"sub": 42}
        introspected = post(provider, {"token": access_token}, path="/introspect").json()
        assert introspected["sub"] == 42


@pytest.mark.parametrize("wrong", [{"quirks": {"no-stor"}}, {"quirks": "no"}, {"like": "google2"}])
def test_an_unknown_habit_is_refused_with_those_that_are_known(wrong: dict[str, Any]) -> None:
    with refused(InvalidArgumentError, "invalid_argument") as raised:
        EmbeddedProvider(**wrong)
    assert "no-store" in str(raised.value) or "keycloak" in str(raised.value)
