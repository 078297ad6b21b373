"""Base64url and JSON: one spelling for each value."""

from __future__ import annotations

import pytest

from py_identity_model._jose.encoding import (
    decode_base64url,
    encode_base64url,
    parse_json,
    parse_object,
    parse_object_quickly,
    without_padding,
)


@pytest.mark.parametrize("text", [b"", b"QQ", b"QUI", b"QUJD", b"-_-_"])
def test_one_spelling_of_bytes_is_read(text: bytes) -> None:
    assert encode_base64url(decode_base64url(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        *(b"QR", b"QUJ", b"Q", b"QQ==", b"+/+/", b"QU JD", b"QUJD\n", b"QU\nJD", b"Q=Q="),
        *(b"\xff\xff\xff\xff", b"QQ\x00\x00", b"!!!!"),
    ],
)
def test_every_other_spelling_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_base64url(text)


def test_an_object_is_read_strictly_or_with_duplicates() -> None:
    assert parse_object(b'{"a": 1, "a": 2}', allow_duplicates=True) == {"a": 2}
    assert parse_object(b' \n{"a": 1}\t') == {"a": 1}
    assert parse_json('[{"a": 1, "a": 2}]', allow_duplicates=True) == [{"a": 2}]
    with pytest.raises(ValueError, match="duplicate member"):
        parse_json('[{"a": 1, "a": 2}]')
    nested = b'{"a":' * 100_000
    for bad in (
        nested,
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 2}}',
        b"{} x",
        b"\xef\xbb\xbf{}",
        *(
            b"",
            b" ",
            b"{",
            b'{"a": }',
            b'{"a":',
            b'{"a": 1',
            b'{"a" 1}',
            b"{]",
            b"[1]",
            b"1",
            b"\xff",
        ),
        *(b'{"a": NaN}', b'{"a": -Infinity}', b'{"a": 1}{}', b'{"a": 01}', b'{"a": "\n"}'),
    ):
        for duplicates in (False, True):
            if duplicates and b", " in bad:
                continue
            with pytest.raises(ValueError, match=r"."):
                parse_object(bad, allow_duplicates=duplicates)
        found = parse_object_quickly(bad)
        assert found is None or b", " in bad


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        (b"QX==", b"QX"),
        (b"QQXX", b"QQXX"),
        (b"QQ==", b"QQ"),
        (b"QUI=", b"QUI"),
        (b"QUJD", b"QUJD"),
        (b"", b""),
    ],
)
def test_exactly_the_right_padding_is_removed(text: bytes, bare: bytes) -> None:
    assert without_padding(text) == bare


@pytest.mark.parametrize(
    "text", [b"QQ=", b"QQ===", b"QUI==", b"QUJD=", b"QUJD====", b"=QQ", b"====", b"="]
)
def test_any_other_padding_stays_and_is_refused(text: bytes) -> None:
    assert without_padding(text) == text
    with pytest.raises(ValueError, match=r"."):
        decode_base64url(text)


@pytest.mark.parametrize("data", [b'{"a": 1}', b" {}", b'{"a": 1, "a": 2}', b"{}\n"])
def test_the_quick_reader_agrees_with_the_careful_one_or_leaves_it_alone(data: bytes) -> None:
    quick = parse_object_quickly(data)
    assert quick in (None, parse_object(data, allow_duplicates=True))
    assert (quick is None) is (data.strip() != data)  # it leaves white space to the careful one
