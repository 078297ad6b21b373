import os
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException

from py_identity_model import AccessTokenRefusedException, VerifiedAccessToken
from py_identity_model.aio import AsyncAccessTokenVerifier

app = FastAPI()
verifier = AsyncAccessTokenVerifier(os.environ["OIDC_ISSUER"], os.environ["OIDC_AUDIENCE"])


async def caller(authorization: Annotated[str | None, Header()] = None) -> VerifiedAccessToken:
    try:
        return await verifier.verify(authorization, scopes=["read"])
    except AccessTokenRefusedException as error:
        raise HTTPException(error.status_code, headers=error.headers) from None


@app.get("/me")
async def me(token: Annotated[VerifiedAccessToken, Depends(caller)]) -> dict[str, str | None]:
    return {"you": token.subject}
