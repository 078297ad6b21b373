"""Activities as spans and metrics of OpenTelemetry; loaded by ``telemetry.instrument``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import Token
from dataclasses import asdict
from functools import partial
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from opentelemetry import context, metrics, trace
from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation
from opentelemetry.trace import Span, SpanKind, StatusCode, TracerProvider

from ._activities import Kind
from ._activity_events import ActivityEvent, ActivityOutcome
from ._validation.events import get_cache_statistics

SCOPE = "py_identity_model"
WHAT = "py_identity_model.what"
OUTCOME = "py_identity_model.outcome"
PROVIDER = "py_identity_model.provider"
CODE = "error.type"
HOST = "server.address"
PORT = "server.port"
CACHE_METRIC = "py_identity_model.cache.events"
CACHE_EVENT = "py_identity_model.cache.event"

_KINDS: tuple[Kind, ...] = ("login", "renewal", "request", "fetch", "verification")
_OUTGOING = frozenset({"request", "fetch"})
# The usual ones are for milliseconds: every verification would be in the first.
_BOUNDARIES = (0.0001, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

Attributes = dict[str, str | int]


class Meters:
    """The instruments of one meter provider, created once: a second one would be refused."""

    def __init__(self, provider: MeterProvider, version: str, texts: Mapping[str, str]) -> None:
        self.is_active = False
        meter = provider.get_meter(SCOPE, version)
        self.durations = {
            kind: meter.create_histogram(
                name := f"{SCOPE}.{kind}.duration",
                unit="s",
                description=texts[name],
                explicit_bucket_boundaries_advisory=_BOUNDARIES,
            )
            for kind in _KINDS
        }
        # Read when metrics are collected: a cache hit costs nothing.
        meter.create_observable_counter(
            CACHE_METRIC, [self._observe_caches], unit="{event}", description=texts[CACHE_METRIC]
        )

    def _observe_caches(self, options: CallbackOptions) -> Iterable[Observation]:
        if not self.is_active:
            return
        for name, count in asdict(get_cache_statistics()).items():
            yield Observation(count, {CACHE_EVENT: name})


_meters: WeakKeyDictionary[MeterProvider, Meters] = WeakKeyDictionary()


class Recorder:
    """Records activities as spans, and their durations.

    ``version`` is that of this package, ``texts`` describes the metrics by their names.
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None,
        meter_provider: MeterProvider | None,
        version: str,
        texts: Mapping[str, str],
    ) -> None:
        provider = metrics.get_meter_provider() if meter_provider is None else meter_provider
        self._tracer = trace.get_tracer(SCOPE, version, tracer_provider)
        self._meters = _meters.get(provider) or _meters.setdefault(
            provider, Meters(provider, version, texts)
        )
        self._meters.is_active = True

    def stop(self) -> None:
        """Report nothing of the caches any more."""
        self._meters.is_active = False

    def begin(self, kind: Kind, what: str) -> Callable[[ActivityEvent | None], object]:
        """Begin a span, inside which others begin; return what ends it."""
        span = self._tracer.start_span(
            f"{SCOPE}.{kind}",
            kind=SpanKind.CLIENT if kind in _OUTGOING else SpanKind.INTERNAL,
            attributes={WHAT: what},
        )
        return partial(self._end, span, context.attach(trace.set_span_in_context(span)))

    def _end(self, span: Span, token: Token[Context], event: ActivityEvent | None) -> None:
        context.detach(token)
        if event is None:
            return  # a span that never ends is not exported
        attributes = dict(_attributes_of(event))
        if event.outcome is ActivityOutcome.FAILED:
            span.set_status(StatusCode.ERROR)
        span.set_attributes(attributes)
        span.end()
        attributes.pop(PROVIDER, None)  # there may be thousands: one per tenant
        self._meters.durations[event.kind.value].record(event.seconds, attributes)


def _attributes_of(event: ActivityEvent) -> Iterator[tuple[str, str | int]]:
    yield WHAT, event.what
    yield OUTCOME, event.outcome.value
    if event.code is not None:
        yield CODE, event.code
    if event.url is None:
        return
    if event.kind.value not in _OUTGOING:
        yield PROVIDER, event.url
        return
    parts = urlsplit(event.url)
    if parts.hostname:
        yield HOST, parts.hostname
    if parts.port:
        yield PORT, parts.port
