"""The embedded provider's discovery document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .grants import GRANTS
from .proofs import ALGORITHMS as PROOF_ALGORITHMS
from .records import METHODS


def metadata(
    issuer: str,
    scopes: Sequence[str],
    algorithms: Sequence[str],
    *,
    require_par: bool,
    logs_out: bool,
) -> dict[str, Any]:
    """Return the document of a provider without quirks."""
    logout = ("backchannel_logout_supported", "backchannel_logout_session_supported")
    return {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/jwks",
        "token_endpoint": f"{issuer}/token",
        "authorization_endpoint": f"{issuer}/authorize",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "introspection_endpoint": f"{issuer}/introspect",
        "revocation_endpoint": f"{issuer}/revoke",
        "device_authorization_endpoint": f"{issuer}/device_authorization",
        "pushed_authorization_request_endpoint": f"{issuer}/par",
        "end_session_endpoint": f"{issuer}/end_session",
        "token_endpoint_auth_methods_supported": list(METHODS),
        "grant_types_supported": list(GRANTS),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(algorithms),
        "authorization_signing_alg_values_supported": list(algorithms),
        "dpop_signing_alg_values_supported": list(PROOF_ALGORITHMS),
        "scopes_supported": list(scopes),
        **({"require_pushed_authorization_requests": True} if require_par else {}),
        **(dict.fromkeys(logout, True) if logs_out else {}),
    }
