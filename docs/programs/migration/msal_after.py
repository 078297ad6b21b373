import os

import httpx

from py_identity_model import OAuthClient
from py_identity_model.providers import entra

client = OAuthClient(
    entra(os.environ["TENANT_ID"]),
    os.environ["OIDC_CLIENT_ID"],
    client_secret=os.environ["OIDC_CLIENT_SECRET"],
)
API = os.environ["API_URL"]
http = httpx.Client(base_url=API, auth=client.auth(scope="api://orders/.default", origins=[API]))


def whoami() -> str:
    return str(http.get("/me").raise_for_status().json()["you"])
