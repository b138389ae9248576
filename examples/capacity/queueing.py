"""A fleet of replicas as queues: how long a request takes from its arrival to its answer.

A replica of irisws is one server with one queue. Its worker threads share the GIL, so however many
there are, one request is worked on at a time; threads only decide which. A request that finds it
idle takes longer: threads have to be woken, and the caches are cold.
"""

from collections import deque
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]
Policy = Literal["random", "round robin", "least connections"]


def poisson_arrivals(rate: float, count: int, rng: np.random.Generator) -> Times:
    """Moments of arrival, in seconds, of callers who do not know of each other.

    Args:
        rate: Requests a second.
        count: How many.
        rng: Where chance comes from.
    """
    return np.cumsum(rng.exponential(1 / rate, count))


def fleet(
    arrivals: Times,
    services: Times,
    replicas: int,
    policy: Policy,
    rng: np.random.Generator,
    *,
    waking: float = 0.0,
) -> Times:
    """Simulate replicas behind a balancer.

    Args:
        arrivals: Moments of arrival, shape (n,), in seconds, rising.
        services: How long each request keeps a busy replica, shape (n,), in seconds.
        replicas: How many there are.
        policy: How the balancer chooses. `random` is also what a replica sees of many balancers
            that do not know of each other, whatever each of them does.
        rng: Where chance comes from.
        waking: How much longer a request takes that finds its replica idle, in seconds.

    Returns:
        From arrival to answer, shape (n,), in seconds.
    """
    departures: list[deque[float]] = [deque([-np.inf]) for _ in range(replicas)]
    chance = rng.random(len(arrivals)).tolist()
    found = np.empty_like(arrivals)
    for at, (now, service) in enumerate(zip(arrivals.tolist(), services.tolist(), strict=True)):
        for queue in departures:
            while len(queue) > 1 and queue[0] <= now:
                queue.popleft()
        queue = _chosen(departures, now, policy, at, chance[at])
        done = max(now, queue[-1]) + service + (waking if queue[-1] <= now else 0.0)
        queue.append(done)
        found[at] = done - now
    return found


def _chosen(
    departures: list[deque[float]], now: float, policy: Policy, turn: int, chance: float
) -> deque[float]:
    """The replica for one request; among equals of the fewest connections, any."""
    if policy == "round robin":
        return departures[turn % len(departures)]
    candidates = departures
    if policy == "least connections":
        under_way = [len(queue) - (queue[0] <= now) for queue in departures]
        fewest = min(under_way)
        candidates = [q for q, count in zip(departures, under_way, strict=True) if count == fewest]
    return candidates[int(chance * len(candidates))]
