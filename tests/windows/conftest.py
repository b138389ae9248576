"""Windows CPython under Wine, as `.ci/windows` sets it up; WINDOWS_PYTHON names its launcher."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import ServerProcess

LAUNCHER = os.environ.get("WINDOWS_PYTHON", "")
CONSOLE = Path(__file__).with_name("console.py")
SLOW_APP = Path(__file__).parents[1] / "server" / "slow_app.py"

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., ServerProcess]


@pytest.fixture(scope="session", autouse=True)
def windows_python() -> str:
    """The launcher; without one these tests are skipped, and .ci/windows always names one."""
    if not LAUNCHER:
        pytest.skip("needs Windows CPython under Wine: run them with `bash .ci/windows`")
    return LAUNCHER


@pytest.fixture(scope="session")
def run(windows_python: str) -> Run:
    """Run Windows Python to its end; its streams are pipes, for Wine's console is no file."""

    def run_python(
        *arguments: str, encoding: str = "cp1252", cwd: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [windows_python, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding=encoding,
            cwd=cwd,
            timeout=300,
        )

    return run_python


@pytest.fixture(scope="session")
def irisws(run: Run) -> Run:
    """Run the `irisws` command of Windows Python."""

    def run_irisws(*arguments: str, **options: Any) -> "subprocess.CompletedProcess[str]":
        return run("-m", "irisws", *arguments, **options)

    return run_irisws


@pytest.fixture
def start(windows_python: str) -> Iterator[Start]:
    """Start servers under Windows Python; all of them are ended after the test."""
    started: list[ServerProcess] = []

    def start_python(*arguments: str, **options: Any) -> ServerProcess:
        started.append(start_server(windows_python, *arguments, **options))
        return started[-1]

    yield start_python
    for server in started:
        server.end()


@pytest.fixture(scope="module", params=["waitress-serve", "irisws serve"])
def server(request: pytest.FixtureRequest, windows_python: str) -> Iterator[ServerProcess]:
    """The packaged model, served by either of the two commands."""
    commands = {
        "waitress-serve": ("waitress", "--listen=127.0.0.1:0", "irisws.wsgi:app"),
        "irisws serve": ("irisws", "serve", "--port", "0"),
    }
    server = start_server(windows_python, "-m", *commands[request.param])
    yield server
    server.end()


def start_server(launcher: str, *arguments: str, **options: Any) -> ServerProcess:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return ServerProcess([launcher, *arguments], **pipes, **options)


def windows_path(path: Path | str) -> str:
    r"""The path as Windows programs see it: `/tmp/a.onnx` is `Z:\tmp\a.onnx`."""
    return "Z:" + str(path).replace("/", "\\")
