"""ML-DSA: the examples of RFC 9964, forgeries, keys that do not fit, and an older cryptography."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import OKPKey

from py_identity_model import (
    DPoPKey,
    JsonWebKeySet,
    PrivateKeyJwt,
    create_client_assertion,
    create_dpop_proof,
    create_request_object,
    decode_jwt,
    jwks_from_dict,
    verify_jws,
)
from py_identity_model._jose import algorithms
from py_identity_model._jose.algorithms import ML_DSA, is_usable
from py_identity_model._jose.dpop_proof import jwk_thumbprint
from py_identity_model._jose.encoding import decode_base64url, encode_base64url
from py_identity_model._jose.ml_dsa import MLDSAKey
from py_identity_model._jose.sign import load_private_key, sign_compact
from py_identity_model._jose.signer import checked_signature, load_signer
from py_identity_model._protocol.client_metadata_fields import check_public
from py_identity_model._validation.id_token import half_hash
from py_identity_model._wire.arguments import algorithms_of
from py_identity_model.exceptions import (
    ConfigurationException,
    DPoPProofException,
    InvalidArgumentError,
    SignatureVerificationException,
    SigningException,
    TokenValidationException,
)
from py_identity_model.sync import verify_dpop_proof
from tests.support import claims_in, needs_ml_dsa, refused

EXAMPLES: dict[str, dict[str, str]] = json.loads(
    Path(__file__).with_name("rfc9964.json").read_text()
)
SEED = encode_base64url(bytes(32)).decode()  # that of all examples
ED25519 = OKPKey.generate_key("Ed25519")
URL = "https://api.example/me"


def example(alg: str, /, **members: Any) -> dict[str, Any]:
    """The public key of an example, with other members; None removes one."""
    key = {"kty": "AKP", "alg": alg, "kid": EXAMPLES[alg]["kid"], "pub": EXAMPLES[alg]["pub"]}
    return {name: value for name, value in (key | members).items() if value is not None}


def private(alg: str, /, **members: Any) -> dict[str, Any]:
    return example(alg, priv=SEED, **members)


def token(alg: str, key: MLDSAKey | None = None, **header: Any) -> str:
    signer = load_private_key(private(alg), alg) if key is None else key
    return sign_compact({"alg": alg, **header}, {"sub": "a"}, signer, alg)


pytestmark = pytest.mark.parametrize("alg", ML_DSA)


@needs_ml_dsa
def test_the_example_of_the_specification_is_verified(alg: str) -> None:
    payload = verify_jws(EXAMPLES[alg]["jws"], example(alg), [alg])
    assert payload.decode() == "It\u2019s a dangerous business, Frodo, going out your door."


@needs_ml_dsa
def test_the_seed_of_the_example_makes_its_public_key(alg: str) -> None:
    key = load_private_key(private(alg), alg)
    assert key.as_dict(private=True) == {**example(alg, kid=None), "priv": SEED}


def test_the_thumbprint_of_the_example_is_its_kid(alg: str) -> None:
    assert jwk_thumbprint(example(alg, use="sig")) == EXAMPLES[alg]["kid"]
    with pytest.raises(ValueError, match="not a public key"):
        jwk_thumbprint(example(alg, alg=None))


def test_the_seed_is_not_shown(alg: str) -> None:
    assert SEED not in repr(jwks_from_dict(private(alg)))
    assert jwks_from_dict(private(alg)).has_private_key
    assert not jwks_from_dict(example(alg)).has_private_key


@needs_ml_dsa
@settings(max_examples=40, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_token_with_one_bit_changed_is_refused(alg: str, place: float, bit: int) -> None:
    header, payload, signature = EXAMPLES[alg]["jws"].split(".")
    raw = bytearray(decode_base64url(signature.encode()))
    raw[int(place * len(raw))] ^= 1 << bit
    forged = encode_base64url(bytes(raw)).decode()
    with refused(SignatureVerificationException, "invalid_signature"):
        verify_jws(f"{header}.{payload}.{forged}", example(alg), [alg])
    raw = bytearray(decode_base64url(payload.encode()))
    raw[int(place * len(raw))] ^= 1 << bit
    forged = encode_base64url(bytes(raw)).decode()
    with refused(SignatureVerificationException, "invalid_signature"):
        verify_jws(f"{header}.{forged}.{signature}", example(alg), [alg])


@needs_ml_dsa
@pytest.mark.parametrize("length", [0, 1, 64, -1, "and one more", "twice"])
def test_a_signature_of_another_length_is_refused(alg: str, length: int | str) -> None:
    message, _, signature = EXAMPLES[alg]["jws"].rpartition(".")
    raw = decode_base64url(signature.encode())
    raw = {"and one more": raw + b"\0", "twice": raw * 2}.get(str(length)) or raw[: int(length)]
    with refused(SignatureVerificationException, "invalid_signature"):
        verify_jws(f"{message}.{encode_base64url(raw).decode()}", example(alg), [alg])


@needs_ml_dsa
def test_the_signature_of_another_key_is_refused(alg: str) -> None:
    forged = token(alg, MLDSAKey.generate_key(alg), kid=EXAMPLES[alg]["kid"])
    with refused(SignatureVerificationException, "invalid_signature"):
        verify_jws(forged, example(alg), [alg])


@needs_ml_dsa
def test_a_signature_with_a_context_is_refused(alg: str) -> None:
    message = EXAMPLES[alg]["jws"].rpartition(".")[0]
    key: Any = load_private_key(private(alg), alg)
    signature = key.private_key.sign(message.encode(), b"JWT")
    with refused(SignatureVerificationException, "invalid_signature"):
        verify_jws(f"{message}.{encode_base64url(signature).decode()}", example(alg), [alg])


@needs_ml_dsa
def test_a_key_verifies_its_own_algorithm_alone(alg: str) -> None:
    every = [*ML_DSA, "EdDSA", "ES256"]
    for other in every:
        if other == alg:
            continue
        key = example(alg, kid="k") if other not in ML_DSA else example(alg, kid="k", alg=other)
        jwt = sign_compact({"alg": alg, "kid": "k"}, {}, load_private_key(private(alg), alg), alg)
        header = encode_base64url(json.dumps({"alg": other, "kid": "k"}).encode()).decode()
        renamed = ".".join((header, *jwt.split(".")[1:]))
        for attempt, keys in ((renamed, example(alg, kid="k")), (jwt, example(alg, alg=other))):
            with pytest.raises(TokenValidationException):
                verify_jws(attempt, keys, every)
        with pytest.raises(TokenValidationException):
            verify_jws(renamed, key, every)


@needs_ml_dsa
@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"alg": None}, "unfit_key"),
        ({"alg": "EdDSA"}, "unfit_key"),
        ({"pub": None}, "unusable_key"),
        ({"pub": ""}, "unusable_key"),
        ({"pub": "AAAA"}, "unusable_key"),
        ({"pub": "A" * 200}, "unusable_key"),
        ({"pub": "?"}, "unusable_key"),
        ({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}, "unfit_key"),
    ],
)
def test_a_key_that_is_not_one_verifies_nothing(
    alg: str, members: dict[str, Any], code: str
) -> None:
    with refused(TokenValidationException, code):
        verify_jws(EXAMPLES[alg]["jws"], example(alg, **members), [alg])


@needs_ml_dsa
def test_the_public_key_of_another_size_verifies_nothing(alg: str) -> None:
    for other in {*ML_DSA} - {alg}:
        key = example(alg, pub=EXAMPLES[other]["pub"])
        with refused(TokenValidationException, "unusable_key"):
            verify_jws(EXAMPLES[alg]["jws"], key, [alg])


@needs_ml_dsa
def test_the_algorithm_must_be_allowed(alg: str) -> None:
    with refused(TokenValidationException, "algorithm_not_allowed"):
        verify_jws(EXAMPLES[alg]["jws"], example(alg), ["EdDSA"])


@needs_ml_dsa
def test_a_token_without_kid_finds_the_only_key_of_its_algorithm(alg: str) -> None:
    keys = [example(one, kid=f"k{one}") for one in ML_DSA]
    keys.append({**ED25519.as_dict(private=False), "kid": "ed"})
    key_set = JsonWebKeySet({"keys": keys})
    assert verify_jws(token(alg), key_set, [*ML_DSA, "EdDSA"]) == b'{"sub":"a"}'
    ed = sign_compact({"alg": "EdDSA"}, {"sub": "b"}, ED25519, "EdDSA")
    assert verify_jws(ed, key_set, [*ML_DSA, "EdDSA"]) == b'{"sub":"b"}'


@needs_ml_dsa
def test_claims_are_decoded(alg: str) -> None:
    issuer = "https://op.example"
    claims = {"iss": issuer, "aud": "api", "exp": 4102444800}
    jwt = sign_compact({"alg": alg}, claims, load_private_key(private(alg), alg), alg)
    found = decode_jwt(jwt, example(alg), [alg], issuer=issuer, audience="api")
    assert found == claims


@needs_ml_dsa
def test_a_private_key_signs_in_every_form(alg: str) -> None:
    key: Any = load_private_key(private(alg), alg)
    forms: tuple[Any, ...] = (
        json.dumps(private(alg)),
        jwks_from_dict(private(alg)),
        {"keys": [private(alg)]},
        key.as_pem(private=True),
        key.as_pem(private=True).decode(),
        key.private_key,
    )
    for form in forms:
        jwt = sign_compact({"alg": alg}, {"sub": "a"}, load_private_key(form, alg), alg)
        assert verify_jws(jwt, example(alg), [alg]) == b'{"sub":"a"}'


@needs_ml_dsa
def test_a_public_key_verifies_in_every_form(alg: str) -> None:
    key: Any = load_private_key(private(alg), alg)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a")])
    day = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key, 1, day, day.replace(2027))
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )
    pem = key.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert pem == key.as_pem()
    for form in (pem, pem.decode(), key.public_key, certificate, example(alg)):
        assert verify_jws(token(alg), form, [alg]) == b'{"sub":"a"}'


@needs_ml_dsa
@pytest.mark.parametrize(
    "members",
    [
        {"priv": None},
        {"priv": encode_base64url(bytes(31)).decode()},
        {"priv": encode_base64url(bytes(2560)).decode()},  # the expanded key of FIPS 204
        {"priv": encode_base64url(bytes(31) + b"\1").decode()},  # that of another public key
        {"priv": "?"},
        {"priv": ""},
        {"pub": None},
        {"alg": None},
    ],
)
def test_a_key_that_is_not_one_does_not_sign(alg: str, members: dict[str, Any]) -> None:
    with refused(InvalidArgumentError, "invalid_private_key") as caught:
        load_private_key({**private(alg), **members}, alg)
    assert SEED not in str(caught.value)


@needs_ml_dsa
def test_a_key_of_another_algorithm_does_not_sign(alg: str) -> None:
    for other in {*ML_DSA} - {alg}:
        pem = load_private_key(private(other), other).as_pem(True)
        for material in (private(other), pem):
            with refused(InvalidArgumentError, "invalid_private_key"):
                load_private_key(material, alg)
    for foreign in (ED25519.as_pem(private=True), ED25519.as_dict(private=True), "no key"):
        with refused(InvalidArgumentError, "invalid_private_key"):
            load_private_key(foreign, alg)
    with refused(InvalidArgumentError, "invalid_private_key"):
        load_private_key(private(alg), "EdDSA")


@needs_ml_dsa
def test_an_encrypted_key_needs_its_password(alg: str) -> None:
    key: Any = load_private_key(private(alg), alg)
    secret = BestAvailableEncryption(b"secret")
    pem = key.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret)
    assert load_private_key(pem, alg, "secret").as_dict(private=True) == key.as_dict(private=True)
    for password in (None, "wrong"):
        with refused(InvalidArgumentError, "invalid_private_key") as caught:
            load_private_key(pem, alg, password, name="signing_key")
        assert str(caught.value).startswith("signing_key: the private key cannot be read")


@needs_ml_dsa
def test_a_key_that_does_not_fit_is_named_as_the_caller_names_it(alg: str) -> None:
    with refused(InvalidArgumentError, "invalid_private_key") as caught:
        load_private_key(ED25519.as_pem(private=True), alg, name="signing_key")
    assert str(caught.value) == f"signing_key: the private key is not a private key for {alg}"


@needs_ml_dsa
def test_assertions_and_requests_are_signed(alg: str) -> None:
    assertion = create_client_assertion(
        PrivateKeyJwt(json.dumps(private(alg)), algorithm=alg, kid="k"), "client", URL
    )
    assert claims_in(assertion, example(alg), alg)["sub"] == "client"
    request = create_request_object(
        private(alg), alg, "client", "https://op.example", "https://rp.example/cb", state="s"
    )
    assert claims_in(request, example(alg), alg)["state"] == "s"


class InService:
    """A key in a service; its answer may be wrong."""

    kid = None

    def __init__(self, alg: str, *, rotated: bool = False) -> None:
        self.algorithm = alg
        self.public_jwk = example(alg)
        self._key: Any = load_private_key(private(alg), alg)
        if rotated:
            self._key = MLDSAKey.generate_key(alg)

    def sign(self, message: bytes) -> bytes:
        return bytes(self._key.private_key.sign(message))


@needs_ml_dsa
def test_a_signer_signs_and_is_checked(alg: str) -> None:
    config = PrivateKeyJwt(InService(alg))
    assertion = create_client_assertion(config, "client", URL)
    assert claims_in(assertion, example(alg), alg)["sub"] == "client"
    for answer in (InService(alg, rotated=True).sign(b"m"), b"", b"\0" * 2420):
        with refused(SigningException, "signature_mismatch"):
            checked_signature(InService(alg), b"m", answer)


@needs_ml_dsa
def test_a_signer_whose_key_does_not_fit_is_refused(alg: str) -> None:
    for members in ({"alg": None}, {"alg": "EdDSA"}, {"pub": "AAAA"}, {"kty": "OKP"}):
        signer = InService(alg)
        signer.public_jwk = example(alg, **members)
        with refused(InvalidArgumentError, "invalid_private_key"):
            load_signer(signer, alg, "private_key")


@needs_ml_dsa
def test_proofs_are_made_and_accepted_only_where_named(alg: str) -> None:
    key = DPoPKey.from_pem(DPoPKey(alg).private_key_pem, alg)
    assert key.public_jwk.keys() == {"kty", "alg", "pub"}
    proof = create_dpop_proof(key, "GET", URL)
    verified = verify_dpop_proof(proof, "GET", URL, algorithms=[alg])
    assert verified.jwk_thumbprint == key.jwk_thumbprint == jwk_thumbprint(verified.jwk)
    with refused(DPoPProofException, "invalid_dpop_proof"):
        verify_dpop_proof(create_dpop_proof(key, "GET", URL), "GET", URL)


@needs_ml_dsa
def test_a_proof_with_the_seed_or_another_key_is_refused(alg: str) -> None:
    key = DPoPKey(alg)
    claims = {"jti": "1", "htm": "GET", "htu": URL, "iat": 4102444800}
    other = DPoPKey(alg).public_jwk
    for jwk in ({**key.public_jwk, "priv": SEED}, other, {**key.public_jwk, "alg": "EdDSA"}):
        proof = key.sign({"typ": "dpop+jwt", "alg": alg, "jwk": jwk}, claims)
        with refused(DPoPProofException, "invalid_dpop_proof"):
            verify_dpop_proof(proof, "GET", URL, algorithms=[alg])


def test_a_private_key_is_never_registered(alg: str) -> None:
    with pytest.raises(InvalidArgumentError):
        check_public({"keys": [private(alg)]})
    check_public({"keys": [example(alg)]})


def test_hashes_in_id_tokens_are_those_of_the_real_provider(alg: str) -> None:
    # Node: createHash('shake256', { outputLength: 64 }), the left half.
    assert half_hash("a", alg) == "hn4ssE9aBNy9WSUBpej-nOqvylAlVibKc2wTgEJTC6Q"


def test_an_older_cryptography_refuses_by_name(alg: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(algorithms, "_has_ml_dsa", lambda: False)
    rsa = {"kty": "oct", "k": "x" * 43}
    jwt = EXAMPLES[alg]["jws"]
    named = (
        lambda: verify_jws(jwt, example(alg), [alg]),
        lambda: DPoPKey(alg),
        lambda: load_private_key(private(alg), alg, name="not_cached"),
        lambda: algorithms_of(["ES256", alg]),
        lambda: load_signer(_Named(alg), alg, "not_cached"),
    )
    for call in named:
        with refused(InvalidArgumentError, "unsupported_algorithm") as caught:
            call()
        assert "cryptography 48" in str(caught.value)
    with refused(TokenValidationException, "unsupported_algorithm"):
        verify_jws(jwt, rsa, ["HS256"])


def test_an_older_cryptography_skips_the_keys(alg: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(algorithms, "_has_ml_dsa", lambda: False)
    ed = ED25519.as_dict(private=False)
    assert len(JsonWebKeySet({"keys": [example(alg), ed]})) == 1
    jwt = sign_compact({"alg": "EdDSA"}, {"sub": "b"}, ED25519, "EdDSA")
    assert verify_jws(jwt, {"keys": [example(alg), ed]}, ["EdDSA"]) == b'{"sub":"b"}'
    with refused(ConfigurationException, "no_usable_keys"):
        JsonWebKeySet(example(alg))


class _Named:
    kid = None

    def __init__(self, alg: str) -> None:
        self.algorithm = alg
        self.public_jwk = example(alg)

    def sign(self, message: bytes) -> bytes:
        return message


def test_whether_it_is_available_is_found_by_trying(alg: str) -> None:
    assert is_usable(alg) == algorithms._has_ml_dsa()
