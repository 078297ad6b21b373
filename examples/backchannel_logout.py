"""End sessions when the provider says so.  OpenID Connect Back-Channel Logout 1.0.

OIDC_ISSUER=https://auth.example.com OIDC_CLIENT_ID=… flask --app examples.backchannel_logout run
"""

import os

from flask import Flask, request

from py_identity_model import (
    MemoryReplayStore,
    PyIdentityModelException,
    TokenValidationConfig,
    validate_logout_token,
)

app = Flask(__name__)
replays = MemoryReplayStore()
sessions: dict[str, str] = {"the-sid-of-alice": "alice"}


@app.post("/backchannel-logout")
def logout() -> tuple[str, int, dict[str, str]]:
    config = TokenValidationConfig(perform_disco=True, audience=os.environ["OIDC_CLIENT_ID"])
    try:
        claims = validate_logout_token(
            request.form.get("logout_token", ""),
            config,
            os.environ["OIDC_ISSUER"],
            replay_store=replays,
        )
    except PyIdentityModelException as error:
        return error.code, 400, {"Cache-Control": "no-store"}
    sessions.pop(str(claims.get("sid")), None)
    return "", 200, {"Cache-Control": "no-store"}
