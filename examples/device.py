"""Get tokens for a device without a browser.  RFC 8628.

OIDC_ISSUER=https://auth.example.com OIDC_CLIENT_ID=… python -m examples.device
"""

from examples._provider import CLIENT_ID, CLIENT_SECRET, discovered, succeeded
from py_identity_model import (
    DeviceAuthorizationRequest,
    DeviceTokenRequest,
    TokenSource,
    request_device_authorization,
)


def main() -> None:
    disco = discovered()
    device = request_device_authorization(
        DeviceAuthorizationRequest(
            str(disco.device_authorization_endpoint), CLIENT_ID, client_secret=CLIENT_SECRET
        )
    )
    succeeded(device)
    print(f"open {device.verification_uri} and enter {device.user_code}", flush=True)
    request = DeviceTokenRequest(
        str(disco.token_endpoint), CLIENT_ID, str(device.device_code), CLIENT_SECRET
    )
    source = TokenSource(request, device=device)
    # Waits for the user; later tokens are obtained with the refresh token.
    token = source.get_token()
    print(f"a {token.token_type} token, for {token.scope}")


if __name__ == "__main__":
    main()
