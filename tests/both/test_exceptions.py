"""The exception tree: codes, copies, places."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import py_identity_model
from py_identity_model import (
    ClaimsValidationError,
    ClientCredentialsTokenRequest,
    ConfigurationException,
    DiscoveryMissingFieldsError,
    FailedResponseAccessError,
    InvalidArgumentError,
    KeysUnavailableException,
    NetworkException,
    PyIdentityModelException,
    SuccessfulResponseAccessError,
    TokenRequestException,
    TokenSource,
    TokenValidationException,
    exceptions,
)
from py_identity_model.testing import EmbeddedProvider

SOURCES = Path(py_identity_model.__file__ or "").parent


def tree(root: type[PyIdentityModelException]) -> Iterator[type[PyIdentityModelException]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__.startswith("py_identity_model"):
            yield from tree(child)


PUBLIC = sorted(
    {one for one in tree(PyIdentityModelException) if not one.__name__.startswith("_")},
    key=lambda one: one.__name__,
)
EXAMPLES = [
    PyIdentityModelException("m", {"a": 1}, code="special"),
    TokenValidationException("m", "header", {"a": 1}),
    NetworkException("m", "https://op.example", 503),
    KeysUnavailableException("m", "https://op.example", 503),
    DiscoveryMissingFieldsError("m", ["issuer"]),
    ClaimsValidationError("no", claim="tid"),
    FailedResponseAccessError("token", "it broke"),
    SuccessfulResponseAccessError(),
    InvalidArgumentError("m"),
    ConfigurationException("m"),
]


def test_every_class_has_a_code_of_its_own() -> None:
    codes = [one.default_code for one in PUBLIC]
    assert len({*codes}) == len(codes)
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", code) for code in codes)


def test_every_public_exception_is_listed_and_drawn() -> None:
    names = {one.__name__ for one in PUBLIC}
    assert names - {"ClaimsValidationError", "WebRefusedException"} == {*exceptions.__all__}
    drawing = exceptions.__doc__ or ""
    assert names <= {*re.findall(r"\w+", drawing)}


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_exception_survives_copying_and_pickling(error: PyIdentityModelException) -> None:
    for other in (copy.copy(error), pickle.loads(pickle.dumps(error)), error.fresh()):
        assert type(other) is type(error)
        assert other is not error
        assert (str(other), vars(other), other.args) == (str(error), vars(error), error.args)


def test_a_code_belongs_to_the_case_and_else_to_the_class() -> None:
    assert TokenValidationException("m").code == "invalid_token"
    assert TokenValidationException("m", code="no_keys").code == "no_keys"
    assert TokenValidationException.code == "invalid_token"


def test_an_outage_is_both_a_refusal_and_a_network_error() -> None:
    error = KeysUnavailableException("down", "https://op.example", 503, {"a": 1})
    assert isinstance(error, TokenValidationException)
    assert isinstance(error, NetworkException)
    assert (error.url, error.status_code, error.token_part) == ("https://op.example", 503, None)
    assert error.details == {"a": 1}


def test_a_refused_token_request_is_caught_as_it_always_was_and_says_why() -> None:
    with EmbeddedProvider() as provider:
        source = TokenSource(
            ClientCredentialsTokenRequest(provider.token_endpoint, provider.client_id, "wrong")
        )
        with pytest.raises(NetworkException) as caught:
            source.get_token()
    assert type(caught.value) is TokenRequestException
    assert caught.value.details["oauth_error"] == "invalid_client"
    assert caught.value.status_code == 401


def test_a_wrong_argument_is_a_value_error() -> None:
    assert issubclass(InvalidArgumentError, ValueError)


def test_codes_of_cases_differ_from_each_others_meaning() -> None:
    """A code that stands in several places means the same in all of them: same exception."""
    given: dict[str, set[str]] = {}
    for path in SOURCES.rglob("*.py"):
        if "/sync/" in path.as_posix() or "/testing/" in path.as_posix():
            continue
        for code in re.findall(r'code(?:: str)?\s*=\s*"(\w+)"', path.read_text()):
            assert re.fullmatch("[a-z]+(_[a-z]+)*", code), code
            given.setdefault(code, set()).add(path.name)
    assert len(given) > 40
