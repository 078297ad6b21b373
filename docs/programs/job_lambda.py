import contextlib
import json
import os
from typing import Any

import httpx

from py_identity_model import (
    AccessTokenRefusedException,
    AccessTokenVerifier,
    OAuthClient,
    TokenValidationException,
    prime,
)

issuer = os.environ["OIDC_ISSUER"]
verifier = AccessTokenVerifier(issuer, os.environ["OIDC_AUDIENCE"])
client = OAuthClient(
    issuer, os.environ["OIDC_CLIENT_ID"], client_secret=os.environ["OIDC_CLIENT_SECRET"]
)
api = httpx.Client(
    base_url=os.environ["API_URL"],
    auth=client.auth(
        scope="read",
        origins=[os.environ["API_URL"]],
        allow_tokens_over_plain_http=True,  # for the example's API on loopback
    ),
)
with contextlib.suppress(TokenValidationException):  # it is down: the first token tries again
    prime(issuer)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer an event of an HTTP API of API Gateway, or of a function URL (payload 2.0)."""
    try:
        token = verifier.verify(event["headers"].get("authorization"), scopes=["read"])
    except AccessTokenRefusedException as error:
        return {"statusCode": error.status_code, "headers": dict(error.headers)}
    orders = api.get("/orders").raise_for_status().json()
    return {"statusCode": 200, "body": json.dumps({"you": token.subject, "orders": orders})}
