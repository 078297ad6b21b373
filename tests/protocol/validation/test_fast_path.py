"""The fast path and the long way agree, verdict and code, over every spelling of a token."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry

from py_identity_model import (
    CacheEvent,
    CacheEventKind,
    TokenCache,
    TokenValidationConfig,
    get_cache_counters,
    jwks_from_dict,
)
from py_identity_model._jose.algorithms import ML_DSA, is_usable
from py_identity_model._jose.encoding import encode_base64url
from py_identity_model._jose.keys import KeySnapshot, jws_algorithm
from py_identity_model._jose.ml_dsa import MLDSAKey
from py_identity_model._jose.tokens import read_claims, read_header, split_token, verify
from py_identity_model._validation.cache_entry import Entry
from py_identity_model._validation.config import allowed_algorithms, check_algorithm, rules_for
from py_identity_model._validation.events import events
from py_identity_model._validation.prepared_validator import PreparedValidator
from py_identity_model.exceptions import PyIdentityModelException
from tests.support import needs_ml_dsa

ISSUER = "https://op.example"
KEY = OKPKey.generate_key("Ed25519")
OTHER = OKPKey.generate_key("Ed25519")
ML_DSA_KEYS = {alg: MLDSAKey.generate_key(alg) for alg in ML_DSA if is_usable(alg)}
CONFIG = TokenValidationConfig(perform_disco=True, audience="api", algorithms=["EdDSA"])
HEADER: list[tuple[str, str]] = [("alg", '"EdDSA"'), ("kid", '"k"')]
CLAIMS: list[tuple[str, str]] = [
    ("iss", f'"{ISSUER}"'),
    ("aud", '"api"'),
    ("exp", "4102444800"),
]
AGAIN = {"iss": ISSUER, "aud": "api", "exp": 4102444800}
Verdict = tuple[str, Any]


class Room:
    """One configuration on one key set, both ways; the long way teaches the fast one headers."""

    def __init__(
        self, config: TokenValidationConfig = CONFIG, *, cooling: bool = True, key: Any = KEY
    ) -> None:
        public = key.as_dict(private=False)
        self.config = config
        self.snapshot = KeySnapshot([jwks_from_dict({**public, "kid": "k"})])
        self.rules = rules_for(config, ISSUER)
        document, keys = Entry[Any](), Entry[KeySnapshot]()
        document.accept(SimpleNamespace(issuer=ISSUER, jwks_uri=f"{ISSUER}/jwks"), 0.0, 60.0)
        keys.accept(self.snapshot, 0.0, 60.0)
        keys.cooldown_until = 50.0 if cooling else 0.0
        self.document, self.keys = document, keys
        self.validator = PreparedValidator(config, ISSUER, self.rules, document, keys)

    def long_way(self, token: str, now: float) -> Verdict:
        try:
            segments = split_token(
                token, self.config.max_token_size, self.config.allow_padded_base64url
            )
            header = read_header(segments.header)
            check_algorithm(header.alg, allowed_algorithms(self.config))
            claims = read_claims(verify(segments, header, self.snapshot))
            self.rules.check(claims, now)
        except PyIdentityModelException as error:
            return "refused", error.code
        return "accepted", claims

    def fast(self, token: str, now: float) -> Verdict | None:
        """Return the fast path's verdict; None where it leaves the token to the long way."""
        try:
            claims = self.validator.validate(token, 1.0, now)
        except PyIdentityModelException as error:
            return "refused", error.code
        return None if claims is None else ("accepted", claims)

    def agreed(self, token: str, now: float | None = None) -> Verdict:
        """Return the verdict of both; before and after the long way has seen the token."""
        now = time.time() if now is None else now
        before = self.fast(token, now)
        verdict = self.long_way(token, now)
        after = self.fast(token, now)
        assert before in (None, verdict)
        assert after in (None, verdict)
        return verdict


ROOM = Room()


def signed(header: bytes, payload: bytes, key: Any = KEY) -> str:
    message = header + b"." + payload
    signature = JWSRegistry.algorithms["EdDSA"].sign(message, key)
    return b".".join((message, encode_base64url(signature))).decode("latin-1")


def plain(members: list[tuple[str, str]], gap: str = "") -> bytes:
    inner = f",{gap}".join(f'"{name}":{gap}{value}' for name, value in members)
    return encode_base64url(("{" + inner + "}").encode())


def other_spelling(text: bytes, how: str) -> bytes:
    """Return ``text`` in base64url that other decoders take for the same."""
    spare = {2: 16, 3: 4}.get(len(text) % 4)
    match how:
        case "padded":
            return text + b"=" * (-len(text) % 4)
        case "too much padding":
            return text + b"===="
        case "standard alphabet":
            return text.translate(bytes.maketrans(b"-_", b"+/"))
        case "new line":
            return text[:4] + b"\n" + text[4:]
        case "four new lines":
            return text[:4] + b"\n\n\n\n" + text[4:]
        case "space":
            return text + b" "
        case "spare bits" if spare:
            letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
            return text[:-1] + letters[letters.index(text[-1]) + spare // spare :][:1]
        case "cut":
            return text[:-1]
        case "longer":
            return text + b"A"
        case "other case":
            return text.swapcase()
    return text


SPELLINGS = (
    *("as it is", "padded", "too much padding", "standard alphabet", "new line", "space"),
    *("four new lines", "spare bits", "cut", "longer", "other case"),
)
spellings = st.sampled_from(SPELLINGS)
spaces = st.sampled_from(["", "", "", " ", "\n\t", "\r"])
numbers = st.sampled_from(
    [
        *("4102444800", "4102444800.0", "4.1024448e9", "41024448E2", "4102444800.5"),
        *("0", "-0", "1", "1e3", "-1", "1e400", "NaN", "Infinity", "04102444800", "+1", "0x10"),
        *('"4102444800"', "true", "null", "[]", "4611686018427387904", "9" * 400),
    ]
)
texts = st.sampled_from(
    [
        *('"api"', f'"{ISSUER}"', '"\\u0061pi"', '"API"', '""', '"k"', '"EdDSA"', '"eddsa"'),
        *('["api"]', '["x","api"]', "[]", '["api",1]', "null", "5", "{}", '"\\ud800"', "'api'"),
        *('"Ed25519"', '"none"', '"RS256"', '"ES256"', '"other"', '"api\n"'),
    ]
)
names = st.sampled_from(
    [
        *("iss", "aud", "exp", "nbf", "iat", "sub", "jti", "\\u0065xp", "EXP", "x"),
        *("alg", "kid", "typ", "crit", "b64", "jwk", "\\u0061lg"),
    ]
)


@st.composite
def objects(draw: st.DrawFn, sound: list[tuple[str, str]]) -> bytes:
    """A JSON object: the sound one, with members replaced, repeated, added, moved, respaced."""
    members = list(sound)
    for name, value in draw(st.lists(st.tuples(names, numbers | texts), max_size=2)):
        place = draw(st.integers(0, len(members)))
        members.insert(place, (name, value))
    if draw(st.booleans()):
        members = draw(st.permutations(members))
    if members and draw(st.integers(0, 5)) == 0:
        members.pop()
    gap = draw(spaces)
    inner = f"{gap},{gap}".join(f'"{name}"{gap}:{gap}{value}' for name, value in members)
    around = draw(st.sampled_from(["{}", "{}", "{}", " {} ", "[{}]", "{} x", "\ufeff{}"]))
    return around.replace("{}", "{" + gap + inner + gap + "}").encode()


@given(objects(HEADER), objects(CLAIMS), spellings, spellings, spellings, st.booleans())
@settings(max_examples=400, deadline=None)
def test_both_agree_over_every_spelling(
    header: bytes, payload: bytes, of_header: str, of_payload: str, of_signature: str, own: bool
) -> None:
    token = signed(
        other_spelling(encode_base64url(header), of_header),
        other_spelling(encode_base64url(payload), of_payload),
        KEY if own else OTHER,
    )
    message, _, signature = token.rpartition(".")
    spelled = other_spelling(signature.encode(), of_signature).decode("latin-1")
    verdict = ROOM.agreed(f"{message}.{spelled}")
    assert own or verdict[0] == "refused"


@needs_ml_dsa
@given(st.sampled_from(ML_DSA), st.sampled_from(ML_DSA), objects(CLAIMS), spellings, st.booleans())
@settings(max_examples=100, deadline=None)
def test_both_agree_over_post_quantum_signatures(
    alg: str, named: str, payload: bytes, of_signature: str, own: bool
) -> None:
    key = ML_DSA_KEYS[alg]
    room = Room(replace(CONFIG, algorithms=list(ML_DSA)), key=key)
    header = plain([("alg", f'"{named}"'), ("kid", '"k"')])
    message = b".".join((header, encode_base64url(payload)))
    signer = key if own else MLDSAKey.generate_key(alg)
    signature = encode_base64url(jws_algorithm(alg).sign(message, signer))
    jwt = b".".join((message, other_spelling(signature, of_signature))).decode("latin-1")
    verdict = room.agreed(jwt)
    assert (own and alg == named) or verdict[0] == "refused"
    assert room.agreed(minted(alg, key))[0] == "accepted"
    assert room.agreed(jwt) == verdict  # the header may be known now


def minted(alg: str, key: MLDSAKey) -> str:
    message = b".".join((plain([("alg", f'"{alg}"'), ("kid", '"k"')]), plain(CLAIMS)))
    return b".".join((message, encode_base64url(jws_algorithm(alg).sign(message, key)))).decode()


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_both_agree_over_signed_claims(data: st.DataObject) -> None:
    payload = data.draw(objects(CLAIMS))
    verdict = ROOM.agreed(signed(plain(HEADER), encode_base64url(payload)))
    if verdict[0] == "accepted":
        assert ROOM.fast(signed(plain(HEADER), encode_base64url(payload)), time.time()) == verdict


@given(st.text(alphabet="aA1-_+/=. \né", max_size=12) | st.binary(max_size=8) | st.none())
def test_both_agree_over_text_that_is_not_a_token(text: Any) -> None:
    assert ROOM.agreed(text)[0] == "refused"


SOUND = signed(plain(HEADER), plain(CLAIMS))


@given(st.integers(0, len(SOUND)), st.integers(0, 3), st.text(alphabet="AB._-=", max_size=3))
def test_both_agree_over_every_edit(place: int, removed: int, added: str) -> None:
    edited = SOUND[:place] + added + SOUND[place + removed :]
    assert edited == SOUND or ROOM.agreed(edited)[0] == "refused"


@pytest.mark.parametrize("how", SPELLINGS)
@pytest.mark.parametrize("segment", [0, 1, 2])
@pytest.mark.parametrize("length", [0, 1, 2])
def test_a_second_spelling_is_refused_both_ways_though_it_is_signed(
    how: str, segment: int, length: int
) -> None:
    """The issuer itself signed the odd spelling: a right signature must not hide it."""
    filler = ("x", '"' + "y" * length + '"')
    parts = [plain([*HEADER, filler]), plain([*CLAIMS, filler])]
    if segment < 2:
        parts[segment] = other_spelling(parts[segment], how)
    token = signed(*parts)
    if segment == 2:
        token = f"{token.rpartition('.')[0]}." + (
            other_spelling(token.rpartition(".")[2].encode(), how).decode()
        )
    room = Room()
    assert room.agreed(signed(plain([*HEADER, filler]), plain(CLAIMS)))[0] == "accepted"
    unchanged = token == signed(plain([*HEADER, filler]), plain([*CLAIMS, filler]))
    assert room.agreed(token)[0] == ("accepted" if unchanged else "refused")


def test_a_known_header_needs_two_more_segments() -> None:
    room = Room()
    head, payload, signature = SOUND.split(".")
    assert room.agreed(SOUND)[0] == "accepted"
    for token in (
        *(head, f"{head}.", f"{head}.{payload}", f"{SOUND}.", f"{SOUND}.{signature}"),
        *(f".{SOUND}", f"{head}.{payload}..{signature}", f".{payload}.{signature}"),
    ):
        assert room.agreed(token) == ("refused", "malformed_token")
    assert room.agreed(f"{head}..{signature}") == ("refused", "invalid_signature")
    assert room.agreed(f"{head}.{payload}.") == ("refused", "invalid_signature")


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_both_agree_at_the_size_limit(offset: int) -> None:
    room = Room(replace(CONFIG, max_token_size=len(SOUND) + offset))
    for _ in range(2):
        verdict = room.agreed(SOUND)
        assert verdict[0] == ("refused" if offset < 0 else "accepted")


@pytest.mark.parametrize("leeway", [None, 0.0, 5.0])
@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("offset", [-6.0, -5.0, -4.0, -1.0, 0.0, 1.0, 4.0, 5.0, 6.0, 60.0, 61.0])
@pytest.mark.parametrize("kind", [int, float])
def test_both_agree_at_every_moment(
    leeway: float | None, claim: str, offset: float, kind: Any
) -> None:
    room = Room(replace(CONFIG, leeway=leeway))
    claims = {"iss": ISSUER, "aud": "api", "exp": 2000, claim: kind(1000 + offset)}
    token = signed(plain(HEADER), encode_base64url(json.dumps(claims).encode()))
    room.agreed(signed(plain(HEADER), plain(CLAIMS)), 1000.0)
    allowed = leeway if leeway is not None else 60.0 if claim == "iat" else 0.0
    late = offset <= -allowed if claim == "exp" else offset > allowed
    verdict = room.agreed(token, 1000.0)
    assert verdict[0] == ("refused" if late else "accepted")
    assert room.fast(token, 1000.0) == verdict


def test_a_header_that_another_configuration_learnt_opens_nothing_here() -> None:
    room = Room()
    room.agreed(SOUND)
    strict = Room(replace(CONFIG, algorithms=["ES256"]))
    strict.snapshot.memo.update(room.snapshot.memo)
    assert strict.agreed(SOUND) == ("refused", "algorithm_not_allowed")


def test_a_padded_header_is_left_to_the_long_way_only_where_padding_is_allowed() -> None:
    allowing, refusing = Room(replace(CONFIG, allow_padded_base64url=True)), Room()
    header = plain([*HEADER, ("x", '"yy"')])
    token = signed(header + b"=" * (-len(header) % 4), plain(CLAIMS))
    assert "=" in token
    for _ in range(2):
        assert allowing.agreed(token)[0] == "accepted"
        assert allowing.fast(token, time.time()) is None
        assert refusing.agreed(token) == ("refused", "malformed_token")


@pytest.mark.parametrize("letter", "-_")
def test_both_letters_of_the_url_alphabet_are_read_and_their_standard_ones_refused(
    letter: str,
) -> None:
    room = Room()
    third, other = {"-": (">", "+"), "_": ("?", "/")}[letter]
    members = [("aud", '"api"'), ("iss", f'"{ISSUER}"')]
    spelled = (
        plain([*members, ("x", f'"{fill}{third}"'), ("exp", str(exp))], gap)
        for exp in range(4111111111, 4111111511)
        for fill in ("", "a", "aa")
        for gap in ("", " ", "  ")
    )
    # A zero lies beside the slash: a look for the wrong letter would still find it.
    payload = next(text for text in spelled if letter.encode() in text and b"0" not in text)
    assert ({"-", "_"} - {letter}).isdisjoint(payload.decode())
    room.agreed(SOUND)
    token = signed(plain(HEADER), payload)
    assert room.fast(token, time.time()) == room.agreed(token)
    standard = signed(plain(HEADER), payload.replace(letter.encode(), other.encode()))
    assert room.agreed(standard) == ("refused", "malformed_token")


def test_a_document_or_keys_to_be_refreshed_are_left_to_the_long_way() -> None:
    for which in ("document", "keys"):
        room = Room()
        entry = getattr(room, which)
        room.agreed(SOUND)
        entry.refresh_at = 1.0
        assert room.fast(SOUND, time.time()) is None
        entry.refresh_at = 1.5
        assert room.fast(SOUND, time.time()) is not None
    room = Room()
    room.agreed(SOUND)
    room.document.value = SimpleNamespace(issuer="https://other.example", jwks_uri="x")
    assert room.fast(SOUND, time.time()) is None
    room = Room()
    room.keys.invalidate()
    room.keys.refresh_at = 60.0
    assert room.fast(SOUND, time.time()) is None


def test_keys_that_are_being_fetched_may_verify_what_these_do_not() -> None:
    room = Room()
    room.agreed(SOUND)
    forged = SOUND[:-8] + "AAAAAAAA"
    assert room.fast(forged, time.time()) == ("refused", "invalid_signature")
    room.keys.fetching = True
    assert room.fast(forged, time.time()) is None
    room.keys.fetching, room.keys.cooldown_until = False, 1.0
    assert room.fast(forged, time.time()) is None


def test_a_use_is_counted_and_noted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    remembering, told = replace(CONFIG, token_cache=TokenCache()), list[CacheEvent]()
    counters = get_cache_counters()
    for room in (Room(), Room(), Room(remembering), Room(remembering)):
        room.long_way(SOUND, time.time())
        room.document.last_used = room.keys.last_used = 0.0
        before = counters.snapshot()
        assert room.fast(SOUND, time.time()) is not None
        after = counters.snapshot()
        assert after["disco_hits"] - before["disco_hits"] == 1
        assert after["jwks_hits"] - before["jwks_hits"] == 1
        assert (room.document.last_used, room.keys.last_used) == (1.0, 1.0)
    monkeypatch.setattr(events, "hook", told.append)
    for config in (CONFIG, remembering):
        told.clear()
        other = Room(config)
        other.long_way(SOUND, time.time())
        for _ in range(2):
            other.fast(SOUND, time.time())
        hit = CacheEventKind.HIT
        one = [CacheEvent(hit, "document", ISSUER), CacheEvent(hit, "keys", f"{ISSUER}/jwks")]
        assert told == one * 2
    told.clear()
    unknown = signed(plain([("alg", '"EdDSA"'), ("kid", '"new"')]), plain(CLAIMS))
    assert room.fast(unknown, time.time()) == ("refused", "no_matching_key")
    assert told == [CacheEvent(CacheEventKind.REFUSED_KID, "keys", f"{ISSUER}/jwks")]


def test_a_remembered_token_is_read_again_for_each_caller() -> None:
    room = Room(replace(CONFIG, token_cache=TokenCache()))
    room.agreed(SOUND)
    first, second = room.fast(SOUND, time.time()), room.fast(SOUND, time.time())
    assert first == second
    assert first is not None
    assert second is not None
    assert first[1] is not second[1]
    spaced = signed(plain(HEADER), encode_base64url(b" " + json.dumps(AGAIN).encode()))
    verdicts = [room.agreed(spaced) for _ in range(3)]
    assert verdicts == [("accepted", AGAIN)] * 3
    room.snapshot.memo.clear()  # only what is remembered of the token can accept it now
    assert room.fast(spaced, time.time()) == ("accepted", AGAIN)


def test_weak_keys_have_a_memory_of_their_own() -> None:
    weak = Room(replace(CONFIG, allow_weak_keys=True))
    weak.agreed(SOUND)
    assert weak.fast(SOUND, time.time()) is None  # the long way here verified as for strong ones
    segments = split_token(SOUND)
    verify(segments, read_header(segments.header), weak.snapshot, allow_weak_keys=True)
    assert weak.fast(SOUND, time.time()) is not None


def test_tokens_that_newer_keys_may_verify_take_the_long_way_until_the_cooldown() -> None:
    forged = SOUND[:-8] + "AAAAAAAA"
    unknown = signed(plain([("alg", '"EdDSA"'), ("kid", '"new"')]), plain(CLAIMS))
    for cooling in (False, True):
        room = Room(cooling=cooling)
        room.agreed(SOUND)
        for token, code in ((forged, "invalid_signature"), (unknown, "no_matching_key")):
            assert room.fast(token, time.time()) == (("refused", code) if cooling else None)
