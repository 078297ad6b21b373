"""Tokens bound to a key or a certificate: what must be presented along with them."""

from __future__ import annotations

from typing import Any

import pytest

from py_identity_model._resource_server.token_bindings import (
    BindingRules,
    BoundRequest,
    binding_error,
)
from py_identity_model.exceptions import InvalidArgumentError, TokenValidationException
from tests.support import refused

KEY = {"cnf": {"jkt": "t"}}
CERTIFICATE = {"cnf": {"x5t#S256": "t"}}
BOTH = {"cnf": {"jkt": "t", "x5t#S256": "t"}}


def check(
    rules: BindingRules,
    claims: dict[str, Any],
    *,
    proof: bool = False,
    certificate: bool = False,
    scheme: str = "bearer",
) -> None:
    rules.check(claims, proof=proof, certificate=certificate, scheme=scheme)


@pytest.mark.parametrize("name", ["dpop", "mtls"])
def test_a_binding_is_one_of_three(name: str) -> None:
    for mode in ("required", "optional", "refused"):
        BindingRules(**{name: mode})  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match=f"^{name} must be one of required, optional"):
        BindingRules(**{name: "other"})  # type: ignore[arg-type]


def test_the_presented_binding_matches() -> None:
    rules = BindingRules()
    check(rules, {})
    check(rules, {"cnf": None})
    check(rules, {"cnf": {}})
    check(rules, KEY, proof=True, scheme="dpop")
    check(rules, CERTIFICATE, certificate=True)
    check(rules, {}, certificate=True)
    check(rules, BOTH, proof=True, certificate=True, scheme="dpop")
    check(BindingRules("required", "refused"), KEY, proof=True, scheme="dpop")
    check(BindingRules("refused", "required"), CERTIFICATE, certificate=True)


@pytest.mark.parametrize(
    ("rules", "claims", "presented", "says", "bound_to"),
    [
        (BindingRules(), {"cnf": "t"}, {}, "its cnf claim cannot be read", None),
        (BindingRules(), {"cnf": []}, {}, "its cnf claim cannot be read", None),
        (BindingRules(), KEY, {}, "without its proof", "key"),
        (BindingRules(), KEY, {"proof": True}, "without its proof", "key"),
        (BindingRules(), KEY, {"scheme": "dpop"}, "without its proof", "key"),
        (BindingRules(), {}, {"proof": True, "scheme": "dpop"}, "not bound to a key", None),
        (BindingRules(), CERTIFICATE, {}, "a certificate that was not presented", None),
        (BindingRules(), BOTH, {"proof": True, "scheme": "dpop"}, "not presented", None),
        (BindingRules(), {"cnf": {"kid": "k"}}, {}, "unsupported binding", None),
        *(
            (BindingRules(), {"cnf": {"jkt": odd}}, {}, "without its proof", "key")
            for odd in (None, 5, "")
        ),
        (BindingRules("refused"), KEY, {"proof": True, "scheme": "dpop"}, "bound to a key", None),
        (BindingRules("required"), {}, {}, "not bound to a key", None),
        (BindingRules("required"), CERTIFICATE, {"certificate": True}, "not bound to a key", None),
        (
            BindingRules(mtls="refused"),
            CERTIFICATE,
            {"certificate": True},
            "tokens bound to a certificate are not accepted",
            None,
        ),
        (BindingRules(mtls="required"), {}, {"certificate": True}, "bound to a certificate", None),
    ],
)
def test_anything_else_is_refused(
    rules: BindingRules,
    claims: dict[str, Any],
    presented: dict[str, Any],
    says: str,
    bound_to: str | None,
) -> None:
    with refused(TokenValidationException, "binding_refused") as caught:
        check(rules, claims, **presented)
    error = caught.value
    assert says in error.details["error"]
    assert error.details == {"error": error.details["error"], "bound_to": bound_to}
    assert str(error) == f"Invalid token: {error.details['error']}"
    assert error.token_part == "payload"


def test_proofs_are_one_or_several_or_none() -> None:
    assert BoundRequest("dpop", "t").proofs() == []
    assert BoundRequest("dpop", "t", dpop="p").proofs() == ["p"]
    assert BoundRequest("dpop", "t", dpop=("p", "q")).proofs() == ["p", "q"]
    assert binding_error("x").details == {"error": "x", "bound_to": None}
