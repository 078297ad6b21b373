"""The fixtures of the pytest plugin, also where the package is not installed."""

from py_identity_model._pytest_plugin import _shared_oidc_provider as _shared_oidc_provider
from py_identity_model._pytest_plugin import freeze as freeze
from py_identity_model._pytest_plugin import logged_in_client as logged_in_client
from py_identity_model._pytest_plugin import mint_token as mint_token
from py_identity_model._pytest_plugin import oidc_provider as oidc_provider
from py_identity_model._pytest_plugin import oidc_provider_settings as oidc_provider_settings
