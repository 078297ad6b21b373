"""Pages in FastAPI: the program of ``examples/`` in this framework answers with JSON."""

from html import escape
from os import environ as env
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi.responses import HTMLResponse

from py_identity_model.aio import AsyncOAuthClient, AsyncSession
from py_identity_model.integrations.fastapi import WebLogin

client = AsyncOAuthClient(
    env["OIDC_ISSUER"], env["OIDC_CLIENT_ID"], client_secret=env["OIDC_SECRET"]
)
login = WebLogin(client, secret=env["SESSION_SECRET"])
app = FastAPI()
login.init_app(app)
LOGOUT = '<form method="post" action="/logout"><button>Log out</button></form>'


@app.get("/")
async def home(user: Annotated[AsyncSession | None, Depends(login.optional)]) -> HTMLResponse:
    page = f"Hello {escape(user.subject)} {LOGOUT}" if user else '<a href="/me">Log in</a>'
    return HTMLResponse(page)


@app.get("/me")
async def me(user: Annotated[AsyncSession, Depends(login)]) -> HTMLResponse:
    return HTMLResponse(f"<h1>Your page</h1>{escape(user.subject)} {LOGOUT}")
