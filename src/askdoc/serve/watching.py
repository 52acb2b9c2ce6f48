"""What the server tells about itself.

`/metrics`, a line of JSON in the log for each call, and a span of OpenTelemetry for each call and
each answer, which go nowhere unless the process has an exporter. None of them has the text of a
question, of an answer or of a document.
"""

from __future__ import annotations

import json
import logging
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from opentelemetry import propagate, trace
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import Route

from askdoc.errors import AskdocError
from askdoc.serve.http import TOKEN, engine_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from askdoc.serve.engine import Engine
    from askdoc.serve.libraries import Libraries
    from askdoc.types import Answer
    from askdoc.types.ports import Listener

LOG = logging.getLogger("askdoc.access")

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_TRACER = trace.get_tracer("askdoc")

_STAGES = {"retrieve_ms": "retrieve", "select_ms": "select", "generate_ms": "generate"}


class Meters:
    """What is counted, for one engine."""

    def __init__(self, engine: Engine) -> None:
        self.registry = CollectorRegistry()
        self._questions = Counter(
            "askdoc_questions", "Questions by their outcome", ["status"], registry=self.registry
        )
        self._stages = Histogram(
            "askdoc_stage_seconds",
            "Seconds that a stage of an answer takes",
            ["stage"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._calls = Counter(
            "askdoc_http_calls",
            "Calls by route and status",
            ["route", "status"],
            registry=self.registry,
        )
        self._documents = Gauge(
            "askdoc_documents", "Documents in the index", ["library"], registry=self.registry
        )
        self._passages = Gauge(
            "askdoc_passages", "Passages in the index", ["library"], registry=self.registry
        )
        waiting = Gauge("askdoc_waiting", "Questions that wait", registry=self.registry)
        waiting.set_function(lambda: engine.waiting)
        answering = Gauge(
            "askdoc_answering", "Questions that are being answered", registry=self.registry
        )
        answering.set_function(lambda: engine.answering)
        engine.on_answer = self.count_answer

    def count_answer(self, answer: Answer) -> None:
        """Count an answer and the time of its stages."""
        self._questions.labels(answer.status).inc()
        for key, stage in _STAGES.items():
            if key in answer.timings:
                self._stages.labels(stage).observe(answer.timings[key] / 1000)
        _trace(answer)

    def count_call(self, route: str, status: int) -> None:
        """Count a call."""
        self._calls.labels(route, str(status)).inc()

    def count_index(self, libraries: Libraries) -> None:
        """Note how large each index is."""
        for name in libraries.members:
            counts = libraries.catalog(name).counts()
            self._documents.labels(name).set(counts.documents)
            self._passages.labels(name).set(counts.chunks)


class Watch:
    """Middleware that counts each call and writes it to the log."""

    def __init__(self, app: ASGIApp, meters: Meters) -> None:
        self._app = app
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, sent, started = 500, 0, time.perf_counter()

        async def noted(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                sent += len(message.get("body", b""))
            await send(message)

        caller = propagate.extract(Headers(scope=scope))
        with _TRACER.start_as_current_span(
            scope["method"], context=caller, kind=trace.SpanKind.SERVER
        ) as span:
            try:
                await self._app(scope, receive, noted)
            finally:
                route = getattr(scope.get("endpoint"), "__name__", "none")
                self._meters.count_call(route, status)
                seconds = time.perf_counter() - started
                LOG.info(_line(scope, status=status, sent=sent, seconds=seconds))
                span.update_name(f"{scope['method']} {route}")
                span.set_attribute("http.request.method", scope["method"])
                span.set_attribute("http.response.status_code", status)


def _trace(answer: Answer) -> None:
    """Make a span of an answer, and one of each of its stages, which have just ended."""
    ended = time.time_ns()
    took = {
        stage: round(answer.timings[key] * 1e6)
        for key, stage in _STAGES.items()
        if key in answer.timings
    }
    began = ended - sum(took.values())
    whole = _TRACER.start_span("answer", start_time=began)
    whole.set_attribute("askdoc.status", str(answer.status))
    whole.set_attribute("askdoc.generator", answer.generator)
    whole.set_attribute("askdoc.confidence", answer.confidence)
    inside = trace.set_span_in_context(whole)
    for stage, nanoseconds in took.items():
        span = _TRACER.start_span(stage, context=inside, start_time=began)
        began += nanoseconds
        span.end(began)
    whole.end(ended)


def _line(scope: Scope, *, status: int, sent: int, seconds: float) -> str:
    token = scope.get(TOKEN)
    client = scope.get("client")
    call: dict[str, Any] = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "client": client[0] if client else None,
        "token": token.name if token else None,
        "method": scope["method"],
        "path": scope.get("raw_path", b"").decode("ascii", "replace"),
        "status": status,
        "bytes": sent,
        "ms": round(seconds * 1000, 1),
    }
    return json.dumps(call)


async def metrics(request: Request) -> Response:
    """Give what is counted, as Prometheus reads it."""
    meters: Meters = request.app.state.meters

    def job(libraries: Libraries, _: Listener) -> None:
        meters.count_index(libraries)

    if engine_of(request).ready:
        with suppress(AskdocError):  # it is busy; the last figures hold
            await engine_of(request).run(job)
    encode, kind = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(meters.registry), headers={"Content-Type": kind})


ROUTES = (Route("/metrics", metrics),)
