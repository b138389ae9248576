"""The counts in the formats that Prometheus reads.

`prometheus_client` writes them. It takes 0.1 s to import, so this module is imported when somebody
asks for the first time.

Formats: prometheus.io/docs/instrumenting/exposition_formats, and OpenMetrics 1.0.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate, groupby
from typing import NamedTuple

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from irisws.telemetry.metrics import BOUNDS, Requests, Snapshot

# A series costs memory in Prometheus for each process and day: of more classes or features than
# this only the sum is told.
MOST_NAMES = 100

_UPPER_BOUNDS = [*map(floatToGoString, BOUNDS), "+Inf"]

# The members of Accept that choose_encoder can be trusted with: it repeats any version, and fails
# at one that is no number.
_FORMAT = re.compile(
    r"\s*(application/openmetrics-text|text/plain)\s*"
    r"(;\s*(version=(0\.0\.1|0\.0\.4|1\.0\.0)|charset=utf-8|escaping=[a-z0-9-]*|q=[0-9.]*)\s*)*"
)


class About(NamedTuple):
    """What does not change while the process runs."""

    version: str  # of irisws
    model: dict[str, str]  # labels that say which model is served
    classes: Sequence[str]
    features: Sequence[str]


class Exposition:
    """The metrics of one process: its own counts, and what the system knows of it."""

    def __init__(self, take: Callable[[], Snapshot], about: About) -> None:
        """Show the counts that `take` takes, each time that somebody asks."""
        self._registry = CollectorRegistry()
        for collector in (
            _OwnCollector(take, about),
            PlatformCollector(registry=None),
            ProcessCollector(registry=None),  # tells something on Linux only
        ):
            self._registry.register(collector)

    def write(self, accept: str) -> tuple[bytes, str]:
        """Write all metrics as they are now.

        Args:
            accept: The Accept header; what it does not ask for in a way that is known is passed
                over, and without anything known the reply is Prometheus' text format 0.0.4.

        Returns:
            The text, in UTF-8, and its media type.
        """
        known = ",".join(member for member in accept.split(",") if _FORMAT.fullmatch(member))
        encode, content_type = choose_encoder(known)
        return encode(self._registry), content_type


class _OwnCollector(Collector):
    def __init__(self, take: Callable[[], Snapshot], about: About) -> None:
        self._take = take
        self._about = about

    def collect(self) -> Iterator[Metric]:
        about, counts = self._about, self._take()
        build = {"version": about.version}
        yield InfoMetricFamily("irisws_build", "The irisws that runs", build)
        yield InfoMetricFamily("irisws_model", "The model that is served", about.model)
        yield from _of_requests(counts.requests)
        yield from _of_predictions(counts, about)


def _of_requests(requests: Mapping[tuple[str, str, int], Requests]) -> Iterator[Metric]:
    total = CounterMetricFamily(
        "irisws_http_requests", "Requests answered", labels=("method", "route", "status")
    )
    duration = HistogramMetricFamily(
        "irisws_http_request_duration_seconds",
        "Seconds from when the application was called until its reply was ready",
        labels=("method", "route"),
    )
    for (method, route, status), found in sorted(requests.items()):
        total.add_metric((method, route, str(status)), sum(found.buckets))
    for labels, alike in groupby(sorted(requests.items()), lambda item: item[0][:2]):
        every = [found for _, found in alike]
        counts = accumulate(map(sum, zip(*(found.buckets for found in every), strict=True)))
        buckets = list(zip(_UPPER_BOUNDS, counts, strict=True))
        duration.add_metric(labels, buckets, sum(found.seconds for found in every))
    yield total
    yield duration


def _of_predictions(counts: Snapshot, about: About) -> Iterator[Metric]:
    yield _by_name(
        "irisws_predictions", "Rows answered", "class", about.classes, counts.predictions
    )
    yield _by_name(
        "irisws_out_of_range_values",
        "Values of answered rows that are outside of what the training data held",
        "feature",
        about.features,
        counts.outside,
    )


def _by_name(
    metric: str, text: str, label: str, names: Sequence[str], counts: Sequence[int]
) -> Metric:
    """A counter for each name, or one for all if there are too many."""
    if len(names) > MOST_NAMES:
        return CounterMetricFamily(metric, text, sum(counts))
    family = CounterMetricFamily(metric, text, labels=(label,))
    for name, count in zip(names, counts, strict=True):
        family.add_metric((name,), count)
    return family
