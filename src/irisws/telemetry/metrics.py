"""What is counted while requests are answered; `irisws.telemetry.exposition` shows it.

To count is a few steps of plain Python under a lock, and one for each class and feature of a
request of many rows. Nothing that is done under it waits, or gives the interpreter away.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from typing import NamedTuple

# Upper bounds of the histogram, in seconds: from one flower in a tree to a body of many megabytes.
BOUNDS = (
    *(0.00005, 0.0001, 0.00025, 0.0005),
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0),
)

UNMATCHED, OTHER = "unmatched", "other"  # what stands for paths and methods of callers' own making

# RFC 9110, 9.1, and RFC 5789.
_METHODS = frozenset(
    ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE")
)

Counts = Iterable[tuple[int, int]]  # positions, and how much to add there


class Requests(NamedTuple):
    """The requests of one method of one route that were answered with one status."""

    buckets: Sequence[int]  # how many took up to each bound and longer than the one before; longer
    seconds: float  # all that they took together


class Snapshot(NamedTuple):
    """All counts at one moment."""

    requests: Mapping[tuple[str, str, int], Requests]  # by method, route and status
    predictions: Sequence[int]  # of each class
    outside: Sequence[int]  # of each feature, values unlike those of training


class Metrics:
    """The counts of one process. Safe to use from many threads."""

    def __init__(self, routes: Mapping[str, str], classes: int, features: int) -> None:
        """Begin at zero.

        Args:
            routes: The patterns that stand for paths, by path. What callers make up is not counted
                by its path: there may be any number of those.
            classes: How many the model has.
            features: How many the model has.
        """
        self._routes = routes
        self._lock = Lock()
        self._acquire, self._release = self._lock.acquire, self._lock.release
        self._by_path: dict[tuple[str, str, int], _Requests] = {}
        self._by_route: defaultdict[tuple[str, str, int], _Requests] = defaultdict(_Requests)
        self._predictions = [0] * classes
        self._outside = [0] * features

    def count(
        self,
        method: str,
        path: str,
        status: int,
        seconds: float,
        answered: tuple[Counts, Counts] = ((), ()),
    ) -> None:
        """Count a request.

        Args:
            method: As sent; one that no RFC knows is counted as `other`.
            path: As sent; one that is no route's is counted as `unmatched`.
            status: Of the reply.
            seconds: Until the reply was ready.
            answered: Predictions by class, and values unlike those of training by feature.
        """
        predictions, outside = answered
        bucket = bisect_left(BOUNDS, seconds)
        self._acquire()  # `with` takes twice the time of this
        try:
            requests = self._by_path.get((method, path, status)) or self._find(method, path, status)
            requests.buckets[bucket] += 1
            requests.seconds += seconds
            for at, count in predictions:
                self._predictions[at] += count
            for at, count in outside:
                self._outside[at] += count
        finally:
            self._release()

    def _find(self, method: str, path: str, status: int) -> "_Requests":
        known = method if method in _METHODS else OTHER
        found = self._by_route[known, self._routes.get(path, UNMATCHED), status]
        if known == method and path in self._routes:  # there are not many of these
            self._by_path[method, path, status] = found
        return found

    def snapshot(self) -> Snapshot:
        """Copy the counts; what is counted meanwhile is in all of the copy or in none."""
        with self._lock:
            requests = {
                key: Requests([*found.buckets], found.seconds)
                for key, found in self._by_route.items()
            }
            return Snapshot(requests, [*self._predictions], [*self._outside])


class _Requests:
    """What is being counted of one method, route and status."""

    __slots__ = ("buckets", "seconds")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0
