"""An API in FastAPI: scopes per route, complete refusals, and Swagger's Authorize button.

    OIDC_ISSUER=https://auth.example.com OIDC_AUDIENCE=my-api uvicorn examples.protected_api:app

The button logs in as the public client ``swagger``; register
``http://127.0.0.1:8000/docs/oauth2-redirect`` for it, and allow its origin at the provider (CORS).
"""

from os import environ as env
from typing import Annotated, Any

from fastapi import FastAPI, Security

from py_identity_model.integrations.fastapi import BearerGuard, VerifiedAccessToken

app = FastAPI()
guard = BearerGuard(env["OIDC_ISSUER"], env["OIDC_AUDIENCE"], app=app, swagger_client_id="swagger")


@app.get("/orders")
async def orders(token: Annotated[VerifiedAccessToken, Security(guard, scopes=["read"])]) -> Any:
    return {"user": token.subject, "orders": []}


@app.post("/orders")
async def order(token: Annotated[VerifiedAccessToken, Security(guard, scopes=["write"])]) -> Any:
    return {"ordered_by": token.subject}
