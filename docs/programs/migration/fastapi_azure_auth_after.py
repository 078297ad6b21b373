import os
from typing import Annotated

from fastapi import FastAPI, Security

from py_identity_model import VerifiedAccessToken
from py_identity_model.integrations.fastapi import BearerGuard
from py_identity_model.providers import entra

guard = BearerGuard(entra(os.environ["TENANT_ID"]), os.environ["API_CLIENT_ID"])
app = FastAPI()


@app.get("/me")
async def me(
    token: Annotated[VerifiedAccessToken, Security(guard, scopes=["read"])],
) -> dict[str, str | None]:
    return {"you": token.subject}
