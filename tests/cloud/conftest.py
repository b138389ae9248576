"""Real services on loopback: an S3, a Google Cloud Storage, a web server, and irisws itself."""

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from irisws.model.model import DEFAULT_MODEL
from tests.server.conftest import ServerProcess, Start

IRIS = DEFAULT_MODEL.read_bytes()
SECRET = "do-not-tell"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass
class Bucket:
    """A bucket `models` of a service on loopback."""

    scheme: str
    upload_url: str  # with {name}
    upload_method: str
    environ: dict[str, str]  # leads a client to the service

    def url(self, name: str) -> str:
        return f"{self.scheme}://models/{name}"

    def put(self, name: str, data: bytes) -> str:
        """Upload an object and return its URL."""
        headers = {"Content-Type": "application/octet-stream", "Authorization": "AWS me:signature"}
        address = self.upload_url.format(name=name)
        with urlopen(Request(address, data, headers, method=self.upload_method), timeout=30):
            return self.url(name)


@pytest.fixture(scope="session")
def s3_bucket() -> Iterator[Bucket]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    with urlopen(Request(f"{address}/models", method="PUT"), timeout=30):
        pass
    environ = {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
    }
    yield Bucket("s3", address + "/models/{name}", "PUT", environ)
    server.stop()


@pytest.fixture(scope="session")
def gcs_bucket() -> Iterator[Bucket]:
    from gcp_storage_emulator.server import create_server  # type: ignore[import-untyped]

    port = free_port()
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket="models")
    server.start()
    address = f"http://127.0.0.1:{port}"
    upload = f"{address}/upload/storage/v1/b/models/o?uploadType=media&name={{name}}"
    yield Bucket("gs", upload, "POST", {"STORAGE_EMULATOR_HOST": address})
    server.stop()


@pytest.fixture
def s3(s3_bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """The S3, for this process and those that it starts."""
    return _led_to(s3_bucket, monkeypatch)


@pytest.fixture
def gcs(gcs_bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """The Google Cloud Storage, for this process and those that it starts."""
    return _led_to(gcs_bucket, monkeypatch)


def _led_to(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for name, value in bucket.environ.items():
        monkeypatch.setenv(name, value)
    return bucket


@pytest.fixture(autouse=True)
def own_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees the copies of another, nor those of the user."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    return tmp_path / "caches/irisws/models"


class WebServer(ThreadingHTTPServer):
    """A web server whose objects answer as a test wants it, and which notes what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.asked: list[str] = []  # "HEAD /iris.onnx"
        self.bytes_sent = 0  # of endless replies
        self.etag: Callable[[], str] = lambda: '"1"'
        self.released = threading.Event()  # ends what hangs or is endless

    def url(self, name: str) -> str:
        return f"{self.address}/{name}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: WebServer

    def do_GET(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        name = self.path.split("?")[0].rpartition("/")[2]
        if name == "hangs.onnx":
            self.server.released.wait(60)
        elif name == "endless.onnx":
            self._reply_without_end()
        elif name == "huge.onnx":
            self._reply(200, b"", told_bytes=1 << 40)
        elif name == "iris.onnx":
            self._reply(200, IRIS)
        else:
            self._reply(403, b"")

    do_HEAD = do_GET

    def _reply(self, status: int, body: bytes, told_bytes: int | None = None) -> None:
        self.send_response(status)
        self.send_header("ETag", self.server.etag())
        self.send_header("Content-Length", str(told_bytes or len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def _reply_without_end(self) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        with contextlib.suppress(OSError):
            while self.command == "GET" and not self.server.released.is_set():
                self.server.bytes_sent += self.wfile.write(bytes(1 << 16))

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture
def web() -> Iterator[WebServer]:
    server = WebServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def serve() -> Iterator[Start]:
    """Start `irisws serve` with these variables; all are ended after the test."""
    started: list[ServerProcess] = []

    def start_irisws(*flags: str, **environ: str) -> ServerProcess:
        command = [sys.executable, "-m", "irisws", "serve", *flags]
        started.append(ServerProcess(command, env={**os.environ, **environ}))
        return started[-1]

    yield start_irisws
    for server in started:
        server.end()
