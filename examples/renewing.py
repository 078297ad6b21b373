"""Call an API with a token that is renewed automatically.

    OIDC_ISSUER=https://auth.example.com OIDC_CLIENT_ID=… OIDC_CLIENT_SECRET=… \
        API=https://api.example.com python -m examples.renewing
"""

import os

import httpx

from py_identity_model import ClientSecretBasic, OAuthClient


def main() -> None:
    api = os.environ["API"]
    client = OAuthClient(
        os.environ["OIDC_ISSUER"],
        os.environ["OIDC_CLIENT_ID"],
        ClientSecretBasic(os.environ["OIDC_CLIENT_SECRET"]),
    )
    auth = client.auth(scope="read", origins=[api])
    with httpx.Client(auth=auth) as http:
        for _ in range(3):
            print(http.get(f"{api}/orders").status_code)


if __name__ == "__main__":
    main()
