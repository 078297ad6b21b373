"""How the keys of one issuer are fetched, where it takes more than their address."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass, field

from .._credential_files import read_token_file
from .._jose.jwk import JsonWebKey
from .._jose.key_material import load_key
from .._wire.discovery_policy import DiscoveryPolicy
from .._wire.messages import HttpRequest, HttpResponse
from ..exceptions import JwksException, ProviderUnusableException, TokenValidationException

_PUBLIC_PEM = b"-----BEGIN PUBLIC KEY-----"
_NO_SUCH_KEY = frozenset({400, 403, 404, 410})  # object stores answer 403 for what is not there
_KEY_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")  # no pattern of a preset may be wider


@dataclass
class KeyAccess(DiscoveryPolicy):
    """A policy that says as well what it takes to fetch an issuer's keys.

    ``ca_file``: the certificate authorities of their host.
    ``token_file``: a file with a bearer token for their host.
    ``is_pem``: each address has one key, as PEM.
    """

    ca_file: str | None = field(default=None, kw_only=True)
    token_file: str | None = field(default=None, kw_only=True)
    is_pem: bool = field(default=False, kw_only=True)

    def cache_key(self) -> tuple[Hashable, ...]:
        """Return all rules as one hashable value."""
        return (*super().cache_key(), *self.own_key())

    def own_key(self) -> tuple[Hashable, ...]:
        """Return what distinguishes keys that were fetched in this way."""
        return self.ca_file, self.token_file, self.is_pem

    def prepare(self, request: HttpRequest) -> HttpRequest:
        """Return the request for keys, with what it takes.

        The file is read each time: keys are fetched seldom, and platforms renew the token.
        """
        token = None if self.token_file is None else read_token_file(self.token_file)
        headers = {"Accept": "*/*"} if self.is_pem else request.headers
        return request._replace(ca_file=self.ca_file, access_token=token, headers=headers)


def key_in(response: HttpResponse) -> JsonWebKey:
    """Return the public key in an answer that is PEM; raises JwksException."""
    content = response.content.strip()
    if not content.startswith(_PUBLIC_PEM):
        raise JwksException("the body is not a public key as PEM")
    return load_key(content)


def key_address(template: str, pattern: str, kid: object) -> str:
    """Return the address of the key named ``kid``; raises TokenValidationException.

    The name is a stranger's: nothing that could lead to another path or host enters the URL.
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
    """Return what to raise where ``error`` means that no key has the name in a token.

    Where each key has an address of its own, a made-up name is the token's fault.
    """
    by_name = isinstance(policy, KeyAccess) and policy.is_pem
    if not by_name or error.details.get("status_code") not in _NO_SUCH_KEY:
        return None
    text = f"No key with kid {str(kid)[:100]!r} was found"
    return TokenValidationException(text, "header", {"kid": kid}, code="no_matching_key")
