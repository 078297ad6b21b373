"""The fast path and the long way agree, verdict and code, over every spelling of a token."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from py_identity_model._jose.algorithms import ML_DSA, is_usable
from py_identity_model._jose.encoding import encode_base64url
from py_identity_model._jose.keys import jws_algorithm
from py_identity_model._jose.ml_dsa import MLDSAKey
from tests.protocol.validation.both_ways import (
    CLAIMS,
    CONFIG,
    HEADER,
    ISSUER,
    KEY,
    OTHER,
    SOUND,
    Room,
    plain,
    signed,
)
from tests.support import needs_ml_dsa

ML_DSA_KEYS = {alg: MLDSAKey.generate_key(alg) for alg in ML_DSA if is_usable(alg)}

ROOM = Room()


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


@pytest.mark.parametrize(
    "twice",
    [
        [("aud", '"else"'), *CLAIMS],
        [*CLAIMS, ("aud", '"api"')],
        [*CLAIMS, ("cnf", '{"jkt":"a","jkt":"b"}')],
        [*CLAIMS, ("roles", '[{"a":1,"\\u0061":2}]')],
    ],
)
@pytest.mark.parametrize("options", [None, {"unique_claims": False}, {"unique_claims": True}])
@pytest.mark.parametrize("gap", ["", " "])
def test_a_claim_that_is_there_twice_is_refused_where_claims_must_be_unique(
    twice: list[tuple[str, str]], options: dict[str, Any] | None, gap: str
) -> None:
    room = Room(replace(CONFIG, options=options))
    verdict, found = room.agreed(signed(plain(HEADER), plain(twice, gap)))
    if options == {"unique_claims": True}:
        assert (verdict, found) == ("refused", "malformed_token")
    else:
        assert (verdict, found["aud"]) == ("accepted", "api")
    assert room.agreed(SOUND)[0] == "accepted"
