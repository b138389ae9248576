"""nginx and HAProxy with the configurations of examples/deploy/, on ports of their own."""

import csv
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

DEPLOY = Path(__file__).parents[2] / "examples" / "deploy"
FRONT, REPLICAS = 8080, (8081, 8082, 8083)  # the ports in the files


@dataclass(frozen=True)
class Balancer:
    """A balancer as it is installed, and its file."""

    name: str
    file: Path
    command: Callable[[str], Sequence[str]]  # from the file's name; run in the file's folder
    retries: tuple[str, ...]  # the lines of the file that ask for a second try


NGINX = Balancer(
    "nginx",
    DEPLOY / "nginx" / "replicas.conf",
    lambda file: ["nginx", "-p", ".", "-e", "stderr", "-c", file, "-g", "daemon off;"],
    ("proxy_next_upstream error timeout http_503 non_idempotent;",),
)
HAPROXY = Balancer(
    "haproxy",
    DEPLOY / "haproxy" / "haproxy.cfg",
    lambda file: ["haproxy", "-db", "-f", file],
    (
        "retries 3",
        "option redispatch 1",
        "retry-on conn-failure empty-response response-timeout 503",
    ),
)


class Running:
    """A balancer that is running, in a folder of its own, in front of these replicas."""

    def __init__(
        self, balancer: Balancer, folder: Path, replicas: Sequence[int], changes: dict[str, str]
    ) -> None:
        self.name = balancer.name
        self.port = free_port()
        self._folder = folder
        ports = dict(zip((FRONT, *REPLICAS), (self.port, *replicas), strict=True))
        text = balancer.file.read_text(encoding="utf-8")
        for shown, used in ports.items():
            text = replaced(text, f"127.0.0.1:{shown}", f"127.0.0.1:{used}")
        for old, new in changes.items():
            text = replaced(text, old, new)
        (folder / balancer.file.name).write_text(text, encoding="utf-8")
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*balancer.command(balancer.file.name)],
                cwd=folder,
                env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"},
                stdout=log,
                stderr=log,
            )

    def answers(self) -> bool:
        """Whether a replica says through the balancer that it is ready."""
        log = (self._folder / "log").read_text(encoding="utf-8", errors="replace")
        assert self._process.poll() is None, log
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def end(self) -> None:
        """Stop it."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def is_up(self, replica: int) -> bool:
        """Whether the balancer gives requests to this replica, by its number from 0.

        nginx, without checks of its own, gives requests to all of them always.
        """
        return self.name == "nginx" or self.statistics()[replica]["status"] == "UP"

    def statistics(self) -> list[dict[str, str]]:
        """HAProxy's figures for each replica."""
        with closing(socket.socket(socket.AF_UNIX)) as connection:
            # relative, for the path of a folder may be too long for a socket
            link = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                connection.connect(f"/proc/self/fd/{link}/haproxy.sock")
            finally:
                os.close(link)
            connection.sendall(b"show stat\n")
            parts = iter(lambda: connection.recv(65536), b"")
            text = b"".join(parts).decode()
        rows = csv.DictReader(text.removeprefix("# ").splitlines())
        return [row for row in rows if row["svname"].startswith("replica")]


def is_installed(balancer: Balancer) -> bool:
    return shutil.which(balancer.name, path=f"{os.environ['PATH']}:/usr/sbin") is not None


def replaced(text: str, old: str, new: str) -> str:
    """The text with what must stand in it once replaced."""
    assert text.count(old) == 1, f"{old!r} stands there {text.count(old)} times"
    return text.replace(old, new)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
