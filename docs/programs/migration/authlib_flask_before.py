import os

from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, session, url_for

app = Flask(__name__)
app.secret_key = os.environ["SESSION_SECRET"]
oauth = OAuth(app)
oauth.register(
    "op",
    client_id=os.environ["OIDC_CLIENT_ID"],
    client_secret=os.environ["OIDC_CLIENT_SECRET"],
    server_metadata_url=f"{os.environ['OIDC_ISSUER']}/.well-known/openid-configuration",
    client_kwargs={"scope": "openid profile", "code_challenge_method": "S256"},
)


@app.get("/login")
def login():
    return oauth.op.authorize_redirect(url_for("callback", _external=True))


@app.get("/callback")
def callback():
    token = oauth.op.authorize_access_token()
    session["user"] = token["userinfo"]["sub"]
    return redirect("/me")


@app.get("/me")
def me():
    if "user" not in session:
        return redirect("/login")
    return {"you": session["user"]}
