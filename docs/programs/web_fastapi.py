import os
from typing import Annotated

from fastapi import Depends, FastAPI

from py_identity_model.aio import AsyncOAuthClient, AsyncSession
from py_identity_model.integrations.fastapi import WebLogin

client = AsyncOAuthClient(
    os.environ["OIDC_ISSUER"],
    os.environ["OIDC_CLIENT_ID"],
    client_secret=os.environ["OIDC_CLIENT_SECRET"],
)
login = WebLogin(client, secret=os.environ["SESSION_SECRET"])
app = FastAPI()
login.init_app(app)


@app.get("/me")
async def me(user: Annotated[AsyncSession, Depends(login)]) -> dict[str, str]:
    return {"you": user.subject}
