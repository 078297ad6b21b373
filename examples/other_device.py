"""Ask a user to agree on another device (CIBA, poll).

OIDC_ISSUER=https://auth.example.com OIDC_CLIENT_ID=… OIDC_CLIENT_SECRET=… \
    OIDC_USER=alice python -m examples.other_device
"""

import os

from examples._provider import CLIENT_ID, CLIENT_SECRET, ISSUER, discovered, succeeded
from py_identity_model import (
    BackchannelAuthenticationRequest,
    BackchannelTokenRequest,
    TokenValidationConfig,
    request_backchannel_authentication,
    validate_id_token,
    wait_for_backchannel_token,
)


def main() -> None:
    disco = discovered()
    started = request_backchannel_authentication(
        BackchannelAuthenticationRequest(
            str(disco.backchannel_authentication_endpoint),
            CLIENT_ID,
            client_secret=CLIENT_SECRET,
            login_hint=os.environ["OIDC_USER"],
            binding_message="W4SCT",
        )
    )
    succeeded(started)
    request = BackchannelTokenRequest(
        str(disco.token_endpoint), CLIENT_ID, str(started.auth_req_id), CLIENT_SECRET
    )
    response = wait_for_backchannel_token(request, started)
    succeeded(response)
    config = TokenValidationConfig(perform_disco=True, audience=CLIENT_ID)
    claims = validate_id_token((response.token or {})["id_token"], config, ISSUER)
    print(f"{claims['sub']} agreed")


if __name__ == "__main__":
    main()
