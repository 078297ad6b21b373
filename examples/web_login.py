"""Log users in to a web application, with a long-lived client.

    OIDC_ISSUER=https://auth.example.com OIDC_CLIENT_ID=… OIDC_CLIENT_SECRET=… \
        flask --app examples.web_login run
"""

import os
import secrets
from functools import cache
from typing import Any

from flask import Flask, redirect, request, session, url_for

from py_identity_model import (
    AuthorizationRequest,
    ClientSecretBasic,
    OAuthClient,
    PyIdentityModelException,
)

app = Flask(__name__)
app.secret_key = os.environ.get("SESSION_KEY") or secrets.token_bytes(32)
# A started login contains secrets; Flask's cookie is signed, not encrypted, so it is stored here.
begun: dict[str, AuthorizationRequest] = {}


@cache
def client() -> OAuthClient:
    return OAuthClient(
        os.environ["OIDC_ISSUER"],
        os.environ["OIDC_CLIENT_ID"],
        ClientSecretBasic(os.environ["OIDC_CLIENT_SECRET"]),
        scope="openid profile",
    )


@app.get("/login")
def login() -> Any:
    started = client().authorization_request(redirect_uri=url_for("callback", _external=True))
    session["login"] = secrets.token_urlsafe()
    begun[session["login"]] = started
    return redirect(started.url)


@app.get("/callback")
def callback() -> tuple[str, int]:
    started = begun.pop(session.pop("login", ""), None)
    if started is None:
        return "no login was begun here", 400
    try:
        who = client().callback(request.url, started, userinfo=True)
    except PyIdentityModelException as error:
        return f"not logged in: {error.code}", 403
    session["user"] = who.subject
    return f"welcome {who.subject}", 200
