"""An API in FastAPI by functions alone, as programs from before the adapter have it."""

import os
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from py_identity_model import (
    KeysUnavailableException,
    PyIdentityModelException,
    TokenValidationConfig,
)
from py_identity_model.aio import validate_token

app = FastAPI()
bearer = HTTPBearer(auto_error=False)
Claims = dict[str, Any]


async def verify_token(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Claims:
    if credentials is None:
        raise HTTPException(401, "Not authenticated", {"WWW-Authenticate": "Bearer"})
    config = TokenValidationConfig(perform_disco=True, audience=os.environ["OIDC_AUDIENCE"])
    try:
        return await validate_token(
            jwt=credentials.credentials,
            token_validation_config=config,
            disco_doc_address=os.environ["OIDC_ISSUER"],
        )
    except KeysUnavailableException:
        raise HTTPException(503, "The identity provider is unavailable") from None
    except PyIdentityModelException as error:
        challenge = 'Bearer error="invalid_token"'
        raise HTTPException(401, error.code, {"WWW-Authenticate": challenge}) from None


@app.get("/protected")
async def protected_route(claims: Annotated[Claims, Depends(verify_token)]) -> dict[str, str]:
    return {"user": claims["sub"]}
