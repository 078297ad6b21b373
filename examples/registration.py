"""Register a client, change it, delete it.  RFC 7591, RFC 7592.

OIDC_ISSUER=https://auth.example.com python -m examples.registration
"""

from examples._provider import discovered, succeeded
from py_identity_model import (
    ClientDeleteRequest,
    ClientRegistrationRequest,
    ClientUpdateRequest,
    delete_client,
    register_client,
    update_client,
)


def main() -> None:
    created = register_client(
        ClientRegistrationRequest(
            str(discovered().registration_endpoint),
            redirect_uris=["https://rp.example/cb"],
            client_name="An example",
        )
    )
    succeeded(created)
    print(f"registered {created.client_id}")
    updated = update_client(
        ClientUpdateRequest(
            str(created.registration_client_uri),
            str(created.registration_access_token),
            client_id=str(created.client_id),
            redirect_uris=["https://rp.example/new"],
            client_secret=created.client_secret,
        )
    )
    succeeded(updated)
    # The provider may have given another token: the latest counts.
    token = updated.registration_access_token or created.registration_access_token
    succeeded(delete_client(ClientDeleteRequest(str(created.registration_client_uri), str(token))))
    print("deleted")


if __name__ == "__main__":
    main()
