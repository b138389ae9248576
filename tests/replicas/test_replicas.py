"""Three replicas behind nginx and HAProxy: what becomes of them is not what callers see."""

import signal
import sys
import time
from contextlib import closing
from http.client import HTTPConnection

import pytest

from irisws.app import describe
from irisws.model.model import Model
from irisws.settings import Settings
from tests.replicas import connections
from tests.replicas.balancers import HAPROXY, Balancer, Running
from tests.replicas.callers import Callers, Outcome
from tests.replicas.conftest import Replicas, Start, installed
from tests.server.conftest import wait_until

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="nginx and HAProxy as on a server, and /proc"
)


def roll(replicas: Replicas, running: Running) -> None:
    """Replace all three, one after the other, each once the balancer has the last one back."""
    for at in range(3):
        assert replicas.replace(at) == 0
        wait_until(lambda at=at: running.is_up(at))  # type: ignore[misc]  # bound at once


def tell(outcome: Outcome) -> None:
    print(f"\n{outcome}", end=" ", file=sys.stderr)


def test_rolling_replacement_loses_nothing(replicas: Replicas, running: Running) -> None:
    """All three are replaced, over and over, under 20,000 requests and more: none is lost."""
    with Callers(running.port) as callers:
        while callers.asked < 20_000:
            roll(replicas, running)
        outcome = callers.stop()
    tell(outcome)
    assert outcome.lost == []
    assert outcome.answered >= 20_000


def test_announced_replacement_needs_no_second_try(announcing: Replicas, start: Start) -> None:
    """With a lame-duck time HAProxy has gone before the listener closes: it retries nothing."""
    running = start(installed(HAPROXY), announcing)
    with Callers(running.port) as callers:
        roll(announcing, running)
        outcome = callers.stop()
    tell(outcome)
    assert outcome.lost == []
    tried_again = [row["wretr"] + row["wredis"] for row in running.statistics()]
    assert tried_again == ["00"] * 3


def kill_in_the_middle(replicas: Replicas, at: int) -> None:
    """Let requests pile up in one replica, and kill it with them."""
    replicas.send(at, signal.SIGSTOP)
    time.sleep(0.3)
    replicas.send(at, signal.SIGKILL)
    time.sleep(0.7)
    replicas.start(at)


def test_killed_replica_is_not_seen(replicas: Replicas, running: Running) -> None:
    """What one replica had when it was killed is asked of another, POST or not.

    HAProxy 2.6 does so where the replica's end is a close. Where it is a reset, because a request
    was not read yet, it hangs up on callers who had asked before on that connection, and answers
    others with 502.
    """
    with Callers(running.port) as callers:
        kill_in_the_middle(replicas, 0)
        wait_until(lambda: running.is_up(0))
        callers.wait_for(100)
        outcome = callers.stop()
    tell(outcome)
    if running.name == "nginx":
        assert outcome.lost == []
    assert len(outcome.lost) < 12  # of twelve callers, none twice
    assert all(problem.startswith(("RemoteDisconnected(", "502 ")) for problem in outcome.lost)


def test_without_second_tries_it_is(replicas: Replicas, start: Start, balancer: Balancer) -> None:
    """The same with the lines left out that ask for a second try: callers get errors."""
    running = start(balancer, replicas, dict.fromkeys(balancer.retries, ""))
    with Callers(running.port) as callers:
        kill_in_the_middle(replicas, 0)
        wait_until(lambda: running.is_up(0))
        outcome = callers.stop()
    tell(outcome)
    assert outcome.lost


def test_slow_replica_holds_up_few(replicas: Replicas, running: Running) -> None:
    """While one stands still for a second, the other two answer; what it had is answered after."""
    with Callers(running.port) as callers:
        began = time.monotonic()
        replicas.send(1, signal.SIGSTOP)
        time.sleep(1)
        replicas.send(1, signal.SIGCONT)
        ended = time.monotonic()
        callers.wait_for(100)
        outcome = callers.stop()
    tell(outcome)
    assert outcome.lost == []
    held_up = [reply for reply in outcome.replies if reply.seconds > 0.5]
    assert 0 < len(held_up) < 12  # of twelve callers
    assert outcome.between(began, ended).answered > 200


def test_connections_are_used_again(replicas: Replicas, running: Running) -> None:
    """Thousands of requests go over some dozens of connections to the replicas."""
    before = connections.to_ports(replicas.ports)
    with Callers(running.port) as callers:
        callers.wait_for(4000)
        outcome = callers.stop()
    opened = connections.to_ports(replicas.ports) - before
    print(f"\n{outcome.answered:,} requests over {len(opened)} connections", file=sys.stderr)
    assert outcome.lost == []
    assert 3 <= len(opened) < 100


def test_metrics_stay_inside(replicas: Replicas, running: Running) -> None:
    """The numbers of one replica, by chance, are nothing for callers: each is scraped by itself.

    irisws has them under each of these spellings.
    """
    for path in ("/metrics", "//metrics", "///metrics", "/%6detrics", "/%2Fmetrics", "/metrics?x"):
        assert status(replicas.ports[0], path) == 200
        assert status(running.port, path) == 404, path
    assert status(running.port, "/health/live") == 200


def status(port: int, path: str) -> int:
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path)
        return connection.getresponse().status


def test_contract_says_that_a_second_try_is_safe(iris: Model) -> None:
    """What the balancers rely on stands in the document that callers read."""
    assert "may be sent again, POST as well" in describe(iris, Settings())["info"]["description"]
