"""Both APIs in one program: blocking in a background job, awaitable for concurrent requests.

    OIDC_ISSUER=https://auth.example.com OIDC_CLIENT_ID=… OIDC_CLIENT_SECRET=… \
        python -m examples.mixed
"""

import asyncio
import os

from py_identity_model import (
    ClientCredentialsTokenRequest,
    DiscoveryDocumentRequest,
    TokenValidationConfig,
    request_client_credentials_token,
)
from py_identity_model import get_discovery_document as sync_get_discovery
from py_identity_model.aio import get_discovery_document as async_get_discovery
from py_identity_model.aio import validate_token as async_validate_token


def background_job(issuer: str) -> str:
    """Get a token, one step after the other."""
    disco = sync_get_discovery(DiscoveryDocumentRequest(address=issuer))
    if not disco.is_successful or disco.token_endpoint is None:
        raise SystemExit(f"discovery failed: {vars(disco)['error']}")
    response = request_client_credentials_token(
        ClientCredentialsTokenRequest(
            address=disco.token_endpoint,
            client_id=os.environ["OIDC_CLIENT_ID"],
            client_secret=os.environ["OIDC_CLIENT_SECRET"],
        )
    )
    if not response.is_successful or response.token is None:
        raise SystemExit(f"no token: {vars(response)['error']}")
    return str(response.token["access_token"])


async def api_endpoint(issuer: str, tokens: list[str]) -> list[str]:
    """Validate many tokens at once; the keys are fetched once."""
    disco = await async_get_discovery(DiscoveryDocumentRequest(address=issuer))
    config = TokenValidationConfig(
        perform_disco=True, options={"verify_aud": False}, allowed_issuers=[str(disco.issuer)]
    )
    results = await asyncio.gather(
        *[async_validate_token(token, config, issuer) for token in tokens],
        return_exceptions=True,
    )
    return [
        f"refused: {claims}" if isinstance(claims, BaseException) else f"valid: {claims['sub']}"
        for claims in results
    ]


def main() -> None:
    issuer = os.environ["OIDC_ISSUER"]
    token = background_job(issuer)
    for line in asyncio.run(api_endpoint(issuer, [token, token[:-4] + "AAAA"])):
        print(line)


if __name__ == "__main__":
    main()
