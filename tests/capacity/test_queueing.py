"""The simulation, held to what queueing theory knows in closed form."""

import math

import numpy as np
import pytest

from examples.capacity.queueing import Policy, Times, fleet, poisson_arrivals
from examples.capacity.service import Service

COUNT = 300_000
POLICIES: list[Policy] = ["random", "round robin", "least connections"]


def simulated(
    share: float, services: Times, policy: Policy, replicas: int = 1, waking: float = 0.0
) -> Times:
    """Sojourn times of a fleet whose replicas are in use for this share of the time."""
    rng = np.random.default_rng(7)
    rate = share * replicas / float(services.mean())
    arrivals = poisson_arrivals(rate, len(services), rng)
    return fleet(arrivals, services, replicas, policy, rng, waking=waking)


def exponential(count: int = COUNT) -> Times:
    return np.random.default_rng(11).exponential(1.0, count)


def test_two_requests_by_hand() -> None:
    """The second comes while the first is served, the third after it: 1, 0.5 + 1 and 1 s."""
    rng = np.random.default_rng(0)
    arrivals, services = np.array([0.0, 0.5, 9.0]), np.array([1.0, 1.0, 1.0])
    assert fleet(arrivals, services, 1, "random", rng).tolist() == [1.0, 1.5, 1.0]
    assert fleet(arrivals, services, 1, "random", rng, waking=0.25).tolist() == [1.25, 1.75, 1.25]
    assert fleet(arrivals, services, 2, "round robin", rng).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_exponential_service_has_the_percentile_of_mm1(share: float) -> None:
    """In M/M/1 the time in the system is exponential with mean 1 / (1 - share)."""
    p99 = np.quantile(simulated(share, exponential(), "random"), 0.99)
    assert p99 == pytest.approx(math.log(100) / (1 - share), rel=0.06)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.85])
def test_constant_service_has_the_mean_of_md1(share: float) -> None:
    """In M/D/1 the mean time in the system is 1 + share / (2 (1 - share))."""
    mean = simulated(share, np.ones(COUNT), "random").mean()
    assert mean == pytest.approx(1 + share / (2 * (1 - share)), rel=0.04)


def test_any_service_has_the_mean_of_mg1() -> None:
    """For a service with variance the mean wait is rate * E[S^2] / (2 (1 - share))."""
    services = np.random.default_rng(3).choice([0.5, 4.0], COUNT, p=[0.9, 0.1])
    share = 0.6
    mean = simulated(share, services, "random").mean()
    rate = share / services.mean()
    wait = rate * np.mean(services**2) / (2 * (1 - share))
    assert mean == pytest.approx(services.mean() + wait, rel=0.05)


def test_random_choice_is_several_queues_of_one() -> None:
    """Four replicas that are chosen by chance are four M/M/1, each a quarter as busy as all."""
    p99 = np.quantile(simulated(0.7, exponential(), "random", replicas=4), 0.99)
    assert p99 == pytest.approx(math.log(100) / 0.3, rel=0.06)


def test_waking_keeps_the_core_as_busy_as_the_formula_says() -> None:
    """Of the requests, as many find it idle as it is idle of the time; these cost `waking` more."""
    service = a_service(waking=2.0)
    rng = np.random.default_rng(5)
    arrivals = poisson_arrivals(0.4, COUNT, rng)
    times = fleet(arrivals, np.ones(COUNT), 1, "random", rng, waking=service.waking)
    departures = arrivals + times
    found_idle = np.concatenate([[True], departures[:-1] <= arrivals[1:]])
    in_use = (COUNT + service.waking * found_idle.sum()) / arrivals[-1]
    assert in_use == pytest.approx(service.in_use(0.4), rel=0.02)
    assert 1 - found_idle.mean() == pytest.approx(service.in_use(0.4), rel=0.02)


@pytest.mark.parametrize("policy", POLICIES)
def test_more_load_takes_longer(policy: Policy) -> None:
    """The 99th percentile rises with the share of capacity that is asked for."""
    services = exponential(60_000)
    p99 = [
        np.quantile(simulated(share, services, policy, 3), 0.99) for share in (0.2, 0.5, 0.7, 0.9)
    ]
    assert p99 == sorted(p99)


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_better_informed_balancers_do_better(share: float) -> None:
    """Taking turns beats chance, and counting connections beats taking turns."""
    services = exponential(100_000)
    chance, turns, fewest = (
        np.quantile(simulated(share, services, policy, 4), 0.99) for policy in POLICIES
    )
    assert fewest < turns < chance


def test_more_replicas_take_no_longer() -> None:
    """The same share of more replicas: with the fewest connections nobody waits longer."""
    services = exponential(60_000)
    p99 = [
        np.quantile(simulated(0.7, services, "least connections", count), 0.99)
        for count in (1, 2, 4, 8)
    ]
    assert p99 == sorted(p99, reverse=True)


def a_service(waking: float = 0.0) -> Service:
    return Service(
        measured="never",
        in_step=1.0,
        busy=1.0,
        waking=waking,
        way=0.0,
        shape=(1.0, 1.0),
        rows=((1, 1.0), (2, 1.5)),
        memory_bytes=1,
    )
