import os

import httpx

from py_identity_model import OAuthClient

client = OAuthClient(
    os.environ["OIDC_ISSUER"],
    os.environ["OIDC_CLIENT_ID"],
    client_secret=os.environ["OIDC_CLIENT_SECRET"],
)
api = httpx.Client(
    base_url=os.environ["API_URL"],
    auth=client.auth(
        scope="read",
        origins=[os.environ["API_URL"]],
        allow_tokens_over_plain_http=True,  # for the example's API on loopback
    ),
)


def whoami() -> str:
    return str(api.get("/me").raise_for_status().json()["you"])
