# Generated from aio/test_token_introspector.py by scripts/make_sync.py; edit that file.
"""Opaque tokens: introspected, remembered, and checked like JWTs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import pytest

from py_identity_model import ClaimsValidationError
from py_identity_model._seam.sync import gather
from py_identity_model._wire.stored_value import pack_value
from py_identity_model.exceptions import (
    InvalidArgumentError,
    KeysUnavailableException,
    TokenValidationException,
)
from py_identity_model.sync import (
    AccessTokenVerifier,
    ClientSecretBasic,
    MemoryTokenStore,
    TokenIntrospector,
    TokenValidationConfig,
    TrustedIssuer,
)
from py_identity_model.testing import Answer, EmbeddedProvider, Received
from tests.support import FromNow, answered, answering, at_once, bearer, refused
from tests.sync.stores import NotingStore


def opaque(provider: EmbeddedProvider, **more: Any) -> TokenIntrospector:
    return TokenIntrospector(
        f"{provider.issuer}/introspect",
        provider.client_id,
        ClientSecretBasic(provider.client_secret),
        **more,
    )


def introspecting(**said: Any) -> Callable[[Received], Answer | None]:
    def respond(received: Received) -> Answer | None:
        return Answer.of_json(said) if received.path == "/introspect" else None

    return respond


def test_an_answer_that_says_something_twice_is_refused(
    provider: EmbeddedProvider,
) -> None:
    verifier = AccessTokenVerifier(provider.issuer, "api", opaque_tokens=opaque(provider))
    body = b'{"active": true, "aud": "else", "aud": "api"}'
    answer = Answer(200, body, {"content-type": "application/json"})
    provider.intercept = answering("/introspect", answer)
    with answered(503, "introspection_failed"):
        verifier.verify(bearer("an-opaque-token"))


def test_an_opaque_token_is_asked_about_once(provider: EmbeddedProvider) -> None:
    provider.intercept = introspecting(
        active=True, sub="alice", scope="read", iss=provider.issuer, aud=["api"]
    )
    tokens = opaque(provider)
    verifier = AccessTokenVerifier(
        provider.issuer, "api", opaque_tokens=tokens, required_scopes=["read"]
    )

    def verify() -> str | None:
        return (verifier.verify(bearer("an-opaque-token"))).subject

    assert gather([verify] * 20) == ["alice"] * 20
    assert provider.count("/introspect") == 1
    assert len(tokens) == 1
    with answered(403, "insufficient_scope"):
        verifier.verify(bearer("an-opaque-token"), scopes=["write"])
    now = tokens.clock()
    tokens.clock = lambda: now + 31
    assert verify() == "alice"
    assert provider.count("/introspect") == 2
    assert verifier.verify(bearer(provider.mint(scope="read")))


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"active": False}, "inactive_token"),
        ({"active": "true"}, "inactive_token"),
        ({"active": 1}, "inactive_token"),
        ({"active": None}, "inactive_token"),
        ({"exp": 1}, "token_expired"),
        ({"exp": FromNow(-90)}, "token_expired"),
        ({"exp": "4102444800"}, "invalid_claim"),
        ({"exp": True}, "invalid_claim"),
        ({"nbf": FromNow(90)}, "not_yet_valid"),
        ({"nbf": "0"}, "invalid_claim"),
        ({"iat": FromNow(90)}, "issued_in_future"),
        ({"iat": [0]}, "invalid_claim"),
        ({"iss": "https://else"}, "untrusted_issuer"),
        ({"iss": 7}, "untrusted_issuer"),
        ({"aud": "else"}, "invalid_audience"),
        ({"aud": ["else", "other"]}, "invalid_audience"),
        ({"aud": 5}, "invalid_audience"),
        ({"aud": ["api", 5]}, "invalid_audience"),
        ({"aud": {"api": 1}}, "invalid_audience"),
        ({"aud": []}, "missing_claim"),
        ({"aud": None}, "missing_claim"),
        ({"sub": ["alice"]}, "invalid_claim"),
        ({"sub": True}, "invalid_claim"),
        ({"jti": 7}, "invalid_claim"),
        ({"token_type": "refresh_token"}, "wrong_typ"),
        ({"token_type": "N_A"}, "wrong_typ"),
        ({"token_type": "urn:ietf:params:oauth:token-type:id_token"}, "wrong_typ"),
        ({"token_type": 7}, "wrong_typ"),
        ({"typ": "Refresh"}, "wrong_typ"),
        ({"typ": "Offline"}, "wrong_typ"),
        ({"typ": "ID"}, "wrong_typ"),
        ({"token_use": "refresh_token"}, "wrong_typ"),
        ({"token_use": "id"}, "wrong_typ"),
        ({"at_hash": "h"}, "wrong_typ"),
        ({"events": {}}, "wrong_typ"),
        ({"cnf": {"jkt": "k"}}, "binding_refused"),
        ({"cnf": {"x5t#S256": "k"}}, "binding_refused"),
        ({"cnf": 7}, "binding_refused"),
    ],
)
def test_an_opaque_token_that_is_not_good_gets_401(
    provider: EmbeddedProvider, said: dict[str, Any], code: str
) -> None:
    sound = {"active": True, "aud": "api", "iss": provider.issuer, "sub": "alice"}
    provider.intercept = introspecting(**at_once({**sound, **said}))
    for issuers in (provider.issuer, lambda issuer: trusting(provider, issuer)):
        verifier = AccessTokenVerifier(issuers, "api", opaque_tokens=opaque(provider))
        for _ in range(2):
            with answered(401, code):
                verifier.verify(bearer("opaque"))


def trusting(provider: EmbeddedProvider, issuer: str) -> TrustedIssuer | None:
    return TrustedIssuer(issuer) if issuer == provider.issuer else None


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"iss": None},
        {"aud": ["other", "api"]},
        {"exp": FromNow(-30)},
        {"nbf": FromNow(30)},
        {"iat": FromNow(30)},
        {"sub": 7},
        {"token_type": "Bearer"},
        {"token_type": "urn:ietf:params:oauth:token-type:access_token"},
        {"typ": "Bearer", "nonce": "n"},
        {"token_use": "access_token"},
    ],
)
def test_a_sound_opaque_token_is_accepted(provider: EmbeddedProvider, said: dict[str, Any]) -> None:
    sound = {"active": True, "aud": "api", "iss": provider.issuer, "sub": "alice"}
    provider.intercept = introspecting(**at_once({**sound, **said}))
    verifier = AccessTokenVerifier(provider.issuer, "api", opaque_tokens=opaque(provider))
    for _ in range(2):
        token = verifier.verify(bearer("opaque"))
        assert token.subject == ("7" if said.get("sub") else "alice")


@pytest.mark.parametrize("said", ["id_token", "urn:ietf:params:oauth:token-type:id_token"])
def test_an_introspected_id_token_is_accepted_by_a_long_name_alone(
    provider: EmbeddedProvider, said: str
) -> None:
    provider.intercept = introspecting(active=True, aud="api", token_type=said)
    for accepts in (False, True):
        verifier = AccessTokenVerifier(
            provider.issuer,
            "api",
            opaque_tokens=opaque(provider),
            accept_id_tokens_as_access_tokens=accepts,
        )
        if accepts:
            assert verifier.verify(bearer("opaque"))
        else:
            with answered(401, "wrong_typ"):
                verifier.verify(bearer("opaque"))


def test_an_explicit_leeway_also_holds_for_opaque_tokens(provider: EmbeddedProvider) -> None:
    for leeway, ago, good in ((0, 30, False), (0, -30, True), (120, 90, True), (120, 150, False)):
        provider.intercept = introspecting(active=True, aud="api", exp=time.time() - ago)
        verifier = AccessTokenVerifier(
            provider.issuer, "api", leeway=leeway, opaque_tokens=opaque(provider)
        )
        if good:
            assert verifier.verify(bearer("opaque"))
            continue
        with answered(401, "token_expired"):
            verifier.verify(bearer("opaque"))


def test_a_token_without_audience_is_accepted_by_a_long_name_alone(
    provider: EmbeddedProvider,
) -> None:
    tokens = opaque(provider, accept_tokens_without_audience=True)
    verifier = AccessTokenVerifier(provider.issuer, "api", opaque_tokens=tokens)
    provider.intercept = introspecting(active=True, sub="alice")
    assert (verifier.verify(bearer("one"))).subject == "alice"
    provider.intercept = introspecting(active=True, sub="alice", aud="else")
    with answered(401, "invalid_audience"):
        verifier.verify(bearer("two"))


def test_client_ids_replace_the_audience_of_opaque_tokens(
    provider: EmbeddedProvider,
) -> None:
    verifier = AccessTokenVerifier(
        provider.issuer, client_ids=["web"], opaque_tokens=opaque(provider)
    )
    provider.intercept = introspecting(active=True, client_id="web")
    assert (verifier.verify(bearer("one"))).client_id == "web"
    provider.intercept = introspecting(active=True, client_id="else")
    with answered(401, "invalid_client_id"):
        verifier.verify(bearer("two"))


def test_an_issuers_own_rules_hold_for_its_opaque_tokens(
    provider: EmbeddedProvider,
) -> None:
    tenant = TrustedIssuer("https://op.example/{t}/v2.0", audience="other", bound_claim="tid")
    verifier = AccessTokenVerifier(tenant, "api", opaque_tokens=opaque(provider))
    one = "https://op.example/one/v2.0"
    cases: list[tuple[dict[str, Any], str | None]] = [
        ({"iss": one, "tid": "one", "aud": "other"}, None),
        ({"iss": one, "tid": "one", "aud": "api"}, "invalid_audience"),
        ({"iss": one, "tid": "two", "aud": "other"}, "issuer_claim_mismatch"),
        ({"iss": one, "aud": "other"}, "issuer_claim_mismatch"),
        ({"tid": "one", "aud": "other"}, "untrusted_issuer"),
    ]
    for number, (said, code) in enumerate(cases):
        provider.intercept = introspecting(active=True, **said)
        if code is None:
            assert verifier.verify(bearer(f"token-{number}"))
            continue
        with answered(401, code):
            verifier.verify(bearer(f"token-{number}"))


def test_jwts_that_lack_what_they_must_have_are_introspected_by_choice(
    provider: EmbeddedProvider,
) -> None:
    light = provider.mint(aud=None, sub=None, header={"typ": "JWT"})
    verifier = AccessTokenVerifier(
        provider.issuer, "api", opaque_tokens=opaque(provider), introspect_jwts=True
    )
    provider.intercept = introspecting(active=True, sub="alice", aud="api")
    assert (verifier.verify(bearer(light))).subject == "alice"
    provider.intercept = introspecting(active=False)
    with answered(401, "inactive_token"):
        verifier.verify(bearer(provider.mint()))
    plain = AccessTokenVerifier(provider.issuer, "api", opaque_tokens=opaque(provider))
    with answered(401, "missing_claim"):
        plain.verify(bearer(light))


@pytest.mark.parametrize("token", ["a.b.c.d.e", "x.y.z", "a.b", "Zm9v.Zm9v.Zm9v", "plain|token"])
def test_tokens_that_only_look_like_a_jwt_are_introspected(
    provider: EmbeddedProvider, token: str
) -> None:
    provider.intercept = introspecting(active=True, sub="alice", aud="api")
    verifier = AccessTokenVerifier(provider.issuer, "api", opaque_tokens=opaque(provider))
    assert (verifier.verify(bearer(token))).subject == "alice"
    with answered(401, "malformed_token"):
        AccessTokenVerifier(provider.issuer, "api").verify(bearer(token))


@pytest.mark.parametrize("token", ["a\nb", "é", "\ud800", "a b", "a\x00b", "x" * 70_000])
def test_a_string_unlike_any_token_is_not_introspected(
    provider: EmbeddedProvider, token: str
) -> None:
    verifier = AccessTokenVerifier(provider.issuer, "api", opaque_tokens=opaque(provider))
    code = "token_too_large" if len(token) > 1000 else "malformed_token"
    with answered(401, code):
        verifier.verify(bearer(token))
    assert provider.requests == []


def test_changes_of_a_callers_claims_affect_no_other(
    provider: EmbeddedProvider,
) -> None:
    provider.intercept = introspecting(active=True, roles=["user"], deep={"roles": ["user"]})
    tokens = opaque(provider)

    def spoil() -> dict[str, Any]:
        claims = tokens.claims("opaque")
        found = {**claims, "roles": list(claims["roles"]), "deep": str(claims["deep"])}
        claims["roles"].append("admin")
        claims["deep"]["roles"].append("admin")
        return found

    for _ in range(2):
        for found in gather([spoil] * 5):
            assert found["roles"] == ["user"]
            assert "admin" not in found["deep"]
    assert provider.count("/introspect") == 1


@pytest.mark.parametrize("answer", [Answer.of_json({"active": False}), Answer(401), Answer(400)])
def test_a_refused_token_is_asked_about_once_per_second(
    provider: EmbeddedProvider, answer: Answer
) -> None:
    provider.intercept = lambda received: answer
    tokens = opaque(provider)
    now = tokens.clock()
    tokens.clock = lambda: now
    for _ in range(20):
        with pytest.raises(TokenValidationException) as caught:
            tokens.claims("junk")
    assert provider.count("/introspect") == 1
    assert caught.value.code in {"inactive_token", "introspection_failed"}
    tokens.clock = lambda: now + 1
    with pytest.raises(TokenValidationException):
        tokens.claims("junk")
    assert provider.count("/introspect") == 2
    provider.intercept = introspecting(active=True)
    assert tokens.claims("good")
    tokens.clock = lambda: now + 2
    assert tokens.claims("junk")


def test_refused_tokens_do_not_take_the_place_of_active_ones(
    provider: EmbeddedProvider,
) -> None:
    provider.intercept = introspecting(active=True)
    tokens = opaque(provider, max_entries=3)
    tokens.clock = lambda: 0.0
    tokens.claims("good")
    provider.intercept = introspecting(active=False)
    for number in range(10):
        with refused(TokenValidationException, "inactive_token"):
            tokens.claims(f"junk-{number}")
    assert tokens.claims("good")
    assert provider.count("/introspect") == 11
    for name, times in (("junk-9", 11), ("junk-7", 11), ("junk-6", 12)):  # three are remembered
        with refused(TokenValidationException, "inactive_token"):
            tokens.claims(name)
        assert provider.count("/introspect") == times


def test_claims_copied_to_another_tokens_name_are_not_believed(
    provider: EmbeddedProvider,
) -> None:
    store = NotingStore()
    provider.intercept = introspecting(active=True, sub="admin")
    tokens = opaque(provider, store=store)
    tokens.claims("the-admins")
    tokens.claims("mine")
    admins, mine = store.names
    stored = store.get(admins)
    assert stored is not None
    store.set(mine, stored, 60)
    provider.intercept = introspecting(active=False)
    other = opaque(provider, store=store)
    assert (other.claims("the-admins"))["sub"] == "admin"
    with refused(TokenValidationException, "inactive_token"):
        other.claims("mine")


def test_an_exception_of_a_claims_validator_is_typed(provider: EmbeddedProvider) -> None:
    def fail(claims: dict[str, Any]) -> None:
        raise KeyError("tenant")

    def forbid(claims: dict[str, Any]) -> None:
        raise ClaimsValidationError("suspended", claim="tid", forbidden=True)

    provider.intercept = introspecting(active=True, aud="api")
    for validator, status, code in (
        (fail, 401, "claims_validator_failed"),
        (forbid, 403, "claims_rejected"),
    ):
        verifier = AccessTokenVerifier(
            provider.issuer, "api", opaque_tokens=opaque(provider), claims_validator=validator
        )
        for token in ("opaque", provider.mint()):
            with answered(status, code):
                verifier.verify(bearer(token))


def test_every_check_is_repeated_for_a_remembered_answer(
    provider: EmbeddedProvider,
) -> None:
    calls: list[str] = []
    provider.intercept = introspecting(active=True, sub="alice", aud="api")
    verifier = AccessTokenVerifier(
        provider.issuer,
        "api",
        opaque_tokens=opaque(provider),
        claims_validator=lambda claims: calls.append(claims["sub"]),
    )
    for _ in range(3):
        verifier.verify(bearer("opaque"))
    assert calls == ["alice"] * 3
    assert provider.count("/introspect") == 1


@pytest.mark.parametrize("status", [503, 429, 401])
def test_a_provider_that_cannot_say_gets_503(provider: EmbeddedProvider, status: int) -> None:
    provider.intercept = lambda received: Answer(status)
    verifier = AccessTokenVerifier(provider.issuer, "api", opaque_tokens=opaque(provider))
    code = "introspection_failed" if status == 401 else "introspection_unavailable"
    with answered(503, code) as caught:
        verifier.verify(bearer("opaque"))
    # Where this API's own credentials are refused, repeating the request would not help.
    assert caught.value.headers == ({} if status == 401 else {"Retry-After": "5"})


def test_the_memory_of_opaque_tokens_is_bounded(provider: EmbeddedProvider) -> None:
    provider.intercept = introspecting(active=True)
    tokens = opaque(provider, max_entries=3)
    for number in range(10):
        tokens.claims(f"token-{number}")
    assert len(tokens) == 3
    nothing = opaque(provider, cache_ttl=0)
    nothing.claims("token")
    assert len(nothing) == 0
    soon = opaque(provider)
    provider.intercept = introspecting(active=True, exp=time.time() + 5)
    soon.claims("token")
    now = soon.clock()
    soon.clock = lambda: now + 6
    before = provider.count("/introspect")
    soon.claims("token")
    assert provider.count("/introspect") == before + 1
    for wrong in ({"cache_ttl": -1}, {"max_entries": 0}):
        with pytest.raises(InvalidArgumentError):
            opaque(provider, **wrong)


def test_processes_share_introspection_results(
    provider: EmbeddedProvider,
) -> None:
    store = MemoryTokenStore()
    provider.intercept = introspecting(active=True, sub="alice", iss=provider.issuer)
    for _ in range(3):
        tokens = opaque(provider, store=store)
        for _ in range(2):
            assert (tokens.claims("an-opaque-token"))["sub"] == "alice"
    assert provider.count("/introspect") == 1
    other = TokenIntrospector(
        f"{provider.issuer}/introspect", "somebody-else", ClientSecretBasic("s"), store=store
    )
    other.claims("an-opaque-token")
    opaque(provider, store=store, cache_ttl=0).claims("an-opaque-token")
    assert provider.count("/introspect") == 3


def test_callers_of_signed_responses_use_no_unsigned_ones(
    provider: EmbeddedProvider,
) -> None:
    store = MemoryTokenStore()
    provider.intercept = introspecting(active=True, sub="alice", iss=provider.issuer)
    opaque(provider, store=store).claims("an-opaque-token")
    strict = opaque(
        provider,
        store=store,
        token_validation_config=TokenValidationConfig(True, audience=provider.client_id),
        disco_doc_address=provider.issuer,
    )
    with refused(KeysUnavailableException, "introspection_failed") as caught:
        strict.claims("an-opaque-token")
    assert "not signed" in str(caught.value)


def test_a_shared_introspection_result_is_used_no_longer_than_the_own_ttl(
    provider: EmbeddedProvider,
) -> None:
    store = NotingStore()
    provider.intercept = introspecting(active=True, sub="alice", exp=int(time.time()) + 900)
    opaque(provider, store=store, cache_ttl=600).claims("an-opaque-token")
    impatient = opaque(provider, store=store, cache_ttl=10)
    now = [0.0]
    impatient.clock = lambda: now[0]
    impatient.claims("an-opaque-token")
    provider.intercept = introspecting(active=False)
    now[0] += 9
    impatient.claims("an-opaque-token")
    store.delete(store.names[0])
    now[0] += 2
    with refused(TokenValidationException, "inactive_token"):
        impatient.claims("an-opaque-token")


@pytest.mark.parametrize(
    "kept",
    [
        "no JSON",
        "[]",
        "{}",
        {},
        {"until": 1, "claims": '{"active": true}'},
        {"until": 99999999999, "claims": '{"active": false}'},
        {"until": 99999999999, "claims": '["active"]'},
        {"until": 99999999999, "claims": "no JSON"},
        {"until": 99999999999, "claims": {"active": True}},
        {"until": "tomorrow", "claims": '{"active": true}'},
    ],
)
def test_a_stored_introspection_result_is_checked(
    kept: str | dict[str, Any], provider: EmbeddedProvider
) -> None:
    store = NotingStore()
    provider.intercept = introspecting(active=True, sub="alice")
    opaque(provider, store=store).claims("t")
    (name,) = store.names
    text = kept if isinstance(kept, str) else pack_value("introspection", name, kept)
    store.set(name, text, None)
    assert (opaque(provider, store=store).claims("t"))["sub"] == "alice"
    assert provider.count("/introspect") == 2


def test_opaque_tokens_are_introspected_while_the_store_is_down(
    provider: EmbeddedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(MemoryTokenStore):
        def get(self, key: str) -> str | None:
            raise ConnectionError("out")

        def set(self, key: str, value: str, expires_in: float | None) -> None:
            raise ConnectionError("out")

    provider.intercept = introspecting(active=True, sub="alice")
    tokens = opaque(provider, store=Broken())
    with caplog.at_level(logging.WARNING, "py_identity_model"):
        assert (tokens.claims("an-opaque-token"))["sub"] == "alice"
    assert "cannot be read: ConnectionError" in caplog.text
    assert "an-opaque-token" not in caplog.text


def test_a_token_that_names_no_issuer_needs_an_audience_of_the_verifiers_own(
    provider: EmbeddedProvider,
) -> None:
    def resolve(issuer: str) -> TrustedIssuer:
        return TrustedIssuer(issuer, audience="api")

    verifier = AccessTokenVerifier(resolve, opaque_tokens=opaque(provider))
    provider.intercept = introspecting(active=True, aud="api", iss=provider.issuer)
    assert verifier.verify(bearer("one"))
    provider.intercept = introspecting(active=True, aud="api")
    with answered(401, "untrusted_issuer"):
        verifier.verify(bearer("two"))


def test_a_resolver_must_say_for_whom_tokens_are(provider: EmbeddedProvider) -> None:
    verifier = AccessTokenVerifier(TrustedIssuer)
    with pytest.raises(InvalidArgumentError, match="audience"):
        verifier.verify(bearer(provider.mint()))
