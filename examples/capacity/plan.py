"""How many replicas a load needs, what they take and what they cost a month.

    python -m examples.capacity.plan
    python -m examples.capacity.plan --loads 20 500 12000
    python -m examples.capacity.plan --loads 10000 --rows 100     100 flowers in each request

From service.json (python -m examples.capacity.measure writes it), prices.toml and fleet.toml.
"""

import argparse
import math
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from examples.capacity.queueing import fleet, poisson_arrivals
from examples.capacity.service import Service

FOLDER = Path(__file__).parent
LOADS = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)  # requests a second

_SHARES = np.array([0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9])
_SIMULATED = 100_000
_HOURS = 730  # of a month
_SECONDS = _HOURS * 3600
_GIB = 1 << 30


class CannotPlan(ValueError):
    """What is asked for cannot be had; the message says why."""


class Plan(NamedTuple):
    """What one load needs; dollars a month."""

    load: float  # requests a second
    replicas: int
    p99_ms: float
    memory_bytes: float
    machines: float
    balancer: float
    instances: int  # of Cloud Run
    by_instance: float  # Cloud Run
    by_request: float  # Cloud Run


@dataclass(frozen=True)
class Latency:
    """The 99th percentile of one replica by the share of its capacity that is asked of it.

    Its requests come at random: so they do from many balancers that do not know of each other. One
    balancer that gives each request to the replica with the fewest does better.
    """

    p99_ms: tuple[float, ...]  # at each of _SHARES

    @classmethod
    def simulated(cls, service: Service, rng: np.random.Generator) -> "Latency":
        found = []
        for share in _SHARES:
            arrivals = poisson_arrivals(share * service.capacity, _SIMULATED, rng)
            services = service.times(_SIMULATED, rng)
            times = fleet(arrivals, services, 1, "random", rng, waking=service.waking)
            found.append(1e3 * (service.way + float(np.quantile(times, 0.99))))
        return cls(tuple(found))

    def at(self, share: float) -> float:
        """The 99th percentile in milliseconds; infinite beyond the last share simulated."""
        return float(np.interp(share, _SHARES, self.p99_ms, right=math.inf))

    def largest_share(self, p99_ms: float) -> float:
        """The largest share at which it is still below, to a hundredth.

        Raises:
            CannotPlan: It is above at any.
        """
        shares = [percent / 100 for percent in range(2, 91) if self.at(percent / 100) <= p99_ms]
        if not shares:
            raise CannotPlan(
                f"no replica answers 99 % within {p99_ms:g} ms: alone it takes {self.at(0):.2f} ms"
            )
        return max(shares)


def plan(
    load: float,
    service: Service,
    latency: Latency,
    prices: dict[str, Any],
    assumed: dict[str, Any],
    rows: int = 1,
) -> Plan:
    """What a load needs.

    Args:
        load: Requests a second, at the busiest.
        service: What a replica was measured to take for a request of so many rows.
        latency: Simulated of that.
        prices: As in prices.toml.
        assumed: As in fleet.toml.
        rows: Flowers in a request.

    Raises:
        CannotPlan: The latency cannot be had.
    """
    share = share_to_use(latency, assumed)
    replicas = _needed(load, share, service) + int(assumed["spare_replicas"])
    instances = _needed(load, share_on_cloud_run(service, share, assumed), service)
    return Plan(
        load=load,
        replicas=replicas,
        p99_ms=latency.at(load / replicas / service.capacity),
        memory_bytes=replicas * service.memory_bytes,
        machines=_machines(replicas, prices["compute_engine"], assumed),
        balancer=_balancer(load, rows, prices["load_balancing"], assumed),
        instances=instances,
        by_instance=_cloud_run(load, instances, 1.0, prices["cloud_run"]["by_instance"], assumed),
        by_request=_cloud_run(
            load,
            instances,
            _billed(load / instances, assumed),
            prices["cloud_run"]["by_request"],
            assumed,
        ),
    )


def share_to_use(latency: Latency, assumed: dict[str, Any]) -> float:
    """The share of its capacity that a replica is asked for.

    Raises:
        CannotPlan: The latency cannot be had.
    """
    return min(latency.largest_share(assumed["p99_ms"]), float(assumed["most_share"]))


def share_on_cloud_run(service: Service, share: float, assumed: dict[str, Any]) -> float:
    """The share of its capacity that an instance of Cloud Run is asked for.

    Its autoscaler does not know the capacity: it aims at a core that is in use for a share of its
    time. Where less is to be used, by `share_to_use`, it has to be told a lower aim.
    """
    return min(service.share_at(assumed["cloud_run_in_use"]), share)


def read_toml(name: str) -> dict[str, Any]:
    """One of the files beside this one."""
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.capacity.plan")
    parser.add_argument("--loads", type=float, nargs="+", default=LOADS, metavar="REQ/S")
    parser.add_argument("--rows", type=int, default=1, help="flowers in a request (1)")
    options = parser.parse_args()
    try:
        _print_plans(options.loads, options.rows)
    except ValueError as error:
        sys.exit(f"plan: {error}")


def _print_plans(loads: list[float], rows: int) -> None:
    service = Service.read().of_rows(rows)
    latency = Latency.simulated(service, np.random.default_rng(1))
    prices, assumed = read_toml("prices.toml"), read_toml("fleet.toml")
    share = share_to_use(latency, assumed)
    on_cloud_run = share_on_cloud_run(service, share, assumed)
    print(
        f"measured: {service.measured}\n"
        f"one core answers {service.capacity:,.0f} requests a second at most, and is asked for "
        f"{share:.0%} of that: 99 % within {latency.at(share):.1f} ms\n"
        f"on Cloud Run, for {on_cloud_run:.0%}: the autoscaler aims at "
        f"{assumed['cloud_run_in_use']:.0%} of a core in use\n"
    )
    print(table([plan(load, service, latency, prices, assumed, rows) for load in loads]))
    cluster = _HOURS * prices["kubernetes_engine"]["cluster_hour"]
    print(f"\nKubernetes: machines and balancer, and ${cluster:,.0f} for the cluster.")


def table(plans: list[Plan]) -> str:
    """The plans in Markdown."""
    lines = [
        "| req/s | a month | replicas | p99 simulated, ms | memory | VMs, $ | balancer, $ "
        "| instances on Cloud Run | by instance, $ | by request, $ |",
        "|" + " ---: |" * 10,
    ]
    for row in plans:
        lines.append(
            f"| {_plain(row.load)} | {_amount(_SECONDS * row.load)} | {row.replicas:,} "
            f"| {row.p99_ms:.1f} | {row.memory_bytes / 1e9:,.1f} GB "
            f"| {row.machines:,.0f} | {row.balancer:,.0f} "
            f"| {row.instances:,} | {row.by_instance:,.0f} | {row.by_request:,.0f} |"
        )
    return "\n".join(lines)


def _needed(load: float, share: float, service: Service) -> int:
    return math.ceil(load / (share * service.capacity))


def _plain(load: float) -> str:
    return f"{load:,.0f}" if load >= 1 else f"{load:.2g}"


def _amount(count: float) -> str:
    return f"{count:,.0f}" if count < 1e6 else f"{count / 1e6:,.0f} million"


def _machines(replicas: int, prices: dict[str, Any], assumed: dict[str, Any]) -> float:
    """Virtual machines, one vCPU a replica."""
    a_vcpu = prices["vcpu_hour"] + assumed["gib_a_vcpu"] * prices["gib_hour"]
    return float(_HOURS * replicas * a_vcpu / (1 - assumed["machine_reserve"]))


def _balancer(load: float, rows: int, prices: dict[str, Any], assumed: dict[str, Any]) -> float:
    more = (rows - 1) * (assumed["row_request_bytes"] + assumed["row_reply_bytes"])
    gib = _SECONDS * load * (assumed["request_bytes"] + assumed["reply_bytes"] + more) / _GIB
    return float(_HOURS * prices["rule_hour"] + gib * prices["gib_processed"])


def _billed(load: float, assumed: dict[str, Any]) -> float:
    """The share of the time that an instance has a request, each rounded up.

    Requests come at random, so none has come in a step of time with probability exp(-load * step).
    """
    return 1 - math.exp(-load * float(assumed["billed_step_seconds"]))


def _cloud_run(
    load: float, instances: int, billed: float, prices: dict[str, Any], assumed: dict[str, Any]
) -> float:
    seconds, requests = _SECONDS * instances * billed, _SECONDS * load
    vcpu = max(0.0, seconds - prices["free_vcpu_seconds"])
    gib = max(0.0, seconds * assumed["gib_a_replica"] - prices["free_gib_seconds"])
    millions = max(0.0, requests - prices["free_requests"]) / 1e6
    cost = vcpu * prices["vcpu_second"] + gib * prices["gib_second"]
    return float(cost + millions * prices["million_requests"])


if __name__ == "__main__":
    main()
