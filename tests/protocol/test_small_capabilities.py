"""Keys for proofs, certificates, challenges, profiles, replay stores, the pace of polling."""

from __future__ import annotations

from typing import Any

import pytest
import trustme
from joserfc.jwk import ECKey

from py_identity_model import (
    FAPI2_ALLOWED_AUTH_METHODS,
    FAPI2_ALLOWED_SIGNING_ALGORITHMS,
    BaseResponse,
    CertificateBindingError,
    Challenge,
    DiscoveryDocumentResponse,
    DPoPKey,
    ErrorKind,
    FailedResponseAccessError,
    FAPIValidationResult,
    MemoryReplayStore,
    MtlsClientAuth,
    ReplayStore,
    build_dpop_headers,
    build_www_authenticate,
    certificate_thumbprint_from_file,
    compute_ath,
    compute_certificate_thumbprint,
    create_dpop_proof,
    generate_dpop_key,
    parse_www_authenticate,
    resolve_mtls_endpoint,
    validate_certificate_binding,
    validate_fapi_authorization_request,
    validate_fapi_client_config,
    validate_fapi_discovery,
)
from py_identity_model._jose.dpop_proof import jwk_thumbprint
from py_identity_model._jose.encoding import decode_base64url, parse_object
from py_identity_model._wire.polling import Rhythm
from py_identity_model.exceptions import InvalidArgumentError
from tests.support import refused

CERTIFICATE = trustme.CA().issue_cert("client.test").cert_chain_pems[0].bytes()


def test_a_key_is_made_for_its_algorithm() -> None:
    assert DPoPKey().algorithm == "ES256"
    assert set(DPoPKey("ES512").public_jwk) == {"kty", "crv", "x", "y"}
    assert set(generate_dpop_key("RS256").public_jwk) == {"kty", "n", "e"}
    assert generate_dpop_key("EdDSA").public_jwk["crv"] == "Ed25519"
    for algorithm in ("HS256", "none", "RS512", ""):
        with pytest.raises(ValueError, match="Unsupported DPoP algorithm"):
            generate_dpop_key(algorithm)
        with pytest.raises(ValueError, match="Unsupported DPoP algorithm"):
            DPoPKey.from_jwk({}, algorithm)


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "RS256", "PS256", "EdDSA"])
def test_a_key_survives_being_saved(algorithm: str) -> None:
    key = DPoPKey(algorithm)
    assert key.private_key_pem.startswith(b"-----BEGIN PRIVATE KEY-----")
    loaded = DPoPKey.from_pem(key.private_key_pem, algorithm)
    assert loaded.algorithm == algorithm
    assert loaded.public_jwk == key.public_jwk
    assert loaded.jwk_thumbprint == key.jwk_thumbprint
    assert "PRIVATE" not in repr(key)
    assert key.jwk_thumbprint in repr(key)


def test_a_key_is_loaded_from_a_jwk_and_from_an_encrypted_pem() -> None:
    made = ECKey.generate_key("P-256")
    loaded = DPoPKey.from_jwk(made.as_dict(private=True))
    assert loaded.public_jwk["x"] == made.as_dict()["x"]
    pem = made.as_pem(private=True, password="hidden")
    assert DPoPKey.from_pem(pem, password="hidden").jwk_thumbprint == loaded.jwk_thumbprint
    for password in (None, "wrong"):
        with refused(InvalidArgumentError, "invalid_private_key"):
            DPoPKey.from_pem(pem, password=password)


def test_a_thumbprint_is_that_of_the_specification() -> None:
    jwk = {
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tS"
        "oc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR"
        "0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhA"
        "I4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
        "alg": "RS256",
    }
    assert jwk_thumbprint(jwk) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    for odd in ({}, {"kty": "oct", "k": "x"}, {"kty": "RSA", "n": 7, "e": "AQAB"}):
        with pytest.raises(ValueError, match="not a public key"):
            jwk_thumbprint(odd)


def test_a_proof_says_what_it_is_for() -> None:
    key = DPoPKey()
    proof = create_dpop_proof(key, " post ", "https://a.example/b?c#d", "token", "nonce")
    header, claims = (parse_object(decode_base64url(s.encode())) for s in proof.split(".")[:2])
    assert header == {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.public_jwk}
    assert claims["htm"] == "POST"
    assert claims["htu"] == "https://a.example/b"
    assert claims["nonce"] == "nonce"
    assert claims["ath"] == compute_ath("token")
    assert len(claims["jti"]) == 36


@pytest.mark.parametrize(
    ("method", "uri", "text"),
    [
        (" ", "https://a.example", "method must not be empty"),
        ("GET", " ", "uri must not be empty"),
        ("GET", "/b", "uri must be an absolute HTTP URI"),
        ("GET", "ftp://a.example", "uri must be an absolute HTTP URI"),
        ("GET", "https://[", "uri must be an absolute HTTP URI"),
    ],
)
def test_a_proof_of_nothing_is_not_made(method: str, uri: str, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        create_dpop_proof(DPoPKey(), method, uri)


def test_headers_carry_proof_and_token() -> None:
    assert build_dpop_headers("p") == {"DPoP": "p"}
    assert build_dpop_headers("p", "t") == {"DPoP": "p", "Authorization": "DPoP t"}
    with pytest.raises(ValueError, match="must not be empty"):
        build_dpop_headers(" ")
    with pytest.raises(ValueError, match="must not be empty"):
        compute_ath(" ")
    with pytest.raises(ValueError, match="ASCII"):
        compute_ath("é")


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


HEADERS: list[tuple[Any, list[Challenge]]] = [
    ("", []),
    ("Bearer", [Challenge("bearer", {})]),
    (
        'Bearer realm="a, b", error=invalid_token , error_description="a \\"b\\" c"',
        [
            Challenge(
                "bearer",
                {"realm": "a, b", "error": "invalid_token", "error_description": 'a "b" c'},
            )
        ],
    ),
    (
        'Basic realm="x", DPoP algs="ES256", error="use_dpop_nonce"',
        [
            Challenge("basic", {"realm": "x"}),
            Challenge("dpop", {"algs": "ES256", "error": "use_dpop_nonce"}),
        ],
    ),
    (
        "Negotiate YWJj, Bearer",
        [Challenge("negotiate", {"token68": "YWJj"}), Challenge("bearer", {})],
    ),
    ('Bearer error="a", error="b"', [Challenge("bearer", {"error": "a"})]),
    (["Basic", "Bearer scope=a"], [Challenge("basic", {}), Challenge("bearer", {"scope": "a"})]),
    (
        "Bearer resource_metadata=https://a.example/b?c=d, error=invalid_token",
        [
            Challenge(
                "bearer",
                {"resource_metadata": "https://a.example/b?c=d", "error": "invalid_token"},
            )
        ],
    ),
    (
        "Bearer resource_metadata='https://a.example/b', DPoP algs='ES256 PS256'",
        [
            Challenge("bearer", {"resource_metadata": "https://a.example/b"}),
            Challenge("dpop", {"algs": "ES256 PS256"}),
        ],
    ),
    ("Bearer realm='it, scope=a", [Challenge("bearer", {"realm": "'it", "scope": "a"})]),
    ("Basic YWJj==, Bearer", [Challenge("basic", {"token68": "YWJj=="}), Challenge("bearer", {})]),
    ('Bearer realm=a"b"', [Challenge("bearer", {"realm": "a"})]),
    ('error="a"', []),
    ('Bearer error="unfinished', [Challenge("bearer", {})]),
    ("Bearer \x00", [Challenge("bearer", {})]),
    (", ,Bearer ,", [Challenge("bearer", {})]),
]


@pytest.mark.parametrize(("header", "challenges"), HEADERS, ids=range(len(HEADERS)))
def test_a_challenge_is_read(header: Any, challenges: list[Challenge]) -> None:
    assert parse_www_authenticate(header) == challenges


def test_a_challenge_that_was_built_is_read_as_it_was() -> None:
    header = build_www_authenticate(
        "DPoP",
        realm='the "realm"',
        error="insufficient_user_authentication",
        error_description="log in again\\",
        error_uri="https://api.example/help",
        scope=["a", "b"],
        acr_values="gold silver",
        max_age=5,
        resource_metadata="https://api.example/.well-known/oauth-protected-resource",
        algs="ES256 PS256",
    )
    (challenge,) = parse_www_authenticate(header)
    assert challenge.scheme == "dpop"
    assert challenge.error == "insufficient_user_authentication"
    assert challenge.scope == "a b"
    assert challenge.acr_values == "gold silver"
    assert challenge.max_age == 5
    assert challenge.resource_metadata is not None
    assert challenge.parameters["realm"] == 'the "realm"'
    assert challenge.parameters["error_description"] == "log in again\\"
    assert build_www_authenticate() == "Bearer"
    assert parse_www_authenticate("Bearer max_age=soon")[0].max_age is None


@pytest.mark.parametrize(
    "arguments", [{"scheme": "Bea rer"}, {"realm": "a\r\nSet-Cookie: b"}, {"error": "é"}]
)
def test_what_cannot_stand_in_a_header_is_refused(arguments: dict[str, str]) -> None:
    with pytest.raises(InvalidArgumentError):
        build_www_authenticate(**arguments)  # type: ignore[arg-type]


def test_the_profile_allows_two_algorithms_and_three_methods() -> None:
    assert frozenset({"PS256", "ES256"}) == FAPI2_ALLOWED_SIGNING_ALGORITHMS
    assert len(FAPI2_ALLOWED_AUTH_METHODS) == 3
    assert FAPIValidationResult().is_compliant
    assert not FAPIValidationResult(["no"]).is_compliant


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"response_type": "code id_token"}, "response_type"),
        ({"code_challenge": " "}, "code_challenge"),
        ({"code_challenge": None}, "code_challenge"),
        ({"code_challenge_method": "plain"}, "code_challenge_method"),
        ({"code_challenge_method": None}, "code_challenge_method"),
        ({"use_par": False}, "PAR"),
        ({"redirect_uri": "http://rp.example"}, "redirect_uri"),
        ({"redirect_uri": "https://"}, "redirect_uri"),
        ({"redirect_uri": "https://["}, "redirect_uri"),
        ({"redirect_uri": None}, "redirect_uri"),
        ({"algorithm": "RS256"}, "algorithm"),
    ],
)
def test_a_request_that_violates_the_profile_is_told_why(more: dict[str, Any], word: str) -> None:
    usual: dict[str, Any] = {
        "response_type": "code",
        "code_challenge": "c",
        "code_challenge_method": "S256",
        "redirect_uri": "https://rp.example/cb",
        "use_par": True,
        "algorithm": "PS256",
    }
    assert validate_fapi_authorization_request(**usual).is_compliant
    result = validate_fapi_authorization_request(**{**usual, **more})
    assert len(result.violations) == 1
    assert word in result.violations[0]


def test_a_client_that_violates_the_profile_is_told_why() -> None:
    assert validate_fapi_client_config(auth_method="tls_client_auth", use_mtls=True).is_compliant
    assert len(validate_fapi_client_config(auth_method=None).violations) == 2
    assert len(validate_fapi_client_config(auth_method="client_secret_basic").violations) == 2


def test_a_provider_that_violates_the_profile_is_told_why() -> None:
    good = DiscoveryDocumentResponse(
        True,
        grant_types_supported=["authorization_code"],
        response_types_supported=["code"],
        token_endpoint_auth_methods_supported=["private_key_jwt"],
        id_token_signing_alg_values_supported=["ES256"],
        code_challenge_methods_supported=["S256"],
    )
    assert validate_fapi_discovery(good).is_compliant
    bad = DiscoveryDocumentResponse(
        True,
        grant_types_supported=["implicit"],
        response_types_supported=["token"],
        id_token_signing_alg_values_supported=["RS256"],
        code_challenge_methods_supported=["plain"],
    )
    assert len(validate_fapi_discovery(bad).violations) == 5
    assert len(validate_fapi_discovery(DiscoveryDocumentResponse(False, "down")).violations) == 1


@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519"])
def test_the_checks_permit_ed25519_and_the_constant_is_as_it_was(algorithm: str) -> None:
    disco = DiscoveryDocumentResponse(
        True,
        token_endpoint_auth_methods_supported=["private_key_jwt"],
        id_token_signing_alg_values_supported=[algorithm],
    )
    assert validate_fapi_discovery(disco).is_compliant
    request: dict[str, Any] = {
        "response_type": "code",
        "code_challenge": "c",
        "code_challenge_method": "S256",
        "redirect_uri": "https://rp.example/cb",
        "use_par": True,
    }
    assert validate_fapi_authorization_request(**request, algorithm=algorithm).is_compliant
    assert not validate_fapi_authorization_request(**request, algorithm="Ed448").is_compliant
    assert {"PS256", "ES256"} == FAPI2_ALLOWED_SIGNING_ALGORITHMS


def test_an_identifier_is_taken_once_until_it_expires() -> None:
    store = MemoryReplayStore(max_entries=2)
    assert isinstance(store, ReplayStore)
    store.clock = lambda: 100.0
    assert store.add("a", 110.0)
    assert not store.add("a", 110.0)
    assert store.add("b", 120.0)
    assert not store.add("c", 130.0)  # full: refusing is safe, forgetting is not
    store.clock = lambda: 111.0
    assert store.add("c", 130.0)
    assert store.add("a", 140.0) is False
    assert len(store) == 2
    with refused(InvalidArgumentError, "invalid_argument"):
        MemoryReplayStore(0)


def answered(**more: Any) -> BaseResponse:
    usual: dict[str, Any] = {"is_successful": False, "error": "no"}
    return BaseResponse(**{**usual, **more})


def test_polling_goes_on_while_the_user_has_not_decided() -> None:
    rhythm = Rhythm.of(None, 60, 1000.0)
    assert rhythm.pause(1000.0) == 5
    assert rhythm.goes_on(answered(oauth_error="authorization_pending"))
    assert rhythm.interval == 5
    assert rhythm.goes_on(answered(oauth_error="slow_down"))
    assert rhythm.interval == 10
    assert rhythm.goes_on(answered(error_kind=ErrorKind.NETWORK_ERROR))
    assert rhythm.goes_on(answered(status_code=503))
    assert rhythm.interval == 20
    assert rhythm.pause(1045.0) is None


@pytest.mark.parametrize("code", ["expired_token", "access_denied", "invalid_grant", None])
def test_polling_ends_with_a_decision(code: str | None) -> None:
    rhythm = Rhythm.of(1, 60, 0.0)
    assert not rhythm.goes_on(answered(oauth_error=code, status_code=400))
    assert not rhythm.goes_on(BaseResponse(True))
