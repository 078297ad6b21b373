"""Special ways to fetch the keys of one issuer."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass, field

from .._jose.jwk import JsonWebKey
from .._wire.discovery_policy import DiscoveryPolicy
from .._wire.messages import HttpRequest, HttpResponse
from ..exceptions import JwksException, ProviderUnusableException, TokenValidationException

_PUBLIC_PEM = b"-----BEGIN PUBLIC KEY-----"
# Object stores answer 403 for objects that do not exist.
_NO_SUCH_KEY = frozenset({400, 403, 404, 410})
# The pattern of a preset must not be wider.
_KEY_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")


@dataclass
class KeyAccess(DiscoveryPolicy):
    """A policy with additional requirements for fetching an issuer's keys.

    :param ca_file: the certificate authorities of their host
    :param token_file: a file with a bearer token for their host
    :param is_pem: each address has one key, as PEM
    """

    ca_file: str | None = field(default=None, kw_only=True)
    token_file: str | None = field(default=None, kw_only=True)
    is_pem: bool = field(default=False, kw_only=True)

    def cache_key(self) -> tuple[Hashable, ...]:
        """Return all rules as one hashable value."""
        return (*super().cache_key(), *self.own_key())

    def own_key(self) -> tuple[Hashable, ...]:
        """Return the part of the cache key for keys fetched in this way."""
        return self.ca_file, self.token_file, self.is_pem

    def prepare(self, request: HttpRequest) -> HttpRequest:
        """Return the request for keys, completed with authorities and token.

        The file is read each time: keys are fetched rarely, and platforms renew the token.
        """
        token = None
        if self.token_file is not None:
            from .._credential_files import read_token_file  # few issuers have one

            token = read_token_file(self.token_file)
        headers = {"Accept": "*/*"} if self.is_pem else request.headers
        return request._replace(ca_file=self.ca_file, access_token=token, headers=headers)


def key_in(response: HttpResponse) -> JsonWebKey:
    """Return the public key in a PEM response; raise JwksException for anything else."""
    content = response.content.strip()
    if not content.startswith(_PUBLIC_PEM):
        raise JwksException("the body is not a public key as PEM")
    from .._jose.key_material import load_key  # keys of nearly all providers are JSON

    return load_key(content)


def key_address(template: str, pattern: str, kid: object) -> str:
    """Return the address of the key named ``kid``; raise TokenValidationException if not allowed.

    The name comes from a stranger: nothing that could lead to another path or host enters the URL.
    """
    fits = isinstance(kid, str) and _KEY_ID.fullmatch(kid) and re.fullmatch(pattern, kid)
    if not fits:
        raise TokenValidationException(
            "The kid of the JWT header is not one of this issuer's",
            "header",
            {"expected": pattern},
            code="invalid_kid",
        )
    return template.replace("{kid}", str(kid))


def unknown_key_error(
    error: ProviderUnusableException, policy: DiscoveryPolicy, kid: str | None
) -> TokenValidationException | None:
    """Return the exception to raise where ``error`` means that no key has the name in a token.

    If each key has its own address, a made-up name is the fault of the token.
    """
    by_name = isinstance(policy, KeyAccess) and policy.is_pem
    if not by_name or error.details.get("status_code") not in _NO_SUCH_KEY:
        return None
    text = f"No key with kid {str(kid)[:100]!r} was found"
    return TokenValidationException(text, "header", {"kid": kid}, code="no_matching_key")
