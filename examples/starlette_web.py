"""A web application in Starlette: login, a page for users, logout.

    OIDC_ISSUER=https://auth.example.com OIDC_CLIENT_ID=… OIDC_SECRET=… \
        SESSION_SECRET=$(python -c 'import secrets; print(secrets.token_urlsafe(32))') \
        uvicorn examples.starlette_web:app

Register ``http://127.0.0.1:8000/callback`` as the redirect URI, and ``http://127.0.0.1:8000/`` for
logouts.  Sessions are in this process: name a ``session_store`` that several share.
"""

from html import escape
from os import environ as env

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from py_identity_model.aio import AsyncOAuthClient
from py_identity_model.integrations.starlette import WebLogin

client = AsyncOAuthClient(
    env["OIDC_ISSUER"], env["OIDC_CLIENT_ID"], client_secret=env["OIDC_SECRET"]
)
login = WebLogin(client, secret=env["SESSION_SECRET"])
LOGOUT = '<form method="post" action="/logout"><button>Log out</button></form>'


async def home(request: Request) -> HTMLResponse:
    user = await login.current(request)
    page = f"Hello {escape(user.subject)} {LOGOUT}" if user else '<a href="/me">Log in</a>'
    return HTMLResponse(page)


async def me(request: Request) -> HTMLResponse:
    user = await login.required(request)
    return HTMLResponse(f"<h1>Your page</h1>{escape(user.subject)} {LOGOUT}")


app = Starlette(
    routes=[Route("/", home), Route("/me", me), *login.routes], middleware=[login.middleware]
)
