"""Counting: exact, bounded, and by whatever thread."""

import random
import string
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from irisws.telemetry.metrics import BOUNDS, Metrics

ROUTES = {"/": "/", "/v1/models/iris": "/v1/models/{model}"}


@pytest.fixture
def metrics() -> Metrics:
    """Of a model of three classes and two features."""
    return Metrics(ROUTES, 3, 2)


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("restless")
def test_eight_threads_lose_nothing(metrics: Metrics) -> None:
    """Every request and prediction of every thread is counted once, whoever looks meanwhile."""

    def work(thread: int) -> None:
        for at in range(5000):
            metrics.count("POST", "/", 200, 0.001, (((at % 3, 1),), ((0, 2),)))
            if at % 100 == 0:
                metrics.snapshot()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    counts = metrics.snapshot()
    requests = counts.requests["POST", "/", 200]
    assert sum(requests.buckets) == 40_000
    assert requests.seconds == pytest.approx(40.0)
    assert (sum(counts.predictions), counts.outside) == (40_000, [80_000, 0])


def test_callers_cannot_make_up_labels(metrics: Metrics) -> None:
    """A thousand paths and a thousand methods are two more counts, and nothing is kept of them."""
    rng = random.Random(7)
    for _ in range(1000):
        word = "".join(rng.choices(string.printable, k=12))
        metrics.count("GET", f"/{word}", 404, 0.0)
        metrics.count(word, "/", 405, 0.0)
    assert metrics.snapshot().requests.keys() == {("GET", "unmatched", 404), ("other", "/", 405)}
    assert metrics._by_path == {}


def test_path_is_counted_by_its_pattern(metrics: Metrics) -> None:
    """What differs from model to model is no part of the label."""
    metrics.count("GET", "/v1/models/iris", 200, 0.0)
    assert list(metrics.snapshot().requests) == [("GET", "/v1/models/{model}", 200)]


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(0.0, 0), (0.00005, 0), (0.00006, 1), (10.0, 16), (10.1, 17)]
)
def test_bound_is_the_longest_of_its_bucket(metrics: Metrics, seconds: float, bucket: int) -> None:
    """As `le` says: a time that is equal to a bound is within it; the last bucket has none."""
    metrics.count("GET", "/", 200, seconds)
    buckets = metrics.snapshot().requests["GET", "/", 200].buckets
    assert (len(buckets), len(BOUNDS)) == (18, 17)
    assert [at for at, count in enumerate(buckets) if count] == [bucket]


def test_snapshot_stays_as_it_is(metrics: Metrics) -> None:
    """What is counted later does not change it."""
    metrics.count("GET", "/", 200, 0.5, (((2, 1),), ()))
    before = metrics.snapshot()
    metrics.count("GET", "/", 200, 0.5, (((2, 1),), ((1, 1),)))
    assert sum(before.requests["GET", "/", 200].buckets) == 1
    assert (before.predictions, before.outside) == ([0, 0, 1], [0, 0])
