"""The WSGI servers that irisws is verified under: how each is started, and where they differ."""

import importlib.metadata
import platform
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.servers.on_apache import can_serve

APP = "irisws.wsgi:app"


@dataclass(frozen=True, kw_only=True)
class WsgiServer:
    """A server, by the arguments behind `python` that start it."""

    name: str
    distribution: str  # of PyPI, or of Debian if `is_debian`; none if it comes with Python
    command: Callable[[int, str], Sequence[str]]  # from the port and the application
    chunked: int = 200  # what a chunked body is answered with
    keeps_connections: bool = True
    mounts: bool = True  # can serve any application, so one that mounts irisws below a prefix
    is_debian: bool = False

    @property
    def is_available(self) -> bool:
        if self.is_debian:
            return can_serve()
        if not self.distribution:
            return True
        try:
            importlib.metadata.distribution(self.distribution)
        except importlib.metadata.PackageNotFoundError:
            return False
        return True

    @property
    def version(self) -> str:
        """The version that is installed."""
        if not self.distribution:
            return f"Python {platform.python_version()}"
        if not self.is_debian:
            return importlib.metadata.version(self.distribution)
        query = ["dpkg-query", "--show", "--showformat=${Version}", self.distribution]
        return subprocess.run(query, capture_output=True, text=True, check=True).stdout


def _module(*arguments: str) -> Callable[[int, str], Sequence[str]]:
    """`python -m …` with PORT and APP filled in."""
    return lambda port, app: [
        "-m",
        *(word.replace("PORT", str(port)).replace("APP", app) for word in arguments),
    ]


def _uwsgi(port: int, app: str) -> Sequence[str]:
    return [
        "-c",
        "import pyuwsgi; pyuwsgi.run()",
        f"--http11-socket=127.0.0.1:{port}",
        f"--module={app}",
        "--master",
        "--need-app",
        "--die-on-term",
        "--threads=4",
        "--lazy-apps",  # loaded after the fork: ONNX Runtime does not end in a forked process
        "--disable-logging",
    ]


SERVERS = [
    WsgiServer(
        name="irisws serve",
        distribution="waitress",
        command=_module("irisws", "serve", "--port=PORT"),
        mounts=False,
    ),
    WsgiServer(
        name="waitress",
        distribution="waitress",
        command=_module("waitress", "--listen=127.0.0.1:PORT", "APP"),
    ),
    WsgiServer(
        name="gunicorn, sync",
        distribution="gunicorn",
        command=_module("gunicorn", "--bind=127.0.0.1:PORT", "APP"),
        keeps_connections=False,
    ),
    WsgiServer(
        name="gunicorn, gthread",
        distribution="gunicorn",
        command=_module(
            "gunicorn", "--worker-class=gthread", "--threads=4", "--bind=127.0.0.1:PORT", "APP"
        ),
    ),
    WsgiServer(
        name="granian",
        distribution="granian",
        command=_module("granian", "--interface=wsgi", "--port=PORT", "APP"),
    ),
    WsgiServer(
        name="cheroot",
        distribution="cheroot",
        command=_module("cheroot", "--bind=127.0.0.1:PORT", "APP"),
    ),
    WsgiServer(
        name="uWSGI",
        distribution="pyuwsgi",
        command=_uwsgi,
        chunked=411,
    ),
    WsgiServer(
        name="wsgiref",
        distribution="",
        command=_module("tests.servers.on_wsgiref", "PORT", "APP"),
        chunked=411,
        keeps_connections=False,
    ),
    WsgiServer(
        name="mod_wsgi",
        distribution="libapache2-mod-wsgi-py3",
        command=_module("tests.servers.on_apache", "PORT", "APP"),
        is_debian=True,
    ),
]
