"""Ask a user to agree on another device (CIBA, poll).

OIDC_ISSUER=https://auth.example.com OIDC_CLIENT_ID=… OIDC_CLIENT_SECRET=… \
    OIDC_USER=alice python -m examples.other_device
"""

import os

from examples._provider import CLIENT_ID, CLIENT_SECRET, ISSUER
from py_identity_model import ClientSecretBasic, OAuthClient


def main() -> None:
    client = OAuthClient(ISSUER, CLIENT_ID, ClientSecretBasic(CLIENT_SECRET or ""))
    started = client.request_backchannel_login(
        login_hint=os.environ["OIDC_USER"], binding_message="W4SCT"
    )
    session = client.wait_for_backchannel_login(started)
    print(f"{session.subject} agreed")


if __name__ == "__main__":
    main()
