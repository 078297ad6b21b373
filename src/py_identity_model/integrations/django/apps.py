"""The application."""

from django.apps import AppConfig
from django.core import checks


class OIDCConfig(AppConfig):
    """Logins by OpenID Connect."""

    name = "py_identity_model.integrations.django"
    label = "oidc"
    verbose_name = "OpenID Connect"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks of settings."""
        from .checks import check_settings

        checks.register(check_settings)
