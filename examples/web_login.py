"""A web application in FastAPI: login, pages for users, calls of an API on their behalf, logout.

    OIDC_ISSUER=https://auth.example.com OIDC_CLIENT_ID=… OIDC_SECRET=… API=https://api.example \
        SESSION_SECRET=$(python -c 'import secrets; print(secrets.token_urlsafe(32))') \
        uvicorn examples.web_login:app

Register ``http://127.0.0.1:8000/callback`` as the redirect URI, and ``http://127.0.0.1:8000/`` for
logouts.  Sessions are in this process: name a ``session_store`` that several share.
"""

from os import environ as env
from typing import Annotated, Any

import httpx
from fastapi import Depends, FastAPI

from py_identity_model.aio import AsyncOAuthClient, AsyncSession
from py_identity_model.integrations.fastapi import WebLogin

client = AsyncOAuthClient(
    env["OIDC_ISSUER"], env["OIDC_CLIENT_ID"], client_secret=env["OIDC_SECRET"], scope="openid read"
)
login = WebLogin(client, secret=env["SESSION_SECRET"])
app = FastAPI()
login.init_app(app)


@app.get("/")
async def home(user: Annotated[AsyncSession | None, Depends(login.optional)]) -> Any:
    return {"user": user.subject if user else None}


@app.get("/orders")
async def orders(user: Annotated[AsyncSession, Depends(login)]) -> Any:
    async with httpx.AsyncClient(auth=await user.auth(origins=[env["API"]])) as http:
        return (await http.get(f"{env['API']}/orders")).json()
