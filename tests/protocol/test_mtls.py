"""Client certificates: thumbprints, bindings, aliases."""

from __future__ import annotations

from typing import Any

import pytest
import trustme

from py_identity_model import (
    CertificateBindingError,
    DiscoveryDocumentResponse,
    FailedResponseAccessError,
    MtlsClientAuth,
    certificate_thumbprint_from_file,
    compute_certificate_thumbprint,
    resolve_mtls_endpoint,
    validate_certificate_binding,
)
from tests.support import refused

CERTIFICATE = trustme.CA().issue_cert("client.test").cert_chain_pems[0].bytes()


def test_a_thumbprint_is_the_same_for_every_form_of_a_certificate(tmp_path: Any) -> None:
    import ssl

    der = ssl.PEM_cert_to_DER_cert(CERTIFICATE.decode())
    file = tmp_path / "c.pem"
    file.write_bytes(CERTIFICATE)
    found = {
        compute_certificate_thumbprint(CERTIFICATE),
        compute_certificate_thumbprint(CERTIFICATE.decode()),
        compute_certificate_thumbprint(der),
        certificate_thumbprint_from_file(str(file)),
    }
    assert len(found) == 1
    for odd in ("", b"", "no certificate", b"\x30\x00"):
        with pytest.raises(ValueError, match="certificate"):
            compute_certificate_thumbprint(odd)
    with pytest.raises(ValueError, match="path must not be empty"):
        certificate_thumbprint_from_file(" ")
    with pytest.raises(OSError, match="No such file"):
        certificate_thumbprint_from_file(str(tmp_path / "nowhere"))


def test_a_token_belongs_to_its_certificate() -> None:
    thumbprint = compute_certificate_thumbprint(CERTIFICATE)
    validate_certificate_binding({"cnf": {"x5t#S256": thumbprint}}, CERTIFICATE)
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "missing_confirmation"),
        ({"cnf": "x"}, "missing_confirmation"),
        ({"cnf": {}}, "missing_certificate_thumbprint"),
        ({"cnf": {"x5t#S256": 7}}, "missing_certificate_thumbprint"),
        ({"cnf": {"x5t#S256": "é"}}, "missing_certificate_thumbprint"),
        ({"cnf": {"x5t#S256": "x"}}, "certificate_binding_mismatch"),
    ]
    for claims, code in cases:
        with refused(CertificateBindingError, code):
            validate_certificate_binding(claims, CERTIFICATE)
    with pytest.raises(ValueError, match="certificate"):
        validate_certificate_binding({"cnf": {"x5t#S256": thumbprint}}, "nonsense")


def test_an_alias_is_used_where_there_is_one() -> None:
    disco = DiscoveryDocumentResponse(
        True,
        token_endpoint="https://a/t",
        userinfo_endpoint="https://a/u",
        mtls_endpoint_aliases={"token_endpoint": "https://m/t", "userinfo_endpoint": ""},
    )
    assert resolve_mtls_endpoint(disco, "token_endpoint") == "https://m/t"
    assert resolve_mtls_endpoint(disco, "userinfo_endpoint") == "https://a/u"
    assert resolve_mtls_endpoint(disco, "nonsense_endpoint") is None
    with pytest.raises(FailedResponseAccessError):
        resolve_mtls_endpoint(DiscoveryDocumentResponse(False, "down"), "token_endpoint")
    assert "hidden" not in repr(MtlsClientAuth("c", "hidden.key", "hidden"))
