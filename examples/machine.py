"""A machine's token, its introspection, and its revocation.  RFC 6749 §4.4, 7662, 7009.

OIDC_ISSUER=https://auth.example.com OIDC_CLIENT_ID=… OIDC_CLIENT_SECRET=… \
    python -m examples.machine
"""

from examples._provider import CLIENT_ID, CLIENT_SECRET, discovered, succeeded
from py_identity_model import (
    ClientCredentialsTokenRequest,
    TokenIntrospectionRequest,
    TokenRevocationRequest,
    introspect_token,
    request_client_credentials_token,
    revoke_token,
)


def main() -> None:
    disco = discovered()
    response = request_client_credentials_token(
        ClientCredentialsTokenRequest(str(disco.token_endpoint), CLIENT_ID, CLIENT_SECRET)
    )
    succeeded(response)
    token = (response.token or {})["access_token"]
    ask = TokenIntrospectionRequest(
        str(disco.introspection_endpoint), token, CLIENT_ID, client_secret=CLIENT_SECRET
    )
    for moment in ("before", "after"):
        answer = introspect_token(ask)
        succeeded(answer)
        print(f"active {moment} the revocation: {(answer.claims or {}).get('active') is True}")
        if moment == "before":
            succeeded(
                revoke_token(
                    TokenRevocationRequest(
                        str(disco.revocation_endpoint),
                        token,
                        CLIENT_ID,
                        client_secret=CLIENT_SECRET,
                    )
                )
            )


if __name__ == "__main__":
    main()
