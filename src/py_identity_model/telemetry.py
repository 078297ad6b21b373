"""Spans and metrics for OpenTelemetry: the extra ``otel``.

Call :func:`instrument` once, when the program starts, for both APIs.  Without it nothing of
OpenTelemetry is loaded, and a verification reads one attribute more.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from ._activities import activities
from .exceptions import ConfigurationException

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

__all__ = ["ATTRIBUTES", "METRICS", "SPANS", "instrument", "uninstrument"]

SPANS: Mapping[str, str] = MappingProxyType(
    {
        "py_identity_model.login": "a response to a login, or a login on another device",
        "py_identity_model.renewal": "a token source or session obtains a token",
        "py_identity_model.request": "a request to an endpoint, its retries included",
        "py_identity_model.fetch": "a discovery document or key set is fetched",
        "py_identity_model.verification": "a token is verified",
    }
)
"""The names of spans, and what they cover."""

METRICS: Mapping[str, str] = MappingProxyType(
    {
        **{f"{name}.duration": f"seconds, a histogram: {text}" for name, text in SPANS.items()},
        "py_identity_model.cache.events": "a counter of what the caches did",
    }
)
"""The names of metrics, and what they measure."""

ATTRIBUTES: Mapping[str, str] = MappingProxyType(
    {
        "py_identity_model.what": "which of its kind: the grant, the endpoint, the document",
        "py_identity_model.outcome": "`succeeded`, `pending`, `refused`, `failed` or `cancelled`",
        "error.type": "the error code, unless it succeeded or was cancelled",
        "py_identity_model.provider": "of logins, renewals and verifications, spans only: the "
        "issuer, or the token endpoint",
        "server.address": "of requests and fetches: the host",
        "server.port": "of requests and fetches: the port, if the URL has one",
        "py_identity_model.cache.event": "of the counter: `hits`, `misses`, `refreshes`, "
        "`stale_served`, `failures`, `refused_kids` or `evicted`",
    }
)
"""The names of all attributes, and their values."""


def instrument(
    *, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
) -> None:
    """Record spans and metrics of this package by OpenTelemetry from now on.

    :param tracer_provider: used instead of the global one
    :param meter_provider: used instead of the global one

    Another call replaces the providers.  Raises :class:`ConfigurationException`
    (``missing_extra``) if OpenTelemetry is not installed.

    Example::

        instrument()
        uninstrument()
    """
    try:
        from ._otel import Recorder
    except ImportError as error:
        raise ConfigurationException(
            "OpenTelemetry is not installed: pip install 'py-identity-model[otel]'",
            code="missing_extra",
        ) from error

    from . import __version__

    uninstrument()
    recorder = Recorder(tracer_provider, meter_provider, __version__, METRICS)
    activities.watch(activities.hook, recorder)


def uninstrument() -> None:
    """Record nothing any more; what has begun still ends its span.

    Example::

        uninstrument()
    """
    if activities.observer is not None:
        activities.observer.stop()
    activities.watch(activities.hook, None)
