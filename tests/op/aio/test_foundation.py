"""Discovery, keys, client credentials and validation against a certified provider."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from urllib.parse import unquote_plus

import pytest

from py_identity_model.aio import (
    AsyncHTTPClient,
    ClientAuthentication,
    ClientCredentialsTokenRequest,
    ClientSecretBasic,
    ClientSecretPost,
    DiscoveryDocumentRequest,
    DiscoveryErrorKind,
    JsonWebKey,
    JwksRequest,
    NoClientAuthentication,
    TokenValidationConfig,
    get_discovery_document,
    get_jwks,
    request_client_credentials_token,
    validate_token,
)
from py_identity_model.exceptions import (
    InvalidAudienceException,
    SignatureVerificationException,
    TokenValidationException,
)
from tests.op.driver import RealProvider
from tests.support import refused

ALGORITHMS = ["rs256", "ps256", "es256", "es384", "es512", "eddsa", "ed25519"]


async def token_for(
    op: RealProvider,
    resource: str,
    *,
    issuer: str | None = None,
    http_client: AsyncHTTPClient | None = None,
) -> str:
    """Ask for a token of the form that ``resource`` has registered (RFC 8707)."""
    request = ClientCredentialsTokenRequest(
        address=f"{issuer or op.issuer}/token",
        client_id="m2m-basic",
        client_secret=op.client("m2m-basic")["client_secret"],
        scope="api:read",
        resource=resource,
    )
    response = await request_client_credentials_token(request, http_client)
    assert response.is_successful, vars(response)["error"]
    assert response.token is not None
    return str(response.token["access_token"])


async def test_discovery_over_http(op: RealProvider) -> None:
    response = await get_discovery_document(DiscoveryDocumentRequest(op.issuer))
    assert response.is_successful
    assert response.issuer == op.issuer
    assert response.jwks_uri == f"{op.issuer}/jwks"
    assert response.revocation_endpoint == f"{op.issuer}/token/revocation"
    assert response.document is not None
    assert response.document["introspection_endpoint"] == response.introspection_endpoint


async def test_discovery_over_https_by_a_private_authority(trusted: RealProvider) -> None:
    async with AsyncHTTPClient() as client:
        response = await get_discovery_document(
            DiscoveryDocumentRequest(trusted.https_issuer), client
        )
    assert response.is_successful
    assert response.mtls_endpoint_aliases is not None


async def test_an_untrusted_authority_is_refused(
    op: RealProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_RETRY_MAX_ATTEMPTS", "0")
    async with AsyncHTTPClient() as client:
        response = await get_discovery_document(DiscoveryDocumentRequest(op.https_issuer), client)
    assert response.error_kind is DiscoveryErrorKind.NETWORK_ERROR
    assert "CERTIFICATE_VERIFY_FAILED" in str(response.error)


async def test_the_key_set_has_every_kind_of_key(op: RealProvider) -> None:
    response = await get_jwks(JwksRequest(f"{op.issuer}/jwks"))
    assert response.is_successful
    assert {(key.kty, key.crv) for key in response.keys or ()} >= {
        ("RSA", None),
        ("EC", "P-256"),
        ("EC", "P-384"),
        ("EC", "P-521"),
        ("OKP", "Ed25519"),
    }


@pytest.mark.parametrize("client_id", ["m2m-basic", "m2m-special:id"])
async def test_a_secret_is_really_sent_by_basic(op: RealProvider, client_id: str) -> None:
    secret = op.client(client_id)["client_secret"]
    response = await request_client_credentials_token(
        ClientCredentialsTokenRequest(
            address=f"{op.issuer}/token",
            client_id=client_id,
            client_authentication=ClientSecretBasic(secret),
        )
    )
    assert response.is_successful, vars(response)["error"]
    (received,) = op.requests("/token")
    scheme, _, pair = received["headers"]["authorization"].partition(" ")
    assert scheme == "Basic"
    sent = [unquote_plus(half) for half in b64decode(pair).decode().split(":")]
    assert sent == [client_id, secret]


async def test_a_secret_is_really_sent_in_the_body(op: RealProvider) -> None:
    response = await request_client_credentials_token(
        ClientCredentialsTokenRequest(
            address=f"{op.issuer}/token",
            client_id="m2m-post",
            client_authentication=ClientSecretPost(op.client("m2m-post")["client_secret"]),
        )
    )
    assert response.is_successful, vars(response)["error"]
    (received,) = op.requests("/token")
    assert "authorization" not in received["headers"]
    assert received["headers"]["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "chosen", [NoClientAuthentication(), ClientSecretBasic("wrong"), ClientSecretPost("wrong")]
)
async def test_a_client_that_does_not_prove_itself_gets_no_token(
    op: RealProvider, chosen: ClientAuthentication
) -> None:
    response = await request_client_credentials_token(
        ClientCredentialsTokenRequest(
            address=f"{op.issuer}/token", client_id="m2m-basic", client_authentication=chosen
        )
    )
    assert response.oauth_error == "invalid_client"
    assert response.status_code == 401
    log = op.take_log()
    (received,) = [entry for entry in log if entry.get("path") == "/token"]
    assert ("authorization" in received["headers"]) is isinstance(chosen, ClientSecretBasic)
    assert [entry["error"] for entry in log if "event" in entry] == ["invalid_client"]


async def test_an_opaque_token_is_not_a_jwt(op: RealProvider) -> None:
    token = await token_for(op, "https://api.test/opaque")
    config = TokenValidationConfig(perform_disco=True)
    with refused(TokenValidationException, "malformed_token"):
        await validate_token(token, config, op.issuer)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_tokens_of_every_algorithm_are_validated(op: RealProvider, algorithm: str) -> None:
    audience = f"https://api.test/{algorithm}"
    config = TokenValidationConfig(perform_disco=True, audience=audience)
    token = await token_for(op, audience)
    claims = await validate_token(token, config, op.issuer)
    assert claims["client_id"] == "m2m-basic"
    assert claims["aud"] == audience
    assert claims["scope"] == "api:read"
    with refused(InvalidAudienceException, "invalid_audience"):
        await validate_token(token, replace(config, audience="https://else.test"), op.issuer)
    head, _, signature = token.rpartition(".")
    forged = f"{head}.{signature[:9]}{'B' if signature[9] == 'A' else 'A'}{signature[10:]}"
    with refused(SignatureVerificationException, "invalid_signature"):
        await validate_token(forged, config, op.issuer)


async def test_an_hmac_token_is_validated_with_the_shared_key(op: RealProvider) -> None:
    audience = "https://api.test/hs256"
    key = JsonWebKey(kty="oct", k=op.info["resource_keys"]["hs256"])
    config = TokenValidationConfig(
        perform_disco=False,
        key=key,
        algorithms=["HS256"],
        audience=audience,
        issuer=op.issuer,
    )
    claims = await validate_token(await token_for(op, audience), config)
    assert claims["client_id"] == "m2m-basic"


async def test_keys_rotate_while_tokens_are_validated(op: RealProvider) -> None:
    audience = "https://api.test/rs256"
    config = TokenValidationConfig(perform_disco=True, audience=audience)
    old = await token_for(op, audience)
    await validate_token(old, config, op.issuer)
    op.rotate_keys(keep=True)
    await validate_token(await token_for(op, audience), config, op.issuer)
    await validate_token(old, config, op.issuer)
    op.rotate_keys()
    op.take_log()
    await validate_token(await token_for(op, audience), config, op.issuer)
    with refused(TokenValidationException, "no_matching_key"):
        await validate_token(old, config, op.issuer)
    assert len(op.requests("/jwks")) == 2


async def test_everything_works_over_https_as_well(trusted: RealProvider) -> None:
    audience = "https://api.test/es256"
    config = TokenValidationConfig(perform_disco=True, audience=audience)
    async with AsyncHTTPClient() as client:
        token = await token_for(trusted, audience, issuer=trusted.https_issuer, http_client=client)
        claims = await validate_token(token, config, trusted.https_issuer, client)
    assert claims["iss"] == trusted.https_issuer
