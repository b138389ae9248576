"""Compare servers: requests a second and how long they take, in turn, over several rounds.

python measure.py 127.0.0.1:8080 127.0.0.1:8081
"""

import argparse
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException

FLOWER = b'{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}'


@dataclass
class Finding:
    """What one caller, or all of them together, saw in one round."""

    errors: int = 0
    milliseconds: list[float] = field(default_factory=list)


def call(address: str, path: str, seconds: float) -> Finding:
    """Ask without a pause over one connection; every request is timed."""
    finding = Finding()
    connection = HTTPConnection(address, timeout=10)
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        try:
            if path == "/":
                connection.request("POST", path, FLOWER, {"Content-Type": "application/json"})
            else:
                connection.request("GET", path)
            reply = connection.getresponse()
            reply.read()
        except (OSError, HTTPException):
            connection.close()
            finding.errors += 1
            continue
        finding.milliseconds.append((time.perf_counter() - began) * 1000)
        finding.errors += reply.status != 200
    connection.close()
    return finding


def play_round(pool: ProcessPoolExecutor, options: argparse.Namespace, address: str) -> Finding:
    """All callers at once; a process each, since the threads of one would share one core."""
    everything = Finding()
    arguments = address, options.path, options.seconds
    futures = [pool.submit(call, *arguments) for _ in range(options.callers)]
    for finding in (future.result() for future in futures):
        everything.errors += finding.errors
        everything.milliseconds += finding.milliseconds
    return everything


def percentile(values: list[float], percent: int) -> float:
    """The value that so many of a hundred are below."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else 0.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("addresses", nargs="+", metavar="HOST:PORT")
    parser.add_argument("--path", default="/", help="GET this; by default, POST a flower to /")
    parser.add_argument("--callers", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=1.0, help="of one round")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    rounds: dict[str, list[Finding]] = {address: [] for address in options.addresses}
    with ProcessPoolExecutor(options.callers) as pool:
        for address in options.addresses:
            play_round(pool, options, address)  # the first round warms up, and is thrown away
        for _ in range(options.rounds):
            for address in options.addresses:  # in turn, so that noise meets all of them
                rounds[address].append(play_round(pool, options, address))

    print(f"{'server':<16} {'req/s':>7} {'ratio':>6} {'p50 ms':>7} {'p99 ms':>7} {'errors':>7}")
    first = 0.0
    for address, findings in rounds.items():
        rate = statistics.median(len(f.milliseconds) / options.seconds for f in findings)
        first = first or rate
        p50 = statistics.median(percentile(f.milliseconds, 50) for f in findings)
        p99 = statistics.median(percentile(f.milliseconds, 99) for f in findings)
        errors = sum(f.errors for f in findings)
        ratio = rate / first if first else 0.0
        print(f"{address:<16} {rate:>7,.0f} {ratio:>6.2f} {p50:>7.2f} {p99:>7.2f} {errors:>7,}")


if __name__ == "__main__":
    main()
