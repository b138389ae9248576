"""The Procfile, by which buildpacks start the service."""

import os
import shlex
import signal
import sys
from pathlib import Path

import pytest

from tests.server.conftest import Start

PROCFILE = Path(__file__).parents[2] / "Procfile"


@pytest.mark.skipif(sys.platform == "win32", reason="buildpacks run it on Linux")
def test_its_command_serves_on_every_interface(start: Start) -> None:
    """With PORT in the environment, as the platform sets it."""
    kind, command = PROCFILE.read_text(encoding="utf-8").strip().split(": ")
    program, *arguments = shlex.split(command)
    script = Path(sys.executable).with_name(program)
    server = start(str(script), *arguments, env={**os.environ, "PORT": "0"})
    assert (kind, server.host) == ("web", "0.0.0.0")
    assert server.get("/health/ready")[0] == 200
    assert server.stop(signal.SIGTERM)[0] == 0
