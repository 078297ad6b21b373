"""Logins under way, small enough for one cookie each."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from .._relying_party.login import AuthorizationRequest
from ..exceptions import InvalidArgumentError

_ELSEWHERE = ("issuer", "client_id", "redirect_uri")  # the program knows them itself
_SECRETS = ("state", "nonce", "code_verifier")


@dataclass(frozen=True)
class PendingLogin:
    """A login under way: at which provider, where to go afterwards, and its secrets."""

    provider: str
    target: str
    begun: AuthorizationRequest = field(repr=False)
    acr_values: tuple[str, ...] = ()

    def to_text(self) -> str:
        """Return it without what the program knows itself."""
        members = json.loads(self.begun.to_json())
        short = [members.pop(name) for name in _SECRETS]
        rest = {name: value for name, value in members.items() if name not in _ELSEWHERE}
        text = [self.provider, self.target, *short, [*self.acr_values], rest]
        return json.dumps(text, separators=(",", ":"))

    @classmethod
    def from_text(
        cls, text: str, *, issuer: str, client_id: str, redirect_uri: str
    ) -> PendingLogin:
        """Return what :meth:`to_text` wrote, completed."""
        provider, target, state, nonce, verifier, acr_values, rest = json.loads(text)
        known = dict(zip(_ELSEWHERE, (issuer, client_id, redirect_uri), strict=True))
        secrets = dict(zip(_SECRETS, (state, nonce, verifier), strict=True))
        begun = AuthorizationRequest.from_json(json.dumps({**rest, **known, **secrets}))
        return cls(provider, target, begun, tuple(acr_values))

    @staticmethod
    def provider_of(text: str) -> str:
        """Return at which provider a login is under way; raises InvalidArgumentError."""
        try:
            provider = json.loads(text)[0]
        except (ValueError, TypeError, LookupError):
            provider = None
        if not isinstance(provider, str):
            raise InvalidArgumentError("this is not a login that has begun")
        return provider
