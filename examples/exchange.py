"""Exchange a token for one that another API accepts.  RFC 8693.

OIDC_ISSUER=https://auth.example.com OIDC_CLIENT_ID=… OIDC_CLIENT_SECRET=… \
    OIDC_RESOURCE=https://api.example.com python -m examples.exchange
"""

import os

from examples._provider import CLIENT_ID, CLIENT_SECRET, discovered, succeeded
from py_identity_model import (
    ClientCredentialsTokenRequest,
    TokenExchangeRequest,
    exchange_token,
    request_client_credentials_token,
)
from py_identity_model.oidc_constants import TokenTypeIdentifiers


def main() -> None:
    address = str(discovered().token_endpoint)
    first = request_client_credentials_token(
        ClientCredentialsTokenRequest(address, CLIENT_ID, CLIENT_SECRET)
    )
    succeeded(first)
    response = exchange_token(
        TokenExchangeRequest(
            address,
            CLIENT_ID,
            subject_token=(first.token or {})["access_token"],
            subject_token_type=TokenTypeIdentifiers.ACCESS_TOKEN.value,
            resource=os.environ["OIDC_RESOURCE"],
            client_secret=CLIENT_SECRET,
        )
    )
    succeeded(response)
    print(f"exchanged for {response.issued_token_type}")


if __name__ == "__main__":
    main()
