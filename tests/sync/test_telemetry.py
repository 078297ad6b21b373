# Generated from aio/test_telemetry.py by scripts/make_sync.py; edit that file.
"""Activities as a hook and OpenTelemetry see them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from py_identity_model import __version__
from py_identity_model.exceptions import (
    AccessTokenRefusedException,
    AuthorizeCallbackException,
    ConfigurationException,
    InvalidArgumentError,
    PyIdentityModelException,
    TokenRequestException,
    TokenValidationException,
)
from py_identity_model.sync import (
    AccessTokenVerifier,
    ActivityEvent,
    ActivityKind,
    ActivityOutcome,
    BackchannelAuthenticationResponse,
    ClientCredentialsTokenRequest,
    ClientSecretBasic,
    DiscoveryDocumentRequest,
    MemoryTokenStore,
    OAuthClient,
    RefreshTokenRequest,
    Session,
    Settings,
    TokenSource,
    TokenValidationConfig,
    TrustedIssuer,
    get_discovery_document,
    set_activity_hook,
    validate_token,
)
from py_identity_model.telemetry import ATTRIBUTES, METRICS, SPANS, instrument, uninstrument
from py_identity_model.testing import Answer, EmbeddedProvider
from tests.support import DISCOVERY, answering, failing

REDIRECT = "https://rp.example/cb"


@dataclass
class Telemetry:
    """Everything that is exported."""

    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader
    tracers: TracerProvider
    meters: MeterProvider

    def spans(self, name: str) -> list[ReadableSpan]:
        found = self.exporter.get_finished_spans()
        return [span for span in found if span.name == f"py_identity_model.{name}"]

    def span(self, name: str, **attributes: str) -> ReadableSpan:
        (found,) = self.spans(name)
        assert found.attributes is not None
        for key, value in attributes.items():
            assert found.attributes[f"py_identity_model.{key}"] == value
        return found

    def points(self) -> list[tuple[str, dict[str, Any], float]]:
        data: Any = self.reader.get_metrics_data()
        return [
            (metric.name, dict(point.attributes), getattr(point, "count", None) or point.value)
            for resource in ([] if data is None else data.resource_metrics)
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in metric.data.data_points
        ]

    def everything(self) -> str:
        texts = [span.to_json() for span in self.exporter.get_finished_spans()]
        return "\n".join([*texts, repr(self.points())])


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers, meters = TracerProvider(), MeterProvider([reader])
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    instrument(tracer_provider=tracers, meter_provider=meters)
    yield Telemetry(exporter, reader, tracers, meters)
    uninstrument()
    meters.shutdown()
    tracers.shutdown()


@pytest.fixture
def events() -> Iterator[list[ActivityEvent]]:
    seen: list[ActivityEvent] = []
    set_activity_hook(seen.append)
    yield seen
    set_activity_hook(None)


def client_of(provider: EmbeddedProvider, **more: Any) -> OAuthClient:
    usual: dict[str, Any] = {
        "client_authentication": ClientSecretBasic(provider.client_secret),
        "redirect_uri": REDIRECT,
        "scope": "openid profile",
    }
    return OAuthClient(provider.issuer, provider.client_id, **{**usual, **more})


def source_of(provider: EmbeddedProvider, **more: Any) -> TokenSource:
    request = ClientCredentialsTokenRequest(
        provider.token_endpoint, provider.client_id, provider.client_secret
    )
    return TokenSource(request, **more)


def log_in(provider: EmbeddedProvider) -> Session:
    client = client_of(provider)
    begun = client.authorization_request()
    return client.callback(browsed(begun.url), begun)


def browsed(url: str) -> str:
    return str(httpx.get(url, trust_env=False).headers["location"])


def short(events: list[ActivityEvent]) -> list[tuple[str, str, str, str | None]]:
    return [(one.kind.value, one.what, one.outcome.value, one.code) for one in events]


def test_a_login_is_a_span_with_its_requests_inside(
    provider: EmbeddedProvider, telemetry: Telemetry
) -> None:
    log_in(provider)
    login = telemetry.span(
        "login", what="authorization code", outcome="succeeded", provider=provider.issuer
    )
    request = telemetry.span("request", what="authorization code token exchange")
    verification, keys = telemetry.span("verification"), telemetry.spans("fetch")[-1]
    assert request.parent == verification.parent == login.context
    assert keys.parent == verification.context
    assert (login.kind, request.kind) == (SpanKind.INTERNAL, SpanKind.CLIENT)
    assert login.status.status_code is StatusCode.UNSET
    assert request.attributes is not None
    host = (request.attributes["server.address"], request.attributes["server.port"])
    assert f"http://{host[0]}:{host[1]}" == provider.issuer


def test_a_failed_login_names_its_code(provider: EmbeddedProvider, telemetry: Telemetry) -> None:
    client = client_of(provider)
    begun = client.authorization_request()
    with pytest.raises(AuthorizeCallbackException):
        client.callback(f"?code=c&state={begun.state}&iss=https://mallory.example", begun)
    login = telemetry.span("login", outcome="failed")
    assert login.attributes is not None
    assert login.attributes["error.type"] == "issuer_mismatch"
    assert login.status.status_code is StatusCode.ERROR
    assert not login.status.description
    assert not login.events


def test_a_renewal_is_a_span_with_its_request_inside(
    provider: EmbeddedProvider, telemetry: Telemetry
) -> None:
    session = log_in(provider)
    telemetry.exporter.clear()
    session.refresh()
    renewal = telemetry.span("renewal", what="login", provider=provider.issuer)
    request = telemetry.span("request", what="token refresh", outcome="succeeded")
    assert request.parent == renewal.context


def test_a_request_that_is_retried_is_one_span(
    provider: EmbeddedProvider, telemetry: Telemetry
) -> None:
    answers: list[Answer | None] = [Answer(503), Answer(503), None]
    provider.intercept = lambda received: answers.pop(0)
    source_of(provider, settings=Settings(http_retry_base_delay=0)).get_token()
    assert answers == []
    telemetry.span("renewal", outcome="succeeded")
    telemetry.span("request", outcome="succeeded")
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_a_renewal_is_inside_the_span_of_the_program(
    provider: EmbeddedProvider, telemetry: Telemetry
) -> None:
    with telemetry.tracers.get_tracer("program").start_as_current_span("job") as job:
        source_of(provider).get_token()
        assert trace.get_current_span() is job
    parent = telemetry.span("renewal", what="machine").parent
    assert parent is not None
    assert parent.span_id == job.get_span_context().span_id


def test_a_failed_renewal_names_the_error_of_the_provider_in_its_request(
    provider: EmbeddedProvider, telemetry: Telemetry
) -> None:
    provider.intercept = answering("/token", Answer.of_json({"error": "invalid_client"}, 401))
    with pytest.raises(TokenRequestException):
        source_of(provider).get_token()
    for name, code in (("renewal", "token_request_error"), ("request", "invalid_client")):
        span = telemetry.span(name, outcome="failed")
        assert span.attributes is not None
        assert span.attributes["error.type"] == code


def test_a_refusal_is_a_span_and_no_fault_of_the_program(
    provider: EmbeddedProvider, telemetry: Telemetry
) -> None:
    verifier = AccessTokenVerifier(provider.issuer, "api")
    verifier.verify(f"Bearer {provider.mint()}")
    telemetry.exporter.clear()
    with pytest.raises(AccessTokenRefusedException):
        verifier.verify(f"Bearer {provider.mint(aud='another')}")
    span = telemetry.span(
        "verification", what="access token", outcome="refused", provider=provider.issuer
    )
    assert span.attributes is not None
    assert span.attributes["error.type"] == "invalid_audience"
    assert span.status.status_code is StatusCode.UNSET


def test_without_a_verdict_the_program_is_at_fault(
    provider: EmbeddedProvider, telemetry: Telemetry
) -> None:
    provider.intercept = failing("/jwks")
    with pytest.raises(AccessTokenRefusedException):
        AccessTokenVerifier(provider.issuer, "api").verify(f"Bearer {provider.mint()}")
    assert telemetry.span("verification", outcome="failed").status.status_code is StatusCode.ERROR
    document, keys = telemetry.spans("fetch")
    assert document.status.status_code is StatusCode.UNSET
    assert keys.attributes is not None
    assert keys.attributes["error.type"] == "unexpected_status"


def test_nothing_that_is_exported_names_a_secret_or_a_user(
    provider: EmbeddedProvider, telemetry: Telemetry
) -> None:
    words = "carol-the-subject"
    client, store = client_of(provider), MemoryTokenStore()
    begun = client.authorization_request(login_hint=words)
    answer = browsed(begun.url)
    session = client.callback(answer, begun, userinfo=True)
    first = session.token
    session.refresh()
    machine = source_of(provider, store=store).get_token()
    verifier = AccessTokenVerifier(provider.issuer, "api")
    tokens = [provider.mint(sub=words), provider.mint(sub=words, exp=1), provider.mint(aud=words)]
    tokens += [provider.mint(iss=f"https://{words}.example"), f"{words}.e30.c2ln", words]
    for token in tokens:
        for authorization in (f"Bearer {token}", f"{words} {token}", words):
            try:
                verifier.verify(authorization, scopes=[])
            except AccessTokenRefusedException:
                continue
    said = Answer.of_json({"error": words, "error_description": words}, 400)
    provider.intercept = answering("/token", said)
    with pytest.raises(PyIdentityModelException):
        session.refresh()
    with pytest.raises(PyIdentityModelException):
        client.callback(f"?error={words}&state={begun.state}", begun)
    exported = telemetry.everything()
    secrets = [words, provider.client_secret, begun.state, begun.nonce, begun.code_verifier]
    secrets += [*first.values(), *session.token.values(), machine.access_token, *tokens, answer]
    found = [one for one in secrets if isinstance(one, str) and len(one) > 8 and one in exported]
    assert found == []
    names = {
        key for span in telemetry.exporter.get_finished_spans() for key in span.attributes or ()
    }
    names |= {key for _, attributes, _ in telemetry.points() for key in attributes}
    assert names == {*ATTRIBUTES}
    assert {span.name for span in telemetry.exporter.get_finished_spans()} == {*SPANS}
    assert {name for name, *_ in telemetry.points()} == {*METRICS}


def test_the_name_of_a_tenant_is_not_taken_from_a_refused_token(
    provider: EmbeddedProvider, telemetry: Telemetry
) -> None:
    template = f"{provider.issuer}/{{tenantid}}/v2.0"
    verifier = AccessTokenVerifier(TrustedIssuer(template, bound_claim="tid"), "api")
    token = provider.mint(iss=f"{provider.issuer}/carol/v2.0", tid="carol")
    with pytest.raises(AccessTokenRefusedException):
        verifier.verify(f"Bearer {token}")
    span = telemetry.span("verification", provider=template)
    assert "carol" not in span.to_json()


def test_durations_are_counted_by_outcome_without_the_names_of_tenants(
    provider: EmbeddedProvider, telemetry: Telemetry
) -> None:
    config = TokenValidationConfig(perform_disco=True, audience="api")
    for audience in ("api", "api", "another"):
        try:
            validate_token(provider.mint(aud=audience), config, provider.issuer)
        except TokenValidationException:
            continue
    counted = [
        (attributes, count)
        for name, attributes, count in telemetry.points()
        if name == "py_identity_model.verification.duration"
    ]
    what, outcome = "py_identity_model.what", "py_identity_model.outcome"
    refused = {what: "token", outcome: "refused", "error.type": "invalid_audience"}
    assert counted == [({what: "token", outcome: "succeeded"}, 2), (refused, 1)]


def test_an_operator_finds_units_descriptions_and_the_version(
    provider: EmbeddedProvider, telemetry: Telemetry
) -> None:
    validate_token(
        provider.mint(), TokenValidationConfig(perform_disco=True, audience="api"), provider.issuer
    )
    data: Any = telemetry.reader.get_metrics_data()
    (scope,) = data.resource_metrics[0].scope_metrics
    span: Any = telemetry.span("verification")
    for one in (scope.scope, span.instrumentation_scope):
        assert (one.name, one.version) == ("py_identity_model", __version__)
    for metric in scope.metrics:
        assert metric.description == METRICS[metric.name]
        assert metric.unit == ("s" if metric.name.endswith(".duration") else "{event}")


def test_caches_are_counted(provider: EmbeddedProvider, telemetry: Telemetry) -> None:
    config = TokenValidationConfig(perform_disco=True, audience="api")

    def count(event: str) -> float:
        return sum(
            value
            for _, attributes, value in telemetry.points()
            if attributes.get("py_identity_model.cache.event") == event
        )

    hits, misses = count("hits"), count("misses")
    for _ in range(3):
        validate_token(provider.mint(), config, provider.issuer)
    assert (count("hits") - hits, count("misses") - misses) == (4, 2)


def test_what_no_longer_listens_is_told_nothing(
    provider: EmbeddedProvider, telemetry: Telemetry
) -> None:
    instrument(tracer_provider=telemetry.tracers, meter_provider=telemetry.meters)
    uninstrument()
    source_of(provider).get_token()
    assert telemetry.exporter.get_finished_spans() == ()
    assert telemetry.points() == []
    uninstrument()


def test_the_hook_and_opentelemetry_listen_together(
    provider: EmbeddedProvider, telemetry: Telemetry, events: list[ActivityEvent]
) -> None:
    instrument(tracer_provider=telemetry.tracers, meter_provider=telemetry.meters)
    source_of(provider).get_token()
    assert short(events) == [
        ("request", "token request", "succeeded", None),
        ("renewal", "machine", "succeeded", None),
    ]
    telemetry.span("renewal")
    uninstrument()
    source_of(provider).get_token()
    assert len(events) == 4


def test_the_hook_gets_the_end_of_a_login(
    provider: EmbeddedProvider, events: list[ActivityEvent]
) -> None:
    log_in(provider)
    last = events[-1]
    assert (last.kind, last.outcome) == (ActivityKind.LOGIN, ActivityOutcome.SUCCEEDED)
    assert (last.url, last.code) == (provider.issuer, None)
    assert 0 < last.seconds < 60


def test_a_login_on_another_device_is_a_login(
    provider: EmbeddedProvider, events: list[ActivityEvent], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    client = client_of(provider)
    for agree in (True, False):
        device = client.request_device_login()
        device.interval = 0
        provider.decide_device(str(device.user_code), agree=agree)
        try:
            client.wait_for_device_login(device)
        except TokenRequestException:
            continue
    logins = [one for one in short(events) if one[0] == "login"]
    assert logins == [
        ("login", "device", "succeeded", None),
        ("login", "device", "failed", "token_request_error"),
    ]
    assert caplog.text.count("login failed: code=token_request_error") == 1


def test_a_poll_that_comes_too_early_is_pending(
    provider: EmbeddedProvider, events: list[ActivityEvent]
) -> None:
    document = json.loads(httpx.get(provider.issuer + DISCOVERY, trust_env=False).text)
    document["backchannel_authentication_endpoint"] = f"{provider.issuer}/bc"
    pending = Answer.of_json({"error": "authorization_pending"}, 400)
    answers = {DISCOVERY: Answer.of_json(document), "/token": pending}
    provider.intercept = lambda received: answers.get(received.path)
    client = client_of(provider)
    started = BackchannelAuthenticationResponse(True, auth_req_id="r1", expires_in=60)
    assert client.poll_backchannel_login(started) is None
    assert short(events)[-2:] == [
        ("request", "backchannel token poll", "pending", "authorization_pending"),
        ("login", "backchannel", "pending", "authorization_pending"),
    ]


def test_a_token_that_another_source_renewed_is_no_renewal(
    provider: EmbeddedProvider, events: list[ActivityEvent]
) -> None:
    store = MemoryTokenStore()
    source_of(provider, store=store).get_token()
    events.clear()
    source_of(provider, store=store).get_token()
    assert events == []


def test_a_login_that_another_source_renewed_is_no_renewal(
    provider: EmbeddedProvider, events: list[ActivityEvent]
) -> None:
    session = log_in(provider)
    request = RefreshTokenRequest(
        provider.token_endpoint,
        provider.client_id,
        str(session.refresh_token),
        client_secret=provider.client_secret,
    )
    store = MemoryTokenStore()
    TokenSource(request, store=store).get_token()
    assert short(events)[-1] == ("renewal", "login", "succeeded", None)
    events.clear()
    TokenSource(request, store=store).get_token()
    assert events == []


def test_uncached_documents_are_fetched_too(
    provider: EmbeddedProvider, events: list[ActivityEvent]
) -> None:
    get_discovery_document(DiscoveryDocumentRequest(address=provider.issuer))
    assert short(events) == [("fetch", "document", "succeeded", None)]
    address = f"{provider.issuer}/.well-known/openid-configuration"
    assert events[0].url in {provider.issuer, address}


@pytest.mark.parametrize("said", ["carol", "invalid_client", 7, None, ["x"], "invalid_client\n"])
def test_only_registered_errors_of_a_provider_are_repeated(
    provider: EmbeddedProvider, events: list[ActivityEvent], said: Any
) -> None:
    provider.intercept = answering("/token", Answer.of_json({"error": said}, 400))
    with pytest.raises(TokenRequestException):
        source_of(provider).get_token()
    expected = "invalid_client" if said == "invalid_client" else "unexpected_status"
    assert events[0].code == expected


def test_the_code_of_a_validator_is_a_word_or_left_out(
    provider: EmbeddedProvider, events: list[ActivityEvent]
) -> None:
    def refuse(claims: dict[str, Any]) -> None:
        raise TokenValidationException("no", code=f"{claims['sub']}@example.com")

    config = TokenValidationConfig(perform_disco=True, audience="api", claims_validator=refuse)
    with pytest.raises(TokenValidationException):
        validate_token(provider.mint(), config, provider.issuer)
    assert short(events)[-1] == ("verification", "token", "refused", "other")


def test_a_mistake_of_the_caller_is_no_refusal(
    provider: EmbeddedProvider, events: list[ActivityEvent]
) -> None:
    wrong: Any = 7
    with pytest.raises(InvalidArgumentError):
        AccessTokenVerifier(provider.issuer, "api").verify(wrong)
    with pytest.raises(ConfigurationException):
        validate_token("a.b.c", TokenValidationConfig(perform_disco=True), None)
    assert [one.outcome for one in events] == [ActivityOutcome.FAILED] * 2
    assert [one.url for one in events] == [None, None]


def test_a_failing_hook_does_not_stop_an_activity(
    provider: EmbeddedProvider, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(event: ActivityEvent) -> None:
        raise LookupError("metrics are down")

    set_activity_hook(fail)
    try:
        source_of(provider).get_token()
    finally:
        set_activity_hook(None)
    assert caplog.text.count("the hook for activities failed") == 2
    telemetry.span("renewal")
