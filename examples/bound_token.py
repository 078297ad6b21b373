"""A token bound to a key, for a client that signs its assertions.  RFC 9449, RFC 7523.

OIDC_ISSUER=https://auth.example.com OIDC_CLIENT_ID=… OIDC_CLIENT_KEY=key.jwk \
    OIDC_RESOURCE=https://api.example.com python -m examples.bound_token
"""

import os
from pathlib import Path

from examples._provider import CLIENT_ID, ISSUER, discovered, succeeded
from py_identity_model import (
    ClientCredentialsTokenRequest,
    DPoPKey,
    MemoryReplayStore,
    PrivateKeyJwtAuthentication,
    TokenValidationConfig,
    create_dpop_proof,
    request_client_credentials_token,
    validate_access_token,
    verify_dpop_proof,
)

API = "https://api.example/orders"


def main() -> None:
    resource = os.environ["OIDC_RESOURCE"]
    key = DPoPKey("ES256")
    response = request_client_credentials_token(
        ClientCredentialsTokenRequest(
            str(discovered().token_endpoint),
            CLIENT_ID,
            client_authentication=PrivateKeyJwtAuthentication(
                Path(os.environ["OIDC_CLIENT_KEY"]).read_text(), "ES256", audience=ISSUER
            ),
            dpop_key=key,
            resource=resource,
        )
    )
    succeeded(response)
    token = (response.token or {})["access_token"]
    proof = create_dpop_proof(key, "GET", API, token)  # the client, for one request

    config = TokenValidationConfig(perform_disco=True, audience=resource)  # from here on the API
    claims = validate_access_token(token, config, ISSUER)
    verified = verify_dpop_proof(
        proof,
        "GET",
        API,
        access_token=token,
        token_claims=claims,
        replay_store=MemoryReplayStore(),
    )
    print(f"{claims['client_id']} holds the key {verified.jwk_thumbprint}")


if __name__ == "__main__":
    main()
