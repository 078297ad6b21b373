"""The conformance suite's plans for relying parties, and what is run of each.

Names and variants are those of the OpenID Foundation's conformance suite
(gitlab.com/openid/conformance-suite); a suite at hand says which of them it has.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

Variant = Mapping[str, str]

# What newer suites ask besides, answered as if they did not ask.
_USUAL: Variant = {"grant_management": "disabled"}


@dataclass(frozen=True)
class Plan:
    """A plan, the variants that are run, and a remark on what is not."""

    name: str
    variants: tuple[Variant, ...]
    remark: str = ""


def _every(**choices: Sequence[str]) -> tuple[Variant, ...]:
    return tuple(dict(zip(choices, each, strict=True)) for each in product(*choices.values()))


_CORE: Variant = {"client_registration": "dynamic_client", "request_type": "plain_http_request"}
_BASIC: Variant = {"client_auth_type": "client_secret_basic", "response_mode": "default"}
_NO_UNSIGNED = "oidcc-client-test-idtoken-sig-none is SKIPPED: unsigned ID tokens are refused"
_BY_A_PERSON = "ends as REVIEW: a person looks at the page in the browser"
_EMULATED = "the browser's part of the check is done without its scripts"

_FAPI2: Mapping[str, Sequence[str]] = {
    "client_auth_type": ("private_key_jwt", "mtls"),
    "sender_constrain": ("dpop", "mtls"),
}
_PLAIN: Mapping[str, Sequence[str]] = {
    "fapi_profile": ("plain_fapi",),
    "fapi_client_type": ("oidc", "plain_oauth"),
}
_MACHINE: Variant = {
    "fapi_profile": "fapi_client_credentials_grant",
    "fapi_client_type": "plain_oauth",
    "authorization_request_type": "simple",
}


def _fapi1() -> tuple[Variant, ...]:
    common = {
        "fapi_profile": ("plain_fapi",),
        "client_auth_type": ("private_key_jwt", "mtls"),
        "fapi_auth_request_method": ("by_value", "pushed"),
    }
    in_front = _every(**common, fapi_response_mode=("plain_response",), fapi_client_type=("oidc",))
    signed = _every(
        **common, fapi_response_mode=("jarm",), fapi_client_type=("oidc", "plain_oauth")
    )
    return in_front + signed


def _logouts(kind: str, remark: str = "") -> list[Plan]:
    return [
        Plan(f"oidcc-client-{kind}-{flow}", ({**_CORE, **_BASIC},), remark)
        for flow in ("basic", "hybrid", "implicit")
    ]


PLANS: tuple[Plan, ...] = (
    *(
        Plan(f"oidcc-client-{name}-certification-test-plan", (_CORE,), remark)
        for name, remark in (
            ("basic", _NO_UNSIGNED),
            ("implicit", ""),
            ("hybrid", ""),
            ("formpost-basic", _NO_UNSIGNED),
            ("formpost-implicit", ""),
            ("formpost-hybrid", ""),
        )
    ),
    Plan("oidcc-client-config-certification-test-plan", ({**_CORE, **_BASIC},), _NO_UNSIGNED),
    Plan("oidcc-client-dynamic-certification-test-plan", (_BASIC,), _NO_UNSIGNED),
    Plan(
        "oidcc-client-test-3rd-party-init-login-test-plan",
        ({**_CORE, **_BASIC, "response_type": "code"},),
    ),
    Plan("oidcc-client-refreshtoken-test-plan", ({**_CORE, **_BASIC, "response_type": "code"},)),
    Plan(
        "oidcc-client-test-plan",
        tuple(
            {**_BASIC, "response_type": "code", **one}
            for one in _every(
                client_registration=("static_client", "dynamic_client"),
                request_type=("plain_http_request", "request_object"),
            )
        ),
        "not part of the certification programme",
    ),
    *_logouts("rp-initiated-logout-rp"),
    *_logouts("back-channel-logout-rp"),
    *_logouts("front-channel-logout-rp", _BY_A_PERSON),
    *_logouts("rp-session-management-rp", _EMULATED),
    Plan(
        "fapi2-security-profile-final-client-test-plan",
        _every(**_FAPI2, **_PLAIN, authorization_request_type=("simple",))
        + tuple({**one, **_MACHINE} for one in _every(**_FAPI2)),
    ),
    Plan(
        "fapi2-message-signing-final-client-test-plan",
        _every(
            **_FAPI2,
            **_PLAIN,
            fapi_request_method=("signed_non_repudiation",),
            fapi_response_mode=("plain_response", "jarm"),
            authorization_request_type=("simple", "rar"),
        )
        + _every(
            **_FAPI2,
            **_PLAIN,
            fapi_request_method=("unsigned",),
            fapi_response_mode=("jarm",),
            authorization_request_type=("simple",),
        ),
    ),
    Plan("fapi2-message-signing-final-client-credentials-grant-client-test-plan", _every(**_FAPI2)),
    Plan(
        "fapi-ciba-id1-client-test-plan",
        _every(
            client_auth_type=("private_key_jwt", "mtls"),
            ciba_mode=("poll", "ping"),
            fapi_ciba_profile=("plain_fapi",),
        ),
    ),
    Plan("fapi1-advanced-final-client-test-plan", _fapi1()),
)

# Part of a module's name, and what the relying party does; the first that fits.
_SCENARIOS = (
    ("-discovery-webfinger-", "find_issuer"),
    ("-discovery-jwks-uri-keys", "read_keys"),
    ("-discovery-", "read_metadata"),
    ("-dynamic-registration", "register"),
    ("-rotation-just-before-signing", "log_in_with_known_keys"),
    ("-signing-key-rotation", "log_in_twice"),
    ("-form-post-error", "log_in_in_vain"),
    ("-3rd-party-init-login", "log_in_from_elsewhere"),
    ("-session-management", "watch_the_session"),
    ("-frontchannel-opinitlogout", "be_logged_out_in_front"),
    ("-frontchannel-", "log_out_in_front"),
    ("-backchannel-", "log_out"),
    ("-rp-init-logout", "log_out"),
    ("oidcc-client-test-refresh-token", "renew"),
    ("-refresh-token-test", "renew_twice"),
    ("-aggregated-claims", "collect"),
    ("-distributed-claims", "collect"),
    ("fapi-ciba-", "ask_the_user"),
)


def scenario_of(module: str, variant: Variant) -> str:
    """Return the name of what the relying party does in a module."""
    found = next((what for part, what in _SCENARIOS if part in module), "log_in")
    if variant.get("fapi_profile") == _MACHINE["fapi_profile"] and found == "log_in":
        return "act_alone"
    return found


def plan_named(name: str) -> Plan:
    """Return a plan; raises LookupError, which names all."""
    for plan in PLANS:
        if plan.name == name:
            return plan
    raise LookupError(f"{name} is not one of {', '.join(plan.name for plan in PLANS)}")


def fitted(variant: Variant, known: Collection[str]) -> dict[str, str]:
    """Return a variant with the parameters that a suite knows for the plan."""
    return {name: value for name, value in {**_USUAL, **variant}.items() if name in known}
