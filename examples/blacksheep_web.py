"""A web application in BlackSheep: login, a page for users, logout.

    OIDC_ISSUER=https://auth.example.com OIDC_CLIENT_ID=… OIDC_SECRET=… \
        SESSION_SECRET=$(python -c 'import secrets; print(secrets.token_urlsafe(32))') \
        uvicorn examples.blacksheep_web:app

Register ``http://127.0.0.1:8000/callback`` as the redirect URI, and ``http://127.0.0.1:8000/`` for
logouts.  Sessions are in this process: name a ``session_store`` that several share.
"""

from html import escape
from os import environ as env

from blacksheep import Application, Request, Response, html

from py_identity_model.aio import AsyncOAuthClient
from py_identity_model.aio.web import AsyncWebLogin
from py_identity_model.integrations.asgi import LoginMiddleware, session_of

client = AsyncOAuthClient(
    env["OIDC_ISSUER"], env["OIDC_CLIENT_ID"], client_secret=env["OIDC_SECRET"]
)
login = AsyncWebLogin(client, secret=env["SESSION_SECRET"])
LOGOUT = '<form method="post" action="/logout"><button>Log out</button></form>'
pages = Application()


@pages.router.get("/")
async def home(request: Request) -> Response:
    user = session_of(request.scope)
    return html(f"Hello {escape(user.subject)} {LOGOUT}" if user else '<a href="/me">Log in</a>')


@pages.router.get("/me")
async def me(request: Request) -> Response:
    user = session_of(request.scope)
    assert user, "/me is not public"
    return html(f"<h1>Your page</h1>{escape(user.subject)} {LOGOUT}")


app = LoginMiddleware(pages, login, public=["/"])
