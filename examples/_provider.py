"""The provider of the examples, configured by the environment.

OIDC_ISSUER=https://auth.example.com OIDC_CLIENT_ID=… OIDC_CLIENT_SECRET=…
"""

import os

from py_identity_model import (
    BaseResponse,
    DiscoveryDocumentRequest,
    DiscoveryDocumentResponse,
    get_discovery_document,
)

ISSUER = os.environ.get("OIDC_ISSUER", "")
CLIENT_ID = os.environ.get("OIDC_CLIENT_ID", "")
CLIENT_SECRET = os.environ.get("OIDC_CLIENT_SECRET")


def discovered() -> DiscoveryDocumentResponse:
    """Return the provider's metadata, or stop."""
    disco = get_discovery_document(DiscoveryDocumentRequest(ISSUER))
    succeeded(disco)
    return disco


def succeeded(response: BaseResponse) -> None:
    """Stop unless ``response`` is a success."""
    if not response.is_successful:
        raise SystemExit(str(response.error))
