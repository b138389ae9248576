"""One flower a request under every WSGI server that is installed, side by side.

    python -m tests.benchmarks.servers --rounds 3 --seconds 3

The application and the load are the same; every server has one process, and four threads where it
has threads. In every round each server is started, warmed, loaded with wrk and stopped in turn; the
table shows medians over the rounds. docs/reference/servers.md has a run of it.
"""

import argparse
import sys
from collections import defaultdict
from statistics import median

from tests.benchmarks.load import Load, measure, wrk_is_there
from tests.benchmarks.machine import describe, table
from tests.benchmarks.processes import ServerFailed, running, stop_on_sigterm
from tests.servers.commands import APP, SERVERS, WsgiServer

_WARM_UP_SECONDS = 1


def main() -> None:
    options = _options()
    if not wrk_is_there():
        sys.exit("servers: wrk is not installed: it is a Debian package of that name")
    stop_on_sigterm()
    print(describe())
    print(f"{options.rounds} rounds, {options.seconds} s each, {options.connections} connections\n")
    try:
        print(_compare(options.rounds, options.seconds, options.connections))
    except ServerFailed as error:
        sys.exit(f"servers: {error}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.servers")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of load (default 3)")
    parser.add_argument("--seconds", type=int, default=3, help="of load in each (default 3)")
    parser.add_argument("--connections", type=int, default=16, help="open ones (default 16)")
    return parser.parse_args()


def _compare(rounds: int, seconds: int, connections: int) -> str:
    loads: dict[str, list[Load]] = defaultdict(list)
    present = [server for server in SERVERS if server.is_available]
    for _ in range(rounds):
        for server in present:
            loads[server.name].append(_load(server, seconds, connections))
    rates = {s.name: median(load.requests_per_second for load in loads[s.name]) for s in present}
    return table(
        ("server", "version", "req/s", "to waitress", "p50, ms", "p99, ms"),
        [
            (
                server.name,
                server.version,
                f"{rates[server.name]:,.0f}",
                f"{rates[server.name] / rates['waitress']:.2f}",
                f"{median(load.p50_ms for load in loads[server.name]):.2f}",
                f"{median(load.p99_ms for load in loads[server.name]):.2f}",
            )
            for server in present
        ],
    )


def _load(server: WsgiServer, seconds: int, connections: int) -> Load:
    print(server.name, file=sys.stderr)
    with running(lambda port: server.command(port, APP), {}) as process:
        measure(process.port, _WARM_UP_SECONDS, connections)
        return measure(process.port, seconds, connections)


if __name__ == "__main__":
    main()
