"""A listening socket that is about to be closed takes no new connection, and resets none."""

import http.client
import signal
import socket
import sys
import threading
from contextlib import suppress

import pytest

from irisws.quiesce import leave_new_connections_unanswered
from tests.server.conftest import Start

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such a filter")
BODY = b'{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}'


@linux
def test_new_connections_wait_and_old_ones_are_kept() -> None:
    """What has begun is accepted and served; who comes later is told once the socket is closed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        early = socket.create_connection(address)
        assert leave_new_connections_unanswered(listener)
        late = socket.socket()
        late.settimeout(0.2)
        with pytest.raises(TimeoutError):
            late.connect(address)
        accepted, _ = listener.accept()
        early.sendall(b"x")
        assert accepted.recv(1) == b"x"
    again = socket.socket()
    with pytest.raises(ConnectionRefusedError):
        again.connect(address)
    for sock in (early, late, accepted, again):
        sock.close()


def test_a_socket_of_another_kind_is_left_alone() -> None:
    """Where the kernel refuses the filter, the answer is no, and no error."""
    listener = socket.socket()
    listener.close()
    assert not leave_new_connections_unanswered(listener)


class Caller(threading.Thread):
    """Opens a connection for each request, until told to stop; counts what was cut off."""

    def __init__(self, port: int, stop: threading.Event) -> None:
        super().__init__()
        self._port, self._told_to_stop = port, stop
        self.answered = self.cut_off = 0

    def run(self) -> None:
        while not self._told_to_stop.wait(0.002):
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
            with suppress(ConnectionRefusedError):
                connection.connect()
                self._ask(connection)
            connection.close()

    def _ask(self, connection: http.client.HTTPConnection) -> None:
        try:
            connection.request("POST", "/", BODY, {"Content-Type": "application/json"})
            connection.getresponse().read()
            self.answered += 1
        except (OSError, http.client.HTTPException):
            self.cut_off += 1


@linux
def test_no_connection_that_was_made_is_cut_off(serve: Start) -> None:
    """Eight callers with new connections all the time, ten stops: refused or answered."""
    for _ in range(10):
        server, stop = serve(), threading.Event()
        callers = [Caller(server.port, stop) for _ in range(8)]
        for caller in callers:
            caller.start()
        while not all(caller.answered > 9 for caller in callers):
            callers[0].join(0.05)
        assert server.stop(signal.SIGTERM)[0] == 0
        stop.set()
        for caller in callers:
            caller.join()
        assert [caller.cut_off for caller in callers] == [0] * 8
