"""A real irisws process for the examples to talk to."""

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from irisws.model.model import Model

START_SECONDS = 30
STOP_SECONDS = 10


class IriswsProcess:
    """`waitress-serve irisws.wsgi:app` on a port of its own, which it keeps over restarts."""

    def __init__(self, model: str = "") -> None:
        """Choose the port.

        Args:
            model: A model file; the packaged one by default.
        """
        self._model = model
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The base address, such as `http://127.0.0.1:49152`."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start the service and wait until it is ready.

        Raises:
            RuntimeError: it ended, or was not ready within `START_SECONDS`.
        """
        listen = f"--listen=127.0.0.1:{self._port}"
        command = [sys.executable, "-m", "waitress", listen, "irisws.wsgi:app"]
        environment = {**os.environ, "IRISWS_MODEL": self._model}
        self._process = subprocess.Popen(command, env=environment)
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None:
                raise RuntimeError(f"irisws ended with exit status {self._process.returncode}")
            if time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"irisws was not ready within {START_SECONDS} seconds")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the service and wait until it is gone; harmless when it does not run."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=1)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def irisws_process() -> Iterator[IriswsProcess]:
    """Run an irisws of the test's own, which the test may stop and start again."""
    process = IriswsProcess()
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="session")
def irisws_url() -> Iterator[str]:
    """Run one irisws for the whole session; yield its base address."""
    process = IriswsProcess()
    process.start()
    yield process.url
    process.stop()


@pytest.fixture(scope="session")
def penguins_url(mixed: Model) -> Iterator[str]:
    """Run one irisws with a model of mixed columns for the whole session; yield its address."""
    process = IriswsProcess(str(mixed.path))
    process.start()
    yield process.url
    process.stop()


@pytest.fixture(scope="session")
def node() -> str:
    """Find Node.js; without it these tests are skipped, but never in CI."""
    path = shutil.which("node")
    if path is None and "CI" in os.environ:
        pytest.fail("node is not installed")
    if path is None:
        pytest.skip("node is not installed")
    return path
