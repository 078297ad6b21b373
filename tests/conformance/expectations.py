"""What the stand-in's modules spoil, and what must be seen, and must not, before each ends."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

_USE = frozenset({"userinfo", "accounts"})


@dataclass(frozen=True)
class Expectation:
    """Facts that end a module, facts that fail it, and how it ends otherwise."""

    needed: frozenset[str]
    forbidden: frozenset[str] = frozenset()
    result: str = "PASSED"


def _spoil(**claims: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return {}, claims


_SPOILED: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "-invalid-iss": _spoil(iss="https://other.example"),
    "-invalid-aud": _spoil(aud="another-client"),
    "-invalid-aud-test": _spoil(aud="another-client"),
    "-missing-sub": _spoil(sub=None),
    "-nonce-invalid": _spoil(nonce="another"),
    "-invalid-chash": _spoil(c_hash="another"),
    "-invalid-athash": _spoil(at_hash="another"),
    "-invalid-shash": _spoil(s_hash="another"),
    "-invalid-missing-shash": _spoil(s_hash=None),
    "-invalid-issuer": _spoil(iss="https://other.example"),
}
_SOUND: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "-kid-absent-single-jwks": ({"kid": None}, {}),
}

_ENDS: Mapping[str, Expectation] = {
    "-discovery-openid-config": Expectation(frozenset({"document"})),
    "-discovery-jwks-uri-keys": Expectation(frozenset({"document", "jwks"})),
    "-discovery-issuer-mismatch": Expectation(frozenset({"spoiled"}), frozenset({"authorize"})),
    "-discovery-webfinger-acct": Expectation(frozenset({"document"})),
    "-discovery-webfinger-url": Expectation(frozenset({"document"})),
    "-dynamic-registration": Expectation(frozenset({"registered"})),
    "-signing-key-rotation": Expectation(frozenset({"userinfo twice", "jwks"})),
    "-idtoken-sig-none": Expectation(frozenset({"token"}), _USE, "SKIPPED"),
    "-userinfo-invalid-sub": Expectation(frozenset({"spoiled"})),
    "-refresh-token": Expectation(frozenset({"renewed", "userinfo"})),
    "-refresh-token-invalid-issuer": Expectation(frozenset({"spoiled"}), frozenset({"userinfo"})),
    "-rp-init-logout": Expectation(frozenset({"end_session"})),
    "-rp-init-logout-other-state": Expectation(frozenset({"end_session"})),
    "-rp-frontchannel-rpinitlogout": Expectation(
        frozenset({"end_session", "loaded"}), result="REVIEW"
    ),
    "-distributed-claims": Expectation(frozenset({"userinfo", "claims"})),
    "-jarm-with-invalid-sig-fails": Expectation(frozenset({"spoiled"}), _USE | {"token"}),
    "-session-management": Expectation(frozenset({"unchanged", "end_session", "changed"})),
}
_BACK_CHANNEL = Expectation(frozenset({"end_session", "logout token"}))


def expectation_of(module: str, variant: Mapping[str, str]) -> Expectation:
    """Return when a module ends, and how."""
    for ending, expectation in _ENDS.items():
        if module.endswith(ending):
            return expectation
    in_front = "id_token" in variant.get("response_type", "code") or module.endswith("shash")
    if module.endswith(tuple(_SPOILED)):
        return Expectation(frozenset({"spoiled"}), _USE | ({"token"} if in_front else set()))
    if "backchannel" in module:
        return _BACK_CHANNEL
    if module.startswith("fapi"):
        return Expectation(frozenset({"accounts"}))
    if variant.get("response_type") == "id_token":
        return Expectation(frozenset({"authorize", "jwks"}))
    return Expectation(frozenset({"userinfo"}))


def spoiled_claims(module: str, facts: Collection[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the header members and claims that a module changes in an ID token."""
    if module.endswith("-refresh-token-invalid-issuer") and "renewed" not in facts:
        return {}, {}
    for ending, changed in {**_SPOILED, **_SOUND}.items():
        if module.endswith(ending):
            return changed
    return {}, {}
