"""Clients that authenticate by a certificate."""

from __future__ import annotations

import pytest

from py_identity_model import MtlsClientAuth, SelfSignedTlsClientAuth, TlsClientAuth

METHODS = pytest.mark.parametrize("method", [TlsClientAuth, SelfSignedTlsClientAuth])


@METHODS
def test_the_request_names_the_client_and_the_handshake_proves_it(
    method: type[TlsClientAuth],
) -> None:
    assert method("c.pem", "c.key").credentials("web", "https://op.example") == (
        {},
        {"client_id": "web"},
    )


@METHODS
def test_the_certificate_is_presented_with_its_key(method: type[TlsClientAuth]) -> None:
    presented = method("c.pem", "c.key", "password").client_certificate
    assert presented == MtlsClientAuth("c.pem", "c.key", "password", method.method)
    assert "password" not in repr(method("c.pem", "c.key", "password"))[20:]


@METHODS
def test_the_key_may_be_in_the_certificates_file(method: type[TlsClientAuth]) -> None:
    presented = method("c.pem").client_certificate
    assert presented is not None
    assert presented.private_key == "c.pem"


@METHODS
def test_without_files_the_http_client_presents_its_own(method: type[TlsClientAuth]) -> None:
    assert method().client_certificate is None
