"""nginx in front of one process, as examples/deploy/nginx/ has it: who gets in, and how often."""

import os
import re
import shlex
import shutil
import ssl
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPResponse, HTTPSConnection
from pathlib import Path

import pytest

from tests.deploy.manifests import DEPLOY, ROOT
from tests.replicas.balancers import NGINX, free_port, replaced
from tests.replicas.conftest import installed
from tests.server.conftest import ServerProcess, wait_until

FILES = DEPLOY / "nginx"
KEY = "flower-shop-7Yw2mQe9xRkLr4Jt"
MODEL = "/iris/v1/model"

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="nginx as on a server")


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    started = ServerProcess([sys.executable, "-m", "irisws", "serve", "--port", "0"])
    yield started
    started.end()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with cert.pem and key.pem for localhost, made by the guide's command."""
    folder = tmp_path_factory.mktemp("certificate")
    guide = (ROOT / "docs" / "guides" / "behind-a-proxy.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^openssl .*$", guide, re.MULTILINE)
    subprocess.run(shlex.split(command), cwd=folder, check=True, capture_output=True)
    return folder


class Caller:
    """Calls nginx, each time on a connection of its own."""

    def __init__(self, port: int, certificate: Path) -> None:
        self._port = port
        self._context = ssl.create_default_context(cafile=str(certificate / "cert.pem"))

    def connect(self) -> HTTPSConnection:
        return HTTPSConnection("localhost", self._port, timeout=10, context=self._context)

    def get(self, path: str, key: str | None = KEY) -> HTTPResponse:
        """The reply, with its body read."""
        with closing(self.connect()) as connection:
            connection.request("GET", path, headers={} if key is None else {"X-API-Key": key})
            reply = connection.getresponse()
            reply.read()
            return reply

    def is_there(self) -> bool:
        try:
            return self.get("/").status == 404
        except OSError:
            return False


@pytest.fixture
def caller(server: ServerProcess, certificate: Path, tmp_path: Path) -> Iterator[Caller]:
    """nginx with the files as they are but for the two ports, and nobody counted yet."""
    installed(NGINX)
    port = free_port()
    for file in (*FILES.glob("*.conf"), *certificate.iterdir()):
        shutil.copy(file, tmp_path)
    text = (FILES / "irisws.conf").read_text(encoding="utf-8")
    text = replaced(text, "listen 8443 ssl;", f"listen 127.0.0.1:{port} ssl;")
    text = replaced(text, "127.0.0.1:8080", f"127.0.0.1:{server.port}")
    (tmp_path / "irisws.conf").write_text(text, encoding="utf-8")
    with (tmp_path / "log").open("wb") as log:
        nginx = subprocess.Popen(
            [*NGINX.command("try.conf")],
            cwd=tmp_path,
            env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"},
            stdout=log,
            stderr=log,
        )
    caller = Caller(port, certificate)
    try:
        wait_until(caller.is_there)
        yield caller
    finally:
        nginx.terminate()
        nginx.wait(10)


@pytest.mark.parametrize(
    ("key", "status"),
    [
        (KEY, 200),
        (None, 401),
        ("", 401),
        (KEY.upper(), 401),
        (KEY.lower(), 401),
        (f"x{KEY}", 401),
        (f"{KEY}x", 401),
    ],
)
def test_key_is_asked_for(caller: Caller, key: str | None, status: int) -> None:
    """The key itself, each letter as it is, and nothing before or behind it."""
    assert caller.get(MODEL, key).status == status


INSIDE = ["/health/live", "/health/ready", "/metrics", "/ping", "/v2/health/live"]
INSIDE += ["/v2/health/ready", "/v2/models/iris/ready", "/v2/models/iris/versions/1.0/ready"]


def test_paths_of_the_machine_stay_inside(caller: Caller, server: ServerProcess) -> None:
    """irisws has them, and callers do not, key or no key, however they write them."""
    for path in INSIDE:
        assert server.get(path)[0] == 200
        name, last = path[:-1], path[-1]
        for written in (
            path,
            f"/{path}",
            f"/.{path}",
            f"{name}%{ord(last):x}",
            f"{path}?x",
            f"{path}#x",
        ):
            assert caller.get(f"/iris{written}").status == 404, written
    assert caller.get("/iris/v2/models/iris").status == 200


def test_guide_quotes_the_configuration() -> None:
    """The lines that keep the metrics inside are those of the file, and need no adding."""
    guide = (ROOT / "docs" / "guides" / "metrics.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"```text\n(location .*?)```", guide, re.DOTALL)
    written = (FILES / "irisws.conf").read_text(encoding="utf-8")
    assert textwrap.indent(lines, "    ") in written


def test_too_often_is_too_often(caller: Caller) -> None:
    """A caller has a hundred and one at once; then the rate counts, and a reply says to wait."""
    answered = 0
    with closing(caller.connect()) as connection:
        for _ in range(2000):
            connection.request("GET", MODEL, headers={"X-API-Key": KEY})
            reply = connection.getresponse()
            body = reply.read()
            if reply.status != 200:
                break
            answered += 1
    assert (reply.status, reply.headers["Retry-After"]) == (429, "1")
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert b'"status":429' in body
    assert answered >= 101


def begin(caller: Caller) -> HTTPSConnection:
    """A request whose last byte is still on its way."""
    connection = caller.connect()
    connection.putrequest("POST", "/iris/")
    for name, value in (("Content-Type", "application/json"), ("Content-Length", "37")):
        connection.putheader(name, value)
    connection.putheader("X-API-Key", KEY)
    connection.endheaders()
    connection.send(b'{"sl":2.0,"sw":1.0,"pl":2.0,"pw":3.0')
    return connection


def test_too_many_are_too_many(caller: Caller) -> None:
    """Twenty requests of a caller at a time; the next is turned away, and they are answered."""
    with ExitStack() as stack:
        begun = [stack.enter_context(closing(begin(caller))) for _ in range(20)]
        wait_until(lambda: caller.get(MODEL).status == 429)
        for connection in begun:
            connection.send(b"}")
            assert connection.getresponse().status == 200
    assert caller.get(MODEL).status == 200
