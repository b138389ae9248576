"""One real process for each server, and one more for the application below a prefix."""

import os
from collections.abc import Iterator

import pytest

from tests.benchmarks.processes import Server, running
from tests.servers.commands import APP, SERVERS, WsgiServer


@pytest.fixture(scope="package", params=SERVERS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> WsgiServer:
    """A server that is installed; in CI every one of PyPI has to be."""
    kind: WsgiServer = request.param
    if not kind.is_available:
        if os.environ.get("CI") and not kind.is_debian:
            pytest.fail(f"{kind.distribution} is not installed")
        pytest.skip(f"{kind.distribution} is not installed")
    return kind


@pytest.fixture(scope="package")
def server(kind: WsgiServer) -> Iterator[Server]:
    """The application at the root."""
    with running(lambda port: kind.command(port, APP), {}) as process:
        yield process


@pytest.fixture(scope="package")
def mounted(kind: WsgiServer) -> Iterator[Server]:
    """The application below /iris."""
    if not kind.mounts:
        pytest.skip("it serves one application at the root")
    with running(lambda port: kind.command(port, "tests.servers.mounted:app"), {}) as process:
        yield process
