"""An API in Flask by functions alone, as programs from before the adapter have it."""

import os

from flask import Flask, Response, jsonify, request

from py_identity_model import (
    KeysUnavailableException,
    PyIdentityModelException,
    TokenValidationConfig,
    validate_token,
)

app = Flask(__name__)


@app.route("/protected")
def protected_route() -> Response | tuple[Response, int] | tuple[Response, int, dict[str, str]]:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return jsonify({"error": "not_authenticated"}), 401, {"WWW-Authenticate": "Bearer"}
    config = TokenValidationConfig(perform_disco=True, audience=os.environ["OIDC_AUDIENCE"])
    try:
        claims = validate_token(
            jwt=token,
            token_validation_config=config,
            disco_doc_address=os.environ["OIDC_ISSUER"],
        )
    except KeysUnavailableException:
        return jsonify({"error": "provider_unavailable"}), 503
    except PyIdentityModelException as error:
        challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        return jsonify({"error": error.code}), 401, challenge
    return jsonify({"user": claims["sub"]})
