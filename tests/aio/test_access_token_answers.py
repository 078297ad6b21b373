"""What a verifier's refusals say: to strangers little, to operators enough, to logs once."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest

from py_identity_model import AccessTokenRefusedException, ClaimsValidationError
from py_identity_model.aio import (
    AsyncAccessTokenVerifier,
    DPoPKey,
    TrustedIssuer,
    VerifiedAccessToken,
    create_dpop_proof,
    parse_www_authenticate,
    require_scopes,
)
from py_identity_model.exceptions import InvalidArgumentError
from py_identity_model.testing import EmbeddedProvider
from tests.support import answered, bearer

URI = "https://api.example/orders"
LOGGER = "py_identity_model.access_tokens"


@pytest.mark.parametrize(
    ("claims", "code", "found", "expected"),
    [
        ({"aud": ["web", "else"]}, "invalid_audience", ["web", "else"], ["api"]),
        ({"aud": "x" * 500}, "invalid_audience", "x" * 200, ["api"]),
        ({"aud": "a\r\nb\x1b"}, "invalid_audience", "a\\r\\nb\\x1b", ["api"]),
        ({"header": {"typ": "logout+jwt"}}, "wrong_typ", "logout+jwt", ["JWT", "at+jwt", None]),
    ],
)
async def test_details_say_what_was_found_and_what_is_expected(
    provider: EmbeddedProvider, claims: dict[str, Any], code: str, found: Any, expected: Any
) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    with answered(401, code, "invalid_token") as caught:
        await verifier.verify(bearer(provider.mint(**claims)))
    details = caught.value.details
    assert details.get("found", details.get("typ")) == found
    assert details["expected"] == expected


async def test_details_name_issuers_scopes_and_algorithms(provider: EmbeddedProvider) -> None:
    verifier = AsyncAccessTokenVerifier(
        provider.issuer, "api", algorithms=["ES256"], required_scopes=["read"]
    )
    with answered(401, "untrusted_issuer") as caught:
        await verifier.verify(bearer(provider.mint(iss="https://evil.example")))
    assert caught.value.details == {
        "issuer": "https://evil.example",
        "expected": [provider.issuer],
    }
    with answered(401, "algorithm_not_allowed") as caught:
        await verifier.verify(bearer(provider.mint()))
    assert caught.value.details == {"alg": "RS256", "allowed": ["ES256"]}
    with answered(403, "insufficient_scope") as caught:
        await verifier.verify(bearer(provider.mint(scope="write", algorithm="ES256")))
    assert caught.value.details == {"required": ["read"], "found": ["write"]}
    assert str(caught.value) == "Insufficient scope"
    await verifier.verify(bearer(provider.mint(scope="read", algorithm="ES256")))
    with answered(401, "invalid_issuer") as caught:
        token = provider.mint(iss="https://evil.example", algorithm="ES256")
        await verifier.verify(bearer(token))
    assert caught.value.details["issuer"] == "https://evil.example"


async def test_strangers_read_nothing_of_what_was_found(provider: EmbeddedProvider) -> None:
    def refuse(claims: dict[str, Any]) -> None:
        raise ClaimsValidationError("alice is suspended", claim="sub")

    for verifier, claims in (
        (AsyncAccessTokenVerifier(provider.issuer, "api"), {"aud": "found-audience"}),
        (AsyncAccessTokenVerifier(provider.issuer, "api"), {"iss": "https://found.example"}),
        (AsyncAccessTokenVerifier(provider.issuer, "api"), {"header": {"kid": "found-kid"}}),
        (AsyncAccessTokenVerifier(provider.issuer, "api", claims_validator=refuse), {}),
    ):
        with pytest.raises(AccessTokenRefusedException) as caught:
            await verifier.verify(bearer(provider.mint(**claims)))
        headers = str(caught.value.headers)
        assert "found" not in headers
        assert "alice" not in headers
        assert 'error="invalid_token"' in caught.value.headers["WWW-Authenticate"]


async def test_a_refused_token_leaves_one_record(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    token = provider.mint(aud="web", sub="alice", email="alice@example.com")
    with caplog.at_level(logging.INFO, "py_identity_model"), answered(401, "invalid_audience"):
        await verifier.verify(bearer(token))
    (record,) = [one for one in caplog.records if one.name == LOGGER]
    assert record.levelno == logging.INFO
    text = record.getMessage()
    assert "invalid_audience" in text
    assert provider.issuer in text
    assert token not in caplog.text
    assert "alice" not in caplog.text


async def test_nothing_is_logged_for_accepted_tokens_and_missing_ones(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    with caplog.at_level(logging.INFO, LOGGER):
        token = await verifier.verify(bearer(provider.mint(scope="read")))
        token.require_scopes("read")
        with answered(401, "missing_token"):
            await verifier.verify(None)
    assert [one for one in caplog.records if one.name == LOGGER] == []


async def test_strangers_texts_are_escaped_and_cut_in_logs(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    for issuer in ("https://evil\r\nERROR forged", "\ud800" * 9, "x" * 5000):
        with caplog.at_level(logging.INFO, LOGGER), answered(401, "untrusted_issuer"):
            await verifier.verify(bearer(provider.mint(iss=issuer)))
    lines = [one.getMessage() for one in caplog.records if one.name == LOGGER]
    assert len(lines) == 3
    assert all(line.isprintable() and len(line) < 600 for line in lines)


async def test_the_text_of_a_claims_validator_is_not_logged(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(claims: dict[str, Any]) -> None:
        raise ClaimsValidationError(f"{claims['sub']} is suspended", claim="sub")

    def fail(claims: dict[str, Any]) -> None:
        raise LookupError(claims["sub"])

    for validator in (refuse, fail):
        verifier = AsyncAccessTokenVerifier(provider.issuer, "api", claims_validator=validator)
        with caplog.at_level(logging.INFO, LOGGER), pytest.raises(AccessTokenRefusedException):
            await verifier.verify(bearer(provider.mint(sub="alice")))
    assert "a claims validator rejected it" in caplog.text
    assert "alice" not in caplog.text


async def test_a_claims_validator_that_forbids_gets_403(provider: EmbeddedProvider) -> None:
    def forbid(claims: dict[str, Any]) -> None:
        raise ClaimsValidationError("closed on Sundays", forbidden=True)

    for validator in (forbid, require_scopes("write")):
        verifier = AsyncAccessTokenVerifier(provider.issuer, "api", claims_validator=validator)
        with answered(403, "claims_rejected", "insufficient_scope") as caught:
            await verifier.verify(bearer(provider.mint(scope="read")))
        assert "Sundays" not in str(caught.value.headers)


async def test_a_route_asks_for_scopes_after_the_verifier(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api", realm="orders")
    token = await verifier.verify(bearer(provider.mint(scope="read write")))
    token.require_scopes("read")
    token.require_scopes("read write")
    token.require_scopes("read", ["write"])
    with (
        caplog.at_level(logging.INFO, LOGGER),
        answered(403, "insufficient_scope", "insufficient_scope") as caught,
    ):
        token.require_scopes("read", "delete")
    (challenge,) = parse_www_authenticate(caught.value.www_authenticate)
    assert challenge.scope == "delete read"
    assert challenge.parameters["realm"] == "orders"
    assert caught.value.details == {"required": ["delete", "read"], "found": ["read", "write"]}
    assert len([one for one in caplog.records if one.name == LOGGER]) == 1


async def test_a_route_asks_for_roles_after_the_verifier(provider: EmbeddedProvider) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api", roles="realm_access.roles")
    claims: dict[str, Any] = {
        "realm_access": {"roles": ["reader", "night shift"]},
        "roles": ["admin"],
    }
    token = await verifier.verify(bearer(provider.mint(**claims)))
    token.require_roles("reader")
    token.require_roles("night shift", {"reader"})
    with answered(403, "insufficient_roles", "insufficient_scope") as caught:
        token.require_roles("reader", "admin")
    assert caught.value.details["required"] == ["admin", "reader"]
    assert "admin" not in str(caught.value.headers)


async def test_a_token_bound_to_a_key_is_refused_by_the_challenge_of_its_scheme(
    provider: EmbeddedProvider,
) -> None:
    key = DPoPKey()
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    token = provider.mint(cnf={"jkt": key.jwk_thumbprint})
    proof = create_dpop_proof(key, "GET", URI, token)
    verified = await verifier.verify(f"DPoP {token}", method="GET", uri=URI, dpop=proof)
    with answered(403, "insufficient_scope") as caught:
        verified.require_scopes("write")
    found = {one.scheme: one.error for one in parse_www_authenticate(caught.value.www_authenticate)}
    assert found == {"bearer": None, "dpop": "insufficient_scope"}


@pytest.mark.parametrize("wrong", [(), ("",), ("réad",), (7,), ([7],), ('a"b',)])
def test_scopes_that_are_none_are_a_mistake(wrong: tuple[Any, ...]) -> None:
    token = VerifiedAccessToken({"scope": "read"}, "t")
    with pytest.raises(InvalidArgumentError, match="scopes"):
        token.require_scopes(*wrong)


@pytest.mark.parametrize("wrong", [(), ("",), (7,), ([7],)])
def test_roles_that_are_none_are_a_mistake(wrong: tuple[Any, ...]) -> None:
    token = VerifiedAccessToken({"roles": ["admin"]}, "t")
    with pytest.raises(InvalidArgumentError, match="roles"):
        token.require_roles(*wrong)


async def test_a_bare_token_is_verified_and_a_bound_one_refused(
    provider: EmbeddedProvider,
) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    token = await verifier.verify_token(provider.mint(scope="read"), scopes=["read"])
    assert token.scopes == {"read"}
    with answered(403, "insufficient_scope"):
        await verifier.verify_token(provider.mint(scope="read"), scopes=["write"])
    bound: list[dict[str, Any]] = [{"jkt": "k"}, {"x5t#S256": "t"}, {"jwk": {}}]
    for confirmation in bound:
        with answered(401, "binding_refused"):
            await verifier.verify_token(provider.mint(cnf=confirmation))
    with answered(401, "missing_token"):
        await verifier.verify_token("")
    bound_only = AsyncAccessTokenVerifier(provider.issuer, "api", dpop="required")
    with answered(401, "binding_refused"):
        await bound_only.verify_token(provider.mint())


async def test_a_bare_token_of_a_weak_or_old_login_is_refused(provider: EmbeddedProvider) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    token = provider.mint(auth_time=time.time() - 1000, acr="gold")
    assert await verifier.verify_token(token, max_age=2000, acr_values="gold")
    with answered(401, "insufficient_user_authentication"):
        await verifier.verify_token(token, max_age=900)
    with answered(401, "insufficient_user_authentication"):
        await verifier.verify_token(token, acr_values="silver")


@pytest.mark.parametrize(
    ("options", "offered"),
    [({}, False), ({"dpop": "optional"}, True), ({"dpop": "required"}, True)],
)
async def test_dpop_is_offered_where_it_was_asked_for(
    provider: EmbeddedProvider, options: dict[str, Any], offered: bool
) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api", **options)
    with answered(401, "missing_token") as caught:
        await verifier.verify(None)
    assert ("DPoP" in caught.value.www_authenticate) is offered


async def test_dpop_is_offered_where_the_request_used_it(provider: EmbeddedProvider) -> None:
    verifier = AsyncAccessTokenVerifier(provider.issuer, "api")
    refused = AsyncAccessTokenVerifier(provider.issuer, "api", dpop="refused")
    expired, bound = provider.mint(exp=1), provider.mint(cnf={"jkt": "k"})
    for authorization, proof in (
        (f"DPoP {expired}", None),
        (f"Bearer {expired}", "proof"),
        (f"Bearer {bound}", None),
    ):
        for one, offered in ((verifier, True), (refused, False)):
            with pytest.raises(AccessTokenRefusedException) as caught:
                await one.verify(authorization, dpop=proof)
            assert ("DPoP" in str(caught.value.www_authenticate)) is offered


async def test_a_non_jwt_is_malformed_and_not_of_an_untrusted_issuer(
    provider: EmbeddedProvider,
) -> None:
    resolver: Any = TrustedIssuer
    for verifier in (
        AsyncAccessTokenVerifier(provider.issuer, "api"),
        AsyncAccessTokenVerifier(resolver, "api"),
    ):
        for token in ("x.y.z", "a.b", "e30.e30.e30", "eyJhbGciOiJSUzI1NiJ9.W10.e30"):
            with pytest.raises(AccessTokenRefusedException) as caught:
                await verifier.verify(bearer(token))
            assert caught.value.code in {"malformed_token", "invalid_algorithm"}
