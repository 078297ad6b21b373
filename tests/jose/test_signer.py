"""Signers: keys that cannot leave, and signatures that are checked before anyone sees them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from py_identity_model._jose.dpop_proof import DPoPKey
from py_identity_model._jose.signer import (
    DeferredSigner,
    Signer,
    algorithm_of,
    checked_signature,
    kid_of,
    load_signer,
    public_key,
    sign_now,
    signing_error,
)
from py_identity_model.exceptions import (
    ConfigurationException,
    InvalidArgumentError,
    NetworkException,
    SigningException,
)
from tests.jose.awaitables import AWAITABLES, assert_ended
from tests.support import refused

MAKERS: dict[str, Any] = {
    "RS256": lambda: RSAKey.generate_key(2048),
    "PS384": lambda: RSAKey.generate_key(2048),
    "ES256": lambda: ECKey.generate_key("P-256"),
    "ES384": lambda: ECKey.generate_key("P-384"),
    "ES512": lambda: ECKey.generate_key("P-521"),
    "ES256K": lambda: ECKey.generate_key("secp256k1"),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519"),
}
SIZES = {"ES256": 32, "ES384": 48, "ES512": 66, "ES256K": 32}
KEYS: dict[str, Any] = {name: make() for name, make in MAKERS.items()}
MESSAGE = b"header.payload"


class InService:
    """A key in a service; ``answer`` is given instead of a signature, or raised."""

    def __init__(self, algorithm: str = "ES256", answer: Any = None, **public: Any) -> None:
        self.algorithm = algorithm
        self.kid: str | None = "key-1"
        self.public_jwk: Any = {**KEYS[algorithm].as_dict(private=False), **public}
        self.answer = answer
        self.signed: list[bytes] = []

    def sign(self, message: bytes) -> Any:
        self.signed.append(message)
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is not None:
            return self.answer
        return JWSRegistry.algorithms[self.algorithm].sign(message, KEYS[self.algorithm])


def as_der(algorithm: str, raw: bytes) -> bytes:
    size = SIZES[algorithm]
    return encode_dss_signature(int.from_bytes(raw[:size]), int.from_bytes(raw[size:]))


@pytest.mark.parametrize("algorithm", MAKERS)
def test_a_signature_of_every_algorithm_is_verified_with_the_public_key(algorithm: str) -> None:
    signer = InService(algorithm)
    signature = sign_now(signer, MESSAGE)
    assert signer.signed == [MESSAGE]
    verify = JWSRegistry.algorithms[algorithm].verify
    assert verify(MESSAGE, signature, public_key(signer))
    assert checked_signature(signer, MESSAGE, bytearray(signature)) == signature


@pytest.mark.parametrize("algorithm", SIZES)
def test_a_signature_in_der_becomes_that_of_the_standard(algorithm: str) -> None:
    signer = InService(algorithm)
    for _ in range(20):  # some numbers are shorter than others
        raw = JWSRegistry.algorithms[algorithm].sign(MESSAGE, KEYS[algorithm])
        assert checked_signature(signer, MESSAGE, as_der(algorithm, raw)) == raw


@pytest.mark.parametrize("answer", [b"", b"rubbish", b"\x30\x02\x02\x00", "text", 7, b"x" * 64])
def test_anything_else_is_not_a_signature(answer: object) -> None:
    with refused(SigningException, "signature_mismatch") as caught:
        sign_now(InService(answer=answer), MESSAGE)
    assert str(caught.value).startswith("the signer returned something that is not a signature")


def test_a_number_that_is_too_long_for_the_curve_is_not_a_signature() -> None:
    huge = encode_dss_signature(2**300, 1)
    with refused(SigningException, "signature_mismatch"):
        sign_now(InService(answer=huge), MESSAGE)


def test_the_signature_of_another_message_or_key_is_refused() -> None:
    signer = InService()
    other = signer.sign(b"another message")
    rotated = JWSRegistry.algorithms["ES256"].sign(MESSAGE, ECKey.generate_key("P-256"))
    for signature in (other, rotated):
        with refused(SigningException, "signature_mismatch"):
            checked_signature(signer, MESSAGE, signature)


def test_what_a_signer_raises_is_typed_and_does_not_quote_what_was_signed() -> None:
    with refused(SigningException, "signing_timed_out") as late:
        sign_now(InService(answer=TimeoutError("hidden")), MESSAGE)
    assert str(late.value) == "the signer did not answer in time"
    with refused(SigningException, "signing_failed") as failed:
        sign_now(InService(answer=OSError("hidden")), MESSAGE)
    assert str(failed.value) == "the signer failed with OSError"
    assert isinstance(failed.value.__cause__, OSError)
    ours = NetworkException("down")
    assert signing_error(ours) is ours


@pytest.mark.parametrize("make", AWAITABLES)
def test_a_signer_that_must_be_waited_for_is_refused_and_its_call_ended(
    make: Callable[[], Any],
) -> None:
    awaitable = make()
    with refused(ConfigurationException, "awaitable_result") as caught:
        sign_now(InService(answer=awaitable), MESSAGE)
    assert str(caught.value).startswith("this signer is awaitable")
    assert_ended(awaitable)


def test_a_future_of_threads_is_not_a_signature() -> None:
    with refused(SigningException, "signature_mismatch"):
        sign_now(InService(answer=Future()), MESSAGE)


def test_a_deferred_signer_notes_what_is_to_be_signed() -> None:
    signer = InService()
    deferred = DeferredSigner(signer)
    assert (deferred.algorithm, deferred.kid) == ("ES256", "key-1")
    assert deferred.public_jwk == signer.public_jwk
    assert deferred.message == b""
    assert sign_now(deferred, MESSAGE) == b""
    assert (deferred.message, signer.signed) == (MESSAGE, [])


def test_a_signer_says_its_algorithm_and_name_itself() -> None:
    signer = InService("PS384")
    assert isinstance(signer, Signer)
    assert (algorithm_of(signer, "ES256"), algorithm_of("pem", "ES256")) == ("PS384", "ES256")
    assert (kid_of(signer, None), kid_of(signer, "given")) == ("key-1", "given")
    assert (kid_of("pem", None), kid_of("pem", "given")) == (None, "given")


@pytest.mark.parametrize(("own", "wanted"), [("ES256", "ES256"), ("EdDSA", "Ed25519")])
def test_a_signer_is_used_for_its_own_algorithm(own: str, wanted: str) -> None:
    signer = InService(own)
    assert load_signer(signer, wanted, "private_key") is signer


def test_a_signer_of_another_algorithm_is_refused_by_name() -> None:
    for signer, wanted in ((InService("RS256"), "PS256"), (InService("EdDSA"), "Ed448")):
        with refused(InvalidArgumentError, "invalid_private_key") as caught:
            load_signer(signer, wanted, "dpop_key")
        text = f"dpop_key signs by {signer.algorithm}, not by {wanted}"
        assert str(caught.value) == text


WRONG: list[Any] = [
    None,
    "key",
    {},
    {"kty": "EC"},
    {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
    {"kty": "EC", "crv": "P-384", "x": "AAAA", "y": "AAAA"},
    {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"},
    {"kty": "EC", "crv": "P-256", "x": b"bytes", "y": "AAAA"},
    OctKey.generate_key(256).as_dict(private=True),
    KEYS["ES384"].as_dict(private=False),
]


@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
def test_a_public_key_that_is_not_one_for_the_algorithm_is_refused_by_name(wrong: Any) -> None:
    signer = InService()
    signer.public_jwk = wrong
    with refused(InvalidArgumentError, "invalid_private_key") as caught:
        load_signer(signer, "ES256", "client_key")
    assert str(caught.value).startswith("client_key: the signer's public_jwk is not a key")
    with refused(InvalidArgumentError, "invalid_private_key") as unnamed:
        public_key(signer)
    assert str(unnamed.value).startswith("private_key: ")


def test_an_algorithm_that_no_key_pair_has_is_refused() -> None:
    for algorithm in ("none", "HS256", "unheard-of"):
        signer = InService()
        signer.algorithm = algorithm
        with refused(InvalidArgumentError, "invalid_private_key"):
            public_key(signer)


@pytest.mark.parametrize(("bits", "weak"), [(2040, True), (2048, False)])
def test_a_weak_key_is_refused(bits: int, weak: bool) -> None:
    signer = InService("RS256")
    signer.public_jwk = RSAKey.generate_key(2048).as_dict(private=False)
    if weak:
        signer.public_jwk["n"] = signer.public_jwk["n"][: bits // 6]
        with refused(InvalidArgumentError, "weak_key"):
            public_key(signer)
    else:
        assert public_key(signer).as_dict(private=False)["n"] == signer.public_jwk["n"]


def test_one_public_key_is_read_once_whatever_else_it_says() -> None:
    first = InService(use="sig", kid="a")
    members = dict(reversed(list(first.public_jwk.items())))
    second = InService()
    second.public_jwk = {**members, "kid": "b"}
    assert public_key(first) is public_key(second)
    assert public_key(first).as_dict(private=False).get("kid") not in {"a", "b"}


class Unreachable:
    """A signer that asks its service what it is, and fails to tell one thing."""

    def __init__(self, name: str, error: Exception) -> None:
        self._values = {**vars(InService()), name: error}

    def _value(self, name: str) -> Any:
        value = self._values[name]
        if isinstance(value, Exception):
            raise value
        return value

    algorithm = property(lambda self: self._value("algorithm"))
    kid = property(lambda self: self._value("kid"))
    public_jwk = property(lambda self: self._value("public_jwk"))

    def sign(self, message: bytes) -> Any:
        return InService().sign(message)


READERS: dict[str, Callable[[Any], object]] = {
    "algorithm_of": lambda signer: algorithm_of(signer, "ES256"),
    "load_signer": lambda signer: load_signer(signer, "ES256", "key"),
    "public_key": public_key,
    "deferred": DeferredSigner,
    "sign_now": lambda signer: sign_now(signer, MESSAGE),
    "dpop": DPoPKey.from_signer,
}


@pytest.mark.parametrize("name", ["algorithm", "public_jwk"])
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError("s3cret"), "signing_failed"),
        (KeyError("s3cret"), "signing_failed"),
        (TimeoutError("s3cret"), "signing_timed_out"),
    ],
)
def test_a_signer_whose_service_cannot_be_asked_what_it_is_fails_typed(
    name: str, read: Callable[[Any], object], error: Exception, code: str
) -> None:
    if (name, read) == ("public_jwk", READERS["algorithm_of"]):
        return
    with refused(SigningException, code) as caught:
        read(Unreachable(name, error))
    assert "s3cret" not in str(caught.value)


def test_a_signer_whose_service_cannot_tell_its_name_fails_typed() -> None:
    for read in (DeferredSigner, lambda signer: kid_of(signer, None)):
        with refused(SigningException, "signing_failed"):
            read(Unreachable("kid", OSError()))
    assert kid_of(Unreachable("kid", OSError()), "given") == "given"


@pytest.mark.parametrize("wrong", [None, 5, b"ES256", [], {}])
def test_a_signers_algorithm_and_name_are_text(wrong: Any) -> None:
    signer = InService()
    signer.algorithm = wrong
    for name, read in READERS.items():
        if name != "sign_now":  # it fails before anyone reads what it is
            with refused(InvalidArgumentError, "invalid_private_key"):
                read(signer)
    with refused(InvalidArgumentError, "invalid_private_key"):
        checked_signature(signer, MESSAGE, b"")
    if wrong is not None:
        signer = InService()
        signer.kid = wrong
        with refused(InvalidArgumentError, "invalid_private_key"):
            DeferredSigner(signer)
        with refused(InvalidArgumentError, "invalid_private_key"):
            kid_of(signer, None)
