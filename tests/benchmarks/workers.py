"""One and two worker processes under gunicorn and granian, side by side.

    python -m tests.benchmarks.workers --rounds 5 --seconds 3

The load, from wrk, and the application are the same. In every round each server is started, warmed,
loaded and stopped in turn; the table shows medians over the rounds. The load average belongs to the
figures: with wrk on the same cores, two workers on two cores are not two machines.
examples/deploy/multicore/README.md has a run of it.
"""

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from tests.benchmarks.load import Load, measure, wrk_is_there
from tests.benchmarks.machine import describe, table
from tests.benchmarks.processes import ROOT, ServerFailed, running, stop_on_sigterm
from tests.servers.commands import APP

GUNICORN_FILE = ROOT / "examples" / "deploy" / "multicore" / "gunicorn.conf.py"

_WARM_UP_SECONDS = 1
_CONNECTIONS = 16


class Found(NamedTuple):
    """One server in one round."""

    load: Load
    memory_mb: float


def gunicorn(port: int, workers: int) -> Sequence[str]:
    """The arguments behind `python`."""
    return (
        ["-m", "gunicorn", f"--config={GUNICORN_FILE}", f"--workers={workers}"]
        + [f"--bind=127.0.0.1:{port}", APP]
    )  # fmt: skip


def granian(port: int, workers: int) -> Sequence[str]:
    """The arguments behind `python`."""
    return (
        ["-m", "granian", "--interface=wsgi", f"--workers={workers}", f"--port={port}"]
        + ["--workers-kill-timeout=9", APP]
    )  # fmt: skip


def irisws(port: int, workers: int) -> Sequence[str]:
    """The arguments behind `python`, for one process."""
    assert workers == 1
    return ["-m", "irisws", "serve", f"--port={port}"]


SERVERS = [
    ("irisws serve", irisws, 1),
    ("gunicorn, gthread", gunicorn, 1),
    ("gunicorn, gthread", gunicorn, 2),
    ("granian", granian, 1),
    ("granian", granian, 2),
]


def main() -> None:
    options = _options()
    if not wrk_is_there():
        sys.exit("workers: wrk is not installed: it is a Debian package of that name")
    stop_on_sigterm()
    print(describe())
    print(f"{options.rounds} rounds, {options.seconds} s each, {_CONNECTIONS} connections\n")
    try:
        print(_compare(options.rounds, options.seconds))
    except ServerFailed as error:
        sys.exit(f"workers: {error}")
    print(f"\nload average at the end {os.getloadavg()[0]:.1f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.workers")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of load (default 5)")
    parser.add_argument("--seconds", type=int, default=3, help="of load in each (default 3)")
    return parser.parse_args()


def _compare(rounds: int, seconds: int) -> str:
    found: dict[tuple[str, int], list[Found]] = defaultdict(list)
    for _ in range(rounds):
        for name, command, workers in SERVERS:
            print(name, workers, file=sys.stderr)
            with running(lambda port, c=command, w=workers: c(port, w), {}) as server:  # type: ignore[misc]
                measure(server.port, _WARM_UP_SECONDS, _CONNECTIONS)
                load = measure(server.port, seconds, _CONNECTIONS)
                found[name, workers].append(Found(load, server.pss_mb()))
    rates = {
        key: median(each.load.requests_per_second for each in each_round)
        for key, each_round in found.items()
    }
    return table(
        ("server", "workers", "req/s", "to one worker", "p50, ms", "p99, ms", "PSS, MB"),
        [
            (
                name,
                str(workers),
                f"{rates[name, workers]:,.0f}",
                f"{rates[name, workers] / rates[name, 1]:.2f}",
                f"{median(each.load.p50_ms for each in each_round):.2f}",
                f"{median(each.load.p99_ms for each in each_round):.2f}",
                f"{median(each.memory_mb for each in each_round):.0f}",
            )
            for (name, workers), each_round in found.items()
        ],
    )


if __name__ == "__main__":
    main()
