"""A small OpenID Provider for tests and demonstrations: real HTTP on loopback, real keys.

It requires the extra ``testing``; its OAuth server is Authlib's.  It authenticates clients and
signs tokens for real, but stores everything in memory and has no user database: never use it in
production.

Example::

    from py_identity_model import TokenValidationConfig, validate_token
    from py_identity_model.testing import EmbeddedProvider

    with EmbeddedProvider() as provider:
        claims = validate_token(
            provider.mint(sub="alice"),
            TokenValidationConfig(perform_disco=True, audience=provider.audience),
            provider.issuer,
        )
"""

from .clocks import FrozenClock, freeze_clocks
from .logins import LoggedInClient, log_in
from .provider import EmbeddedProvider
from .wire import Answer, Received

__all__ = [
    "Answer",
    "EmbeddedProvider",
    "FrozenClock",
    "LoggedInClient",
    "Received",
    "freeze_clocks",
    "log_in",
]
