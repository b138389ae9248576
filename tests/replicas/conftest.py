"""Three replicas and a balancer in front of them."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.replicas.balancers import HAPROXY, NGINX, Balancer, Running, free_port, is_installed
from tests.server.conftest import ServerProcess, wait_until


class Replicas:
    """Three irisws processes, each on a port that it keeps when it is replaced."""

    def __init__(self, **environment: str) -> None:
        self._environment = {**os.environ, **environment}
        self.ports = [free_port() for _ in range(3)]
        self._processes = [self._start(port) for port in self.ports]

    def replace(self, at: int) -> int:
        """Stop one with SIGTERM, wait for its end, start another; the exit status."""
        status, _ = self._processes[at].stop(signal.SIGTERM)
        self.start(at)
        return status

    def start(self, at: int) -> None:
        """Start one in the place of one that has ended."""
        self._processes[at].end()
        self._processes[at] = self._start(self.ports[at])
        assert self._processes[at].get("/health/ready")[0] == 200

    def send(self, at: int, number: int) -> None:
        """Send a signal."""
        self._processes[at].process.send_signal(number)

    def end(self) -> None:
        for process in self._processes:
            process.end()

    def _start(self, port: int) -> ServerProcess:
        command = [sys.executable, "-m", "irisws", "serve", "--port", str(port)]
        return ServerProcess(command, env=self._environment)


@pytest.fixture(scope="package")
def replicas() -> Iterator[Replicas]:
    """Three that stop as irisws does by default."""
    running = Replicas()
    yield running
    running.end()


@pytest.fixture
def announcing() -> Iterator[Replicas]:
    """Three that tell for a while that they will stop."""
    running = Replicas(IRISWS_LAME_DUCK_SECONDS="2")
    yield running
    running.end()


@pytest.fixture(params=[NGINX, HAPROXY], ids=lambda balancer: balancer.name)
def balancer(request: pytest.FixtureRequest) -> Balancer:
    balancer: Balancer = request.param
    return installed(balancer)


def installed(balancer: Balancer) -> Balancer:
    """The balancer, if it is there; in CI it has to be."""
    if not is_installed(balancer):
        (pytest.fail if "CI" in os.environ else pytest.skip)(f"{balancer.name} is not installed")
    return balancer


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a balancer, its file changed as given, and wait until it has all three."""
    started: list[Running] = []

    def start_balancer(
        balancer: Balancer, replicas: Replicas, changes: dict[str, str] | None = None
    ) -> Running:
        running = Running(balancer, tmp_path, replicas.ports, changes or {})
        started.append(running)
        wait_until(running.answers)
        wait_until(lambda: all(running.is_up(at) for at in range(3)))
        return running

    yield start_balancer
    for running in started:
        running.end()


@pytest.fixture
def running(start: Start, balancer: Balancer, replicas: Replicas) -> Running:
    """A balancer with the file as it is."""
    return start(balancer, replicas)
