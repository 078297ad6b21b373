import os

from flask import Flask

from py_identity_model import OAuthClient
from py_identity_model.integrations.flask import WebLogin

client = OAuthClient(
    os.environ["OIDC_ISSUER"],
    os.environ["OIDC_CLIENT_ID"],
    client_secret=os.environ["OIDC_CLIENT_SECRET"],
)
login = WebLogin(client, secret=os.environ["SESSION_SECRET"])
app = Flask(__name__)
login.init_app(app)


@app.get("/me")
@login.required
def me() -> dict[str, str]:
    return {"you": login.user.subject}
