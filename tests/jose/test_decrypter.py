"""Decrypters: keys that cannot leave, and content keys that they unwrap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc import jwe
from joserfc.errors import DecodeError
from joserfc.jwk import RSAKey

from py_identity_model._jose.decrypter import (
    Decrypter,
    UnwrappedKey,
    checked_content_key,
    content_key_after,
    encrypted_key_of,
    fits,
    open_content,
    split_keys,
    unwrap_now,
)
from py_identity_model._jose.encoding import encode_base64url
from py_identity_model.exceptions import (
    ConfigurationException,
    DecryptionException,
    NetworkException,
)
from tests.jose.awaitables import AWAITABLES, assert_ended
from tests.support import refused

KEY = RSAKey.generate_key(2048)


class InService:
    """A key in a service; ``answer`` is what it returns, or raises."""

    def __init__(
        self, answer: Any = b"k", algorithm: str = "RSA-OAEP", kid: str | None = "key-2"
    ) -> None:
        self.algorithm = algorithm
        self.kid = kid
        self.answer = answer
        self.seen: list[bytes] = []

    def decrypt(self, encrypted_key: bytes) -> Any:
        self.seen.append(encrypted_key)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_a_content_key_is_what_the_decrypter_returned() -> None:
    decrypter = InService(bytearray(b"key"))
    assert isinstance(decrypter, Decrypter)
    assert unwrap_now(decrypter, b"wrapped") == b"key"
    assert decrypter.seen == [b"wrapped"]


@pytest.mark.parametrize("answer", ["key", None, 7])
def test_a_content_key_is_bytes(answer: object) -> None:
    with refused(DecryptionException, "decryption_unavailable") as caught:
        checked_content_key(answer)
    assert str(caught.value) == f"the decrypter returned {type(answer).__name__}, not bytes"


def test_a_content_key_that_is_not_there_is_no_failure() -> None:
    assert unwrap_now(InService(ValueError("padding")), b"wrapped") == b""


def test_what_a_decrypter_raises_is_typed() -> None:
    with refused(DecryptionException, "decryption_timed_out") as late:
        unwrap_now(InService(TimeoutError("hidden")), b"wrapped")
    assert str(late.value) == "the decrypter did not answer in time"
    with refused(DecryptionException, "decryption_unavailable") as failed:
        unwrap_now(InService(OSError("hidden")), b"wrapped")
    assert str(failed.value) == "the decrypter failed with OSError"
    assert isinstance(failed.value.__cause__, OSError)
    ours = NetworkException("down")
    with pytest.raises(NetworkException) as caught:
        content_key_after(ours)
    assert caught.value is ours


@pytest.mark.parametrize("make", AWAITABLES)
def test_a_decrypter_that_must_be_waited_for_is_refused_and_its_call_ended(
    make: Callable[[], Any],
) -> None:
    awaitable = make()
    with refused(ConfigurationException, "awaitable_result") as caught:
        unwrap_now(InService(awaitable), b"wrapped")
    assert str(caught.value).startswith("this decrypter is awaitable")
    assert_ended(awaitable)


def test_an_unwrapped_key_is_that_of_one_token() -> None:
    key = UnwrappedKey(InService(), b"wrapped", b"key")
    assert (key.algorithm, key.kid) == ("RSA-OAEP", "key-2")
    assert (key.decrypt(b"wrapped"), key.decrypt(b"another")) == (b"key", b"")


def test_decrypters_are_found_among_keys() -> None:
    first, second = InService(), InService(algorithm="RSA-OAEP-256")
    assert split_keys([first, "pem", second, KEY]) == (["pem", KEY], [first, second])
    assert split_keys(first) == ([], [first])
    for one in ("pem", b"pem", bytearray(b"pem"), {"kty": "RSA"}, KEY):
        assert split_keys(one) == ([one], [])


@pytest.mark.parametrize("algorithm", ["RSA1_5", "ECDH-ES", "dir", ""])
def test_a_decrypter_of_another_algorithm_is_refused(algorithm: str) -> None:
    with refused(ConfigurationException, "invalid_decryption_key") as caught:
        split_keys([InService(algorithm=algorithm)])
    assert str(caught.value).endswith(f"not by {algorithm}")


@pytest.mark.parametrize(
    ("kid", "header", "meant"),
    [
        ("key-2", {"alg": "RSA-OAEP", "kid": "key-2"}, True),
        ("key-2", {"alg": "RSA-OAEP"}, True),
        ("key-2", {"alg": "RSA-OAEP", "kid": 2}, True),
        (None, {"alg": "RSA-OAEP", "kid": "other"}, True),
        ("key-2", {"alg": "RSA-OAEP", "kid": "other"}, False),
        ("key-2", {"alg": "RSA-OAEP-256", "kid": "key-2"}, False),
    ],
)
def test_a_token_may_be_meant_for_a_key(
    kid: str | None, header: dict[str, Any], meant: bool
) -> None:
    assert fits(InService(kid=kid), header) is meant


def token(enc: str) -> str:
    return jwe.encrypt_compact({"alg": "RSA-OAEP", "enc": enc}, b"content", KEY)


def unwrapped(text: str) -> bytes:
    sha1 = hashes.SHA1()
    oaep = padding.OAEP(padding.MGF1(sha1), sha1, None)
    private: Any = KEY.private_key
    return bytes(private.decrypt(encrypted_key_of(text), oaep))


@pytest.mark.parametrize(
    ("enc", "size"),
    [
        ("A128GCM", 16),
        ("A192GCM", 24),
        ("A256GCM", 32),
        ("A128CBC-HS256", 32),
        ("A256CBC-HS512", 64),
    ],
)
def test_the_content_of_a_token_is_decrypted_with_its_content_key(enc: str, size: int) -> None:
    text = token(enc)
    key = unwrapped(text)
    assert len(key) == size
    assert open_content(text, enc, size, key) == b"content"


@pytest.mark.parametrize("key", [b"", b"short", b"x" * 16, b"x" * 17])
def test_a_wrong_content_key_fails_alike_whatever_its_size(key: bytes) -> None:
    with pytest.raises(DecodeError):
        open_content(token("A128GCM"), "A128GCM", 16, key)


@pytest.mark.parametrize("place", [0, 2, 3, 4])
def test_a_token_that_was_changed_is_not_decrypted(place: int) -> None:
    text = token("A128GCM")
    key, parts = unwrapped(text), text.split(".")
    parts[place] = encode_base64url(b"0123456789abcdef"[: 12 if place == 2 else 16]).decode()
    with pytest.raises(DecodeError):
        open_content(".".join(parts), "A128GCM", 16, key)


def test_a_wrapped_key_is_base64url() -> None:
    assert encrypted_key_of("a.AQAB.c.d.e") == b"\x01\x00\x01"
    with pytest.raises(ValueError, match=r".*"):
        encrypted_key_of("a.!.c.d.e")


class Unreachable(InService):
    """A decrypter that asks its service what it is, which is down."""

    def __getattribute__(self, name: str) -> Any:
        if name == object.__getattribute__(self, "broken"):
            raise object.__getattribute__(self, "error")
        return object.__getattribute__(self, name)

    def __init__(self, broken: str, error: Exception) -> None:
        self.broken, self.error = "", error
        super().__init__()
        self.broken = broken


@pytest.mark.parametrize("name", ["algorithm", "kid"])
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError("s3cret"), "decryption_unavailable"),
        (KeyError("s3cret"), "decryption_unavailable"),
        (TimeoutError("s3cret"), "decryption_timed_out"),
    ],
)
def test_a_decrypter_whose_service_cannot_be_asked_what_it_is_fails_typed(
    name: str, error: Exception, code: str
) -> None:
    decrypter = Unreachable(name, error)
    header = {"alg": "RSA-OAEP", "kid": "key-2"}
    for read in (
        lambda: split_keys([decrypter]),
        lambda: fits(decrypter, header),
        lambda: UnwrappedKey(decrypter, b"", b""),
    ):
        with refused(DecryptionException, code) as caught:
            read()
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong", [{"algorithm": None}, {"algorithm": []}, {"kid": 5}, {"kid": b"key-2"}]
)
def test_a_decrypters_algorithm_and_name_are_text(wrong: dict[str, Any]) -> None:
    with refused(ConfigurationException, "invalid_decryption_key"):
        split_keys([InService(**wrong)])
