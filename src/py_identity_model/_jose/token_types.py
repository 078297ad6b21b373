"""Media types of JWTs: the kinds of tokens that ``typ`` headers declare (RFC 8725 §3.11)."""

from __future__ import annotations

ACCESS_TOKEN = "at+jwt"
ID_TOKEN = "id_token+jwt"  # never registered, but in use
_SPECIFIC = frozenset(
    {
        *("at+jwt", "dpop+jwt", "logout+jwt", "secevent+jwt", "token-introspection+jwt"),
        *("oauth-authz-req+jwt", "client-authentication+jwt", "entity-statement+jwt"),
        *("resolve-response+jwt", "trust-mark+jwt", "trust-mark-delegation+jwt"),
        *("explicit-registration-response+jwt", "jwk-set+jwt", "openid4vci-proof+jwt"),
        *("oauth-client-attestation+jwt", "oauth-client-attestation-pop+jwt", "statuslist+jwt"),
        *("kb+jwt", "vc+jwt", "vp+jwt", "vc+sd-jwt", "dc+sd-jwt", "rat+jwt"),
    }
)


def media_type(typ: object) -> str | None:
    """Return a ``typ`` in lower case without ``application/``; None for anything but a string."""
    if not isinstance(typ, str):
        return None
    return typ.lower().removeprefix("application/")


def is_for_something_else(typ: object) -> bool:
    """Return whether ``typ`` is registered for another kind of token than an ID token."""
    return media_type(typ) in _SPECIFIC
