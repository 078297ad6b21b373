# Generated from aio/test_http.py by scripts/make_sync.py; edit that file.
"""``send``: retries, bounds, refusals."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from py_identity_model._wire.client_authentication import ClientSecretBasic
from py_identity_model._wire.messages import HttpRequest, HttpResponse, Replay
from py_identity_model.exceptions import (
    ConfigurationException,
    DeadlineExceededException,
    InvalidArgumentError,
    NetworkException,
    ResponseRefusedException,
)
from py_identity_model.sync import HTTPClient
from py_identity_model.sync._transport import http, sending
from py_identity_model.sync._transport.sending import send
from py_identity_model.testing import Answer, EmbeddedProvider
from tests.support import DISCOVERY, URL, Drip, answering, refused, script

GET = HttpRequest("GET", URL)
SPENT = HttpRequest("POST", URL, form={"code": "c"}, replay=Replay.UNSENT)


class Endless(httpx.SyncByteStream):
    """A body without end."""

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield b"x" * 100


def sent(request: HttpRequest, transport: httpx.MockTransport) -> HttpResponse:
    with httpx.Client(transport=transport) as client:
        return send(request, HTTPClient(client))


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What ``send`` would have waited."""
    waited: list[float] = []

    def note(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(sending, "sleep", note)
    monkeypatch.setenv("HTTP_RETRY_BASE_DELAY", "1")
    return waited


def test_a_failing_answer_is_asked_for_again_with_growing_pauses(
    pauses: list[float],
) -> None:
    response = sent(GET, script(503, 500, 429, 200))
    assert response.status_code == 200
    assert pauses == [1.0, 2.0, 4.0]


def test_after_the_last_attempt_its_response_counts(pauses: list[float]) -> None:
    response = sent(GET, script(503, 503, 503, 502))
    assert response.status_code == 502
    assert len(pauses) == 3


def test_the_number_of_retries_comes_from_the_environment(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_RETRY_COUNT", "1")
    assert (sent(GET, script(503, 502))).status_code == 502
    monkeypatch.setenv("HTTP_RETRY_MAX_ATTEMPTS", "0")
    assert (sent(GET, script(503))).status_code == 503


def test_retry_after_lengthens_the_pause_but_not_beyond_the_deadline(
    pauses: list[float],
) -> None:
    asked = httpx.Response(429, headers={"retry-after": "7"})
    assert (sent(GET, script(asked, 200))).status_code == 200
    assert pauses == [7.0]
    too_long = httpx.Response(429, headers={"retry-after": "119"})
    assert (sent(GET, script(too_long, 200))).status_code == 429


def test_transport_errors_are_retried_and_the_last_one_is_reported(
    pauses: list[float],
) -> None:
    assert (sent(GET, script(httpx.ReadError("reset"), 200))).status_code == 200
    with refused(NetworkException, "network_error") as caught:
        sent(GET, script(*[httpx.ConnectError("Connection refused")] * 4))
    assert str(caught.value) == "Connection refused"
    assert caught.value.url == URL


def test_an_error_without_a_text_is_named_with_its_cause(
    pauses: list[float],
) -> None:
    with pytest.raises(NetworkException, match="ReadTimeout: no details"):
        sent(GET, script(*[httpx.ReadTimeout("")] * 4))
    silent = httpx.ConnectError("")
    silent.__cause__ = OSError("certificate verify failed")
    with pytest.raises(NetworkException, match="ConnectError: certificate verify failed"):
        sent(GET, script(*[silent] * 4))


def test_a_pause_that_would_pass_the_deadline_ends_the_retries(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_TIMEOUT", "0.4")
    with pytest.raises(NetworkException, match="reset"):
        sent(GET, script(httpx.ReadError("reset"), 200))
    assert pauses == []


def test_a_single_use_request_is_repeated_only_if_it_was_not_sent(
    pauses: list[float],
) -> None:
    assert (sent(SPENT, script(503, 200))).status_code == 503
    with pytest.raises(NetworkException):
        sent(SPENT, script(httpx.ReadError("reset"), 200))
    assert (sent(SPENT, script(httpx.ConnectError("refused"), 200))).status_code == 200
    assert (sent(SPENT, script(429, 200))).status_code == 200


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
@pytest.mark.parametrize("request_", [GET, SPENT], ids=["safe", "spent"])
def test_a_request_that_was_certainly_not_sent_is_repeated(
    pauses: list[float], request_: HttpRequest, error: type[httpx.TransportError]
) -> None:
    assert (sent(request_, script(error("no connection"), 200))).status_code == 200
    assert pauses == [1.0]


def test_an_error_that_repeats_itself_is_not_retried(pauses: list[float]) -> None:
    with pytest.raises(NetworkException):
        sent(GET, script(httpx.UnsupportedProtocol("no scheme"), 200))
    assert pauses == []


def test_a_malformed_url_is_the_callers_mistake() -> None:
    with refused(ConfigurationException, "invalid_url"):
        sent(HttpRequest("GET", "https://op.example:port/"), script(200))


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_redirects_are_refused_and_their_target_is_named_without_its_query(
    status: int, provider: EmbeddedProvider
) -> None:
    target = {"location": "https://evil.example/x?token=s3cret"}
    provider.intercept = answering("/here", Answer(status, b"", target))
    with refused(ResponseRefusedException, "redirect_refused") as caught:
        send(HttpRequest("GET", f"{provider.issuer}/here"), None)
    assert str(status) in str(caught.value)
    assert "https://evil.example/x" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert len(provider.requests) == 1


def test_a_client_that_follows_redirects_follows_none_of_ours() -> None:
    seen: list[str] = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(302, headers={"location": "https://op.example/there"})

    transport = httpx.MockTransport(serve)
    with httpx.Client(transport=transport, follow_redirects=True) as client:
        with refused(ResponseRefusedException, "redirect_refused"):
            send(HttpRequest("GET", "https://op.example/here"), HTTPClient(client))
    assert seen == ["https://op.example/here"]


def test_a_redirect_to_nowhere_is_refused() -> None:
    with pytest.raises(ResponseRefusedException, match="points to nowhere"):
        sent(GET, script(httpx.Response(302)))


def test_a_body_is_read_no_further_than_its_bound(provider: EmbeddedProvider) -> None:
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    endless = Answer(200, chunk * 200, {"transfer-encoding": "chunked"})
    provider.intercept = answering("/bomb", endless)
    request = HttpRequest("GET", f"{provider.issuer}/bomb", max_body=0x10000)
    with refused(ResponseRefusedException, "response_too_large"):
        send(request, None)


def test_a_body_that_declares_itself_too_large_is_not_read(
    provider: EmbeddedProvider,
) -> None:
    provider.intercept = answering("/large", Answer(200, b"", {"content-length": "1048577"}))
    with refused(ResponseRefusedException, "response_too_large"):
        send(HttpRequest("GET", f"{provider.issuer}/large"), None)
    absurd = httpx.Response(200, headers={"content-length": "9" * 5000})
    with refused(ResponseRefusedException, "response_too_large"):
        sent(GET, script(absurd))


def test_a_body_just_within_its_bound_is_complete(provider: EmbeddedProvider) -> None:
    provider.intercept = answering("/fits", Answer(200, b"x" * 1000))
    request = HttpRequest("GET", f"{provider.issuer}/fits", max_body=1000)
    assert (send(request, None)).content == b"x" * 1000


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the body is left unread on purpose
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_mock_that_continues_after_it_was_closed_is_abandoned() -> None:
    def serve(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Endless())

    request = HttpRequest("GET", URL, max_body=10)
    with refused(ResponseRefusedException, "response_too_large"):
        sent(request, httpx.MockTransport(serve))


def test_a_connection_that_breaks_in_the_middle_is_a_network_error() -> None:
    with Drip(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", b"", 10) as server:
        server.hang_up()
        with refused(NetworkException, "network_error"):
            send(HttpRequest("GET", server.url), None, retries=0)


def test_a_body_that_a_mock_has_read_already_is_bounded_too() -> None:
    request = HttpRequest("GET", URL, max_body=10)
    assert (sent(request, script(httpx.Response(200, content=b"x" * 10)))).content
    headers = {"content-length": "x"}
    with pytest.raises(ResponseRefusedException):
        sent(request, script(httpx.Response(200, headers=headers, content=b"x" * 11)))


def test_encoded_bodies_are_refused_unread(provider: EmbeddedProvider) -> None:
    provider.intercept = answering("/gzip", Answer(200, b"junk", {"content-encoding": "gzip"}))
    with refused(ResponseRefusedException, "content_encoding_refused"):
        send(HttpRequest("GET", f"{provider.issuer}/gzip"), None)
    assert provider.requests[0].headers["accept-encoding"] == "identity"


def read_clock(monkeypatch: pytest.MonkeyPatch, *readings: float) -> None:
    """Let the clock of ``send`` show these readings, and the last one for ever."""
    left = list(readings)
    monkeypatch.setattr(sending, "monotonic", lambda: left.pop(0) if left[1:] else left[0])


def test_the_total_deadline_bounds_all_attempts() -> None:
    with refused(DeadlineExceededException, "deadline_exceeded"):
        sent(GET, script(TimeoutError()))


def test_an_attempt_after_the_deadline_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    read_clock(monkeypatch, 0.0, 100.0)
    with refused(DeadlineExceededException, "deadline_exceeded"):
        sent(GET, script(200))


def test_a_timeout_at_the_deadline_is_reported_as_such(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read_clock(monkeypatch, 0.0, 1.0, 100.0)
    with refused(DeadlineExceededException, "deadline_exceeded"):
        sent(GET, script(httpx.ReadTimeout("slow")))


def test_phases_without_a_timeout_get_the_deadline_as_theirs() -> None:
    seen: dict[str, float] = {}

    def serve(request: httpx.Request) -> httpx.Response:
        seen.update(request.extensions["timeout"])
        return httpx.Response(200)

    client = httpx.Client(timeout=None, transport=httpx.MockTransport(serve))
    with client:
        send(GET, HTTPClient(client))
    assert all(0 < seconds <= 60 for seconds in seen.values())


@pytest.mark.parametrize("looks", [False, True])
def test_no_cookie_is_stored_even_by_a_client_that_looks_for_them(
    looks: bool, provider: EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    if looks:
        monkeypatch.setattr(http, "ignore_cookies", lambda client: None)
    cookie = {"set-cookie": "session=1; Path=/", "content-type": "application/json"}
    provider.intercept = answering("/cookie", Answer(200, b"{}", cookie))
    request = HttpRequest("GET", f"{provider.issuer}/cookie")
    with HTTPClient() as client:
        send(request, client)
        send(request, client)
        assert not client.client.cookies
    assert [("cookie" in one.headers) for one in provider.requests] == [False, False]


def test_the_clients_own_auth_does_not_replace_the_requests() -> None:
    sent_headers: list[str | None] = []

    def serve(request: httpx.Request) -> httpx.Response:
        sent_headers.append(request.headers.get("authorization"))
        return httpx.Response(200)

    client = httpx.Client(auth=("gate", "way"), transport=httpx.MockTransport(serve))
    with client:
        wrapped = HTTPClient(client)
        authenticated = HttpRequest(
            "POST", URL, form={}, client_id="c", authentication=ClientSecretBasic("s")
        )
        send(authenticated, wrapped)
        send(GET, wrapped)
    assert sent_headers == ["Basic Yzpz", "Basic Z2F0ZTp3YXk="]


def test_a_body_that_a_wrapped_client_changes_is_sent_as_changed(
    provider: EmbeddedProvider,
) -> None:
    class Adding(httpx.Client):
        def build_request(self, *arguments: Any, **named: Any) -> httpx.Request:
            named["content"] += b"&tenant=t"
            return super().build_request(*arguments, **named)

    request = HttpRequest("POST", f"{provider.issuer}/token", form={"code": "c"})
    with Adding() as client:
        send(request, HTTPClient(client))
    assert provider.requests[-1].form == {"code": "c", "tenant": "t"}


def test_the_additions_of_a_wrapped_client_are_made() -> None:
    seen: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200)

    class Signing(httpx.Client):
        def build_request(self, *arguments: Any, **named: Any) -> httpx.Request:
            request = super().build_request(*arguments, **named)
            request.headers["x-signed"] = "yes"
            return request

    transport = httpx.MockTransport(serve)
    address = str(httpx.URL(URL).copy_with(path="/", query=None))
    for client in (
        httpx.Client(transport=transport, headers={"x-tenant": "t", "accept": "a/b"}),
        httpx.Client(transport=transport, params={"tenant": "t"}),
        httpx.Client(transport=transport, cookies={"tenant": "t"}),
        httpx.Client(transport=transport, base_url=address),
        Signing(transport=transport),
    ):
        with client:
            url = "/relative" if str(client.base_url) else URL
            send(HttpRequest("GET", url), HTTPClient(client))
    plain, params, cookies, based, signing = seen
    assert plain.headers["x-tenant"] == "t"
    assert plain.headers.get_list("accept") == ["application/json"]
    assert plain.headers["accept-encoding"] == "identity"
    assert params.url.params["tenant"] == "t"
    assert cookies.headers["cookie"] == "tenant=t"
    assert based.url.path == "/relative"
    assert signing.headers["x-signed"] == "yes"
    assert len({one.headers["host"] for one in seen}) == 1


def test_retries_are_logged_without_query(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    sent(HttpRequest("GET", f"{URL}?token=s3cret"), script(503, 200))
    warnings = [r.getMessage() for r in caplog.records if r.name == "py_identity_model"]
    assert warnings == ["GET https://op.example/: status 503; retrying in 0 s"]


def test_an_owned_client_is_closed_with_its_wrapper() -> None:
    with HTTPClient(timeout=5) as wrapper:
        inner = wrapper.client
        assert not wrapper.is_closed
    assert inner.is_closed
    wrapper.close()
    with pytest.raises(RuntimeError, match="HTTPClient has been closed"):
        _ = wrapper.client


def test_a_wrapped_client_stays_open_but_its_wrapper_does_not() -> None:
    with httpx.Client() as inner:
        with HTTPClient(inner) as wrapper:
            assert wrapper.client is inner
        assert not inner.is_closed
        with pytest.raises(RuntimeError, match="has been closed"):
            _ = wrapper.client


def test_options_for_a_client_that_exists_already_are_refused() -> None:
    with httpx.Client() as inner:
        with pytest.raises(ValueError, match="cannot be specified"):
            HTTPClient(inner, timeout=1)
        with pytest.raises(ValueError, match="cannot be specified"):
            HTTPClient(inner, verify=False)


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan"), "5"])
def test_a_timeout_must_be_a_positive_number(timeout: float) -> None:
    with refused(InvalidArgumentError, "invalid_argument"):
        HTTPClient(timeout=timeout)


def test_a_timeout_in_the_environment_must_be_a_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_TIMEOUT", "soon")
    with pytest.raises(ValueError, match="HTTP_TIMEOUT"):
        HTTPClient()


def test_a_request_may_take_twice_the_timeout_in_total() -> None:
    with HTTPClient(timeout=3) as wrapper, HTTPClient() as usual:
        assert wrapper.total_timeout == 6
        assert usual.total_timeout == 60


def test_switching_verification_off_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with HTTPClient(verify=False):
        assert "not verified" in caplog.text


@pytest.mark.parametrize("verify", [0, 0.0, 1, b"/ca.pem", ["/ca.pem"]])
def test_only_true_false_or_a_path_says_whom_to_trust(verify: Any) -> None:
    with HTTPClient(verify=False):
        with pytest.raises(InvalidArgumentError, match="verify must be True, False, or the path"):
            HTTPClient(verify=verify)


def test_the_default_client_is_shared_and_replaced_once_closed() -> None:
    first = http.default_http_client()
    assert http.default_http_client() is first
    http.close_default_http_client()
    second = http.default_http_client()
    assert second is not first
    second.client.close()
    assert http.default_http_client() is not second


def test_a_further_client_costs_next_to_nothing() -> None:
    with HTTPClient():
        pass
    best = 1.0
    for _ in range(20):
        began = time.perf_counter()
        wrapper = HTTPClient()
        best = min(best, time.perf_counter() - began)
        wrapper.close()
    assert best < 0.002, "reading the certificate authorities again takes 14 ms"


def test_the_answers_headers_are_found_in_any_case(provider: EmbeddedProvider) -> None:
    response = send(HttpRequest("GET", provider.issuer + DISCOVERY), None)
    assert response.media_type == "application/json"
    assert response.headers.get("Content-Type") == "application/json"


@pytest.mark.parametrize(
    ("beginning", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\n", b"x-more: 1\r\n"),
        (b"", b"H"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;", b"e"),
    ],
    ids=["body", "headers", "status line", "continue", "hints", "chunks", "chunk extension"],
)
def test_an_answer_that_drips_is_given_up_at_the_deadline(beginning: bytes, piece: bytes) -> None:
    with Drip(beginning, piece) as server:
        with HTTPClient(timeout=0.15) as client:
            began = time.monotonic()
            with pytest.raises(NetworkException):
                send(HttpRequest("GET", server.url), client, retries=0)
            assert time.monotonic() - began < 3


@pytest.mark.parametrize("hangs_up", [True, False], ids=["hangs up", "reads no further"])
def test_a_body_that_is_not_sent_to_its_end_leaves_no_generator_behind(
    hangs_up: bool,
) -> None:
    """What is never finished brings a warning, and warnings are errors here."""
    body = HttpRequest("POST", URL, json={"x": "y" * 8_000_000})
    with Drip(b"", b"H") as server:
        if hangs_up:
            server.hang_up()
        with HTTPClient(timeout=1) as client:
            with pytest.raises(NetworkException):
                send(body._replace(url=server.url), client, retries=0)
    gc.collect()


def test_a_program_may_put_something_else_in_the_place_of_the_librarys_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with httpx.Client(transport=script(200)) as client:
        monkeypatch.setattr(httpx, "Client", lambda **options: client)
        assert (send(GET, HTTPClient(client))).status_code == 200
