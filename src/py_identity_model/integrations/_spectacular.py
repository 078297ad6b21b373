"""The security scheme of access tokens in documents of drf-spectacular."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension


class AccessTokenScheme(OpenApiAuthenticationExtension):
    """Describes :class:`AccessTokenAuthentication` by the provider's discovery document."""

    target_class = "py_identity_model.integrations.drf.AccessTokenAuthentication"
    name = "openId"
    match_subclasses = True

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Return the scheme."""
        issuer = str(settings.OIDC_API.get("ISSUER", "")).rstrip("/")
        url = f"{issuer}/.well-known/openid-configuration"
        return {"type": "openIdConnect", "openIdConnectUrl": url}
