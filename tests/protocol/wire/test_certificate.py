"""Client certificates: thumbprints, and the members that name them."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from py_identity_model import (
    MtlsClientAuth,
    certificate_thumbprint_from_file,
    compute_certificate_thumbprint,
)
from py_identity_model._wire.certificate import certificate_members
from py_identity_model.exceptions import InvalidArgumentError
from tests.support import refused

ISSUED = trustme.CA().issue_cert("client.test")
PEM = ISSUED.cert_chain_pems[0].bytes()
DER = x509.load_pem_x509_certificate(PEM).public_bytes(Encoding.DER)
OWN = load_pem_private_key(ISSUED.private_key_pem.bytes(), None).public_key()


def test_a_thumbprint_is_the_same_for_text_pem_and_der(tmp_path: Path) -> None:
    file = tmp_path / "client.pem"
    file.write_bytes(PEM)
    prints = {compute_certificate_thumbprint(one) for one in (PEM, PEM.decode(), DER)}
    assert prints == {certificate_thumbprint_from_file(str(file))}


@pytest.mark.parametrize("certificate", ["", b"", "x", b"\x00", PEM[:200], "\ud800"])
def test_something_that_is_not_a_certificate_is_refused(certificate: str | bytes) -> None:
    with refused(InvalidArgumentError, "invalid_certificate"):
        compute_certificate_thumbprint(certificate)


def test_a_blank_path_is_refused_and_a_missing_file_is_the_systems_error() -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        certificate_thumbprint_from_file(" ")
    with pytest.raises(OSError, match="nowhere"):
        certificate_thumbprint_from_file("/nowhere.pem")


def test_a_certificate_is_named_by_both_of_its_digests() -> None:
    members = certificate_members(PEM, OWN)
    assert members.keys() == {"x5t#S256", "x5t"}
    assert members["x5t#S256"] == compute_certificate_thumbprint(PEM)


def test_a_certificate_of_another_key_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    with refused(InvalidArgumentError, "invalid_certificate"):
        certificate_members(PEM, other)


def test_neither_key_nor_password_is_shown() -> None:
    shown = repr(MtlsClientAuth("c.pem", "the-key", "the-password"))
    assert "the-key" not in shown
    assert "the-password" not in shown
