"""Keys in use: every algorithm, every way of not fitting, and which key is chosen."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from py_identity_model import (
    JsonWebKey,
    SignatureVerificationException,
    TokenValidationException,
    jwks_from_dict,
)
from py_identity_model._jose.algorithms import ALGORITHMS, ML_DSA, is_usable
from py_identity_model._jose.encoding import encode_base64url
from py_identity_model._jose.keys import Header, KeySnapshot, agrees, prepare, prepared
from py_identity_model._jose.ml_dsa import MLDSAKey
from py_identity_model._jose.sign import sign_compact
from py_identity_model._jose.tokens import read_header, split_token, verify
from tests.support import refused

MADE: dict[str, Any] = {
    "RSA": RSAKey.generate_key(2048),
    "P-256": ECKey.generate_key("P-256"),
    "P-384": ECKey.generate_key("P-384"),
    "P-521": ECKey.generate_key("P-521"),
    "secp256k1": ECKey.generate_key("secp256k1"),
    "Ed25519": OKPKey.generate_key("Ed25519"),
    "Ed448": OKPKey.generate_key("Ed448"),
    "X25519": OKPKey.generate_key("X25519"),
    "oct": OctKey.generate_key(512),
    **{alg: MLDSAKey.generate_key(alg) for alg in ML_DSA if is_usable(alg)},
}
USABLE = [alg for alg in ALGORITHMS if is_usable(alg)]
KEY_OF = {
    alg: MADE[alg if alg in ML_DSA else (*ALGORITHMS[alg].curves, ALGORITHMS[alg].kty)[0]]
    for alg in USABLE
}


def public(key: Any, **members: Any) -> JsonWebKey:
    private = key.key_type == "oct"
    return jwks_from_dict({**key.as_dict(private=private), **members})


def token(alg: str, **header: Any) -> str:
    return sign_compact({"alg": alg, **header}, {"sub": "a"}, KEY_OF[alg], alg)


def verified(jwt: str, *keys: JsonWebKey, **options: Any) -> bytes:
    segments = split_token(jwt)
    return verify(segments, read_header(segments.header), KeySnapshot(keys), **options)


@pytest.mark.parametrize("alg", USABLE)
def test_every_algorithm_is_verified_and_its_forgery_refused(alg: str) -> None:
    jwt = token(alg, kid="k")
    key = public(KEY_OF[alg], kid="k")
    assert json.loads(verified(jwt, key)) == {"sub": "a"}
    other = sign_compact({"alg": alg, "kid": "k"}, {"sub": "b"}, KEY_OF[alg], alg)
    forged = f"{jwt.rpartition('.')[0]}.{other.rpartition('.')[2]}"
    with refused(SignatureVerificationException, "invalid_signature"):
        verified(forged, key)


def test_the_old_name_of_edwards_curves_is_understood() -> None:
    ed448 = sign_compact({"alg": "EdDSA", "kid": "k"}, {}, MADE["Ed448"], "EdDSA")
    assert verified(ed448, public(MADE["Ed448"], kid="k")) == b"{}"
    for declared, used in (("EdDSA", "Ed25519"), ("Ed25519", "EdDSA"), ("Ed25519", "Ed25519")):
        key = public(MADE["Ed25519"], kid="k", alg=declared)
        assert verified(sign_compact({"alg": used, "kid": "k"}, {}, MADE["Ed25519"], used), key)


@pytest.mark.parametrize("alg", USABLE)
def test_a_key_of_another_kind_never_fits(alg: str) -> None:
    wanted = ALGORITHMS[alg]
    for kind, made in MADE.items():
        if kind in {alg, wanted.kty, *wanted.curves}:
            continue
        with refused(TokenValidationException, "unfit_key"):
            prepare(public(made), alg)


def _points(size: int, prime: int, *ys: int) -> list[str]:
    """Both signs of each y, and the same y spelled with the prime added where it fits."""
    sign = 1 << (8 * size - 1)
    spelled = [one for y in ys for one in (y, y + prime) if one < (1 << prime.bit_length())]
    both = [y | bit for y in spelled for bit in (0, sign)]
    return [encode_base64url(one.to_bytes(size, "little")).decode() for one in both]


P25519, P448 = 2**255 - 19, 2**448 - 2**224 - 1
ORDER_8 = int.from_bytes(
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
)
SMALL = [
    *(("Ed25519", x) for x in _points(32, P25519, 0, 1, P25519 - 1, ORDER_8, P25519 - ORDER_8)),
    *(("Ed448", x) for x in _points(57, P448, 0, 1, P448 - 1)),
]


@pytest.mark.parametrize(("curve", "x"), SMALL)
def test_a_point_that_everyone_can_sign_for_is_no_key(curve: str, x: str) -> None:
    key = JsonWebKey(kty="OKP", crv=curve, x=x, kid="k")
    for weak in (False, True):
        with refused(TokenValidationException, "weak_key"):
            prepare(key, curve, allow_weak_keys=weak)


def test_a_forgery_for_such_a_point_is_refused() -> None:
    x = encode_base64url(b"\1" + bytes(31)).decode()
    message = encode_base64url(b'{"alg":"EdDSA","kid":"k"}') + b".e30."
    forged = (message + encode_base64url(b"\1" + bytes(63))).decode()
    with refused(TokenValidationException, "weak_key"):
        verified(forged, JsonWebKey(kty="OKP", crv="Ed25519", x=x, kid="k"))


def test_a_key_for_another_algorithm_does_not_fit() -> None:
    with refused(TokenValidationException, "unfit_key") as caught:
        prepare(public(MADE["RSA"], alg="RS256"), "PS256")
    assert "RS256" in str(caught.value)


def number(value: int) -> str:
    return encode_base64url(value.to_bytes((value.bit_length() + 7) // 8, "big")).decode()


def test_weak_keys_are_refused_unless_allowed() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        small = RSAKey.generate_key(1024)
    key = public(small, kid="k")
    jwt = sign_compact({"alg": "RS256", "kid": "k"}, {}, small, "RS256")
    with refused(TokenValidationException, "weak_key"):
        verified(jwt, key)
    assert verified(jwt, key, allow_weak_keys=True) == b"{}"
    short = jwks_from_dict({"kty": "oct", "k": number(2**100), "kid": "k"})
    with refused(TokenValidationException, "weak_key"):
        prepare(short, "HS256")
    prepare(short, "HS256", allow_weak_keys=True)
    long = jwks_from_dict({"kty": "oct", "k": encode_base64url(b"x" * 32).decode()})
    prepare(long, "HS256")
    with refused(TokenValidationException, "weak_key"):
        prepare(long, "HS384")


@pytest.mark.parametrize(
    "members",
    [
        {"kty": "RSA", "n": "!!!", "e": "AQAB"},
        {"kty": "RSA", "n": number(2**20000 + 1), "e": "AQAB"},
        {"kty": "RSA", "n": number(2**2048 + 1), "e": number(1)},
        {"kty": "RSA", "n": number(2**2048 + 1), "e": number(4)},
        {"kty": "RSA", "n": number(2**2048 + 1), "e": number(2**300 + 1)},
        {"kty": "oct", "k": "=="},
    ],
)
def test_invalid_key_material_is_refused(members: dict[str, Any]) -> None:
    alg = "RS256" if members["kty"] == "RSA" else "HS256"
    with refused(TokenValidationException, "unusable_key"):
        prepare(jwks_from_dict(members), alg, allow_weak_keys=True)


def test_the_smallest_public_exponent_is_three() -> None:
    prepare(jwks_from_dict({"kty": "RSA", "n": number(2**2048 + 1), "e": number(3)}), "RS256")


def test_without_a_name_a_declared_algorithm_speaks_for_a_key() -> None:
    declared = public(MADE["RSA"], alg="RS256")
    other = public(RSAKey.generate_key(2048), alg="PS256")
    assert verified(token("RS256"), other, declared)
    assert verified(token("RS256", kid="x"), other, declared)


def test_a_point_off_the_curve_is_refused() -> None:
    good = public(MADE["P-256"]).as_dict()
    with refused(TokenValidationException, "unusable_key"):
        prepare(jwks_from_dict({**good, "y": good["x"]}), "ES256")


def test_a_pem_is_not_an_hmac_secret() -> None:
    pem = encode_base64url(MADE["RSA"].as_pem(private=False)).decode()
    with refused(TokenValidationException, "unusable_key"):
        prepare(jwks_from_dict({"kty": "oct", "k": pem}), "HS256")


def test_the_private_half_of_a_key_is_never_imported() -> None:
    members = {**MADE["RSA"].as_dict(private=True), "d": "AA", "p": "AA", "kid": "k"}
    assert verified(token("RS256", kid="k"), jwks_from_dict(members))


def test_every_key_of_a_shared_name_is_tried() -> None:
    other = public(RSAKey.generate_key(2048), kid="k")
    unfit = public(MADE["P-256"], kid="k")
    assert verified(token("RS256", kid="k"), unfit, other, public(MADE["RSA"], kid="k"))
    with refused(SignatureVerificationException, "invalid_signature"):
        verified(token("RS256", kid="k"), unfit, other)


def test_an_unknown_name_is_reported_with_the_known_ones() -> None:
    with refused(TokenValidationException, "no_matching_key") as caught:
        verified(token("RS256", kid="x"), public(MADE["RSA"], kid="k"))
    assert caught.value.details == {"kid": "x", "available_kids": ["k"]}
    assert caught.value.token_part == "header"


def test_a_key_that_does_not_fit_is_named() -> None:
    with refused(TokenValidationException, "unfit_key") as caught:
        verified(token("RS256", kid="k"), public(MADE["P-256"], kid="k"))
    assert caught.value.details == {"kid": "k"}
    assert caught.value.token_part == "header"


def test_without_a_name_the_only_key_that_fits_is_used(caplog: pytest.LogCaptureFixture) -> None:
    rsa, ec = public(MADE["RSA"], kid="r"), public(MADE["P-256"], kid="e")
    assert verified(token("RS256"), rsa)
    assert verified(token("RS256"), public(MADE["P-384"], use="enc"), rsa)
    assert verified(token("RS256"), rsa, ec)
    declared = public(RSAKey.generate_key(2048), alg="PS256")
    assert verified(token("RS256"), declared, rsa)
    other_curve = public(MADE["P-384"])
    assert verified(token("ES256"), other_curve, public(MADE["P-256"]))
    custom = public(MADE["RSA"], use="https://op.example/signatures")
    assert verified(token("RS256"), custom)
    assert verified(token("RS256"), rsa, custom)  # the plain one first
    assert "the token has no kid" in caplog.text


NOT_FOR_SIGNATURES: list[dict[str, Any]] = [
    {"use": "enc"},
    {"key_ops": []},
    {"key_ops": ["encrypt", "wrapKey"]},
    {"use": "enc", "key_ops": ["verify"]},
    {"use": "sig", "key_ops": ["deriveKey"]},
]


@pytest.mark.parametrize("members", NOT_FOR_SIGNATURES)
def test_a_published_key_that_is_not_for_signatures_verifies_nothing(
    members: dict[str, Any],
) -> None:
    named, nameless = public(MADE["RSA"], kid="k", **members), public(MADE["RSA"], **members)
    with refused(TokenValidationException, "unfit_key"):
        verified(token("RS256", kid="k"), named)
    for key in (named, nameless):
        with refused(TokenValidationException, "no_matching_key"):
            verified(token("RS256"), key)
    with refused(TokenValidationException, "no_matching_key"):
        verified(token("RS256", kid="k"), nameless)


@pytest.mark.parametrize("members", NOT_FOR_SIGNATURES)
def test_a_key_for_signatures_is_found_beside_one_that_is_not(members: dict[str, Any]) -> None:
    other = public(RSAKey.generate_key(2048), kid="k", **members)
    good = public(MADE["RSA"], kid="k")
    for keys in ((other, good), (good, other)):
        assert verified(token("RS256", kid="k"), *keys)
        assert verified(token("RS256"), *keys)


@pytest.mark.parametrize(
    "members",
    [{"use": "sig"}, {"key_ops": ["sign"]}, {"key_ops": ["verify", "encrypt"]}, {"alg": "RS256"}],
)
def test_a_published_key_for_signatures_verifies(members: dict[str, Any]) -> None:
    assert verified(token("RS256", kid="k"), public(MADE["RSA"], kid="k", **members))


@pytest.mark.parametrize("alg", ["RSA-OAEP", "RSA-OAEP-256", "RS384", "PS256"])
def test_a_published_key_of_another_algorithm_verifies_nothing(alg: str) -> None:
    with refused(TokenValidationException, "unfit_key"):
        verified(token("RS256", kid="k"), public(MADE["RSA"], kid="k", alg=alg))


def test_where_no_key_has_a_name_every_one_that_fits_is_tried() -> None:
    other, good = public(RSAKey.generate_key(2048)), public(MADE["RSA"])
    assert verified(token("RS256", kid="x"), good)
    assert verified(token("RS256", kid="x"), public(MADE["P-256"]), other, good)
    with refused(SignatureVerificationException, "invalid_signature"):
        verified(token("RS256", kid="x"), other, public(MADE["P-256"]))
    for unfit in ({"use": "enc"}, {"alg": "PS256"}):
        with refused(TokenValidationException, "no_matching_key"):
            verified(token("RS256", kid="x"), public(MADE["RSA"], **unfit))


def test_a_nameless_key_beside_a_named_one_is_not_tried() -> None:
    with refused(TokenValidationException, "no_matching_key"):
        verified(token("RS256", kid="x"), public(MADE["RSA"]), public(MADE["P-256"], kid="e"))


def test_a_snapshot_knows_the_media_type_of_its_response() -> None:
    assert KeySnapshot([]).media_type == ""
    assert KeySnapshot([], "application/json").media_type == "application/json"


def test_newer_keys_help_where_those_that_a_token_may_need_differ() -> None:
    rsa, ec = public(MADE["RSA"]), public(MADE["P-256"])
    named = public(MADE["RSA"], kid="k")
    nameless = KeySnapshot([rsa])
    assert "k" in nameless
    assert not nameless.differs("k", [rsa])
    assert nameless.differs("k", [ec])
    assert nameless.differs("k", [named])
    assert "k" not in KeySnapshot([])
    mixed = KeySnapshot([named, rsa])
    assert "x" not in mixed
    assert not mixed.differs("k", [named, ec])
    assert mixed.differs(None, [named, ec])
    assert not mixed.differs("x", [named, ec])


def test_without_a_name_several_keys_are_too_many() -> None:
    with refused(TokenValidationException, "ambiguous_key") as caught:
        verified(token("RS256"), public(MADE["RSA"]), public(MADE["RSA"]))
    assert "no kid" in str(caught.value)


def test_without_a_name_no_key_may_fit() -> None:
    with refused(TokenValidationException, "no_matching_key"):
        verified(token("RS256"), public(MADE["P-256"]), public(MADE["P-384"]))
    with refused(TokenValidationException, "no_matching_key"):
        verified(token("RS256"))


def test_headers_are_remembered_only_once_verified_and_not_without_end() -> None:
    snapshot = KeySnapshot([public(MADE["oct"], kid="k")])
    for number_ in range(300):
        segments = split_token(token("HS256", kid="k", n=number_))
        header = read_header(segments.header)
        forged = segments._replace(signature=b"AAAA")
        with pytest.raises(SignatureVerificationException):
            verify(forged, header, snapshot)
        assert segments.header not in snapshot.memo
        verify(segments, header, snapshot)
        verify(segments, header, snapshot)
        assert segments.header in snapshot.memo
    assert len(snapshot.memo) <= 128


def test_a_key_is_prepared_once() -> None:
    key = public(MADE["RSA"], kid="k")
    assert prepared(key, "RS256", False) is prepared(key, "RS256", False)
    assert prepared(key, "RS256", False) is not prepared(key, "PS256", False)
    snapshot = KeySnapshot([key])
    header = Header("RS256", "k")
    first = snapshot.verifiers(header, allow_weak_keys=False)
    assert snapshot.verifiers(header, allow_weak_keys=False) == first


@pytest.mark.parametrize(
    ("declared", "used"),
    [
        (None, "RS256"),
        ("RS256", "RS256"),
        ("EdDSA", "Ed25519"),
        ("EdDSA", "Ed448"),
        ("Ed25519", "EdDSA"),
        ("Ed448", "EdDSA"),
    ],
)
def test_a_declared_algorithm_agrees_with_itself_and_the_old_name(
    declared: str | None, used: str
) -> None:
    assert agrees(declared, used)


@pytest.mark.parametrize(
    ("declared", "used"),
    [
        ("RS256", "PS256"),
        ("RS256", "RS512"),
        ("Ed448", "Ed25519"),
        ("Ed25519", "Ed448"),
        ("EdDSA", "ES256"),
        ("ES256", "EdDSA"),
        ("RSA-OAEP", "RS256"),
        ("", "RS256"),
    ],
)
def test_any_other_pair_disagrees(declared: str, used: str) -> None:
    assert not agrees(declared, used)
