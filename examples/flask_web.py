"""A web application and an API in Flask: pages for users, and routes for access tokens.

    OIDC_ISSUER=https://auth.example.com OIDC_CLIENT_ID=… OIDC_SECRET=… OIDC_AUDIENCE=my-api \
        SESSION_SECRET=$(python -c 'import secrets; print(secrets.token_urlsafe(32))') \
        flask --app examples.flask_web run

Register ``http://127.0.0.1:5000/callback`` as the redirect URI, and ``http://127.0.0.1:5000/`` for
logouts.  Sessions are in this process: name a ``session_store`` that several share.
"""

from html import escape
from os import environ as env

from flask import Flask

from py_identity_model import OAuthClient
from py_identity_model.integrations.flask import BearerGuard, WebLogin

client = OAuthClient(env["OIDC_ISSUER"], env["OIDC_CLIENT_ID"], client_secret=env["OIDC_SECRET"])
login = WebLogin(client, secret=env["SESSION_SECRET"])
guard = BearerGuard(env["OIDC_ISSUER"], env["OIDC_AUDIENCE"])
app = Flask(__name__)
login.init_app(app)
LOGOUT = '<form method="post" action="/logout"><button>Log out</button></form>'


@app.get("/")
def home() -> str:
    user = login.current
    return f"Hello {escape(user.subject)} {LOGOUT}" if user else '<a href="/me">Log in</a>'


@app.get("/me")
@login.required
def me() -> str:
    return f"<h1>Your page</h1>{escape(login.user.subject)} {LOGOUT}"


@app.get("/orders")
@guard.required("read")
def orders() -> dict[str, str | None]:
    return {"user": guard.token.subject}
