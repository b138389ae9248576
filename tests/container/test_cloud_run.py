"""Cloud Run's container contract: the container is started, asked, paused and stopped as it does.

Source: Cloud Run's container runtime contract, and the page of its request headers.
"""

import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import pytest

from tests.container.conftest import Image, free_port
from tests.container.engine import Container, Engine, create, wait_for_answer

FLOWER = b'{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}'
ANSWER = b'{"prediction":[1]}'

# An instance may run this many requests at a time where nothing else is said.
CONCURRENCY = 80
SECONDS_TO_STOP = 10  # between SIGTERM and SIGKILL

PLATFORM = (
    "--env=K_SERVICE=irisws",
    "--env=K_REVISION=irisws-00001-abc",
    "--env=K_CONFIGURATION=irisws",
    "--env=CLOUD_RUN_TIMEOUT_SECONDS=300",
    "--read-only",
    "--read-only-tmpfs=false",
    "--tmpfs=/tmp:rw,size=64m,mode=1777",  # in memory
    "--memory=512m",
    "--stop-timeout=10",
)

# What Google's front end adds to a request.
FORWARDED = {
    "Content-Type": "application/json",
    "X-Forwarded-For": "198.51.100.7",
    "X-Forwarded-Proto": "https",
    "Forwarded": 'for="198.51.100.7";proto=https',
    "X-Cloud-Trace-Context": "105445aa7843bc8bf206b12000100000/1;o=1",
    "traceparent": "00-105445aa7843bc8bf206b12000100000-00f067aa0ba902b7-01",
}


@pytest.fixture
def instance(engine: Engine, image: Image) -> Iterator[Container]:
    """An instance that has been told to start; it need not answer yet."""
    container = create(engine, image.name, free_port(), confined=PLATFORM)
    engine.podman("start", container.name)
    yield container
    engine.podman("rm", "--force", "--time=0", container.name)


def test_a_cold_start_is_answered(instance: Container) -> None:
    """The first request waits for the port, as the startup probe does, and is answered."""
    wait_for_answer(instance, seconds=30)
    assert instance.ask("POST", "/", FLOWER, FORWARDED) == (200, ANSWER)
    assert instance.get("/health/ready")[0] == 200


def test_as_many_requests_as_an_instance_gets(instance: Container) -> None:
    """80 callers at a time, each on a connection of its own."""
    wait_for_answer(instance)
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        asked = [
            pool.submit(instance.ask, "POST", "/", FLOWER, FORWARDED)
            for _ in range(10 * CONCURRENCY)
        ]
        assert {future.result() for future in asked} == {(200, ANSWER)}


def test_bodies_of_nothing_but_faults_fit_the_memory(instance: Container) -> None:
    """As large as they may be, as many as fit /tmp: each is answered, and the instance lives."""
    wait_for_answer(instance)
    many = b'{"instances":[' + b"[]," * ((8 << 20) // 3 - 10) + b"[]]}"
    half = b'{"instances":[' + b"[]," * 500_000 + b"[]]}"
    for body in (many, half):
        with ThreadPoolExecutor(6) as pool:
            asked = [
                pool.submit(instance.ask, "POST", "/v1/predict", body, FORWARDED) for _ in range(6)
            ]
            assert {future.result()[0] for future in asked} == {422}
    assert instance.ask("POST", "/", FLOWER, FORWARDED) == (200, ANSWER)


def test_a_request_after_idle(engine: Engine, instance: Container) -> None:
    """Between requests there is no CPU: the next one is answered, on an old connection or a new."""
    wait_for_answer(instance)
    connection = instance.connect()

    def ask() -> tuple[int, bytes]:
        connection.request("POST", "/", FLOWER, FORWARDED)
        reply = connection.getresponse()
        return reply.status, reply.read()

    assert ask() == (200, ANSWER)
    local = connection.sock.getsockname()
    engine.podman("pause", instance.name)
    time.sleep(2)
    engine.podman("unpause", instance.name)
    assert ask() == (200, ANSWER)
    assert connection.sock.getsockname() == local  # it was not opened anew
    assert instance.ask("POST", "/", FLOWER, FORWARDED) == (200, ANSWER)
    connection.close()


def test_scaling_in_answers_what_is_there(engine: Engine, instance: Container) -> None:
    """SIGTERM, and SIGKILL after 10 s: what is running is answered, and the end comes before."""
    wait_for_answer(instance)
    large = b'{"instances":[' + b",".join([b"[5.1,3.5,1.4,0.2]"] * 100_000) + b"]}"
    with ThreadPoolExecutor(8) as pool:
        asked = [
            pool.submit(instance.ask, "POST", "/v1/predict", large, FORWARDED) for _ in range(8)
        ]
        wait(asked, return_when=FIRST_COMPLETED)
        began = time.monotonic()
        engine.podman("stop", instance.name)
        seconds = time.monotonic() - began
        assert [future.result()[0] for future in asked] == [200] * 8
    assert instance.wait() == 0  # 137 would be SIGKILL
    assert seconds < SECONDS_TO_STOP


def test_an_idle_connection_does_not_hold_up_the_end(engine: Engine, instance: Container) -> None:
    """The platform's own connections stay open: an instance stops all the same."""
    wait_for_answer(instance)
    connection = instance.connect()
    connection.request("GET", "/health/live")
    assert connection.getresponse().read()
    began = time.monotonic()
    engine.podman("stop", instance.name)
    assert instance.wait() == 0
    assert time.monotonic() - began < SECONDS_TO_STOP / 2
    connection.close()
