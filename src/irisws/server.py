"""waitress, with a shutdown that loses no request.

Stock waitress drops what is running and queued when a stop signal comes. Here the signal begins a
drain: readiness turns 503, the listener goes on for the lame-duck time while balancers notice, then
closes; whatever is in flight or queued is answered; idle connections are closed; and the process
ends with 0, or with 1 and a count if the grace time ran out first. A second signal stops at once.

The drain subclasses and drives classes that waitress does not document, hence the pinned version.
"""

import contextlib
import errno
import ipaddress
import logging
import os
import signal
import socket
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server
from waitress.task import ErrorTask, WSGITask

from irisws.parser import StrictParser
from irisws.quiesce import leave_new_connections_unanswered
from irisws.settings import DEFAULT_THREADS, Settings
from irisws.web.problem import PROBLEM_JSON, Problem

if TYPE_CHECKING:
    from types import FrameType
    from wsgiref.types import WSGIApplication

logger = logging.getLogger("irisws.server")

EXIT_OK, EXIT_UNANSWERED = 0, 1

# How long a connection must have been silent before a drain takes it for idle.
_QUIET_SECONDS = 0.5
_CLOSING_SECONDS = 1.0  # until the main loop has closed what a worker has shut down
_HANDSHAKE_SECONDS = 0.2  # a connection that has begun is complete, across an ocean as well
_TICK_SECONDS = 0.05
_LAST_SECONDS = 0.2  # for workers that are just done, after a second signal

_SHORT_REPLY_BYTES = 65_536  # longer ones are not worth the copy that joins them to their header

_MOST_HEADER_BYTES = 32_768

# What waitress refuses by itself: status to problem type and detail.
_REFUSALS = {
    400: ("bad-request", "the request is not valid HTTP/1.1"),
    413: ("body-too-large", "the body is larger than the server reads"),
    431: ("headers-too-large", f"request line and headers exceed {_MOST_HEADER_BYTES:,} bytes"),
    500: ("internal-error", "the server failed; its log says why"),
    501: ("not-implemented", "of the transfer codings only chunked is supported"),
}

# select() of Windows' Python raises an error at more than 512 sockets, and there is no poll().
_MOST_ON_WINDOWS = 480

_SD_LISTEN_FDS_START = 3  # sd_listen_fds(3)


class CannotListen(OSError):
    """The address cannot be listened on; the message names it and says why."""


class _Task(WSGITask):  # type: ignore[misc]  # waitress has no types
    """Sends a short reply at once, and announces the end of the connection on its last reply."""

    def write(self, data: bytes) -> None:
        is_whole = self.content_length == len(data) and self.has_body
        if self.wrote_header or not is_whole or len(data) > _SHORT_REPLY_BYTES:
            super().write(data)
            return
        header = self.build_response_header()
        self.wrote_header: bool = True
        self.content_bytes_written = len(data)
        self.channel.send_soon(header + data)

    def build_response_header(self) -> bytes:
        channel = self.channel
        is_last = len(channel.requests) <= 1 and channel.request is None
        if channel.server.draining and is_last:
            self.set_close_on_finish()
        header: bytes = super().build_response_header()
        return header


class _ErrorTask(ErrorTask):  # type: ignore[misc]
    """Answers what waitress refuses before the application sees it with a problem document too.

    In words of our own: waitress's repeat what the caller sent.
    """

    def execute(self) -> None:
        status = self.request.error.code
        kind, detail = _REFUSALS.get(status, _REFUSALS[500])
        request_id = uuid.uuid4().hex
        body = Problem(status, kind, detail).document(request_id)
        self.status = f"{status} {HTTPStatus(status).phrase}"
        self.response_headers = [("Content-Type", PROBLEM_JSON), ("X-Request-ID", request_id)]
        self.content_length = len(body)
        self.set_close_on_finish()
        self.write(body)


class _Channel(HTTPChannel):  # type: ignore[misc]
    task_class = _Task
    error_task_class = _ErrorTask
    parser_class = StrictParser

    def send_soon(self, reply: bytes) -> None:
        """Send in one system call what waitress would buffer and send in two.

        Each call gives the GIL away and has to win it back, which takes longer than the call.
        """
        with self.outbuf_lock:
            nothing_waits = self.connected and not self.total_outbufs_len
            sent = self.send(reply, do_close=False) if nothing_waits else 0
            if sent < len(reply):
                self.write_soon(reply[sent:])
        self.last_activity = time.time()

    def _flush_outbufs_below_high_watermark(self) -> None:
        """Disconnect a caller who asks for more and leaves megabytes of replies unread.

        waitress would keep the worker waiting for as long as the caller likes: as many such callers
        as there are workers would stop the server.
        """
        with self.outbuf_lock:
            if self.total_outbufs_len > self.adj.outbuf_high_watermark:
                self._flush_exception(self._flush_some, do_close=False)
            if self.connected and self.total_outbufs_len > self.adj.outbuf_high_watermark:
                with contextlib.suppress(OSError):
                    self.socket.shutdown(socket.SHUT_RDWR)  # the main loop sees it, and closes
                self.server.pull_trigger()
                self.outbuf_lock.wait(_CLOSING_SECONDS)

    def unanswered(self) -> int:
        """Requests received and not yet answered to the last byte."""
        return len(self.requests) or int(self.total_outbufs_len > 0)

    def is_idle_since(self, moment: float) -> bool:
        """True if there is nothing to answer and nothing has come or gone since `moment`."""
        return not self.unanswered() and self.last_activity < moment


class StopSignals:
    """Counts SIGINT, SIGTERM and SIGBREAK from when it is constructed, and wakes who waits.

    To be constructed before anything slow: the first process of a container has no default
    handler, and a signal that comes too early would be lost on it.
    """

    def __init__(self) -> None:
        self.count = 0
        self.wake: Callable[[], None] = lambda: None
        for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._note)

    def _note(self, number: int, frame: "FrameType | None") -> None:
        self.count += 1
        with contextlib.suppress(OSError):  # at the very end there is nothing left to wake
            self.wake()


class Server:
    """A waitress server for one application, bound and listening once it is constructed."""

    def __init__(self, application: "WSGIApplication", settings: Settings) -> None:
        """Bind.

        Raises:
            CannotListen: The address is taken, not ours, or not an address.
        """
        self._settings = settings
        self._map: dict[int, Any] = {}  # every socket of this server: listeners, triggers, channels
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns of each in the queue
        inherited = _inherited_sockets(os.environ)
        self._inherited = bool(inherited)  # others may listen on them, and they outlive us
        options = _waitress_options(settings, inherited)
        try:
            self._server = create_server(application, map=self._map, **options)
        except (OSError, ValueError) as error:
            wasyncore.close_all(self._map)
            where = "the inherited socket" if inherited else f"{settings.host}:{settings.port}"
            reason = error.strerror if isinstance(error, OSError) else "not an address"
            hint = _hint(error, settings.port)
            raise CannotListen(f"cannot listen on {where}: {reason}{hint}") from None
        self._listeners = [s for s in self._map.values() if isinstance(s, BaseWSGIServer)]
        for listener in self._listeners:
            listener.channel_class = _Channel
            listener.draining = False

    @property
    def urls(self) -> list[str]:
        """The addresses listened on, as URLs."""
        hosts = [(str(s.effective_host), s.effective_port) for s in self._listeners]
        return [f"http://{f'[{host}]' if ':' in host else host}:{port}" for host, port in hosts]

    @property
    def reachable_hosts(self) -> list[str]:
        """The addresses listened on that other machines may reach."""
        hosts = [str(s.effective_host) for s in self._listeners]
        return [host for host in hosts if not ipaddress.ip_address(host).is_loopback]

    def run(self, signals: StopSignals, on_drain: Callable[[], None]) -> int:
        """Serve until a stop signal, then drain.

        Args:
            signals: What to listen to.
            on_drain: Called once when the drain begins, to turn readiness off.

        Returns:
            0 if every request was answered, 1 if not.
        """
        self._signals = signals
        signals.wake = self._listeners[0].pull_trigger  # without a thunk it takes no lock
        while not signals.count:
            self._turn(self._server.adj.asyncore_loop_timeout)
        on_drain()
        return self._drain()

    def _turn(self, seconds: float) -> None:
        wasyncore.loop(seconds, self._server.adj.asyncore_use_poll, self._map, count=1)

    def _drain(self) -> int:
        began = time.monotonic()
        for listener in self._listeners:
            listener.draining = True
        self._turn_until(began + self._settings.lame_duck_seconds)
        self._stop_listening()
        self._finish(began + self._settings.lame_duck_seconds + self._settings.grace_seconds)
        # A worker whose reply has gone out may not have had the time to say so.
        last = time.monotonic() + _LAST_SECONDS
        while (unanswered := self._unanswered()) and time.monotonic() < last:
            self._turn(_TICK_SECONDS)
        self._server.task_dispatcher.shutdown(timeout=0 if unanswered else 1)
        wasyncore.close_all(self._map)
        if unanswered:
            logger.error("stopped; requests left unanswered: %d", unanswered)
        return EXIT_UNANSWERED if unanswered else EXIT_OK

    def _turn_until(self, deadline: float) -> None:
        while time.monotonic() < deadline and self._signals.count < 2:
            self._turn(_TICK_SECONDS)

    def _stop_listening(self) -> None:
        """Take every connection that the kernel has or is making, and close."""
        if not self._inherited:
            quiet = [leave_new_connections_unanswered(s.socket) for s in self._listeners]
            self._turn_until(time.monotonic() + _HANDSHAKE_SECONDS * any(quiet))
        for listener in self._listeners:
            before = -1
            while before != len(self._map):
                before = len(self._map)
                listener.handle_accept()
            listener.del_channel()  # not close(): the trigger is still needed
            listener.socket.close()

    def _finish(self, deadline: float) -> None:
        """Turn until every connection is closed, the deadline has passed, or a second signal."""
        began = time.time()
        while time.monotonic() < deadline and self._signals.count < 2 and self._channels():
            quiet_since = time.time() - _QUIET_SECONDS
            for channel in self._channels():
                if began < quiet_since and channel.is_idle_since(quiet_since):
                    channel.will_close = True  # idle keep-alive, or a half-sent request
            self._turn(_TICK_SECONDS)

    def _unanswered(self) -> int:
        return sum(channel.unanswered() for channel in self._channels())

    def _channels(self) -> list[_Channel]:
        return [s for s in self._map.values() if isinstance(s, _Channel)]


def _waitress_options(settings: Settings, inherited: list[socket.socket]) -> dict[str, Any]:
    # Above ours, so that a body somewhat too large gets our problem document.
    most_body_bytes = settings.max_body_bytes + (1 << 20)
    options: dict[str, Any] = {
        "threads": settings.threads or DEFAULT_THREADS,
        "connection_limit": _connections_allowed(settings.connection_limit),
        "asyncore_use_poll": os.name == "posix",  # select() dies at 1,024 sockets
        "backlog": 2048,
        "max_request_header_size": _MOST_HEADER_BYTES,
        "max_request_body_size": most_body_bytes,
        "outbuf_overflow": 16 << 20,  # replies are in memory as it is: spare them the disk
        "channel_request_lookahead": 0,  # with 1, a client that half-closes gets no reply
        "clear_untrusted_proxy_headers": True,
        "expose_tracebacks": False,
        "ident": None,
    }
    if not _has_temporary_directory():  # a container with a read-only file system
        options |= {"inbuf_overflow": most_body_bytes, "outbuf_overflow": sys.maxsize}
    if inherited:
        return options | {"sockets": inherited}
    return options | {"host": settings.host, "port": settings.port}


def _inherited_sockets(environ: Mapping[str, str]) -> list[socket.socket]:
    """Listening sockets that systemd, or a parent that does the same, hands over.

    Several processes can share one socket, and it outlives each of them: none of the connections
    that wait in it are lost when one process replaces another.

    Source: sd_listen_fds(3).

    Raises:
        CannotListen: What is handed over are no sockets.
    """
    if environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    try:
        count = int(environ.get("LISTEN_FDS", "0"))
        return [socket.socket(fileno=_SD_LISTEN_FDS_START + at) for at in range(count)]
    except (OSError, ValueError) as error:
        raise CannotListen(f"cannot listen on the sockets of LISTEN_FDS: {error}") from None


def _hint(error: OSError | ValueError, port: int) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return "; stop the program that does, or give another --port"
    if number == errno.EACCES and port < 1024 and os.name != "nt":
        return "; ports below 1024 are the administrator's"
    return ""


def _has_temporary_directory() -> bool:
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        return False
    return True


def _connections_allowed(wanted: int) -> int:
    """Ask for enough file descriptors for the connections; return how many there are for them."""
    if sys.platform == "win32":
        if wanted > _MOST_ON_WINDOWS:
            logger.warning("only %d connections work on Windows, not %d", _MOST_ON_WINDOWS, wanted)
        return min(wanted, _MOST_ON_WINDOWS)
    import resource

    besides = 64  # the model, the triggers, temporary files of large bodies
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted + besides:
        return wanted
    limit = wanted + besides if hard == resource.RLIM_INFINITY else min(wanted + besides, hard)
    with contextlib.suppress(ValueError, OSError):  # macOS refuses more than its kernel's limit
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - besides
    if allowed < wanted:
        logger.warning("only %d connections fit the limit of open files, not %d", allowed, wanted)
    return max(10, min(wanted, allowed))
