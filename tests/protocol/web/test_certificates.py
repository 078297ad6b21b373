"""Certificates in header fields."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from py_identity_model._web.certificates import certificate_of

PEM = "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----"
DER = b"0\x82\x01"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (PEM, PEM),
        (quote(PEM), PEM),
        (f" {quote(PEM)} ", PEM),
        (f":{base64.b64encode(DER).decode()}:", DER),
    ],
)
def test_a_certificate_is_read_as_proxies_write_it(value: str, expected: str | bytes) -> None:
    assert certificate_of([value]) == expected


@pytest.mark.parametrize(
    "values",
    [[], [""], [" "], [PEM, PEM], [f"{quote(PEM)},{quote(PEM)}"], [":no base64!:"], [":é:"]],
)
def test_none_and_several_prove_nothing(values: list[str]) -> None:
    assert certificate_of(values) is None
