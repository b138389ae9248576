"""Measure one replica on one core, and hold the simulation to a real load.

    python -m examples.capacity.measure            measures, and writes service.json
    python -m examples.capacity.measure --compare  measures; then simulated against real latencies

Everything is measured in windows of a fraction of a second, and only quiet windows count: those in
which other processes hardly kept this one waiting for its core. `--noise 1` lets every window
count, for a trial on a machine that is busy. Linux only, two cores.
"""

import argparse
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, TypeVar

import numpy as np

from examples.capacity.load import Load, LoadFailed, Times, http_post
from examples.capacity.process import CannotMeasure, Replica, on_one_core, waited_seconds
from examples.capacity.queueing import fleet, poisson_arrivals
from examples.capacity.service import Service, shape_of

FLOWER = http_post("/", b'{"sl":5.1,"sw":3.5,"pl":1.4,"pw":0.2}')
ROWS = (1, 10, 100, 1_000, 10_000)
SHARES = (0.30, 0.50, 0.70, 0.85)  # of the capacity

_CALLERS = 16
_FEW, _MORE = 0.25, 0.60  # of the most that callers in step get: both far from a long queue
_SIMULATED = 200_000

T = TypeVar("T")


class Window(NamedTuple):
    """What one window found."""

    latencies: Times
    cpu_seconds: float
    lateness: float  # the load generator's, at the 99th percentile


class Compared(NamedTuple):
    """Latencies at one share of the capacity, in seconds."""

    share: float
    simulated: tuple[float, float]  # p50, p99
    real: tuple[float, float]
    requests: int
    cpu_seconds: float  # a request
    lateness: float  # of the load generator at the 99th percentile: what the machine adds there


class Measuring:
    """Takes windows on one replica until enough of them were quiet."""

    def __init__(self, replica: Replica, windows: int, seconds: float, noise: float) -> None:
        self.replica, self.windows, self.seconds, self.noise = replica, windows, seconds, noise
        self.taken = self.quiet = 0

    def collect(self, once: Callable[[], Times], lateness: Callable[[], float]) -> list[Window]:
        """Windows that were quiet.

        Raises:
            CannotMeasure: Of twenty times as many, too few were.
        """
        found: list[Window] = []
        quietest = 1.0
        for _ in range(20 * self.windows):
            waited, cpu, began = waited_seconds(), self.replica.cpu_seconds(), time.monotonic()
            latencies = once()
            cpu = self.replica.cpu_seconds() - cpu
            self.taken += 1
            noise = (waited_seconds() - waited) / (time.monotonic() - began)
            quietest = min(quietest, noise)
            if noise <= self.noise:
                self.quiet += 1
                found.append(Window(latencies, cpu, lateness()))
                if len(found) == self.windows:
                    return found
            time.sleep(self.seconds)  # for the others
        raise CannotMeasure(
            f"others use the machine: {len(found)} of {20 * self.windows} windows were quiet, "
            f"the quietest with {quietest:.1%} of waiting"
        )

    def closed(self, request: bytes, callers: int) -> list[Window]:
        """Callers that ask again at once."""
        with Load(self.replica.port, request, callers) as load:
            load.closed_loop(self.seconds)  # to warm up
            return self.collect(lambda: load.closed_loop(self.seconds), lambda: 0.0)

    def opened(self, rate: float, rng: np.random.Generator) -> list[Window]:
        """Callers that do not know of each other."""
        late = [0.0]

        def once() -> Times:
            arrivals = poisson_arrivals(rate, int(rate * self.seconds), rng)
            latencies, lateness = load.open_loop(arrivals)
            late[0] = float(np.quantile(lateness, 0.99))
            return latencies

        with Load(self.replica.port, FLOWER, _CALLERS) as load:
            load.closed_loop(self.seconds / 4)
            return self.collect(once, lambda: late[0])


def measure(measuring: Measuring, rng: np.random.Generator) -> Service:
    """Measure the service of a replica."""
    in_step = _cpu_a_request(measuring.closed(FLOWER, _CALLERS))
    shape = shape_of(_usual(_latencies(measuring.closed(FLOWER, 1))))
    few = measuring.opened(_FEW / in_step, rng)
    busy, waking = _extrapolated(
        (_FEW / in_step, _cpu_a_request(few)),
        (_MORE / in_step, _cpu_a_request(measuring.opened(_MORE / in_step, rng))),
        least=in_step,
    )
    rows = [(rows, _cpu_a_request(measuring.closed(_many(rows), 4))) for rows in ROWS]
    found = Service(
        measured=_about(),
        in_step=in_step,
        busy=busy,
        waking=waking,
        way=0.0,
        shape=shape,
        rows=tuple(rows),
        memory_bytes=measuring.replica.memory_bytes(),
    )
    # The quicker quarter: what others add to a latency, they add to the slower ones.
    told = simulated(found, _FEW / in_step * busy, rng)
    way = np.quantile(_latencies(few), 0.25) - np.quantile(told, 0.25)
    return replace(found, way=float(way))


def _extrapolated(
    few: tuple[float, float], more: tuple[float, float], least: float
) -> tuple[float, float]:
    """Time of the core for a request that finds the process busy, and how much more if idle.

    A request costs busy + waking * (1 - share of the core in use). Both come out of the cost at two
    rates, each given with its rate. Sixteen callers in step would make the process look quicker
    than it is for callers who do not know of each other: it serves them all in one turn.
    """
    (few_use, few_cost), (use, cost) = ((min(1.0, rate * c), c) for rate, c in (few, more))
    waking = max(0.0, (few_cost - cost) / (use - few_use)) if use > few_use + 0.05 else 0.0
    return max(least, cost - waking * (1 - use)), waking


def compare(service: Service, measuring: Measuring, rng: np.random.Generator) -> list[Compared]:
    """Simulated against real latencies, at each of `SHARES`."""
    found = []
    for share in SHARES:
        windows = measuring.opened(share * service.capacity, rng)
        real = _latencies(windows)
        told = simulated(service, share, rng)
        late = float(np.median([window.lateness for window in windows]))
        found.append(Compared(share, _p(told), _p(real), len(real), _cpu_a_request(windows), late))
    return found


def simulated(service: Service, share: float, rng: np.random.Generator) -> Times:
    """Latencies of one replica at a share of its capacity, in seconds."""
    arrivals = poisson_arrivals(share * service.capacity, _SIMULATED, rng)
    services = service.times(_SIMULATED, rng)
    return service.way + fleet(arrivals, services, 1, "random", rng, waking=service.waking)


def main() -> None:
    options = _options()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # irisws ends, too
    rng = np.random.default_rng()
    try:
        with on_one_core() as replica:
            measuring = Measuring(replica, options.windows, options.seconds, options.noise)
            service = measure(measuring, rng)
            print(described(service))
            if options.write:
                service.write()
            if options.compare:
                print(table(service, compare(service, measuring, rng)))
            print(f"\n{measuring.quiet} windows of {measuring.taken} counted; {_about()}")
    except (CannotMeasure, LoadFailed) as error:
        sys.exit(f"measure: {error}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.capacity.measure")
    parser.add_argument("--compare", action="store_true", help="hold the simulation to real load")
    parser.add_argument("--windows", type=int, default=8, help="quiet ones for each figure (8)")
    parser.add_argument("--seconds", type=float, default=0.5, help="of a window (0.5)")
    parser.add_argument(
        "--noise", type=float, default=0.01, help="share of a window kept waiting (0.01)"
    )
    parser.add_argument("--no-write", dest="write", action="store_false", help="only print")
    return parser.parse_args()


def _many(rows: int) -> bytes:
    body = {"instances": [[5.1, 3.5, 1.4, 0.2]] * rows}
    return http_post("/v1/predict", json.dumps(body, separators=(",", ":")).encode())


def _cpu_a_request(windows: list[Window]) -> float:
    """The median over the windows, in seconds."""
    return float(np.median([window.cpu_seconds / len(window.latencies) for window in windows]))


def _latencies(windows: list[Window]) -> Times:
    return np.concatenate([window.latencies for window in windows])


def _usual(latencies: Times) -> Times:
    """Without the thousandth that is not the process's own doing."""
    return latencies[latencies <= np.quantile(latencies, 0.999)]


def _p(latencies: Times) -> tuple[float, float]:
    p50, p99 = np.quantile(latencies, (0.5, 0.99))
    return float(p50), float(p99)


def _about() -> str:
    cores = f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}"
    return f"{time.strftime('%Y-%m-%d')}, {cores}, CPython {platform.python_version()}"


def described(service: Service) -> str:
    """The service in words and a table."""
    lines = [
        f"one flower, always busy   {1e6 * service.busy:6.0f} us of the core: "
        f"{service.capacity:,.0f} requests a second",
        f"the same, callers in step {1e6 * service.in_step:6.0f} us",
        f"more when it was idle     {1e6 * service.waking:6.0f} us",
        f"besides                   {1e6 * service.way:6.0f} us",
        f"memory                    {service.memory_bytes / 1e6:6.0f} MB",
        f"one row more              {1e6 * service.row_seconds():6.2f} us",
        "",
        "| rows a request | us a request | us a row | rows a second |",
        "| ---: | ---: | ---: | ---: |",
    ]
    for rows, seconds in service.rows:
        lines.append(
            f"| {rows:,} | {1e6 * seconds:,.0f} | {1e6 * seconds / rows:.2f} "
            f"| {rows / seconds:,.0f} |"
        )
    return "\n".join(lines)


def table(service: Service, found: list[Compared]) -> str:
    """Simulated beside real, in Markdown."""
    lines = [
        "",
        "| of capacity | core in use, simulated | real | p50 simulated, ms | real "
        "| p99 simulated, ms | real | load late at p99, ms | requests |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in found:
        (p50, p99), (real_p50, real_p99) = row.simulated, row.real
        in_use = row.share * service.capacity * row.cpu_seconds
        lines.append(
            f"| {row.share:.0%} | {service.in_use(row.share):.0%} | {in_use:.0%} "
            f"| {1e3 * p50:.2f} | {1e3 * real_p50:.2f} "
            f"| {1e3 * p99:.2f} | {1e3 * real_p99:.2f} | {1e3 * row.lateness:.2f} "
            f"| {row.requests:,} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
