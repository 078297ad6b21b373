"""An API whose refusals are complete: status, challenge, and what is missing.

    OIDC_ISSUER=https://auth.example.com OIDC_AUDIENCE=my-api \
        uvicorn examples.protected_api:app
"""

import os
from functools import cache
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse

from py_identity_model.aio import AsyncAccessTokenVerifier, VerifiedAccessToken
from py_identity_model.exceptions import AccessTokenRefusedException

app = FastAPI()


@cache
def verifier() -> AsyncAccessTokenVerifier:
    return AsyncAccessTokenVerifier(os.environ["OIDC_ISSUER"], os.environ["OIDC_AUDIENCE"])


@app.exception_handler(AccessTokenRefusedException)
async def refuse(request: Request, error: AccessTokenRefusedException) -> JSONResponse:
    return JSONResponse({"error": error.code}, error.status_code, error.headers)


async def reader(request: Request) -> VerifiedAccessToken:
    return await verifier().verify(
        request.headers.get("Authorization"),
        method=request.method,
        uri=str(request.url),
        dpop=request.headers.getlist("DPoP"),
        scopes=["read"],
    )


@app.get("/orders")
async def orders(token: Annotated[VerifiedAccessToken, Depends(reader)]) -> dict[str, Any]:
    return {"user": token.subject, "orders": []}
