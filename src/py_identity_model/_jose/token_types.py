"""Media types of JWTs: what the ``typ`` of a header says that a token is (RFC 8725 §3.11)."""

from __future__ import annotations

ACCESS_TOKEN = "at+jwt"
ID_TOKEN = "id_token+jwt"  # never registered, but used
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
    """Return a ``typ`` in lower case without ``application/``; None for what is not text."""
    if not isinstance(typ, str):
        return None
    return typ.lower().removeprefix("application/")


def is_for_something_else(typ: object) -> bool:
    """Whether ``typ`` is registered for another kind of token than an ID token."""
    return media_type(typ) in _SPECIFIC
