"""The page that Prometheus reads: the counters of all processes of a program, and what waits in the database."""

import os
from collections.abc import Iterator, Mapping
from tempfile import mkdtemp

import attrs
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from registratura.application.ports.backlog import Backlog

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SHARED = "PROMETHEUS_MULTIPROC_DIR"


def share(environ: "os._Environ[str]" = os.environ) -> None:
    """Let processes that are started from now on add their counters up in files of a common folder."""
    environ.setdefault(_SHARED, mkdtemp(prefix="registratura-metrics-"))


def page(backlogs: Mapping[str, Backlog]) -> bytes:
    """Everything, as text; *backlogs* is what waits, by the name of the queue."""
    waiting = CollectorRegistry()
    waiting.register(_Waiting(backlogs))
    return generate_latest(_counters()) + generate_latest(waiting)


def _counters() -> CollectorRegistry:
    if _SHARED not in os.environ:
        return REGISTRY
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # the library has none
    return together


@attrs.frozen(eq=False)
class _Waiting(Collector):
    """What waits in the database, as it was looked at a moment ago."""

    backlogs: Mapping[str, Backlog]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        depth = GaugeMetricFamily("registratura_queue_depth", "Rows that wait for work", labels=["queue"])
        age = GaugeMetricFamily(
            "registratura_queue_oldest_seconds", "How long the oldest of them has been waiting", labels=["queue"]
        )
        for name, backlog in self.backlogs.items():
            depth.add_metric([name], backlog.depth)
            age.add_metric([name], backlog.oldest_seconds)
        yield depth
        yield age
