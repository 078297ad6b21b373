import os

from oauthlib.oauth2 import BackendApplicationClient, TokenExpiredError
from requests_oauthlib import OAuth2Session

ISSUER = os.environ["OIDC_ISSUER"]
client_id = os.environ["OIDC_CLIENT_ID"]
session = OAuth2Session(client=BackendApplicationClient(client_id, scope=["read"]))


def fetch_token() -> None:
    secret = os.environ["OIDC_CLIENT_SECRET"]
    session.fetch_token(f"{ISSUER}/token", client_id=client_id, client_secret=secret)


def whoami() -> str:
    if not session.token:
        fetch_token()
    try:
        answer = session.get(f"{os.environ['API_URL']}/me")
    except TokenExpiredError:
        fetch_token()
        answer = session.get(f"{os.environ['API_URL']}/me")
    answer.raise_for_status()
    return str(answer.json()["you"])
