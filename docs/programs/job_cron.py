import os
from pathlib import Path

import httpx

from py_identity_model import FileTokenStore, OAuthClient

client = OAuthClient(
    os.environ["OIDC_ISSUER"],
    os.environ["OIDC_CLIENT_ID"],
    client_secret=os.environ["OIDC_CLIENT_SECRET"],
    token_store=FileTokenStore(Path.home() / ".cache" / "report-tokens"),
)
auth = client.auth(
    scope="read",
    origins=[os.environ["API_URL"]],
    allow_tokens_over_plain_http=True,  # for the example's API on loopback
)
with httpx.Client(base_url=os.environ["API_URL"], auth=auth) as api:
    print(api.get("/me").raise_for_status().json()["you"])
