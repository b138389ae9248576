"""podman with a store of its own, so that what the user has is neither seen nor changed.

Its containers are the real thing: namespaces, so that the program is PID 1, a root that can be
read-only, no capabilities, seccomp. Only the network is the host's.
"""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

_STORAGE = """
[storage]
driver = "overlay"
graphroot = "{root}/graph"
runroot = "{root}/run"
"""

# The limits are lower than podman's own, which a process without CAP_SYS_RESOURCE may not set.
_CONTAINERS = """
[containers]
netns = "host"
log_driver = "k8s-file"
default_ulimits = ["nofile=1024:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
tmp_dir = "{root}/tmp"
"""

# runc works where the machine mounts both versions of cgroups; Debian's crun does not.
_RUNC = 'runtime = "runc"\n'

# As the restricted profile of Kubernetes asks, and no temporary directory besides.
CONFINED = (
    "--read-only",
    "--read-only-tmpfs=false",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
)


class Engine:
    """podman, by its commands."""

    def __init__(self, root: Path) -> None:
        self._root = root
        containers = _CONTAINERS + (_RUNC if shutil.which("runc") else "")
        storage_conf, containers_conf = root / "storage.conf", root / "containers.conf"
        storage_conf.write_text(_STORAGE.format(root=root), encoding="utf-8")
        containers_conf.write_text(containers.format(root=root), encoding="utf-8")
        self._environ = {
            **os.environ,
            "CONTAINERS_STORAGE_CONF": str(storage_conf),
            "CONTAINERS_CONF": str(containers_conf),
        }

    def podman(self, *arguments: str | Path) -> str:
        """Run a command that has to succeed; its standard output, without the line's end."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"podman {arguments}: {done.stdout[-2000:]}{done.stderr}"
        return done.stdout.strip()

    def run(self, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        command: list[str | Path] = ["podman", *arguments]
        return subprocess.run(
            command, env=self._environ, capture_output=True, text=True, timeout=300
        )

    def inspect(self, image: str) -> dict[str, Any]:
        described: list[dict[str, Any]] = json.loads(self.podman("inspect", image))
        return described[0]

    def remove_all(self) -> None:
        """Remove the store."""
        self.run("image", "umount", "--all", "--force")
        self.run("rm", "--all", "--force", "--time=0")
        self.run("rmi", "--all", "--force")
        # podman mounts this folder upon itself, and does not always undo it.
        subprocess.run(["umount", self._root / "graph" / "overlay"], capture_output=True)


class Container:
    """A container that runs irisws on a port of the host."""

    def __init__(self, engine: Engine, name: str, port: int) -> None:
        self.name = name
        self.port = port
        self._engine = engine

    def is_answering(self) -> bool:
        try:
            return self.get("/health/live")[0] == 200
        except OSError:
            return False

    def connect(self, host: str = "127.0.0.1") -> HTTPConnection:
        return HTTPConnection(host, self.port, timeout=30)

    def get(self, path: str) -> tuple[int, bytes]:
        return self.ask("GET", path)

    def post(self, path: str, body: bytes, **headers: str) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json", **headers}
        return self.ask("POST", path, body, headers)

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """One request on a connection of its own: status and body."""
        connection = self.connect()
        try:
            connection.request(method, path, body or None, headers or {})
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def signal(self, name: str) -> None:
        self._engine.podman("kill", f"--signal={name}", self.name)

    def wait(self) -> int:
        """Wait for its end: the exit status."""
        return int(self._engine.podman("wait", self.name))

    def logs(self) -> str:
        """What it has printed, both streams."""
        done = self._engine.run("logs", self.name)
        return done.stdout + done.stderr

    @property
    def pid(self) -> int:
        """The number that its first process has outside."""
        return int(self._engine.podman("inspect", "--format={{.State.Pid}}", self.name))

    def status(self, field: str) -> str:
        """A field of the first process's /proc/PID/status."""
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        found = re.search(rf"^{field}:\s*(.*)$", text, re.MULTILINE)
        assert found, field
        return found[1]


def create(
    engine: Engine,
    image: str,
    port: int,
    *options: str,
    arguments: Sequence[str] = (),
    confined: Sequence[str] = CONFINED,
) -> Container:
    """Create a container with PORT set, as platforms do; `podman start` starts it."""
    command = ["create", f"--env=PORT={port}", *confined, *options, image, *arguments]
    return Container(engine, engine.podman(*command), port)


def wait_for_answer(container: Container, seconds: float = 60) -> float:
    """Ask until there is an answer; when that was, by CLOCK_BOOTTIME."""
    deadline = time.monotonic() + seconds
    while not container.is_answering():
        assert time.monotonic() < deadline, f"no answer: {container.logs()}"
        time.sleep(0.005)
    return time.clock_gettime(time.CLOCK_BOOTTIME)
