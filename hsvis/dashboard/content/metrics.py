"""Figures of a running server for Prometheus: each app counts its own."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hsvis import __version__
from hsvis.catalogue.jobs import STATES, Builds
from hsvis.catalogue.runs import Runs
from hsvis.dashboard.content.clouds import Clouds
from hsvis.dashboard.content.filters import Filters
from hsvis.dashboard.content.table_pages import Pages
from hsvis.web.observed import RequestRecord

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8)  # upper ends of the bins


class Metrics:
    """What one app has answered and holds.  Labels come from the code, never from what is sent."""

    def __init__(self, runs: Runs, clouds: Clouds, filters: Filters, pages: Pages, builds: Builds) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "hsvis_requests", "Requests answered.", ("route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "hsvis_request_seconds",
            "From a request's arrival until its answer was taken.",
            ("route",),
            buckets=SECONDS,
            registry=self._registry,
        )
        self._callbacks = Histogram(
            "hsvis_callback_seconds",
            "As hsvis_request_seconds, by the first property that a callback of the page writes.",
            ("output",),
            buckets=SECONDS,
            registry=self._registry,
        )
        self._sent = Counter("hsvis_sent_bytes", "Bytes of answers.", registry=self._registry)
        ProcessCollector(registry=self._registry)
        self._registry.register(_Held(runs, clouds, filters, pages, builds))

    def count(self, request: RequestRecord) -> None:
        """Counts a request that is answered."""
        self._requests.labels(request.route, request.status).inc()
        self._seconds.labels(request.route).observe(request.seconds)
        self._sent.inc(request.n_bytes)
        if request.output:
            self._callbacks.labels(request.output).observe(request.seconds)

    def text(self) -> bytes:
        """In Prometheus' text form."""
        return generate_latest(self._registry)


class _Held(Collector):
    """What is read at the moment that somebody asks."""

    def __init__(self, runs: Runs, clouds: Clouds, filters: Filters, pages: Pages, builds: Builds) -> None:
        self._runs, self._builds = runs, builds
        self._caches = (clouds, filters, pages)

    def collect(self) -> Iterator[Metric]:
        version = GaugeMetricFamily("hsvis_version_info", "The version that runs.", labels=["version"])
        version.add_metric([__version__], 1)
        yield version
        stores = list(self._runs)
        yield GaugeMetricFamily("hsvis_runs", "Runs served.", value=len(stores))
        yield GaugeMetricFamily("hsvis_states", "States of them.", value=sum(one.n_states for one in stores))
        jobs = [job["state"] for job in self._builds.state()]
        builds = GaugeMetricFamily("hsvis_builds", "Builds and projections asked for.", labels=["state"])
        for state in STATES:
            builds.add_metric([state], jobs.count(state))
        yield builds
        hits = CounterMetricFamily("hsvis_cache_hits", "Answers that were still there.", labels=["cache"])
        misses = CounterMetricFamily("hsvis_cache_misses", "Answers computed again.", labels=["cache"])
        for owner in self._caches:
            for name, (hit, missed) in owner.counts().items():
                hits.add_metric([name], hit)
                misses.add_metric([name], missed)
        yield hits
        yield misses
