"""What providers answer at the token endpoint, and beside it: refused, lenient, checked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from py_identity_model import (
    BackchannelAuthenticationRequest,
    BackchannelTokenRequest,
    ClientCredentialsTokenRequest,
    ClientReadRequest,
    ClientRegistrationRequest,
    DeviceAuthorizationRequest,
    DeviceTokenRequest,
    PushedAuthorizationRequest,
    RefreshTokenRequest,
    TokenExchangeRequest,
    TokenRequestException,
)
from py_identity_model._protocol import (
    ciba,
    client_credentials,
    device,
    par,
    refresh_grant,
    registration,
    token_exchange,
)
from py_identity_model._protocol.token_endpoint import check_token_answer
from py_identity_model._wire.endpoint import number_of, polling_interval, whole_number
from py_identity_model._wire.messages import HttpResponse
from py_identity_model._wire.polling import PollingSchedule
from tests.support import refused

URL = "https://op.example/x"
DEVICE = {"device_code": "d", "user_code": "u", "verification_uri": "https://v", "expires_in": 60}


def answer(body: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(status, {"content-type": "application/json"}, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("parse", "request_"),
    [
        (client_credentials.parse, ClientCredentialsTokenRequest(URL, "c")),
        (refresh_grant.parse, RefreshTokenRequest(URL, "c", "the-refresh-token")),
        (token_exchange.parse, TokenExchangeRequest(URL, "c", "subject", "type")),
        (device.parse_authorization, DeviceAuthorizationRequest(URL, "c")),
        (device.parse_poll, DeviceTokenRequest(URL, "c", "the-device-code")),
        (ciba.parse_authentication, BackchannelAuthenticationRequest(URL, "c", login_hint="a")),
        (ciba.parse_poll, BackchannelTokenRequest(URL, "c", "the-auth-req-id")),
        (par.parse, PushedAuthorizationRequest(URL, "c", "https://rp.example/cb")),
        (registration.parse, ClientRegistrationRequest(URL, [])),
    ],
)
def test_an_error_sent_with_status_200_is_a_refusal(parse: Any, request_: Any) -> None:
    response = parse(request_, answer({"error": "invalid_code", "error_description": "no"}))
    assert not response.is_successful
    assert (response.oauth_error, response.oauth_error_description) == ("invalid_code", "no")
    assert response.status_code == 200
    assert "invalid_code" in str(response.error)


@pytest.mark.parametrize("error", ["", "  ", None, 5, ["x"], False])
def test_an_error_member_that_says_nothing_refuses_nothing(error: object) -> None:
    token = {"access_token": "t", "error": error}
    for body in (token, {**token, "error": "x"}, {"error": error}):
        response = client_credentials.parse(ClientCredentialsTokenRequest(URL, "c"), answer(body))
        assert response.token == body


def test_a_poll_refused_with_status_200_is_waited_for() -> None:
    request = DeviceTokenRequest(URL, "c", "d")
    pending = device.parse_poll(request, answer({"error": "authorization_pending"}))
    assert pending.error_code == "authorization_pending"
    assert PollingSchedule.of(5, 60, 0.0).should_continue(pending)
    denied = device.parse_poll(request, answer({"error": "access_denied"}))
    assert not PollingSchedule.of(5, 60, 0.0).should_continue(denied)


@pytest.mark.parametrize(
    ("status", "body", "should_continue"),
    [
        (500, {"error": "server_error"}, False),
        (503, {"error": "invalid_client"}, False),
        (400, {"error": "unauthorized_client"}, False),
        (503, {"error": "temporarily_unavailable"}, True),
        (503, {"error": "Service Unavailable", "status": 503}, True),
        (500, {}, True),
        (501, {}, True),
        (429, {"error": "rate_limited"}, True),
        (400, {"error": "slow_down"}, True),
    ],
)
def test_polling_ends_with_an_error_that_would_come_again(
    status: int, body: dict[str, Any], should_continue: bool
) -> None:
    for parsed in (
        device.parse_poll(DeviceTokenRequest(URL, "c", "d"), answer(body, status)),
        ciba.parse_poll(BackchannelTokenRequest(URL, "c", "a"), answer(body, status)),
    ):
        rhythm = PollingSchedule.of(5, 60, 0.0)
        assert rhythm.should_continue(parsed) is should_continue
        assert rhythm.interval == (10 if should_continue else 5)


@pytest.mark.parametrize(
    ("sent", "interval"),
    [
        *((one, 1) for one in (0.5, 0.99, "0.5", 1, "1", 1.9)),
        *((5, 5), ("5", 5), ("5.0", 5)),
        *((one, None) for one in (0, -5, "0", "-1", "soon", "", True, None, [5], 1e300, "1e5")),
    ],
)
def test_intervals_are_whole_seconds_and_at_least_one(sent: object, interval: int | None) -> None:
    codes = device.parse_authorization(
        DeviceAuthorizationRequest(URL, "c"), answer({**DEVICE, "interval": sent})
    )
    assert (codes.is_successful, codes.interval) == (True, interval)
    started = ciba.parse_authentication(
        BackchannelAuthenticationRequest(URL, "c", login_hint="a"),
        answer({"auth_req_id": "a", "expires_in": 60, "interval": sent}),
    )
    assert started.interval == interval
    slower = answer({"error": "slow_down", "interval": sent}, 400)
    assert device.parse_poll(DeviceTokenRequest(URL, "c", "d"), slower).interval == interval


@pytest.mark.parametrize("interval", [0, -1])
def test_no_program_polls_faster_than_once_a_second(interval: int) -> None:
    assert PollingSchedule.of(interval, 60, 0.0).pause(0.0) == 1


def test_numbers_that_are_sent_as_text_are_numbers() -> None:
    assert [whole_number(one) for one in ("1800", "1.5", 1.5, "-1", "x", True)] == [
        *(1800, 1, 1, None, None, None)
    ]
    assert number_of("-1.5") == -1.5
    assert polling_interval("0.5") == 1
    codes = device.parse_authorization(
        DeviceAuthorizationRequest(URL, "c"), answer({**DEVICE, "expires_in": "1800"})
    )
    assert codes.expires_in == 1800
    pushed = par.parse(
        PushedAuthorizationRequest(URL, "c", "https://rp.example/cb"),
        answer({"request_uri": "urn:1", "expires_in": "90"}, 201),
    )
    assert pushed.expires_in == 90


def test_googles_spelling_of_the_verification_uri_is_understood() -> None:
    google = {name: value for name, value in DEVICE.items() if name != "verification_uri"}
    google["verification_url"] = "https://www.google.com/device"
    request = DeviceAuthorizationRequest(URL, "c")
    assert device.parse_authorization(request, answer(google)).verification_uri == (
        "https://www.google.com/device"
    )
    both = {**google, "verification_uri": "https://registered.example"}
    found = device.parse_authorization(request, answer(both))
    assert found.verification_uri == "https://registered.example"


@pytest.mark.parametrize(
    ("token", "bound"),
    [
        ({"token_type": "Bearer"}, False),
        ({"token_type": "bearer", "expires_in": 60}, False),
        ({}, False),
        ({"token_type": None, "expires_in": None}, False),
        ({"token_type": "DPoP", "expires_in": "60"}, True),
        ({"token_type": "dpop", "expires_in": 1.5}, True),
        ({"access_token": "a b~", "expires_in": 1e300}, False),
    ],
)
def test_a_usable_token_is_accepted(token: dict[str, Any], bound: bool) -> None:
    check_token_answer({"access_token": "t", **token}, URL, bound=bound)


@pytest.mark.parametrize(
    ("token", "bound", "code"),
    [
        *(({"token_type": one}, True, "token_not_bound_to_key") for one in ("Bearer", None, "mac")),
        ({}, True, "token_not_bound_to_key"),
        ({"token_type": "DPoP"}, False, "unsupported_token_type"),
        *(({"token_type": one}, False, "unsupported_token_type") for one in ("N_A", "mac", "", 5)),
        *(
            ({"expires_in": one}, False, "invalid_expires_in")
            for one in (0, -1, 0.5, "0", "-5", "abc", True, [1], "")
        ),
        *(
            ({"access_token": one}, False, "invalid_access_token")
            for one in (5, True, None, ["x"], {"a": 1}, "", " ", "a\r\nX: y", "t\n", "\u00e9")
        ),
    ],
)
def test_a_token_that_cannot_be_used_is_refused(
    token: dict[str, Any], bound: bool, code: str
) -> None:
    with refused(TokenRequestException, code) as caught:
        check_token_answer({"access_token": "hidden-token", **token}, URL, bound=bound)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "address", "good"),
    [
        ("https://op.example/reg/c", URL, True),
        ("https://other.example/reg/c", URL, True),
        ("http://op.example/reg/c", URL, False),
        ("/reg/c", URL, False),
        ("https://10.0.0.1/reg/c", URL, False),
        ("https://localhost/reg/c", URL, False),
        ("https://127\u30020\u30020\u30021/reg/c", URL, False),
        ("http://127.0.0.1:1/reg/c", "http://127.0.0.1:1/reg", True),
        ("https://10.0.0.1/reg/c", "https://10.0.0.2/reg", True),
    ],
)
def test_a_registrations_token_is_not_sent_to_any_address(
    url: str, address: str, good: bool
) -> None:
    body = {"client_id": "c", "registration_access_token": "t", "registration_client_uri": url}
    for request in (ClientRegistrationRequest(address, []), ClientReadRequest(address, "t")):
        registered = registration.parse(request, answer(body, 201))
        assert registered.client_id == "c"
        assert registered.registration_client_uri == (url if good else None)
