import os

import msal
import requests

app = msal.ConfidentialClientApplication(
    os.environ["OIDC_CLIENT_ID"],
    client_credential=os.environ["OIDC_CLIENT_SECRET"],
    authority=f"https://login.microsoftonline.com/{os.environ['TENANT_ID']}",
)


def whoami() -> str:
    result = app.acquire_token_for_client(scopes=["api://orders/.default"])
    if "access_token" not in result:
        raise RuntimeError(result["error"])
    headers = {"Authorization": f"Bearer {result['access_token']}"}
    answer = requests.get(f"{os.environ['API_URL']}/me", headers=headers, timeout=5)
    answer.raise_for_status()
    return str(answer.json()["you"])
