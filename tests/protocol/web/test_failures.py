"""What people see when a login fails."""

from __future__ import annotations

import pytest

from py_identity_model._web.answers import WebAnswer, WebRefusedException
from py_identity_model._web.failures import failed_login, is_final, lost_login, status_of
from py_identity_model.exceptions import (
    AuthorizeCallbackException,
    ConfigurationException,
    DiscoveryException,
    IdTokenValidationException,
    InvalidArgumentError,
    KeysUnavailableException,
    ProviderUnusableException,
    PyIdentityModelException,
    TokenRequestException,
)

REFUSED = {"oauth_error": "invalid_grant"}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (AuthorizeCallbackException("m", code="state_mismatch"), 400),
        (IdTokenValidationException("m"), 400),
        (AuthorizeCallbackException("m", code="authorization_refused"), 403),
        (AuthorizeCallbackException("m", {"error": "temporarily_unavailable"}), 503),
        (AuthorizeCallbackException("m", code="store_unavailable"), 503),
        (TokenRequestException("m", None, 400, REFUSED), 400),
        (TokenRequestException("m", None, 503, REFUSED), 503),
        (TokenRequestException("m"), 503),
        (DiscoveryException("m"), 503),
        (KeysUnavailableException("m"), 503),
        (ProviderUnusableException("m"), 503),
        (WebRefusedException("m", WebAnswer(418)), 418),
    ],
)
def test_a_failure_has_a_status_and_leaks_nothing(
    error: PyIdentityModelException, status: int
) -> None:
    error.message = "an internal host said no"
    answer = failed_login(error, "/login")
    assert answer.status == status_of(error) == status
    assert is_final(error) is (status != 503)
    assert "internal host" not in answer.body


@pytest.mark.parametrize("error", [ConfigurationException("m"), InvalidArgumentError("m")])
def test_a_mistake_of_the_program_is_raised(error: PyIdentityModelException) -> None:
    with pytest.raises(type(error)):
        failed_login(error, "/login")


def test_a_login_that_is_lost_says_why() -> None:
    for expired, code in ((True, "login_expired"), (False, "missing_login")):
        answer = lost_login("https://app.example", "/login", expired=expired)
        assert answer.status == 400
        assert code in answer.body
