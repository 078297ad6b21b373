"""A web application in Litestar: login, a page for users, logout.

    OIDC_ISSUER=https://auth.example.com OIDC_CLIENT_ID=… OIDC_SECRET=… \
        SESSION_SECRET=$(python -c 'import secrets; print(secrets.token_urlsafe(32))') \
        uvicorn examples.litestar_web:app

Register ``http://127.0.0.1:8000/callback`` as the redirect URI, and ``http://127.0.0.1:8000/`` for
logouts.  Sessions are in this process: name a ``session_store`` that several share.
"""

from html import escape
from os import environ as env
from typing import Any

from litestar import Litestar, MediaType, Request, get

from py_identity_model.aio import AsyncOAuthClient
from py_identity_model.aio.web import AsyncWebLogin
from py_identity_model.integrations.asgi import LoginMiddleware, session_of

client = AsyncOAuthClient(
    env["OIDC_ISSUER"], env["OIDC_CLIENT_ID"], client_secret=env["OIDC_SECRET"]
)
login = AsyncWebLogin(client, secret=env["SESSION_SECRET"])
LOGOUT = '<form method="post" action="/logout"><button>Log out</button></form>'


@get("/", media_type=MediaType.HTML)
async def home(request: Request[Any, Any, Any]) -> str:
    user = session_of(request.scope)
    return f"Hello {escape(user.subject)} {LOGOUT}" if user else '<a href="/me">Log in</a>'


@get("/me", media_type=MediaType.HTML)
async def me(request: Request[Any, Any, Any]) -> str:
    user = session_of(request.scope)
    assert user, "/me is not public"
    return f"<h1>Your page</h1>{escape(user.subject)} {LOGOUT}"


# Litestar's own logging would replace what the program has set up for the root logger.
app = LoginMiddleware(Litestar([home, me], logging_config=None), login, public=["/"])
