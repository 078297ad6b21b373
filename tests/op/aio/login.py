"""What every test of a login does."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from py_identity_model.aio import (
    AsyncHTTPClient,
    AuthorizationCodeTokenRequest,
    AuthorizeCallbackResponse,
    ClientAuthentication,
    ClientSecretBasic,
    DiscoveryDocumentRequest,
    DiscoveryDocumentResponse,
    DPoPKey,
    NoClientAuthentication,
    TokenValidationConfig,
    build_authorization_url,
    generate_pkce_pair,
    get_discovery_document,
    parse_authorize_callback_response,
    request_authorization_code_token,
    validate_authorize_callback_issuer,
    validate_authorize_callback_state,
    validate_id_token,
)
from tests.op.browser import Browser
from tests.op.driver import RealProvider

REDIRECT = "https://rp.example.test/cb"
SECRET = "a-secret-that-is-long-enough-for-HS256-and-then-some"


@dataclass
class Login:
    """What came of a login, all checks passed."""

    disco: DiscoveryDocumentResponse
    callback: AuthorizeCallbackResponse
    token: dict[str, Any] = field(repr=False)
    nonce: str
    claims: dict[str, Any]


@dataclass
class Attempt:
    """An authorization request under way."""

    client_id: str
    disco: DiscoveryDocumentResponse
    redirect_uri: str = REDIRECT
    state: str = field(default_factory=secrets.token_urlsafe)
    nonce: str = field(default_factory=secrets.token_urlsafe)
    pair: tuple[str, str] = field(default_factory=generate_pkce_pair)

    def url(self, **more: Any) -> str:
        """Return where the browser goes."""
        assert self.disco.authorization_endpoint is not None
        return build_authorization_url(
            self.disco.authorization_endpoint, **{**self.parameters(), **more}
        )

    def parameters(self) -> dict[str, Any]:
        """Return what the request says."""
        return {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": self.pair[1],
            "code_challenge_method": "S256",
        }

    def check(self, callback: AuthorizeCallbackResponse) -> None:
        """Check state and issuer."""
        assert callback.is_successful, vars(callback)
        assert validate_authorize_callback_state(callback, self.state).is_valid
        assert self.disco.authorization_response_iss_parameter_supported
        issuer = self.disco.issuer
        assert issuer is not None
        alone = callback.identity_token is None  # an ID token names the issuer itself
        assert validate_authorize_callback_issuer(callback, issuer, require=alone).is_valid


async def discover(
    issuer: str, http_client: AsyncHTTPClient | None = None
) -> DiscoveryDocumentResponse:
    """Return the provider's metadata."""
    disco = await get_discovery_document(DiscoveryDocumentRequest(issuer), http_client)
    assert disco.is_successful, vars(disco)
    return disco


async def exchange(
    attempt: Attempt,
    callback: AuthorizeCallbackResponse,
    *,
    authentication: ClientAuthentication | None = None,
    dpop_key: DPoPKey | None = None,
    address: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return the tokens for the code."""
    assert callback.code is not None
    response = await request_authorization_code_token(
        AuthorizationCodeTokenRequest(
            address or attempt.disco.token_endpoint or "",
            attempt.client_id,
            callback.code,
            attempt.redirect_uri,
            code_verifier=attempt.pair[0],
            client_authentication=authentication or ClientSecretBasic(SECRET),
            dpop_key=dpop_key,
            **more,
        )
    )
    assert response.is_successful, vars(response)
    assert response.token is not None
    return response.token


async def log_in(
    op: RealProvider,
    browser: Browser,
    client_id: str = "web",
    *,
    issuer: str | None = None,
    authentication: ClientAuthentication | None = None,
    config: TokenValidationConfig | None = None,
    **more: Any,
) -> Login:
    """Return what came of an authorization code flow with PKCE."""
    attempt = Attempt(client_id, await discover(issuer or op.issuer))
    landing = browser.go(attempt.url(**more), until=REDIRECT)
    callback = parse_authorize_callback_response(landing.url)
    attempt.check(callback)
    if authentication is None and "client_secret" not in op.client(client_id):
        authentication = NoClientAuthentication()
    token = await exchange(attempt, callback, authentication=authentication)
    claims = await validate_id_token(
        token["id_token"],
        config or TokenValidationConfig(perform_disco=True, audience=client_id),
        issuer or op.issuer,
        nonce=attempt.nonce,
        access_token=token["access_token"],
    )
    return Login(attempt.disco, callback, token, attempt.nonce, claims)
