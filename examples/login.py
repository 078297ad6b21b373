"""Log a user in: authorization code with PKCE, for a program on the user's own machine.

    OIDC_ISSUER=https://auth.example.com OIDC_CLIENT_ID=… python -m examples.login

It prints the URL to open, and waits for the browser to come back.  RFC 8252, RFC 7636.
"""

import secrets
from http.server import BaseHTTPRequestHandler, HTTPServer

from examples._provider import CLIENT_ID, CLIENT_SECRET, ISSUER, discovered, succeeded
from py_identity_model import (
    AuthorizationCodeTokenRequest,
    TokenValidationConfig,
    UserInfoRequest,
    build_authorization_url,
    generate_pkce_pair,
    get_userinfo,
    parse_authorize_callback_response,
    request_authorization_code_token,
    validate_authorize_callback_issuer,
    validate_authorize_callback_state,
    validate_id_token,
)


class Callback(BaseHTTPRequestHandler):
    url = ""

    def do_GET(self) -> None:
        Callback.url = self.path
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"You may close this window.")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def main() -> None:
    disco = discovered()
    state, nonce = secrets.token_urlsafe(), secrets.token_urlsafe()
    verifier, challenge = generate_pkce_pair()
    with HTTPServer(("127.0.0.1", 0), Callback) as server:
        redirect_uri = f"http://127.0.0.1:{server.server_port}/cb"
        url = build_authorization_url(
            str(disco.authorization_endpoint),
            CLIENT_ID,
            redirect_uri,
            ["openid", "profile"],
            state=state,
            nonce=nonce,
            code_challenge=challenge,
            code_challenge_method="S256",
        )
        print(f"open {url}", flush=True)
        server.handle_request()

    callback = parse_authorize_callback_response(Callback.url)
    supported = bool(disco.authorization_response_iss_parameter_supported)
    for checked in (
        validate_authorize_callback_state(callback, state),
        validate_authorize_callback_issuer(
            callback, str(disco.issuer), iss_parameter_supported=supported
        ),
    ):
        if not checked.is_valid:
            raise SystemExit(f"{checked.error}: {checked.error_description}")

    response = request_authorization_code_token(
        AuthorizationCodeTokenRequest(
            str(disco.token_endpoint),
            CLIENT_ID,
            str(callback.code),
            redirect_uri,
            code_verifier=verifier,
            client_secret=CLIENT_SECRET,
        )
    )
    succeeded(response)
    token = response.token or {}
    claims = validate_id_token(
        token["id_token"],
        TokenValidationConfig(perform_disco=True, audience=CLIENT_ID),
        ISSUER,
        nonce=nonce,
        access_token=token["access_token"],
    )
    userinfo = get_userinfo(
        UserInfoRequest(
            str(disco.userinfo_endpoint), token["access_token"], expected_sub=claims["sub"]
        )
    )
    succeeded(userinfo)
    print(f"welcome {claims['sub']}: {userinfo.claims}")


if __name__ == "__main__":
    main()
