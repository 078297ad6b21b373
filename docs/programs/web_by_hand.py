import os
import secrets
from typing import Any

from flask import Flask, redirect, request, session, url_for

from py_identity_model import AuthorizationRequest, OAuthClient, PyIdentityModelException

app = Flask(__name__)
app.secret_key = secrets.token_bytes(32)  # in production: one that outlives the process
client = OAuthClient(
    os.environ["OIDC_ISSUER"],
    os.environ["OIDC_CLIENT_ID"],
    client_secret=os.environ["OIDC_CLIENT_SECRET"],
    scope="openid profile",
)
begun: dict[str, AuthorizationRequest] = {}  # it holds secrets, so it stays on the server


@app.get("/")
def home() -> str:
    return f"hello {session.get('user', 'stranger')}"


@app.get("/login")
def login() -> Any:
    started = client.authorization_request(redirect_uri=url_for("callback", _external=True))
    begun[started.state] = started
    session["login"] = started.state
    return redirect(started.url)


@app.get("/callback")
def callback() -> Any:
    started = begun.pop(session.pop("login", ""), None)
    if started is None:
        return "no login was begun in this browser", 400
    try:
        login = client.callback(request.url, started)
    except PyIdentityModelException as error:
        return f"not logged in: {error.code}", 403
    session["user"] = login.subject
    return redirect("/")


@app.get("/logout")
def logout() -> Any:
    session.clear()
    return redirect(client.end_session_url(post_logout_redirect_uri=request.host_url))
