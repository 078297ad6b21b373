"""One set of claims, in a signed token and in an introspection answer: one verdict."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from py_identity_model import (
    AccessTokenRefusedException,
    AccessTokenVerifier,
    ClientSecretBasic,
    TokenIntrospector,
    TrustedIssuer,
    VerifiedAccessToken,
)
from py_identity_model._jose.sign import sign_compact
from py_identity_model.aio import AsyncAccessTokenVerifier, AsyncTokenIntrospector
from py_identity_model.testing import Answer, EmbeddedProvider, Received

KEY = ECKey.generate_key("P-256")
JWKS = Answer.of_json({"keys": [{**KEY.as_dict(private=False), "kid": "1"}]})
ISSUER = "the provider's"  # stands for its address, which is known later
TIMES = (-(10**6), -3600, -90, -30, 0, 30, 90, 3600, 10**6)

anything = st.sampled_from([None, True, 0, 7, 1e300, -1, "", "api", [], ["api"], {}, {"api": 1}])
times = st.sampled_from(TIMES).map(lambda seconds: int(time.time()) + seconds) | anything
names = st.sampled_from(
    ["api", ["api"], ["other", "api"], "other", ["api", 5], [""], "api ", "API"]
)
scopes = st.sampled_from(
    ["read", "read write", "readx", ["read"], ["read write"], "write", " read"]
)
kinds = st.sampled_from(
    ["Bearer", "ID", "Refresh", "Offline", "Logout", "access", "access_token", "id", "refresh"]
) | st.sampled_from(["id_token", "refresh_token", "serialized-id", "at+jwt", "DPoP"])
types = st.sampled_from(
    ["Bearer", "DPoP", "id_token", "refresh_token", "urn:ietf:params:oauth:token-type:id_token"]
) | st.sampled_from(["urn:ietf:params:oauth:token-type:refresh_token"])
bound: st.SearchStrategy[Any] = st.sampled_from(
    [None, {}, [], "x", {"jkt": "k"}, {"x5t#S256": "k"}, {"jwk": {}}, 7]
)
present = anything.filter(lambda value: value is not None)
CLAIMS = st.fixed_dictionaries(
    {},
    optional={
        # Only introspection may leave these out (RFC 7662 §2.2).
        "iss": st.sampled_from([ISSUER, f"{ISSUER}/", "https://else.example"]) | present,
        "exp": times.filter(lambda value: value is not None),
        "aud": names | anything,
        "nbf": times,
        "iat": times,
        "sub": anything,
        "jti": anything,
        "client_id": st.sampled_from(["web", "other"]) | anything,
        "azp": st.sampled_from(["web", "other"]),
        "scope": scopes | anything,
        "scp": scopes,
        "roles": anything,
        "acr": st.sampled_from(["gold", "old", ["gold"], None]),
        "auth_time": times,
        "typ": kinds | anything,
        "token_use": kinds | anything,
        "token_type": types,
        "nonce": anything,
        "at_hash": anything,
        "c_hash": anything,
        "events": anything,
        "htu": anything,
        "cnf": bound,
        "tid": anything,
    },
)
RULES: list[dict[str, Any]] = [
    {"audience": "api"},
    {"audience": ["api", "other"], "profile": "lenient", "leeway": 0},
    {"client_ids": ["web"]},
    {"audience": "api", "client_ids": ["web"], "required_claims": ["jti", "roles"]},
    {"audience": "api", "accept_id_tokens_as_access_tokens": True, "required_scopes": ["read"]},
]
NEEDS: list[dict[str, Any]] = [{}, {"scopes": ["read"]}, {"acr_values": ["gold"], "max_age": 60}]

Verdict = tuple[Any, ...]


def judge(verify: Callable[[], VerifiedAccessToken]) -> Verdict:
    try:
        token = verify()
    except AccessTokenRefusedException as error:
        return "refused", error.status_code
    claims = {name: value for name, value in token.claims.items() if name != "active"}
    return "accepted", claims, token.subject, token.scopes, token.client_id


class Pair:
    """A verifier of each API, for an issuer whose introspection says what its tokens say."""

    def __init__(self, provider: EmbeddedProvider, rules: dict[str, Any], issuers: Any) -> None:
        self.provider = provider
        self.said: dict[str, Any] = {}
        self._number = itertools.count()
        self._runner = asyncio.Runner()
        provider.intercept = self._answer
        asking = (f"{provider.issuer}/introspect", "api", ClientSecretBasic("s"))
        given = {"algorithms": ["ES256"], "cold_timeout": 30.0, **rules}
        self._blocking = AccessTokenVerifier(
            issuers, opaque_tokens=TokenIntrospector(*asking, cache_ttl=0), **given
        )
        self._awaited = AsyncAccessTokenVerifier(
            issuers, opaque_tokens=AsyncTokenIntrospector(*asking, cache_ttl=0), **given
        )

    def _answer(self, received: Received) -> Answer | None:
        if received.path == "/jwks":
            return JWKS
        return Answer.of_json(self.said) if received.path == "/introspect" else None

    def verdicts(self, claims: dict[str, Any], needs: dict[str, Any]) -> list[Verdict]:
        self.said = {**claims, "active": True}
        header = {"alg": "ES256", "kid": "1", "typ": "at+jwt"}
        signed = sign_compact(header, claims, KEY, "ES256")
        found = []
        for token in (signed, f"opaque{next(self._number)}"):
            bearer = f"Bearer {token}"
            found.append(judge(partial(self._blocking.verify, bearer, **needs)))
            found.append(judge(partial(self._await, bearer, needs)))
        return found

    def _await(self, bearer: str, needs: dict[str, Any]) -> VerifiedAccessToken:
        return self._runner.run(self._awaited.verify(bearer, **needs))

    def close(self) -> None:
        self._runner.close()


@pytest.fixture(scope="module", params=range(len(RULES) + 1))
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """Verifiers with each set of rules, and at last of a resolver's issuers."""
    with EmbeddedProvider() as provider:
        issuers: Any = provider.issuer
        if request.param == len(RULES):
            issuers = lambda name: TrustedIssuer(name) if name == provider.issuer else None  # noqa: E731
        made = Pair(provider, RULES[request.param % len(RULES)], issuers)
        yield made
        made.close()


@settings(max_examples=150)
@given(claims=CLAIMS, needs=st.sampled_from(NEEDS))
def test_a_token_gets_the_same_verdict_as_a_jwt_and_by_introspection(
    pair: Pair, claims: dict[str, Any], needs: dict[str, Any]
) -> None:
    issuer = pair.provider.issuer
    sound = {"iss": ISSUER, "aud": "api", "sub": "alice", "exp": time.time() + 600, "jti": "1"}
    sound |= {"client_id": "web", "scope": "read", "roles": ["user"]}
    said = {**sound, **claims}
    if isinstance(said["iss"], str):
        said["iss"] = said["iss"].replace(ISSUER, issuer)
    first, *others = pair.verdicts(said, needs)
    assert others == [first] * 3
